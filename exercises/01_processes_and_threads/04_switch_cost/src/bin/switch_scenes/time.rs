//! What a turn takes, by a clock that only a scene moves.

use std::panic;

use switch_cost::sides::{Between, Cost};
use switch_cost::{median, nanoseconds_a_turn};

use super::board::board;
use super::clock;
use super::play::{play, tell};

pub fn medians(samples: &[u64]) {
    println!("the median: {:?}, and of 7 alone: {:?}", median(samples), median(&[7]));
}

pub fn time(between: Between, takes: (u64, u64)) {
    clock::begin();
    let cost = play(between, 2, |_, _| clock::takes(takes));
    if let Ok(Cost { nanoseconds, .. }) = cost {
        println!("nanoseconds: {nanoseconds}");
    }
    tell(cost);
}

/// The games take so many nanoseconds each, one after the other: the first turn of each takes them all.
pub fn batches(between: Between, rounds: u64, takes: &[u64]) {
    clock::begin();
    let turn = |side| {
        let turn = board().begin(side);
        let turns = 2 * rounds;
        if turn.number % turns == 1 % turns {
            let game = (turn.number - 1) / turns;
            clock::takes((0, takes.get(game as usize).copied().unwrap_or(0)));
        }
    };
    let result = nanoseconds_a_turn((between, rounds, takes.len()), turn);
    match result {
        Ok(nanoseconds) => println!("a turn takes: {nanoseconds:?}"),
        Err(error) => println!("an error: {error}"),
    }
    println!("turns: {}", board().told());
    let one_more = nanoseconds_a_turn((between, 1, 1), |_| clock::takes((0, 50)));
    println!("one more game: {:?}", one_more.unwrap_or_default());
}

/// In the second of three games a turn panics.
pub fn batches_fail(between: Between) {
    let result = nanoseconds_a_turn((between, 2, 3), |side| {
        let turn = board().begin(side);
        if turn.number == 6 {
            panic::resume_unwind(Box::new("on purpose"));
        }
    });
    println!("{}", if result.is_err() { "an error" } else { "no error" });
    println!("turns: {}", board().told());
}
