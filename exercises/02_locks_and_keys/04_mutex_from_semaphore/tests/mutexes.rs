//! What the two mutexes promise, easiest first: at the beginning the semaphore, then the owner, then the panic.
//!
//! `src/mutexes.rs` is compiled here with a `crate::sync` whose waits wake up for no reason, and whose
//! `compare_exchange_weak` fails for none. A test may choose the number of a thread, and counts what is asked of
//! the semaphore.

#[allow(dead_code)]
#[path = "../src/answer.rs"]
mod answer;
#[path = "../src/semaphore.rs"]
mod given;
#[allow(dead_code)]
#[path = "../src/mutexes.rs"]
mod mutexes;

/// The given semaphore, and what each thread asks of it.
#[allow(dead_code)]
mod semaphore {
    use std::cell::Cell;

    #[derive(Debug, Clone, Copy, Default)]
    pub struct Calls {
        pub taking: usize,
        pub releasing: usize,
    }

    thread_local! {
        static CALLS: Cell<Calls> = Cell::default();
    }

    /// The calls of this thread since the last time.
    pub fn calls() -> Calls {
        CALLS.take()
    }

    #[derive(Debug)]
    pub struct Semaphore(super::given::Semaphore);

    impl Semaphore {
        pub fn new(permits: usize) -> Self {
            Self(super::given::Semaphore::new(permits))
        }

        pub fn acquire(&self) {
            count(|calls| calls.taking += 1);
            self.0.acquire();
        }

        pub fn try_acquire(&self) -> bool {
            count(|calls| calls.taking += 1);
            self.0.try_acquire()
        }

        pub fn release(&self) {
            count(|calls| calls.releasing += 1);
            self.0.release();
        }

        pub fn available(&self) -> usize {
            self.0.available()
        }
    }

    fn count(change: fn(&mut Calls)) {
        let mut calls = CALLS.get();
        change(&mut calls);
        CALLS.set(calls);
    }
}

#[allow(unused_imports)]
mod sync {
    use std::cell::Cell;

    pub use testkit::sync::spurious::*;

    thread_local! {
        /// Set by a test before the thread's first call.
        pub static CHOSEN: Cell<Option<u64>> = const { Cell::new(None) };
        /// Set by a test where the thread plays one that panics.
        pub static PANICS: Cell<bool> = const { Cell::new(false) };
    }

    #[allow(dead_code)]
    pub fn thread_id() -> u64 {
        CHOSEN.get().unwrap_or_else(testkit::sync::std::thread_id)
    }

    #[allow(dead_code)]
    pub mod thread {
        pub use testkit::sync::spurious::thread::*;

        #[allow(dead_code)]
        pub fn panicking() -> bool {
            super::PANICS.get() || testkit::sync::spurious::thread::panicking()
        }

        /// A thread whose id follows the number.
        #[derive(Debug, Clone)]
        pub struct Thread {
            id: ThreadId,
            itself: std::thread::Thread,
        }

        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct ThreadId(u64);

        pub fn current() -> Thread {
            Thread { id: ThreadId(super::thread_id()), itself: std::thread::current() }
        }

        impl Thread {
            pub fn id(&self) -> ThreadId {
                self.id
            }

            pub fn unpark(&self) {
                self.itself.unpark();
            }
        }
    }
}

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use answer::{Acquired, NotOwner, WouldDeadlock};
use mutexes::{CheckedMutex, SemaphoreMutex};
use rstest::rstest;
use semaphore::Calls;
use testkit::growth::{Growth, growth};
use testkit::require;
use testkit::threads::{Settled, Threads};

testkit::count_allocations!();

/// Runs `body` on a thread of its own, so that a call that never returns is seen to.
#[track_caller]
fn on_a_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    Threads::new().spawn("worker", body).join(
        "a call waits although nothing is to be waited for: `try_lock` and `unlock` never wait, and `lock` does not wait for a free lock or for the caller itself",
        "README, the task",
    )
}

