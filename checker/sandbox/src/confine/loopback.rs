//! Loopback: a new network namespace has it, but down (network_namespaces(7)).
#![allow(unsafe_code)]

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

use nix::errno::Errno;

/// Brings up the loopback interface of this process's network namespace.
pub(crate) fn bring_up() -> io::Result<()> {
    let socket = any_socket()?;
    // SAFETY: every field of an ifreq is a number or an array of numbers, for which zero is valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: the request is an ifreq, which is what SIOCSIFFLAGS reads (netdevice(7)).
    Errno::result(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &request) })?;
    Ok(())
}

/// Interfaces are reached through any socket of the family.
fn any_socket() -> io::Result<UdpSocket> {
    UdpSocket::bind("0.0.0.0:0")
}
