//! `checker intake`: whose is what among the uploads, before anything runs. `grade` reads them with the
//! same code.

use std::path::{Path, PathBuf};

use crate::grade::intake::{
    EXTENSIONS, Found, Intake, Limits, Reading, Rules, Upload, find, read, roster_of,
};
use crate::report::{Report, Reporter};
use crate::system::files;
use crate::workbook::pins::Pins;
use crate::{Error, Exit};

use super::Session;

/// How many submissions an error names.
const NAMED: usize = 5;

/// What is asked of `checker intake`.
#[derive(Debug, clap::Args)]
pub struct IntakeArguments {
    /// What is taken in, and how
    #[command(flatten)]
    pub uploads: UploadArguments,
    /// Write a roster to this file: CSV with the headings student,submission,days_late,name
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
}

/// Where uploads are, and how they are taken in.
#[derive(Debug, clap::Args)]
pub struct UploadArguments {
    /// Directories or archives of submissions, as students or platforms (Moodle, Canvas, Gradescope,
    /// GitHub Classroom, Blackboard) hand them out, or a roster: CSV with the headings student,submission
    /// and perhaps days_late
    #[arg(required = true, value_name = "SUBMISSIONS")]
    pub submissions: Vec<PathBuf>,
    /// Take submissions that were made with another version of the workbook, and judge them by this one
    #[arg(long)]
    pub other_versions: bool,
}

/// Shows what is found among the uploads.
pub fn intake(
    session: &Session,
    arguments: &IntakeArguments,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let intakes = take_in(session, &arguments.uploads, None, |_| Ok(()), reporter)?;
    if let Some(path) = &arguments.roster {
        files::write_atomically(path, &roster_of(&intakes, path)?)?;
    }
    let curriculum = &session.workbook.curriculum;
    reporter.report(Report::Intake { intakes: &intakes, curriculum });
    refuse_where_nothing_counts(&intakes)?;
    let is_open = |intake: &Intake| match &intake.taken {
        Ok(taken) => !taken.unjudged.is_empty(),
        Err(_) => intake.submission.is_handed_in(),
    };
    Ok(if intakes.iter().any(is_open) { Exit::NotPassed } else { Exit::Passed })
}

/// Finds and reads the uploads. `choose` may leave some of them out before they are read.
pub(super) fn take_in(
    session: &Session,
    arguments: &UploadArguments,
    results: Option<&Path>,
    choose: impl FnOnce(&mut Vec<Upload>) -> Result<(), Error>,
    reporter: &mut dyn Reporter,
) -> Result<Vec<Intake>, Error> {
    let curriculum = &session.workbook.curriculum;
    let pins = Pins::load_all(&session.workbook)?;
    let reading = Reading { limits: Limits::default(), stop: &session.stop };
    let other_versions = arguments.other_versions;
    let rules = Rules { curriculum, pins: &pins, other_versions, reading };
    let Found { mut uploads, passed_over, warnings } =
        find(&rules, &arguments.submissions, results)?;
    for path in passed_over {
        let text = format!(
            "{} is no submission: neither a directory nor an archive ({})",
            path.display(),
            EXTENSIONS.join(" ")
        );
        reporter.warn(&text);
    }
    warnings.iter().for_each(|text| reporter.warn(text));
    choose(&mut uploads)?;
    let intakes = read(&rules, uploads)?;
    refuse_several_in_each(&intakes)?;
    Ok(intakes)
}

/// Says what a person should know of the uploads, in words.
pub(super) fn say_remarks(intakes: &[Intake], reporter: &mut dyn Reporter) {
    for Intake { submission, remarks, .. } in intakes {
        for remark in remarks {
            let text = format!("{}: {remark}", submission.student);
            reporter.warn(&text);
        }
    }
}

/// A directory one level too high looks like a class in which each has handed in several copies.
fn refuse_several_in_each(intakes: &[Intake]) -> Result<(), Error> {
    let with_trees: Vec<&Intake> = intakes.iter().filter(|intake| intake.trees > 0).collect();
    if with_trees.len() < 2 || with_trees.iter().any(|intake| intake.trees < 2) {
        return Ok(());
    }
    let places = with_trees.iter().map(|it| it.submission.origin.display().to_string());
    Err(Error::Refused(format!(
        "each of these holds several copies of the workbook, so each seems to be a class: {}\nName them \
         instead of the directory that they lie in; or name each student's in a roster: \
         student,submission",
        places.take(NAMED).collect::<Vec<_>>().join(" ")
    )))
}

/// If nobody's exercises were found, the wrong thing was named, or the format is none that is known.
pub(super) fn refuse_where_nothing_counts(intakes: &[Intake]) -> Result<(), Error> {
    if intakes.iter().any(|intake| intake.taken.is_ok()) {
        return Ok(());
    }
    let whys = intakes.iter().take(NAMED).filter_map(|intake| {
        let why = intake.taken.as_ref().err()?;
        Some(format!("\n  {}: {}", intake.submission.student, why.0))
    });
    Err(Error::Refused(format!(
        "no submission has an exercise that can be judged:{}\n`checker intake` shows what was found where",
        whys.collect::<String>()
    )))
}
