//! Several items at once, their results in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::Error;

/// How many exercises are worked on at a time.
///
/// cargo lets one build at a time into a slot; while one exercise is built, the tests of others run,
/// and the deadlines of those that hang pass.
pub(super) fn at_once() -> usize {
    thread::available_parallelism().map_or(2, |cores| cores.get() + 1)
}

/// Works on several items, `workers` at a time, and takes the results in the order of the items.
pub(super) fn in_parallel<T: Sync, R: Send>(
    workers: usize,
    items: &[T],
    work: impl Fn(&T) -> Result<R, Error> + Sync,
    mut take: impl FnMut(R),
) -> Result<(), Error> {
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..workers.min(items.len()) {
            let (send, work, next) = (send.clone(), &work, &next);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { return };
                    let result = work(item);
                    if result.is_err() {
                        next.store(items.len(), Ordering::Relaxed);
                    }
                    send.send((index, result)).expect("results are awaited to the last");
                }
            });
        }
        drop(send);
        let mut taken = 0;
        let mut early = BTreeMap::new();
        let mut error = None;
        for (index, result) in receive {
            match result {
                Ok(result) => drop(early.insert(index, result)),
                Err(cause) => error = error.or(Some(cause)),
            }
            while let Some(result) = early.remove(&taken) {
                take(result);
                taken += 1;
            }
        }
        error.map_or(Ok(()), Err)
    })
}
