//! What commands found: finished values, for the reports. No I/O here.

mod compared;
mod listed;
mod machine;
mod mutated;
mod since;
mod soundness;
mod status;
mod verified;

pub use compared::Compared;
pub use listed::{Listed, State};
pub use machine::{Finding, Shortfall};
pub use mutated::{Mutated, Operators, Survivor};
pub use since::{Since, passing};
pub use soundness::{Soundness, Tally};
pub use status::{ExerciseStatus, WorkbookStatus};
pub use verified::{Alternative, DoesNothing, Earned, Verified, Wrong};
