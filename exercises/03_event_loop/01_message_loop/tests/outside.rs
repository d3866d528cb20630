//! What a loop promises about the message thread: descriptors, deadlines, and work that blocks, easiest first.

mod common;
#[path = "common/late_close.rs"]
mod late_close;

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use common::{
    Diary, await_rest, new_loop, panic_on_purpose, pipe_with, run, run_until_panic, run_untimed,
    run_within, told,
};
use late_close::Watched;
use message_loop::Loop;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use rstest::rstest;
use testkit::require;

/// All bytes that come from `fd`, and then `then`.
fn collect(
    event_loop: &mut Loop,
    fd: impl Into<OwnedFd>,
    then: impl FnOnce(&mut Loop, Vec<u8>) + 'static,
) {
    let (mut bytes, mut then) = (Vec::new(), Some(then));
    event_loop.on_data(fd.into(), move |event_loop, piece| {
        let piece = piece.expect("a read of this file does not fail");
        match piece.is_empty() {
            true => then.take().expect("one end")(event_loop, std::mem::take(&mut bytes)),
            false => bytes.extend(piece),
        }
    });
}

#[test]
fn bytes_of_a_pipe_come_and_then_its_end() {
    let (entries, alone) = run_untimed(
        "the message thread does not learn of the descriptor: nobody wakes it; or the loop still waits for\n\
         a descriptor that has come to its end",
        "README, the task, 2; hint 3",
        || {
            let (diary, mut event_loop) = (Diary::default(), new_loop());
            let (reader, writer) = pipe_with(b"abc");
            drop(writer);
            let (notes, clerk, alone) =
                (diary.clone(), thread::current().id(), Rc::new(Cell::new(true)));
            let on_clerk = Rc::clone(&alone);
            event_loop.on_data(reader, move |_, piece| {
                on_clerk.set(on_clerk.get() && thread::current().id() == clerk);
                notes.write(told(piece));
            });
            run(event_loop);
            (diary.entries(), alone.get())
        },
    );
    let count = entries.iter().filter(|entry| *entry == "end").count();
    require!(entries.concat() == "abcend" && count == 1 && alone,
        expected: "the bytes `abc` and then one empty piece, all on the thread of `run`",
        seen: "{entries:?}; on that thread: {alone}",
        likely: "the empty piece of end-of-file is not passed on, or comes again and again",
        read: "src/lib.rs, on_data",
    );
}

#[test]
fn the_message_thread_reads_on_while_a_handler_runs() {
    const BYTES: usize = 1_000_000;
    let (written, count) = run_untimed(
        "the message thread only tells that there is something to read, and the handler's thread reads; or\n\
         it waits for the handler before it reads on",
        "README, the task, 2; pipe(7), \"Pipe capacity\"",
        || {
            let mut event_loop = new_loop();
            let (reader, mut writer) = pipe_with(b"");
            let (written, count) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
            let all = Rc::clone(&count);
            collect(&mut event_loop, reader, move |_, bytes| all.set(bytes.len()));
            let (starter, trigger) = pipe_with(b"");
            drop(trigger);
            let done = Rc::clone(&written);
            // This handler waits until a pipe has taken far more than it holds.
            collect(&mut event_loop, starter, move |_, _| {
                done.set(writer.write_all(&vec![b'a'; BYTES]).is_ok());
            });
            run(event_loop);
            (written.get(), count.get())
        },
    );
    require!(written && count == BYTES,
        expected: "a handler that writes {BYTES} bytes into a pipe to get them through, and all to come",
        seen: "written: {written}; {count} came",
        likely: "the loop ends although a descriptor has not come to its end",
        read: "README, the task, 2",
    );
}

