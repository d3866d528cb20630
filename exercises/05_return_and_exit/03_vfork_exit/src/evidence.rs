//! The evidence: what a host has left to be done at its exit, and who does it. Given.
//!
//! An exit handler and a word in the buffer of C's standard output wait for the host's end. Words
//! are written straight to descriptor 1, so that whoever reads the other end sees what was done
//! before the host went on, and what after.

#![allow(unsafe_code)]

use std::sync::atomic::{AtomicI32, Ordering};

/// How a guest leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// By the thin wrapper of the system call, _exit(2).
    UnderscoreExit,
    /// By the function of the C library, exit(3).
    Exit,
}

/// One of the two processes in the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The vfork child.
    Guest,
    /// Its parent.
    Host,
}

/// Which process does, and so uses up, what the host had left for its own exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aftermath {
    /// The process that runs the handlers that the host has registered with atexit(3).
    pub handlers: Who,
    /// The process that writes what the host has left in the buffers of stdio(3).
    pub buffers: Who,
}

/// The process that laid out the evidence.
static HOST: AtomicI32 = AtomicI32::new(0);

/// Registers the handler and fills the buffer.
///
/// # Panics
///
/// If the C library refuses.
pub fn lay_out() {
    HOST.store(nix::unistd::getpid().as_raw(), Ordering::Relaxed);
    // SAFETY: the format is a C string without conversions, so printf(3) reads no arguments.
    let printed = unsafe { libc::printf(c"buffer ".as_ptr()) };
    assert!(printed > 0, "printf(3) failed");
    // SAFETY: the handler is a function of this program, which is never unloaded (atexit(3)).
    let refused = unsafe { libc::atexit(handler) };
    assert!(refused == 0, "atexit(3) refused the handler");
}

/// To be called by the host when its guest has left.
pub fn host_goes_on() {
    write_now("host-goes-on ");
}

extern "C" fn handler() {
    let here = nix::unistd::getpid().as_raw();
    write_now(if here == HOST.load(Ordering::Relaxed) {
        "handler(host) "
    } else {
        "handler(guest) "
    });
}

/// Writes with write(2), past every buffer; a guest may call it.
pub fn write_now(word: &str) {
    // SAFETY: the pointer and the length are those of a live string (write(2)).
    let written = unsafe { libc::write(libc::STDOUT_FILENO, word.as_ptr().cast(), word.len()) };
    // So short a write to a pipe is never split (pipe(7)). An error could be reported to nobody.
    debug_assert_eq!(written, word.len().cast_signed());
}

impl Aftermath {
    /// The aftermath in what a host wrote that had laid out the evidence; `None` if it wrote
    /// anything else, or something twice or not at all.
    pub fn read(stdout: &str) -> Option<Self> {
        let words: Vec<&str> = stdout.split_whitespace().collect();
        let position = |word: &str| words.iter().position(|w| *w == word);
        let goes_on = position("host-goes-on")?;
        let buffers = if position("buffer")? < goes_on { Who::Guest } else { Who::Host };
        let handlers = match (position("handler(guest)"), position("handler(host)")) {
            (Some(_), None) => Who::Guest,
            (None, Some(_)) => Who::Host,
            _ => return None,
        };
        (words.len() == 3).then_some(Self { handlers, buffers })
    }
}
