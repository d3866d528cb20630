//! What a person reads at the terminal.

use super::makes::Makes;
use crate::report::Format;

/// What `report` has for a person.
pub(super) const FORMAT: Format<Makes> =
    Format { name: "human", help: "a line for each student", makes: Makes::Listing };
