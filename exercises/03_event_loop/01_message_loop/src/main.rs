//! The experiment: a clerk with a tray, and a porter at the door.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use message_loop::Loop;

/// Far more than a pipe holds.
const LETTER: usize = 1_000_000;

/// Which thread each handler ran on. An `Rc`: only one thread has it.
type Clerks = Rc<RefCell<Vec<ThreadId>>>;

fn main() -> io::Result<()> {
    let mut day = Loop::new()?;
    let clerks = Clerks::default();

    // The office next door leaves a note and goes home.
    let poster = day.poster();
    thread::spawn(move || poster.post(|_| println!("note: from the office next door")))
        .join()
        .expect("the office does not panic");

    // A tube: the clerk holds both ends.
    let (tube, mut customer) = io::pipe()?;
    let (mut bytes, notes) = (0, Rc::clone(&clerks));
    day.on_data(tube.into(), move |day, piece| {
        notes.borrow_mut().push(thread::current().id());
        match piece {
            Ok(piece) if piece.is_empty() => {
                println!("tube: {bytes} bytes, and its end");
                set_alarms(day, &notes);
            }
            Ok(piece) => bytes += piece.len(),
            Err(error) => println!("tube: {error}"),
        }
    });
    let notes = Rc::clone(&clerks);
    day.at(Instant::now(), move |_| {
        notes.borrow_mut().push(thread::current().id());
        // No handler reads meanwhile: this one runs. The porter does.
        customer.write_all(&vec![b'a'; LETTER]).expect("somebody reads");
        println!("clerk: has written {LETTER} bytes into a tube, in one go");
    });

    println!("the clerk sits down");
    day.run()?;
    println!("nobody is left who could bring a note");

    let alone = clerks.borrow().iter().all(|clerk| *clerk == thread::current().id());
    println!("all handlers ran on one thread: {alone}");
    Ok(())
}

/// Two alarm clocks, set in the wrong order. The second one has work for somebody else.
fn set_alarms(day: &mut Loop, clerks: &Clerks) {
    let now = Instant::now();
    let notes = Rc::clone(clerks);
    day.at(now + Duration::from_millis(20), move |day| {
        notes.borrow_mut().push(thread::current().id());
        println!("alarm: the second");
        let clerk = thread::current().id();
        let work = move || ((1..=100).sum::<u32>(), thread::current().id() != clerk);
        let hired = day.spawn_blocking(work, |_, (sum, elsewhere)| {
            println!("work: 1 to 100 make {sum}, counted by another thread: {elsewhere}");
        });
        hired.expect("a thread can be started");
    });
    let notes = Rc::clone(clerks);
    day.at(now + Duration::from_millis(10), move |_| {
        notes.borrow_mut().push(thread::current().id());
        println!("alarm: the first");
    });
}
