//! The experiment: what does a turn cost between threads, between processes, and between tasks?

use std::io;

use switch_cost::sides::Between;
use switch_cost::{nanoseconds_a_turn, ping_pong};

const ROUNDS: u64 = 200;
const GAMES: usize = 5;

fn main() -> io::Result<()> {
    println!("{} turns between  address spaces  switches", 2 * ROUNDS);
    for (name, between) in [
        ("two threads", Between::Threads),
        ("two processes", Between::Processes),
        ("two tasks", Between::Tasks),
    ] {
        let cost = ping_pong(between, ROUNDS, |_| ())?;
        println!("{name:<20}{:<16}{}", cost.address_spaces, in_words(cost.switches));
        // It is another one on every machine, and at every run: nothing to be compared.
        let nanoseconds = nanoseconds_a_turn((between, ROUNDS, GAMES), |_| ())?.unwrap_or(0);
        eprintln!("{name}: {nanoseconds} ns a turn, on this machine, now");
    }
    Ok(())
}

/// A side that has been waited for was switched from, once in every round but the last.
fn in_words(switches: u64) -> &'static str {
    match switches {
        0..ROUNDS => "next to none",
        _ if switches < 2 * (ROUNDS - 1) => "one for every other turn",
        _ => "one for every turn",
    }
}
