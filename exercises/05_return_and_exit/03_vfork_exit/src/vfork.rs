//! vfork(2) as a function that can be called from Rust, and the canary that says why. Given.
//!
//! `libc::vfork` returns twice, and the child runs on from the first return in the parent's frame:
//! what it stores there, the parent finds. A C compiler knows of such functions and takes care (the
//! attribute `returns_twice`); Rust has no stable attribute for it, so rustc may keep one variable
//! where the child has written another. That is why the crate `libc` has deprecated its `vfork`
//! since 0.2.66: "causes memory corruption" (<https://github.com/rust-lang/libc/issues/1596>).
//!
//! The call here is made by assembly, which returns once, in the parent. The child never comes
//! back out of it: it calls a function, below the parent's frame, and then makes the system call
//! that ends it. To the compiler this is a foreign function that calls a closure and returns, and
//! that is what happens in this memory.

#![allow(unsafe_code)]

use std::ffi::{c_int, c_long, c_void};

use nix::errno::Errno;
use nix::unistd::Pid;

/// The flags with which clone(2) is vfork(2), by its manual page ("Linux notes").
const VFORK: c_long = (libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD) as c_long;

/// The flags with which clone(2) is fork(2): a copy of the memory, and SIGCHLD at its end.
const FORK: c_long = libc::SIGCHLD as c_long;

/// Runs `guest` in a vfork child: a process of its own in the memory of this one, on this stack.
///
/// The calling thread is suspended until the guest has ended, by `_exit` or by a signal, or an
/// execve(2) of the guest has succeeded; then it goes on here with the child's process id. A guest
/// that returns a value leaves with `_exit(value)`, without unwinding anything that is not its own.
///
/// The caller waits for the child (waitpid(2)).
///
/// # Errors
///
/// Those of clone(2); [`Errno::ENOSYS`] where this file has no assembly for the machine.
///
/// # Safety
///
/// What the guest writes, the host finds: all its memory, its errno, its locks, its heap. So the
/// guest calls nothing that must happen only once in a process, such as exit(3), and what it leaves
/// behind must be in order. A guest that panics aborts.
pub unsafe fn vfork<F: FnMut() -> c_int>(mut guest: F) -> Result<Pid, Errno> {
    extern "C" fn call<F: FnMut() -> c_int>(guest: *mut c_void) -> c_int {
        let guest: *mut F = guest.cast();
        // SAFETY: this is the closure of the call below; it lives in a frame of the host, which is
        // suspended and does not touch it until the guest has left (vfork(2)).
        unsafe { (*guest)() }
    }
    // SAFETY: `call` takes the pointer that is passed with it; the caller vouches for the guest.
    let pid = unsafe { machine::call_in_child(VFORK, call::<F>, (&raw mut guest).cast()) };
    pid_or_errno(pid)
}

/// How a child is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// fork(2): the child gets a copy of the frame.
    Fork,
    /// vfork(2): the child works in the frame itself.
    Vfork,
}

/// The canary: what the host puts on its stack, as a function does with the address to return to.
pub const LEFT_BY_HOST: usize = 0x1111;

/// What the guest puts there, once it has returned and calls something else.
pub const LEFT_BY_GUEST: usize = 0x2222;

/// What the host takes from its stack when its guest has *returned* from the function that made it.
///
/// The host pushes [`LEFT_BY_HOST`] and makes a child. The child pops that word, as a return does
/// with the address to return to; pushes [`LEFT_BY_GUEST`], as the next call does; and leaves by
/// the system call. Then the host pops. Were the words return addresses, the host would go on
/// wherever the guest's word leads.
///
/// # Errors
///
/// Those of clone(2); [`Errno::ENOSYS`] where this file has no assembly for the machine.
pub fn canary(call: Call) -> Result<usize, Errno> {
    let flags = match call {
        Call::Fork => FORK,
        Call::Vfork => VFORK,
    };
    // SAFETY: the word that the child overwrites is the one that this function itself has pushed;
    // neither process reads another word of the stack.
    let found = unsafe { machine::canary(flags) };
    let pid = pid_or_errno(found.pid)?;
    nix::sys::wait::waitpid(pid, None)?;
    Ok(found.popped)
}

/// The kernel's answer: a process id, or an error number with a minus sign.
fn pid_or_errno(answer: isize) -> Result<Pid, Errno> {
    match i32::try_from(answer).expect("process ids and error numbers are small") {
        pid @ 0.. => Ok(Pid::from_raw(pid)),
        error => Err(Errno::from_raw(-error)),
    }
}

/// What the canary brings back, in the two registers of a return value.
#[repr(C)]
struct Found {
    pid: isize,
    popped: usize,
}

/// What is passed to the child's function is passed on as it is.
type InChild = extern "C" fn(*mut c_void) -> c_int;

#[cfg(target_arch = "x86_64")]
mod machine {
    use std::arch::naked_asm;
    use std::ffi::{c_long, c_void};

    use super::{Found, InChild, LEFT_BY_GUEST, LEFT_BY_HOST};

