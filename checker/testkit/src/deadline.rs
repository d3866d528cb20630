//! Deadlines for what waits on the world outside: sockets, timers, processes.
//!
//! A deadline is a net under a test, not a measurement: it is far longer than anything takes on a
//! busy machine.

use std::panic;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::Lesson;

/// How long anything may take before it counts as hung.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Runs `body` on a thread of its own and fails the test if it is not done within [`DEADLINE`].
#[track_caller]
pub fn within<T: Send + 'static>(
    what: &str,
    likely: &str,
    read: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> T {
    within_limit(DEADLINE, what, likely, read, body)
}

/// As [`within`], with another limit: for a body that itself waits up to [`DEADLINE`].
#[track_caller]
pub fn within_limit<T: Send + 'static>(
    limit: Duration,
    what: &str,
    likely: &str,
    read: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (send, receive) = mpsc::channel();
    let thread = thread::Builder::new()
        .name(thread::current().name().unwrap_or("test").to_owned())
        .spawn(move || send.send(body()))
        .expect("the machine lets the test start a thread");
    match receive.recv_timeout(limit) {
        Ok(value) => value,
        // The sender is gone without a word: the body panicked.
        Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => panic::resume_unwind(panic),
            Ok(_) => unreachable!("a body that returns sends its value"),
        },
        Err(mpsc::RecvTimeoutError::Timeout) => Lesson {
            expected: format!("{what} to be done"),
            seen: format!("nothing for {} s", limit.as_secs()),
            likely: likely.to_owned(),
            read: read.to_owned(),
            ..Lesson::default()
        }
        .fail(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_value_comes_back() {
        assert_eq!(super::within("adding", "-", "-", || 1 + 1), 2);
    }

    #[test]
    #[should_panic(expected = "its own words")]
    fn a_panic_comes_back() {
        super::within("failing", "-", "-", || panic!("its own words"));
    }
}
