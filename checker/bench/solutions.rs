//! The reference solutions beside the standard library's and others': `make bench-solutions`.
//!
//! The contenders of a case take turns, round by round, so noise of the machine hits all of them. What is told
//! is the median of a contender's rounds, in wall-clock time divided by the operations of all threads.

use std::collections::BTreeSet;
use std::hint::{self, black_box};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// A round lasts long enough that its start and its end do not count.
const ROUND: Duration = Duration::from_millis(50);
const CAPACITY: usize = 64;

/// Does so many operations, and tells how long they took.
type Run = Box<dyn Fn(u64) -> Duration>;

struct Case {
    exercise: &'static str,
    what: String,
    reference: Run,
    std: Run,
    other: Run,
    other_is: &'static str,
}

fn main() {
    let only: BTreeSet<String> = std::env::args().skip(1).collect();
    let rounds = std::env::var("ROUNDS").map_or(21, |it| it.parse().expect("ROUNDS is a number"));
    println!(
        "nanoseconds per operation, median of {rounds} rounds in turns; then the reference's as a multiple"
    );
    println!();
    println!(
        "{:<15} {:<32} {:>9} {:>9} {:>9}  {:>7} {:>8}",
        "", "", "reference", "std", "other", "of std", "of other"
    );
    for case in cases() {
        if !only.is_empty() && !only.contains(case.exercise) {
            continue;
        }
        let [reference, std, other] = measure([&case.reference, &case.std, &case.other], rounds);
        println!(
            "{:<15} {:<32} {reference:>9.1} {std:>9.1} {other:>9.1}  {:>7.2} {:>8.2} ({})",
            case.exercise,
            case.what,
            reference / std,
            reference / other,
            case.other_is
        );
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for threads in [1, 2, 4] {
        cases.push(mutexes(threads));
    }
    for (threads, permits) in [(1, 1), (2, 1), (4, 2)] {
        cases.push(semaphores(threads, permits));
    }
    cases.push(buffers_of_one_thread());
    for producers in [1, 3] {
        cases.push(buffers(producers));
    }
    // One operation in so many is a write.
    for (threads, what, every) in [
        (1, "reads", u64::MAX),
        (1, "writes", 1),
        (2, "reads", u64::MAX),
        (4, "reads", u64::MAX),
        (2, "one write in ten", 10),
        (4, "one write in ten", 10),
    ] {
        cases.push(rwlocks(threads, what, every));
    }
    cases
}

fn on(threads: usize) -> String {
    if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") }
}

fn mutexes(threads: usize) -> Case {
    Case {
        exercise: "mutex",
        what: format!("{}, lock and unlock", on(threads)),
        reference: Box::new(move |times| {
            let lock = mutex::Mutex::new(0);
            on_all(threads, times, |_| *black_box(&lock).lock() += 1)
        }),
        std: Box::new(move |times| {
            let lock = std::sync::Mutex::new(0);
            on_all(threads, times, |_| *black_box(&lock).lock().unwrap() += 1)
        }),
        other: Box::new(move |times| {
            let lock = parking_lot::Mutex::new(0);
            on_all(threads, times, |_| *black_box(&lock).lock() += 1)
        }),
        other_is: "parking_lot",
    }
}

fn semaphores(threads: usize, permits: usize) -> Case {
    let many = if permits == 1 { "permit" } else { "permits" };
    Case {
        exercise: "semaphore",
        what: format!("{}, {permits} {many}", on(threads)),
        reference: Box::new(move |times| {
            let semaphore = semaphore::Semaphore::new(permits);
            on_all(threads, times, |_| drop(black_box(semaphore.acquire())))
        }),
        std: Box::new(move |times| {
            let semaphore = OfStd::new(permits);
            on_all(threads, times, |_| {
                black_box(&semaphore).acquire();
                black_box(&semaphore).release();
            })
        }),
        other: Box::new(move |times| {
            let semaphore = tokio::sync::Semaphore::new(permits);
            on_all(threads, times, |_| drop(black_box(wait_for(semaphore.acquire()).unwrap())))
        }),
        other_is: "tokio",
    }
}

fn buffers_of_one_thread() -> Case {
    Case {
        exercise: "bounded_buffer",
        what: "1 thread, push and pop".to_owned(),
        reference: Box::new(|times| {
            let buffer = bounded_buffer::BoundedBuffer::new(CAPACITY);
            on_all(1, times, |item| {
                buffer.push(item).unwrap();
                black_box(buffer.pop());
            })
        }),
        std: Box::new(|times| {
            let (sender, receiver) = std::sync::mpsc::sync_channel(CAPACITY);
            together(vec![move || {
                for item in 0..times {
                    sender.send(item).unwrap();
                    black_box(receiver.recv().unwrap());
                }
            }])
        }),
        other: Box::new(|times| {
            let (sender, receiver) = crossbeam_channel::bounded(CAPACITY);
            on_all(1, times, |item| {
                sender.send(item).unwrap();
                black_box(receiver.recv().unwrap());
            })
        }),
        other_is: "crossbeam",
    }
}

/// One consumer, because std's channel has one.
fn buffers(producers: usize) -> Case {
    let many = if producers == 1 { "producer" } else { "producers" };
    Case {
        exercise: "bounded_buffer",
        what: format!("{}, {producers} {many}", on(producers + 1)),
        reference: Box::new(move |times| {
            let buffer = &bounded_buffer::BoundedBuffer::new(CAPACITY);
            let push = move |item| buffer.push(item).unwrap();
            pass(vec![push; producers], move || buffer.pop().unwrap(), times)
        }),
        std: Box::new(move |times| {
            let (sender, receiver) = std::sync::mpsc::sync_channel(CAPACITY);
            let push = move |item| sender.send(item).unwrap();
            pass(vec![push; producers], move || receiver.recv().unwrap(), times)
        }),
        other: Box::new(move |times| {
            let (sender, receiver) = crossbeam_channel::bounded(CAPACITY);
            let push = move |item| sender.send(item).unwrap();
            pass(vec![push; producers], move || receiver.recv().unwrap(), times)
        }),
        other_is: "crossbeam",
    }
}

fn rwlocks(threads: usize, what: &str, every: u64) -> Case {
    let is_write = move |number: u64| number % every == every - 1;
    Case {
        exercise: "rwlock",
        what: format!("{}, {what}", on(threads)),
        reference: Box::new(move |times| {
            let lock = rwlock::RwLock::new(0);
            on_all(threads, times, |number| {
                if is_write(number) {
                    *black_box(&lock).write() += 1;
                } else {
                    black_box(*black_box(&lock).read());
                }
            })
        }),
        std: Box::new(move |times| {
            let lock = std::sync::RwLock::new(0);
            on_all(threads, times, |number| {
                if is_write(number) {
                    *black_box(&lock).write().unwrap() += 1;
                } else {
                    black_box(*black_box(&lock).read().unwrap());
                }
            })
        }),
        other: Box::new(move |times| {
            let lock = parking_lot::RwLock::new(0);
            on_all(threads, times, |number| {
                if is_write(number) {
                    *black_box(&lock).write() += 1;
                } else {
                    black_box(*black_box(&lock).read());
                }
            })
        }),
        other_is: "parking_lot",
    }
}

/// std has no semaphore; this is the least that one on its mutex and condition variable costs, for it notifies
/// only if somebody waits.
struct OfStd {
    desk: std::sync::Mutex<Desk>,
    returned: std::sync::Condvar,
}

struct Desk {
    permits: usize,
    waiting: usize,
}

impl OfStd {
    fn new(permits: usize) -> Self {
        Self { desk: Desk { permits, waiting: 0 }.into(), returned: std::sync::Condvar::new() }
    }

    fn acquire(&self) {
        let mut desk = self.desk.lock().unwrap();
        while desk.permits == 0 {
            desk.waiting += 1;
            desk = self.returned.wait(desk).unwrap();
            desk.waiting -= 1;
        }
        desk.permits -= 1;
    }

    fn release(&self) {
        let mut desk = self.desk.lock().unwrap();
        desk.permits += 1;
        let somebody_waits = desk.waiting > 0;
        drop(desk);
        if somebody_waits {
            self.returned.notify_one();
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The value of a future, on this thread, which sleeps until it is there.
fn wait_for<F: Future>(future: F) -> F::Output {
    thread_local!(static WAKER: Waker = Arc::new(Unpark(thread::current())).into());
    let mut future = pin!(future);
    WAKER.with(|waker| {
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(waker)) {
                return value;
            }
            thread::park();
        }
    })
}

/// `times` operations, shared out to so many threads; each is told the number of its operation.
fn on_all(threads: usize, times: u64, one: impl Fn(u64) + Sync) -> Duration {
    let (one, share) = (&one, times / threads as u64);
    together(vec![move || (0..share).for_each(one); threads])
}

/// `times` items from the producers to one consumer.
fn pass<P, C>(producers: Vec<P>, consumer: C, times: u64) -> Duration
where
    P: Fn(u64) + Send,
    C: Fn() -> u64 + Send,
{
    let share = times / producers.len() as u64;
    let all = share * producers.len() as u64;
    let mut work: Vec<Box<dyn FnOnce() + Send + '_>> = vec![Box::new(move || {
        for _ in 0..all {
            black_box(consumer());
        }
    })];
    for push in producers {
        work.push(Box::new(move || (0..share).for_each(push)));
    }
    together(work)
}