    /// Makes a child with these flags, which calls `function(argument)` and exits with its value.
    ///
    /// What the host needs afterwards lies above the stack pointer of the call, and the child's
    /// frames grow below it; each process has registers of its own.
    #[unsafe(naked)]
    pub unsafe extern "C" fn call_in_child(
        flags: c_long,
        function: InChild,
        argument: *mut c_void,
    ) -> isize {
        naked_asm!(
            "push rbx",
            "push r12",
            "sub rsp, 8", // a call wants the stack at a multiple of 16
            "mov rbx, rsi",
            "mov r12, rdx",
            "xor esi, esi", // the child's stack pointer: the same
            "xor edx, edx",
            "xor r10d, r10d",
            "xor r8d, r8d",
            "mov eax, {clone}",
            "syscall", // keeps all registers but rax, rcx and r11
            "test rax, rax",
            "jz 2f",
            "add rsp, 8",
            "pop r12",
            "pop rbx",
            "ret",
            "2:", // the child
            "mov rdi, r12",
            "call rbx",
            "mov edi, eax",
            "mov eax, {exit_group}",
            "syscall",
            "ud2",
            clone = const libc::SYS_clone,
            exit_group = const libc::SYS_exit_group,
        )
    }

    /// See [`super::canary`].
    #[unsafe(naked)]
    pub unsafe extern "C" fn canary(flags: c_long) -> Found {
        naked_asm!(
            "push {left_by_host}",
            "xor esi, esi",
            "xor edx, edx",
            "xor r10d, r10d",
            "xor r8d, r8d",
            "mov eax, {clone}",
            "syscall",
            "test rax, rax",
            "jz 2f",
            "pop rdx", // Found: rax is the process id, rdx the word
            "ret",
            "2:", // the child
            "pop rdx",             // returns
            "push {left_by_guest}", // and calls something else
            "xor edi, edi",
            "mov eax, {exit_group}",
            "syscall",
            "ud2",
            left_by_host = const LEFT_BY_HOST,
            left_by_guest = const LEFT_BY_GUEST,
            clone = const libc::SYS_clone,
            exit_group = const libc::SYS_exit_group,
        )
    }
}

#[cfg(target_arch = "aarch64")]
mod machine {
    use std::arch::naked_asm;
    use std::ffi::{c_long, c_void};

    use super::{Found, InChild, LEFT_BY_GUEST, LEFT_BY_HOST};

    /// Makes a child with these flags, which calls `function(argument)` and exits with its value.
    ///
    /// What the host needs afterwards lies above the stack pointer of the call, and the child's
    /// frames grow below it; each process has registers of its own.
    #[unsafe(naked)]
    pub unsafe extern "C" fn call_in_child(
        flags: c_long,
        function: InChild,
        argument: *mut c_void,
    ) -> isize {
        naked_asm!(
            "stp x29, x30, [sp, #-32]!",
            "mov x29, sp",
            "stp x19, x20, [sp, #16]",
            "mov x19, x1",
            "mov x20, x2",
            "mov x1, xzr", // the child's stack pointer: the same
            "mov x2, xzr",
            "mov x3, xzr",
            "mov x4, xzr",
            "mov x8, #{clone}",
            "svc #0", // keeps all registers but x0
            "cbz x0, 2f",
            "ldp x19, x20, [sp, #16]",
            "ldp x29, x30, [sp], #32",
            "ret",
            "2:", // the child
            "mov x0, x20",
            "blr x19",
            "mov x8, #{exit_group}",
            "svc #0",
            "brk #1",
            clone = const libc::SYS_clone,
            exit_group = const libc::SYS_exit_group,
        )
    }

    /// See [`super::canary`].
    #[unsafe(naked)]
    pub unsafe extern "C" fn canary(flags: c_long) -> Found {
        naked_asm!(
            "mov x9, #{left_by_host}",
            "str x9, [sp, #-16]!",
            "mov x1, xzr",
            "mov x2, xzr",
            "mov x3, xzr",
            "mov x4, xzr",
            "mov x8, #{clone}",
            "svc #0",
            "cbz x0, 2f",
            "ldr x1, [sp], #16", // Found: x0 is the process id, x1 the word
            "ret",
            "2:", // the child
            "ldr x9, [sp], #16", // returns
            "mov x9, #{left_by_guest}",
            "str x9, [sp, #-16]!", // and calls something else
            "mov x0, xzr",
            "mov x8, #{exit_group}",
            "svc #0",
            "brk #1",
            left_by_host = const LEFT_BY_HOST,
            left_by_guest = const LEFT_BY_GUEST,
            clone = const libc::SYS_clone,
            exit_group = const libc::SYS_exit_group,
        )
    }
}

/// A machine without assembly here: there is no such call, and the tests are skipped by name.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod machine {
    use std::ffi::{c_long, c_void};

    use super::{Found, InChild};

    pub unsafe fn call_in_child(_: c_long, _: InChild, _: *mut c_void) -> isize {
        -(libc::ENOSYS as isize)
    }

    pub unsafe fn canary(_: c_long) -> Found {
        Found { pid: -(libc::ENOSYS as isize), popped: 0 }
    }
}
