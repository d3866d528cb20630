//! A child that ends at the worst moment: when waitpid has just said that nobody has ended.
//!
//! What happens once in many thousand runs happens here in each. A function that a program defines
//! stands before the C library's function of that name (ld.so(8), symbol lookup), so this program's
//! wait calls are its own: the first one that finds nobody lets the child end, and only then returns.
//! One that is ready to wait for the child lets it end before.
#![allow(unsafe_code)]

use std::env;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, IntoRawFd};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use nix::errno::Errno;
use nix::libc::{self, c_int, c_uint, c_void, id_t, pid_t, rusage, siginfo_t};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{Pid, getpid};
use reaper::{End, Reaper, start};
use testkit::quiescence::{await_quiescence, let_others_look};

/// The descriptor whose closing lets the child end; -1 if it has been closed.
static GATE: AtomicI32 = AtomicI32::new(-1);
static CHILD: AtomicI32 = AtomicI32::new(0);
/// Whether the child ends before the first look, when the bell has been silenced.
static IS_EARLY: AtomicBool = AtomicBool::new(false);
/// Whether the first look, that finds nobody, is followed by a SIGCHLD that nobody's end has sent.
static RINGS: AtomicBool = AtomicBool::new(false);

fn main() -> io::Result<()> {
    let mut reaper = Reaper::new()?;
    if env::args().nth(1).as_deref() == Some("ring") {
        return ring(&mut reaper);
    }
    let (mut gate, open) = io::pipe()?;
    let open = open.into_raw_fd();
    let child = start(|| {
        // SAFETY: the child's copy of the write end, which nothing else in the child uses.
        unsafe { libc::close(open) };
        gate.read_to_end(&mut Vec::new()).map_or(1, |_| 7)
    })?;
    CHILD.store(child.as_raw(), Ordering::Relaxed);
    GATE.store(open, Ordering::Relaxed);
    match env::args().nth(1).as_deref() {
        Some("wait") => tell(child, &reaper.wait()?),
        Some("collect") => collect(&mut reaper, child)?,
        Some("leftover") => leftover(&mut reaper, child)?,
        other => panic!("no scene {other:?}"),
    }
    // A child that has not been reaped is not left behind.
    while wait_for(child, 0) == -1 && Errno::last() == Errno::EINTR {}
    Ok(())
}

/// The child ends in the middle of a collect: if that has not found it, the bell rings for the next.
fn collect(reaper: &mut Reaper, child: Pid) -> io::Result<()> {
    let reaped = reaper.collect()?;
    // If it has not looked at all, the child ends now.
    open_the_gate();
    if reaped.is_empty() {
        let mut bell = [PollFd::new(reaper.as_fd(), PollFlags::POLLIN)];
        let rings = loop {
            match poll(&mut bell, PollTimeout::ZERO) {
                Err(Errno::EINTR) => {}
                ready => break ready? == 1,
            }
        };
        println!("the bell rings: {rings}");
        tell(child, &reaper.collect()?);
    } else {
        println!("the first collect has found it");
        tell(child, &reaped);
    }
    Ok(())
}

/// The child ends in the middle of a collect, which finds it: its ring is left. Another one lives then.
fn leftover(reaper: &mut Reaper, child: Pid) -> io::Result<()> {
    let_others_look();
    let parent = getpid().as_raw();
    let (mut begins, mut begin) = io::pipe()?;
    let other = start(|| {
        // The child's copy of the write end would keep the first one.
        drop_the_gate();
        let begun = begins.read_exact(&mut [0]).is_ok();
        await_quiescence(parent);
        if begun { 7 } else { 1 }
    })?;
    IS_EARLY.store(true, Ordering::Relaxed);
    let reaped = reaper.collect()?;
    open_the_gate();
    tell(child, &reaped);
    begin.write_all(&[0])?;
    tell(other, &reaper.wait()?);
    while wait_for(other, 0) == -1 && Errno::last() == Errno::EINTR {}
    Ok(())
}

/// SIGCHLD comes right after a look that has found nobody, and nobody has ended.
fn ring(reaper: &mut Reaper) -> io::Result<()> {
    let_others_look();
    let parent = getpid().as_raw();
    let child = start(|| {
        await_quiescence(parent);
        7
    })?;
    RINGS.store(true, Ordering::Relaxed);
    tell(child, &reaper.wait()?);
    while wait_for(child, 0) == -1 && Errno::last() == Errno::EINTR {}
    Ok(())
}

