//! A game whose turns are written on the board, and what is told of it.

use std::io;

use nix::libc;
use nix::sys::signal::SigHandler::SigIgn;
use nix::sys::signal::{Signal, signal};
use switch_cost::ping_pong;
use switch_cost::sides::{Between, Cost, Side};

use super::board::{Turn, board};

/// A game, and what `turn` adds to each turn.
pub fn play(between: Between, rounds: u64, turn: impl Fn(&Turn, Side) + Sync) -> io::Result<Cost> {
    ping_pong(between, rounds, |side| {
        let now = board().begin(side);
        turn(&now, side);
    })
}

pub fn tell(cost: io::Result<Cost>) {
    match cost {
        Ok(_) => println!("a cost, turns: {}", board().told()),
        Err(_) => println!("an error, turns: {}", board().told()),
    }
}

/// Another game: is it as if nothing had been before?
pub fn tell_of_another(between: Between) {
    board().forget();
    tell(play(between, 2, |_, _| ()));
}

pub fn exit_now(code: i32) -> ! {
    // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
    unsafe { libc::_exit(code) }
}

pub fn in_words(side: Side) -> &'static str {
    match side {
        Side::Ping => "Ping",
        Side::Pong => "Pong",
    }
}

/// The kernel keeps no status of children that have ended.
pub fn without_status(scene: impl FnOnce()) {
    // SAFETY: SIG_IGN is no function that would have to be sound (signal(2)).
    let before = unsafe { signal(Signal::SIGCHLD, SigIgn) }.expect("SIGCHLD may be ignored");
    scene();
    // SAFETY: this is what it was.
    unsafe { signal(Signal::SIGCHLD, before) }.expect("as it was");
}
