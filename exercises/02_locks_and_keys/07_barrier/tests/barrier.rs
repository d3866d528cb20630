//! What a barrier promises, easiest first.
//!
//! `src/barrier.rs` is compiled here with a `crate::sync` whose waits wake up for no reason, whose
//! `compare_exchange_weak` fails for none, and whose mutexes and atomics count how often they are used.

#[allow(dead_code)]
#[path = "../src/barrier.rs"]
mod barrier;

use testkit::sync::spurious as sync;

use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use barrier::Barrier;
use rstest::rstest;
use testkit::growth::{Growth, growth};
use testkit::require;
use testkit::threads::{Settled, Thread, Threads};

testkit::count_allocations!();

/// More than 16 bits hold.
const MANY: usize = 0x1_0001;

/// Runs `body` on a thread of its own, so that a call that never returns is seen to.
#[track_caller]
fn on_a_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    Threads::new().spawn("worker", body).join(
        "the call sleeps, and nobody is missing: is the member that calls counted before it looks, and is one that has left still counted?",
        "hint 2",
    )
}

/// Starts a member's wait.
fn wait(threads: &Threads, name: &str, barrier: &Arc<Barrier>) -> Thread<bool> {
    let barrier = Arc::clone(barrier);
    threads.spawn(name, move || barrier.wait())
}

/// Starts so many waits and sees them sleep.
#[track_caller]
fn sleepers(threads: &Threads, barrier: &Arc<Barrier>, count: usize) -> Vec<Thread<bool>> {
    let waits: Vec<_> =
        (1..=count).map(|i| wait(threads, &format!("member {i}"), barrier)).collect();
    let settled = threads.settle();
    let gone_on = waits.iter().filter(|wait| wait.is_finished()).count();
    require!(gone_on == 0,
        expected: "all that have arrived ({count}) to wait for the one that is missing",
        seen: "{gone_on} of them went on",
        likely: "`if` where a `while` belongs: a wait may return without a wake, so ask again whether the round is over; or what a sleeper compares with is not of this barrier and this round",
        read: "hint 2; pthread_cond_wait(3p)",
    );
    require!(settled == Settled::AtRest,
        expected: "members that wait to sleep until they are woken",
        seen: "{settled:?}: the thread looks again and again instead of sleeping",
        likely: "a loop that asks again and again instead of Condvar::wait or futex::wait",
        read: "hint 2",
    );
    waits
}

/// How many of them are told that they lead, when all have returned.
#[track_caller]
fn leaders(waits: Vec<Thread<bool>>) -> usize {
    let returned = waits.into_iter().map(|wait| {
        wait.join("not everybody is woken when the round ends (notify all, not one), or the count of an earlier round still stands, and this one does not end", "hint 2")
    });
    returned.filter(|is_leader| *is_leader).count()
}

#[rstest]
#[case::one_round(1)]
#[case::three_rounds(3)]
fn a_barrier_for_one_lets_its_member_through_as_the_leader(#[case] rounds: usize) {
    let led = on_a_thread(move || {
        let barrier = Barrier::new(1);
        (0..rounds).filter(|_| barrier.wait()).count()
    });
    require!(led == rounds,
        expected: "the only member to lead each of {rounds} rounds",
        seen: "wait() returned true {led} times",
        likely: "the leader is told by something that is so in the first round only, or never for one alone",
        read: "README, the task",
    );
}

#[test]
fn a_wait_uses_a_mutex_or_an_atomic_of_crate_sync() {
    let used = on_a_thread(|| {
        Barrier::new(1).wait();
        sync::uses()
    });
    require!(used > 0,
        expected: "at least one operation on a mutex or an atomic of crate::sync",
        seen: "{used} of them",
        likely: "`use std::sync::…` where `use crate::sync::…` belongs: the tests that try the orders in which threads can run cannot see into std::sync, and hang",
        read: "README, the task",
    );
}

#[test]
fn a_barrier_for_nobody_panics() {
    let made = |members| catch_unwind(|| _ = Barrier::new(members)).is_ok();
    let (nobody, one) = (made(0), made(1));
    require!(!nobody && one,
        expected: "new(0) to panic, and new(1) to return",
        seen: "new(0) returned: {nobody}; new(1) returned: {one}",
        likely: "the number of members is not checked",
        read: "the stub",
    );
}

#[rstest]
#[case::two(2)]
#[case::three(3)]
#[case::forty(40)]
fn members_sleep_until_the_last_one_arrives(#[case] members: usize) {
    let (threads, barrier) = (Threads::new(), Arc::new(Barrier::new(members)));
    let mut waits = sleepers(&threads, &barrier, members - 1);
    waits.push(wait(&threads, "the last member", &barrier));
    let leaders = leaders(waits);
    require!(leaders == 1,
        expected: "one of {members} members to lead the round",
        seen: "wait() returned true to {leaders} of them",
        likely: "the leader is told by a count that others have changed when it is looked at: let the member that arrives first, or last, lead",
        read: "hint 4",
    );
}

