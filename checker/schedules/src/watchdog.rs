//! A watchdog: an exploration runs on a thread of its own, and fails if that thread sleeps for good.

use std::panic;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use nix::unistd::gettid;
use testkit::{Lesson, threads};

use crate::Expect;

/// How often a long exploration is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Runs `explore` on a thread of its own: what an explorer keeps in thread-locals ends with it.
///
/// # Panics
///
/// With the panic of `explore`; or if its thread sleeps for good. An explorer runs all threads of a
/// scenario on one thread of the system: a lock that it does not know puts all of them to sleep.
#[track_caller]
pub fn run<T: Send + 'static>(expect: Expect, explore: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell_tid, tid) = mpsc::channel();
    let (done, ends) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        // Dropped when the exploration ends, and when it panics.
        let _done = done;
        tell_tid.send(gettid().as_raw()).expect("the test waits for this thread's id");
        explore()
    });
    let tid = tid.recv().expect("a thread says its id first");
    while ends.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        if threads::waits_in_vain(tid) {
            asleep_for_good(expect);
        }
    }
    thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
}

#[track_caller]
fn asleep_for_good(expect: Expect) -> ! {
    Lesson {
        expected: expect.expected.to_owned(),
        seen: "a thread sleeps in a lock that is not of crate::sync, and the others with it".to_owned(),
        likely: "a Mutex, Condvar or thread of `std`: write `use crate::sync` instead of `use std::sync`, \
                 so that this test can choose who runs next"
            .to_owned(),
        read: "README, the task".to_owned(),
        ..Lesson::default()
    }
    .fail()
}
