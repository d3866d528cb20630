//! What a reactor promises about timers. Only their order counts here, never how long they take.

mod common;

use std::cell::Cell;
use std::io::Write;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use common::{Diary, after_rounds, pipe_with, reactor, run_within};
use reactor::{Reactor, Trigger, Waker};
use rstest::rstest;
use testkit::deadline::within;
use testkit::require;
use testkit::steps;
use testkit::threads::{Settled, Thread, Threads};

const HOUR: Duration = Duration::from_secs(3600);

/// Sets timers at these distances from one moment, in this order; returns the distances as they ring.
fn ring(distances: &[Duration]) -> Vec<Duration> {
    let mut reactor = reactor();
    let rung = Rc::new(std::cell::RefCell::new(Vec::new()));
    let moment = Instant::now();
    for &distance in distances {
        let rung = Rc::clone(&rung);
        reactor
            .at(moment + distance, move |_| rung.borrow_mut().push(distance))
            .expect("a timer can be set");
    }
    reactor.run().expect("nothing here fails");
    rung.take()
}

#[rstest]
#[case::now(Duration::ZERO)]
#[case::a_second_ago(Duration::from_secs(1))]
fn a_deadline_that_has_passed_rings_at_once(#[case] ago: Duration) {
    let calls = run_within(
        "the timerfd is set to the time left, which is zero, and zero disarms it",
        "timerfd_settime(2); hint 2",
        move || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let notes = diary.clone();
            let deadline = Instant::now().checked_sub(ago).unwrap_or_else(Instant::now);
            reactor.at(deadline, move |_| notes.write("rings")).expect("a timer can be set");
            reactor.run().expect("nothing here fails");
            diary.count()
        },
    );
    require!(calls == 1,
        expected: "the handler of a timer to be called once",
        seen: "{calls} calls",
        likely: "a timer that has rung stays in the table",
        read: "README, the task",
    );
}

#[test]
fn a_deadline_to_come_rings() {
    let rung = run_within(
        "the timerfd is not set, or not in the epoll instance",
        "timerfd_create(2); hint 2",
        || ring(&[Duration::from_millis(3)]),
    );
    assert_eq!(rung, [Duration::from_millis(3)]);
}

#[test]
fn earlier_deadlines_ring_first() {
    let (set, rung) = run_within(
        "the timerfd is set to the deadline that was registered last, not to the earliest",
        "hint 2",
        || {
            let set: Vec<_> = [7, 2, 9, 4, 1, 8, 3, 6, 5].map(Duration::from_millis).into();
            let rung = ring(&set);
            (set, rung)
        },
    );
    let mut sorted = set.clone();
    sorted.sort();
    require!(rung == sorted,
        expected: "timers set for {set:?} to ring in order of deadline",
        seen: "{rung:?}",
        likely: "timers are called in the order in which they were registered",
        read: "hint 2",
    );
}

#[test]
fn equal_deadlines_ring_in_order_of_registration() {
    let diary = run_within("the timerfd is not set", "hint 2", || {
        let (diary, mut reactor) = (Diary::new(), reactor());
        let moment = Instant::now();
        for i in 0..20 {
            let notes = diary.clone();
            reactor.at(moment, move |_| notes.write(format!("{i}"))).expect("a timer can be set");
        }
        reactor.run().expect("nothing here fails");
        diary.entries()
    });
    let in_order: Vec<String> = (0..20).map(|i| i.to_string()).collect();
    require!(diary == in_order,
        expected: "twenty timers for the same moment to ring in the order 0 to 19",
        seen: "{diary:?}",
        likely: "a heap or a map that compares deadlines only: a tie needs a second key, or one timer replaces the other",
        read: "hint 2; https://doc.rust-lang.org/std/collections/struct.BinaryHeap.html",
    );
}

#[test]
fn an_earlier_timer_does_not_ring_a_later_one() {
    let diary = run_within(
        "the timerfd is set to the deadline that was registered last, not to the earliest",
        "hint 2",
        || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let moment = Instant::now();
            let notes = diary.clone();
            let late = reactor
                .at(moment + HOUR, move |_| notes.write("in an hour"))
                .expect("a timer can be set");
            let notes = diary.clone();
            reactor
                .at(moment + Duration::from_millis(1), move |reactor| {
                    notes.write("soon");
                    after_rounds(reactor, 3, move |reactor| {
                        reactor.remove(late);
                    });
                })
                .expect("a timer can be set");
            reactor.run().expect("nothing here fails");
            diary.entries()
        },
    );
    require!(diary == ["soon"],
        expected: "the timer of an hour from now not to be called",
        seen: "{diary:?}",
        likely: "when the timerfd rings, all timers are called, not only those whose deadline has come",
        read: "hint 2",
    );
}