/// What one thread is answered.
#[track_caller]
fn answer<M, T>(mutex: &Arc<M>, call: impl FnOnce(&M) -> T + Send + 'static) -> T
where
    M: Send + Sync + 'static,
    T: Send + 'static,
{
    let mutex = Arc::clone(mutex);
    on_a_thread(move || call(&mutex))
}

/// Does it while a panic unwinds the calling thread, as the drop of a guard does.
fn in_a_panic<T>(body: impl FnOnce() -> T) -> T {
    struct Dropped<'a, F: FnOnce() -> T, T>(Option<F>, &'a mut Option<T>);

    impl<F: FnOnce() -> T, T> Drop for Dropped<'_, F, T> {
        fn drop(&mut self) {
            *self.1 = self.0.take().map(|body| body());
        }
    }

    let mut result = None;
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _dropped = Dropped(Some(body), &mut result);
        // Not `panic!`: nobody has to read of it.
        resume_unwind(Box::new("on purpose"));
    }));
    assert!(unwound.is_err(), "a panic that was started ends in its catch");
    result.expect("a panic drops what the thread has")
}

// The semaphore.

#[test]
fn a_new_semaphore_mutex_is_free() {
    let taken = on_a_thread(|| SemaphoreMutex::new().try_lock());
    require!(taken,
        expected: "SemaphoreMutex::try_lock to take a lock that nobody has",
        seen: "it returned false",
        likely: "the semaphore begins with no permit, or the answer is inverted",
        read: "README, the claim",
    );
}

#[rstest]
#[case::by_lock(|mutex: &SemaphoreMutex| mutex.lock())]
#[case::by_try_lock(|mutex: &SemaphoreMutex| assert!(mutex.try_lock()))]
fn a_locked_semaphore_mutex_is_refused_without_waiting(#[case] take: fn(&SemaphoreMutex)) {
    let mutex = Arc::new(on_a_thread(SemaphoreMutex::new));
    answer(&mutex, take);
    for attempt in ["first", "second"] {
        let taken = answer(&mutex, SemaphoreMutex::try_lock);
        require!(!taken,
            expected: "SemaphoreMutex::try_lock to return false while the lock is taken",
            seen: "the {attempt} try_lock returned true",
            likely: "the semaphore begins with more than one permit, or a call that takes one takes none or gives one back",
            read: "README, the claim",
        );
    }
    answer(&mutex, SemaphoreMutex::unlock);
    let taken = answer(&mutex, SemaphoreMutex::try_lock);
    require!(taken,
        expected: "SemaphoreMutex::try_lock to take the lock after its unlock",
        seen: "it returned false",
        likely: "`unlock` gives no permit to the semaphore, or a refused `try_lock` has taken one",
        read: "README, the task",
    );
}

#[rstest]
#[case::once(1)]
#[case::three_times(3)]
fn an_unlocked_semaphore_mutex_can_be_taken_again(#[case] rounds: usize) {
    let taken = on_a_thread(move || {
        let mutex = SemaphoreMutex::new();
        for _ in 0..rounds {
            mutex.lock();
            mutex.unlock();
        }
        (mutex.try_lock(), mutex.try_lock())
    });
    require!(taken == (true, false),
        expected: "one try_lock to take the lock after each lock had its unlock, and the next one to be refused",
        seen: "two of them returned {taken:?}",
        likely: "`lock` or `unlock` makes another number of calls of the semaphore than one",
        read: "README, the task",
    );
}

#[test]
fn a_lock_of_a_semaphore_mutex_sleeps_until_the_unlock() {
    let mutex = Arc::new(on_a_thread(SemaphoreMutex::new));
    answer(&mutex, SemaphoreMutex::lock);
    let threads = Threads::new();
    let waiter = threads.spawn("waiter", {
        let mutex = Arc::clone(&mutex);
        move || mutex.lock()
    });
    let settled = threads.settle();
    // That it waits at all is what tests/protocol.rs looks at.
    require!(waiter.is_finished() || settled == Settled::AtRest,
        expected: "SemaphoreMutex::lock to sleep while another thread has the lock",
        seen: "{settled:?}: the thread looks again and again instead of sleeping",
        likely: "a loop around `try_acquire`: the semaphore has a call that sleeps",
        read: "src/semaphore.rs",
    );
    answer(&mutex, SemaphoreMutex::unlock);
    waiter.join("`unlock` gives no permit to the semaphore", "README, the task");
    answer(&mutex, SemaphoreMutex::unlock);
    assert!(
        answer(&mutex, SemaphoreMutex::try_lock),
        "the lock is free when the waiter's is undone"
    );
}

