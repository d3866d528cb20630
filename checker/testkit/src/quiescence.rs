//! Quiescence: when a process has come to rest.
//!
//! A program that shows "the child waits for its turn" needs to know when the child does wait. The
//! kernel knows (proc_pid_stat(5)), so the program asks until the answer is definite. Waiting
//! for the clock is told apart from waiting for somebody, where the kernel lets us look.

use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpid, gettid};
use procfs::{thread_ids, thread_stat, thread_status};

use crate::sleep::{Sleep, sleep};
use crate::syscall_count;

/// System calls after which a process that should sleep is said to spin.
const SPIN_CALLS: usize = 5_000;

/// So many looks at a process that runs, before its calls are counted: mostly it is asleep sooner.
const LOOKS: usize = 200;

/// How long a process may run on whose calls cannot be counted, or that makes none. A net, not a
/// measurement: it ends before the deadline of the program that waits.
const NET: Duration = Duration::from_secs(8);

/// What a process has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiescence {
    /// It sleeps until something happens.
    Asleep,
    /// It sleeps until some time has passed.
    AsleepByTheClock,
    /// A signal has stopped it.
    Stopped,
    /// It has ended; perhaps nobody has waited for it yet.
    Ended,
    /// It runs on and on instead of sleeping: it makes thousands of system calls. (One that makes none, or
    /// whose calls the kernel does not let us count, has run for [`NET`].)
    Spinning,
}

/// Waits until the main thread of process `pid` is not on its way to anywhere, and says how it is.
pub fn await_quiescence(pid: i32) -> Quiescence {
    await_quiescence_of_thread(pid, pid)
}

/// Waits until no thread of process `pid` is on its way to anywhere: all sleep, whichever there are by then.
pub fn await_quiescence_of_all_threads(pid: i32) {
    let began = Instant::now();
    let at_rest = || -> Vec<i32> {
        let threads = thread_ids(pid).into_iter();
        threads.filter(|tid| await_quiescence_of_thread(pid, *tid) != Quiescence::Ended).collect()
    };
    let mut before = None;
    loop {
        let now = at_rest();
        if before.as_ref() == Some(&now) || began.elapsed() > NET {
            return;
        }
        before = Some(now);
    }
}

/// Waits until every other thread of this process sleeps or is gone. Whoever has joined a thread goes on while
/// the kernel still takes it down, and counts it; a tracer has to take note of its end first.
pub fn await_quiescence_of_other_threads() {
    let (began, pid, own) = (Instant::now(), getpid().as_raw(), gettid().as_raw());
    for tid in thread_ids(pid).into_iter().filter(|tid| *tid != own) {
        while await_quiescence_of_thread(pid, tid) == Quiescence::Ended
            && thread_stat(pid, tid).is_some()
            && began.elapsed() < NET
        {
            thread::yield_now();
        }
    }
}

/// As [`await_quiescence`], of any thread of process `pid`.
pub fn await_quiescence_of_thread(pid: i32, tid: i32) -> Quiescence {
    let began = Instant::now();
    for look in 1.. {
        match thread_stat(pid, tid).map(|stat| stat.state) {
            None | Some('Z' | 'X') => return Quiescence::Ended,
            Some('T') => return Quiescence::Stopped,
            Some('S') => match sleep(pid, tid) {
                Some(Sleep::UntilWoken) => return Quiescence::Asleep,
                Some(Sleep::ByTheClock) => return Quiescence::AsleepByTheClock,
                Some(Sleep::Untold) if stays_asleep(pid, tid) => return Quiescence::Asleep,
                Some(Sleep::Untold) | None => {}
            },
            Some(_) => {}
        }
        let spins = look % LOOKS == 0 && syscall_count::makes_more_than(SPIN_CALLS, pid, tid);
        if spins || began.elapsed() > NET {
            return Quiescence::Spinning;
        }
        thread::yield_now();
    }
    unreachable!("it looks until it knows")
}

/// Interrupts process `pid` by SIGUSR1 in what it waits for, and returns when it waits again.
///
/// For this it has a handler. One that has blocked the signal waits on.
pub fn interrupt(pid: i32) -> nix::Result<()> {
    await_quiescence(pid);
    kill(Pid::from_raw(pid), Signal::SIGUSR1)?;
    await_quiescence(pid);
    Ok(())
}

/// Whether a thread that looks asleep is, where the kernel will not tell: it does at a thousand looks, and
/// is not switched to between them.
fn stays_asleep(pid: i32, tid: i32) -> bool {
    let look = || {
        thread::yield_now();
        thread_status(pid, tid)
    };
    let first = look();
    first.as_ref().is_some_and(|status| status.state == 'S') && (0..1000).all(|_| look() == first)
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

    fn comes_to(child: &mut Child, wanted: Quiescence) {
        wait_for(child, wanted);
        end(child);
    }

    fn wait_for(child: &Child, wanted: Quiescence) {
        // A shell may sleep on its way: the first answers need not be the last.
        while await_quiescence(child.id() as i32) != wanted {
            thread::yield_now();
        }
    }

    fn end(child: &mut Child) {
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_reader_of_an_empty_pipe_is_asleep() {
        comes_to(&mut shell("exec cat"), Quiescence::Asleep);
    }

    #[test]
    fn a_sleeper_waits_for_the_clock() {
        comes_to(&mut shell("exec sleep 1000"), Quiescence::AsleepByTheClock);
    }

    #[test]
    fn a_stopped_process_is_stopped() {
        comes_to(&mut shell("kill -STOP $$"), Quiescence::Stopped);
    }

    #[test]
    fn a_zombie_has_ended() {
        comes_to(&mut shell("exit 0"), Quiescence::Ended);
        assert_eq!(await_quiescence(i32::MAX), Quiescence::Ended);
    }

    #[test]
    fn where_the_kernel_will_not_tell_a_sleeper_stays_asleep_and_a_spinner_does_not() {
        let mut reader = shell("exec cat");
        wait_for(&reader, Quiescence::Asleep);
        assert!(stays_asleep(reader.id() as i32, reader.id() as i32));
        end(&mut reader);
        let mut busy = shell("while :; do :; done");
        assert!(!stays_asleep(busy.id() as i32, busy.id() as i32));
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
    fn a_process_that_asks_again_and_again_spins() {
        let began = Instant::now();
        let mut asker = shell("while :; do read line; done </dev/null");
        // It sleeps on its way, while it is loaded.
        while await_quiescence(asker.id() as i32) != Quiescence::Spinning {}
        end(&mut asker);
        assert!(began.elapsed() < NET, "its calls tell, not the net");
    }

    #[test]
    fn a_process_that_runs_and_asks_nobody_is_caught_by_the_net() {
        comes_to(&mut shell("while :; do :; done"), Quiescence::Spinning);
    }

    #[test]
    fn a_process_that_works_before_it_sleeps_does_not_spin() {
        // More than a quarter of a second on any machine of today.
        let mut worker = shell("i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done; exec cat");
        comes_to(&mut worker, Quiescence::Asleep);
    }
}
