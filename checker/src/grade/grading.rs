//! The work: every exercise of every submission that has no result yet is judged, several at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sandbox::{Layers, Stop};
use sha2::{Digest, Sha256};

use super::alike;
use super::embeds;
use super::flags::{Kind, Known, scan};
use super::intake::{Intake, Submission, Unreadable};
use super::store::{Result, Store, Stored};
use super::taken::{Reason, Taken};
use super::traps::Disguised;
use crate::candidate::{Candidate, Confined, Slot, Sources, Stands, read_sources};
use crate::compile::{Compiled, Diagnostic, Programs, Recipe, Unclear, Wanted, compile_stub};
use crate::curriculum::Exercise;
use crate::event::Silent;
use crate::judge::{judge_compiled, judge_programs};
use crate::parallel::{Turns, at_once, beside_deadlines, cores, in_parallel};
use crate::pristine::Pristine;
use crate::run::run_tests;
use crate::verdict::{Judgement, Outcome, TestResult, Verdict};
use crate::workbook::Workbook;
use crate::{Error, files, fingerprint};

/// After so many failures of the machine the next one is as likely: the rest stays open.
const ENOUGH_FAULTS: usize = 8;

/// How many MiB have to be free for a failing compiler to be the code's fault: more than a candidate can
/// be compiled to, see the limit of a file's size there.
const ROOM_TO_COMPILE: u64 = 1 << 10;

/// How many reasons why an exercise is not judged are kept.
const SHOWN_REASONS: usize = 10;

/// A piece of work: one exercise of one submission.
#[derive(Debug, Clone, Copy)]
pub struct Unit<'a> {
    /// Whose.
    pub student: &'a str,
    /// Which.
    pub exercise: &'a Exercise,
}

/// How it goes.
#[derive(Debug)]
pub enum Progress<'a> {
    /// What all submissions need is built.
    Prepares,
    /// The first of so many units are judged.
    Begins {
        /// How many there are to do.
        total: usize,
    },
    /// A unit has come to an end.
    Ended {
        /// Which.
        unit: Unit<'a>,
        /// With what; an error is the machine's fault, and the unit stays open.
        result: &'a std::result::Result<Judgement, Error>,
        /// How many are done, this one too.
        done: usize,
        /// How many there were to do.
        total: usize,
        /// Since the first was begun.
        elapsed: Duration,
    },
}

/// What is graded, and how.
#[derive(Debug)]
pub struct Grading<'a> {
    workbook: &'a Workbook,
    stop: &'a Stop,
    exercises: Vec<&'a Exercise>,
    pristine: BTreeMap<String, Pristine>,
    jobs: usize,
    slot: Slot,
    confined: Confined,
    layers: Layers,
    known: Known,
}

/// An exercise that is ready to be judged.
struct Base {
    recipe: Recipe,
    /// What is no flag, because it was given or is asked for.
    known: BTreeSet<Kind>,
    /// The digests of texts that are nobody's own.
    given: BTreeSet<String>,
    /// The hash of everything but the sources.
    hash: String,
}

impl<'a> Grading<'a> {
    /// Prepares to grade these exercises, `jobs` units at a time.
    pub fn new(
        workbook: &'a Workbook,
        stop: &'a Stop,
        exercises: Vec<&'a Exercise>,
        jobs: Option<usize>,
        layers: &Layers,
    ) -> std::result::Result<Self, Error> {
        let pristine = Pristine::load_all(workbook)?;
        let jobs = jobs.unwrap_or_else(beside_deadlines);
        let slot = Slot::prepare(workbook, "stub")?;
        let tools = vec![sysroot()?, slot.target().to_owned()];
        let confined = Confined { tools, layers: layers.held.clone() };
        let (layers, known) = (layers.clone(), Known::load(workbook)?);
        Ok(Self { workbook, stop, exercises, pristine, jobs, slot, confined, layers, known })
    }