#[rstest]
#[case::by_the_same_thread(false)]
#[case::by_a_stranger(true)]
fn one_unlock_too_many_lets_two_in(#[case] by_a_stranger: bool) {
    let mutex = Arc::new(on_a_thread(SemaphoreMutex::new));
    let caller = if by_a_stranger { "a stranger" } else { "the only thread" };
    if by_a_stranger {
        answer(&mutex, SemaphoreMutex::lock);
        answer(&mutex, SemaphoreMutex::unlock);
        answer(&mutex, SemaphoreMutex::unlock);
    } else {
        answer(&mutex, |mutex| {
            mutex.lock();
            mutex.unlock();
            mutex.unlock();
        });
    }
    let tries = [(); 3].map(|()| answer(&mutex, SemaphoreMutex::try_lock));
    require!(tries == [true, true, false],
        expected: "a second unlock by {caller} to let two in, and no third: nobody is asked for a name",
        seen: "try_lock returned {tries:?}, one after the other",
        likely: "`unlock` looks whether the lock is taken, or who has it: a semaphore does not",
        read: "README, the task; sem_post(3)",
    );
}

#[test]
fn the_given_semaphore_does_the_work() {
    let calls = on_a_thread(|| {
        let mutex = SemaphoreMutex::new();
        let try_lock = |mutex: &SemaphoreMutex| assert!(mutex.try_lock(), "the lock is free");
        let calls: [fn(&SemaphoreMutex); 3] =
            [SemaphoreMutex::lock, SemaphoreMutex::unlock, try_lock];
        calls.map(|call| {
            semaphore::calls();
            call(&mutex);
            semaphore::calls()
        })
    });
    let [lock, unlock, try_lock] = calls;
    let one_each = lock.taking > 0 && try_lock.taking > 0 && unlock.releasing == 1;
    let (Calls { taking: by_lock, .. }, Calls { taking: by_try_lock, .. }) = (lock, try_lock);
    let by_unlock = unlock.releasing;
    require!(one_each,
        expected: "lock and try_lock to take a permit of the given Semaphore, and unlock to release one",
        seen: "{by_lock} calls by lock that take one, {by_try_lock} by try_lock, and {by_unlock} by unlock that releases one",
        likely: "something else than the semaphore keeps the others out",
        read: "README, the task",
    );
}

// The owner.

/// How a thread takes a lock that is free.
type Take = fn(&CheckedMutex) -> Option<Acquired>;

fn by_lock(mutex: &CheckedMutex) -> Option<Acquired> {
    mutex.lock().ok()
}

fn by_try_lock(mutex: &CheckedMutex) -> Option<Acquired> {
    mutex.try_lock()
}

/// A mutex and the thread that owns it, which goes on when it is told.
#[track_caller]
fn checked() -> Arc<CheckedMutex> {
    Arc::new(on_a_thread(CheckedMutex::new))
}

#[rstest]
#[case::by_lock(by_lock)]
#[case::by_try_lock(by_try_lock)]
fn a_new_checked_mutex_is_free_and_clean(#[case] take: Take) {
    let acquired = answer(&checked(), take);
    require!(acquired == Some(Acquired::Clean),
        expected: "the lock, which nobody has, to be taken, Clean",
        seen: "{acquired:?}",
        likely: "the semaphore begins without a permit, or the mutex is poisoned at first",
        read: "the stub",
    );
}

#[rstest]
#[case::by_lock(by_lock)]
#[case::by_try_lock(by_try_lock)]
fn an_owner_unlocks_and_the_next_one_gets_in(#[case] take: Take) {
    let mutex = checked();
    for round in 1..=3 {
        let (taken, unlocked) = answer(&mutex, move |mutex| (take(mutex), mutex.unlock()));
        require!(taken == Some(Acquired::Clean) && unlocked == Ok(()),
            expected: "each thread to take the lock, Clean, and to unlock it, Ok",
            seen: "thread {round} was told {taken:?}, and then {unlocked:?}",
            likely: "the owner is not noted by `lock` or by `try_lock`, or the permit does not come back",
            read: "hint 2",
        );
    }
    let last = answer(&mutex, CheckedMutex::try_lock);
    require!(last == Some(Acquired::Clean),
        expected: "try_lock to take the lock that three threads have left",
        seen: "it returned {last:?}",
        likely: "`lock` and `unlock` change nothing, or `try_lock` always refuses",
        read: "README, the task",
    );
}

