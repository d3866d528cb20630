//! The experiment: what does a turn cost between threads, between processes, and between tasks?

use std::{env, io};

use switch_cost::sides::Between;
use switch_cost::{nanoseconds_a_turn, ping_pong};

const ROUNDS: u64 = 200;
const GAMES: usize = 5;

fn main() -> io::Result<()> {
    if env::args().nth(1).as_deref() == Some("evidence") {
        return evidence();
    }
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

/// What a turn costs here and now: `checker claims` shows it.
fn evidence() -> io::Result<()> {
    let price = |between| nanoseconds_a_turn((between, ROUNDS, GAMES), |_| ());
    let (thread, process) = (price(Between::Threads)?, price(Between::Processes)?);
    match (thread, process, price(Between::Tasks)?) {
        (Some(thread), Some(process), Some(task)) => {
            println!("C3: process {process} ns, thread {thread} ns");
            println!("C3: task {task} ns");
        }
        _ => println!("C3 not measured: no game was played"),
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
