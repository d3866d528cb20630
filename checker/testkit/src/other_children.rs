//! Children of a caller that are no affair of what it calls.
#![allow(unsafe_code)]

use std::io::{self, Read};

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

use crate::quiescence::await_quiescence_of_thread;

/// Calls `body` while this process has a child that has ended and one that lives on, and prints how each of them
/// ended: with 9 and with 4, if `body` has left them alone.
///
/// For a program with one thread only: it forks.
///
/// # Panics
///
/// If no child can be made.
pub fn beside_other_children(body: impl FnOnce()) {
    let (go_on, tell_to_end) = io::pipe().expect("a pipe");
    let mut tell_to_end = Some(tell_to_end);
    let mut child = |code: i32, lives_on: bool| -> Pid {
        // SAFETY: this process has one thread, so the child may call any function.
        match unsafe { fork() }.expect("a child can be made") {
            ForkResult::Parent { child } => child,
            ForkResult::Child => {
                drop(tell_to_end.take());
                if lives_on {
                    let _ = (&go_on).read(&mut [0]);
                }
                // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
                unsafe { libc::_exit(code) }
            }
        }
    };
    let (ended, lives_on) = (child(9, false), child(4, true));
    await_quiescence_of_thread(ended.as_raw(), ended.as_raw());
    body();
    drop(tell_to_end);
    for (name, child) in [("ended", ended), ("lives on", lives_on)] {
        match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, code)) => println!("the child that {name}: {code}"),
            other => println!("the child that {name}: {other:?}"),
        }
    }
}
