//! `checker grade`, `checker merge` and `checker score`: submissions in, a gradebook out.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use sandbox::Layers;

use crate::grade::approval::{self, Approvals};
use crate::grade::gradebook::Gradebook;
use crate::grade::grading::{Grading, results_in};
use crate::grade::intake::{Intake, Upload, normal_form};
use crate::grade::merge::{self, Merged};
use crate::grade::partition::{self, Partition};
use crate::grade::private::{Private, PrivateTests};
use crate::grade::scheme::Scheme;
use crate::grade::store::{Conditions, GradedExercise, Store};
use crate::judge::candidate::BuildDir;
use crate::report::{GradingReport, Report, Reporter, formats};
use crate::system::files;
use crate::workbook::curriculum::Exercise;
use crate::workbook::pins::Pins;
use crate::{Error, Exit};

use super::intake::{UploadArguments, refuse_where_nothing_counts, say_remarks, take_in};
use crate::commands::Session;

/// What is asked of `checker grade`.
#[derive(Debug, clap::Args)]
pub struct GradeArguments {
    /// What is graded
    #[command(flatten)]
    pub uploads: UploadArguments,
    /// Where the results go; if there are some, only what is missing or changed is judged
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Judge only this exercise; may be given more than once
    #[arg(long, value_name = "EXERCISE")]
    pub only: Vec<String>,
    /// Judge this student again, whatever is known
    #[arg(long, value_name = "STUDENT", value_parser = name)]
    pub rerun: Option<String>,
    /// Judge only the Kth of N parts of the students; `checker merge` joins the parts
    #[arg(long, value_name = "K/N")]
    pub partition: Option<Partition>,
    /// Refuse to grade where a layer of isolation is missing, instead of going on with what is left
    #[arg(long)]
    pub require_isolation: bool,
    /// What counts how much, from now on: points, weights, groups of tests, lateness (docs/grading.md)
    #[arg(long, value_name = "FILE")]
    pub scheme: Option<PathBuf>,
    /// From now on, results with flags do not count until you approve them with `checker score --approve`
    #[arg(long)]
    pub hold_flags: bool,
    /// Judge by these tests too, which students do not have: DIR/EXERCISE/TARGET.rs (docs/grading.md)
    #[arg(long, value_name = "DIR")]
    pub private: Option<PathBuf>,
    /// What tests draw at random is drawn from this number; by default from one that is chosen for the first
    /// grading into --out, and with --partition from the tests' own
    #[arg(long, value_name = "N")]
    pub seed: Option<u32>,
    /// How many are judged at a time; by default four for each core, because some wait
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
}

fn name(text: &str) -> Result<String, Infallible> {
    Ok(normal_form(text))
}

/// Judges what has no result yet, and writes the gradebook.
pub fn grade(
    session: &Session,
    arguments: &GradeArguments,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let exercises = session.asked(&arguments.only)?;
    let choose = |uploads: &mut Vec<Upload>| choose(arguments, uploads);
    let intakes = take_in(session, &arguments.uploads, Some(&arguments.out), choose, reporter)?;
    // Of one part of the class nobody may have handed in anything.
    if arguments.partition.is_none() {
        refuse_where_nothing_counts(&intakes)?;
    }
    let _turn = crate::commands::judging::wait_for_turn(session, reporter)?;
    let layers = isolation(arguments.require_isolation, reporter)?;
    let store = Store::open(&arguments.out)?;
    let (pins, conditions) = conditions(session, arguments, &store, reporter)?;
    // A wrong scheme is reported now, and not after hours of judging.
    adopt(session, arguments.scheme.as_deref(), &arguments.out)?;
    if arguments.hold_flags {
        hold(&arguments.out)?;
    }
    if let Some(partition) = arguments.partition {
        refuse_others(partition, &store, &arguments.out)?;
        let count = intakes.len();
        reporter.note(&format!("The submissions in part {partition}: {count}."));
    }
    say_remarks(&intakes, reporter);
    let parts = match (arguments.partition, store.parts()?) {
        (Some(part), known) => known.into_iter().chain([part]).collect(),
        (None, known) if known.is_empty() => [Partition::WHOLE].into(),
        (None, known) => known,
    };
    store.put_parts(&parts)?;
    if intakes.is_empty() {
        // A part that nobody fell into: there is nothing to build the exercises for.
        write_gradebook(session, &store, &arguments.out, reporter)?;
        return Ok(Exit::Passed);
    }
    let jobs = arguments.jobs.map(NonZeroUsize::get);
    let by = (pins, conditions);
    let grading = Grading::new(workbook, &session.stop, exercises.clone(), jobs, &layers, by)?;
    let again = arguments.rerun.as_deref();
    let open = grading.grade(&intakes, &store, again, |progress| {
        reporter.report(Report::Grading(GradingReport::Graded(progress)))
    })?;
    write_gradebook(session, &store, &arguments.out, reporter)?;
    if open > 0 {
        return Ok(Exit::Fault);
    }
    how_it_ends(&store, exercises, &intakes)
}

