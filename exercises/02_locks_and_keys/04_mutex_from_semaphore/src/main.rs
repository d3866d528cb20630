//! The experiment: what the two mutexes know of whoever has them.

use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use mutex_from_semaphore::{Acquired, CheckedMutex, NotOwner, SemaphoreMutex, WouldDeadlock};
use testkit::threads::Threads;

const WORKERS: u32 = 4;
const ROUNDS: u32 = 1000;

fn main() {
    println!("{WORKERS} workers count {ROUNDS} tools each");
    let mutex = SemaphoreMutex::new();
    let counted = count(|| mutex.lock(), || mutex.unlock());
    println!("  semaphore: {counted}");
    let mutex = CheckedMutex::new();
    let counted = count(|| drop(mutex.lock()), || drop(mutex.unlock()));
    println!("  owner:     {counted}");

    println!("a worker inside, and a stranger unlocks");
    let mutex = Arc::new(SemaphoreMutex::new());
    mutex.lock();
    at_once(&mutex, |mutex| mutex.unlock());
    let second = at_once(&mutex, |mutex| mutex.try_lock());
    println!("  semaphore: a second one {}", if second { "comes in" } else { "is refused" });
    let mutex = Arc::new(CheckedMutex::new());
    let _ = mutex.lock();
    let answer = match at_once(&mutex, |mutex| mutex.unlock()) {
        Ok(()) => "it is free",
        Err(NotOwner) => "refused, NotOwner",
    };
    println!("  owner:     {answer}");

    println!("a worker locks, and locks again");
    let mutex = Arc::new(SemaphoreMutex::new());
    println!("  semaphore: {}", lock_twice(&mutex));
    let mutex = CheckedMutex::new();
    let _ = mutex.lock();
    let answer = match mutex.lock() {
        Ok(_) => "it has it twice",
        Err(WouldDeadlock) => "refused, WouldDeadlock",
    };
    println!("  owner:     {answer}");

    println!("a worker panics inside, and the next one locks");
    let mutex = Arc::new(SemaphoreMutex::new());
    panic_inside(&mutex, |mutex| mutex.lock(), |mutex| mutex.unlock());
    println!("  semaphore: {}", if mutex.try_lock() { "it is told nothing" } else { "refused" });
    let mutex = Arc::new(CheckedMutex::new());
    panic_inside(&mutex, |mutex| drop(mutex.lock()), |mutex| drop(mutex.unlock()));
    let answer = match mutex.try_lock() {
        Some(Acquired::Poisoned) => "it is told, Poisoned",
        Some(Acquired::Clean) => "it is told that all is well",
        None => "refused",
    };
    println!("  owner:     {answer}");
}

/// All workers count on one number, which a second one inside would spoil.
fn count(lock: impl Fn() + Sync, unlock: impl Fn() + Sync) -> u32 {
    let tools = AtomicU32::new(0);
    thread::scope(|workshop| {
        for _ in 0..WORKERS {
            workshop.spawn(|| {
                for _ in 0..ROUNDS {
                    lock();
                    tools.store(tools.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                    unlock();
                }
            });
        }
    });
    tools.into_inner()
}

/// What another thread is answered.
fn at_once<M, T>(mutex: &Arc<M>, call: fn(&M) -> T) -> T
where
    M: Send + Sync + 'static,
    T: Send + 'static,
{
    let mutex = Arc::clone(mutex);
    Threads::new()
        .spawn("other", move || call(&mutex))
        .join("none of these calls waits", "the stub")
}

/// What becomes of a thread that locks twice.
fn lock_twice(mutex: &Arc<SemaphoreMutex>) -> &'static str {
    let threads = Threads::new();
    let holder = threads.spawn("holder", {
        let mutex = Arc::clone(mutex);
        move || {
            mutex.lock();
            mutex.lock();
        }
    });
    threads.settle();
    if holder.is_finished() {
        return "it has it twice";
    }
    mutex.unlock();
    holder.join("`unlock` lets nobody in", "hint 1");
    "it sleeps, until a stranger unlocks"
}

/// A thread whose panic unwinds through what it holds.
fn panic_inside<M: Send + Sync + 'static>(mutex: &Arc<M>, lock: fn(&M), unlock: fn(&M)) {
    struct Held<M>(Arc<M>, fn(&M));

    impl<M> Drop for Held<M> {
        fn drop(&mut self) {
            (self.1)(&self.0);
        }
    }

    let mutex = Arc::clone(mutex);
    let holder = thread::spawn(move || {
        lock(&mutex);
        let _held = Held(mutex, unlock);
        panic::resume_unwind(Box::new("a worker that drops everything"));
    });
    assert!(holder.join().is_err(), "the worker has panicked");
}
