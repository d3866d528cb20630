//! A scene for the tests: a loop that is made, has one of everything to wait for, and runs; and what is left of it.
//!
//! It is a program because a tracer interrupts its calls, or has them fail. What fails is tried once more, so the
//! rest of the scene is the same.

use std::cell::RefCell;
use std::env;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

use message_loop::Loop;
use testkit::on_trial;
use testkit::survey::Survey;

fn main() {
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

fn inherited() -> usize {
    let pid = std::process::id().cast_signed();
    let numbers = testkit::procfs::own_descriptor_numbers().into_iter();
    let flags = numbers.filter_map(|number| testkit::procfs::open_flags(pid, number));
    flags.filter(|flags| flags & CLOEXEC == 0).count()
}

/// O_CLOEXEC, as proc_pid_fdinfo(5) shows it.
const CLOEXEC: i32 = 0o2_000_000;