#[rstest]
#[case::one_byte(1)]
#[case::a_page(4096)]
#[case::a_power_of_two(8192)]
#[case::a_full_pipe(65_536)]
fn a_silent_descriptor_keeps_no_other_from_being_read(#[case] size: usize) {
    let entries = run_untimed(
        "the message thread reads on until a descriptor has nothing more, and that read waits: one read for\n\
         each report of poll(2) cannot",
        "poll(2); hint 3",
        move || {
            let (diary, mut event_loop) = (Diary::default(), new_loop());
            let (silent, mut writer) = pipe_with(b"");
            let (other, mut second) = pipe_with(b"");
            // It writes no more, and closes its end when the test is over.
            let (keep_open, until_the_end) = mpsc::channel::<()>();
            thread::spawn(move || {
                writer.write_all(&vec![b'a'; size]).expect("somebody reads");
                until_the_end.recv()
            });
            let (notes, mut left) = (diary.clone(), size);
            event_loop.on_data(silent, move |_, piece| {
                let piece = piece.expect("a read of a pipe does not fail");
                if piece.is_empty() {
                    return notes.write("the end of the silent one");
                }
                left -= piece.len();
                if left == 0 {
                    second.write_all(b"b").expect("somebody reads");
                }
            });
            let notes = diary.clone();
            event_loop.on_data(other, move |_, _| {
                notes.write("the other");
                let _still_open = &keep_open;
                panic_on_purpose();
            });
            run_until_panic(event_loop);
            diary.entries()
        },
    );
    require!(entries == ["the other"],
        expected: "a pipe with data to be read while another one, read to its last byte, is silent",
        seen: "{entries:?}",
        likely: "see the tests above",
        read: "poll(2)",
    );
}

#[test]
fn a_descriptor_that_a_handler_adds_is_read_although_the_message_thread_sleeps() {
    let entries = run_untimed(
        "the message thread sleeps in poll(2) and does not learn of a descriptor that is added meanwhile",
        "hint 3",
        || {
            let (diary, mut event_loop) = (Diary::default(), new_loop());
            let (reader, writer) = pipe_with(b"a");
            let (notes, mut writer) = (diary.clone(), Some(writer));
            event_loop.on_data(reader, move |event_loop, piece| {
                notes.write(told(piece));
                let Some(mut writer) = writer.take() else { return };
                // The message thread has gone back to sleep.
                await_rest();
                let (added, adder) = pipe_with(b"b");
                drop(adder);
                let notes = notes.clone();
                event_loop.on_data(added, move |_, piece| {
                    let piece = told(piece);
                    if piece == "end" {
                        writer.write_all(b"c").expect("somebody reads");
                    }
                    notes.write(piece);
                });
            });
            run(event_loop);
            diary.entries()
        },
    );
    require!(entries == ["a", "b", "end", "c", "end"],
        expected: "the byte of a pipe, that of another one that its handler adds, and one more of the first",
        seen: "{entries:?}",
        likely: "a handler that adds a descriptor is not put back after its call, or takes the place of another",
        read: "hint 3",
    );
}

#[test]
fn forty_descriptors_are_read_and_each_ones_bytes_keep_their_order() {
    const PIPES: usize = 40;
    const BYTES: usize = 20_000;
    let whole = run_untimed(
        "a descriptor is lost, or taken out of the list by its place while another one moves there",
        "hint 3",
        || {
            let mut event_loop = new_loop();
            let whole = Rc::new(Cell::new(0));
            for pipe in 0..PIPES {
                let (reader, mut writer) = pipe_with(b"");
                let bytes: Vec<u8> =
                    (0..BYTES).map(|byte| ((byte / 7 + pipe) % 251) as u8).collect();
                let (expected, count) = (bytes.clone(), Rc::clone(&whole));
                collect(&mut event_loop, reader, move |_, bytes| {
                    count.set(count.get() + usize::from(bytes == expected));
                });
                thread::spawn(move || {
                    bytes.chunks(900 + pipe).all(|part| writer.write_all(part).is_ok())
                });
            }
            run(event_loop);
            whole.get()
        },
    );
    require!(whole == PIPES,
        expected: "the bytes of each of {PIPES} pipes, in order and to the last",
        seen: "{whole} pipes whose bytes are whole",
        likely: "pieces change places, the bytes before an end are dropped, or a descriptor gets another one's bytes",
        read: "src/lib.rs, on_data",
    );
}

