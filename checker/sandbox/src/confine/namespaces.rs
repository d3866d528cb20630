//! New namespaces (namespaces(7)): the flags of clone(2) that ask for them, and the call.
#![allow(unsafe_code)]

use nix::errno::Errno;
use nix::unistd::Pid;

use crate::{Layer, Layers};

/// The namespaces of these layers, as flags of clone(2).
pub(super) fn flags(layers: &Layers) -> libc::c_int {
    let held = Layer::NAMESPACES.into_iter().filter(|layer| layers.hold(*layer));
    held.fold(0, |flags, layer| flags | flag(layer))
}

/// The namespaces that a layer consists of; none if it is no namespace.
pub(super) fn flag(layer: Layer) -> libc::c_int {
    match layer {
        Layer::UserNamespace => libc::CLONE_NEWUSER,
        Layer::PidNamespace => libc::CLONE_NEWPID,
        Layer::IpcNamespace => libc::CLONE_NEWIPC,
        Layer::NetworkNamespace => libc::CLONE_NEWNET,
        Layer::PrivateRoot => libc::CLONE_NEWNS | libc::CLONE_NEWUTS | libc::CLONE_NEWCGROUP,
        _ => 0,
    }
}

/// fork(2) into new namespaces: `None` in the child.
pub(super) fn clone(flags: libc::c_int) -> nix::Result<Option<Pid>> {
    let flags = (flags | libc::SIGCHLD) as libc::c_ulong;
    // SAFETY: without CLONE_VM and with no new stack this is a fork: the child has its own copy of
    // everything (clone(2)). The process has one thread, so the copy is complete.
    let result = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    let pid = Errno::result(result)?;
    Ok((pid != 0).then(|| Pid::from_raw(pid as i32)))
}
