//! The experiment: an assembly line that moves when everybody is done, and two workers that do not stay.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use barrier::Member;

const WORKERS: usize = 4;
const ROUNDS: usize = 5;
/// The worker of this number goes home after this round.
const GOES_HOME: (usize, usize) = (2, 2);
/// And this one panics in this round, before it is done.
const PANICS: (usize, usize) = (3, 4);

/// What one round has come to.
#[derive(Default)]
struct Round {
    done: AtomicUsize,
    /// How many had done their work when the belt began to move, as each of them saw it, added up.
    seen: AtomicUsize,
    levers: AtomicUsize,
}

fn main() {
    let rounds: [Round; ROUNDS] = Default::default();
    thread::scope(|line| {
        for (number, member) in Member::all(WORKERS).into_iter().enumerate() {
            let rounds = &rounds;
            line.spawn(move || {
                // A panic that ends the thread, and not the scope.
                drop(panic::catch_unwind(AssertUnwindSafe(|| work(number, member, rounds))));
            });
        }
    });
    for (index, round) in rounds.into_iter().enumerate() {
        let (done, levers) = (round.done.into_inner(), round.levers.into_inner());
        let all_saw_all = round.seen.into_inner() == done * done;
        let moved = if all_saw_all { "after all of them" } else { "too early" };
        println!(
            "round {}: {done} are done, the belt moves {moved}, levers pulled: {levers}",
            index + 1
        );
    }
}

/// The day of one worker. Its member leaves at the end, however it comes.
fn work(number: usize, mut member: Member, rounds: &[Round]) {
    for (index, round) in rounds.iter().enumerate() {
        if (number, index + 1) == PANICS {
            // As `panic!`, without a message on standard error.
            panic::resume_unwind(Box::new("on purpose"));
        }
        round.done.fetch_add(1, Ordering::Relaxed);
        let is_leader = member.wait();
        round.seen.fetch_add(round.done.load(Ordering::Relaxed), Ordering::Relaxed);
        round.levers.fetch_add(usize::from(is_leader), Ordering::Relaxed);
        if (number, index + 1) == GOES_HOME {
            return;
        }
    }
}