#[test]
fn the_loop_waits_for_the_earliest_of_all_deadlines() {
    let diary = run_within(
        "each registration sets the timerfd anew: the last one, of an hour, hides the first",
        "timerfd_settime(2); hint 2",
        || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let moment = Instant::now();
            let late = Rc::new(Cell::new(None));
            let (notes, last) = (diary.clone(), Rc::clone(&late));
            reactor
                .at(moment + Duration::from_millis(5), move |reactor| {
                    notes.write("soon");
                    reactor.remove(last.get().expect("set before the loop runs"));
                })
                .expect("a timer can be set");
            late.set(Some(reactor.at(moment + HOUR, |_| {}).expect("a timer can be set")));
            reactor.run().expect("nothing here fails");
            diary.entries()
        },
    );
    assert_eq!(diary, ["soon"]);
}

/// A loop that has called a timer that was due, with a waker that lets it come to its end. With `later`
/// another timer is due after that.
#[track_caller]
fn after_a_timer(threads: &Threads, later: Option<Duration>) -> (Thread<()>, Waker) {
    let (send, rung) = mpsc::channel();
    let clerk = threads.spawn("loop", move || {
        let mut reactor = reactor();
        let late = later
            .map(|later| reactor.at(Instant::now() + later, |_| {}).expect("a timer can be set"));
        let (_, waker) = reactor
            .waker(move |reactor, token| {
                reactor.remove(token);
                late.map(|late| reactor.remove(late));
            })
            .expect("a waker can be made");
        reactor
            .at(Instant::now(), move |_| send.send(waker).expect("the test listens"))
            .expect("a timer can be set");
        reactor.run().expect("nothing here fails");
    });
    let likely = "a timer that is due at once does not ring";
    let waker = within("the call of a timer that is due", likely, "hint 2", move || rung.recv());
    let Ok(waker) = waker else {
        // The handler is gone without a call: the loop has panicked, or returned too early.
        clerk.join(likely, "hint 2");
        panic!("the loop returned before its timers had rung");
    };
    (clerk, waker)
}

#[test]
fn a_loop_whose_timer_has_rung_sleeps_again() {
    let threads = Threads::new();
    let (clerk, waker) = after_a_timer(&threads, Some(HOUR));
    let (settled, returned) = (threads.settle(), clerk.is_finished());
    require!(settled == Settled::AtRest && !returned,
        expected: "a loop that has called its timer to sleep: the next one is due in an hour",
        seen: "{settled:?}; `run` has returned: {returned}",
        likely: "the timerfd stays readable after it has rung, and every epoll_wait returns at once: read it, or set it anew before each wait",
        read: "timerfd_create(2), read; hint 2",
    );
    waker.wake();
    clerk.join("a removed timer or waker still counts as registered", "README, the task");
}

#[test]
fn a_loop_whose_last_timer_has_rung_sleeps_too() {
    let threads = Threads::new();
    let (clerk, waker) = after_a_timer(&threads, None);
    let (settled, returned) = (threads.settle(), clerk.is_finished());
    require!(settled == Settled::AtRest && !returned,
        expected: "a loop that has called its last timer to sleep until its waker is used",
        seen: "{settled:?}; `run` has returned: {returned}",
        likely: "the timerfd of the last timer stays readable, and every epoll_wait returns at once: read it, or disarm it when no timer is left",
        read: "timerfd_create(2), read; hint 2",
    );
    waker.wake();
    clerk.join("a removed waker still counts as registered", "README, the task");
}

