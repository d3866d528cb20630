//! When a process has come to rest.
//!
//! A program that shows "the child waits for its turn" needs to know when the child does wait. The
//! kernel knows (proc_pid_stat(5)), so the program asks until the answer is definite. Waiting
//! for the clock is told apart from waiting for somebody, where the kernel lets us look.

use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpid, gettid};

use crate::proc::{Sleep, process_state, sleep, thread_status};

/// CPU time, in clock ticks, after which a process that should sleep is said to spin: 0.25 s. Among
/// many that want a CPU it has to get that much before its deadline.
const SPIN_TICKS: u64 = 25;

/// Context switches after which it is said to: on a busy machine one that yields gets little CPU time,
/// but many turns.
const SPIN_SWITCHES: u64 = 1000;

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
    /// It runs on and on instead of sleeping: a quarter of a second of CPU time since the first look, or
    /// a thousand turns.
    Spinning,
}

/// Waits until the main thread of process `pid` is not on its way to anywhere, and says how it is.
pub fn rest(pid: i32) -> Rest {
    let start = used(pid, pid);
    loop {
        match process_state(pid) {
            None | Some('Z' | 'X') => return Rest::Ended,
            Some('T') => return Rest::Stopped,
            Some('S') => match sleep(pid, pid) {
                Some(Sleep::UntilWoken) => return Rest::Asleep,
                Some(Sleep::ByTheClock) => return Rest::AsleepByTheClock,
                Some(Sleep::Untold) if stays_asleep(pid) => return Rest::Asleep,
                Some(Sleep::Untold) => return Rest::Spinning,
                None => {}
            },
            Some(_) => {}
        }
        let now = used(pid, pid);
        if now.0 > start.0 + SPIN_TICKS || now.1 > start.1 + SPIN_SWITCHES {
            return Rest::Spinning;
        }
        thread::yield_now();
    }
}

/// Interrupts process `pid` by SIGUSR1 in what it waits for, and returns when it waits again.
///
/// For this it has a handler. One that has blocked the signal waits on.
pub fn interrupt(pid: i32) -> nix::Result<()> {
    rest(pid);
    kill(Pid::from_raw(pid), Signal::SIGUSR1)?;
    rest(pid);
    Ok(())
}

/// Whether a process that looks asleep is, where the kernel will not tell.
///
/// CPU time does not lie: this uses 0.15 s of it, of which a spinner gets a share. Nor do context
/// switches.
fn stays_asleep(pid: i32) -> bool {
    let own_ticks = || used(getpid().as_raw(), gettid().as_raw()).0;
    let (own, (ticks, switches)) = (own_ticks(), used(pid, pid));
    while own_ticks() < own + 15 {}
    let (ticks_now, switches_now) = used(pid, pid);
    ticks_now <= ticks + 2 && switches_now <= switches + 10
}

/// What a thread has used: CPU time, in clock ticks, and context switches.
fn used(pid: i32, tid: i32) -> (u64, u64) {
    thread_status(pid, tid).map_or((0, 0), |it| (it.cpu_ticks, it.context_switches))
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
    use std::sync::atomic::{AtomicBool, Ordering};

    fn shell(script: &str) -> Child {
        Command::new("/bin/sh").arg("-c").arg(script).stdin(Stdio::piped()).spawn().unwrap()
    }

    fn rest_of(child: &mut Child, wanted: Rest) {
        rest_of_living(child, wanted);
        end(child);
    }

    fn rest_of_living(child: &Child, wanted: Rest) {
        // A shell may sleep on its way: the first answers need not be the last.
        while rest(child.id() as i32) != wanted {
            thread::yield_now();
        }
    }

    fn end(child: &mut Child) {
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
    fn where_the_kernel_will_not_tell_a_sleeper_stays_asleep_and_a_spinner_does_not() {
        let mut reader = shell("exec cat");
        rest_of_living(&reader, Rest::Asleep);
        assert!(stays_asleep(reader.id() as i32));
        end(&mut reader);
        let mut busy = shell("while :; do :; done");
        assert!(!stays_asleep(busy.id() as i32));
        end(&mut busy);
    }

    #[test]
    fn who_asks_again_and_again_with_wnohang_is_never_asleep() {
        let (asker, parent) = (gettid().as_raw(), getpid().as_raw());
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let looker = scope.spawn(|| {
                let looks = (0..20_000).filter(|_| {
                    let looks_asleep = thread_status(parent, asker).unwrap().state == 'S';
                    looks_asleep && sleep(parent, asker).is_some()
                });
                let seen = looks.count();
                stop.store(true, Ordering::Relaxed);
                seen
            });
            let mut child = shell("exec cat");
            while !stop.load(Ordering::Relaxed) {
                assert!(child.try_wait().unwrap().is_none());
            }
            end(&mut child);
            assert_eq!(looker.join().unwrap(), 0, "of 20000 looks");
        });
    }

    #[test]
    fn a_busy_process_spins() {
        rest_of(&mut shell("while :; do :; done"), Rest::Spinning);
    }
}