fn tell(child: Pid, reaped: &[(Pid, End)]) {
    match reaped {
        [(pid, End::Exited(7))] if *pid == child => println!("reaped"),
        [] => println!("nobody"),
        others => others.iter().for_each(|(pid, end)| match end {
            End::Exited(code) => println!("{pid} exited with {code}"),
            End::Killed(signal) => println!("{pid} killed by signal {signal}"),
        }),
    }
}

/// The child ends, if it has not yet, and is left as it is.
fn open_the_gate() {
    let gate = GATE.swap(-1, Ordering::Relaxed);
    if gate >= 0 {
        // SAFETY: the descriptor is this program's, and nobody else closes it.
        unsafe { libc::close(gate) };
        let child = Pid::from_raw(CHILD.load(Ordering::Relaxed));
        // EINTR: the handler of SIGCHLD, if the reaper has one.
        while wait_for(child, libc::WNOWAIT) == -1 && Errno::last() == Errno::EINTR {}
    }
}

fn drop_the_gate() {
    let gate = GATE.swap(-1, Ordering::Relaxed);
    // SAFETY: the descriptor is this program's, and nobody else closes it.
    unsafe { libc::close(gate) };
}

fn ring_once() {
    if RINGS.swap(false, Ordering::Relaxed) {
        // SAFETY: raise(3) takes an integer and touches no memory of ours.
        unsafe { libc::raise(libc::SIGCHLD) };
    }
}

/// waitid(2) itself, not the function below.
fn wait_for(child: Pid, options: c_int) -> libc::c_long {
    let (child, options) = (child.as_raw(), options | libc::WEXITED);
    // SAFETY: the pointers that are passed are null, which waitid allows for both.
    unsafe { libc::syscall(libc::SYS_waitid, libc::P_PID, child, 0_usize, options, 0_usize) }
}

/// Whoever is ready to sleep until a child has ended is not kept waiting.
fn before_a_wait(options: c_int) {
    if options & libc::WNOHANG == 0 {
        ring_once();
    }
    if options & libc::WNOHANG == 0 || IS_EARLY.load(Ordering::Relaxed) {
        open_the_gate();
    }
}

/// Now, when the caller is about to hear that nobody has ended, the child ends.
fn after_a_look(found: bool) {
    if !found {
        ring_once();
        open_the_gate();
    }
}

/// waitpid(2) between `before_a_wait` and `after_a_look`.
///
/// # Safety
/// As waitpid(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waitpid(pid: pid_t, status: *mut c_int, options: c_int) -> pid_t {
    // SAFETY: the caller's promise, passed on.
    unsafe { wait4(pid, status, options, std::ptr::null_mut()) }
}

/// wait4(2) between `before_a_wait` and `after_a_look`.
///
/// # Safety
/// As wait4(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wait4(
    pid: pid_t,
    status: *mut c_int,
    options: c_int,
    usage: *mut rusage,
) -> pid_t {
    before_a_wait(options);
    // SAFETY: the caller's promise, passed on to the system call of the same arguments.
    let found = unsafe { libc::syscall(libc::SYS_wait4, pid, status, options, usage) };
    after_a_look(found != 0);
    found as pid_t
}

/// waitid(2) between `before_a_wait` and `after_a_look`.
///
/// # Safety
/// As waitid(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waitid(
    kind: c_uint,
    id: id_t,
    info: *mut siginfo_t,
    options: c_int,
) -> c_int {
    before_a_wait(options);
    let usage: *mut c_void = std::ptr::null_mut();
    // SAFETY: the caller's promise, passed on; the fifth argument may be null.
    let result = unsafe { libc::syscall(libc::SYS_waitid, kind, id, info, options, usage) };
    // SAFETY: the caller's `info` is null or points to a siginfo_t.
    let found = unsafe { info.as_ref() }.is_none_or(|info| {
        // SAFETY: waitid fills in the pid, or 0 if it has found nobody.
        unsafe { info.si_pid() != 0 }
    });
    after_a_look(result != 0 || found);
    result as c_int
}
