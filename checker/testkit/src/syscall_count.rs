//! The system calls of another process, counted, to tell one that asks again and again.
//!
//! It is traced for a moment (ptrace(2)). What it waits for meanwhile is not lost: a call that the tracing
//! interrupts goes on, or ends with EINTR, which it may do at any time.

use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use procfs::{process_stat, thread_status};

use crate::sleep::sleep;

/// So many looks in a row at a thread that runs in no call. Then the caller goes on without an answer.
const LOOKS: usize = 2_000;

/// Whether thread `tid` of process `pid` makes `most` system calls before it sleeps, is stopped or ends.
///
/// False also if it makes none, or if the kernel does not let us trace it.
pub(crate) fn makes_more_than(most: usize, pid: i32, tid: i32) -> bool {
    let tid = Pid::from_raw(tid);
    if ptrace::seize(tid, Options::PTRACE_O_TRACESYSGOOD).is_err() {
        return false;
    }
    let _ = ptrace::interrupt(tid);
    let (mut calls, mut looks) = (0, 0);
    // Each call stops it twice, at its beginning and at its end.
    while calls < 2 * most {
        match next_stop(tid) {
            Next::Ended => return false,
            Next::Call => calls += 1,
            Next::Signal(signal) => {
                let _ = ptrace::syscall(tid, Some(signal));
                continue;
            }
            Next::Interrupted => {}
            Next::Halted => return detached(tid, false),
            Next::Runs => {
                looks += 1;
                if looks > LOOKS || sleeps(pid, tid.as_raw()) {
                    return halted_and_detached(tid);
                }
                std::thread::yield_now();
                continue;
            }
        }
        looks = 0;
        if calls < 2 * most {
            let _ = ptrace::syscall(tid, None);
        }
    }
    detached(tid, true)
}

/// Whether it sleeps, and is not stopped in a call by the tracing just now.
fn sleeps(pid: i32, tid: i32) -> bool {
    let first = thread_status(pid, tid);
    first.as_ref().is_some_and(|status| status.state == 'S')
        && sleep(pid, tid).is_some()
        && thread_status(pid, tid) == first
}

/// What a traced thread does.
enum Next {
    /// It runs, or sleeps.
    Runs,
    /// It has stopped at the beginning or the end of a call.
    Call,
    /// It has stopped because it was asked to.
    Interrupted,
    /// It has stopped before this signal is delivered.
    Signal(Signal),
    /// A signal has stopped it, as SIGSTOP does.
    Halted,
    /// It has ended; its parent has yet to wait for it, or has done so.
    Ended,
}

fn next_stop(tid: Pid) -> Next {
    let looks = WaitPidFlag::WSTOPPED | WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG;
    let flags = looks | WaitPidFlag::WNOWAIT | WaitPidFlag::__WALL;
    // An end is looked at only: if it is our child, somebody else in this process waits for it.
    match waitid(Id::Pid(tid), flags) {
        Ok(WaitStatus::StillAlive) => return Next::Runs,
        Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) => {
            hand_over_the_end(tid);
            return Next::Ended;
        }
        Ok(_) => {}
        Err(_) => return Next::Ended,
    }
    match waitpid(tid, Some(WaitPidFlag::__WALL | WaitPidFlag::WNOHANG)) {
        Ok(WaitStatus::PtraceSyscall(_)) => Next::Call,
        Ok(WaitStatus::PtraceEvent(_, Signal::SIGTRAP, _)) => Next::Interrupted,
        Ok(WaitStatus::PtraceEvent(..)) => Next::Halted,
        Ok(WaitStatus::Stopped(_, signal)) => Next::Signal(signal),
        _ => Next::Runs,
    }
}

/// The parent of a traced process hears of its end only after the tracer has taken note. If this process is
/// the parent itself, there is nothing to hand over.
fn hand_over_the_end(tid: Pid) {
    let parent = process_stat(tid.as_raw()).map(|stat| stat.parent);
    let is_our_child = parent == Some(std::process::id() as i32);
    if !is_our_child {
        let _ = waitpid(tid, Some(WaitPidFlag::__WALL | WaitPidFlag::WNOHANG));
    }
}

fn detached(tid: Pid, answer: bool) -> bool {
    let _ = ptrace::detach(tid, None);
    answer
}

/// Only what is stopped can be let go.
fn halted_and_detached(tid: Pid) -> bool {
    let _ = ptrace::interrupt(tid);
    loop {
        match next_stop(tid) {
            Next::Runs if thread_status(tid.as_raw(), tid.as_raw()).is_some() => {
                std::thread::yield_now();
            }
            Next::Runs | Next::Ended => return false,
            Next::Signal(signal) => {
                let _ = ptrace::detach(tid, signal);
                return false;
            }
            Next::Call | Next::Interrupted | Next::Halted => return detached(tid, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn shell(script: &str) -> Child {
        Command::new("/bin/sh").args(["-c", script]).stdin(Stdio::piped()).spawn().unwrap()
    }

    #[test]
    fn one_that_calls_on_and_on_is_found() {
        // `read` of a shell that finds end-of-file, and tries again.
        let mut asker = shell("while :; do read line; done </dev/null");
        let pid = asker.id() as i32;
        assert!(makes_more_than(1000, pid, pid));
        // It goes on untraced, and can be traced again.
        assert!(makes_more_than(1000, pid, pid));
        asker.kill().unwrap();
        assert!(!asker.wait().unwrap().success());
    }

    #[test]
    fn one_that_sleeps_goes_on_sleeping() {
        let mut cat = shell("exec cat");
        let pid = cat.id() as i32;
        assert!(!makes_more_than(1000, pid, pid));
        drop(cat.stdin.take());
        assert!(cat.wait().unwrap().success());
    }

    #[test]
    fn one_that_ends_is_left_to_its_parent() {
        for _ in 0..20 {
            let mut child = shell("exit 3");
            let pid = child.id() as i32;
            assert!(!makes_more_than(100_000, pid, pid));
            assert_eq!(child.wait().unwrap().code(), Some(3));
        }
    }

    #[test]
    fn one_that_is_stopped_stays_so() {
        let mut child = shell("kill -STOP $$; exit 3");
        let pid = child.id() as i32;
        while procfs::process_state(pid) != Some('T') {
            assert!(!makes_more_than(100_000, pid, pid));
        }
        assert!(!makes_more_than(1000, pid, pid));
        // Let go, it runs for a moment on its way to the stop that it is in.
        while procfs::process_state(pid) != Some('T') {
            std::thread::yield_now();
        }
        nix::sys::signal::kill(Pid::from_raw(pid), Signal::SIGCONT).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(3));
    }
}
