//! The seccomp filter that stops a program at the watched calls and lets all others pass.

use libc::{
    BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW, SECCOMP_RET_TRACE,
    sock_filter,
};

use crate::watched;

/// Offsets in `struct seccomp_data` (seccomp(2)); both architectures are little-endian.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;
const SECOND_ARGUMENT: u32 = 24;

/// `AUDIT_ARCH_X86_64` of the kernel's `include/uapi/linux/audit.h`.
#[cfg(target_arch = "x86_64")]
const NATIVE: u32 = 0xC000_003E;
/// `AUDIT_ARCH_AARCH64`, likewise.
#[cfg(target_arch = "aarch64")]
const NATIVE: u32 = 0xC000_00B7;

/// The filter's program, which stops at some other calls, too. A call of another architecture (a 32-bit program) is not watched.
pub(crate) fn program(others: &[u32]) -> Vec<sock_filter> {
    let mut program = vec![load(ARCHITECTURE), skip_if(NATIVE, 1, 0), allow(), load(NUMBER)];
    for number in watched::numbers().chain(others.iter().copied()) {
        program.extend([skip_if(number, 0, 1), trace()]);
    }
    // Of these two calls most uses are of no interest: the first or second argument decides.
    program.extend([
        skip_if(watched::SIGACTION, 0, 3),
        load(FIRST_ARGUMENT),
        skip_if(libc::SIGCHLD as u32, 0, 1),
        trace(),
        // What is loaded now may be an argument: the number is wanted again.
        load(NUMBER),
        skip_if(watched::FCNTL, 0, 4),
        load(SECOND_ARGUMENT),
        skip_if(libc::F_DUPFD as u32, 1, 0),
        skip_if(libc::F_DUPFD_CLOEXEC as u32, 0, 1),
        trace(),
        allow(),
    ]);
    program
}

fn load(offset: u32) -> sock_filter {
    instruction(BPF_LD | BPF_W | BPF_ABS, 0, 0, offset)
}

/// Skips `if_equal` instructions if what was loaded is `value`, and else `if_not`.
fn skip_if(value: u32, if_equal: u8, if_not: u8) -> sock_filter {
    instruction(BPF_JMP | BPF_JEQ | BPF_K, if_equal, if_not, value)
}

fn trace() -> sock_filter {
    instruction(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRACE)
}

fn allow() -> sock_filter {
    instruction(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW)
}

fn instruction(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt, jf, k }
}