#[rstest]
#[case::one_more_than_a_byte(0x101)]
#[case::one_more_than_two_bytes(0x1_0001)]
#[case::one_more_than_four_bytes(0x1_0000_0001)]
#[case::the_largest_number(usize::MAX)]
fn a_barrier_is_for_any_number_of_members(#[case] members: usize) {
    let (threads, barrier) = (Threads::new(), Arc::new(Barrier::new(members)));
    let waits = [wait(&threads, "member 1", &barrier), wait(&threads, "member 2", &barrier)];
    threads.come_to_rest();
    let gone_on = waits.iter().filter(|wait| wait.is_finished()).count();
    require!(gone_on == 0,
        expected: "2 of {members} members to wait for all others",
        seen: "{gone_on} of them went on",
        likely: "the number of members is kept in fewer bits than a usize has, or in a number with a sign",
        read: "README, the task",
    );
}

#[rstest]
#[case::two(2)]
#[case::three(3)]
#[case::forty(40)]
fn the_members_of_a_round_meet_again_in_the_next_one(#[case] members: usize) {
    let (threads, barrier) = (Threads::new(), Arc::new(Barrier::new(members)));
    for round in 1..=3 {
        // Each time other threads: a member is no thread.
        let mut waits = sleepers(&threads, &barrier, members - 1);
        waits.push(wait(&threads, "the last member", &barrier));
        let leaders = leaders(waits);
        require!(leaders == 1,
            expected: "one of {members} members to lead round {round}",
            seen: "wait() returned true to {leaders} of them",
            likely: "what says who leads is not made ready for the next round",
            read: "hint 4",
        );
    }
}

#[rstest]
#[case::of_one(1)]
#[case::of_two(2)]
fn there_is_no_last_round(#[case] members: usize) {
    let (threads, barrier) = (Threads::new(), Arc::new(Barrier::new(members)));
    let workers: Vec<_> = (1..=members)
        .map(|i| {
            let barrier = Arc::clone(&barrier);
            let rounds = move || (0..MANY).filter(|_| barrier.wait()).count();
            threads.spawn(&format!("member {i}"), rounds)
        })
        .collect();
    let each = workers.into_iter().map(|worker| {
        worker.join("a number of the round that has wrapped is taken for an older one: compare rounds with == or !=, not with < or >", "hint 3")
    });
    let leaders: usize = each.sum();
    require!(leaders == MANY,
        expected: "{MANY} rounds to have {MANY} leaders",
        seen: "wait() returned true {leaders} times",
        likely: "a number of the round that has wrapped is taken for an older one: compare rounds with == or !=, not with < or >",
        read: "hint 3",
    );
}

#[test]
fn barriers_do_not_know_of_each_other() {
    let threads = Threads::new();
    let [one, other] = [2, 2].map(|members| Arc::new(Barrier::new(members)));
    let waits = [sleepers(&threads, &one, 1), sleepers(&threads, &other, 1)];
    for (barrier, mut waits) in [one, other].iter().zip(waits) {
        waits.push(wait(&threads, "the last member", barrier));
        let leaders = leaders(waits);
        require!(leaders == 1,
            expected: "one member to lead the round of each of two barriers",
            seen: "wait() returned true to {leaders} of the 2 of one barrier",
            likely: "a static, or a variable of the thread, is shared by all barriers",
            read: "README, the task",
        );
    }
}

#[rstest]
#[case::of_two(2)]
#[case::of_three(3)]
#[case::of_more_than_two_bytes_hold(MANY)]
fn the_one_that_stays_waits_for_nobody(#[case] members: usize) {
    let led = on_a_thread(move || {
        let barrier = Barrier::new(members);
        (1..members).for_each(|_| barrier.leave());
        (0..3).filter(|_| barrier.wait()).count()
    });
    require!(led == 3,
        expected: "the only one of {members} members that has not left to lead each of 3 rounds",
        seen: "wait() returned true {led} times",
        likely: "one that leaves is counted as one that has arrived and leads, or arrives again in each round",
        read: "README, the task",
    );
}

#[test]
fn all_members_may_leave() {
    let led = on_a_thread(|| {
        let barrier = Barrier::new(3);
        (0..2).for_each(|_| barrier.leave());
        let led = barrier.wait();
        barrier.leave();
        led
    });
    require!(led,
        expected: "the last of 3 members to lead its round, and then to leave",
        seen: "wait() returned false",
        likely: "one that leaves is counted as one that has arrived and leads",
        read: "README, the task",
    );
}

