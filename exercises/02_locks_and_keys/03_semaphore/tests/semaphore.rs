//! What a semaphore promises, easiest first.
//!
//! `src/semaphore.rs` is compiled here with a `crate::sync` whose waits wake up for no reason.

#[allow(dead_code)]
#[path = "../src/semaphore.rs"]
mod semaphore;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::spurious::*;
}

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rstest::rstest;
use semaphore::Semaphore;
use testkit::growth::{Growth, growth};
use testkit::require;
use testkit::threads::{Settled, Threads};

testkit::count_allocations!();

/// Runs `body` on a thread of its own, so that a call that never returns is seen to.
#[track_caller]
fn on_a_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    Threads::new().spawn("worker", body).join(
        "a call waits although nothing is to be waited for: is the check inverted, or is the mutex locked twice?",
        "hint 2",
    )
}

#[test]
fn an_acquire_takes_a_mutex_of_crate_sync() {
    let locks = on_a_thread(|| {
        drop(Semaphore::new(1).acquire());
        sync::locks()
    });
    require!(locks > 0,
        expected: "acquire and the permit's drop to lock a Mutex of crate::sync",
        seen: "{locks} locks of such a Mutex",
        likely: "`use std::sync::{{Condvar, Mutex}}`: write `use crate::sync::{{Condvar, Mutex}}`, so that the other tests can interrupt a thread at any step, and see who waits. Or the count is an atomic: here it is behind the mutex",
        read: "README, the task",
    );
}

#[rstest]
#[case::no_permit(0)]
#[case::one_permit(1)]
#[case::seven_permits(7)]
#[case::one_more_than_a_byte(0x100)]
#[case::one_more_than_two_bytes(0x1_0000)]
#[case::one_more_than_four_bytes(0x1_0000_0000)]
#[case::the_largest_number(usize::MAX)]
fn a_new_semaphore_has_the_permits_it_was_given(#[case] permits: usize) {
    let available = on_a_thread(move || Semaphore::new(permits).available());
    require!(available == permits,
        expected: "new({permits}) to make {permits} permits available",
        seen: "available() returned {available}",
        likely: "the argument of `new` is not what `available` reads, or it is kept in fewer bits than a usize has",
        read: "README, the task",
    );
}

#[test]
fn a_semaphore_of_all_permits_there_can_be_lets_everybody_in() {
    let (taken, available) = on_a_thread(|| {
        let semaphore = Semaphore::new(usize::MAX);
        let permits = [semaphore.try_acquire(), semaphore.try_acquire()];
        (permits.iter().flatten().count(), semaphore.available())
    });
    let left = usize::MAX - 2;
    require!((taken, available) == (2, left),
        expected: "try_acquire to take 2 of usize::MAX permits, and available() to return {left}",
        seen: "it took {taken}, and available() returned {available}",
        likely: "the count is an isize, for which usize::MAX is -1",
        read: "README, the task",
    );
}

#[test]
fn a_release_of_all_permits_there_can_be_comes_back() {
    let (threads, semaphore) = (Threads::new(), Arc::new(Semaphore::new(0)));
    let releaser = threads.spawn("releaser", {
        let semaphore = Arc::clone(&semaphore);
        move || semaphore.release(usize::MAX)
    });
    let settled = threads.settle();
    require!(settled == Settled::AtRest && releaser.is_finished(),
        expected: "release(usize::MAX) to come back: nobody waits, so nobody is to be woken",
        seen: "it goes on and on",
        likely: "a notification for each permit: wake all at once, or as many as wait",
        read: "https://doc.rust-lang.org/std/sync/struct.Condvar.html#method.notify_all",
    );
    let available = on_a_thread(move || semaphore.available());
    require!(available == usize::MAX,
        expected: "usize::MAX permits to be available after it",
        seen: "available() returned {available}",
        likely: "the count is kept in fewer bits than a usize has, or is capped",
        read: "the stub",
    );
}

#[test]
fn an_acquire_takes_one_permit() {
    let available = on_a_thread(|| {
        let semaphore = Semaphore::new(2);
        let _permit = semaphore.acquire();
        semaphore.available()
    });
    require!(available == 1,
        expected: "1 of 2 permits to be left while one is held",
        seen: "available() returned {available}",
        likely: "`acquire` does not subtract from the count, or its permit is dropped inside it",
        read: "README, the task",
    );
}

#[rstest]
#[case::of_acquire(|semaphore: &Semaphore| drop(semaphore.acquire()))]
#[case::of_try_acquire(|semaphore: &Semaphore| { let _permit = semaphore.try_acquire(); })]
fn a_dropped_permit_comes_back(#[case] take_and_drop: fn(&Semaphore)) {
    let available = on_a_thread(move || {
        let semaphore = Semaphore::new(1);
        take_and_drop(&semaphore);
        semaphore.available()
    });
    require!(available == 1,
        expected: "1 permit to be available after it was taken and dropped",
        seen: "available() returned {available}",
        likely: "0: `Permit` does not implement Drop; 2: it is given back twice, or was never taken",
        read: "https://doc.rust-lang.org/std/ops/trait.Drop.html",
    );
}

