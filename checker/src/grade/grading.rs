//! The work: every exercise of every submission that has no result yet is judged, several at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sandbox::{Layers, Stop};
use sha2::{Digest, Sha256};

use super::alike;
use super::disguise::Disguised;
use super::intake::{Intake, Submission, Unreadable};
use super::store::{Conditions, GradedExercise, Store, Stored};
use super::taken::{Reason, Taken};
use crate::Error;
use crate::event::Silent;
use crate::evidence::Evidence;
use crate::flags::{Flag, Kind, Known, Scanned, scan};
use crate::judge::candidate::{BuildDir, Candidate, Confined, Sources, WorkDirs};
use crate::judge::compile::{Compiled, Diagnostic, Recipe, Unclear, Wanted, compile_stub};
use crate::judge::inputs::Inputs;
use crate::judge::{judge_compiled, judge_programs};
use crate::solutions::Solutions;
use crate::system::files;
use crate::system::hash;
use crate::system::worker_pool::{
    Semaphore, cores, in_parallel, worker_count, worker_count_beside_deadlines,
};
use crate::verdict::{Judgement, Outcome, Verdict};
use crate::workbook::Workbook;
use crate::workbook::curriculum::Exercise;
use crate::workbook::pins::Pins;

/// After so many failures of the machine the next one is as likely: the rest stays open.
const ENOUGH_FAULTS: usize = 8;

/// How many MiB have to be free for a failing compiler to be the code's fault: more than a candidate can
/// be compiled to, see the limit of a file's size there.
const ROOM_TO_COMPILE: u64 = 1 << 10;

/// Names the seed that tests draw from, see `testkit::seed`.
const SEED: &str = "SHOPFLOOR_SEED";

/// How many reasons why an exercise is not judged are kept.
const SHOWN_REASONS: usize = 10;

