//! What can be asked of `checker play`.

use std::path::PathBuf;

use clap::Args;

/// What to play, and how.
#[derive(Debug, Args)]
pub struct PlayArguments {
    /// Which exercise; by default the next one
    pub(super) exercise: Option<String>,
    /// Which of its tests, by its name or a part of it; by default one that fails
    pub(super) test: Option<String>,
    /// Play code that is given and known to be wrong, even if there is code of yours
    #[arg(long)]
    pub(super) warm_up: bool,
    /// Which of the programs, if the test makes several
    #[arg(long, value_name = "N")]
    pub(super) program: Option<usize>,
    /// Line by line, without a screen
    #[arg(long)]
    pub(super) plain: bool,
    /// Write a page that steps through the schedule that breaks it, instead of playing
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
}
