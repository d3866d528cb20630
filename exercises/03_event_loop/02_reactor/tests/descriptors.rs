//! What a reactor promises about descriptors, easiest first.

mod common;

use std::fs::File;
use std::io::Write;
use std::os::fd::BorrowedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use common::{
    Diary, after_rounds, kernel_watches, pipe_with, reactor, read_one, run_untimed, run_within,
};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::memfd::{MFdFlags, memfd_create};
use reactor::{Reactor, Token, Trigger};
use testkit::{procfs, require};

#[test]
fn a_loop_with_nothing_registered_returns() {
    let ran = run_untimed(
        "the loop waits although nothing is registered that could end the wait",
        "README, the task; hint 1",
        || reactor().run().is_ok(),
    );
    require!(ran,
        expected: "`run` to return Ok when nothing is registered",
        seen: "an error",
        likely: "epoll_wait is called with no room for events, or on a closed descriptor",
        read: "epoll_wait(2)",
    );
}

#[test]
fn a_handler_is_called_with_its_descriptor_when_that_is_readable() {
    let diary = run_untimed(
        "the descriptor is not added for EPOLLIN, its handler is not found by the event's data, or it \
         still counts as registered after it has removed itself",
        "epoll_ctl(2); hint 1",
        || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let (reader, _writer) = pipe_with(b"a");
            let notes = diary.clone();
            reactor
                .watch(reader, Trigger::Level, move |reactor, token, fd| {
                    notes.write(read_one(fd));
                    reactor.remove(token);
                })
                .expect("a pipe can be watched");
            reactor.run().expect("nothing here fails");
            diary.entries()
        },
    );
    require!(diary == ["a"],
        expected: "one call of the handler, which reads `a` and removes itself",
        seen: "{diary:?}",
        likely: "a handler that has removed itself is called again",
        read: "README, the task",
    );
}

#[test]
fn a_level_triggered_handler_is_called_as_long_as_there_is_data() {
    let diary = run_untimed(
        "asleep: a descriptor with data left in it is not reported again, it is edge-triggered; busy: it\n\
         is reported again and again, and its handler is not there, because nobody put it back after\n\
         its first call",
        "epoll(7), \"Level-triggered and edge-triggered\"; hint 1",
        || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let (reader, _writer) = pipe_with(b"abc");
            let notes = diary.clone();
            reactor
                .watch(reader, Trigger::Level, move |reactor, token, fd| {
                    notes.write(read_one(fd));
                    if notes.count() == 3 {
                        reactor.remove(token);
                    }
                })
                .expect("a pipe can be watched");
            reactor.run().expect("nothing here fails");
            diary.entries()
        },
    );
    require!(diary == ["a", "b", "c"],
        expected: "three calls that read one byte each",
        seen: "{diary:?}",
        likely: "the handler is called more than once for one event",
        read: "epoll(7)",
    );
}

#[test]
fn an_edge_triggered_handler_that_does_not_drain_is_not_called_again() {
    let (at_first, after_a_write) = run_within(
        "an edge-triggered descriptor with new data is not reported; or a timer that is due at once does \
         not ring, then see tests/timers.rs first",
        "epoll(7), \"Level-triggered and edge-triggered\"",
        || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let (reader, mut writer) = pipe_with(b"abc");
            let notes = diary.clone();
            let token = reactor
                .watch(reader, Trigger::Edge, move |_, _, fd| notes.write(read_one(fd)))
                .expect("a pipe can be watched");
            let before = diary.clone();
            let (send, at_first) = std::sync::mpsc::channel();
            after_rounds(&mut reactor, 5, move |reactor| {
                send.send(before.entries()).expect("the test listens");
                writer.write_all(b"d").expect("a pipe holds a few bytes");
                after_rounds(reactor, 5, move |reactor| {
                    reactor.remove(token);
                    drop(writer);
                });
            });
            reactor.run().expect("nothing here fails");
            (at_first.recv().expect("the timer has been called"), diary.entries())
        },
    );
    require!(at_first == ["a"],
        expected: "one call, although two bytes were left in the pipe",
        seen: "{at_first:?}",
        likely: "`Trigger::Edge` is not passed on as EPOLLET",
        read: "epoll(7), \"Level-triggered and edge-triggered\"",
    );
    require!(after_a_write == ["a", "b"],
        expected: "one call more after a write of new data",
        seen: "{after_a_write:?}",
        likely: "the descriptor is added for one event only (EPOLLONESHOT)",
        read: "epoll_ctl(2)",
    );
}