#[test]
fn a_descriptor_is_closed_before_its_last_call() {
    let entries = run_untimed("end-of-file of a socket is no event", "poll(2)", || {
        let (diary, mut event_loop) = (Diary::default(), new_loop());
        let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets can be made");
        theirs.shutdown(Shutdown::Write).expect("a socket can be shut down");
        theirs.set_nonblocking(true).expect("a socket has flags");
        let notes = diary.clone();
        event_loop.on_data(ours.into(), move |_, piece| {
            notes.write(told(piece));
            // The peer sees end-of-file when ours is closed.
            let open = matches!(theirs.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
            notes.write(if open { "open" } else { "closed" });
        });
        run(event_loop);
        diary.entries()
    });
    require!(entries == ["end", "closed"],
        expected: "end-of-file, when the loop has closed its end of the socket",
        seen: "{entries:?}",
        likely: "the descriptor is closed when the loop is dropped, or some time after the message is on its way",
        read: "src/lib.rs, on_data",
    );
}

/// A socket, and its peer, which has sent all that it will.
type Sockets = fn() -> (UnixStream, Option<UnixStream>);

fn at_its_end() -> (UnixStream, Option<UnixStream>) {
    let (ours, theirs) = UnixStream::pair().expect("a pair of sockets can be made");
    theirs.shutdown(Shutdown::Write).expect("a socket can be shut down");
    (ours, Some(theirs))
}

fn with_an_error() -> (UnixStream, Option<UnixStream>) {
    let (mut ours, theirs) = UnixStream::pair().expect("a pair of sockets can be made");
    ours.write_all(b"unread").expect("a socket holds a few bytes");
    drop(theirs);
    (ours, None)
}

#[rstest]
#[case::of_end_of_file(at_its_end, "end")]
#[case::of_an_error(with_an_error, "error Some(104)")]
fn a_descriptor_is_closed_before_its_last_call_however_long_the_close_takes(
    #[case] sockets: Sockets,
    #[case] last: &'static str,
) {
    let entries = run_untimed("see the tests above", "src/lib.rs, on_data", move || {
        let (diary, mut event_loop) = (Diary::default(), new_loop());
        let (ours, theirs) = sockets();
        // Its close takes until all others have done what they can do before it.
        let (watched, notes) = (Watched::new(&ours), diary.clone());
        event_loop.on_data(ours.into(), move |_, piece| {
            notes.write(told(piece));
            notes.write(if watched.is_open() { "open" } else { "closed" });
            let _still_open = &theirs;
        });
        run(event_loop);
        diary.entries()
    });
    require!(entries == [last, "closed"],
        expected: "`{last}`, when the descriptor is closed: no number of this process leads to the socket any more",
        seen: "{entries:?}",
        likely: "the message is posted first and the descriptor is closed after that: `run` may call the handler in between",
        read: "src/lib.rs, on_data",
    );
}

#[test]
fn the_end_of_a_descriptor_does_not_reach_the_next_owner_of_its_number() {
    let entries = run_untimed(
        "a handler that waits for its end is replaced by that of a descriptor with the same number",
        "README, the task, 2",
        || {
            let (diary, mut event_loop) = (Diary::default(), new_loop());
            let (starter, trigger) = pipe_with(b"");
            drop(trigger);
            let notes = diary.clone();
            event_loop.on_data(starter, move |event_loop, _| {
                let (first, writer) = pipe_with(b"");
                let entries = notes.clone();
                drop(writer);
                event_loop.on_data(first, move |_, piece| {
                    entries.write(format!("first {}", told(piece)))
                });
                // Its end is in the queue, and it is closed: its number is free for one of these.
                await_rest();
                let pipes: Vec<_> = (0..8).map(|_| pipe_with(b"b")).collect();
                for (reader, writer) in pipes {
                    let entries = notes.clone();
                    drop(writer);
                    event_loop.on_data(reader, move |_, piece| entries.write(told(piece)));
                }
            });
            run(event_loop);
            diary.entries()
        },
    );
    let count = |wanted: &str| entries.iter().filter(|entry| *entry == wanted).count();
    let (first, pieces, ends) = (count("first end"), count("b"), count("end"));
    require!((first, pieces, ends) == (1, 8, 8),
        expected: "one end for the first pipe, and a byte and an end for each of eight others",
        seen: "{first} of the first; {pieces} bytes and {ends} ends of the others",
        likely: "handlers are known by the number of their descriptor, and that has a new owner before the last message of\nthe old one is delivered",
        read: "open(2), \"the lowest-numbered file descriptor\"",
    );
}

/// A file that poll(2) calls readable.
fn a_directory() -> OwnedFd {
    File::open("/").expect("there is a root directory").into()
}

/// Of this one poll(2) says POLLERR, and neither POLLIN nor POLLHUP.
fn a_writer_without_a_reader() -> OwnedFd {
    let (reader, writer) = pipe_with(b"");
    drop(reader);
    writer.into()
}

#[rstest]
#[case::of_a_directory(a_directory, Errno::EISDIR)]
#[case::of_a_pipe_to_write_to(a_writer_without_a_reader, Errno::EBADF)]
fn an_error_of_read_is_the_last_call(#[case] file: fn() -> OwnedFd, #[case] errno: Errno) {
    let entries = run_untimed(
        "an error of read(2) is not passed on, or does not end what is waited for; or no read is made: POLLERR alone is an event, too",
        "src/lib.rs, on_data; poll(2), POLLERR",
        move || {
            let (diary, mut event_loop) = (Diary::default(), new_loop());
            let notes = diary.clone();
            event_loop.on_data(file(), move |_, piece| notes.write(told(piece)));
            run(event_loop);
            diary.entries()
        },
    );
    let expected = told(Err(errno.into()));
    require!(entries == [expected.clone()],
        expected: "one call, with the {expected} ({errno:?}) of this read",
        seen: "{entries:?}",
        likely: "an error is passed on as an empty piece, or the descriptor is read again and again",
        read: "read(2), \"Errors\"",
    );
}

#[test]
fn a_regular_file_is_read_to_its_end() {
    let same = run_untimed(
        "a file that epoll(7) refuses (EPERM) is waited for; poll(2) says at once that it is readable",
        "README, the task, 2; poll(2)",
        || {
            let mut event_loop = new_loop();
            let bytes: Vec<u8> = (0..100_000_u32).map(|byte| (byte % 253) as u8).collect();
            let memory = memfd_create("letter", MFdFlags::MFD_CLOEXEC).expect("it can be made");
            let mut file = File::from(memory);
            file.write_all(&bytes).expect("a file in memory has room");
            let again = File::open(format!("/proc/self/fd/{}", file.as_raw_fd()));
            let same = Rc::new(Cell::new(false));
            let found = Rc::clone(&same);
            collect(&mut event_loop, again.expect("it is there"), move |_, seen| {
                found.set(seen == bytes);
            });
            run(event_loop);
            same.get()
        },
    );
    require!(same,
        expected: "the bytes of a regular file, and its end",
        seen: "others, or none",
        likely: "see the tests above",
        read: "poll(2)",
    );
}

#[test]
fn a_non_blocking_descriptor_is_waited_for_like_others() {
    let entries = run_untimed("see the tests above", "src/lib.rs, on_data", || {
        let (diary, mut event_loop) = (Diary::default(), new_loop());
        let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets can be made");
        ours.set_nonblocking(true).expect("a socket has flags");
        let notes = diary.clone();
        event_loop.on_data(ours.into(), move |_, piece| notes.write(told(piece)));
        let (starter, trigger) = pipe_with(b"");
        drop(trigger);
        collect(&mut event_loop, starter, move |_, _| {
            // The message thread has looked at both.
            await_rest();
            // It fails if the loop has given up its end.
            let _ = theirs.write_all(b"a");
            await_rest();
        });
        run(event_loop);
        diary.entries()
    });
    require!(entries == ["a", "end"],
        expected: "the byte of a non-blocking socket, which has nothing at first and nothing after it, and its end",
        seen: "{entries:?}",
        likely: "EAGAIN is passed on: it says that there is nothing yet, and poll(2) waits until there is",
        read: "src/lib.rs, on_data; read(2), EAGAIN",
    );
}

#[test]
fn the_flags_of_a_descriptor_stay_as_they_are() {
    let flags = run_untimed("see the tests above", "README, the task, 2", || {
        let mut event_loop = new_loop();
        let (reader, writer) = pipe_with(b"a");
        let other = reader.try_clone().expect("a descriptor can be duplicated");
        let flags = Rc::new(RefCell::new(vec![flags_of(&other)]));
        let (seen, mut writer) = (Rc::clone(&flags), Some(writer));
        event_loop.on_data(reader, move |_, _| {
            seen.borrow_mut().push(flags_of(&other));
            drop(writer.take());
        });
        run(event_loop);
        flags.take()
    });
    let non_blocking = flags.iter().any(|flags| flags.contains(OFlag::O_NONBLOCK));
    require!(flags.len() == 3 && !non_blocking,
        expected: "no O_NONBLOCK on a descriptor that leads to the same open file, while the loop reads",
        seen: "{flags:?} before, while and after it read",
        likely: "O_NONBLOCK is set on the descriptor: the flag belongs to the open file, and the others that have it\nget EAGAIN",
        read: "README, the task, 2; fcntl(2), \"File status flags\"",
    );
}

fn flags_of(fd: impl AsFd) -> OFlag {
    OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL).expect("an open descriptor has flags"))
}

