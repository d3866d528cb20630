//! How many switches a game is said to have cost.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use std::{io, thread};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::signal::Signal;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};
use switch_cost::sides::{Between, Cost};

use super::board::{allowed, board, switches, switches_of_all};
use super::play::{exit_now, play, tell, without_status};

/// Of all that may be a side, and of no more than that where only this thread may be.
fn switches_in_all(between: Between) -> u64 {
    match between {
        Between::Tasks => switches().iter().sum(),
        _ => switches_of_all(),
    }
}

/// What the cost says, between what the sides have seen in their turns and what there has been in all.
fn compare(cost: &io::Result<Cost>, in_all: Option<u64>) {
    let switches = cost.as_ref().map_or(0, |cost| cost.switches);
    let seen = board().seen();
    match in_all {
        _ if switches < seen => println!("switches: {switches}, and the sides have had {seen}"),
        Some(in_all) if switches > in_all => {
            println!("switches: {switches}, and the sides have had {in_all} at most")
        }
        _ => println!("switches: as many as the sides have had"),
    }
}

/// How many there are, for a game of so many rounds, beside those in which somebody else wanted the CPU.
fn tell_how_many(cost: io::Result<Cost>, rounds: u64, preempted: u64) {
    let switches = cost.as_ref().map_or(0, |cost| cost.switches.saturating_sub(preempted));
    match switches {
        _ if switches < rounds / 2 => println!("next to none"),
        _ if switches < 2 * (rounds - 1) => println!("less than one for every turn"),
        _ => println!("one for every turn"),
    }
    tell(cost);
}

pub fn count(between: Between) {
    let (before, [_, preempted_before]) = (switches_in_all(between), switches());
    let cost = play(between, 100, |_, _| ());
    compare(&cost, Some(switches_in_all(between) - before));
    // Tasks wait for nobody. How often they are preempted is the affair of who else is at work on this machine.
    let preempted = match between {
        Between::Tasks => switches()[1] - preempted_before,
        _ => 0,
    };
    tell_how_many(cost, 100, preempted);
}

/// A child that runs whenever somebody else lets it.
pub fn neighbour() -> Pid {
    // SAFETY: this process has one thread, so the child may call any function.
    match unsafe { fork() }.expect("a child can be made") {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).expect("a signal is one");
            loop {
                thread::yield_now();
            }
        }
    }
}

/// In each turn the side is switched from both ways: it waits, and it is preempted.
pub fn both_kinds(between: Between, neighbour: Option<Pid>) {
    let neighbour = neighbour.expect("there is one in this scene");
    let before = switches_in_all(between);
    let cost = play(between, 3, |turn, _| {
        if turn.number <= 2 {
            let mut own = CpuSet::new();
            allowed().into_iter().for_each(|cpu| own.set(cpu).expect("there is such a CPU"));
            sched_setaffinity(neighbour, &own).expect("a child of this user");
        }
        let [voluntary, involuntary] = switches();
        while switches()[0] == voluntary {
            // To wait for a moment is a voluntary switch, however long it is.
            thread::park_timeout(Duration::from_micros(10));
        }
        while switches()[1] == involuntary {
            thread::yield_now();
        }
    });
    compare(&cost, Some(switches_in_all(between) - before));
    tell(cost);
}

/// So many switches of a thread or a process that has no turn.
fn make_noise() {
    while switches()[0] < 300 {
        thread::park_timeout(Duration::from_micros(10));
    }
    board().noise.fetch_add(switches().iter().sum(), SeqCst);
}

/// In each second turn of a side somebody else makes switches: another thread, and of processes also a child that is
/// waited for.
pub fn others_switch(between: Between) {
    let before = switches_in_all(between);
    let cost = play(between, 3, |turn, _| {
        if !(3..=4).contains(&turn.number) {
            return;
        }
        let _ = thread::spawn(make_noise).join();
        if let Between::Processes = between {
            // SAFETY: the turns of processes are taken by processes with one thread, which this is again.
            match unsafe { fork() }.expect("a child can be made") {
                ForkResult::Parent { child } => _ = waitpid(child, None),
                ForkResult::Child => {
                    make_noise();
                    exit_now(0)
                }
            }
        }
    });
    let (in_all, noise) = (switches_in_all(between) - before, board().noise.load(SeqCst));
    println!("others have made six hundred: {}", noise >= 600);
    // After they have told them, the others make a few more.
    let most = match between {
        Between::Tasks => in_all,
        _ => in_all.saturating_sub(noise) + 50,
    };
    compare(&cost, Some(most));
    tell(cost);
}

pub fn no_status() {
    without_status(|| {
        let cost = play(Between::Processes, 100, |_, _| ());
        compare(&cost, None);
        tell_how_many(cost, 100, 0);
    });
}
