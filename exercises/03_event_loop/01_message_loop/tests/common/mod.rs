//! What the tests of the loop share: a diary that handlers write, pipes, and a watch over a loop that hangs.

#![allow(dead_code)] // not every test target uses all of it

use std::any::Any;
use std::cell::RefCell;
use std::io::{self, PipeWriter, Write};
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use message_loop::Loop;
use nix::unistd::{getpid, gettid};
use testkit::Lesson;
use testkit::deadline::DEADLINE;
use testkit::quiescence::{
    Quiescence, await_quiescence_of_other_threads, await_quiescence_of_thread,
};
use testkit::threads::waits_in_vain;

/// A loop that nothing can come to.
pub fn new_loop() -> Loop {
    Loop::new().expect("a loop can be made")
}

/// Runs a test's loop on a thread of its own. If all threads of this process sleep before it has returned,
/// nothing will end it any more: that is the lesson. For loops without deadlines to come.
#[track_caller]
pub fn run_untimed<T: Send + 'static>(
    likely: &str,
    read: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> T {
    Clerk::start(body).join(likely, read)
}

/// A thread with a loop. `Threads` of the testkit would not do: a message thread is none of theirs.
pub struct Clerk<T> {
    tid: i32,
    thread: JoinHandle<T>,
}

/// What a thread with a loop has come to when every other thread sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// It sleeps until something comes.
    Asleep,
    /// It looks again and again, or sleeps by the clock in between.
    Restless,
    Returned,
}

impl<T: Send + 'static> Clerk<T> {
    pub fn start(body: impl FnOnce() -> T + Send + 'static) -> Self {
        let (send, tid) = mpsc::channel();
        let thread = thread::spawn(move || {
            send.send(gettid().as_raw()).expect("the test waits for this number");
            body()
        });
        Self { tid: tid.recv().expect("a thread says what it is first"), thread }
    }

    /// Waits until nobody is on the way to anywhere.
    pub fn settle(&self) -> Rest {
        if !await_rest() {
            return Rest::Restless;
        }
        let found = await_quiescence_of_thread(getpid().as_raw(), self.tid);
        match found {
            Quiescence::Ended => Rest::Returned,
            Quiescence::Asleep if self.thread.is_finished() => Rest::Returned,
            Quiescence::Asleep => Rest::Asleep,
            _ => Rest::Restless,
        }
    }

    /// Its result. A loop that hangs is the lesson.
    #[track_caller]
    pub fn join(self, likely: &str, read: &str) -> T {
        let began = Instant::now();
        while !self.thread.is_finished() {
            let asleep = waits_in_vain(self.tid) && !self.thread.is_finished();
            if asleep || began.elapsed() > DEADLINE {
                let seen = if asleep {
                    "all threads asleep: nothing is left that could wake one".to_owned()
                } else {
                    format!("nothing for {} s", DEADLINE.as_secs())
                };
                Lesson {
                    expected: "the loop of this test to come to its end".to_owned(),
                    seen,
                    likely: likely.to_owned(),
                    read: read.to_owned(),
                    ..Lesson::default()
                }
                .fail();
            }
            thread::park_timeout(Duration::from_micros(200));
        }
        match self.thread.join() {
            Ok(value) => value,
            Err(panic) => resume_unwind(panic),
        }
    }
}

/// Waits until all other threads of this process sleep, the message thread among them. One test at a time: two that
/// wait for each other's rest would find none. False if one looks again and again.
pub fn await_rest() -> bool {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    await_quiescence_of_other_threads();
    let pid = getpid().as_raw();
    let others =
        testkit::procfs::thread_ids(pid).into_iter().filter(|tid| *tid != gettid().as_raw());
    others
        .map(|tid| await_quiescence_of_thread(pid, tid))
        .all(|found| found != Quiescence::Spinning)
}

/// As [`run_untimed`], for a loop that waits for a deadline to come.
#[track_caller]
pub fn run_within<T: Send + 'static>(
    likely: &str,
    read: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> T {
    testkit::deadline::within("the loop of this test", likely, read, body)
}

/// Runs the loop to its end, which is no error.
pub fn run(event_loop: Loop) {
    event_loop.run().expect("nothing here fails");
}

/// What ends a loop that would wait on: a panic that no hook hears of.
pub fn panic_on_purpose() -> ! {
    resume_unwind(Box::new("on purpose"))
}

/// Runs the loop until a handler panics; what it panicked with.
pub fn run_until_panic(event_loop: Loop) -> Option<Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(|| run(event_loop))).err()
}

/// What handlers write down, in the order in which they are called.
#[derive(Debug, Clone, Default)]
pub struct Diary(Rc<RefCell<Vec<String>>>);

impl Diary {
    pub fn write(&self, entry: impl Into<String>) {
        self.0.borrow_mut().push(entry.into());
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

/// A call of a data handler in words: the bytes as text, `end` or the error.
pub fn told(piece: io::Result<Vec<u8>>) -> String {
    match piece {
        Ok(bytes) if bytes.is_empty() => "end".to_owned(),
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("error {:?}", error.raw_os_error()),
    }
}

/// Calls a closure when it is dropped.
pub struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    pub fn new(call: F) -> Self {
        Self(Some(call))
    }
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(call) = self.0.take() {
            call();
        }
    }
}