#[test]
fn handlers_come_in_the_order_in_which_they_became_due() {
    let entries = run_within(
        "posted handlers have a queue of their own, which is emptied first: a handler that posts again and\n\
         again keeps all others waiting",
        "README, the task, 1",
        || {
            // Posted handlers are `Send`, and so is this.
            let diary = Arc::new(Mutex::new(Vec::new()));
            let note = |name: String| {
                let diary = Arc::clone(&diary);
                move || diary.lock().expect("no handler panics").push(name)
            };
            let mut event_loop = new_loop();
            let (reader, mut writer) = pipe_with(b"");
            let data = Arc::clone(&diary);
            event_loop.on_data(reader, move |_, piece| {
                data.lock().expect("no handler panics").push(told(piece));
            });
            let (due, posted) = (note("deadline".to_owned()), note("posted".to_owned()));
            // Everything comes while this handler runs.
            event_loop.at(Instant::now(), move |event_loop| {
                let deadline = Instant::now() + Duration::from_millis(2);
                event_loop.at(deadline, move |_| due());
                while Instant::now() <= deadline {
                    thread::yield_now();
                }
                // The message thread wakes, finds both, and sleeps again.
                writer.write_all(b"data").expect("somebody reads");
                await_rest();
                event_loop.poster().post(move |_| posted());
            });
            run(event_loop);
            diary.lock().expect("no handler panics").clone()
        },
    );
    let place = |name: &str| entries.iter().position(|entry| entry == name);
    let in_order = |first, second| place(first).is_some() && place(first) < place(second);
    require!(in_order("deadline", "posted") && in_order("data", "posted"),
        expected: "a deadline that has come and data that was read to be called before what was posted afterwards",
        seen: "{entries:?}",
        likely: "posted handlers have a queue of their own, which is looked at first",
        read: "README, the task, 1",
    );
}

