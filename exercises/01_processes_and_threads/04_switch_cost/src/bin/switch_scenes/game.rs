//! Games as they should be: who takes the turns, who sleeps, and games beside, within and after each other.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::{fs, thread};

use nix::sys::signal::SigSet;
use nix::unistd::{getpid, gettid};
use switch_cost::sides::{Between, Cost, Side};
use switch_cost::{ping_pong, tasks};

use super::board::{allowed, board};
use super::others::others_sleep;
use super::play::{in_words, play, tell, tell_of_another};

pub fn game(between: Between, rounds: u64) {
    let cost = play(between, rounds, |_, _| ());
    match &cost {
        Ok(Cost { address_spaces, .. }) if rounds > 0 => {
            println!("address spaces: {address_spaces}")
        }
        Ok(Cost { switches, address_spaces, nanoseconds }) => {
            println!("the cost of nothing: {switches}, {address_spaces}, {nanoseconds}");
            tell(cost);
            return tell_of_another(between);
        }
        Err(error) => println!("{error}"),
    }
    tell(cost);
}

pub fn game_with_all_signals_blocked(between: Between, rounds: u64) {
    let before = SigSet::all().thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_SETMASK);
    game(between, rounds);
    before.and_then(|before| before.thread_set_mask()).expect("a mask can be set");
}

/// Who takes the turns, and whether what Ping writes into its memory is there for Pong.
pub fn sides(between: Between) {
    static WORD: AtomicU64 = AtomicU64::new(0);
    let caller = gettid();
    let cost = play(between, 3, |_, side| {
        let task = tasks::current();
        let task = task.map_or(0, |task| 1 + task as u64);
        board().marks[usize::from(side == Side::Pong)].store(task, SeqCst);
        board().marks[2].store(u64::from(gettid() == caller), SeqCst);
        match side {
            Side::Ping => WORD.store(1, SeqCst),
            Side::Pong => board().marks[3].store(WORD.load(SeqCst), SeqCst),
        }
    });
    let ids = |side| {
        let side = board().side(side);
        (side.pid.load(SeqCst), side.tid.load(SeqCst))
    };
    let marks = board().marks.each_ref().map(|mark| mark.load(SeqCst));
    let (ping, pong) = (ids(Side::Ping), ids(Side::Pong));
    println!(
        "{}",
        match (ping.0 == pong.0, ping.1 == pong.1) {
            (true, true) => "one thread",
            (true, false) => "two threads",
            (false, _) => "two processes",
        }
    );
    println!("the same in each turn: {}", board().moved.load(SeqCst) == 0);
    match marks {
        [0, 0, ..] => {}
        [1, 2, 1, _] => println!("two tasks on the calling thread"),
        [1, 2, ..] => println!("two tasks on another thread"),
        _ => println!("one task"),
    }
    println!("memory: {}", if marks[3] == 1 { "in common" } else { "each its own" });
    tell(cost);
}

pub fn sleep(between: Between) {
    let caller = getpid().as_raw();
    let cost = play(between, 3, |_, side| {
        let mark = &board().marks[usize::from(side == Side::Pong)];
        mark.fetch_add(u64::from(others_sleep(caller)), SeqCst);
    });
    for side in [Side::Ping, Side::Pong] {
        let turns = board().marks[usize::from(side == Side::Pong)].load(SeqCst);
        println!("the other side slept in {turns} of 3 turns of {}", in_words(side));
    }
    tell(cost);
}

pub fn a_game_within_a_turn(between: Between, inner: Between) {
    let cost = play(between, 2, |_, _| {
        let turns = AtomicU64::new(0);
        let cost = ping_pong(inner, 2, |_| _ = turns.fetch_add(1, SeqCst));
        let in_sight = if let Between::Processes = inner { 4 } else { turns.load(SeqCst) };
        board().marks[0].fetch_add(u64::from(cost.is_ok() && in_sight == 4), SeqCst);
    });
    println!("games within the turns: {}", board().marks[0].load(SeqCst));
    tell(cost);
}

/// Eight threads, each with games of its own.
pub fn at_once(between: Between) {
    let games = || {
        let before = allowed();
        let right = (0..10).filter(|_| {
            let (turns, not_by_turns) = (AtomicU64::new(0), AtomicU64::new(0));
            let cost = ping_pong(between, 20, |side| {
                let turn = turns.fetch_add(1, SeqCst);
                let is_next = (turn % 2 == 1) == (side == Side::Pong);
                not_by_turns.fetch_add(u64::from(!is_next), SeqCst);
            });
            let counts = (turns.load(SeqCst), not_by_turns.load(SeqCst));
            cost.is_ok() && counts == (40, 0) && allowed() == before
        });
        right.count()
    };
    let right: usize = thread::scope(|scope| {
        let callers: Vec<_> = (0..8).map(|_| scope.spawn(games)).collect();
        callers.into_iter().map(|caller| caller.join().unwrap_or(0)).sum()
    });
    println!("{right} of 80 games");
}

fn mappings() -> usize {
    fs::read_to_string("/proc/self/maps").map_or(0, |maps| maps.lines().count())
}

pub fn again(between: Between) {
    let games = |count| {
        let right = (0..count).filter(|_| {
            board().forget();
            play(between, 1, |_, _| ()).is_ok() && board().turns() == 2
        });
        right.count()
    };
    let (few, before) = (games(10), mappings());
    println!("{} of 200 games", few + games(190));
    println!("mappings left: {}", mappings().saturating_sub(before) > 50);
}
