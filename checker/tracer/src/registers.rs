//! Skipping or changing a system call, at its beginning (seccomp(2), `SECCOMP_RET_TRACE`; ptrace(2)).
#![allow(unsafe_code)]

use nix::errno::Errno;
use nix::unistd::Pid;

/// Makes the call that this tracee begins return an error instead of being made.
#[cfg(target_arch = "x86_64")]
pub(crate) fn skip_call(tid: Pid, errno: Errno) -> Result<(), Errno> {
    use nix::sys::ptrace;
    let mut registers = ptrace::getregs(tid)?;
    // No call has the number -1, so none is made; the result is what rax holds.
    registers.orig_rax = u64::MAX;
    registers.rax = (-i64::from(errno as i32)).cast_unsigned();
    ptrace::setregs(tid, registers)
}

/// Makes the call that this tracee begins return an error instead of being made.
#[cfg(target_arch = "aarch64")]
pub(crate) fn skip_call(tid: Pid, errno: Errno) -> Result<(), Errno> {
    use nix::sys::ptrace;
    let mut registers = ptrace::getregset::<ptrace::regset::NT_PRSTATUS>(tid)?;
    // The result is in x0; the call's number is no register that user space has.
    registers.regs[0] = (-i64::from(errno as i32)).cast_unsigned();
    ptrace::setregset::<ptrace::regset::NT_PRSTATUS>(tid, registers)?;
    let mut number: libc::c_int = -1;
    let mut vector =
        libc::iovec { iov_base: (&raw mut number).cast(), iov_len: size_of::<libc::c_int>() };
    /// `NT_ARM_SYSTEM_CALL` of the kernel's `include/uapi/linux/elf.h`.
    const NT_ARM_SYSTEM_CALL: usize = 0x404;
    let set = std::ptr::without_provenance_mut::<libc::c_void>(NT_ARM_SYSTEM_CALL);
    let data = (&raw mut vector).cast::<libc::c_void>();
    // SAFETY: the vector describes a local number, which the kernel reads (ptrace(2)).
    let result = unsafe { libc::ptrace(libc::PTRACE_SETREGSET, tid.as_raw(), set, data) };
    Errno::result(result).map(drop)
}

/// Sets the third argument of the call that this tracee begins, or puts it back at its end.
#[cfg(target_arch = "x86_64")]
pub(crate) fn set_count(tid: Pid, count: u64) -> Result<(), Errno> {
    use nix::sys::ptrace;
    let mut registers = ptrace::getregs(tid)?;
    registers.rdx = count;
    ptrace::setregs(tid, registers)
}

/// Sets the third argument of the call that this tracee begins, or puts it back at its end.
#[cfg(target_arch = "aarch64")]
pub(crate) fn set_count(tid: Pid, count: u64) -> Result<(), Errno> {
    use nix::sys::ptrace;
    let mut registers = ptrace::getregset::<ptrace::regset::NT_PRSTATUS>(tid)?;
    registers.regs[2] = count;
    ptrace::setregset::<ptrace::regset::NT_PRSTATUS>(tid, registers)
}
