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
mod run_experiment;
mod session;
mod solution;
mod solved;
mod soundness;
mod trace;
mod verify;
mod wrong;

use crate::verdict::Judgement;

pub use check::check;
#[cfg(feature = "junit")]
pub use ci::check_as_junit;
pub use ci::check_on_github;
pub use doctor::doctor;
#[cfg(feature = "grade")]
pub use grade::{GradeArguments, MergeArguments, ScoreArguments, grade, merge, score};
pub use hint::hint;
#[cfg(feature = "grade")]
pub use intake::{IntakeArguments, intake};
pub use list::list;
pub use mutants::mutants;
pub use new::{NewArguments, new};
pub use pin::pin;
#[cfg(feature = "grade")]
pub use report::{ReportArguments, report};
pub use reset::reset;
pub use run_experiment::run;
pub use session::Session;
pub use solution::solution;
pub use solved::solved;
pub use soundness::{Effort, soundness};
pub use trace::trace_experiment;
pub use verify::verify;
pub use wrong::{make_wrong, rebase_wrong, show_wrong};

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
