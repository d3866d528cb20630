//! What a reactor promises about wake-ups from elsewhere, and about signals.

#![allow(unsafe_code)] // sigaction(2) is unsafe in `nix`; a descriptor is borrowed by its number

mod common;

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use common::{Diary, after_rounds, pipe_with, reactor, run_untimed, run_within};
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::pthread::{pthread_kill, pthread_self};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::write;
use reactor::{Reactor, Waker};
use testkit::require;
use testkit::threads::{Settled, Threads};

#[test]
fn a_wake_before_the_loop_runs_is_not_lost() {
    let calls = run_untimed(
        "a wake-up that comes before the wait is forgotten: an eventfd would remember it",
        "eventfd(2); hint 3",
        || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let notes = diary.clone();
            let (_, waker) = reactor
                .waker(move |reactor, token| {
                    notes.write("woken");
                    reactor.remove(token);
                })
                .expect("a waker can be made");
            waker.wake();
            reactor.run().expect("nothing here fails");
            diary.count()
        },
    );
    assert_eq!(calls, 1);
}

#[test]
fn several_wakes_before_the_call_are_one() {
    let calls = run_within("the handler of a waker is not called", "hint 3", || {
        let (diary, mut reactor) = (Diary::new(), reactor());
        let notes = diary.clone();
        let (token, waker) =
            reactor.waker(move |_, _| notes.write("woken")).expect("a waker can be made");
        let wakers = [waker.clone(), waker.clone(), waker];
        for waker in wakers.iter().cycle().take(10_000) {
            waker.wake();
        }
        after_rounds(&mut reactor, 5, move |reactor| {
            reactor.remove(token);
            let _still_there = &wakers;
        });
        reactor.run().expect("nothing here fails");
        diary.count()
    });
    require!(calls == 1,
        expected: "one call of the handler for ten thousand wakes that came before it",
        seen: "{calls} calls",
        likely: "the eventfd is not read: as long as its counter is not zero it is readable; of a pipe,\none read takes what has room in its buffer, and the rest stays",
        read: "eventfd(2); hint 3",
    );
}

#[test]
fn a_waker_that_is_dropped_wakes_nobody() {
    let calls = run_within("a timer that is due at once does not ring", "hint 2", || {
        let (diary, mut reactor) = (Diary::new(), reactor());
        let notes = diary.clone();
        // `_` keeps nothing: the waker is dropped at once.
        let (token, _) =
            reactor.waker(move |_, _| notes.write("woken")).expect("a waker can be made");
        after_rounds(&mut reactor, 5, move |reactor| {
            reactor.remove(token);
        });
        reactor.run().expect("nothing here fails");
        diary.count()
    });
    require!(calls == 0,
        expected: "no call of the handler of a waker that is dropped and was never used",
        seen: "{calls} calls",
        likely: "the waker was the last writer of a pipe (or socket), and end-of-file is readable: an eventfd\nhas no end, and a pipe has none while the registration holds a write end, too",
        read: "eventfd(2); pipe(7), \"I/O on pipes and FIFOs\"",
    );
}

#[test]
fn a_wake_while_the_handler_runs_is_not_lost() {
    let calls = run_within("the handler of a waker is not called", "hint 3", || {
        let (diary, mut reactor) = (Diary::new(), reactor());
        let own: std::rc::Rc<std::cell::OnceCell<Waker>> = Default::default();
        let (notes, again) = (diary.clone(), own.clone());
        let (token, waker) = reactor
            .waker(move |_, _| {
                notes.write("woken");
                if notes.count() == 1 {
                    again.get().expect("set before the loop runs").wake();
                }
            })
            .expect("a waker can be made");
        waker.wake();
        own.set(waker).expect("set once");
        after_rounds(&mut reactor, 5, move |reactor| {
            reactor.remove(token);
        });
        reactor.run().expect("nothing here fails");
        diary.count()
    });
    require!(calls == 2,
        expected: "a second call: the handler was woken again while it ran",
        seen: "{calls} calls",
        likely: "the eventfd is read after the handler has run: that also takes away a wake that came while the handler ran",
        read: "eventfd(2); hint 3",
    );
}