#[rstest]
#[case::now(Duration::ZERO)]
#[case::a_second_ago(Duration::from_secs(1))]
fn a_deadline_that_has_passed_is_due_at_once(#[case] ago: Duration) {
    let calls = run_within(
        "the time left until a deadline that has passed is taken as \"for ever\", or nobody wakes the message thread",
        "README, the task, 3; hint 4",
        move || {
            let (diary, mut event_loop) = (Diary::default(), new_loop());
            let notes = diary.clone();
            let deadline = Instant::now().checked_sub(ago).unwrap_or_else(Instant::now);
            event_loop.at(deadline, move |_| notes.write("due"));
            run(event_loop);
            diary.entries().len()
        },
    );
    require!(calls == 1,
        expected: "the handler to be called once",
        seen: "{calls} calls",
        likely: "a deadline that has come stays in the list",
        read: "src/lib.rs, at",
    );
}

#[test]
fn a_deadline_that_has_passed_goes_behind_what_is_posted_before_it() {
    let entries = run_within("see the tests above", "src/lib.rs, at", || {
        // Posted handlers are `Send`, and so is this.
        let diary = Arc::new(Mutex::new(Vec::new()));
        let note = |name: &'static str| {
            let diary = Arc::clone(&diary);
            move || diary.lock().expect("no handler panics").push(name)
        };
        let mut event_loop = new_loop();
        let (ends, posted, due) = (note("the first ends"), note("posted"), note("deadline"));
        event_loop.poster().post(move |event_loop| {
            event_loop.poster().post(move |_| posted());
            event_loop.at(Instant::now(), move |_| due());
            ends();
        });
        run(event_loop);
        diary.lock().expect("no handler panics").clone()
    });
    require!(entries == ["the first ends", "posted", "deadline"],
        expected: "a handler to its end, then the one that it posts, then that of the deadline which has passed when it sets it",
        seen: "{entries:?}",
        likely: "`at` calls the handler itself when the deadline has passed, or deadlines are looked at before the queue",
        read: "README, the task, 1; src/lib.rs, at",
    );
}