    /// Judges what has no result in the store, or one of another text; returns how many units the
    /// machine's faults leave open. What a person has to look at is kept, and is no fault.
    pub fn grade(
        &self,
        intakes: &[Intake],
        store: &Store,
        again: Option<&str>,
        mut progress: impl FnMut(&Progress<'_>),
    ) -> std::result::Result<usize, Error> {
        let taken = self.keep(intakes, store)?;
        progress(&Progress::Prepares);
        let bases = self.bases()?;
        let mut units = Vec::new();
        for (Intake { submission, .. }, taken) in intakes.iter().zip(&taken) {
            for exercise in &self.exercises {
                let handed_in = HandedIn::of(taken, exercise);
                let hash = bases[&exercise.name].hash_with(handed_in);
                let student = submission.student.as_str();
                let known = store.hash(student, &exercise.name)?;
                if known.as_ref() == Some(&hash) && again != Some(student) {
                    continue;
                }
                if known.is_some_and(|known| known != hash) {
                    // If the machine fails now, it must not stand for what has come since.
                    store.forget(student, &exercise.name)?;
                }
                units.push((Unit { student, exercise }, hash, handed_in));
            }
        }
        let judging = Judging {
            grading: self,
            stands: Stands::new(self.workbook, self.jobs),
            compilers: Turns::new(cores()),
            faults: Mutex::new(0),
        };
        progress(&Progress::Begins { total: units.len() });
        let (mut done, mut open, started) = (0, 0, Instant::now());
        in_parallel(
            self.jobs,
            &units,
            |(unit, hash, handed_in)| {
                let base = &bases[&unit.exercise.name];
                let flags = handed_in.sources().map(|sources| scan(sources, &base.known));
                let pristine = &self.pristine[&unit.exercise.name];
                let text = handed_in.sources();
                let text = text.and_then(|text| alike::own_digest(text, pristine, &base.given));
                let result = judging.unit(unit.exercise, base, *handed_in);
                Ok((unit, hash, (flags.unwrap_or_default(), text), result))
            },
            |(unit, hash, (flags, text), result)| {
                let result = result.and_then(|judgement| {
                    let kept = store.put(&Result {
                        student: unit.student.to_owned(),
                        exercise: unit.exercise.name.clone(),
                        hash: hash.clone(),
                        judgement: judgement.clone(),
                        flags,
                        layers: self.layers.clone(),
                        text,
                    });
                    kept.inspect_err(|_| judging.count_fault()).map(|()| judgement)
                });
                open += usize::from(result.is_err());
                if matches!(result, Err(Error::Interrupted)) {
                    return;
                }
                done += 1;
                let (total, elapsed) = (units.len(), started.elapsed());
                progress(&Progress::Ended { unit: *unit, result: &result, done, total, elapsed });
            },
        )?;
        match self.stop.is_requested() {
            true => Err(Error::Interrupted),
            false => Ok(open),
        }
    }

    /// Keeps what cannot be read and what has no effect; returns what counts.
    fn keep(&self, intakes: &[Intake], store: &Store) -> std::result::Result<Vec<Taken>, Error> {
        let mut all = Vec::new();
        for Intake { submission, taken, remarks, .. } in intakes {
            let (taken, unreadable) = match taken {
                Ok(taken) => (taken.clone(), None),
                Err(Unreadable(why)) => (self.unreadable(submission, why), Some(why.clone())),
            };
            let notes = taken.notes.clone();
            let (submission, remarks) = (submission.clone(), remarks.clone());
            store.put_submission(&Stored { submission, unreadable, notes, remarks })?;
            all.push(taken);
        }
        Ok(all)
    }

    /// Of what was handed in and cannot be read every exercise is for a person to look at.
    fn unreadable(&self, submission: &Submission, why: &str) -> Taken {
        let mut taken = Taken::default();
        if submission.is_handed_in() {
            for exercise in &self.workbook.curriculum.exercises {
                let why = format!("the submission cannot be read: {why}");
                taken.leave(&exercise.name, Reason::Submission(why));
            }
        }
        taken
    }

    /// Has cargo build the stubs with all that they depend on, once for all submissions.
    fn bases(&self) -> std::result::Result<BTreeMap<String, Base>, Error> {
        let mut bases = BTreeMap::new();
        in_parallel(
            at_once(),
            &self.exercises,
            |exercise| Ok((exercise.name.clone(), self.base(exercise)?)),
            |(name, base)| drop(bases.insert(name, base)),
        )?;
        Ok(bases)
    }

    fn base(&self, exercise: &Exercise) -> std::result::Result<Base, Error> {
        let candidate = self.slot.lay(exercise, &self.pristine[&exercise.name], &Sources::new())?;
        let (_, recipe) = compile_stub(&candidate, self.stop)?;
        // Flags are a part of the result, so what is none decides, too.
        let known = self.known.of(exercise, candidate.pristine);
        let hash = format!("{} {known:?}", fingerprint::of(&candidate)?);
        // A course may have left the solution out.
        let reference = read_sources(exercise, &self.workbook.solution_path(exercise)).ok();
        let reference = reference.and_then(|it| alike::digest(&it, candidate.pristine));
        Ok(Base { recipe, known, given: reference.into_iter().collect(), hash })
    }
}

/// What was handed in of an exercise.
#[derive(Debug, Clone, Copy)]
enum HandedIn<'a> {
    Nothing,
    Sources(&'a Sources),
    /// Something that cannot be judged.
    Unjudged(&'a [Reason]),
}

impl<'a> HandedIn<'a> {
    fn of(taken: &'a Taken, exercise: &Exercise) -> Self {
        match (taken.unjudged.get(&exercise.name), taken.exercises.get(&exercise.name)) {
            (Some(reasons), _) => HandedIn::Unjudged(reasons),
            (None, Some(sources)) => HandedIn::Sources(sources),
            (None, None) => HandedIn::Nothing,
        }
    }

    fn sources(self) -> Option<&'a Sources> {
        match self {
            HandedIn::Sources(sources) => Some(sources),
            HandedIn::Nothing | HandedIn::Unjudged(_) => None,
        }
    }
}

impl Base {
    /// The hash of everything that a judgement of what was handed in depends on.
    fn hash_with(&self, handed_in: HandedIn<'_>) -> String {
        let mut hasher = Sha256::new();
        let mut add = |piece: &[u8]| fingerprint::add(&mut hasher, piece);
        add(self.hash.as_bytes());
        match handed_in {
            HandedIn::Nothing => {}
            HandedIn::Sources(sources) => {
                for (path, text) in sources {
                    add(path.as_os_str().as_encoded_bytes());
                    add(text.as_bytes());
                }
            }
            HandedIn::Unjudged(reasons) => {
                add(b"unjudged");
                reasons.iter().for_each(|reason| add(reason.to_string().as_bytes()));
            }
        }
        fingerprint::hex(&hasher.finalize())
    }
}

/// The judgement of what cannot be judged: each reason in a line.
fn unjudged(reasons: &[Reason]) -> Judgement {
    let mut lines: Vec<String> =
        reasons.iter().take(SHOWN_REASONS).map(Reason::to_string).collect();
    if reasons.len() > SHOWN_REASONS {
        lines.push(format!("and {} more reasons", reasons.len() - SHOWN_REASONS));
    }
    lines.push("Nothing was run: a person has to look at it.".to_owned());
    Judgement::without_tests(Verdict::Unjudged, Some(lines.join("\n")), None)
}

struct Judging<'a> {
    grading: &'a Grading<'a>,
    stands: Stands,
    compilers: Turns,
    /// How often the machine failed.
    faults: Mutex<usize>,
}