#[test]
fn a_wake_does_not_wait_for_room() {
    let calls = run_untimed(
        "`wake` waits: without EFD_NONBLOCK a write sleeps until the counter has room for it, and without\n\
         O_NONBLOCK until a pipe has",
        "eventfd(2), write(2) and EAGAIN; hint 3",
        || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let notes = diary.clone();
            let (_, waker) = reactor
                .waker(move |reactor, token| {
                    notes.write("woken");
                    reactor.remove(token);
                })
                .expect("a waker can be made");
            for fd in watched(&reactor) {
                if is_eventfd(fd) {
                    // As if it had been woken 2^64 - 2 times: the counter holds no more.
                    write(fd, &(u64::MAX - 1).to_ne_bytes()).expect("an eventfd with room");
                }
                // A pipe gets as small as it can be: one page. All others refuse.
                let _ = fcntl(fd, FcntlArg::F_SETPIPE_SZ(1));
            }
            // More than a page or the buffer of a socket holds.
            for _ in 0..70_000 {
                waker.wake();
            }
            reactor.run().expect("nothing here fails");
            diary.count()
        },
    );
    require!(calls == 1,
        expected: "one call of the handler, however often it was woken before",
        seen: "{calls} calls",
        likely: "the eventfd is a semaphore (EFD_SEMAPHORE): each read takes one off its counter",
        read: "eventfd(2)",
    );
}

/// What the reactor's epoll instance watches: `tfd` lines of proc_pid_fdinfo(5).
fn watched(reactor: &Reactor) -> Vec<BorrowedFd<'_>> {
    let epoll = reactor.as_fd().as_raw_fd();
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{epoll}"))
        .expect("the epoll instance has a page in /proc");
    let watched = info.lines().filter_map(|line| {
        line.strip_prefix("tfd:")?.split_whitespace().next()?.parse::<RawFd>().ok()
    });
    // SAFETY: the number is that of an open descriptor, which the reactor keeps as long as it is
    // borrowed here: nothing is removed from it meanwhile.
    watched.map(|fd| unsafe { BorrowedFd::borrow_raw(fd) }).collect()
}

fn is_eventfd(fd: BorrowedFd<'_>) -> bool {
    std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd()))
        .is_ok_and(|link| link.as_os_str() == "anon_inode:[eventfd]")
}

#[test]
fn another_thread_wakes_a_loop_that_sleeps() {
    let threads = Threads::new();
    let (send, waker) = mpsc::channel();
    let clerk = threads.spawn("loop", move || {
        let mut reactor = reactor();
        let (called, calls) = mpsc::channel();
        let (_, waker) = reactor
            .waker(move |reactor, token| {
                called.send(thread::current().id()).expect("the loop listens");
                reactor.remove(token);
            })
            .expect("a waker can be made");
        send.send(waker).expect("the test listens");
        reactor.run().expect("nothing here fails");
        calls.try_iter().map(|caller| caller == thread::current().id()).collect::<Vec<_>>()
    });
    let waker = waker.recv().expect("the loop makes a waker");
    let (settled, returned) = (threads.settle(), clerk.is_finished());
    require!(settled == Settled::AtRest && !returned,
        expected: "a loop that waits for a waker to sleep",
        seen: "{settled:?}; `run` has returned: {returned}",
        likely: "epoll_wait is called with a timeout of zero, again and again",
        read: "epoll_wait(2)",
    );
    waker.wake();
    let calls = clerk.join("`wake` does not write to the eventfd that the loop watches", "hint 3");
    require!(calls == [true],
        expected: "the handler to be called once, on the thread of the loop",
        seen: "{calls:?}",
        likely: "`wake` calls the handler itself, on the thread that wakes",
        read: "README, the task",
    );
}

#[test]
fn a_wake_after_the_registration_is_gone_is_harmless() {
    let calls =
        run_within("a removed waker still counts as registered", "README, the task", || {
            let diary = Diary::new();
            let waker = {
                let mut reactor = reactor();
                let notes = diary.clone();
                let (token, waker) =
                    reactor.waker(move |_, _| notes.write("woken")).expect("a waker can be made");
                reactor.remove(token);
                waker.wake();
                after_rounds(&mut reactor, 5, |_| {});
                reactor.run().expect("nothing here fails");
                waker
            };
            // Now the reactor is gone too.
            waker.wake();
            diary.count()
        });
    require!(calls == 0,
        expected: "no call of a handler that was removed",
        seen: "{calls} calls",
        likely: "`remove` does not know the token of a waker",
        read: "README, the task",
    );
}