/// Sets these deadlines, in this order, all before the first of them has come; the order in which they came, and
/// whether one came too early.
fn in_time(milliseconds: &[u64]) -> (Vec<usize>, bool) {
    // On a busy machine the first of them may have come before the last is set: then all of it is tried again.
    for scale in (0..).map(|power| 1_u32 << power) {
        let mut event_loop = new_loop();
        let (order, early) = (Rc::new(RefCell::new(Vec::new())), Rc::new(Cell::new(false)));
        let begin = Instant::now();
        let deadlines = milliseconds.iter().map(|&ms| begin + Duration::from_millis(ms) * scale);
        let deadlines: Vec<_> = deadlines.collect();
        for (number, deadline) in deadlines.iter().copied().enumerate() {
            let (order, early) = (Rc::clone(&order), Rc::clone(&early));
            event_loop.at(deadline, move |_| {
                order.borrow_mut().push(number);
                early.set(early.get() || Instant::now() < deadline);
            });
        }
        if deadlines.iter().all(|deadline| Instant::now() < *deadline) {
            run(event_loop);
            return (order.take(), early.get());
        }
    }
    unreachable!("some scale is enough")
}

#[rstest]
#[case::earlier_ones_first(&[9, 4, 7, 2, 8, 3, 6, 5])]
#[case::equal_ones_as_they_were_set(&[3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3])]
#[case::a_few_of_both(&[5, 3, 5, 3, 4, 3, 5])]
fn deadlines_come_in_their_order_and_none_too_early(#[case] milliseconds: &'static [u64]) {
    let (order, early) = run_within(
        "the message thread sleeps until the deadline that was set last, not the earliest one",
        "hint 4",
        move || in_time(milliseconds),
    );
    let mut sorted: Vec<usize> = (0..milliseconds.len()).collect();
    sorted.sort_by_key(|number| milliseconds[*number]);
    require!(order == sorted,
        expected: "deadlines after {milliseconds:?} ms to come in the order {sorted:?}",
        seen: "{order:?}",
        likely: "deadlines are kept in the order in which they were set, one replaces an equal one, or a heap has ties\nas it likes",
        read: "hint 4; src/lib.rs, at",
    );
    require!(!early,
        expected: "no handler to be called before its deadline",
        seen: "one that was",
        likely: "the rest of a millisecond is cut off (poll(2) counts whole ones), or all are called when the first is due",
        read: "poll(2); hint 4",
    );
}

/// Sets deadlines at one and the same time: some before `run`, some in handlers of each kind that are called before it
/// has come, when others are over. Their order; as many as were set are to come.
fn set_in_turns() -> (Vec<usize>, usize) {
    // On a busy machine the time may have come before the last is set: then all of it is tried again.
    for scale in (0..).map(|power| 1_u32 << power) {
        let mut event_loop = new_loop();
        let (order, set) = (Rc::new(RefCell::new(Vec::new())), Rc::new(Cell::new(0)));
        let soon = Instant::now() + Duration::from_millis(2) * scale;
        let late = Instant::now() + Duration::from_millis(16) * scale;
        let in_time = Rc::new(Cell::new(true));
        let (all, numbers, seen) = (Rc::clone(&order), Rc::clone(&set), Rc::clone(&in_time));
        let one_more = move |event_loop: &mut Loop| {
            let (all, number) = (Rc::clone(&all), numbers.replace(numbers.get() + 1));
            event_loop.at(late, move |_| all.borrow_mut().push(number));
            seen.set(seen.get() && Instant::now() < late);
        };
        // One that sets another, and that one another: each when the one before it is over.
        let (first, second) = (one_more.clone(), one_more.clone());
        event_loop.at(Instant::now(), move |event_loop| {
            first(event_loop);
            event_loop.at(Instant::now(), move |event_loop| second(event_loop));
        });
        one_more(&mut event_loop);
        let (reader, mut writer) = pipe_with(b"a");
        let of_data = one_more.clone();
        event_loop.on_data(reader, move |event_loop, _| of_data(event_loop));
        one_more(&mut event_loop);
        let of_work = one_more.clone();
        let hired = event_loop.spawn_blocking(|| (), move |event_loop, ()| of_work(event_loop));
        hired.expect("a thread can be started");
        one_more(&mut event_loop);
        let last = one_more.clone();
        event_loop.at(soon, move |event_loop| {
            last(event_loop);
            let _ = writer.write_all(b"b");
            drop(writer);
        });
        one_more(&mut event_loop);
        run(event_loop);
        if in_time.get() {
            return (order.take(), set.get());
        }
    }
    unreachable!("some scale is enough")
}