#[test]
fn end_of_file_is_an_event_too() {
    let diary = run_untimed(
        "only EPOLLIN is looked for: a pipe whose writer is gone is reported as EPOLLHUP alone",
        "epoll_ctl(2), EPOLLHUP",
        || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let (reader, writer) = pipe_with(b"");
            drop(writer);
            let notes = diary.clone();
            reactor
                .watch(reader, Trigger::Level, move |reactor, token, fd| {
                    notes.write(read_one(fd));
                    reactor.remove(token);
                })
                .expect("a pipe can be watched");
            reactor.run().expect("nothing here fails");
            diary.entries()
        },
    );
    require!(diary == ["-"],
        expected: "one call of the handler, which reads end-of-file",
        seen: "{diary:?}",
        likely: "the event is dispatched twice",
        read: "epoll_ctl(2)",
    );
}

#[test]
fn a_descriptor_that_cannot_be_watched_is_an_error_and_leaves_nothing() {
    let error = run_untimed(
        "the handler is kept although the kernel refused the descriptor: the loop waits for ever",
        "epoll_ctl(2), EPERM; hint 1",
        || {
            let mut reactor = reactor();
            let file = File::open("/proc/self/exe").expect("a test has a file");
            let watched = reactor.watch(file.into(), Trigger::Level, |_, _, _| {});
            reactor.run().expect("nothing here fails");
            watched.err().and_then(|error| error.raw_os_error())
        },
    );
    let error = error.map(Errno::from_raw);
    require!(error == Some(Errno::EPERM),
        expected: "`watch` of a regular file to return the kernel's EPERM",
        seen: "{error:?}",
        likely: "the result of epoll_ctl is not looked at",
        read: "epoll_ctl(2), \"Errors\"",
    );
}

#[test]
fn a_descriptor_that_cannot_be_watched_is_closed() {
    // A file in memory, whose name nobody else has.
    const NAME: &str = "file_that_epoll_refuses";
    let (failed, closed) = run_untimed("see the test above", "README, the task", || {
        let mut reactor = reactor();
        let file = memfd_create(NAME, MFdFlags::MFD_CLOEXEC).expect("a file in memory can be made");
        let watched = reactor.watch(file, Trigger::Level, |_, _, _| {});
        let open = procfs::open_descriptors(std::process::id().cast_signed());
        let leads_to_it = |target: &String| target.contains(NAME);
        (watched.is_err(), !open.expect("/proc shows them").values().any(leads_to_it))
    });
    require!(failed && closed,
        expected: "`watch` of a regular file to fail, and the file to be closed: it was handed over",
        seen: "it failed: {failed}; the file is closed: {closed}",
        likely: "the descriptor is kept although nothing watches it, or was taken apart by `into_raw_fd`",
        read: "README, the task",
    );
}

#[test]
fn a_second_remove_says_that_it_is_gone() {
    let seen = run_untimed(
        "a handler that has removed itself is put back after its call, and still counts",
        "README, the task; hint 4",
        || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let (reader, _writer) = pipe_with(b"a");
            let notes = diary.clone();
            let handler = move |reactor: &mut Reactor, token: Token, _: BorrowedFd<'_>| {
                notes.write(format!("{}, {}", reactor.remove(token), reactor.remove(token)));
            };
            let token = reactor.watch(reader, Trigger::Level, handler).expect("it can be watched");
            reactor.run().expect("nothing here fails");
            diary.write(format!("then {}", reactor.remove(token)));
            diary.entries()
        },
    );
    require!(seen == ["true, false", "then false"],
        expected: "true, false from two calls of `remove` in the handler, then false after its return",
        seen: "{seen:?}",
        likely: "what runs is not in the table while it runs, so `remove` cannot tell whether it is gone",
        read: "README, the task; hint 4",
    );
}

