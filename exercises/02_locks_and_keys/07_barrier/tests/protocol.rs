//! What holds in every schedule.
//!
//! `src/barrier.rs` is compiled here with a `crate::sync` in which a thread may be interrupted before each of its
//! steps, and in which a wait may wake up for no reason. Scenarios are run under thousands of schedules; one
//! that fails is shown.

#[allow(dead_code)]
#[path = "../src/barrier.rs"]
mod barrier;

#[allow(unused_imports)]
mod sync {
    pub use schedules::shuttle::sync::*;
}

// What the scenarios note is none of the steps between which a thread is interrupted.
use std::sync::{Arc, Mutex};

use barrier::Barrier;
use rstest::rstest;
use schedules::shuttle::{explore, never_waits, unwind_through};
use schedules::{Expect, Explains};
use sync::thread::{JoinHandle, spawn_as};

const NAMES: [&str; 3] = ["T1", "T2", "T3"];

/// The rounds of each member. One that has fewer than another leaves after them.
type Day = &'static [usize];

/// What is asked of a day, beside that it ends.
#[derive(Clone, Copy)]
enum Ask {
    /// Nobody goes on before all others have arrived or left.
    NobodyIsEarly,
    /// Each round has one leader.
    OneLeads,
    /// A leave takes a lock at most; each round has a leader, so it has taken place.
    NobodySleepsInLeave,
    Nothing,
}

/// What has happened so far.
struct Book {
    /// By member: the rounds that it has arrived in.
    arrivals: Vec<usize>,
    /// By member: whether it has begun to leave.
    is_leaving: Vec<bool>,
    /// By round: how many waits have returned `true`.
    rounds: Vec<usize>,
}

impl Book {
    fn of(day: Day) -> Self {
        let rounds = day.iter().max().copied().unwrap_or_default();
        Self {
            arrivals: vec![0; day.len()],
            is_leaving: vec![false; day.len()],
            rounds: vec![0; rounds],
        }
    }

    /// The wait of a member has returned; says what is wrong with that.
    fn returns(&mut self, member: usize, is_leader: bool, ask: Ask) -> Result<(), String> {
        let round = self.arrivals[member];
        self.rounds[round - 1] += usize::from(is_leader);
        let is_missing = |other: &usize| self.arrivals[*other] < round && !self.is_leaving[*other];
        let missing = (0..self.arrivals.len()).find(is_missing);
        let leaders = self.rounds[round - 1];
        match (ask, missing) {
            (Ask::NobodyIsEarly, Some(other)) => Err(format!(
                "{} goes on after round {round}, in which {} has not arrived yet",
                NAMES[member], NAMES[other]
            )),
            (Ask::OneLeads, _) if leaders > 1 => {
                Err(format!("round {round} has {leaders} leaders"))
            }
            _ => Ok(()),
        }
    }

    /// All members are at the end of their day; says what is wrong with it.
    fn ends(&self, ask: Ask) -> Result<(), String> {
        let without = self.rounds.iter().position(|leaders| *leaders == 0);
        match (ask, without) {
            (Ask::OneLeads | Ask::NobodySleepsInLeave, Some(round)) => {
                Err(format!("round {} has no leader", round + 1))
            }
            _ => Ok(()),
        }
    }
}

