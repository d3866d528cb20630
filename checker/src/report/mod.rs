//! Reports: they consume events and finished values, and never run anything.

mod authors;
mod caller;
pub mod ci;
pub mod escape;
mod format;
#[cfg(feature = "grade")]
pub mod formats;
pub(crate) mod game;
#[cfg(feature = "grade")]
mod grading;
mod human;
mod human_claims;
mod json;
mod json_claims;
mod json_timeline;
mod lanes;
mod output;
mod picture;
mod progress;
mod reporter;
mod screen;
mod text;

pub use caller::BY_MAKE;
pub use format::{Format, NewReporter, find};
#[cfg(feature = "grade")]
pub use grading::{GradingReport, what_is_open};
pub use output::{finish, finish_with};
pub use picture::picture;
#[cfg(feature = "tui")]
pub(crate) use progress::{compiling, testing};
pub use reporter::{Report, Reporter};
#[cfg(feature = "tui")]
pub(crate) use screen::kept::{Keeper, Kept, Look, lines};
pub(crate) use text::NAME_WIDTH;

/// The formats of every command.
pub const REPORTERS: &[Format<NewReporter>] = &[human::FORMAT, json::FORMAT];

/// The reporter beside a document: what is not of it goes to standard error, and nothing is taken back.
pub fn beside_a_document() -> Box<dyn Reporter> {
    Box::new(human::Human::in_a_log())
}
