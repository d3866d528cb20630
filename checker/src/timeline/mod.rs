//! Timelines of experiments: traced under supervision, laid out, compared.

mod chart;
#[cfg(test)]
mod chart_tests;
mod difference;
mod graph;
mod held;
mod traced;

pub use chart::{Arrow, Chart, Lane, Step, Stretch};
pub use difference::{Marks, differences};
pub use graph::ArrowKind;
pub use traced::{trace, trace_if_asked};

use tracer::Timeline;

use crate::workbook::curriculum::Exercise;

/// An experiment's timeline, and the reference's where there is one.
#[derive(Debug)]
pub struct Traced<'a> {
    /// Of which exercise.
    pub exercise: &'a Exercise,
    /// What the learner's processes did.
    pub yours: Timeline,
    /// What the reference's did.
    pub reference: Reference,
}

/// The reference's timeline.
#[derive(Debug)]
pub enum Reference {
    /// What its processes did.
    Timeline(Timeline),
    /// Why there is no timeline.
    None(&'static str),
}

impl Traced<'_> {
    /// The reference's timeline, if there is one.
    pub fn reference(&self) -> Option<&Timeline> {
        match &self.reference {
            Reference::Timeline(timeline) => Some(timeline),
            Reference::None(_) => None,
        }
    }

    /// What is in one of the two only, by list; nothing without a reference.
    pub fn marks(&self) -> (Marks, Marks) {
        self.reference().map(|reference| differences(&self.yours, reference)).unwrap_or_default()
    }
}
