//! The experiment: ten boxes go from one bench to the other over a shelf with room for three.

use std::sync::Arc;

use bounded_buffer::BoundedBuffer;
use testkit::threads::{Settled, Thread, Threads};

const ROOM: usize = 3;
const BOXES: usize = 10;

fn main() {
    let shelf = Arc::new(BoundedBuffer::new(ROOM));
    let threads = Threads::new();
    let first = threads.spawn("first bench", {
        let shelf = Arc::clone(&shelf);
        move || (1..=BOXES).map_while(|number| shelf.push(number).ok()).count()
    });
    let settled = threads.settle();
    println!("room on the shelf: {ROOM}; the first bench {}", state(&first, &settled));

    let second = threads.spawn("second bench", {
        let shelf = Arc::clone(&shelf);
        move || std::iter::from_fn(|| shelf.pop()).collect::<Vec<_>>()
    });
    let count = first.join("`pop` makes room and wakes nobody", "hint 2");
    let settled = threads.settle();
    println!("boxes that the first bench has put in: {count}");
    println!("the second bench {}", state(&second, &settled));

    shelf.close();
    let boxes = second.join("`close` wakes nobody", "hint 3");
    println!("the shelf is closed; the second bench has taken out {boxes:?}");
    println!("one more box after that: {:?}", shelf.push(BOXES + 1));
}

fn state<T>(bench: &Thread<T>, settled: &Settled) -> &'static str {
    match settled {
        _ if bench.is_finished() => "has finished",
        Settled::AtRest => "waits, asleep",
        Settled::Spinning(_) => "waits, and looks again and again",
    }
}