#[rstest]
#[case::by_lock(by_lock)]
#[case::by_try_lock(by_try_lock)]
fn a_try_lock_of_a_mutex_that_another_thread_has_is_refused(#[case] take: Take) {
    let mutex = checked();
    let free = answer(&mutex, |mutex| (mutex.try_lock(), mutex.unlock()));
    require!(free == (Some(Acquired::Clean), Ok(())),
        expected: "try_lock to take a lock that nobody has, and unlock to give it back",
        seen: "they returned {free:?}",
        likely: "`try_lock` always refuses, or does not note the owner",
        read: "README, the task",
    );
    answer(&mutex, take);
    let answers = [(); 2].map(|()| answer(&mutex, CheckedMutex::try_lock));
    require!(answers == [None, None],
        expected: "try_lock to return None while another thread has the lock",
        seen: "two of them returned {answers:?}",
        likely: "no permit is taken, or the refused `try_lock` gives one back",
        read: "README, the task",
    );
}

#[rstest]
#[case::by_lock(by_lock)]
#[case::by_try_lock(by_try_lock)]
fn a_lock_by_the_owner_would_deadlock(#[case] take: Take) {
    let mutex = checked();
    let (again, tried, unlocked, second) = answer(&mutex, move |mutex| {
        take(mutex);
        (mutex.lock(), mutex.try_lock(), mutex.unlock(), mutex.unlock())
    });
    require!(again == Err(WouldDeadlock),
        expected: "lock to return WouldDeadlock when the caller has the lock",
        seen: "it returned {again:?}",
        likely: "`lock` does not ask who the owner is, or `try_lock` does not note it",
        read: "README, the task",
    );
    require!(tried.is_none(),
        expected: "try_lock to return None when the caller has the lock",
        seen: "it returned {tried:?}",
        likely: "the owner gets in twice: then one `unlock` would have to know of the other",
        read: "README, the task",
    );
    require!((&unlocked, &second) == (&Ok(()), &Err(NotOwner)),
        expected: "one unlock to undo the one lock that was not refused: the first one Ok, the second one NotOwner",
        seen: "{unlocked:?}, then {second:?}",
        likely: "refused locks are counted, or the owner is forgotten by a refusal, or not forgotten by an unlock",
        read: "README, the task",
    );
    let next = answer(&mutex, CheckedMutex::try_lock);
    require!(next == Some(Acquired::Clean),
        expected: "the next thread to get in, Clean, after the owner's unlock",
        seen: "{next:?}",
        likely: "a refused `lock` or `try_lock` has taken something, or changed something",
        read: "README, the task",
    );
}

/// Brings a mutex into a state in which a stranger has nothing to unlock.
type Scene = fn(&Arc<CheckedMutex>);

fn never_locked(_: &Arc<CheckedMutex>) {}

fn locked_by_another(mutex: &Arc<CheckedMutex>) {
    answer(mutex, by_lock);
}

fn tried_by_another(mutex: &Arc<CheckedMutex>) {
    answer(mutex, by_try_lock);
}

fn unlocked_by_another(mutex: &Arc<CheckedMutex>) {
    let _ = answer(mutex, |mutex| (mutex.lock(), mutex.unlock()));
}

#[rstest]
#[case::never_locked(never_locked, true)]
#[case::locked_by_another(locked_by_another, false)]
#[case::tried_by_another(tried_by_another, false)]
#[case::unlocked_by_another(unlocked_by_another, true)]
fn who_is_not_the_owner_unlocks_nothing(
    #[case] scene: Scene,
    #[case] is_free: bool,
    #[values("calmly", "panicking")] how: &'static str,
) {
    let mutex = checked();
    scene(&mutex);
    let answers = answer(&mutex, move |mutex| {
        let strange = || (mutex.unlock(), mutex.clear_poison(), mutex.unlock());
        if how == "calmly" { strange() } else { in_a_panic(strange) }
    });
    let refused = || Err(NotOwner);
    require!(answers == (refused(), refused(), refused()),
        expected: "unlock, clear_poison and unlock to return NotOwner: the caller has not locked the mutex",
        seen: "{answers:?}",
        likely: "any thread can unlock as long as somebody has the lock, or nobody looks whether anybody has it",
        read: "README, the task",
    );
    let first = answer(&mutex, CheckedMutex::try_lock);
    let second = answer(&mutex, CheckedMutex::try_lock);
    let expected = if is_free { Some(Acquired::Clean) } else { None };
    require!((&first, &second) == (&expected, &None),
        expected: "after the refused unlocks, {how}, one try_lock to return {expected:?} and the next one None",
        seen: "{first:?}, then {second:?}",
        likely: "the refusal comes after the permit was given back or the poison was set; so two get in, or are told what never happened",
        read: "README, the task",
    );
}