#[test]
fn equal_deadlines_come_as_they_were_set_also_by_handlers() {
    let (order, set) = run_within("see the tests above", "src/lib.rs, at", set_in_turns);
    require!(order.iter().copied().eq(0..set),
        expected: "{set} equal deadlines, set before `run` and by handlers of deadlines, data and work, to come as they were set",
        seen: "{order:?}",
        likely: "what settles a tie is no number of these calls: a place or a number that was free again is given to a later one",
        read: "src/lib.rs, at",
    );
}

#[rstest]
#[case::a_month(Duration::from_secs(31 * 24 * 3600))]
#[case::a_century(Duration::from_secs(100 * 366 * 24 * 3600))]
#[case::nine_centuries(Duration::from_secs(900 * 366 * 24 * 3600))]
fn a_far_deadline_is_waited_for(#[case] distance: Duration) {
    let (entries, panicked) = run_within(
        "a deadline that is set last hides an earlier one; or a number of milliseconds that is too large for\n\
         poll(2) becomes an error",
        "poll(2); hint 4",
        move || {
            let (diary, mut event_loop) = (Diary::default(), new_loop());
            let now = Instant::now();
            let notes = diary.clone();
            event_loop.at(now + distance, move |_| notes.write("far"));
            let notes = diary.clone();
            event_loop.at(now + Duration::from_millis(5), move |event_loop| {
                // The message thread goes back to sleep, and only the far one is left.
                notes.write(if await_rest() { "near, then asleep" } else { "near, then restless" });
                let (reader, writer) = pipe_with(b"");
                drop(writer);
                event_loop.on_data(reader, |_, _| panic_on_purpose());
            });
            let panicked = run_until_panic(event_loop).is_some();
            (diary.entries(), panicked)
        },
    );
    require!(panicked && entries == ["near, then asleep"],
        expected: "the near deadline to come, the message thread to be asleep then, and the far one not to come",
        seen: "{entries:?}; the loop came to its last handler: {panicked}",
        likely: "the time left is counted in fewer bits than it needs, and wraps round",
        read: "poll(2); hint 4",
    );
}

#[test]
fn an_earlier_deadline_is_heard_although_the_message_thread_sleeps_for_a_later_one() {
    let entries = run_within(
        "the message thread sleeps for an hour, and nobody wakes it when an earlier deadline is set",
        "hint 3",
        || {
            let (diary, mut event_loop) = (Diary::default(), new_loop());
            let notes = diary.clone();
            event_loop.at(Instant::now() + Duration::from_secs(3600), |_| {});
            let (reader, mut writer) = pipe_with(b"a");
            event_loop.on_data(reader, move |event_loop, piece| {
                notes.write(told(piece));
                // It sleeps.
                await_rest();
                let _ = writer.flush();
                let notes = notes.clone();
                event_loop.at(Instant::now(), move |_| {
                    notes.write("now");
                    panic_on_purpose();
                });
            });
            run_until_panic(event_loop);
            diary.entries()
        },
    );
    require!(entries == ["a", "now"],
        expected: "a deadline of now, set while the message thread sleeps for an hour",
        seen: "{entries:?}",
        likely: "see the tests above",
        read: "hint 3",
    );
}

#[test]
fn a_thread_that_has_nothing_to_do_sleeps_until_there_is_news() {
    let scene = testkit::program::Program::new(env!("CARGO_BIN_EXE_loop_scenes")).arg("asleep");
    let output = scene.run();
    let seen = output.stdout.trim_end_matches('\n');
    let whole = ["a poster", "a silent descriptor", "a deadline in an hour"]
        .map(|name| format!("{name}: asleep until there is news: true"));
    require!(seen.lines().eq(&whole),
        expected: "both threads of a loop that has nothing to do for an hour to sleep: no timeout is shorter than 30 s",
        seen: "{seen}",
        likely: "the message thread wakes by the clock to look for new descriptors, deadlines or the end: a bell among\nits descriptors wakes it when there is news",
        read: "README, the task; hint 3",
    );
}

