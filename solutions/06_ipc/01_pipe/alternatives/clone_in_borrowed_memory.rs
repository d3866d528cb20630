//! clone(2) with CLONE_VM and CLONE_VFORK: the child borrows the caller's memory and leaves its errno in a
//! variable there; no pipe brings the news. The caller feeds, and a thread collects.
//!
//! Why it is right: the caller is suspended until the child has called execve or has ended, so the variable
//! is written and the words are read while nobody else looks. The child has a stack and a table of signal
//! dispositions of its own (no CLONE_SIGHAND), and no signal is delivered to it before it is a program.

#![allow(unsafe_code)] // clone(2) and what the child calls are unsafe

use std::ffi::{CString, c_char, c_int, c_void};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::{ptr, thread};

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, pthread_sigmask};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

/// How a stage ended, from its wait status.
#[derive(Debug, Clone, Copy)]
pub enum Ending {
    /// It ended by itself, with this code.
    Exited(i32),
    /// This signal ended it. (No stage here is ended by a real-time signal: `Signal` has no names
    /// for those, see exercise 4.4.)
    Signalled(Signal),
}

/// What a pipeline did.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What the last stage wrote to its descriptor 1, up to end-of-file.
    pub output: Vec<u8>,
    /// How each stage ended, in the order of the stages.
    pub endings: Vec<Ending>,
}

/// Starts the program at the path `argv[0]` in a child; returns once it runs.
///
/// Its descriptor 0 is `stdin`, its 1 is `stdout`, whatever numbers these have (the caller may have closed its
/// own 0 and 1); its 2 is the caller's 2; of the caller's descriptors that are close-on-exec it has no
/// other. SIGPIPE is at its default.
///
/// # Errors
/// If the program cannot be started, the error of exec; then this child is reaped, and no other. It has
/// run no exit handler of the caller's, and written nothing that lay in the caller's buffers.
pub fn spawn(argv: &[CString], stdin: BorrowedFd<'_>, stdout: BorrowedFd<'_>) -> io::Result<Pid> {
    let words: Vec<*const c_char> =
        argv.iter().map(|word| word.as_ptr()).chain([ptr::null()]).collect();
    // Copies are numbered from 3 on: so the first dup2 never writes over what the second one needs.
    let (stdin, stdout) = (stdin.try_clone_to_owned()?, stdout.try_clone_to_owned()?);
    let mut stack = vec![0_u128; 4096];
    // A handler of the caller's would run in the child, on the caller's memory.
    let mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
    let mut orders =
        Orders { words: &words, ends: [stdin.as_raw_fd(), stdout.as_raw_fd()], mask, errno: None };
    // SAFETY: one past the end of the vector; stacks grow downwards, and u128 has their alignment.
    let top = unsafe { stack.as_mut_ptr().add(stack.len()) };
    // SAFETY: `become_stage` gets its `Orders`; it, they and the stack live until the child has become a
    // program or has ended, because CLONE_VFORK suspends this thread until then (clone(2)).
    let child = Errno::result(unsafe {
        libc::clone(
            become_stage,
            top.cast(),
            libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
            (&raw mut orders).cast(),
        )
    });
    // SAFETY: `orders` lives; the read is volatile because the compiler does not know of the child's write.
    let errno = unsafe { (&raw const orders.errno).read_volatile() };
    pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&mask), None)?;
    let child = Pid::from_raw(child?);
    match errno {
        None => Ok(child),
        Some(errno) => {
            reap(child)?;
            Err(errno.into())
        }
    }
}

/// What the child is to do, and why it could not.
struct Orders<'a> {
    words: &'a [*const c_char],
    ends: [RawFd; 2],
    mask: SigSet,
    errno: Option<Errno>,
}

