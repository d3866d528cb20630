//! What the tests of the reactor share: a diary that handlers write, pipes, and rounds of the loop.

#![allow(dead_code)] // not every test target uses all of it

use std::cell::RefCell;
use std::io::{self, PipeWriter, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;
use std::time::Instant;

use nix::sys::stat::fstat;
use nix::unistd::read;
use reactor::{Reactor, Token, Trigger};
use testkit::threads::Threads;

/// A reactor with nothing registered.
pub fn reactor() -> Reactor {
    Reactor::new().expect("a reactor can be made")
}

/// Runs a test's reactor on a thread of its own, with a deadline as a net.
#[track_caller]
pub fn run_within<T: Send + 'static>(
    likely: &str,
    read: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> T {
    testkit::deadline::within("the loop of this test", likely, read, body)
}

/// As [`run_within`], for a loop without timers: whoever sleeps there, with everything ready that will
/// ever be ready, sleeps for good. That is seen at once.
#[track_caller]
pub fn run_untimed<T: Send + 'static>(
    likely: &str,
    read: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> T {
    Threads::new().spawn("loop", body).join(likely, read)
}

/// What handlers write down, in the order in which they are called.
#[derive(Debug, Clone, Default)]
pub struct Diary(Rc<RefCell<Vec<String>>>);

impl Diary {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn write(&self, entry: impl Into<String>) {
        self.0.borrow_mut().push(entry.into());
    }

    pub fn count(&self) -> usize {
        self.0.borrow().len()
    }

    pub fn entries(&self) -> Vec<String> {
        self.0.borrow().clone()
    }
}

/// A pipe, and these bytes in it.
pub fn pipe_with(bytes: &[u8]) -> (OwnedFd, PipeWriter) {
    let (reader, mut writer) = io::pipe().expect("a pipe can be made");
    writer.write_all(bytes).expect("a pipe holds a few bytes");
    (reader.into(), writer)
}

/// Watches a level-triggered descriptor whose handler only writes its name down; after the tenth call
/// it removes itself, so that a wrong loop comes to its end.
pub fn watch_and_note(
    reactor: &mut Reactor,
    fd: OwnedFd,
    name: &'static str,
    diary: &Diary,
) -> Token {
    let diary = diary.clone();
    let handler = move |reactor: &mut Reactor, token: Token, _: std::os::fd::BorrowedFd<'_>| {
        diary.write(name);
        if diary.count() == 10 {
            reactor.remove(token);
        }
    };
    reactor.watch(fd, Trigger::Level, handler).expect("a pipe can be watched")
}

/// One byte of a descriptor that is readable; `-` at end-of-file.
pub fn read_one(fd: impl std::os::fd::AsFd) -> char {
    let mut byte = [0];
    match read(fd, &mut byte).expect("the descriptor is readable") {
        0 => '-',
        _ => char::from(byte[0]),
    }
}

/// Lets the loop go round a few times, then calls `then`.
///
/// A chain of timers, each due at once: a timer that a handler adds waits for the next round.
pub fn after_rounds<F: FnOnce(&mut Reactor) + 'static>(
    reactor: &mut Reactor,
    rounds: usize,
    then: F,
) {
    reactor
        .at(Instant::now(), move |reactor| match rounds {
            0 => then(reactor),
            _ => after_rounds(reactor, rounds - 1, then),
        })
        .expect("a timer can be set");
}

/// Whether the reactor's epoll instance watches the pipe or eventfd behind this descriptor: the
/// `tfd` lines of proc_pid_fdinfo(5) name each file by its inode.
pub fn kernel_watches(reactor: &Reactor, fd: &OwnedFd) -> bool {
    use std::os::fd::AsFd;
    let epoll = reactor.as_fd().as_raw_fd();
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{epoll}"))
        .expect("the epoll instance has a page in /proc");
    let inode = format!("ino:{:x}", fstat(fd).expect("an open descriptor").st_ino);
    info.lines()
        .filter(|line| line.starts_with("tfd:"))
        .any(|line| line.split_whitespace().any(|word| word == inode))
}
