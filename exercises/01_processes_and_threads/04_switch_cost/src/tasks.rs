//! Two async tasks on one thread. Given: you build such an executor in exercise 3.3.

use std::cell::Cell;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Polls both futures on this thread, the first one first, and each of them again whenever its
/// waker has been called, until both are ready. A panic of a task goes on to the caller.
///
/// # Errors
/// If a task is not ready, and no waker has been called: it would wait for ever.
pub fn run(first: impl Future<Output = ()>, second: impl Future<Output = ()>) -> io::Result<()> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let flags = [(); 2].map(|()| Arc::new(Flag(AtomicBool::new(true))));
    let wakers = flags.clone().map(Waker::from);
    let mut is_ready = [false; 2];
    while is_ready != [true; 2] {
        let mut polled = 0;
        for task in 0..2 {
            if is_ready[task] || !flags[task].0.swap(false, Ordering::Relaxed) {
                continue;
            }
            let _polls = Polls::begin(task);
            let mut context = Context::from_waker(&wakers[task]);
            let poll = match task {
                0 => first.as_mut().poll(&mut context),
                _ => second.as_mut().poll(&mut context),
            };
            is_ready[task] = poll == Poll::Ready(());
            polled += 1;
        }
        if polled == 0 {
            return Err(io::Error::other("a task waits, and nobody has woken it"));
        }
    }
    Ok(())
}

/// Which of the two tasks is being polled on this thread: 0 or 1.
pub fn current() -> Option<usize> {
    CURRENT.get()
}

thread_local! {
    static CURRENT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Whether the task is to be polled.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A poll lasts as long as this lives; a task may run two others.
struct Polls {
    outer: Option<usize>,
}

impl Polls {
    fn begin(task: usize) -> Self {
        Self { outer: CURRENT.replace(Some(task)) }
    }
}

impl Drop for Polls {
    fn drop(&mut self) {
        CURRENT.set(self.outer);
    }
}