#[test]
fn a_panic_of_a_handler_reaches_the_caller_and_a_drop_closes_its_descriptor() {
    let (panicked, written) = run_untimed("see the tests above", "README, the task", || {
        let mut reactor = reactor();
        let (reader, mut writer) = pipe_with(b"a");
        let handler = |_: &mut Reactor, _: Token, _: BorrowedFd<'_>| {
            std::panic::resume_unwind(Box::new("a handler panics, on purpose"));
        };
        reactor.watch(reader, Trigger::Level, handler).expect("a pipe can be watched");
        // The reactor is dropped with the closure.
        let run = AssertUnwindSafe(move || reactor.run().is_ok());
        let panicked = catch_unwind(run).is_err();
        (panicked, writer.write_all(b"b").map_err(|error| error.kind()))
    });
    require!(panicked && written == Err(std::io::ErrorKind::BrokenPipe),
        expected: "`run` to hand on the panic, and the drop of the reactor to close the pipe's only reader",
        seen: "`run` panicked: {panicked}; a write to the pipe: {written:?}",
        likely: "the panic is caught, or what is taken out for a call is forgotten when that does not return",
        read: "README, the task",
    );
}

#[test]
fn what_the_reactor_opens_is_close_on_exec() {
    let inherited = || {
        let pid = std::process::id().cast_signed();
        let is_inherited = |number: &i32| {
            let flags = procfs::open_flags(pid, *number);
            flags.is_some_and(|flags| flags & OFlag::O_CLOEXEC.bits() == 0)
        };
        procfs::own_descriptor_numbers().into_iter().filter(is_inherited).count()
    };
    let kept = run_untimed("see the tests above", "README, the task", move || {
        let (before, open) = (inherited(), procfs::own_descriptor_numbers().len());
        let mut reactor = reactor();
        let (_, waker) = reactor.waker(|_, _| {}).expect("a waker can be made");
        reactor.at(Instant::now(), |_| {}).expect("a timer can be set");
        let after = inherited();
        let opened = procfs::own_descriptor_numbers().len() - open;
        // What is alive until here is what was counted.
        let _alive = (reactor, waker);
        assert!(opened > 0, "a reactor with a waker has a descriptor");
        after - before
    });
    require!(kept == 0,
        expected: "every descriptor that the reactor opens to be close-on-exec",
        seen: "{kept} that a program would inherit",
        likely: "a flag is missing: EPOLL_CLOEXEC, TFD_CLOEXEC, EFD_CLOEXEC, O_CLOEXEC",
        read: "README, the task; open(2), O_CLOEXEC",
    );
}

#[test]
fn a_handler_that_removes_itself_closes_its_descriptor() {
    let (written, calls) = run_untimed(
        "a handler that has removed itself is put back after its call, and still counts",
        "README, the task; hint 4",
        || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let notes = diary.clone();
            let (reader, mut writer) = pipe_with(b"a");
            reactor
                .watch(reader, Trigger::Level, move |reactor, token, _| {
                    notes.write("called");
                    reactor.remove(token);
                })
                .expect("a pipe can be watched");
            reactor.run().expect("nothing here fails");
            (writer.write_all(b"b").map_err(|error| error.kind()), diary.count())
        },
    );
    require!(calls == 1 && written == Err(std::io::ErrorKind::BrokenPipe),
        expected: "one call of the handler, and a write to the pipe to fail: its only reader was the removed descriptor",
        seen: "{written:?}, after {calls} calls of the handler",
        likely: "the reactor keeps the descriptor of a handler that is gone",
        read: "README, the task; hint 4",
    );
}

