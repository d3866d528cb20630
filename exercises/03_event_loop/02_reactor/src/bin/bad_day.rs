//! A scene for the tests: a reactor that is made, given four registrations and run, and what is left of it.
//!
//! It is a program because a tracer interrupts its calls, or has them fail. What fails is tried once more, so the
//! rest of the scene is the same.

use std::cell::Cell;
use std::env;
use std::io::{self, PipeWriter, Write};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use reactor::{Reactor, Token, Trigger, Waker};
use testkit::on_trial;
use testkit::survey::Survey;

fn main() {
    // The loop takes back registrations, which never fails; interrupted it may be.
    let with_the_loop = env::args().nth(1).as_deref() == Some("with-the-loop");
    let before = Survey::now();
    scene(with_the_loop);
    println!("left: {}", before.changes().join(", "));
}

/// How often each handler was called.
#[derive(Clone, Default)]
struct Calls {
    pipe: Rc<Cell<usize>>,
    timer: Rc<Cell<usize>>,
    bell: Rc<Cell<usize>>,
    /// A timer that nobody waits for.
    late: Rc<Cell<Option<Token>>>,
}

fn scene(with_the_loop: bool) {
    let calls = Calls::default();
    let mut reactor = again("new", Reactor::new);
    let _customer = again("watch", || watch(&mut reactor, &calls));
    // With this one the loop sets out to sleep, however slow the machine is.
    let in_an_hour = Instant::now() + Duration::from_secs(3600);
    calls.late.set(Some(again("at", || reactor.at(in_an_hour, |_| println!("an hour is over")))));
    let bell = again("waker", || waker(&mut reactor, &calls));
    bell.wake();
    let mut run = || reactor.run();
    let ran = if with_the_loop { on_trial(run) } else { run() };
    match ran {
        Ok(()) => println!("run: done"),
        Err(error) => println!("run: {}", named(&error)),
    }
    let Calls { pipe, timer, bell, .. } = calls;
    println!("called: pipe {}, timer {}, bell {}", pipe.get(), timer.get(), bell.get());
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
            println!("{name}: {}, changed: {changes}", named(&error));
            on_trial(&mut call).expect("nothing fails twice")
        }
    }
}

fn named(error: &io::Error) -> String {
    error
        .raw_os_error()
        .map_or(format!("{:?}", error.kind()), |raw| format!("error {:?}", Errno::from_raw(raw)))
}

/// A pipe with a byte in it, whose handler takes back the late timer and sets one that is due. Its other end is what
/// comes back.
fn watch(reactor: &mut Reactor, calls: &Calls) -> io::Result<PipeWriter> {
    let (tube, mut customer) = io::pipe()?;
    customer.write_all(b"a")?;
    let calls = calls.clone();
    reactor.watch(OwnedFd::from(tube), Trigger::Level, move |reactor, token, _| {
        calls.pipe.set(calls.pipe.get() + 1);
        reactor.remove(token);
        if let Some(late) = calls.late.take() {
            reactor.remove(late);
        }
        let called = Rc::clone(&calls.timer);
        let due = reactor.at(Instant::now(), move |_| called.set(called.get() + 1));
        due.expect("a timer can be set");
    })?;
    Ok(customer)
}

fn waker(reactor: &mut Reactor, calls: &Calls) -> io::Result<Waker> {
    let called = Rc::clone(&calls.bell);
    let (_, waker) = reactor.waker(move |reactor, token| {
        called.set(called.get() + 1);
        reactor.remove(token);
    })?;
    Ok(waker)
}
