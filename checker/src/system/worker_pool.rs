//! Several items at once, their results in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError, mpsc};
use std::thread;

use crate::Error;

/// How many exercises are worked on at a time.
///
/// cargo lets one build at a time into a build directory; while one exercise is built, the tests of others run,
/// and the deadlines of those that hang pass.
pub(crate) fn worker_count() -> usize {
    cores() + 1
}

/// How many candidates are worked on at a time where some of them wait for a deadline to pass.
pub(crate) fn worker_count_beside_deadlines() -> usize {
    cores() * 4
}

/// How many threads can run at a time.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// So many may do something at a time; who comes later waits.
pub(crate) struct Semaphore {
    free: Mutex<usize>,
    given_back: Condvar,
}

/// Somebody's turn, until it is dropped.
pub(crate) struct Permit<'a>(&'a Semaphore);

impl Semaphore {
    pub(crate) fn new(count: usize) -> Self {
        Self { free: Mutex::new(count), given_back: Condvar::new() }
    }

    pub(crate) fn take(&self) -> Permit<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.given_back.wait_while(free, |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Permit(self)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.given_back.notify_one();
    }
}

/// Works on several items, `workers` at a time, and takes the results in the order of the items.
pub(crate) fn in_parallel<'a, T: Sync, R: Send>(
    workers: usize,
    items: &'a [T],
    work: impl Fn(&'a T) -> Result<R, Error> + Sync,
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

/// Something to work on.
pub(crate) struct Item<T> {
    pub(crate) what: T,
    /// The items, by their place in the list, that have to be done before.
    pub(crate) needs: Vec<usize>,
}

/// Works on items, `workers` at a time: always the first one in the list whose needs are done. `take` is given each
/// result with the item's place, as they come, and says whether it counts as done. Once one does not, nothing new is
/// begun.
pub(crate) fn in_order_of_needs<T: Sync, R: Send>(
    workers: usize,
    items: &[Item<T>],
    work: impl Fn(&T) -> Result<R, Error> + Sync,
    mut take: impl FnMut(usize, R) -> bool,
) -> Result<(), Error> {
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        let mut begun = vec![false; items.len()];
        let mut done = vec![false; items.len()];
        let (mut running, mut goes_on, mut error) = (0, true, None);
        loop {
            while goes_on && running < workers {
                let can_begin = |&place: &usize| {
                    !begun[place] && items[place].needs.iter().all(|need| done[*need])
                };
                let Some(place) = (0..items.len()).find(can_begin) else { break };
                begun[place] = true;
                running += 1;
                let (send, work) = (send.clone(), &work);
                scope.spawn(move || {
                    let result = work(&items[place].what);
                    send.send((place, result)).expect("results are awaited to the last");
                });
            }
            if running == 0 {
                return error.map_or(Ok(()), Err);
            }
            let (place, result) = receive.recv().expect("somebody works");
            running -= 1;
            match result {
                Ok(result) => done[place] = take(place, result),
                Err(cause) => error = error.or(Some(cause)),
            }
            goes_on &= done[place];
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(what: usize, needs: &[usize]) -> Item<usize> {
        Item { what, needs: needs.to_vec() }
    }

    /// The order in which items are begun by one worker; `fails` counts as not done.
    fn order(items: &[Item<usize>], fails: Option<usize>) -> Vec<usize> {
        let begun = Mutex::new(Vec::new());
        let work = |what: &usize| {
            begun.lock().unwrap().push(*what);
            Ok(())
        };
        in_order_of_needs(1, items, work, |place, ()| Some(items[place].what) != fails).unwrap();
        begun.into_inner().unwrap()
    }

    #[test]
    fn the_first_item_whose_needs_are_done_is_begun_first() {
        let items = [item(0, &[3]), item(1, &[]), item(2, &[1, 0]), item(3, &[])];
        assert_eq!(order(&items, None), [1, 3, 0, 2]);
    }

    #[test]
    fn after_one_that_does_not_count_nothing_is_begun() {
        let items = [item(0, &[]), item(1, &[]), item(2, &[1])];
        assert_eq!(order(&items, Some(1)), [0, 1]);
    }

    #[test]
    fn an_error_is_handed_on_after_the_others_have_ended() {
        let items = [item(0, &[]), item(1, &[]), item(2, &[0])];
        let both = std::sync::Barrier::new(2);
        let mut taken = Vec::new();
        let work = |what: &usize| {
            both.wait();
            if *what == 0 { Err(Error::Interrupted) } else { Ok(*what) }
        };
        let result = in_order_of_needs(2, &items, work, |_, what| {
            taken.push(what);
            true
        });
        assert!(matches!(result, Err(Error::Interrupted)));
        assert_eq!(taken, [1]);
    }
}