impl Judging<'_> {
    fn unit(
        &self,
        exercise: &Exercise,
        base: &Base,
        handed_in: HandedIn<'_>,
    ) -> std::result::Result<Judgement, Error> {
        if let HandedIn::Unjudged(reasons) = handed_in {
            return Ok(unjudged(reasons));
        }
        if self.grading.stop.is_requested() || *self.faults() >= ENOUGH_FAULTS {
            return Err(Error::Interrupted);
        }
        self.judge(exercise, base, handed_in.sources()).inspect_err(|_| self.count_fault())
    }

    fn count_fault(&self) {
        *self.faults() += 1;
    }

    fn faults(&self) -> std::sync::MutexGuard<'_, usize> {
        self.faults.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn judge(
        &self,
        exercise: &Exercise,
        base: &Base,
        sources: Option<&Sources>,
    ) -> std::result::Result<Judgement, Error> {
        let pristine = &self.grading.pristine[&exercise.name];
        let is_stub = |(path, text): (&PathBuf, &String)| pristine.is_stub(path, text);
        let Some(sources) = sources.filter(|sources| !sources.iter().all(is_stub)) else {
            return Ok(Judgement::without_tests(Verdict::NotStarted, None, None));
        };
        let stop = self.grading.stop;
        if let Some(message) = embeds::refusal(sources) {
            return Ok(Judgement::without_tests(Verdict::DoesNotCompile, Some(message), None));
        }
        let disguised = Disguised::new(pristine, &files::token()?);
        let stand = self.stands.take()?;
        let lay = |sources: &Sources| {
            let laid = stand.lay(exercise, &disguised.pristine, sources)?;
            Ok::<_, Error>(Candidate { confined: Some(&self.grading.confined), ..laid })
        };
        let candidate = lay(sources)?;
        let mut compiled = self.compile(base, &candidate)?;
        if let Compiled::Unclear(first) = compiled {
            files::room(&candidate.target, ROOM_TO_COMPILE)?;
            let stub = self.compile(base, &lay(&Sources::new())?)?;
            let again = self.compile(base, &lay(sources)?)?;
            compiled = whose_failure(&candidate, first, &stub, again)?;
        }
        let Compiled::Programs(programs) = compiled else {
            let judged = judge_compiled(&candidate, compiled, stop, &mut Silent)?;
            return Ok(disguised.undisguised(judged.judgement));
        };
        // What is compiled needs its source no more, and would read the random names there.
        files::remove_directory(&candidate.directory().join("tests"))?;
        let mut judgement = judge_programs(&candidate, &programs, None, stop)?;
        let trap = self.trap_that_passes(&candidate, &disguised, &judgement, &programs)?;
        if let Some(trap) = trap {
            judgement.verdict = Verdict::Forged;
            judgement.message = Some(format!(
                "a test that must fail was reported as passed: one that does what `{trap}` does and then \
                 panics. Something in the code turns failures into passes."
            ));
        }
        Ok(disguised.undisguised(judgement))
    }

    fn compile(
        &self,
        base: &Base,
        candidate: &Candidate<'_>,
    ) -> std::result::Result<Compiled, Error> {
        let _turn = self.compilers.take();
        base.recipe.compile(candidate, Wanted::Everything, self.grading.stop)
    }

    /// Traps are set where something passes: who fails everywhere has forged nothing.
    fn trap_that_passes(
        &self,
        candidate: &Candidate<'_>,
        disguised: &Disguised,
        judgement: &Judgement,
        programs: &Programs,
    ) -> std::result::Result<Option<String>, Error> {
        let mut traps = disguised.traps.clone();
        traps.tests.retain(|target, _| {
            let passed = |test: &TestResult| test.outcome == Outcome::Passed;
            judgement.tests.iter().any(|test| test.target == *target && passed(test))
        });
        let set = Candidate { pristine: &traps, ..candidate.clone() };
        let results = run_tests(&set, programs, None, self.grading.stop)?;
        let sprung = |test: &TestResult| matches!(test.outcome, Outcome::Passed | Outcome::Leaked);
        Ok(results.into_iter().find(sprung).map(|test| test.name))
    }
}