#[test]
fn work_runs_on_another_thread_and_its_result_comes_back() {
    let (entries, elsewhere) = run_untimed(
        "the result is not posted, or the loop still waits for work that is done",
        "README, the task, 4; hint 5",
        || {
            let (diary, mut event_loop) = (Diary::default(), new_loop());
            let (notes, clerk) = (diary.clone(), thread::current().id());
            let elsewhere = Rc::new(Cell::new(false));
            let found = Rc::clone(&elsewhere);
            let work = move || (thread::current().id(), "result".to_owned());
            let hired = event_loop.spawn_blocking(work, move |_, (worker, result)| {
                found.set(worker != clerk && thread::current().id() == clerk);
                notes.write(result);
            });
            hired.expect("a thread can be started");
            run(event_loop);
            (diary.entries(), elsewhere.get())
        },
    );
    require!(entries == ["result"] && elsewhere,
        expected: "the result of work on another thread, in a handler on the thread of `run`",
        seen: "{entries:?}; work elsewhere, and its handler here: {elsewhere}",
        likely: "the work runs in the loop's own thread, or `run` does not wait for it",
        read: "README, the task, 4",
    );
}

#[test]
fn work_that_waits_keeps_nothing_else_waiting() {
    let entries = run_untimed(
        "the message thread does the work, or `run` waits for its end; the work waits for a handler",
        "README, the task, 4; hint 5",
        || {
            let (diary, mut event_loop) = (Diary::default(), new_loop());
            let (send, receive) = mpsc::channel::<&str>();
            let notes = diary.clone();
            let hired = event_loop.spawn_blocking(
                move || receive.recv().unwrap_or("nobody"),
                move |_, word| notes.write(format!("the work has heard from {word}")),
            );
            hired.expect("a thread can be started");
            let (reader, writer) = pipe_with(b"a");
            let (notes, mut writer) = (diary.clone(), Some(writer));
            event_loop.on_data(reader, move |_, _| {
                if writer.take().is_some() {
                    notes.write("a handler");
                    send.send("a handler").expect("the work listens");
                }
            });
            run(event_loop);
            diary.entries()
        },
    );
    require!(entries == ["a handler", "the work has heard from a handler"],
        expected: "a descriptor to be read and its handler to be called while work is waiting",
        seen: "{entries:?}",
        likely: "see the test above",
        read: "README, the task, 4",
    );
}

#[test]
fn forty_pieces_of_work_run_at_the_same_time() {
    const PIECES: usize = 40;
    let results = run_untimed(
        "work waits for other work: each has a thread of its own, and no number of them is the most",
        "README, the task, 4",
        || {
            let mut event_loop = new_loop();
            let (all, results) =
                (Arc::new(Barrier::new(PIECES)), Rc::new(RefCell::new(Vec::new())));
            for number in 0..PIECES {
                let (all, results) = (Arc::clone(&all), Rc::clone(&results));
                let work = move || {
                    // Until all of them are here.
                    all.wait();
                    number
                };
                let hired = event_loop.spawn_blocking(work, move |_, result| {
                    results.borrow_mut().push((number, result))
                });
                hired.expect("a thread can be started");
            }
            run(event_loop);
            results.take()
        },
    );
    let right = results.iter().filter(|(number, result)| number == result).count();
    let count = results.len();
    require!(right == PIECES && count == PIECES,
        expected: "{PIECES} pieces of work that wait for each other, each result with its own handler",
        seen: "{count} results, {right} of them with their own handler",
        likely: "results are handed out in another order than the work was given in",
        read: "README, the task, 4",
    );
}

#[rstest]
#[case::is_dropped_before_it_has_run(drop)]
#[case::ends_by_a_panic(|mut event_loop: Loop| {
    event_loop.poster().post(|_| panic_on_purpose());
    run_until_panic(event_loop);
})]
fn a_loop_does_not_end_before_its_descriptors_are_closed(#[case] end: fn(Loop)) {
    let (held, open) =
        run_untimed("see tests/endings.rs first", "README, the task, 5", move || {
            let mut event_loop = new_loop();
            let (ours, _theirs) = UnixStream::pair().expect("a pair of sockets can be made");
            let watched = Watched::new(&ours);
            event_loop.on_data(ours.into(), |_, _| {});
            // The message thread has it, and sleeps.
            await_rest();
            let held = watched.is_open();
            end(event_loop);
            (held, watched.is_open())
        });
    require!(held && !open,
        expected: "a silent descriptor to be open as long as the loop is there, and closed when it is gone",
        seen: "open while the loop is there: {held}; when it is gone: {open}",
        likely: "the message thread is told to end and not waited for (`join`), or only `run` tells it so",
        read: "README, the task, 5; hint 5",
    );
}