/// The pins with the private tests in them, and what is recorded with each result. All results in a directory
/// are found under the same conditions, so that all students are judged alike.
fn conditions(
    session: &Session,
    arguments: &GradeArguments,
    store: &Store,
    reporter: &mut dyn Reporter,
) -> Result<(BTreeMap<String, Pins>, Conditions), Error> {
    let (workbook, out) = (&session.workbook, &arguments.out);
    let known = PrivateTests::load(out)?;
    let (pins, private) = match (&arguments.private, known) {
        (None, None) => (Pins::load_all(workbook)?, None),
        (None, Some(known)) => {
            return Err(Error::Refused(format!(
                "{}: these results were found with private tests (SHA-256 {})\nGive the same with --private DIR, \
                 or grade into a new directory",
                out.display(),
                known.sha256
            )));
        }
        (Some(directory), _) => {
            let private = Private::load(workbook, directory)?;
            let build_dir = BuildDir::prepare(workbook, "stub")?;
            let (pins, private) = private.laid(workbook, &build_dir, &session.stop)?;
            private.save(out)?;
            let count: usize =
                private.tests.values().flat_map(BTreeMap::values).map(Vec::len).sum();
            reporter.note(&format!("Private tests: {count}, SHA-256 {}.", private.sha256));
            (pins, Some(private.sha256))
        }
    };
    let seed = seed(arguments, store)?;
    if let Some(seed) = seed {
        reporter.note(&format!("Seed: {seed}. The same tests again: --seed {seed}."));
    }
    Ok((pins, Conditions { seed, private }))
}

/// The seed that was asked for, or that of the results that are there, or a new one.
fn seed(arguments: &GradeArguments, store: &Store) -> Result<Option<u32>, Error> {
    if arguments.seed.is_some() {
        return Ok(arguments.seed);
    }
    let known: BTreeSet<Option<u32>> =
        store.results()?.iter().map(|result| result.conditions.seed).collect();
    match (known.len(), known.into_iter().next()) {
        (1, Some(seed)) => Ok(seed),
        // All parts of a class have to be judged by the same one.
        (0, _) if arguments.partition.is_some() => Ok(None),
        (0, _) => {
            let token = files::token()?;
            Ok(token.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok()))
        }
        _ => Err(Error::Refused(format!(
            "{}: the results there were found with several seeds; say with --seed N which one counts",
            arguments.out.display()
        ))),
    }
}

/// Leaves out whose turn it is not.
fn choose(arguments: &GradeArguments, uploads: &mut Vec<Upload>) -> Result<(), Error> {
    if let Some(student) = &arguments.rerun
        && !uploads.iter().any(|upload| upload.submission.student == *student)
    {
        return Err(Error::Refused(format!("there is no submission of `{student}`")));
    }
    // Only now: all parts can be started with the same --rerun, which concerns one of them.
    if let Some(partition) = arguments.partition {
        uploads.retain(|upload| partition.holds(&upload.submission.student));
    }
    Ok(())
}

/// How a grading ends that no fault has stopped: by what is open of what was asked for.
fn how_it_ends(
    store: &Store,
    exercises: Vec<&Exercise>,
    intakes: &[Intake],
) -> Result<Exit, Error> {
    let asked: BTreeSet<&str> = intakes.iter().map(|it| it.submission.student.as_str()).collect();
    let (stored, results) = (store.submissions()?, store.results()?);
    let scheme = Scheme::default();
    let mut gradebook = Gradebook::new(exercises, &scheme, &stored, &results);
    gradebook.lines.retain(|line| asked.contains(line.stored.submission.student.as_str()));
    Ok(match (gradebook.missing(), gradebook.unjudged().count()) {
        (0, 0) => Exit::Passed,
        (0, _) => Exit::NotPassed,
        _ => Exit::Fault,
    })
}

/// A part's directory holds its students only: otherwise two directories could know the same student,
/// from before and after a change.
fn refuse_others(partition: Partition, store: &Store, directory: &Path) -> Result<(), Error> {
    let stored = store.submissions()?;
    let mut students = stored.iter().map(|stored| &stored.submission.student);
    match students.find(|student| !partition.holds(student)) {
        Some(student) => Err(Error::Refused(format!(
            "{}: it holds results of `{student}`, who is not in part {partition}\nTake a directory of its \
             own for each part, or grade into this one without --partition",
            directory.display()
        ))),
        None => Ok(()),
    }
}

/// The layers between the submissions and this machine; a missing one is reported, or refused.
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
    reporter.warn(&text);
    Ok(layers)
}