#[test]
fn a_handler_that_has_removed_itself_can_still_use_its_descriptor() {
    let seen = run_untimed(
        "a handler that has removed itself is put back after its call, and still counts",
        "README, the task; hint 4",
        || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let (reader, _writer) = pipe_with(b"a");
            let notes = diary.clone();
            reactor
                .watch(reader, Trigger::Level, move |reactor, token, fd| {
                    reactor.remove(token);
                    let mut byte = [0];
                    notes.write(match nix::unistd::read(fd, &mut byte) {
                        Ok(count) => format!("{count} byte: {}", char::from(byte[0])),
                        Err(errno) => format!("{errno}"),
                    });
                })
                .expect("a pipe can be watched");
            reactor.run().expect("nothing here fails");
            diary.entries()
        },
    );
    require!(seen == ["1 byte: a"],
        expected: "a handler that removes itself first to read `a` from its descriptor afterwards",
        seen: "{seen:?}",
        likely: "`remove` closes a descriptor that a handler has borrowed: a `BorrowedFd` promises that\nit is open until the handler returns",
        read: "README, the task; hint 4; https://doc.rust-lang.org/std/os/fd/struct.BorrowedFd.html",
    );
}

#[test]
fn a_handler_removed_by_another_of_the_same_round_is_not_called() {
    let diary =
        run_untimed("a removed handler still counts as registered", "README, the task", || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let mut writers = Vec::new();
            let tokens = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
            // All are ready in the same round. Whichever comes first removes all of them.
            for name in ["a", "b", "c", "d"] {
                let (reader, writer) = pipe_with(b"!");
                writers.push(writer);
                let (notes, all) = (diary.clone(), tokens.clone());
                let token = reactor
                    .watch(reader, Trigger::Level, move |reactor, _, _| {
                        notes.write(name);
                        for token in all.take() {
                            reactor.remove(token);
                        }
                    })
                    .expect("a pipe can be watched");
                tokens.borrow_mut().push(token);
            }
            reactor.run().expect("nothing here fails");
            diary.entries()
        });
    let calls = diary.len();
    require!(calls == 1,
        expected: "one of four handlers to be called: it removes the others",
        seen: "{calls} calls: {diary:?}",
        likely: "the handlers of a round are collected before the first is called: look each up at its call",
        read: "epoll(7), \"If using an event cache\"; hint 4",
    );
}

#[test]
fn the_kernel_forgets_a_removed_descriptor() {
    let (before, after) =
        run_untimed("a removed handler still counts as registered", "README, the task", || {
            let mut reactor = reactor();
            let (reader, _writer) = pipe_with(b"a");
            // A second descriptor for the same open pipe, as a child process might hold one.
            let twin = reader.try_clone().expect("a descriptor can be doubled");
            let token =
                reactor.watch(reader, Trigger::Level, |_, _, _| {}).expect("a pipe can be watched");
            let before = kernel_watches(&reactor, &twin);
            reactor.remove(token);
            (before, kernel_watches(&reactor, &twin))
        });
    require!(before,
        expected: "a watched pipe to be in the epoll instance (/proc/self/fdinfo)",
        seen: "it is not",
        likely: "`as_fd` is not the epoll instance that `watch` adds to",
        read: "README, the task",
    );
    require!(!after,
        expected: "a removed pipe not to be in the epoll instance any more",
        seen: "it still is: events would come for a registration that is gone",
        likely: "the descriptor is closed without EPOLL_CTL_DEL; while another descriptor leads to the same pipe, epoll goes on",
        read: "epoll(7), \"Will closing a file descriptor cause it to be removed from all epoll interest lists?\"",
    );
}

#[test]
fn a_token_names_one_registration_and_no_other() {
    let seen =
        run_within("a removed handler still counts as registered", "README, the task", || {
            let mut reactor = reactor();
            let (first, _writer) = pipe_with(b"");
            let old =
                reactor.watch(first, Trigger::Level, |_, _, _| {}).expect("a pipe can be watched");
            let removed = (reactor.remove(old), reactor.remove(old));
            let (second, _writer) = pipe_with(b"");
            let new =
                reactor.watch(second, Trigger::Level, |_, _, _| {}).expect("a pipe can be watched");
            let timer = reactor.at(Instant::now(), |_| {}).expect("a timer can be set");
            let stale = reactor.remove(old);
            let others = (reactor.remove(new), reactor.remove(timer));
            (removed, stale, others)
        });
    let (removed, stale, others) = seen;
    require!(removed == (true, false),
        expected: "`remove` to say true once, then false",
        seen: "{removed:?}",
        likely: "its result is not whether the token was registered",
        read: "README, the task",
    );
    require!(!stale && others == (true, true),
        expected: "the token of a removed handler to name nothing, even after new registrations",
        seen: "the old one removed a newcomer: {stale}; the newcomers were there: {others:?}",
        likely: "a token is a descriptor's number or a place in a table, and both are used again; or timers and descriptors have counters of their own",
        read: "hint 4",
    );
}

