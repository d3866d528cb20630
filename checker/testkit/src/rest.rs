//! When a process has come to rest.
//!
//! A program that shows "the child waits for its turn" needs to know when the child does wait. The
//! kernel knows (proc_pid_stat(5)), so the program asks until the answer is definite. Waiting
//! for the clock is told apart from waiting for somebody, where the kernel lets us look.

use std::thread;

use nix::unistd::{getpid, gettid};

use crate::proc::{process_state, sleeps_by_the_clock, thread_status};

/// CPU time, in clock ticks, after which a process that should sleep is said to spin: 0.25 s. Among
/// many that want a CPU it has to get that much before its deadline.
const SPIN_TICKS: u64 = 25;

/// What a process has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// It sleeps until something happens.
    Asleep,
    /// It sleeps until some time has passed.
    AsleepByTheClock,
    /// A signal has stopped it.
    Stopped,
    /// It has ended; perhaps nobody has waited for it yet.
    Ended,
    /// It keeps a CPU busy instead of sleeping: a quarter of a second of CPU time since the first look.
    Spinning,
}

/// Waits until the main thread of process `pid` is not on its way to anywhere, and says how it is.
///
/// A process that asks again and again (waitpid with `WNOHANG`) can look asleep for a moment: use
/// [`rest_of_a_waiter`] where that matters.
pub fn rest(pid: i32) -> Rest {
    let ticks = || thread_status(pid, pid).map_or(0, |status| status.cpu_ticks);
    let before = ticks();
    loop {
        match process_state(pid) {
            None | Some('Z' | 'X') => return Rest::Ended,
            Some('S') if sleeps_by_the_clock(pid, pid) => return Rest::AsleepByTheClock,
            Some('S') => return Rest::Asleep,
            Some('T') => return Rest::Stopped,
            Some(_) if ticks() > before + SPIN_TICKS => return Rest::Spinning,
            Some(_) => thread::yield_now(),
        }
    }
}

/// As [`rest`], but a process that looks asleep and runs all the same is [`Rest::Spinning`].
///
/// The kernel marks a caller of wait4(2) as asleep before it looks for a child, also if it shall
/// not sleep. CPU time does not lie: this uses 0.15 s of it, of which a spinner gets a share. Nor do
/// context switches: on a busy machine a spinner that yields gets little CPU time, but many turns.
pub fn rest_of_a_waiter(pid: i32) -> Rest {
    let used =
        |pid, tid| thread_status(pid, tid).map_or((0, 0), |it| (it.cpu_ticks, it.context_switches));
    let own_ticks = || used(getpid().as_raw(), gettid().as_raw()).0;
    let rested = rest(pid);
    let (own, (ticks, switches)) = (own_ticks(), used(pid, pid));
    while own_ticks() < own + 15 {}
    let (ticks_now, switches_now) = used(pid, pid);
    let ran = ticks_now > ticks + 2 || switches_now > switches + 10;
    if rested == Rest::Asleep && ran { Rest::Spinning } else { rested }
}

/// Lets other processes of this user see what this one sleeps in, where that is restricted.
///
/// With the Yama security module a process sees it of its descendants only, so a child needs its
/// parent's leave (PR_SET_PTRACER in prctl(2)). Without it, sleep by the clock counts as sleep.
#[allow(unsafe_code)]
pub fn let_others_look() {
    // SAFETY: this prctl takes an integer and touches no memory of ours. It fails with EINVAL where
    // Yama is not in use, and nothing need be done there.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, libc::PR_SET_PTRACER_ANY) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command, Stdio};

    fn shell(script: &str) -> Child {
        Command::new("/bin/sh").arg("-c").arg(script).stdin(Stdio::piped()).spawn().unwrap()
    }

    fn rest_of(child: &mut Child, wanted: Rest) {
        until(child, rest, wanted);
    }

    fn until(child: &mut Child, rest: fn(i32) -> Rest, wanted: Rest) {
        // A shell may sleep on its way: the first answers need not be the last.
        while rest(child.id() as i32) != wanted {
            thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_reader_of_an_empty_pipe_is_asleep() {
        rest_of(&mut shell("exec cat"), Rest::Asleep);
    }

    #[test]
    fn a_sleeper_waits_for_the_clock() {
        rest_of(&mut shell("exec sleep 1000"), Rest::AsleepByTheClock);
    }

    #[test]
    fn a_stopped_process_is_stopped() {
        rest_of(&mut shell("kill -STOP $$"), Rest::Stopped);
    }

    #[test]
    fn a_zombie_has_ended() {
        rest_of(&mut shell("exit 0"), Rest::Ended);
        assert_eq!(rest(i32::MAX), Rest::Ended);
    }

    #[test]
    fn a_waiter_that_sleeps_is_asleep() {
        until(&mut shell("exec cat"), rest_of_a_waiter, Rest::Asleep);
    }

    #[test]
    fn a_busy_process_spins() {
        rest_of(&mut shell("while :; do :; done"), Rest::Spinning);
    }
}
