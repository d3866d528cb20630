//! A machine that refuses system calls, made with seccomp(2).
#![allow(unsafe_code)]

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Where a filter finds the call's number.
pub const NUMBER: u32 = 0;

/// One instruction of a filter.
pub fn instruction(code: u32, jt: u8, jf: u8, k: u32) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt, jf, k }
}

/// Puts a program, and all that it starts, behind a filter.
pub fn refuse(command: &mut Command, filter: &[libc::sock_filter]) {
    let filter = filter.to_vec();
    let install = move || {
        nix::sys::prctl::set_no_new_privs()?;
        let len = filter.len() as u16;
        let program = libc::sock_fprog { len, filter: filter.as_ptr().cast_mut() };
        let mode = libc::SECCOMP_MODE_FILTER;
        // SAFETY: the program names as many instructions as there are, which the kernel copies (seccomp(2)).
        match unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) } {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        }
    };
    // SAFETY: prctl(2) is a system call that allocates nothing, as is allowed between fork and exec
    // (signal-safety(7)).
    unsafe { command.pre_exec(install) };
}