/// All members go through their day.
fn live(day: Day, ask: Ask) {
    let barrier = Arc::new(Barrier::new(day.len()));
    let book = Arc::new(Mutex::new(Book::of(day)));
    let last_round = day.iter().max().copied().unwrap_or_default();
    let members = day.iter().enumerate().map(|(member, &rounds)| {
        let (barrier, book) = (Arc::clone(&barrier), Arc::clone(&book));
        spawn_as(NAMES[member], move || {
            for _ in 0..rounds {
                book.lock().unwrap().arrivals[member] += 1;
                let is_leader = barrier.wait();
                let checked = book.lock().unwrap().returns(member, is_leader, ask);
                checked.unwrap_or_else(|wrong| panic!("{wrong}"));
            }
            if rounds < last_round {
                book.lock().unwrap().is_leaving[member] = true;
                match ask {
                    Ask::NobodySleepsInLeave => never_waits("leave", || barrier.leave()),
                    _ => barrier.leave(),
                }
            }
        })
    });
    let members: Vec<JoinHandle<()>> = members.collect();
    members.into_iter().for_each(|member| member.join().unwrap());
    let checked = book.lock().unwrap().ends(ask);
    checked.unwrap_or_else(|wrong| panic!("{wrong}"));
}

#[rstest]
#[case::of_two(&[1, 1])]
#[case::of_three(&[1, 1, 1])]
fn nobody_goes_on_before_all_have_arrived(#[case] day: Day) {
    let expect = Expect {
        expected: "every member to go on only when all members have arrived",
        likely: "`if` where a `while` belongs: after every wake, ask again whether the round is over",
        explains: Explains::Invariants,
        read: "hint 2; pthread_cond_wait(3p)",
    };
    explore(expect, move || live(day, Ask::NobodyIsEarly));
}

#[rstest]
#[case::of_two(&[1, 1])]
#[case::of_three(&[1, 1, 1])]
fn everybody_goes_on_when_all_have_arrived(#[case] day: Day) {
    let expect = Expect {
        expected: "all members to go on when the last one has arrived",
        likely: "the last one to arrive wakes one member, not all; or it does so between another one's check and its sleep",
        explains: Explains::AllThatIsStuck,
        read: "hint 2",
    };
    explore(expect, move || live(day, Ask::Nothing));
}

#[rstest]
#[case::two_rounds_of_two(&[2, 2])]
#[case::three_rounds_of_two(&[3, 3])]
#[case::two_rounds_of_three(&[2, 2, 2])]
fn a_fast_member_waits_for_a_slow_one_in_the_next_round(#[case] day: Day) {
    let expect = Expect {
        expected: "a member that arrives again to wait until all others have arrived in the new round",
        likely: "arrivals of the last round still count when the next one has begun, or what lets sleepers go on is still open",
        explains: Explains::Invariants,
        read: "hint 3",
    };
    explore(expect, move || live(day, Ask::NobodyIsEarly));
}

#[rstest]
#[case::two_rounds_of_two(&[2, 2])]
#[case::three_rounds_of_two(&[3, 3])]
#[case::two_rounds_of_three(&[2, 2, 2])]
fn a_slow_member_goes_on_although_a_fast_one_has_arrived_again(#[case] day: Day) {
    let expect = Expect {
        expected: "every member to go on when its round is over, also if others have already arrived in the next one",
        likely: "a sleeper asks for the count, which is 0 again by now, or that of the next round: let it ask whether its round is over",
        explains: Explains::AllThatIsStuck,
        read: "hint 3",
    };
    explore(expect, move || live(day, Ask::Nothing));
}

#[rstest]
#[case::one_round_of_two(&[1, 1])]
#[case::three_rounds_of_two(&[3, 3])]
#[case::two_rounds_of_three(&[2, 2, 2])]
fn each_round_has_one_leader(#[case] day: Day) {
    let expect = Expect {
        expected: "wait() to return true to exactly one member in each round",
        likely: "who leads is looked at when others have already changed it: settle it in the step in which a member arrives",
        explains: Explains::Invariants,
        read: "hint 4",
    };
    explore(expect, move || live(day, Ask::OneLeads));
}

