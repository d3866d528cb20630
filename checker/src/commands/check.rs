//! `checker check`: judges what has changed, and shows where the learner stands.

use crate::report::ci::CheckFormat;
use crate::report::{Report, Reporter};
use crate::{Error, Exit};

use super::Session;
use super::ci;
use super::judging::judged;

/// Judges the asked exercises: an unchanged one costs nothing, an untouched one is not compiled. What is
/// taller than the screen is shown `full` only if that is asked for.
pub fn check(
    session: &Session,
    names: &[String],
    format: CheckFormat,
    full: bool,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    if let CheckFormat::Ci(makes) = format {
        return ci::check(session, names, makes, reporter);
    }
    let status = judged(session, names, reporter)?;
    let exit = status.exit();
    reporter.report(Report::Status { workbook: &session.workbook, status: &status, exit, full });
    Ok(exit)
}
