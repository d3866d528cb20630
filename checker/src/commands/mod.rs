//! The commands: each takes a session, does one thing, and returns how it ended.

mod check;
mod ci;
mod doctor;
mod hint;
#[cfg(feature = "grade")]
pub mod instructors;
mod list;
mod mutants;
mod next;
mod pin;
mod reset;
mod run_experiment;
mod solution;
mod solved;
mod soundness;
mod trace;
mod verify;
mod wrong;

use sandbox::Stop;

use crate::Error;
use crate::report::Reporter;
use crate::verdict::Judgement;
use crate::workbook::Workbook;
use crate::workbook::curriculum::Exercise;

pub use check::check;
pub use doctor::doctor;
pub use hint::hint;
pub use list::list;
pub use mutants::mutants;
pub use pin::pin;
pub use reset::reset;
pub use run_experiment::run;
pub use solution::solution;
pub use solved::solved;
pub use soundness::{Effort, soundness};
pub use trace::trace_experiment;
pub use verify::verify;
pub use wrong::{make_wrong, rebase_wrong, show_wrong};

/// What every command needs.
#[derive(Debug)]
pub struct Session {
    /// The workbook.
    pub workbook: Workbook,
    /// The user's wish to stop.
    pub stop: Stop,
}

impl Session {
    /// The exercise that was named, or else the next one.
    fn named_or_next(
        &self,
        name: Option<&str>,
        reporter: &mut dyn Reporter,
    ) -> Result<&Exercise, Error> {
        match name {
            Some(name) => self.workbook.curriculum.find(name),
            None => next::find(self, reporter),
        }
    }

    /// The exercises that were asked for, in the order of the curriculum; all if none was named.
    fn asked(&self, names: &[String]) -> Result<Vec<&Exercise>, Error> {
        let curriculum = &self.workbook.curriculum;
        if names.is_empty() {
            return Ok(curriculum.exercises.iter().collect());
        }
        let mut asked: Vec<&Exercise> =
            names.iter().map(|name| curriculum.find(name)).collect::<Result<_, _>>()?;
        asked.sort_by_key(|exercise| exercise.number);
        asked.dedup_by_key(|exercise| exercise.number);
        Ok(asked)
    }
}

/// What code that must pass did instead.
fn why(judgement: &Judgement) -> String {
    let mut text = judgement.verdict.in_words().to_owned();
    if let Some(test) = judgement.first_unpassed() {
        text.push_str(&format!("\n{}\n", test.name));
        text.push_str(test.message.as_deref().unwrap_or_default());
    }
    text.push_str(judgement.message.as_deref().unwrap_or_default());
    text
}
