//! `checker check` as the runners of CI read it: `--format github`, `--format junit`.

use std::path::{Path, PathBuf};

use crate::report::ci::{Makes, Sheet, github};
use crate::report::{Report, Reporter};
use crate::system::files;
use crate::{Error, Exit};

use super::Session;
use super::judging::judged;

/// As `check`, for CI.
pub(super) fn check(
    session: &Session,
    names: &[String],
    makes: Makes,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    match makes {
        Makes::Annotations => check_on_github(session, names, reporter),
        Makes::Document(document) => {
            let status = judged(session, names, reporter)?;
            let sheets = [Sheet::from_statuses(&status.asked)];
            reporter.document(&document(&session.workbook.curriculum.title, &sheets));
            Ok(status.exit())
        }
    }
}

/// As `check`, on GitHub Actions: what a person reads with the runner's commands stopped, because
/// programs of learners have a say in it; then annotations, and the step summary.
fn check_on_github(
    session: &Session,
    names: &[String],
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let token = files::token()?;
    reporter.document(&github::stop_commands(&token));
    let judged = judged(session, names, reporter);
    match &judged {
        Ok(status) => {
            let (workbook, exit) = (&session.workbook, status.exit());
            reporter.report(Report::Status { workbook, status, exit, full: true });
        }
        Err(error) => reporter.report(Report::Error(error)),
    }
    reporter.document(&github::resume_commands(&token));
    match judged {
        Ok(status) => {
            let sheets = [Sheet::from_statuses(&status.asked)];
            reporter.document(&github::annotations(&sheets));
            let title = &session.workbook.curriculum.title;
            write_summary(title, &sheets, summary_file().as_deref())?;
            Ok(status.exit())
        }
        Err(error) => {
            reporter.document(&github::error("the checker cannot go on", &error.to_string()));
            Ok(error.exit())
        }
    }
}

/// The file that GitHub's runner takes the step's summary from.
pub(super) fn summary_file() -> Option<PathBuf> {
    std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Adds the summary to what the step has said before; the limit is for both.
pub(super) fn write_summary(
    title: &str,
    sheets: &[Sheet<'_>],
    file: Option<&Path>,
) -> Result<(), Error> {
    let Some(file) = file else { return Ok(()) };
    let used = std::fs::metadata(file).map_or(0, |metadata| metadata.len() as usize);
    let limit = github::SUMMARY.saturating_sub(used);
    files::append(file, &github::summary(title, sheets, limit))
}