#[test]
fn who_has_left_is_no_owner_while_another_one_is() {
    let mutex = checked();
    let threads = Threads::new();
    let (left, next_is_in) = (std::sync::mpsc::channel::<()>(), std::sync::mpsc::channel::<()>());
    let first = threads.spawn("first", {
        let mutex = Arc::clone(&mutex);
        move || {
            let _ = (mutex.lock(), mutex.unlock());
            left.0.send(()).unwrap();
            next_is_in.1.recv().unwrap();
            (mutex.unlock(), mutex.try_lock())
        }
    });
    let next = threads.spawn("next", {
        let mutex = Arc::clone(&mutex);
        move || {
            left.1.recv().unwrap();
            let _ = mutex.lock();
            next_is_in.0.send(()).unwrap();
        }
    });
    next.join("a call waits although the lock is free", "README, the task");
    let (unlocked, tried) = first.join("`try_lock` or `unlock` waits", "README, the task");
    require!((&unlocked, &tried) == (&Err(NotOwner), &None),
        expected: "the first thread, which has left, to be told NotOwner while the next one is inside, and try_lock to return None",
        seen: "{unlocked:?}, then {tried:?}",
        likely: "the owner is not struck out by `unlock`, or each thread that was ever an owner still counts as one",
        read: "hint 2",
    );
}

#[test]
fn an_owner_that_is_refused_is_still_the_owner() {
    let mutex = checked();
    let threads = Threads::new();
    let (inside, done) = (std::sync::mpsc::channel::<()>(), std::sync::mpsc::channel::<()>());
    let owner = threads.spawn("owner", {
        let mutex = Arc::clone(&mutex);
        move || {
            let _ = mutex.lock();
            inside.0.send(()).unwrap();
            done.1.recv().unwrap();
            (mutex.lock(), mutex.clear_poison(), mutex.unlock())
        }
    });
    let stranger = threads.spawn("stranger", {
        let mutex = Arc::clone(&mutex);
        move || {
            inside.1.recv().unwrap();
            let _ = (mutex.unlock(), mutex.try_lock(), mutex.clear_poison());
            done.0.send(()).unwrap();
        }
    });
    stranger.join("`unlock`, `try_lock` or `clear_poison` waits for the owner", "README, the task");
    let answers = owner.join(
        "a refused `unlock` or `try_lock` has changed who the owner is, so the owner waits for itself",
        "README, the task",
    );
    require!(answers == (Err(WouldDeadlock), Ok(()), Ok(())),
        expected: "the owner to be the owner still when a stranger was refused: WouldDeadlock, Ok and Ok",
        seen: "lock, clear_poison and unlock returned {answers:?}",
        likely: "a refused `unlock` or `try_lock` has changed who the owner is",
        read: "README, the task",
    );
}

#[rstest]
#[case::in_eight_bits(1, 0x101)]
#[case::in_sixteen_bits(1, 0x1_0001)]
#[case::in_thirty_two_bits(1, 0x1_0000_0001)]
#[case::the_first_of_a_power(0x100, 0x200)]
#[case::neighbours(2, 3)]
fn a_thread_is_told_from_every_other(#[case] owner: u64, #[case] stranger: u64) {
    let mutex = checked();
    let _ = answer(&mutex, move |mutex| {
        sync::CHOSEN.set(Some(owner));
        mutex.lock()
    });
    let unlocked = answer(&mutex, move |mutex| {
        sync::CHOSEN.set(Some(stranger));
        mutex.unlock()
    });
    require!(unlocked == Err(NotOwner),
        expected: "thread {stranger} not to unlock what thread {owner} has locked",
        seen: "unlock returned {unlocked:?}",
        likely: "the owner is kept in fewer bits than thread_id() has",
        read: "README, the task",
    );
}