/// What is asked of `checker merge`.
#[derive(Debug, clap::Args)]
pub struct MergeArguments {
    /// The directories that were given to `grade` as --out
    #[arg(required = true, value_name = "DIR")]
    pub parts: Vec<PathBuf>,
    /// Where the joined results go; what is there already stays
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Joins the results of several gradings, and writes their gradebook.
pub fn merge(
    session: &Session,
    arguments: &MergeArguments,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    match merge::merge(&arguments.out, &arguments.parts)? {
        Merged::Whole { submissions, results, missing } => {
            let store = results_in(&arguments.out)?;
            write_gradebook(session, &store, &arguments.out, reporter)?;
            reporter.note(&format!("New are {submissions} submissions and {results} results."));
            if let Some(text) = missing_in_words(&missing) {
                reporter.warn(&text);
                return Ok(Exit::NotPassed);
            }
            Ok(Exit::Passed)
        }
        Merged::Conflicts(conflicts) => {
            for conflict in &conflicts {
                let text = format!("conflict: {conflict}");
                reporter.warn(&text);
            }
            reporter.note(&format!(
                "Conflicts: {}. Nothing was merged. Where students differ, leave the directory out that is \
                 wrong, or grade them again, and merge into a new directory. Where schemes differ, give all \
                 parts the same: checker score DIR --scheme FILE.",
                conflicts.len()
            ));
            Ok(Exit::NotPassed)
        }
    }
}

/// Which parts of the class the results lack; `None` if none is known to be missing.
fn missing_in_words(missing: &[Partition]) -> Option<String> {
    let parts: Vec<String> = missing.iter().map(Partition::to_string).collect();
    let (is, was) = match missing {
        [] => return None,
        [_] => ("part", "is missing: its students are"),
        _ => ("parts", "are missing: their students are"),
    };
    Some(format!(
        "{is} {} {was} not in the gradebook. Merge the results of `checker grade --partition {}`, too",
        parts.join(", "),
        parts[0]
    ))
}

/// Says which parts of the class joined results lack. Those of one part lack the others anyway.
pub(super) fn warn_of_missing_parts(
    store: &Store,
    reporter: &mut dyn Reporter,
) -> Result<(), Error> {
    let parts = store.parts()?;
    if parts.len() > 1
        && let Some(text) = missing_in_words(&partition::missing(&parts))
    {
        reporter.warn(&text);
    }
    Ok(())
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
    /// From now on, results with flags do not count until you approve them
    #[arg(long)]
    pub hold_flags: bool,
    /// Let this result count, whatever is flagged in it; may be given more than once
    #[arg(long, value_name = "STUDENT/EXERCISE")]
    pub approve: Vec<String>,
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
    if arguments.hold_flags {
        hold(directory)?;
    }
    if !arguments.approve.is_empty() {
        let (mut approvals, results) = (Approvals::load(directory)?, store.results()?);
        for name in &arguments.approve {
            approvals.approve(&results, name)?;
        }
        approvals.save(directory)?;
    }
    write_gradebook(session, &store, directory, reporter)?;
    warn_of_missing_parts(&store, reporter)?;
    Ok(Exit::Passed)
}

/// Results with flags wait for a person from now on.
fn hold(directory: &Path) -> Result<(), Error> {
    let mut approvals = Approvals::load(directory)?;
    approvals.hold();
    approvals.save(directory)
}

/// Says which results wait for a person.
pub(super) fn warn_of_held(held: &[GradedExercise], reporter: &mut dyn Reporter) {
    for result in held {
        reporter.warn(&approval::in_words(result));
    }
}

/// Takes a scheme if one is given, and holds against the workbook the one that is there.
fn adopt(session: &Session, scheme: Option<&Path>, directory: &Path) -> Result<(), Error> {
    match scheme {
        Some(path) => Scheme::adopt(&session.workbook, path, directory),
        None => Scheme::load_beside_results(&session.workbook, directory).map(drop),
    }
}

fn write_gradebook(
    session: &Session,
    store: &Store,
    directory: &Path,
    reporter: &mut dyn Reporter,
) -> Result<(), Error> {
    let stored = store.submissions()?;
    let (results, held) = Approvals::load(directory)?.divide(store.results()?);
    let scheme = Scheme::load_beside_results(&session.workbook, directory)?;
    let mut gradebook =
        Gradebook::new(&session.workbook.curriculum.exercises, &scheme, &stored, &results);
    let held = gradebook.hold(held);
    let path = directory.join("gradebook.csv");
    files::write_atomically(&path, &formats::gradebook::document(&gradebook))?;
    let report = GradingReport::Gradebook { gradebook: &gradebook, path: Some(&path) };
    reporter.report(Report::Grading(report));
    warn_of_held(&held, reporter);
    Ok(())
}
