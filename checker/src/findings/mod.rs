//! What commands found: finished values, for the reports. No I/O here.

mod claim;
mod machine;
mod mutated;
mod soundness;
mod status;
mod verified;

pub use claim::{ClaimFound, Seen, Trial, Whose};
pub use machine::{Finding, Shortfall};
pub use mutated::{Mutated, Operators, Survivor};
pub use soundness::{Soundness, Tally};
pub use status::{ExerciseStatus, WorkbookStatus};
pub use verified::{Alternative, DoesNothing, Earned, Verified, Wrong};
