//! A child that is stopped on its way out and continued later: a stop is no end (wait(2)).
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, getpid};

use crate::quiescence::await_quiescence_of_thread;

/// Nobody has stopped, and nobody will.
const NOBODY: u64 = u64::MAX;

/// What the caller, its child and the one who continues it know of each other: numbers that they share
/// (MAP_SHARED in mmap(2)), 0 at the beginning.
#[derive(Debug, Clone, Copy)]
pub struct StopOnTheWayOut {
    /// The child that is to stop.
    pub who: &'static AtomicU64,
    /// The child that has stopped.
    pub stopped: &'static AtomicU64,
}

impl StopOnTheWayOut {
    /// Calls `body` beside a process that continues the child when it has stopped and the caller has come to rest.
    ///
    /// For a program with one thread only: it forks.
    ///
    /// # Panics
    ///
    /// If no child can be made.
    pub fn beside_one_who_continues<T>(self, body: impl FnOnce() -> T) -> T {
        let caller = getpid().as_raw();
        // SAFETY: this process has one thread, so the child may call any function.
        let helper = match unsafe { fork() }.expect("a child can be made") {
            ForkResult::Parent { child } => child,
            ForkResult::Child => {
                // Whatever becomes of the caller, this one does not stay.
                let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
                self.continue_it(caller);
                exit_now(0)
            }
        };
        let result = body();
        let _ = self.stopped.compare_exchange(0, NOBODY, SeqCst, SeqCst);
        waitpid(helper, None).expect("it is a child of this process");
        result
    }

    fn continue_it(self, caller: i32) {
        let child = loop {
            match self.stopped.load(SeqCst) {
                0 => thread::yield_now(),
                NOBODY => return,
                child => break child as i32,
            }
        };
        await_quiescence_of_thread(child, child);
        await_quiescence_of_thread(caller, caller);
        let _ = kill(Pid::from_raw(child), Signal::SIGCONT);
    }

    /// From now on the calling process is the one that is to stop.
    pub fn is_to_come(self) {
        self.who.store(getpid().as_raw() as u64, SeqCst);
    }

    /// The end of the calling process; if it is to stop before, it does. A program calls this in an `_exit` of its
    /// own, which the linker takes instead of the C library's.
    pub fn exit(self, code: i32) -> ! {
        let own = getpid().as_raw() as u64;
        let is_the_first = || self.stopped.compare_exchange(0, own, SeqCst, SeqCst).is_ok();
        // Of several children one: the others have nobody who would continue them.
        if self.who.load(SeqCst) == own && is_the_first() {
            let _ = raise(Signal::SIGSTOP);
        }
        exit_now(code)
    }
}

fn exit_now(code: i32) -> ! {
    loop {
        // SAFETY: exit_group(2) takes an integer and does not return.
        unsafe { libc::syscall(libc::SYS_exit_group, code) };
    }
}
