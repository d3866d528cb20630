//! One execution, and where in it the player looks.

use evidence::{Choice, Played, Position};

/// An execution with at least one position, and the one that is looked at.
#[derive(Debug, Clone)]
pub struct Line {
    played: Played,
    at: usize,
}

impl Line {
    /// At its first position.
    pub fn new(played: Played) -> Self {
        Self { played, at: 0 }
    }

    /// At its last position.
    pub fn at_the_end(played: Played) -> Self {
        Self { at: played.positions.len().saturating_sub(1), played }
    }

    pub fn played(&self) -> &Played {
        &self.played
    }

    pub fn at(&self) -> usize {
        self.at
    }

    pub fn position(&self) -> &Position {
        &self.played.positions[self.at]
    }

    /// One position back; whether there was one.
    pub fn back(&mut self) -> bool {
        let is_possible = self.at > 0;
        self.at = self.at.saturating_sub(1);
        is_possible
    }

    /// One position on; whether there was one.
    pub fn on(&mut self) -> bool {
        let is_possible = self.at + 1 < self.played.positions.len();
        self.at += usize::from(is_possible);
        is_possible
    }

    pub fn restart(&mut self) {
        self.at = 0;
    }

    /// The decisions that lead to the position.
    pub fn prefix(&self) -> &[usize] {
        &self.played.decisions[..self.position().decisions]
    }

    /// The decisions that lead to what comes after this choice.
    pub fn prefix_with(&self, choice: &Choice) -> Vec<usize> {
        let mut decisions = self.prefix().to_vec();
        match decisions.get_mut(choice.at) {
            Some(earlier) => *earlier = choice.decision,
            None => decisions.push(choice.decision),
        }
        decisions
    }

    /// What was chosen at the position, if something was.
    pub fn next_choice(&self) -> Option<&Choice> {
        let position = self.position();
        let decision = *self.played.decisions.get(position.decisions)?;
        let is_it = |it: &&Choice| !it.without_reason && it.decision == decision;
        position.choices.iter().find(is_it)
    }
}
