//! The commands: each takes a session, does one thing, and returns how it ended.

mod check;
mod ci;
mod claims;
mod completions;
mod doctor;
mod hint;
#[cfg(feature = "grade")]
pub mod instructors;
mod judging;
mod list;
#[cfg(feature = "grade")]
mod mutants;
mod new;
mod next;
mod pin;
mod play;
mod reset;
mod run_experiment;
mod session;
mod solution;
mod solved;
mod soundness;
mod trace;
mod verify;
#[cfg(feature = "tui")]
mod watch;
mod wrong;

use crate::verdict::Judgement;

pub use check::check;
pub use claims::claims;
pub use completions::completions;
pub use doctor::doctor;
pub use hint::hint;
pub use list::list;
#[cfg(feature = "grade")]
pub use mutants::{Operators, mutants};
pub use new::{NewArguments, new};
pub use pin::pin;
pub use play::{PlayArguments, play};
pub use reset::reset;
pub use run_experiment::run;
pub use session::Session;
pub use solution::solution;
pub use solved::solved;
pub use soundness::{Effort, soundness};
pub use trace::trace_experiment;
pub use verify::{Extent, verify};
#[cfg(feature = "tui")]
pub use watch::{WatchArguments, watch};
pub use wrong::{make_wrong, rebase_wrong, show_wrong};

/// What code that must pass did instead.
fn why(judgement: &Judgement) -> String {
    let mut text = judgement.verdict.in_words().to_owned();
    if let Some(test) = judgement.first_unpassed() {
        text.push_str(&format!("\n{}\n", test.name));
        text.push_str(&test.message().unwrap_or_default());
    }
    text.push_str(&judgement.message().unwrap_or_default());
    text
}
