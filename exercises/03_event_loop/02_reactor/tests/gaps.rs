//! No wake is lost, whenever it comes: another thread wakes the loop at each point between two of its system calls.
//!
//! The thread of the loop stands still meanwhile, so each of these moments is met, and none by luck.

#![allow(unsafe_code)] // the calls of the loop are watched

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use common::reactor;
use reactor::{Reactor, Token, Waker};
use rstest::rstest;
use testkit::between::at_each_point;
use testkit::require;
use testkit::threads::Threads;

testkit::watch_reads!();

/// A waker, and the count by which a wake is known that nobody has answered.
#[derive(Clone, Default)]
struct Bell {
    /// How many wakes have been made.
    made: Arc<AtomicUsize>,
    /// How many had been made when the handler was called the last time.
    answered: Arc<AtomicUsize>,
}

impl Bell {
    fn ring(&self, waker: &Waker) {
        self.made.fetch_add(1, Ordering::SeqCst);
        waker.wake();
    }

    fn answer(&self) {
        self.answered.store(self.made.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    fn unanswered(&self) -> usize {
        self.made.load(Ordering::SeqCst) - self.answered.load(Ordering::SeqCst)
    }
}

/// What a loop made of a wake that came at one point of it.
struct Outcome {
    /// Whether the loop has come to this point.
    reached: bool,
    /// How many wakes were not answered when the loop slept again.
    lost: usize,
    /// And how many of those that came then.
    lost_later: usize,
}

/// A loop with two wakers that is woken by the first, and at this point by `by`. When it sleeps, both wake it again.
fn woken_at(point: usize, by: usize) -> Outcome {
    const LIKELY: &str =
        "a wake that came between two steps of the loop was the last one that it heard of";
    let (threads, bells) = (Threads::new(), [Bell::default(), Bell::default()]);
    let (send, wakers) = mpsc::channel();
    let (ask, asked) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let ending = Arc::new(AtomicUsize::new(0));

    let clerk = threads.spawn("loop", {
        let (bells, ending) = (bells.clone(), Arc::clone(&ending));
        move || {
            let mut reactor = reactor();
            let [first, second] = bells.each_ref().map(|bell| {
                let (bell, ending) = (bell.clone(), Arc::clone(&ending));
                let handler = move |reactor: &mut Reactor, token: Token| {
                    bell.answer();
                    if ending.load(Ordering::SeqCst) > 0 {
                        reactor.remove(token);
                    }
                };
                reactor.waker(handler).expect("a waker can be made").1
            });
            bells[0].ring(&first);
            send.send([first, second]).expect("the office listens");
            let act = move |number| {
                if number == point {
                    ask.send(()).expect("the office listens");
                    told.recv().expect("the office wakes");
                }
            };
            at_each_point(act, || reactor.run().expect("nothing here fails")).1
        }
    });
    let wakers = wakers.recv().expect("the loop makes two wakers");
    let office = threads.spawn("office", {
        let (bell, waker) = (bells[by].clone(), wakers[by].clone());
        move || {
            if asked.recv().is_ok() {
                bell.ring(&waker);
                tell.send(()).expect("the loop listens");
            }
        }
    });

    let unanswered = || {
        threads.settle();
        bells.iter().map(Bell::unanswered).sum::<usize>()
    };
    let ring_both = || bells.iter().zip(&wakers).for_each(|(bell, waker)| bell.ring(waker));
    let lost = unanswered();
    let reached = office.is_finished();
    ring_both();
    let lost_later = unanswered();
    if lost + lost_later == 0 {
        ending.store(1, Ordering::SeqCst);
        ring_both();
        clerk.join(LIKELY, "eventfd(2); hint 3");
        office.join(LIKELY, "eventfd(2); hint 3");
    }
    Outcome { reached, lost, lost_later }
}

#[rstest]
#[case::of_the_waker_that_is_answered(0)]
#[case::of_another_waker(1)]
fn a_wake_between_two_steps_of_the_loop_is_not_lost(#[case] by: usize) {
    for point in 0.. {
        let Outcome { reached, lost, lost_later } = woken_at(point, by);
        require!(lost == 0 && lost_later == 0,
            expected: "a call of the handler after every wake, also one at point {point} of the loop (before or after\none of its system calls), and after those that come when it sleeps again",
            seen: "{lost} wakes that no call followed; then {lost_later} of two",
            likely: "two steps that belong together, and a wake between them: a flag is taken back before the eventfd\nis read, or what was read is not looked at again",
            read: "eventfd(2); hint 3",
        );
        if !reached {
            require!(point >= 4,
                expected: "a loop that is woken to wait, and to read what has woken it",
                seen: "{point} points before and after its calls",
                likely: "see tests/wakers.rs first",
                read: "README, the task",
            );
            return;
        }
    }
}