/// A piece of work: one exercise of one submission.
#[derive(Debug, Clone, Copy)]
pub struct Unit<'a> {
    pub student: &'a str,
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
        unit: Unit<'a>,
        /// With what; an error is the machine's fault, and the unit stays open.
        result: &'a Result<Judgement, Error>,
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
    pins: BTreeMap<String, Pins>,
    jobs: usize,
    build_dir: BuildDir,
    confined: Confined,
    layers: Layers,
    known: Known,
    conditions: Conditions,
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
    /// Prepares to grade these exercises by these pins, `jobs` units at a time.
    pub fn new(
        workbook: &'a Workbook,
        stop: &'a Stop,
        exercises: Vec<&'a Exercise>,
        jobs: Option<usize>,
        layers: &Layers,
        (pins, conditions): (BTreeMap<String, Pins>, Conditions),
    ) -> Result<Self, Error> {
        let jobs = jobs.unwrap_or_else(worker_count_beside_deadlines);
        let build_dir = BuildDir::prepare(workbook, "stub")?;
        let mut tools = vec![workbook.settings.sysroot().to_owned(), build_dir.target().to_owned()];
        tools.extend(workbook.settings.linkers());
        let confined = Confined { tools, layers: layers.held.clone() };
        let (layers, known) = (layers.clone(), Known::load(workbook)?);
        Ok(Self {
            workbook,
            stop,
            exercises,
            pins,
            jobs,
            build_dir,
            confined,
            layers,
            known,
            conditions,
        })
    }

    /// Judges what has no result in the store, or one of another text; returns how many units the
    /// machine's faults leave open. What a person has to look at is kept, and is no fault.
    pub fn grade(
        &self,
        intakes: &[Intake],
        store: &Store,
        again: Option<&str>,
        mut progress: impl FnMut(&Progress<'_>),
    ) -> Result<usize, Error> {
        let taken = self.keep(intakes, store)?;
        progress(&Progress::Prepares);
        let bases = self.bases()?;
        let mut units = Vec::new();
        for (Intake { submission, .. }, taken) in intakes.iter().zip(&taken) {
            for exercise in &self.exercises {
                let handed_in = HandedIn::new(taken, exercise);
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
            work_dirs: WorkDirs::new(self.workbook, self.jobs),
            compilers: Semaphore::new(cores()),
            faults: Mutex::new(0),
        };
        progress(&Progress::Begins { total: units.len() });
        let (mut done, mut open, started) = (0, 0, Instant::now());
        in_parallel(
            self.jobs,
            &units,
            |(unit, hash, handed_in)| {
                let base = &bases[&unit.exercise.name];
                let text = handed_in.sources();
                let scanned = text.map(|sources| scan(sources, &base.known)).unwrap_or_default();
                let pins = &self.pins[&unit.exercise.name];
                let text = text.and_then(|text| alike::own_digest(text, pins, &base.given));
                let result = judging.unit(unit.exercise, base, *handed_in, &scanned);
                Ok((unit, hash, (scanned.flags, text), result))
            },
            |(unit, hash, (flags, text), result)| {
                let result = result.and_then(|judgement| {
                    let kept = store.put(&GradedExercise {
                        student: unit.student.to_owned(),
                        exercise: unit.exercise.name.clone(),
                        hash: hash.clone(),
                        judgement: judgement.clone(),
                        flags,
                        layers: self.layers.clone(),
                        conditions: self.conditions.clone(),
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
        if self.stop.is_requested() { Err(Error::Interrupted) } else { Ok(open) }
    }

    /// Keeps what cannot be read and what has no effect; returns what counts.
    fn keep(&self, intakes: &[Intake], store: &Store) -> Result<Vec<Taken>, Error> {
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
    fn bases(&self) -> Result<BTreeMap<String, Base>, Error> {
        let mut bases = BTreeMap::new();
        in_parallel(
            worker_count(),
            &self.exercises,
            |exercise| Ok((exercise.name.clone(), self.base(exercise)?)),
            |(name, base)| drop(bases.insert(name, base)),
        )?;
        Ok(bases)
    }

    fn base(&self, exercise: &Exercise) -> Result<Base, Error> {
        // A fault of the tests themselves is reported before any submission is judged.
        Disguised::new(&self.pins[&exercise.name], "")?;
        let candidate =
            self.build_dir.lay(exercise, &self.pins[&exercise.name], &Sources::new())?;
        let (_, recipe) = compile_stub(&candidate, self.stop)?;
        // Flags are a part of the result, so what is none decides, too.
        let known = self.known.of(exercise, candidate.pins);
        let mut hash = format!("{} {known:?}", Inputs::read(&candidate)?.hash());
        if let Some(seed) = self.conditions.seed {
            hash.push_str(&format!(" {SEED}={seed}"));
        }
        // A course may have left the solution out.
        let reference = Solutions::new(self.workbook, exercise).reference().ok();
        let reference = reference.and_then(|it| alike::digest(&it, candidate.pins));
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
    fn new(taken: &'a Taken, exercise: &Exercise) -> Self {
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
        let mut add = |piece: &[u8]| hash::add(&mut hasher, piece);
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
        hash::hex(&hasher.finalize())
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
    Judgement::without_tests(Verdict::Unjudged, Some(Evidence::text(lines.join("\n"))), None)
}

struct Judging<'a> {
    grading: &'a Grading<'a>,
    work_dirs: WorkDirs,
    compilers: Semaphore,
    /// How often the machine failed.
    faults: Mutex<usize>,
}

impl Judging<'_> {
    fn unit(
        &self,
        exercise: &Exercise,
        base: &Base,
        handed_in: HandedIn<'_>,
        scanned: &Scanned,
    ) -> Result<Judgement, Error> {
        if let HandedIn::Unjudged(reasons) = handed_in {
            return Ok(unjudged(reasons));
        }
        if self.grading.stop.is_requested() || *self.faults() >= ENOUGH_FAULTS {
            return Err(Error::Interrupted);
        }
        let sources = handed_in.sources();
        self.judge(exercise, base, sources, scanned).inspect_err(|_| self.count_fault())
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
        scanned: &Scanned,
    ) -> Result<Judgement, Error> {
        let pins = &self.grading.pins[&exercise.name];
        let is_stub = |(path, text): (&std::path::PathBuf, &String)| pins.is_stub(path, text);
        let Some(sources) = sources.filter(|sources| !sources.iter().all(is_stub)) else {
            return Ok(Judgement::without_tests(Verdict::NotStarted, None, None));
        };
        let stop = self.grading.stop;
        let refused = |why: String| {
            let evidence = Some(Evidence::text(why));
            Ok(Judgement::without_tests(Verdict::DoesNotCompile, evidence, None))
        };
        if let Some(why) = scanned.flags.iter().find_map(Flag::refusal) {
            return refused(why);
        }
        let disguised = Disguised::new(pins, &files::token()?)?;
        let work_dir = self.work_dirs.take()?;
        let lay = |sources: &Sources| {
            let laid = work_dir.lay(exercise, &disguised.pins, sources)?;
            let (confined, seals) = (Some(&self.grading.confined), Some(&disguised.seals));
            let seed = self.grading.conditions.seed;
            let env = seed.map(|seed| (SEED.into(), seed.to_string().into())).into_iter().collect();
            Ok::<_, Error>(Candidate { confined, seals, env, ..laid })
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
            let (judgement, _) = judge_compiled(&candidate, compiled, stop, &mut Silent)?;
            return Ok(disguised.undisguised(judgement));
        };
        // The compiler's own error says more of what neither of them can read.
        if let Some(file) = scanned.unread.iter().find(|file| was_read(&candidate.target, file)) {
            return refused(format!(
                "{}: the compiler reads this file, but the grader's scan cannot read it as Rust, so it is \
                 not run. Write it in plainer Rust: look at the beginning of the file, and at unusual \
                 literals",
                file.display()
            ));
        }
        // What is compiled needs its source no more, and would read the random names there.
        files::remove_directory(&candidate.directory().join("tests"))?;
        let mut judgement = judge_programs(&candidate, &programs, None, stop)?;
        // Another test may have failed before it, and stands in the verdict.
        let forged = judgement.tests.iter().find(|test| test.outcome == Outcome::Forged);
        if let Some(test) = forged {
            judgement.verdict = Verdict::Forged;
            let text = format!("`{}` was reported as passed and has not run to its end", test.name);
            judgement.evidence = Some(Evidence::text(text));
        }
        Ok(disguised.undisguised(judgement))
    }

    fn compile(&self, base: &Base, candidate: &Candidate<'_>) -> Result<Compiled, Error> {
        let _turn = self.compilers.take();
        base.recipe.compile(candidate, Wanted::Everything, self.grading.stop)
    }
}

/// Decides about a compiler that failed without naming a place in the code. If it fails in the same way
/// again, and has compiled the stub meanwhile, the code crashes it. Otherwise it is the machine.
fn whose_failure(
    candidate: &Candidate<'_>,
    first: Unclear,
    stub: &Compiled,
    again: Compiled,
) -> Result<Compiled, Error> {
    match again {
        _ if !matches!(stub, Compiled::Programs(_)) => {
            Err(first.as_error_of_the_machine(candidate))
        }
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
        Compiled::Unclear(_) => Err(first.as_error_of_the_machine(candidate)),
        again => Ok(again),
    }
}

/// Whether the compiler read a source, by the dep-info files that it left. If it left none, it may have.
fn was_read(target: &Path, source: &Path) -> bool {
    let name = source.file_name().unwrap_or_default().to_string_lossy();
    let entries = std::fs::read_dir(target).into_iter().flatten().flatten();
    let dep_infos: Vec<String> = (entries.map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "d"))
        .map(|path| files::read(&path).unwrap_or_default().replace("\\ ", " "))
        .collect();
    dep_infos.is_empty() || dep_infos.iter().any(|read| read.contains(&*name))
}

/// Whether a grading has been begun in this directory.
pub fn has_results(directory: &Path) -> bool {
    directory.join("results.sqlite").is_file()
}

/// The directory that the results of a grading are read from must have some, and whole ones.
pub fn results_in(directory: &Path) -> Result<Store, Error> {
    if has_results(directory) {
        Store::open_whole(directory)
    } else {
        Err(Error::Refused(format!(
            "{}: there are no results; `checker grade SUBMISSIONS… --out {}` makes them",
            directory.display(),
            directory.display()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_was_read_if_a_dep_info_names_it_or_there_is_none() {
        let target = tempfile::tempdir().unwrap();
        let was_read = |source: &str| was_read(target.path(), Path::new(source));
        assert!(was_read("src/notes.rs"));
        std::fs::write(target.path().join("a-1.d"), "a: src/lib.rs src/my\\ file.rs\n").unwrap();
        assert!(was_read("src/lib.rs") && was_read("src/my file.rs"));
        assert!(!was_read("src/notes.rs"));
    }
}