#[test]
fn a_wake_after_the_registration_is_gone_reaches_nobody_else() {
    let reached =
        run_within("a removed waker still counts as registered", "README, the task", || {
            let waker = {
                let mut reactor = reactor();
                let (token, waker) = reactor.waker(|_, _| {}).expect("a waker can be made");
                reactor.remove(token);
                waker
            };
            // Whatever numbers have become free are theirs now.
            let eventfds: Vec<_> = (0..20)
                .map(|_| {
                    EventFd::from_flags(EfdFlags::EFD_NONBLOCK).expect("an eventfd can be made")
                })
                .collect();
            waker.wake();
            eventfds.iter().filter(|eventfd| eventfd.read().is_ok()).count()
        });
    require!(reached == 0,
        expected: "a wake after `remove` to reach nobody",
        seen: "it wrote to {reached} descriptors that were opened after the waker's was closed",
        likely: "the waker keeps the number of a descriptor (RawFd) and not the descriptor: numbers are used again",
        read: "https://doc.rust-lang.org/std/os/fd/index.html, OwnedFd and RawFd",
    );
}

#[test]
fn a_loop_serves_descriptors_timers_and_wakers_side_by_side() {
    let diary = run_within(
        "one kind of registration keeps the loop from looking at another",
        "README, the task",
        || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let notes = diary.clone();
            let (_, waker) = reactor
                .waker(move |reactor, token| {
                    notes.write("waker");
                    reactor.remove(token);
                    let (reader, writer) = pipe_with(b"");
                    let notes = notes.clone();
                    reactor
                        .watch(reader, reactor::Trigger::Level, move |reactor, token, _| {
                            notes.write("pipe");
                            reactor.remove(token);
                        })
                        .expect("a pipe can be watched");
                    after_rounds(reactor, 2, move |_| drop(writer));
                })
                .expect("a waker can be made");
            let notes = diary.clone();
            after_rounds(&mut reactor, 2, move |_| {
                notes.write("timer");
                thread::spawn(move || waker.wake()).join().expect("a wake does not panic");
            });
            reactor.run().expect("nothing here fails");
            diary.entries()
        },
    );
    assert_eq!(diary, ["timer", "waker", "pipe"]);
}

static SIGNALS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count_signal(_: i32) {
    SIGNALS.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn a_signal_does_not_end_the_wait() {
    let handler = SigHandler::Handler(count_signal);
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler only adds to an atomic, which is async-signal-safe (signal-safety(7)).
    unsafe { sigaction(Signal::SIGUSR1, &action) }.expect("SIGUSR1 can be handled");

    let threads = Threads::new();
    let (send, receive) = mpsc::channel();
    let clerk = threads.spawn("loop", move || {
        let mut reactor = reactor();
        let (_, waker) = reactor
            .waker(|reactor, token| {
                reactor.remove(token);
            })
            .expect("a waker can be made");
        send.send((waker, pthread_self())).expect("the test listens");
        reactor.run().map_err(|error| error.to_string())
    });
    let (waker, thread) = receive.recv().expect("the loop makes a waker");
    threads.settle();
    pthread_kill(thread, Signal::SIGUSR1).expect("the thread is there");
    // The thread has run the handler, and is asleep again or gone.
    while SIGNALS.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    threads.settle();
    let returned = clerk.is_finished();
    waker.wake();
    let ran = clerk.join("the loop does not wait again after a signal", "hint 1");
    require!(ran.is_ok() && !returned,
        expected: "`run` to go on waiting after a signal handler has run",
        seen: "`run` returned before it was woken: {returned}; {ran:?}",
        likely: "EINTR ends the loop, or is passed on as an error; epoll_wait is never restarted, not even with SA_RESTART",
        read: "signal(7), \"Interruption of system calls\"; hint 1",
    );
}
