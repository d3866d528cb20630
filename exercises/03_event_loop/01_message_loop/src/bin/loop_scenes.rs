//! A scene for the tests: a loop that is made, has one of everything to wait for, and runs; and what is left of it.
//!
//! It is a program because a tracer interrupts its calls, or has them fail. What fails is tried once more, so the
//! rest of the scene is the same.

use std::cell::RefCell;
use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use message_loop::Loop;
use nix::unistd::{getpid, gettid};
use testkit::between::libc;
use testkit::on_trial;
use testkit::procfs::{Activity, Syscall, thread_activity, thread_ids};
use testkit::quiescence::{Quiescence, await_quiescence_of_thread};
use testkit::survey::Survey;

fn main() {
    if env::args().nth(1).as_deref() == Some("asleep") {
        return asleep();
    }
    // Reads, deadlines and the end never fail; interrupted they may be.
    let with_the_loop = env::args().nth(1).as_deref() == Some("with-the-loop");
    let before = Survey::now();
    scene(with_the_loop);
    println!("left: {}", before.changes().join(", "));
    many();
    println!("left: {}", before.changes().join(", "));
}

fn scene(with_the_loop: bool) {
    let entries = Rc::new(RefCell::new(Vec::new()));
    let note = |entry: &'static str| {
        let entries = Rc::clone(&entries);
        move || entries.borrow_mut().push(entry)
    };
    let mut event_loop = again("new", Loop::new);
    let done = note("work");
    again("work", || {
        let done = done.clone();
        event_loop.spawn_blocking(|| (), move |_, ()| done())
    });
    let rest = || {
        let (tube, mut customer) = io::pipe().expect("a pipe can be made");
        let (data, due) = (note("data"), note("deadline"));
        event_loop.on_data(tube.into(), move |_, piece| {
            let piece = piece.expect("a read of a pipe does not fail");
            if !piece.is_empty() {
                data();
            }
        });
        // So far ahead that the message thread sets out to sleep until then, however slow the machine is.
        event_loop.at(Instant::now() + Duration::from_millis(30), move |_| {
            due();
            customer.write_all(b"a").expect("somebody reads");
        });
        event_loop.run()
    };
    let ran = if with_the_loop { on_trial(rest) } else { rest() };
    match ran {
        Ok(()) => println!("run: done"),
        Err(error) => println!("run: {error}"),
    }
    let mut entries = entries.take();
    entries.sort_unstable();
    println!("called: {}", entries.join(", "));
}

/// Calls it, tells what comes of it, and what an error has left; then calls it once more.
fn again<T>(name: &str, mut call: impl FnMut() -> io::Result<T>) -> T {
    let before = Survey::now();
    match on_trial(&mut call) {
        Ok(made) => {
            println!("{name}: done");
            made
        }
        Err(error) => {
            let changes = before.changes().join(", ");
            println!("{name}: error {:?}, changed: {changes}", error.raw_os_error());
            on_trial(&mut call).expect("nothing fails twice")
        }
    }
}

/// Twenty descriptors and twenty deadlines: how many threads there are, and what a program would inherit.
fn many() {
    let threads = || testkit::procfs::thread_ids(std::process::id().cast_signed()).len();
    let before = (threads(), inherited());
    let mut event_loop = Loop::new().expect("a loop can be made");
    let mut customers = Vec::new();
    for _ in 0..20 {
        let (tube, customer) = io::pipe().expect("a pipe can be made");
        event_loop.on_data(tube.into(), |_, _| {});
        event_loop.at(Instant::now() + Duration::from_secs(3600), |_| {});
        customers.push(customer);
    }
    testkit::quiescence::await_quiescence_of_other_threads();
    println!("threads more: {}", threads() - before.0);
    println!("descriptors that are inherited: {}", inherited() - before.1);
}

/// Loops that have nothing to do for an hour: whether their threads sleep.
fn asleep() {
    how_it_sleeps("a poster", |_| ());
    how_it_sleeps("a silent descriptor", |event_loop| {
        let (tube, customer) = io::pipe().expect("a pipe can be made");
        event_loop.on_data(tube.into(), move |_, _| {
            let _still_open = &customer;
        });
    });
    how_it_sleeps("a deadline in an hour", |event_loop| {
        event_loop.at(Instant::now() + Duration::from_secs(3600), |_| {});
    });
}

/// Far longer than a thread sleeps that looks again and again. A far deadline may be waited for in parts: `poll` takes
/// milliseconds, and 16 bits of them are about a minute.
const LONG: Duration = Duration::from_secs(30);

fn how_it_sleeps(name: &str, what_may_come: fn(&mut Loop)) {
    let own = gettid().as_raw();
    let others = || {
        let threads = thread_ids(getpid().as_raw()).into_iter();
        threads.filter(move |tid| *tid != own).collect::<Vec<_>>()
    };
    let before = others();
    let (send, ready) = mpsc::channel();
    thread::spawn(move || {
        let mut event_loop = Loop::new().expect("a loop can be made");
        what_may_come(&mut event_loop);
        send.send(event_loop.poster()).expect("the scene listens");
        event_loop.run()
    });
    let _poster = ready.recv().expect("the loop makes a poster");
    testkit::quiescence::await_quiescence_of_other_threads();
    let new: Vec<_> = others().into_iter().filter(|tid| !before.contains(tid)).collect();
    let asleep = !new.is_empty() && new.into_iter().all(sleeps_long);
    println!("{name}: asleep until there is news: {asleep}");
}

/// Whether a thread sleeps until somebody wakes it, or at least for a long time.
fn sleeps_long(tid: i32) -> bool {
    let pid = getpid().as_raw();
    if await_quiescence_of_thread(pid, tid) != Quiescence::Asleep {
        return false;
    }
    let Ok(Activity::InCall(Syscall { number, arguments })) = thread_activity(pid, tid) else {
        return true; // the kernel does not tell
    };
    let in_milliseconds = |argument: u64| match argument as i32 {
        ..0 => Duration::MAX,
        milliseconds => Duration::from_millis(milliseconds.unsigned_abs().into()),
    };
    let timeout = match number {
        libc::SYS_ppoll => time_at(arguments[2]),
        libc::SYS_epoll_pwait2 => time_at(arguments[3]),
        libc::SYS_epoll_pwait => in_milliseconds(arguments[3]),
        _ => Duration::MAX,
    };
    timeout >= LONG
}

/// The `timespec` at this address, 0 for none.
fn time_at(address: u64) -> Duration {
    let mut bytes = [0; 16];
    let memory = File::open("/proc/self/mem");
    match memory.and_then(|memory| memory.read_exact_at(&mut bytes, address)) {
        Ok(()) if address != 0 => {
            let (seconds, nanoseconds) = bytes.split_at(8);
            let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_ne_bytes);
            Duration::new(number(seconds), number(nanoseconds) as u32)
        }
        _ => Duration::MAX,
    }
}

fn inherited() -> usize {
    let pid = std::process::id().cast_signed();
    let numbers = testkit::procfs::own_descriptor_numbers().into_iter();
    let flags = numbers.filter_map(|number| testkit::procfs::open_flags(pid, number));
    flags.filter(|flags| flags & CLOEXEC == 0).count()
}

/// O_CLOEXEC, as proc_pid_fdinfo(5) shows it.
const CLOEXEC: i32 = 0o2_000_000;