#[rstest]
#[case::at_once(&[0, 1])]
#[case::one_of_three(&[0, 1, 1])]
#[case::two_of_three(&[0, 0, 1])]
#[case::after_a_round(&[1, 2])]
#[case::one_of_three_after_a_round(&[1, 2, 2])]
#[case::one_after_the_other(&[0, 1, 3])]
#[case::two_after_a_round(&[1, 1, 2])]
fn a_round_ends_without_those_who_have_left(#[case] day: Day) {
    let expect = Expect {
        expected: "everybody that stays to go on when all others have arrived or left",
        likely: "a leave that was the last thing missing wakes nobody, or the next round still waits for the member that has left",
        explains: Explains::AllThatIsStuck,
        read: "hint 4",
    };
    explore(expect, move || live(day, Ask::Nothing));
}

#[rstest]
#[case::one_of_three(&[0, 2, 2])]
#[case::one_of_three_after_a_round(&[1, 2, 2])]
#[case::one_after_the_other(&[0, 1, 3])]
fn nobody_goes_on_early_because_another_one_leaves(#[case] day: Day) {
    let expect = Expect {
        expected: "every member to wait for all those who have not left",
        likely: "a leave ends a round in which somebody else is missing, or is counted twice: as an arrival and as one member fewer",
        explains: Explains::Invariants,
        read: "hint 4",
    };
    explore(expect, move || live(day, Ask::NobodyIsEarly));
}

#[rstest]
#[case::one_of_two(&[0, 2])]
#[case::one_of_three(&[0, 2, 2])]
#[case::one_of_three_after_a_round(&[1, 2, 2])]
#[case::two_of_three(&[0, 1, 2])]
fn a_round_that_a_leave_may_end_has_one_leader(#[case] day: Day) {
    let expect = Expect {
        expected: "wait() to return true to exactly one member in each round, also when a leave ends it",
        likely: "only the last one to arrive leads, and the one that ended the round has left; or the mark that a leader is wanted reaches two members, or the next round",
        explains: Explains::Invariants,
        read: "hint 4",
    };
    explore(expect, move || live(day, Ask::OneLeads));
}

/// A member that leaves when it is dropped.
struct Member(Arc<Barrier>);

impl Drop for Member {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[test]
fn a_leave_while_a_panic_unwinds_is_a_leave() {
    let expect = Expect {
        expected: "the member that waits to go on when the other one panics and leaves",
        likely: "while a panic unwinds, `leave` does less: it asks thread::panicking",
        explains: Explains::AllThatIsStuck,
        read: "README, the task",
    };
    explore(expect, || {
        let barrier = Arc::new(Barrier::new(2));
        let member = Member(Arc::clone(&barrier));
        spawn_as("panics", move || unwind_through(member));
        spawn_as("waits", move || barrier.wait());
    });
}

#[test]
fn a_leave_does_not_wait() {
    let expect = Expect {
        expected: "a leave to return although another member has not arrived",
        likely: "`leave` arrives first and waits for the end of the round",
        explains: Explains::AllThatIsStuck,
        read: "README, the task",
    };
    explore(expect, || {
        let barrier = Arc::new(Barrier::new(3));
        let waiter = spawn_as("waits", {
            let barrier = Arc::clone(&barrier);
            move || barrier.wait()
        });
        spawn_as("leaves", {
            let barrier = Arc::clone(&barrier);
            move || barrier.leave()
        })
        .join()
        .unwrap();
        waiter.settle();
        assert!(!waiter.is_finished(), "a member goes on, and one has not arrived yet");
        barrier.leave();
        assert!(waiter.join().unwrap(), "the only member that is left does not lead");
    });
}

#[rstest]
#[case::after_a_round_of_two(&[1, 2])]
#[case::after_a_round_of_three(&[1, 2, 2])]
fn a_leave_does_not_wait_for_those_that_have_not_woken_yet(#[case] day: Day) {
    let expect = Expect {
        expected: "a leave to return although members of the round before have not woken yet",
        likely: "`leave` waits where `wait` does, until all members of the last round have gone out",
        explains: Explains::Invariants,
        read: "README, the task",
    };
    explore(expect, move || live(day, Ask::NobodySleepsInLeave));
}
