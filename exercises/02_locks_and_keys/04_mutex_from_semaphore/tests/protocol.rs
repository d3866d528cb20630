//! What holds in every schedule.
//!
//! `src/mutexes.rs` and its semaphore are compiled here with a `crate::sync` in which a thread may be
//! interrupted before each of its steps, and in which a wait may wake up for no reason. Scenarios are run under
//! thousands of schedules; one that fails is shown.

#[allow(dead_code)]
#[path = "../src/answer.rs"]
mod answer;
#[allow(dead_code)]
#[path = "../src/mutexes.rs"]
mod mutexes;
#[allow(dead_code)]
#[path = "../src/semaphore.rs"]
mod semaphore;

#[allow(unused_imports)]
mod sync {
    pub use schedules::shuttle::sync::*;
}

use std::sync::Arc;

use answer::{Acquired, NotOwner, WouldDeadlock};
use mutexes::{CheckedMutex, SemaphoreMutex};
use rstest::rstest;
use schedules::shuttle::{explore, explore_programs, unwind_through};
use schedules::{Expect, Explains, Operation, Trial};
use sync::UnsafeCell;
use sync::thread::{JoinHandle, spawn_as, yield_now};

/// A thread that does one thing with a mutex.
fn thread<M: Send + Sync + 'static, T: Send + 'static>(
    name: &str,
    mutex: &Arc<M>,
    body: impl FnOnce(&M) -> T + Send + 'static,
) -> JoinHandle<T> {
    let mutex = Arc::clone(mutex);
    spawn_as(name, move || body(&mutex))
}

// The semaphore.

fn semaphore_lock(mutex: &SemaphoreMutex) -> bool {
    mutex.lock();
    true
}