#[rstest]
#[case::in_a_year(365)]
#[case::in_a_century(36_525)]
#[case::in_four_centuries(146_097)]
fn a_deadline_may_be_far_away(#[case] days: u64) {
    let diary = run_within(
        "a deadline that is far away rings at once, or keeps the loop from its descriptors",
        "timerfd_settime(2); epoll_wait(2): the timeout is an int of milliseconds",
        move || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let deadline = Instant::now() + Duration::from_secs(days * 24 * 3600);
            let notes = diary.clone();
            let far = reactor.at(deadline, move |_| notes.write("the far one rings"));
            let far = far.map_err(|error| error.to_string())?;
            // No other timer: the far one is the earliest.
            let (reader, _writer) = pipe_with(b"a");
            let notes = diary.clone();
            let watched = reactor.watch(reader, Trigger::Level, move |reactor, token, _| {
                notes.write("round");
                if notes.count() == 3 {
                    reactor.remove(token);
                    reactor.remove(far);
                }
            });
            watched.map_err(|error| error.to_string())?;
            reactor.run().map_err(|error| error.to_string())?;
            Ok::<_, String>(diary.entries())
        },
    );
    let wanted = Ok(vec!["round".to_owned(); 3]);
    let seen = diary.as_ref().map_or_else(|error| format!("an error: {error}"), |it| it.join(", "));
    require!(diary == wanted,
        expected: "a timer in {days} days to wait while the loop goes round, and to be removed",
        seen: "{seen}",
        likely: "the time left does not fit into the call that waits: wait for as long as it can, and look again",
        read: "timerfd_settime(2); epoll_wait(2)",
    );
}

#[test]
fn a_removed_timer_does_not_ring() {
    let (removed, calls) = run_within(
        "the timer is removed, but the loop still counts it",
        "README, the task",
        || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let notes = diary.clone();
            let token = reactor
                .at(Instant::now(), move |_| notes.write("rings"))
                .expect("a timer can be set");
            let removed = reactor.remove(token);
            reactor.run().expect("nothing here fails");
            (removed, diary.count())
        },
    );
    require!(removed && calls == 0,
        expected: "`remove` of a timer to say true, and the timer not to ring",
        seen: "{removed}, {calls} calls",
        likely: "`remove` looks for descriptors only",
        read: "README, the task",
    );
}

#[test]
fn a_timer_that_has_rung_is_gone() {
    let (calls, removed) =
        run_within("the timerfd is not set", "timerfd_settime(2); hint 2", || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let notes = diary.clone();
            let token = reactor
                .at(Instant::now(), move |_| notes.write("rings"))
                .expect("a timer can be set");
            reactor.run().expect("nothing here fails");
            (diary.count(), reactor.remove(token))
        });
    require!(calls == 1 && !removed,
        expected: "one call, and then false from `remove`: the timer is already gone",
        seen: "{calls} calls, then {removed}",
        likely: "`remove` says whether the token was ever given out, or not removed before",
        read: "README, the task; src/lib.rs, remove",
    );
}

#[test]
fn a_timer_removed_by_another_of_the_same_round_does_not_ring() {
    let diary = run_within(
        "the timer is removed, but the loop still counts it",
        "README, the task",
        || {
            let (diary, mut reactor) = (Diary::new(), reactor());
            let moment = Instant::now();
            let second = Rc::new(Cell::new(None));
            let (notes, victim) = (diary.clone(), Rc::clone(&second));
            reactor
                .at(moment, move |reactor| {
                    notes.write("first");
                    reactor.remove(victim.get().expect("set before the loop runs"));
                })
                .expect("a timer can be set");
            let notes = diary.clone();
            let token = reactor.at(moment, move |_| notes.write("second"));
            second.set(Some(token.expect("a timer can be set")));
            reactor.run().expect("nothing here fails");
            diary.entries()
        },
    );
    require!(diary == ["first"],
        expected: "the first of two timers that are due to remove the second",
        seen: "{diary:?}",
        likely: "the due timers are taken out of the table before the first is called",
        read: "hint 4",
    );
}

#[rstest]
#[case::for_the_moment_of_the_call(None)]
#[case::for_a_moment_of_the_past(Some(Instant::now()))]
fn a_timer_that_a_handler_sets_waits_for_the_next_round(#[case] moment: Option<Instant>) {
    const MANY: usize = 100_000;

    /// A timer that is due at once, and sets the next one, until the pipe is read or very many rang.
    fn tick(
        reactor: &mut Reactor,
        moment: Option<Instant>,
        rung: Rc<Cell<usize>>,
        read: Rc<Cell<bool>>,
    ) {
        reactor
            .at(moment.unwrap_or_else(Instant::now), move |reactor| {
                rung.set(rung.get() + 1);
                if !read.get() && rung.get() < MANY {
                    tick(reactor, moment, rung, read);
                }
            })
            .expect("a timer can be set");
    }

    let ticks = run_within("the timerfd is not set again", "hint 2", move || {
        let mut reactor = reactor();
        let (rung, read) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
        let (reader, mut writer) = pipe_with(b"");
        let is_read = Rc::clone(&read);
        reactor
            .watch(reader, Trigger::Level, move |reactor, token, _| {
                reactor.remove(token);
                is_read.set(true);
            })
            .expect("a pipe can be watched");
        let (ticks, until) = (Rc::clone(&rung), Rc::clone(&read));
        reactor
            .at(Instant::now(), move |reactor| {
                writer.write_all(b"a").expect("a pipe holds a byte");
                tick(reactor, moment, ticks, until);
            })
            .expect("a timer can be set");
        reactor.run().expect("nothing here fails");
        rung.get()
    });
    require!((1..MANY).contains(&ticks),
        expected: "the loop to look at its descriptors between two timers that are due",
        seen: "{ticks} timers in a row, and a pipe was readable all the while",
        likely: "`while` the first timer is due: a handler that sets the next one keeps the loop there,\neven if `now` is read only once",
        read: "README, the task; hint 2",
    );
}

