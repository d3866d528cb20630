//! Finding out what the host allows by doing it, in a process that ends afterwards.
#![allow(unsafe_code)]

use std::fs::File;
use std::io::{self, Read, Write};

use nix::fcntl::OFlag;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, pipe2};

use super::namespaces::{clone, flag};
use super::{landlock, seccomp};
use crate::{Layer, Layers};

/// Tries each namespace alone, or within a user namespace where that can be had.
pub(super) fn give_up_refused_namespaces(layers: &mut Layers) {
    let mut any = false;
    for layer in Layer::NAMESPACES {
        let around = if layers.hold(Layer::UserNamespace) { libc::CLONE_NEWUSER } else { 0 };
        if layers.hold(layer)
            && let Err(errno) = try_clone(around | flag(layer))
        {
            layers.give_up(layer, errno.desc());
            any = true;
        }
    }
    if !any {
        // Each alone and not all together: there is no telling which.
        for layer in Layer::NAMESPACES {
            layers.give_up(layer, "refused together with the others");
        }
    }
}

fn try_clone(flags: libc::c_int) -> nix::Result<()> {
    match clone(flags)? {
        // SAFETY: _exit only ends the process (_exit(2)).
        None => unsafe { libc::_exit(0) },
        Some(child) => waitpid(child, None).map(drop),
    }
}

/// Tries the layers that are laid on the program's own process.
pub(super) fn give_up_what_a_process_lacks(layers: &mut Layers) {
    type Attempt = fn() -> io::Result<()>;
    let attempts: [(Layer, Attempt); 3] = [
        (Layer::NoNewPrivileges, || Ok(nix::sys::prctl::set_no_new_privs()?)),
        (Layer::Landlock, landlock::try_on_this_process),
        (Layer::Seccomp, seccomp::try_on_this_process),
    ];
    for (layer, attempt) in attempts {
        if layers.hold(layer)
            && let Err(why) = in_a_fork(attempt)
        {
            layers.give_up(layer, why);
        }
    }
}

/// Tries something in a process of its own; says why it failed.
pub(super) fn in_a_fork(attempt: impl FnOnce() -> io::Result<()>) -> Result<(), String> {
    match said_by_a_fork(attempt) {
        Ok(why) if why.is_empty() => Ok(()),
        Ok(why) => Err(why),
        Err(error) => Err(error.to_string()),
    }
}

fn said_by_a_fork(attempt: impl FnOnce() -> io::Result<()>) -> io::Result<String> {
    let (why, tell_why) = pipe2(OFlag::O_CLOEXEC)?;
    // SAFETY: the supervisor has one thread, so the child may do whatever this process may
    // (fork(2)).
    match unsafe { fork() }? {
        ForkResult::Child => {
            if let Err(error) = attempt() {
                let _ = File::from(tell_why).write_all(error.to_string().as_bytes());
            }
            // SAFETY: _exit only ends the process (_exit(2)).
            unsafe { libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            drop(tell_why);
            let mut text = String::new();
            File::from(why).read_to_string(&mut text)?;
            match waitpid(child, None)? {
                nix::sys::wait::WaitStatus::Exited(_, 0) => Ok(text),
                status => Err(io::Error::other(format!("the attempt ended with {status:?}"))),
            }
        }
    }
}
