//! `checker verify`: the tests of the exercises are tested.
//!
//! For every exercise: the stub compiles without a warning and fails, the solution and its alternatives
//! pass, every known-wrong solution is caught by the test that it names, no test passes on code that does
//! nothing, the pins are current, the texts are complete.

mod base;
mod degenerate;
mod missing;
mod variants;

use crate::findings::Verified;
use crate::judge::candidate::BuildDir;
use crate::report::{Report, Reporter};
use crate::workbook::pins::WorkbookPins;
use crate::{Error, Exit};

use super::Session;
use crate::system::worker_pool::{in_parallel, worker_count};
use base::{Slots, verify_base};
use variants::verify_variants;

/// How much is verified.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Known-wrong solutions and alternatives are left out.
    pub skip_wrong: bool,
    /// Every test runs on the known-wrong solutions, so that it can be said what they would earn.
    pub points: bool,
}

/// Verifies the asked exercises; with none named, the workbook's own files too.
pub fn verify(
    session: &Session,
    names: &[String],
    extent: Extent,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let _turn = super::judging::wait_for_turn(session, reporter)?;
    let asked = session.asked(names)?;
    let slots = Slots {
        stubs: BuildDir::prepare(workbook, "stub")?,
        solutions: BuildDir::prepare(workbook, "solution")?,
    };
    let mut bases = Vec::new();
    in_parallel(
        worker_count(),
        &asked,
        |exercise| verify_base(session, exercise, &slots),
        |base| bases.push(base),
    )?;
    let mut verified = Vec::new();
    let take = |result| {
        reporter.report(Report::Verified(&result));
        verified.push(result);
    };
    verify_variants(session, &bases, extent, take)?;
    let mut general = Vec::new();
    if names.is_empty() {
        for edit in WorkbookPins::load(workbook)?.edits(workbook)? {
            general.push(format!("{edit}; if that is meant: `checker pin`"));
        }
    }
    let clean = general.is_empty() && verified.iter().all(|one| one.problems.is_empty());
    let exit = if clean { Exit::Passed } else { Exit::NotPassed };
    reporter.report(Report::Verification { verified: &verified, general: &general, exit });
    Ok(exit)
}