#[test]
fn a_loop_does_not_look_again_and_again_before_a_deadline() {
    const TIMERS: u32 = 20;
    // Each timer may cost a few waits: the one that it ends, and some that come a little too early.
    const MOST: u64 = 20 * TIMERS as u64;
    let looks = run_within("the timerfd is not set again", "hint 2", || {
        let (mut reactor, moment) = (reactor(), Instant::now());
        for number in 1..=TIMERS {
            let deadline = moment + number * Duration::from_micros(3_900);
            reactor.at(deadline, |_| {}).expect("a timer can be set");
        }
        let before = steps::calls_of_this_thread();
        reactor.run().expect("nothing here fails");
        steps::calls_of_this_thread() - before
    });
    require!((1..=MOST).contains(&looks),
        expected: "at most {MOST} waits (epoll_wait) for {TIMERS} timers, one after the other",
        seen: "{looks}",
        likely: "the time left is rounded down to milliseconds: in the last one the timeout is 0, and the loop spins",
        read: "epoll_wait(2), timeout; timerfd_create(2)",
    );
}

#[rstest]
#[case::before_the_reactor_was_made(&[-3_000_000_000, -9_000_000_000, -5_000_000_000])]
#[case::nanoseconds_apart(&[-2, -1, -4, -3])]
#[case::in_the_past_and_to_come(&[2_000_001, -1, 2_000_000, -3_600_000_000_000, 0])]
fn deadlines_keep_their_order_wherever_they_lie(#[case] nanos: &'static [i64]) {
    let rung = run_within("a deadline that has passed does not ring", "hint 2", move || {
        let (moment, diary) = (Instant::now(), Diary::new());
        let mut reactor = reactor();
        for &nanos in nanos {
            let distance = Duration::from_nanos(nanos.unsigned_abs());
            let deadline =
                if nanos < 0 { moment.checked_sub(distance) } else { moment.checked_add(distance) };
            let notes = diary.clone();
            reactor
                .at(deadline.expect("an Instant reaches far"), move |_| {
                    notes.write(nanos.to_string())
                })
                .expect("a timer can be set");
        }
        reactor.run().expect("nothing here fails");
        diary.entries()
    });
    let mut sorted = nanos.to_vec();
    sorted.sort_unstable();
    let sorted: Vec<String> = sorted.iter().map(i64::to_string).collect();
    require!(rung == sorted,
        expected: "timers to ring in order of deadline, these nanoseconds from a moment before the reactor was made:\n{sorted:?}",
        seen: "{rung:?}",
        likely: "the deadlines are converted, and what was different is equal then: to the time since a start that is\nlater, or to milliseconds",
        read: "README, the task; https://doc.rust-lang.org/std/time/struct.Instant.html",
    );
}

#[test]
fn a_timer_is_gone_when_its_handler_is_called() {
    let removed = run_within("a timer that is due does not ring", "hint 2", || {
        let (diary, mut reactor) = (Diary::new(), reactor());
        let (notes, own) = (diary.clone(), Rc::new(Cell::new(None)));
        let itself = Rc::clone(&own);
        let token = reactor.at(Instant::now(), move |reactor| {
            let own = itself.get().expect("set before the loop runs");
            notes.write(reactor.remove(own).to_string());
        });
        own.set(Some(token.expect("a timer can be set")));
        reactor.run().expect("nothing here fails");
        diary.entries()
    });
    require!(removed == ["false"],
        expected: "one call of the handler, in which `remove` of the timer itself says false: it is gone",
        seen: "{removed:?}",
        likely: "the timer is taken out of the table after its call",
        read: "src/lib.rs, at",
    );
}
