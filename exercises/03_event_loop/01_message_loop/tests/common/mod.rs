//! What the tests of the loop share: a diary that handlers write, pipes, and a watch over a loop that hangs.

#![allow(dead_code)] // not every test target uses all of it

use std::any::Any;
use std::cell::RefCell;
use std::io::{self, PipeWriter, Write};
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use message_loop::Loop;
use nix::unistd::gettid;
use testkit::Lesson;
use testkit::deadline::DEADLINE;
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
    let (send, tid) = mpsc::channel();
    let thread = thread::spawn(move || {
        send.send(gettid().as_raw()).expect("the test waits for this number");
        body()
    });
    let (tid, began) = (tid.recv().expect("a thread says what it is first"), Instant::now());
    while !thread.is_finished() {
        let asleep = waits_in_vain(tid) && !thread.is_finished();
        if asleep || began.elapsed() > DEADLINE {
            let seen = match asleep {
                true => "all threads asleep: nothing is left that could wake one".to_owned(),
                false => format!("nothing for {} s", DEADLINE.as_secs()),
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
        thread::sleep(Duration::from_micros(200));
    }
    match thread.join() {
        Ok(value) => value,
        Err(panic) => resume_unwind(panic),
    }
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
