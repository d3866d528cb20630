//! How a game ended.

use evidence::{Ended, Failure, Played, Waiting};

/// How a game ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// All threads have ended, and what had to hold did.
    Held,
    /// The player broke it.
    Broken {
        /// How.
        failure: &'a Failure,
        /// Who waits.
        waiting: &'a [Waiting],
        /// In how many steps.
        steps: usize,
        /// With how many switches between threads.
        switches: usize,
        /// The fewest switches that are known to do it, if the search knows a schedule.
        fewest: Option<usize>,
    },
}

impl<'a> Outcome<'a> {
    /// The outcome of an execution, if it has one and its last position is looked at.
    pub(super) fn of(played: &'a Played, at: usize, known: Option<&Played>) -> Option<Self> {
        let is_last = at + 1 == played.positions.len();
        match played.ended.as_ref().filter(|_| is_last)? {
            Ended::Held => Some(Self::Held),
            Ended::Broken { failure, waiting } => Some(Self::Broken {
                failure,
                waiting,
                steps: played.steps.len(),
                switches: played.switches,
                fewest: known.map(|known| known.switches),
            }),
        }
    }

    /// It in a sentence or two. `is_found` is true of a schedule that the search has found.
    pub fn words(&self, is_found: bool) -> String {
        let Self::Broken { failure, steps, switches, fewest, .. } = self else {
            return "All threads have ended, and the invariant held.".to_owned();
        };
        let steps = count(*steps, "step", "steps");
        let switches = count(*switches, "switch", "switches");
        let who = if is_found { "The search broke it" } else { "You broke it" };
        let shortest =
            fewest.map(|fewest| format!("; the shortest known has {fewest}")).unwrap_or_default();
        format!("{who} in {steps} with {switches}{shortest}.\n{}.", failure.words())
    }
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