/// From when the first of the threads begins until the last one is done; starting them does not count.
fn together<W: FnOnce() + Send>(work: Vec<W>) -> Duration {
    let missing = &AtomicUsize::new(work.len());
    thread::scope(|scope| {
        let start = |work: W| {
            scope.spawn(move || {
                // Busy until all are there: threads that sleep at a barrier are woken on one core, and do their
                // work one after the other while the next core is idle.
                missing.fetch_sub(1, Ordering::AcqRel);
                while missing.load(Ordering::Acquire) > 0 {
                    hint::spin_loop();
                }
                let begin = Instant::now();
                work();
                (begin, Instant::now())
            })
        };
        let threads: Vec<_> = work.into_iter().map(start).collect();
        let times: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let begin = times.iter().map(|it| it.0).min().unwrap();
        times.iter().map(|it| it.1).max().unwrap() - begin
    })
}

/// The median of each, in nanoseconds per operation.
fn measure<const N: usize>(contenders: [&Run; N], rounds: usize) -> [f64; N] {
    let times = contenders.map(operations_of_a_round);
    let mut seen: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    for round in 0..rounds {
        // Another one begins each time: what a turn leaves behind does not always hit the same neighbour.
        for turn in 0..N {
            let which = (round + turn) % N;
            let took = contenders[which](times[which]);
            seen[which].push(took.as_nanos() as f64 / times[which] as f64);
        }
    }
    seen.map(|mut all| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    })
}

/// How many operations fill a round; it warms up, too.
fn operations_of_a_round(run: &Run) -> u64 {
    let mut times = 1200;
    loop {
        let took = run(times);
        if took * 4 > ROUND {
            return (times as f64 * ROUND.as_secs_f64() / took.as_secs_f64()) as u64 / 12 * 12 + 12;
        }
        times *= 2;
    }
}