#[rstest]
#[case::by_lock_and_lock(semaphore_lock, semaphore_lock)]
#[case::by_lock_and_try_lock(semaphore_lock, SemaphoreMutex::try_lock)]
#[case::by_try_lock_and_try_lock(SemaphoreMutex::try_lock, SemaphoreMutex::try_lock)]
fn one_permit_lets_one_thread_in(
    #[case] first: fn(&SemaphoreMutex) -> bool,
    #[case] second: fn(&SemaphoreMutex) -> bool,
) {
    let expect = Expect {
        expected: "one thread at a time between lock and unlock, and the other one after it",
        likely: "the semaphore has another number of permits than 1, or a call does not take one, or does not give it back",
        explains: Explains::AllThatIsStuck,
        read: "README, the claim",
    };
    explore(expect, move || {
        let mutex = Arc::new(SemaphoreMutex::new());
        let room = Arc::new(UnsafeCell::new(0));
        let threads = [("T1", first), ("T2", second)].map(|(name, take)| {
            let room = Arc::clone(&room);
            thread(name, &mutex, move |mutex| {
                if take(mutex) {
                    room.set(room.get() + 1);
                    mutex.unlock();
                }
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(mutex.try_lock(), "try_lock refused a lock that all have left");
    });
}

#[test]
fn of_two_tries_one_gets_in_and_neither_waits() {
    let expect = Expect {
        expected: "one of two try_locks to return true, the other one false, and neither to wait",
        likely: "`available` is asked first and `acquire` called then: the other thread took the permit in between",
        explains: Explains::AllThatIsStuck,
        read: "src/semaphore.rs",
    };
    explore(expect, || {
        let mutex = Arc::new(SemaphoreMutex::new());
        let tries = ["T1", "T2"].map(|name| thread(name, &mutex, SemaphoreMutex::try_lock));
        let taken = tries.map(|thread| thread.join().unwrap());
        assert!(taken[0] != taken[1], "the try_locks returned {taken:?}");
    });
}

#[test]
fn a_stranger_lets_in_who_waits_for_a_permit() {
    let expect = Expect {
        expected: "the unlock of a thread that has not locked to let in the one that waits: a semaphore asks nobody",
        likely: "`unlock` looks who has the lock, or whether anybody has it",
        explains: Explains::AllThatIsStuck,
        read: "README, the task",
    };
    explore(expect, || {
        let mutex = Arc::new(SemaphoreMutex::new());
        mutex.lock();
        let waiter = thread("waiter", &mutex, SemaphoreMutex::lock);
        let stranger = thread("stranger", &mutex, SemaphoreMutex::unlock);
        waiter.join().unwrap();
        stranger.join().unwrap();
        assert!(!mutex.try_lock(), "try_lock took a lock that the waiter has");
        mutex.unlock();
        assert!(mutex.try_lock(), "try_lock refused a lock that was unlocked");
    });
}

// The owner.

/// How a thread gets in: what it is told, and whether it is in at all.
type Take = fn(&CheckedMutex) -> Option<Acquired>;

fn by_lock(mutex: &CheckedMutex) -> Option<Acquired> {
    let acquired = mutex.lock();
    assert!(acquired.is_ok(), "lock returned WouldDeadlock, and the caller was outside");
    acquired.ok()
}

/// Unlocks, as the owner.
fn unlock(mutex: &CheckedMutex) {
    assert!(mutex.unlock().is_ok(), "unlock returned NotOwner to the owner");
}

fn lock_and_unlock(mutex: &CheckedMutex) {
    by_lock(mutex);
    unlock(mutex);
}

#[rstest]
#[case::by_lock_and_lock(by_lock, by_lock)]
#[case::by_lock_and_try_lock(by_lock, CheckedMutex::try_lock)]
#[case::by_try_lock_and_try_lock(CheckedMutex::try_lock, CheckedMutex::try_lock)]
fn one_owner_at_a_time_is_inside_and_unlocks(#[case] first: Take, #[case] second: Take) {
    let expect = Expect {
        expected: "one thread at a time to be inside, and its unlock to be the owner's",
        likely: "the owner is struck out after the permit is back, when it is the next one's; or noted before the permit is there; or the check and the taking are two operations",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, move || {
        let mutex = Arc::new(CheckedMutex::new());
        let room = Arc::new(UnsafeCell::new(0));
        let threads = [("T1", first), ("T2", second)].map(|(name, take)| {
            let room = Arc::clone(&room);
            thread(name, &mutex, move |mutex| {
                if take(mutex).is_some() {
                    room.set(room.get() + 1);
                    unlock(mutex);
                }
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(mutex.try_lock().is_some(), "try_lock refused a lock that all have left");
    });
}

#[test]
fn who_waits_gets_in_when_the_owner_leaves() {
    let expect = Expect {
        expected: "each of three threads to get in when the one before it has left",
        likely: "a thread that waits holds what the owner needs to unlock: the small lock around the owner's name; or nobody wakes the one that waits",
        explains: Explains::AllThatIsStuck,
        read: "hint 3",
    };
    explore(expect, || {
        let mutex = Arc::new(CheckedMutex::new());
        let threads = ["T1", "T2", "T3"].map(|name| thread(name, &mutex, lock_and_unlock));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(mutex.try_lock().is_some(), "try_lock refused a lock that all have left");
    });
}

#[test]
fn of_two_tries_one_becomes_the_owner_and_neither_waits() {
    let expect = Expect {
        expected: "one of two try_locks to take the lock, the other one to return None, and neither to wait",
        likely: "whether the lock is free is asked first, and it is taken then: the other thread took it in between",
        explains: Explains::AllThatIsStuck,
        read: "README, the task",
    };
    explore(expect, || {
        let mutex = Arc::new(CheckedMutex::new());
        let tries = ["T1", "T2"].map(|name| {
            thread(name, &mutex, |mutex| {
                let taken = mutex.try_lock().is_some();
                // The lock is not free again before the other one has tried.
                (taken, taken && mutex.lock() == Err(WouldDeadlock))
            })
        });
        let answers = tries.map(|thread| thread.join().unwrap());
        let owners = answers.iter().filter(|&&answer| answer == (true, true)).count();
        let refused = answers.iter().filter(|&&answer| answer == (false, false)).count();
        assert!((owners, refused) == (1, 1), "{owners} became owners, {refused} were refused");
    });
}

#[test]
fn a_stranger_is_refused_at_whatever_moment_it_comes() {
    let expect = Expect {
        expected: "unlock and clear_poison to return NotOwner to a thread that is outside, while others come and go",
        likely: "who the owner is is asked first, and what follows is done for whoever is the owner by then",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, || {
        let mutex = Arc::new(CheckedMutex::new());
        let room = Arc::new(UnsafeCell::new(0));
        for name in ["T1", "T2"] {
            let room = Arc::clone(&room);
            thread(name, &mutex, move |mutex| {
                by_lock(mutex);
                room.set(room.get() + 1);
                unlock(mutex);
            });
        }
        thread("stranger", &mutex, |mutex| {
            assert!(mutex.unlock() == Err(NotOwner), "a stranger's unlock was not refused");
            assert!(mutex.clear_poison() == Err(NotOwner), "a stranger may clear the poison");
        });
    });
}

#[test]
fn who_has_left_is_outside_at_once() {
    let expect = Expect {
        expected: "a thread that has left to be refused its second unlock, whoever is inside by then",
        likely: "the owner is not struck out by `unlock`, or after the permit is back",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, || {
        let mutex = Arc::new(CheckedMutex::new());
        let room = Arc::new(UnsafeCell::new(0));
        for name in ["T1", "T2"] {
            let room = Arc::clone(&room);
            thread(name, &mutex, move |mutex| {
                by_lock(mutex);
                room.set(room.get() + 1);
                unlock(mutex);
                assert!(mutex.unlock() == Err(NotOwner), "a second unlock was not refused");
            });
        }
    });
}

// The panic.

/// Does something when it is dropped, also while a panic unwinds.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn panic_inside(mutex: &Arc<CheckedMutex>) {
    by_lock(mutex);
    let held = Arc::clone(mutex);
    unwind_through(OnDrop(move || unlock(&held)));
}

#[rstest]
#[case::calmly(|mutex: &CheckedMutex| mutex.lock())]
#[case::in_a_panic_of_its_own(|mutex: &CheckedMutex| {
    let mut told = Err(WouldDeadlock);
    unwind_through(OnDrop(|| told = mutex.lock()));
    told
})]
fn who_waits_for_an_owner_that_panics_gets_in_and_is_told(
    #[case] lock: fn(&CheckedMutex) -> Result<Acquired, WouldDeadlock>,
) {
    let expect = Expect {
        expected: "a thread that waits to get in when the owner unlocks in a panic, and to be told Poisoned",
        likely: "the poison is set after the permit is back, when the next owner has been told already; or `unlock` in a panic frees nothing; or who waits notes its own panic where the owner's belongs",
        explains: Explains::AllThatIsStuck,
        read: "hint 4",
    };
    explore(expect, move || {
        let mutex = Arc::new(CheckedMutex::new());
        let acquired = mutex.lock();
        assert!(acquired == Ok(Acquired::Clean), "lock returned {acquired:?}");
        let waiter = thread("waiter", &mutex, lock);
        waiter.settle();
        let held = Arc::clone(&mutex);
        unwind_through(OnDrop(move || unlock(&held)));
        let told = waiter.join().unwrap();
        assert!(told == Ok(Acquired::Poisoned), "the waiter was told {told:?}");
    });
}

#[test]
fn a_panic_outside_is_nothing_to_the_mutex() {
    let expect = Expect {
        expected: "the mutex to stay Clean while a thread panics that does not own it",
        likely: "`std::thread::panicking` where `crate::sync::thread::panicking` belongs: all threads of a scenario run on one thread of the system; or what one owner's panic was is kept for the next",
        explains: Explains::AllThatIsStuck,
        read: "README, the task",
    };
    explore(expect, || {
        let mutex = Arc::new(CheckedMutex::new());
        thread("panics", &mutex, |mutex| {
            unwind_through(OnDrop(|| {
                yield_now();
                assert!(mutex.unlock() == Err(NotOwner), "a stranger's unlock was not refused");
            }));
        });
        thread("owner", &mutex, |mutex| {
            for _ in 0..2 {
                let acquired = mutex.lock();
                assert!(acquired == Ok(Acquired::Clean), "lock returned {acquired:?}");
                unlock(mutex);
            }
        });
    });
}

#[test]
fn a_destructor_in_a_panic_may_wait_for_the_lock() {
    let expect = Expect {
        expected: "a destructor that locks and unlocks during a panic to wait its turn, and to leave the mutex Clean",
        likely: "whether the owner panicked before is asked of the wrong thread, or kept where another one finds it",
        explains: Explains::AllThatIsStuck,
        read: "hint 4",
    };
    explore(expect, || {
        let mutex = Arc::new(CheckedMutex::new());
        let panics = thread("panics", &mutex, |mutex| {
            unwind_through(OnDrop(|| lock_and_unlock(mutex)));
        });
        let owner = thread("owner", &mutex, lock_and_unlock);
        panics.join().unwrap();
        owner.join().unwrap();
        let acquired = mutex.lock();
        assert!(acquired == Ok(Acquired::Clean), "lock returned {acquired:?}");
        unlock(&mutex);
        panic_inside(&mutex);
        let acquired = mutex.try_lock();
        assert!(acquired == Some(Acquired::Poisoned), "try_lock returned {acquired:?}");
    });
}

/// What a thread knows that looks from outside.
#[derive(Clone, Copy, Default)]
struct Model {
    is_locked: bool,
    is_poisoned: bool,
}

impl Model {
    fn take(&mut self) -> Option<Acquired> {
        let is_free = !std::mem::replace(&mut self.is_locked, true);
        is_free.then_some(if self.is_poisoned { Acquired::Poisoned } else { Acquired::Clean })
    }
}

const LOCK: Operation<Model, CheckedMutex> = Operation::new(
    "lock()",
    |model: &mut Model| Some(format!("{:?}", Ok::<_, WouldDeadlock>(model.take()?))),
    |mutex: &CheckedMutex| format!("{:?}", mutex.lock()),
);

const TRY_LOCK: Operation<Model, CheckedMutex> = Operation::new(
    "try_lock()",
    |model: &mut Model| Some(format!("{:?}", model.take())),
    |mutex: &CheckedMutex| format!("{:?}", mutex.try_lock()),
)
.or_not_the_next("None");

const UNLOCK: Operation<Model, CheckedMutex> = Operation::new(
    "unlock()",
    |model| {
        model.is_locked = false;
        Some(format!("{:?}", Ok::<_, NotOwner>(())))
    },
    |mutex| format!("{:?}", mutex.unlock()),
);

const UNLOCK_IN_A_PANIC: Operation<Model, CheckedMutex> = Operation::new(
    "unlock() in a panic",
    |model| {
        *model = Model { is_locked: false, is_poisoned: true };
        Some(format!("{:?}", Ok::<_, NotOwner>(())))
    },
    |mutex| {
        let mut answer = String::new();
        unwind_through(OnDrop(|| answer = format!("{:?}", mutex.unlock())));
        answer
    },
);

const CLEAR_POISON: Operation<Model, CheckedMutex> = Operation::new(
    "clear_poison()",
    |model| {
        model.is_poisoned = false;
        Some(format!("{:?}", Ok::<_, NotOwner>(())))
    },
    |mutex| format!("{:?}", mutex.clear_poison()),
);

const UNLOCK_OUTSIDE: Operation<Model, CheckedMutex> = Operation::new(
    "unlock() outside",
    |_| Some(format!("{:?}", Err::<(), _>(NotOwner))),
    |mutex| format!("{:?}", mutex.unlock()),
);

#[test]
fn every_answer_is_that_of_some_order() {
    let expect = Expect {
        expected: "the answers of some order in which the calls happen one after another, also of those that come later",
        likely: "the owner or the poison is changed before the permit is there or after it is back, or a refused call changes something",
        explains: Explains::Invariants,
        read: "README, the task",
    };
    let trial = Trial {
        start: Model::default(),
        make: CheckedMutex::new,
        sequences: &[
            &[LOCK, UNLOCK],
            &[TRY_LOCK, UNLOCK],
            &[LOCK, UNLOCK_IN_A_PANIC],
            &[LOCK, CLEAR_POISON, UNLOCK],
            &[UNLOCK_OUTSIDE],
        ],
        // The second try_lock is refused, and so is left out what comes after it.
        afterwards: &[TRY_LOCK, TRY_LOCK, UNLOCK, UNLOCK, UNLOCK_OUTSIDE, TRY_LOCK],
    };
    explore_programs(expect, trial);
}