#[test]
fn a_try_acquire_takes_what_is_there_and_refuses_what_is_not() {
    let (first, second, available) = on_a_thread(|| {
        let semaphore = Semaphore::new(1);
        let first = semaphore.try_acquire();
        let second = semaphore.try_acquire();
        (first.is_some(), second.is_some(), semaphore.available())
    });
    require!(first,
        expected: "try_acquire to take the only permit",
        seen: "it returned None",
        likely: "the comparison with zero is inverted",
        read: "README, the task",
    );
    require!(!second,
        expected: "try_acquire to return None while the only permit is held",
        seen: "it handed out a second permit",
        likely: "it does not check the count, or does not subtract from it",
        read: "README, the task",
    );
    require!(available == 0,
        expected: "no permit to be available after a refusal: the only one is held",
        seen: "available() returned {available}",
        likely: "a `Permit` is made before it is known whether there is one, and its drop gives back what was never taken",
        read: "hint 4",
    );
}

#[test]
fn a_try_acquire_never_waits() {
    let semaphore = Arc::new(Semaphore::new(0));
    let threads = Threads::new();
    let refused = threads.spawn("trier", {
        let semaphore = Arc::clone(&semaphore);
        move || semaphore.try_acquire().is_none()
    });
    let refused = refused.join(
        "try_acquire waits on the condition variable; it should check once and answer",
        "README, the task",
    );
    assert!(refused, "try_acquire took a permit although there was none");
}

#[rstest]
#[case::to_none(0, 3)]
#[case::to_one(1, 3)]
#[case::nothing(2, 0)]
#[case::one_more_than_a_byte(0, 0x100)]
#[case::one_more_than_two_bytes(0, 0x1_0000)]
fn a_release_adds_permits_that_nobody_had_acquired(#[case] start: usize, #[case] count: usize) {
    let available = on_a_thread(move || {
        let semaphore = Semaphore::new(start);
        semaphore.release(count);
        semaphore.available()
    });
    let sum = start + count;
    let likely = match available.checked_sub(start) {
        Some(1) => "`release` adds one instead of its argument",
        Some(0) => {
            "`release` adds nothing: is there a largest number of permits? The task knows none"
        }
        _ => "the count is kept in fewer bits than a usize has, or stops at a largest number",
    };
    require!(available == sum,
        expected: "{sum} permits after release({count}) on a semaphore with {start}",
        seen: "available() returned {available}",
        likely: "{likely}",
        read: "README, the task",
    );
}

#[test]
fn an_acquire_sleeps_while_it_waits() {
    let semaphore = Arc::new(Semaphore::new(0));
    let threads = Threads::new();
    let waiter = threads.spawn("waiter", {
        let semaphore = Arc::clone(&semaphore);
        move || drop(semaphore.acquire())
    });
    let settled = threads.settle();
    // That it waits at all is what tests/protocol.rs looks at.
    require!(waiter.is_finished() || settled == Settled::AtRest,
        expected: "acquire to sleep until it is woken",
        seen: "{settled:?}: the thread looks again and again instead of sleeping",
        likely: "a loop that asks again and again instead of Condvar::wait",
        read: "hint 2",
    );
    if !waiter.is_finished() {
        semaphore.release(1);
    }
}

#[test]
fn a_permit_comes_back_when_its_holder_panics() {
    let available = on_a_thread(|| {
        let semaphore = Semaphore::new(1);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _permit = semaphore.acquire();
            panic!("the holder of a permit panics (on purpose)");
        }));
        assert!(panicked.is_err());
        semaphore.available()
    });
    require!(available == 1,
        expected: "the permit to come back while the panic unwinds",
        seen: "available() returned {available}",
        likely: "the permit is given back by a call that the panic skips, not by Drop",
        read: "hint 3",
    );
}

#[rstest]
#[case::acquire(|semaphore: &Semaphore| drop(semaphore.acquire()))]
#[case::try_acquire(|semaphore: &Semaphore| { let _permit = semaphore.try_acquire(); })]
#[case::a_try_that_is_refused(|semaphore: &Semaphore| {
    let all = [semaphore.acquire(), semaphore.acquire()];
    assert!(semaphore.try_acquire().is_none(), "all permits are taken");
    drop(all);
})]
fn nothing_is_kept_of_who_has_gone(#[case] round: fn(&Semaphore)) {
    let (growth, left) = on_a_thread(move || {
        let semaphore = Semaphore::new(2);
        (growth(|_| round(&semaphore)), semaphore.available())
    });
    let Growth { bytes, .. } = growth;
    assert_eq!(left, 2, "permits, when all have come back");
    require!(!growth.is_there(),
        expected: "after 10000 who came and went as much memory as after 10",
        seen: "{bytes} bytes more",
        likely: "everybody who comes is noted, and not everybody who leaves is struck out",
        read: "README, the task",
    );
}