#[test]
fn the_seventy_thousandth_registration_is_as_good_as_the_first() {
    let diary = run_untimed(
        "its event does not lead to its handler: a token that loses its upper bits on the way to\n\
         epoll_ctl and back is another one",
        "epoll_ctl(2), epoll_event: data has 64 bits",
        || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            // A timer that is due now costs a reactor that sets its timerfd in `at` far more: it expires.
            let later = Instant::now() + Duration::from_secs(3600);
            for _ in 0..70_000 {
                let timer = reactor.at(later, |_| {}).expect("a timer can be set");
                assert!(reactor.remove(timer), "`remove` of a timer that is set says true");
            }
            let (reader, _writer) = pipe_with(b"a");
            let notes = diary.clone();
            reactor
                .watch(reader, Trigger::Level, move |reactor, token, fd| {
                    notes.write(read_one(fd));
                    reactor.remove(token);
                })
                .expect("a pipe can be watched");
            reactor.run().expect("nothing here fails");
            diary.entries()
        },
    );
    require!(diary == ["a"],
        expected: "one call of a handler that is registered after 70000 others that are gone",
        seen: "{diary:?}",
        likely: "a token is kept in fewer bits than it needs",
        read: "README, the task; epoll_ctl(2), epoll_event",
    );
}

#[test]
fn a_handler_that_is_added_by_a_handler_is_called() {
    let diary = run_untimed(
        "what a handler registers is lost, or not looked at before the next registration",
        "README, the task; hint 1",
        || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let (reader, _writer) = pipe_with(b"a");
            let notes = diary.clone();
            reactor
                .watch(reader, Trigger::Level, move |reactor, token, fd| {
                    notes.write(read_one(fd));
                    reactor.remove(token);
                    let (second, writer) = pipe_with(b"b");
                    let notes = notes.clone();
                    reactor
                        .watch(second, Trigger::Level, move |reactor, token, fd| {
                            notes.write(read_one(fd));
                            let _keep_open = &writer;
                            reactor.remove(token);
                        })
                        .expect("a pipe can be watched");
                })
                .expect("a pipe can be watched");
            reactor.run().expect("nothing here fails");
            diary.entries()
        },
    );
    require!(diary == ["a", "b"],
        expected: "the first handler, then the one that it put in its place",
        seen: "{diary:?}",
        likely: "after the call the old handler is put back over the new one",
        read: "hint 1",
    );
}

#[test]
fn a_busy_descriptor_does_not_keep_a_timer_waiting() {
    let (calls, rang) = run_within(
        "timers are looked at only when nothing else is ready",
        "README, the task",
        || {
            let mut reactor = reactor();
            let (reader, _writer) = pipe_with(b"never read");
            let (diary, bell) = (Diary::new(), Diary::new());
            let ring = bell.clone();
            let notes = diary.clone();
            let token = reactor
                .watch(reader, Trigger::Level, move |reactor, token, _| {
                    notes.write("busy");
                    if notes.count() == 100_000 {
                        reactor.remove(token);
                    }
                })
                .expect("a pipe can be watched");
            reactor
                .at(Instant::now(), move |reactor| {
                    ring.write("rings");
                    reactor.remove(token);
                })
                .expect("a timer can be set");
            reactor.run().expect("nothing here fails");
            (diary.count(), bell.count())
        },
    );
    require!(rang == 1 && calls < 100_000,
        expected: "a timer that is due to be called although a descriptor is always ready",
        seen: "the timer was called {rang} times, the busy handler {calls} times before it",
        likely: "timers are looked at only when nothing else is ready",
        read: "README, the task",
    );
}