#[test]
fn a_lock_of_a_checked_mutex_sleeps_until_the_unlock() {
    let mutex = checked();
    let threads = Threads::new();
    let (unlock, told) = std::sync::mpsc::channel::<()>();
    let owner = threads.spawn("owner", {
        let mutex = Arc::clone(&mutex);
        move || {
            let _ = mutex.lock();
            told.recv().unwrap();
            mutex.unlock()
        }
    });
    threads.come_to_rest();
    let waiter = threads.spawn("waiter", {
        let mutex = Arc::clone(&mutex);
        move || (mutex.lock(), mutex.unlock())
    });
    let settled = threads.settle();
    // That it waits at all is what tests/protocol.rs looks at.
    require!(waiter.is_finished() || settled == Settled::AtRest,
        expected: "CheckedMutex::lock to sleep while another thread has the lock",
        seen: "{settled:?}: the thread looks again and again instead of sleeping",
        likely: "a loop around `try_lock`, or one that asks again and again who the owner is",
        read: "README, the task",
    );
    unlock.send(()).unwrap();
    owner
        .join("`unlock` waits for something that a waiter holds", "hint 3")
        .expect("it is the owner");
    let acquired = waiter.join("`unlock` lets nobody in", "hint 3");
    let next = answer(&mutex, CheckedMutex::try_lock);
    require!((&acquired, &next) == (&(Ok(Acquired::Clean), Ok(())), &Some(Acquired::Clean)),
        expected: "the waiter to get in, Clean, and to leave; then try_lock to get in, Clean",
        seen: "{acquired:?}, then {next:?}",
        likely: "`lock` takes another thread for the caller, or poisons without a panic",
        read: "README, the task",
    );
}

#[test]
fn nothing_is_kept_of_a_thread_that_has_left() {
    let (growth, left) = on_a_thread(|| {
        let mutex = CheckedMutex::new();
        let growth = growth(|round| {
            sync::CHOSEN.set(Some(round as u64 + 1));
            let _ = (mutex.lock(), mutex.lock(), mutex.try_lock());
            let unlock = || (mutex.unlock(), mutex.unlock());
            let _ = if round % 100 == 0 { in_a_panic(unlock) } else { unlock() };
            let _ = (mutex.try_lock(), mutex.clear_poison(), mutex.unlock());
        });
        (growth, mutex.try_lock())
    });
    let Growth { bytes, .. } = growth;
    assert_eq!(left, Some(Acquired::Clean), "the lock, when all have left");
    require!(!growth.is_there(),
        expected: "after 10000 threads that came and went as much memory as after 10",
        seen: "{bytes} bytes more",
        likely: "everybody who comes is noted, and not everybody who leaves is struck out",
        read: "README, the task",
    );
}

// The panic.

/// A thread takes the lock, and unlocks it while it panics.
fn panicking_owner(mutex: &CheckedMutex) {
    let taken = mutex.lock();
    assert!(taken.is_ok(), "nobody has the lock");
    let unlocked = in_a_panic(|| mutex.unlock());
    require!(unlocked == Ok(()),
        expected: "unlock to free the lock for an owner that panics",
        seen: "it returned {unlocked:?}",
        likely: "the unlock of a thread that panics is refused",
        read: "README, the task",
    );
}

#[rstest]
#[case::by_lock(by_lock)]
#[case::by_try_lock(by_try_lock)]
fn who_comes_after_a_panic_is_told(#[case] take: Take) {
    let mutex = checked();
    answer(&mutex, panicking_owner);
    for round in ["first", "second", "third"] {
        let (taken, unlocked) = answer(&mutex, move |mutex| (take(mutex), mutex.unlock()));
        require!(taken == Some(Acquired::Poisoned) && unlocked == Ok(()),
            expected: "every thread that takes the lock after the panic to be told Poisoned, and to have the lock",
            seen: "the {round} one was told {taken:?}, and its unlock returned {unlocked:?}",
            likely: "`unlock` does not ask whether the owner panics; or the poison is gone when one thread has been told, or has unlocked well",
            read: "README, the task",
        );
    }
}

#[test]
fn the_thread_that_panicked_is_told_too() {
    let again = answer(&checked(), |mutex| {
        panicking_owner(mutex);
        (mutex.lock(), mutex.lock(), mutex.unlock())
    });
    require!(again == (Ok(Acquired::Poisoned), Err(WouldDeadlock), Ok(())),
        expected: "the same thread, later, to be told Poisoned, and then WouldDeadlock, as everybody",
        seen: "lock, lock and unlock returned {again:?}",
        likely: "the poison is of other threads only, or the state of the panic is kept where the next owner finds it",
        read: "README, the task",
    );
}

