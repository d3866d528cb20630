//! The laws of the policies, whatever happens to the jobs: who is ready has a turn, and nobody else.

use std::collections::VecDeque;
use std::time::Duration;

use one_cpu::{Feedback, News, Policy, RoundRobin};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const QUICK: u64 = 10;
const SLOW: u64 = 40;

/// What may happen to some job, or to the one that has the turn.
#[derive(Debug, Clone, Copy)]
enum Happens {
    /// Unless it is ready or has the turn, a job arrives: a new one, or one that was blocked.
    Arrives(usize),
    /// If it is known, a job ends.
    Ends(usize),
    /// If nobody has the turn, the policy is asked for the next.
    Turn,
    /// The turn is over, with so much more than the slice.
    Expires(u64),
    /// The turn is over after so much; of a slice that is shorter, all of it.
    Blocks(u64),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        3 => (0..6_usize).prop_map(Happens::Arrives),
        1 => (0..6_usize).prop_map(Happens::Ends),
        6 => Just(Happens::Turn),
        3 => (0..3_u64).prop_map(Happens::Expires),
        3 => (0..12_u64).prop_map(Happens::Blocks),
    ]
}

/// A job as the model knows it: what it has used, and when it has joined its queue.
#[derive(Debug, Clone, Copy)]
struct Known {
    job: usize,
    used: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Ready { since: usize },
    HasTheTurn { slice: u64 },
    Blocked,
}

/// The model: who is ready, and whose turn it must be.
struct Model {
    known: VecDeque<Known>,
    now: usize,
    has_two_queues: bool,
}

impl Model {
    fn of(&mut self, job: usize) -> Option<&mut Known> {
        self.known.iter_mut().find(|known| known.job == job)
    }

    fn running(&mut self) -> Option<(&mut Known, u64)> {
        self.known.iter_mut().find_map(|known| match known.state {
            State::HasTheTurn { slice } => Some((known, slice)),
            _ => None,
        })
    }

    fn is_slow(&self, known: &Known) -> bool {
        self.has_two_queues && known.used >= QUICK
    }

    fn next(&self) -> Option<(usize, u64)> {
        let ready = self.known.iter().filter_map(|known| match known.state {
            State::Ready { since } => Some((self.is_slow(known), since, known)),
            _ => None,
        });
        let (is_slow, _, known) = ready.min_by_key(|(is_slow, since, _)| (*is_slow, *since))?;
        let slice = match (self.has_two_queues, is_slow) {
            (false, _) => QUICK,
            (true, true) => SLOW,
            (true, false) => QUICK - known.used,
        };
        Some((known.job, slice))
    }

    /// One thing happens to the policy and to the model; an error where they do not agree.
    fn step(&mut self, policy: &mut dyn Policy, happens: Happens) -> Result<(), TestCaseError> {
        self.now += 1;
        let since = self.now;
        let ms = Duration::from_millis;
        match happens {
            Happens::Arrives(job) => {
                match self.of(job) {
                    None => {
                        self.known.push_back(Known { job, used: 0, state: State::Ready { since } })
                    }
                    Some(known) if known.state == State::Blocked => {
                        known.state = State::Ready { since };
                    }
                    Some(_) => return Ok(()),
                }
                policy.note(job, News::Arrived);
            }
            Happens::Ends(job) => {
                if self.of(job).is_some() {
                    self.known.retain(|known| known.job != job);
                    policy.note(job, News::Ended);
                }
            }
            Happens::Turn => {
                if self.running().is_some() {
                    return Ok(());
                }
                let expected = self.next();
                let named = policy.next().map(|(job, slice)| (job, slice.as_millis() as u64));
                prop_assert!(
                    named == expected,
                    "the next turn (job, milliseconds): {named:?}, where it is {expected:?}; the jobs: {:?}",
                    self.known
                );
                if let Some((job, slice)) = expected
                    && let Some(known) = self.of(job)
                {
                    known.state = State::HasTheTurn { slice };
                }
            }
            Happens::Expires(more) => {
                if let Some((known, slice)) = self.running() {
                    let used = slice + more;
                    known.used += used;
                    known.state = State::Ready { since };
                    policy.note(known.job, News::Expired { used: ms(used) });
                }
            }
            Happens::Blocks(used) => {
                if let Some((known, slice)) = self.running() {
                    let used = used.min(slice);
                    known.used += used;
                    known.state = State::Blocked;
                    policy.note(known.job, News::Blocked { used: ms(used) });
                }
            }
        }
        Ok(())
    }
}

fn agrees(
    mut policy: impl Policy,
    has_two_queues: bool,
    all: &[Happens],
) -> Result<(), TestCaseError> {
    let mut model = Model { known: VecDeque::new(), now: 0, has_two_queues };
    // Something happens in any case, so that a policy that does nothing is no policy.
    model.step(&mut policy, Happens::Arrives(0))?;
    model.step(&mut policy, Happens::Turn)?;
    all.iter().try_for_each(|happens| model.step(&mut policy, *happens))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        rng_seed: RngSeed::Fixed(testkit::seed(15)),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn in_one_queue_the_job_that_has_waited_longest_is_next(all in prop::collection::vec(happens(), 0..60)) {
        agrees(RoundRobin::new(Duration::from_millis(QUICK)), false, &all)?;
    }

    #[test]
    fn in_two_queues_the_quick_job_that_has_waited_longest_is_next(all in prop::collection::vec(happens(), 0..60)) {
        let policy = Feedback::new(Duration::from_millis(QUICK), Duration::from_millis(SLOW));
        agrees(policy, true, &all)?;
    }
}
