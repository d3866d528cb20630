//! Which schedules are tried, in which order.
//!
//! A schedule is told by where it deviates from the plain one, in which a thread runs until it waits
//! or ends, and then the next one has its turn. All schedules with one deviation come first, then
//! those with two: most bugs need no more (Emmi, Qadeer, Rakamarić: Delay-bounded scheduling, POPL
//! 2011), and what is found first is short. After them come random schedules, from seeds that are fixed or
//! chosen when submissions are graded.
//!
//! The first failure is then made as simple as possible: among those with as many deviations, the one
//! with the fewest switches; of a random one, only the deviations that it needs.

use std::collections::VecDeque;

use crate::deviation::Deviation;

/// The schedules with up to this many deviations are tried first.
const DEVIATIONS: usize = 2;
/// When a schedule fails: how many more are tried to find a simpler one.
const SIMPLER: usize = 300;

/// How many schedules are tried.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// At most so many that deviate seldom.
    pub systematic: usize,
    /// Then so many random ones.
    pub random: usize,
}

impl Effort {
    /// For one scenario.
    pub const FULL: Self = Self { systematic: 2000, random: 500 };
}

/// A decision that an execution has come to.
#[derive(Debug, Clone)]
pub struct Decision {
    pub chosen: usize,
    /// What would have been chosen without a deviation.
    pub plain: usize,
    /// What else there was to choose.
    pub others: Vec<usize>,
}

/// How the next execution decides.
#[derive(Debug, Clone)]
pub enum Plan {
    /// Plainly, but for these.
    Deviations(Vec<Deviation>),
    /// At random, from this seed.
    Random(u64),
    /// By these decisions, as far as they go; then plainly.
    Decisions(Vec<usize>),
}

/// The search, from one execution to the next.
#[derive(Debug)]
pub struct Search {
    effort: Effort,
    phase: Phase,
    tried: usize,
    /// The simplest failure so far: its deviations, and what it cost to read.
    best: Option<(Vec<Deviation>, usize)>,
    /// What the random schedules, and the order of the others, are drawn from.
    seed: u64,
}

#[derive(Debug)]
enum Phase {
    Systematic {
        queue: VecDeque<Vec<Deviation>>,
        next: Vec<Vec<Deviation>>,
        running: Vec<Deviation>,
    },
    Random,
    /// Others that deviate as often as the failure.
    Fewest {
        queue: VecDeque<Vec<Deviation>>,
        left: usize,
        running: Vec<Deviation>,
    },
    /// The failure without one of its deviations.
    Without {
        index: usize,
        running: Vec<Deviation>,
    },
    Done,
}

impl Search {
    /// A search that has tried nothing.
    pub fn new(effort: Effort, seed: u64) -> Self {
        let queue = VecDeque::from([Vec::new()]);
        let phase = Phase::Systematic { queue, next: Vec::new(), running: Vec::new() };
        Self { effort, phase, tried: 0, best: None, seed }
    }

    /// The schedule to try next, or `None` when all is tried.
    pub fn next(&mut self) -> Option<Plan> {
        loop {
            match &mut self.phase {
                Phase::Systematic { queue, next, running } => {
                    if self.tried < self.effort.systematic
                        && let Some(deviations) = queue.pop_front()
                    {
                        *running = deviations.clone();
                        self.tried += 1;
                        return Some(Plan::Deviations(deviations));
                    }
                    if self.tried >= self.effort.systematic || next.is_empty() {
                        self.phase = Phase::Random;
                        self.tried = 0;
                    } else {
                        // What there is no room for is left out evenly.
                        shuffle(next, self.seed);
                        *queue = std::mem::take(next).into();
                    }
                }
                Phase::Random if self.tried < self.effort.random => {
                    self.tried += 1;
                    return Some(Plan::Random(self.seed.wrapping_add(self.tried as u64)));
                }
                Phase::Fewest { queue, left, running } => {
                    if let Some(deviations) = queue.pop_front().filter(|_| *left > 0) {
                        *left -= 1;
                        *running = deviations.clone();
                        return Some(Plan::Deviations(deviations));
                    }
                    self.phase = Phase::Done;
                }
                Phase::Without { index, running } => {
                    let best = &self.best.as_ref()?.0;
                    if *index < best.len() {
                        *running = best.clone();
                        running.remove(*index);
                        return Some(Plan::Deviations(running.clone()));
                    }
                    self.phase = Phase::Done;
                }
                Phase::Random | Phase::Done => return None,
            }
        }
    }

    /// Learns how the last schedule went: its decisions, and if it failed, the cost of reading it.
    pub fn learn(&mut self, decisions: &[Decision], failed: Option<usize>) -> bool {
        match &mut self.phase {
            Phase::Systematic { queue, next, running } => {
                if let Some(cost) = failed {
                    self.best = Some((running.clone(), cost));
                    let queue = std::mem::take(queue);
                    self.phase = Phase::Fewest { queue, left: SIMPLER, running: Vec::new() };
                    return true;
                }
                if running.len() < DEVIATIONS {
                    next.extend(one_more(running, decisions));
                }
                false
            }
            Phase::Random => {
                let Some(cost) = failed else {
                    return false;
                };
                self.best = Some((deviations(decisions), cost));
                self.phase = Phase::Without { index: 0, running: Vec::new() };
                true
            }
            Phase::Fewest { running, .. } => {
                let better = failed.is_some_and(|cost| {
                    self.best.as_ref().is_none_or(|(_, best_cost)| cost < *best_cost)
                });
                if better {
                    self.best = failed.map(|cost| (running.clone(), cost));
                }
                better
            }
            Phase::Without { index, running } => {
                if failed.is_none() {
                    *index += 1;
                    return false;
                }
                self.best = failed.map(|cost| (running.clone(), cost));
                true
            }
            Phase::Done => false,
        }
    }
}

/// Where an execution has deviated.
pub fn deviations(decisions: &[Decision]) -> Vec<Deviation> {
    let deviation = |(at, decision): (usize, &Decision)| {
        let deviates = decision.chosen != decision.plain;
        deviates.then_some(Deviation { at, choice: decision.chosen })
    };
    decisions.iter().enumerate().filter_map(deviation).collect()
}

/// The schedules that deviate once more, later than this one did.
fn one_more<'a>(
    deviations: &'a [Deviation],
    decisions: &'a [Decision],
) -> impl Iterator<Item = Vec<Deviation>> + 'a {
    let after = deviations.last().map_or(0, |last| last.at + 1);
    decisions.iter().enumerate().skip(after).flat_map(move |(at, decision)| {
        decision.others.iter().map(move |&choice| {
            let mut longer = deviations.to_vec();
            longer.push(Deviation { at, choice });
            longer
        })
    })
}

/// Puts the schedules in an order of no meaning, the same each time for a seed.
fn shuffle(schedules: &mut [Vec<Deviation>], seed: u64) {
    let mut random = Random::new(seed.wrapping_add(1));
    for last in (1..schedules.len()).rev() {
        schedules.swap(last, random.below(last + 1));
    }
}

/// Numbers that look random (SplitMix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The numbers of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_schedules_are_those_of_the_seed() {
        let random = |seed| {
            let mut search = Search::new(Effort::FULL, seed);
            // The plain schedule comes first, whatever the seed.
            assert!(matches!(search.next(), Some(Plan::Deviations(none)) if none.is_empty()));
            match search.next() {
                Some(Plan::Random(number)) => number,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(random(7), random(7));
        assert_ne!(random(7), random(8));
    }
}