#[rstest]
#[case::by_lock(by_lock)]
#[case::by_try_lock(by_try_lock)]
fn a_panic_that_was_there_before_the_lock_does_not_poison(#[case] take: Take) {
    let mutex = checked();
    let inside = answer(&mutex, move |mutex| in_a_panic(|| (take(mutex), mutex.unlock())));
    let next = answer(&mutex, |mutex| (mutex.lock(), mutex.unlock()));
    require!((&inside, &next) == (&(Some(Acquired::Clean), Ok(())), &(Ok(Acquired::Clean), Ok(()))),
        expected: "a destructor that locks and unlocks during a panic to leave the mutex Clean",
        seen: "the destructor was told {inside:?}, and the next thread {next:?}",
        likely: "`unlock` asks only whether the thread panics, and not whether it did when it took the lock",
        read: "README, the task",
    );
    answer(&mutex, panicking_owner);
    let poisoned = answer(&mutex, CheckedMutex::try_lock);
    require!(poisoned == Some(Acquired::Poisoned),
        expected: "a panic of the next owner to poison",
        seen: "try_lock returned {poisoned:?}",
        likely: "what is kept of one owner's panic is taken for that of the next one",
        read: "README, the task",
    );
}

#[test]
fn an_owner_clears_the_poison() {
    let mutex = checked();
    answer(&mutex, panicking_owner);
    let strange = answer(&mutex, CheckedMutex::clear_poison);
    let repaired = answer(&mutex, |mutex| (mutex.lock(), mutex.clear_poison(), mutex.unlock()));
    require!((&strange, &repaired) == (&Err(NotOwner), &(Ok(Acquired::Poisoned), Ok(()), Ok(()))),
        expected: "clear_poison to return NotOwner to a stranger and to change nothing, and Ok to the next owner, which was told Poisoned",
        seen: "{strange:?}; and lock, clear_poison and unlock of an owner returned {repaired:?}",
        likely: "`clear_poison` does not ask who calls it, or asks only after it has cleared",
        read: "README, the task",
    );
    let clean = answer(&mutex, |mutex| (mutex.lock(), mutex.clear_poison(), mutex.unlock()));
    require!(clean == (Ok(Acquired::Clean), Ok(()), Ok(())),
        expected: "the mutex to be Clean when an owner has cleared the poison, and clear_poison to be Ok for an owner even then",
        seen: "lock, clear_poison and unlock of the next owner returned {clean:?}",
        likely: "`clear_poison` does not clear, or refuses when there is no poison",
        read: "README, the task",
    );
    answer(&mutex, panicking_owner);
    let again = answer(&mutex, CheckedMutex::try_lock);
    require!(again == Some(Acquired::Poisoned),
        expected: "a second panic to poison as the first one did",
        seen: "try_lock returned {again:?}",
        likely: "a mutex whose poison was cleared once is never poisoned again",
        read: "README, the task",
    );
}

/// A call of the thread `who`, which may panic meanwhile.
#[derive(Debug, Clone, Copy)]
struct Step {
    who: u64,
    panics: bool,
    call: Call,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Lock,
    TryLock,
    Unlock,
    ClearPoison,
}

/// What the README says of the calls of two threads, one after another.
#[derive(Default)]
struct Model {
    owner: Option<u64>,
    owner_came_in_a_panic: bool,
    is_poisoned: bool,
}

impl Model {
    fn answer(&mut self, Step { who, panics, call }: Step) -> String {
        let is_owner = self.owner == Some(who);
        let acquired = if self.is_poisoned { Acquired::Poisoned } else { Acquired::Clean };
        let answer = match call {
            Call::Lock if is_owner => return format!("{:?}", Err::<Acquired, _>(WouldDeadlock)),
            Call::TryLock if self.owner.is_some() => return "None".to_owned(),
            Call::Unlock | Call::ClearPoison if !is_owner => return "Err(NotOwner)".to_owned(),
            Call::Lock => format!("Ok({acquired:?})"),
            Call::TryLock => format!("Some({acquired:?})"),
            Call::Unlock | Call::ClearPoison => "Ok(())".to_owned(),
        };
        match call {
            Call::Lock | Call::TryLock => {
                (self.owner, self.owner_came_in_a_panic) = (Some(who), panics);
            }
            Call::Unlock => {
                self.owner = None;
                self.is_poisoned |= panics && !self.owner_came_in_a_panic;
            }
            Call::ClearPoison => self.is_poisoned = false,
        }
        answer
    }
}

