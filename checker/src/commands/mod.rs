//! The commands: each takes a session, does one thing, and returns how it ended.

mod check;
mod ci;
mod doctor;
#[cfg(feature = "grade")]
mod grade;
mod hint;
#[cfg(feature = "grade")]
mod intake;
mod list;
mod mutants;
mod new;
mod next;
mod pin;
#[cfg(feature = "grade")]
mod report;
mod reset;
mod run;
mod solution;
mod solved;
mod soundness;
mod trace;
mod verify;
mod wrong;

use sandbox::Stop;

use crate::Error;
use crate::curriculum::Exercise;
use crate::report::Reporter;
use crate::verdict::Judgement;
use crate::workbook::Workbook;

pub use check::{Standing, Standings, check};
#[cfg(feature = "junit")]
pub use ci::check_as_junit;
pub use ci::check_on_github;
pub use doctor::{Finding, doctor};
#[cfg(feature = "grade")]
pub use grade::{GradeArguments, MergeArguments, ScoreArguments, grade, merge, score};
pub use hint::hint;
#[cfg(feature = "grade")]
pub use intake::{IntakeArguments, UploadArguments, intake};
pub use list::list;
pub use mutants::mutants;
pub use new::{NewArguments, new};
pub use pin::pin;
#[cfg(feature = "grade")]
pub use report::{ReportArguments, report};
pub use reset::reset;
pub use run::run;
pub use solution::solution;
pub use solved::solved;
pub use soundness::{Effort, Soundness, Tally, soundness};
pub use trace::trace_experiment;
pub use verify::{Verified, verify};
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
