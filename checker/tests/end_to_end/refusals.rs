//! A machine that refuses: system calls by seccomp(2), and root's rights.
#![allow(unsafe_code)]

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Where a filter finds the call's number.
pub const NUMBER: u32 = 0;

/// Where it finds the lower half of the call's first argument: `seccomp_data`, seccomp(2).
pub const FIRST_ARGUMENT: u32 = 16;

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

/// Takes from root what its next exec would give it: a program that it starts has no capability
/// (capabilities(7)). An ordinary user has none to lose.
pub fn drop_bounding_set(command: &mut Command) {
    let drop_all = || {
        for capability in 0..64 {
            // SAFETY: this prctl takes numbers only (PR_CAPBSET_DROP(2const)). It fails for who has no right to
            // drop any, and for numbers that no capability has.
            unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        }
        Ok(())
    };
    // SAFETY: as in `refuse`.
    unsafe { command.pre_exec(drop_all) };
}