/// In the child, on its own stack, in the caller's memory. What it returns is its exit code: clone(2)'s
/// wrapper calls `_exit` with it.
extern "C" fn become_stage(orders: *mut c_void) -> c_int {
    // SAFETY: these are the `Orders` of `spawn`, which is suspended and does not look at them.
    let orders = unsafe { &mut *orders.cast::<Orders<'_>>() };
    orders.errno = Some(exec(orders));
    127
}

/// Allocates nothing: the heap is the caller's, and exec would not give back what the child takes from it.
fn exec(orders: &Orders<'_>) -> Errno {
    for (end, number) in orders.ends.into_iter().zip(0..) {
        // SAFETY: dup2 takes any two numbers (dup2(2)).
        if unsafe { libc::dup2(end, number) } == -1 {
            return Errno::last();
        }
    }
    forget_handlers();
    if orders.words[0].is_null() {
        return Errno::ENOENT;
    }
    // A mask stays across exec, so the program gets the caller's.
    if let Err(errno) = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&orders.mask), None) {
        return errno;
    }
    // SAFETY: the pointers are those of the caller's strings, and the array ends in null (execve(2)).
    unsafe { libc::execv(orders.words[0], orders.words.as_ptr()) };
    Errno::last()
}

/// All signals but the ignored ones to their defaults, as exec does it, and SIGPIPE even if it is ignored.
/// Only in the child: its table of dispositions is a copy.
fn forget_handlers() {
    for number in 1..=libc::SIGRTMAX() {
        let mut action = MaybeUninit::<libc::sigaction>::uninit();
        // SAFETY: nothing is changed, and `action` lives and is filled in (sigaction(2)).
        if unsafe { libc::sigaction(number, ptr::null(), action.as_mut_ptr()) } == -1 {
            // One of the C library's own.
            continue;
        }
        // SAFETY: sigaction(2) has filled it in.
        let is_ignored = unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN;
        if !is_ignored || number == libc::SIGPIPE {
            // SAFETY: SIG_DFL is no function that could be called at a bad moment. SIGKILL and SIGSTOP are
            // refused, and have no handler.
            unsafe { libc::signal(number, libc::SIG_DFL) };
        }
    }
}

/// Runs `stages[0] | stages[1] | …` to the end: feeds `input` to the first stage, collects what the
/// last one writes, and reaps every stage.
///
/// The stages are started in their order. It makes no other child, and waits for no other.
/// A first stage that does not want all of the input is no error.
///
/// # Errors
/// If a stage cannot be started: those before it are killed and reaped, every descriptor is closed.
pub fn run(stages: &[Vec<CString>], input: &[u8]) -> io::Result<Outcome> {
    let mut children = Vec::new();
    let output = start(stages, &mut children).map(|(feed, collect)| exchange(feed, input, collect));
    if output.is_err() {
        for &child in &children {
            kill(child, Signal::SIGKILL)?;
        }
    }
    let endings: Vec<_> = children.into_iter().map(reap).collect();
    Ok(Outcome { output: output??, endings: endings.into_iter().collect::<io::Result<_>>()? })
}

/// Starts the stages from left to right. The ends that are ours are returned.
fn start(stages: &[Vec<CString>], children: &mut Vec<Pid>) -> io::Result<(PipeWriter, PipeReader)> {
    let (first, feed) = io::pipe()?;
    let collect = stages.iter().try_fold(first, |upstream, argv| {
        let (read_end, write_end) = io::pipe()?;
        children.push(spawn(argv, upstream.as_fd(), write_end.as_fd())?);
        io::Result::Ok(read_end)
    })?;
    Ok((feed, collect))
}

/// Collects on a thread and feeds on this one.
fn exchange(mut feed: PipeWriter, input: &[u8], mut collect: PipeReader) -> io::Result<Vec<u8>> {
    thread::scope(|scope| {
        let collector = scope.spawn(move || {
            let mut output = Vec::new();
            collect.read_to_end(&mut output).map(|_| output)
        });
        // EPIPE: the first stage wants no more.
        let _ = feed.write_all(input);
        // Else the last stage may wait for its end-of-file for ever, and the collector for it.
        drop(feed);
        collector.join().expect("reading does not panic")
    })
}

/// Waits for this one child, so that it does not remain a zombie.
fn reap(child: Pid) -> io::Result<Ending> {
    loop {
        match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, code)) => return Ok(Ending::Exited(code)),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Ending::Signalled(signal)),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}