/// Decides about a compiler that failed without naming a place in the code. If it fails in the same way
/// again, and has compiled the stub meanwhile, the code crashes it. Otherwise it is the machine.
fn whose_failure(
    candidate: &Candidate<'_>,
    first: Unclear,
    stub: &Compiled,
    again: Compiled,
) -> std::result::Result<Compiled, Error> {
    match again {
        _ if !matches!(stub, Compiled::Programs(_)) => Err(first.of_machine(candidate)),
        Compiled::Unclear(again) if again.ended == first.ended => {
            let crash = Diagnostic {
                rendered: format!(
                    "{} each time, and compiled the given stub in between: this code is too much for it",
                    again.ended
                ),
                place: None,
            };
            let errors = if again.errors.is_empty() { vec![crash] } else { again.errors };
            Ok(Compiled::Errors(errors))
        }
        Compiled::Unclear(_) => Err(first.of_machine(candidate)),
        again => Ok(again),
    }
}

/// Where the compiler and its libraries are.
fn sysroot() -> std::result::Result<PathBuf, Error> {
    let rustc = fingerprint::compiler();
    let output = Command::new(&rustc).args(["--print", "sysroot"]).output();
    let output = output.map_err(Error::reading(Path::new(&rustc)))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().into())
}

/// Whether a grading has been begun in this directory.
pub fn has_results(directory: &Path) -> bool {
    directory.join("results.sqlite").is_file()
}

/// The directory that the results of a grading are read from must have some, and whole ones.
pub fn results_in(directory: &Path) -> std::result::Result<Store, Error> {
    match has_results(directory) {
        true => Store::open_whole(directory),
        false => Err(Error::Refused(format!(
            "{}: there are no results; `checker grade SUBMISSIONS… --out {}` makes them",
            directory.display(),
            directory.display()
        ))),
    }
}
