//! `checker grade` and `checker score`: submissions in, a gradebook out.

use std::path::{Path, PathBuf};

use sandbox::Layers;

use crate::event::Event;
use crate::grade::gradebook::Gradebook;
use crate::grade::grading::{Grading, results_in};
use crate::grade::intake::submissions;
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

/// Computes the scores anew from what was found out before, by the curriculum as it is now.
pub fn score(
    session: &Session,
    directory: &Path,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let store = results_in(directory)?;
    write_gradebook(session, &store, directory, reporter)?;
    Ok(Exit::Passed)
}

fn write_gradebook(
    session: &Session,
    store: &Store,
    directory: &Path,
    reporter: &mut dyn Reporter,
) -> Result<(), Error> {
    let (stored, results) = (store.submissions()?, store.results()?);
    let gradebook = Gradebook::new(&session.workbook.curriculum, &stored, &results);
    let path = directory.join("gradebook.csv");
    files::write_atomically(&path, &gradebook.csv())?;
    reporter.gradebook(&gradebook, Some(&path));
    Ok(())
}
