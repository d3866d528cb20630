//! The experiment: a clerk, and many doorbells.

use std::cell::RefCell;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::read;
use reactor::{Reactor, Trigger};

fn main() -> io::Result<()> {
    let mut reactor = Reactor::new()?;
    // Every handler writes down which thread it ran on.
    let clerks = Rc::new(RefCell::new(Vec::new()));
    let note = {
        let clerks = Rc::clone(&clerks);
        move || clerks.borrow_mut().push(thread::current().id())
    };

    // The office next door does nothing but ring, once, when it is asked to.
    let (ask, asked) = mpsc::channel();
    let (_, waker) = reactor.waker({
        let note = note.clone();
        move |reactor, token| {
            note();
            println!("bell: the office next door has rung");
            reactor.remove(token);
        }
    })?;
    let office = thread::spawn(move || {
        asked.recv().expect("the timer asks");
        waker.wake();
    });

    // A tube: three orders come through, then it is closed.
    let (tube, mut customer) = io::pipe()?;
    customer.write_all(b"123")?;
    drop(customer);
    reactor.watch(OwnedFd::from(tube), Trigger::Level, move |reactor, token, tube| {
        note();
        let mut order = [0];
        match read(tube, &mut order) {
            Ok(1..) => println!("tube: order {}", char::from(order[0])),
            Ok(0) => {
                println!("tube: closed");
                reactor.remove(token);
                set_alarms(reactor, ask.clone(), note.clone());
            }
            Err(errno) => println!("tube: {errno}"),
        }
    })?;

    println!("the clerk sits down");
    reactor.run()?;
    println!("nothing is left to wait for");
    office.join().expect("the office does not panic");

    let clerks = clerks.borrow();
    let alone = clerks.iter().all(|clerk| *clerk == thread::current().id());
    println!("handlers called: {}, all on the thread of the loop: {alone}", clerks.len());
    Ok(())
}

/// Two alarm clocks, set in the wrong order.
fn set_alarms(reactor: &mut Reactor, ask: mpsc::Sender<()>, note: impl Fn() + Clone + 'static) {
    let now = Instant::now();
    let second = {
        let note = note.clone();
        move |_: &mut Reactor| {
            note();
            println!("alarm: the second; the office next door is asked to ring");
            ask.send(()).expect("the office listens");
        }
    };
    let first = move |_: &mut Reactor| {
        note();
        println!("alarm: the first");
    };
    for set in [
        reactor.at(now + Duration::from_millis(20), second),
        reactor.at(now + Duration::from_millis(10), first),
    ] {
        set.expect("an alarm can be set");
    }
}