/// A thread comes and goes, in a panic or not each time; before it, while it is inside or before it leaves, a call is
/// refused. All that there are, those without a refused call first.
fn visits(who: u64, with_refusals: bool) -> Vec<Vec<Step>> {
    let stranger = 3 - who;
    let step = |who, panics, call| Step { who, panics, call };
    let mut refusals = vec![(0, None)];
    for panics in [false, true].into_iter().filter(|_| with_refusals) {
        for call in [Call::Unlock, Call::ClearPoison, Call::TryLock] {
            let places = if call == Call::TryLock { 1..3 } else { 0..3 };
            refusals.extend(places.map(|place| (place, Some((stranger, panics, call)))));
        }
    }
    for call in [Call::Lock, Call::TryLock].into_iter().filter(|_| with_refusals) {
        // Its own: as it came, and as it goes.
        refusals.extend((1..3).map(|place| (place, Some((who, false, call)))));
    }
    let mut visits = Vec::new();
    for (place, refused) in refusals {
        for (comes, goes) in [(false, false), (false, true), (true, false), (true, true)] {
            for (take, clears) in
                [Call::Lock, Call::TryLock].map(|take| [(take, false), (take, true)]).concat()
            {
                let refused_at = |here, own| {
                    let here = refused.filter(|_| place == here);
                    here.map(|(by, panics, call)| {
                        step(by, if by == who { own } else { panics }, call)
                    })
                };
                let mut visit = Vec::from_iter(refused_at(0, comes));
                visit.push(step(who, comes, take));
                visit.extend(refused_at(1, comes));
                visit.extend(refused_at(2, goes));
                visit.extend(clears.then(|| step(who, goes, Call::ClearPoison)));
                visit.push(step(who, goes, Call::Unlock));
                visits.push(visit);
            }
        }
    }
    visits
}

/// Makes these calls of a new mutex until an answer is not the model's: then the calls, what is expected, and what is
/// seen.
fn first_wrong_answer<'a>(
    story: impl Iterator<Item = &'a Step>,
) -> Option<(String, String, String)> {
    let (mutex, mut model, mut told) = (CheckedMutex::new(), Model::default(), Vec::new());
    for step in story {
        let Step { who, panics, call } = *step;
        sync::CHOSEN.set(Some(who));
        sync::PANICS.set(panics);
        let (name, seen) = match call {
            Call::Lock => ("lock", format!("{:?}", mutex.lock())),
            Call::TryLock => ("try_lock", format!("{:?}", mutex.try_lock())),
            Call::Unlock => ("unlock", format!("{:?}", mutex.unlock())),
            Call::ClearPoison => ("clear_poison", format!("{:?}", mutex.clear_poison())),
        };
        sync::PANICS.set(false);
        let expected = model.answer(*step);
        told.push(format!("{name} by {who}{}", if panics { " in a panic" } else { "" }));
        if seen != expected {
            return Some((told.join(", "), expected, seen));
        }
    }
    None
}

#[test]
fn the_panic_of_an_owner_is_its_own_and_a_refused_call_changes_nothing_of_it() {
    let found = on_a_thread(|| {
        let step = |panics, call| Step { who: 2, panics, call };
        // Poisoned, or not.
        let before = [vec![], vec![step(false, Call::Lock), step(true, Call::Unlock)]];
        let after = [step(false, Call::TryLock), step(false, Call::Unlock)];
        let (first, second) = (visits(1, true), [visits(1, false), visits(2, false)].concat());
        let stories = before.iter().flat_map(|before| {
            let pairs = first.iter().flat_map(|one| second.iter().map(move |two| (one, two)));
            pairs.map(move |(one, two)| (before, one, two))
        });
        let mut stories = stories.map(|(before, one, two)| {
            first_wrong_answer(before.iter().chain(one).chain(two).chain(&after))
        });
        stories.find_map(|found| found)
    });
    let (calls, expected, seen) = found.unwrap_or_default();
    require!(calls.is_empty(),
        expected: "the last of these calls of threads 1 and 2 to return {expected}:\n{calls}",
        seen: "it returned {seen}",
        likely: "whether an owner came in a panic is kept for the next one, or overwritten by a call that is refused; or an unlock takes away a poison that was there",
        read: "README, the task",
    );
}