#[rstest]
#[case::one_of_two(2, 1)]
#[case::one_of_three(3, 1)]
#[case::two_of_four(4, 2)]
#[case::one_of_forty(40, 1)]
fn a_leave_of_the_last_one_that_is_missing_ends_the_round(
    #[case] members: usize,
    #[case] leaving: usize,
) {
    let (threads, barrier) = (Threads::new(), Arc::new(Barrier::new(members)));
    let staying = members - leaving;
    let waits = sleepers(&threads, &barrier, staying);
    for _ in 1..leaving {
        let barrier = Arc::clone(&barrier);
        on_a_thread(move || barrier.leave());
        let settled = threads.settle();
        assert_eq!(settled, Settled::AtRest, "members that wait, when not all others have left");
        let gone_on = waits.iter().filter(|wait| wait.is_finished()).count();
        require!(gone_on == 0,
            expected: "{staying} members to wait: one that has not left is missing",
            seen: "{gone_on} of them went on",
            likely: "every leave ends the round: it does so only if nobody else is missing",
            read: "README, the task",
        );
    }
    on_a_thread({
        let barrier = Arc::clone(&barrier);
        move || barrier.leave()
    });
    let leaders_now = leaders(waits);
    require!(leaders_now == 1,
        expected: "one of the {staying} members that had arrived to lead the round that a leave ended",
        seen: "wait() returned true to {leaders_now} of them",
        likely: "only the last one to arrive can lead, and here nobody arrives last: the one that ends the round has left",
        read: "hint 4",
    );
    let mut waits = sleepers(&threads, &barrier, staying - 1);
    waits.push(wait(&threads, "the last member", &barrier));
    let leaders = leaders(waits);
    require!(leaders == 1,
        expected: "one of {staying} members to lead the next round",
        seen: "wait() returned true to {leaders} of them",
        likely: "the mark that the last round needed a leader is still there in the next one",
        read: "hint 4",
    );
}

/// A member that leaves when it is dropped.
struct Member(Arc<Barrier>);

impl Drop for Member {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[test]
fn a_member_that_panics_is_not_waited_for() {
    let (threads, barrier) = (Threads::new(), Arc::new(Barrier::new(3)));
    let waits = sleepers(&threads, &barrier, 2);
    let member = Member(Arc::clone(&barrier));
    on_a_thread(move || {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _member = member;
            panic::resume_unwind(Box::new("on purpose"));
        }));
        assert!(panicked.is_err());
    });
    let leaders_now = leaders(waits);
    let mut waits = sleepers(&threads, &barrier, 1);
    waits.push(wait(&threads, "the last member", &barrier));
    let led = (leaders_now, leaders(waits));
    require!(led == (1, 1),
        expected: "a round that ends while a panic unwinds to have 1 leader, and the next one too",
        seen: "{led:?} leaders",
        likely: "`leave` asks thread::panicking, and does less",
        read: "README, the task",
    );
}

#[test]
fn nothing_is_kept_of_a_round_that_is_over() {
    let (threads, barrier) = (Threads::new(), Arc::new(Barrier::new(2)));
    let led = Arc::new(AtomicUsize::new(0));
    let workers = ["member 1", "member 2"].map(|name| {
        let (barrier, led) = (Arc::clone(&barrier), Arc::clone(&led));
        threads.spawn(name, move || {
            growth(|_| {
                led.fetch_add(usize::from(barrier.wait()), Ordering::Relaxed);
            })
        })
    });
    // What one of them allocates, the other one may free.
    let growths =
        workers.map(|worker| worker.join("a member sleeps in a round that is over", "hint 3"));
    let led = led.load(Ordering::Relaxed);
    assert!(led >= 10_000, "{led} leaders in at least 10000 rounds");
    let bytes = growths.iter().map(|growth| growth.bytes).sum();
    let growth = Growth { bytes, descriptors: 0 };
    require!(!growth.is_there(),
        expected: "after 10000 rounds as much memory as after 10",
        seen: "{bytes} bytes more",
        likely: "each round, or each member that arrives, is noted, and not struck out when the round is over",
        read: "README, the task",
    );
}

#[test]
fn nothing_is_kept_of_members_that_have_left() {
    let growth = on_a_thread(|| {
        let barrier = Barrier::new(MANY);
        let growth = growth(|_| barrier.leave());
        let left = MANY - 10_010;
        (1..left).for_each(|_| barrier.leave());
        assert!(barrier.wait(), "the only member that is left leads");
        growth
    });
    let Growth { bytes, .. } = growth;
    require!(!growth.is_there(),
        expected: "after 10000 members that left as much memory as after 10",
        seen: "{bytes} bytes more",
        likely: "everybody that leaves is noted",
        read: "README, the task",
    );
}
