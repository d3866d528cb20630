//! `checker grade` and `checker score`: submissions in, a gradebook out.

use std::path::{Path, PathBuf};

use sandbox::Layers;

use crate::event::Event;
use crate::grade::gradebook::Gradebook;
use crate::grade::grading::{Grading, results_in};
use crate::grade::intake::submissions;
use crate::grade::scheme::Scheme;
use crate::grade::store::Store;
use crate::report::Reporter;
use crate::{Error, Exit, files};

use super::Session;

/// What is asked of `checker grade`.
#[derive(Debug, clap::Args)]
pub struct GradeArguments {
    /// Directories of submissions, archives, or a roster: CSV with the headings student,submission
    #[arg(required = true, value_name = "SUBMISSIONS")]
    pub submissions: Vec<PathBuf>,
    /// Where the results go; if there are some, only what is missing or changed is judged
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Judge only this exercise; may be given more than once
    #[arg(long, value_name = "EXERCISE")]
    pub only: Vec<String>,
    /// Judge this student again, whatever is known
    #[arg(long, value_name = "STUDENT")]
    pub rerun: Option<String>,
    /// Refuse to grade where a layer of isolation is missing, instead of going on with what is left
    #[arg(long)]
    pub require_isolation: bool,
    /// What counts how much, from now on: points, weights, groups of tests, lateness (docs/grading.md)
    #[arg(long, value_name = "FILE")]
    pub scheme: Option<PathBuf>,
    /// How many are judged at a time; by default four for each core, because some wait
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
}

/// Judges what has no result yet, and writes the gradebook.
pub fn grade(
    session: &Session,
    arguments: &GradeArguments,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let exercises = session.asked(&arguments.only)?;
    let submissions = submissions(&workbook.curriculum, &arguments.submissions)?;
    if let Some(student) = &arguments.rerun
        && !submissions.iter().any(|submission| submission.student == *student)
    {
        return Err(Error::Refused(format!("there is no submission of `{student}`")));
    }
    let _turn = super::check::wait_for_turn(session, reporter)?;
    // A scheme that is wrong is said now, and not after hours of judging.
    adopt(session, arguments.scheme.as_deref(), &arguments.out)?;
    let layers = isolation(arguments.require_isolation, reporter)?;
    let store = Store::open(&arguments.out)?;
    let grading = Grading::new(workbook, &session.stop, exercises, arguments.jobs, &layers)?;
    let again = arguments.rerun.as_deref();
    let open = grading.grade(&submissions, &store, again, |progress| reporter.graded(progress))?;
    write_gradebook(session, &store, &arguments.out, reporter)?;
    Ok(if open == 0 { Exit::Passed } else { Exit::Fault })
}

/// What will stand between the submissions and this machine; a missing layer is said, or refused.
fn isolation(required: bool, reporter: &mut dyn Reporter) -> Result<Layers, Error> {
    let layers = sandbox::available_layers()?;
    if layers.missing.is_empty() {
        return Ok(layers);
    }
    let missing = layers.missing_in_words();
    if required {
        return Err(Error::Refused(format!(
            "this machine lacks layers of isolation: {missing}\n`checker doctor` says what is lost \
             without them; without --require-isolation it goes on with {layers}"
        )));
    }
    let text = format!("layers of isolation are missing: {missing}");
    reporter.take(&Event::Warning { text: &text });
    Ok(layers)
}

/// What is asked of `checker score`.
#[derive(Debug, clap::Args)]
pub struct ScoreArguments {
    /// The directory that was given to `grade` as --out
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// What counts how much, from now on; a copy of it stays with the results
    #[arg(long, value_name = "FILE")]
    pub scheme: Option<PathBuf>,
}

/// Computes the scores anew from what was found out before, by the curriculum and the scheme as they are
/// now.
pub fn score(
    session: &Session,
    arguments: &ScoreArguments,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let directory = &arguments.directory;
    let store = results_in(directory)?;
    adopt(session, arguments.scheme.as_deref(), directory)?;
    write_gradebook(session, &store, directory, reporter)?;
    Ok(Exit::Passed)
}

/// Takes a scheme if one is given, and holds against the workbook the one that is there.
fn adopt(session: &Session, scheme: Option<&Path>, directory: &Path) -> Result<(), Error> {
    match scheme {
        Some(path) => Scheme::adopt(&session.workbook, path, directory),
        None => Scheme::of_results(&session.workbook, directory).map(drop),
    }
}

fn write_gradebook(
    session: &Session,
    store: &Store,
    directory: &Path,
    reporter: &mut dyn Reporter,
) -> Result<(), Error> {
    let (stored, results) = (store.submissions()?, store.results()?);
    let scheme = Scheme::of_results(&session.workbook, directory)?;
    let gradebook = Gradebook::new(&session.workbook.curriculum, &scheme, &stored, &results);
    let path = directory.join("gradebook.csv");
    files::write_atomically(&path, &gradebook.csv())?;
    reporter.gradebook(&gradebook, Some(&path));
    Ok(())
}
