//! Running: every expected test in a process of its own, under supervision.
//!
//! A test has passed only if libtest wrote `ok NAME` to its log file, the process exited with 0 and
//! nothing was left behind. What the program prints proves nothing: a learner's function that calls
//! `process::exit(0)` ends the process with success and without a word in the log.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use sandbox::{Confinement, End, Layer, Limits, Observation, Program, Stop};

use crate::Error;
use crate::event::Sink;
use crate::evidence::Panic;
use crate::evidence::{self, Evidence};
use crate::judge::candidate::Candidate;
use crate::judge::compile::Programs;
use crate::judge::line_to_open;
use crate::judge::panics::panics;
use crate::judge::results::Results;
use crate::system::files;
use crate::system::scratch::Scratch;
use crate::system::worker_pool::in_parallel;
use crate::verdict::{Outcome, Place, TestResult};

/// After this many tests that hung, the rest is not run: each would cost its deadline again.
const HUNG_TESTS: usize = 2;

/// A test that fails only after this time has hung, and its own deadline has ended it.
const HUNG_AFTER: Duration = Duration::from_secs(5);

/// How many tasks each test that runs may add to those that there are already.
const TASKS: u64 = 512;

/// libtest's log, in the directory of the run.
const LOG: &str = "log";

/// What the name of the log and that of the file for the test's seal differ by.
pub(crate) const SEAL: &str = ".end";

/// What the names of the log and of the file for what the test has found out differ by.
const EVIDENCE: &str = ".evidence";

/// How many MiB have to be free for something that did not pass to be judged: where its log cannot be
/// written, a test has not failed.
pub(crate) const ROOM_TO_RUN: u64 = 16;

/// The most bytes that libtest writes about one test.
const LOG_SIZE: u64 = 64 << 10;

/// Runs the expected tests, easiest first, as many at a time as there are CPUs.
///
/// With a `cpu`, each of them runs on that one only.
pub fn run_tests(
    candidate: &Candidate<'_>,
    programs: &Programs,
    cpu: Option<usize>,
    stop: &Stop,
    events: &mut dyn Sink,
) -> Result<Vec<TestResult>, Error> {
    let round = Round::new(candidate, programs, cpu)?;
    let tests = expected_tests(candidate);
    let mut results = Results::new(candidate.exercise, tests.len());
    let run = |&(target, name): &(&str, &str)| round.run(target, name, stop);
    let mut place = 0;
    in_parallel(candidate.tests_at_a_time, &tests, run, |result| {
        results.add(place, result, events);
        place += 1;
    })?;
    Ok(results.into_all())
}

/// One run of the tests of a candidate.
pub(super) struct Round<'a> {
    candidate: &'a Candidate<'a>,
    programs: &'a Programs,
    cpu: Option<usize>,
    scratch: Scratch,
    hung: AtomicUsize,
}

impl<'a> Round<'a> {
    pub(super) fn new(
        candidate: &'a Candidate<'a>,
        programs: &'a Programs,
        cpu: Option<usize>,
    ) -> Result<Self, Error> {
        Ok(Self { candidate, programs, cpu, scratch: Scratch::new()?, hung: AtomicUsize::new(0) })
    }

    /// Runs one test, unless the machine lacks what it needs, or too many before it have hung.
    pub(super) fn run(&self, target: &str, name: &str, stop: &Stop) -> Result<TestResult, Error> {
        let &Self { candidate, programs, cpu, .. } = self;
        let need = candidate.exercise.needs.get(target);
        if let Some(lack) = need.and_then(|capability| capability.lack()) {
            return Ok(skipped(target, name, lack));
        }
        if self.hung.load(Ordering::Relaxed) >= HUNG_TESTS {
            return Ok(not_run(target, name));
        }
        let started = Instant::now();
        let directory = self.scratch.directory()?;
        let result = run_test(&Test { candidate, programs, target, name, cpu }, &directory, stop)?;
        let has_hung = result.outcome != Outcome::Passed && started.elapsed() > HUNG_AFTER;
        self.hung.fetch_add(usize::from(has_hung), Ordering::Relaxed);
        Ok(result)
    }
}

/// Runs the expected tests one after another, up to the first with a result that is asked for.
#[cfg(feature = "grade")]
pub fn run_tests_up_to(
    candidate: &Candidate<'_>,
    programs: &Programs,
    stop: &Stop,
    is_asked_for: impl Fn(&TestResult) -> bool,
) -> Result<Option<TestResult>, Error> {
    let scratch = Scratch::new()?;
    for (target, name) in expected_tests(candidate) {
        let need = candidate.exercise.needs.get(target);
        if need.and_then(|capability| capability.lack()).is_some() {
            continue;
        }
        let test = Test { candidate, programs, target, name, cpu: None };
        let result = run_test(&test, &scratch.directory()?, stop)?;
        if is_asked_for(&result) {
            return Ok(Some(result));
        }
    }
    Ok(None)
}

/// The tests that must run, each with its target: stage by stage of the task, and in each the easiest first.
pub(super) fn expected_tests<'a>(candidate: &'a Candidate<'_>) -> Vec<(&'a str, &'a str)> {
    let targets = candidate.pins.targets(candidate.exercise);
    let tests = |target: &'a str| candidate.pins.tests[target].iter().map(String::as_str);
    let mut all: Vec<(&str, &str)> = targets
        .into_iter()
        .flat_map(|target| tests(target).map(move |name| (target, name)))
        .collect();
    all.sort_by_cached_key(|(target, name)| candidate.exercise.group_of(target, name));
    all
}

/// Runs the experiment, with a `cpu` on that one only, and returns what was seen of it.
pub fn run_experiment(
    candidate: &Candidate<'_>,
    program: &Path,
    args: Vec<OsString>,
    cpu: Option<usize>,
    stop: &Stop,
) -> Result<Observation, Error> {
    run_experiment_as(candidate, program, args, cpu, stop, |_| {})
}

/// As [`run_experiment`], by another program and with some limits of its own.
pub fn run_experiment_as(
    candidate: &Candidate<'_>,
    program: &Path,
    args: Vec<OsString>,
    cpu: Option<usize>,
    stop: &Stop,
    adjust: impl FnOnce(&mut Limits),
) -> Result<Observation, Error> {
    let scratch = Scratch::new()?;
    let directory = scratch.directory()?;
    let mut program = program_of(candidate, program, args, cpu, &directory);
    adjust(&mut program.limits);
    let observation = observe(candidate, &program, stop)?;
    if observation.end != End::Exited(0) {
        files::room(&directory, ROOM_TO_RUN)?;
    }
    Ok(observation)
}

fn skipped(target: &str, name: &str, lack: &str) -> TestResult {
    TestResult {
        outcome: Outcome::Skipped,
        evidence: Some(Evidence::text(format!("skipped: {lack}"))),
        ..not_run(target, name)
    }
}

fn not_run(target: &str, name: &str) -> TestResult {
    TestResult {
        name: name.to_owned(),
        target: target.to_owned(),
        outcome: Outcome::NotRun,
        evidence: Some(Evidence::text(format!("not run: {HUNG_TESTS} tests before it hung"))),
        place: None,
        schedules: None,
    }
}

/// A test that is to run.
struct Test<'a> {
    candidate: &'a Candidate<'a>,
    programs: &'a Programs,
    target: &'a str,
    name: &'a str,
    /// The only CPU that it may run on.
    cpu: Option<usize>,
}

/// Runs one test, with all that was seen of it.
#[cfg(feature = "tui")]
pub fn run_again(
    candidate: &Candidate<'_>,
    programs: &Programs,
    target: &str,
    name: &str,
    stop: &Stop,
) -> Result<(TestResult, Observation), Error> {
    let scratch = Scratch::new()?;
    let test = Test { candidate, programs, target, name, cpu: None };
    let (result, observation) = run_and_observe(&test, &scratch.directory()?, stop)?;
    let nothing_built = || Error::Refused(format!("cargo built no test program `{target}`"));
    Ok((result, observation.ok_or_else(nothing_built)?))
}

fn run_test(test: &Test<'_>, directory: &Path, stop: &Stop) -> Result<TestResult, Error> {
    run_and_observe(test, directory, stop).map(|(result, _)| result)
}

/// The result, and what was seen of the process if there was one.
fn run_and_observe(
    test: &Test<'_>,
    directory: &Path,
    stop: &Stop,
) -> Result<(TestResult, Option<Observation>), Error> {
    let &Test { candidate, programs, target, name, cpu } = test;
    let Some(program) = programs.tests.get(target) else {
        let message = format!("cargo built no test program `{target}`");
        let missing = TestResult {
            evidence: Some(Evidence::text(message)),
            outcome: Outcome::Missing,
            ..not_run(target, name)
        };
        return Ok((missing, None));
    };
    let [log, seal, evidence] = written_by_tests(directory);
    // They have to be there to be shown alone.
    for file in [&log, &seal, &evidence] {
        fs::write(file, "").map_err(Error::writing(file))?;
    }
    let mut args: Vec<OsString> = [name, "--exact", "--nocapture", "--test-threads=1", "--logfile"]
        .map(OsString::from)
        .into();
    args.push(log.clone().into());
    let mut program = program_of(candidate, program, args, cpu, directory);
    program.env.push((evidence::VARIABLE.into(), evidence.clone().into()));
    let observation = observe(candidate, &program, stop)?;
    let (log, seal) = (read_written(&log, LOG_SIZE)?, read_written(&seal, LOG_SIZE)?);
    let told = read_written(&evidence, evidence::SIZE)?;
    let log = String::from_utf8_lossy(&log);
    let result = result_of(candidate, target, name, &observation, &log, &told);
    let result = sealed(candidate, result, &String::from_utf8_lossy(&seal));
    if result.outcome != Outcome::Passed {
        files::room(directory, ROOM_TO_RUN)?;
    }
    Ok((result, Some(observation)))
}

/// The files that a test writes: libtest's log, its seal, what it has found out.
fn written_by_tests(directory: &Path) -> [PathBuf; 3] {
    ["", SEAL, EVIDENCE].map(|end| directory.join(format!("{LOG}{end}")))
}

/// The bytes of a file that a test writes, at most so many. What lies there now may be of the program's making, and then it is empty: a
/// link, a FIFO, a file that the program has closed to others or removed.
pub(super) fn read_written(file: &Path, size: u64) -> Result<Vec<u8>, Error> {
    match files::read_regular(file, size) {
        Ok(bytes) => Ok(bytes.unwrap_or_default()),
        Err(error)
            if [ErrorKind::NotFound, ErrorKind::PermissionDenied].contains(&error.kind()) =>
        {
            Ok(Vec::new())
        }
        Err(error) => Err(Error::reading(file)(error)),
    }
}

/// Whether a test that did not pass may have been ended by the machine: the kernel, when memory runs out,
/// kills what has taken most of it.
pub fn may_be_the_machines(test: &TestResult) -> bool {
    matches!(test.evidence, Some(Evidence::Signal { signal, .. }) if signal == Signal::SIGKILL as i32)
}

/// Runs a program of the candidate's, and makes sure that it was kept from the host as it should.
pub(super) fn observe(
    candidate: &Candidate<'_>,
    program: &Program,
    stop: &Stop,
) -> Result<Observation, Error> {
    let observation = sandbox::run(program, stop)?;
    if observation.end == End::Stopped {
        return Err(Error::Interrupted);
    }
    candidate.confined.map_or(Ok(()), |confined| confined.check(&observation))?;
    Ok(observation)
}

/// A program of the candidate's within the limits of its exercise.
pub(super) fn program_of(
    candidate: &Candidate<'_>,
    program: &Path,
    args: Vec<OsString>,
    cpu: Option<usize>,
    scratch: &Path,
) -> Program {
    let limits = Limits {
        wall: candidate.exercise.test_deadline,
        kept_output: 256 << 10,
        total_output: 16 << 20,
        // RLIMIT_NPROC knows users, not tests: those that run beside this one need theirs too.
        tasks: tasks_of_machine().map(|tasks| tasks + TASKS * candidate.tests_at_a_time as u64),
        // More than 1024, so that a test can have a descriptor beyond that number.
        open_files: Some(2048),
        file_size: Some(64 << 20),
        address_space: candidate.exercise.address_space,
        cpu_time: None,
        cpu,
    };
    // A private `/tmp` has a size. Of the host, only these files are written then: of files of its own in a
    // directory there a program could make any number.
    let has_own_tmp = candidate.confined.is_some_and(|it| it.layers.contains(&Layer::PrivateRoot));
    let (temporary, writable) = if has_own_tmp {
        (Path::new("/tmp"), written_by_tests(scratch).into())
    } else {
        (scratch, vec![scratch.to_owned()])
    };
    Program {
        path: program.to_owned(),
        args,
        env: environment(candidate, temporary).into_iter().collect(),
        directory: candidate.directory(),
        limits,
        copy_of_stderr: None,
        confinement: candidate.confined.map(|_| Confinement {
            read_only: vec![candidate.workspace.clone(), candidate.target.clone()],
            // The experiment has no log.
            writable: writable.into_iter().filter(|path| path.exists()).collect(),
            without: Vec::new(),
        }),
    }
}

/// Nothing of the caller's: a test sees the same for everybody, whatever their locale, time zone, home and
/// shell are.
fn environment(candidate: &Candidate<'_>, temporary: &Path) -> BTreeMap<OsString, OsString> {
    let fixed = [
        // On NixOS there is nothing in the first ones.
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/run/current-system/sw/bin"),
        ("LANG", "C.UTF-8"),
        ("LC_ALL", "C.UTF-8"),
        ("TZ", "UTC"),
        ("RUST_BACKTRACE", "0"),
    ];
    let mut environment: BTreeMap<OsString, OsString> =
        fixed.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    environment.insert("CARGO_MANIFEST_DIR".into(), candidate.directory().into());
    for name in ["HOME", "TMPDIR"] {
        environment.insert(name.into(), temporary.into());
    }
    environment.extend(candidate.env.iter().cloned());
    environment
}

/// What was seen of a test's process, as a result.
fn result_of(
    candidate: &Candidate<'_>,
    target: &str,
    name: &str,
    observation: &Observation,
    log: &str,
    told: &[u8],
) -> TestResult {
    let panics = panics(&observation.stderr.text);
    let panic = panics.iter().rfind(|panic| panic.thread == name).or(panics.last());
    let said = panic.map(|panic| Evidence::from_panic(panic, told));
    let (outcome, evidence) = outcome_of(candidate, name, observation, log, said);
    let place = match outcome {
        Outcome::Passed | Outcome::Leaked => None,
        _ => place_of(candidate, &panics, panic),
    };
    // A stranger's word is not even shown.
    let is_learners = outcome == Outcome::Passed && candidate.confined.is_none();
    let schedules = is_learners.then(|| evidence::explored(told)).flatten();
    TestResult {
        name: name.to_owned(),
        target: target.to_owned(),
        outcome,
        evidence,
        place,
        schedules,
    }
}

/// The learner's line if one of the panics was there, in whichever thread; else where the test gave up.
pub fn place_of(
    candidate: &Candidate<'_>,
    panics: &[Panic],
    deciding: Option<&Panic>,
) -> Option<Place> {
    let is_own = |place: &&Place| line_to_open::is_own(candidate.exercise, place);
    let of_deciding = deciding.and_then(|panic| panic.place.as_ref());
    let own = of_deciding
        .filter(is_own)
        .or_else(|| panics.iter().filter_map(|panic| panic.place.as_ref()).find(is_own));
    own.or(of_deciding).cloned()
}

/// The result, unless libtest's word stands alone where the test should have written its seal.
fn sealed(candidate: &Candidate<'_>, result: TestResult, written: &str) -> TestResult {
    let Some(seals) = candidate.seals else { return result };
    let seal = seals.get(&(result.target.clone(), result.name.clone()));
    let is_sealed = seal.is_some_and(|seal| seal == written);
    match result.outcome {
        Outcome::Passed | Outcome::Leaked if !is_sealed => TestResult {
            outcome: Outcome::Forged,
            evidence: Some(Evidence::text(
                "the log says that the test passed, but the test did not run to its end in its own process.\n\
                 Something in your code writes the log, or a forked child returned into the test and the \
                 parent exited.",
            )),
            ..result
        },
        _ => result,
    }
}

fn outcome_of(
    candidate: &Candidate<'_>,
    name: &str,
    observation: &Observation,
    log: &str,
    said: Option<Evidence>,
) -> (Outcome, Option<Evidence>) {
    let log = Log { name, text: log };
    let ran_to_its_end = log.is_exactly("ok");
    let failed = log.says("failed");
    match &observation.end {
        End::Exited(0) if ran_to_its_end && observation.strays.is_empty() => {
            (Outcome::Passed, None)
        }
        End::Exited(0) if ran_to_its_end => {
            (Outcome::Leaked, Some(Evidence::Strays { strays: observation.strays.clone() }))
        }
        // A test that returns an error says so on standard error.
        End::Exited(_) if failed => {
            let stderr = || Evidence::text(last_lines(&observation.stderr.text, 20));
            (Outcome::Failed, Some(said.unwrap_or_else(stderr)))
        }
        End::Exited(0) if log.says("ignored") => {
            (Outcome::Skipped, Some(Evidence::text(log.reason())))
        }
        End::Exited(0) if observation.stdout.text.contains("running 0 tests") => {
            (Outcome::Missing, Some(Evidence::text("the test is not in the test program")))
        }
        End::Exited(code) => (Outcome::ExitedEarly, Some(Evidence::ExitedEarly { code: *code })),
        _ => unnatural_end(candidate, observation, said),
    }
}

/// What libtest wrote about one test: `ok NAME`, `failed NAME`, `failed: WHY NAME`, `ignored: WHY NAME`.
struct Log<'a> {
    name: &'a str,
    text: &'a str,
}

impl Log<'_> {
    fn is_exactly(&self, word: &str) -> bool {
        self.text.trim_end() == format!("{word} {}", self.name)
    }

    fn says(&self, word: &str) -> bool {
        let text = self.text.trim_end();
        text.ends_with(self.name)
            && (text.starts_with(&format!("{word} ")) || text.starts_with(&format!("{word}: ")))
    }

    fn reason(&self) -> String {
        let text = self.text.trim_end().strip_suffix(self.name).unwrap_or_default();
        let reason = text.split_once(": ").map_or("no reason is given", |(_, reason)| reason);
        format!("skipped on this machine: {}", reason.trim())
    }
}

/// Ends that no test brings about by returning or panicking; `said` is its last panic.
pub fn unnatural_end(
    candidate: &Candidate<'_>,
    observation: &Observation,
    said: Option<Evidence>,
) -> (Outcome, Option<Evidence>) {
    match &observation.end {
        End::Signalled { signal, .. } => {
            let said = said.map(Box::new);
            (Outcome::Crashed, Some(Evidence::Signal { signal: *signal, said }))
        }
        End::TimedOut(threads) => {
            let seconds = candidate.exercise.test_deadline.as_secs();
            (Outcome::TimedOut, Some(Evidence::Hang { seconds, threads: threads.clone() }))
        }
        End::Flooded => (
            Outcome::TooMuchOutput,
            Some(Evidence::text(
                "it wrote more than 16 MiB and was killed; is there a loop that prints?",
            )),
        ),
        End::AttackedSupervisor => (
            Outcome::AttackedSupervisor,
            Some(Evidence::text(
                "it killed or stopped the process that supervised it. Did a kill() go to the parent \
                 (getppid), to the group (0) or to everyone (-1)?",
            )),
        ),
        End::Exited(_) | End::Stopped => (Outcome::NotRun, None),
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// The tasks (processes and threads) of the whole machine: at least as many as are this user's.
///
/// RLIMIT_NPROC counts the user's tasks in all containers, of which `/proc` may show one only; the
/// total in `/proc/loadavg` counts every one (proc_loadavg(5)). Where it cannot be read, no limit.
fn tasks_of_machine() -> Option<u64> {
    tasks_in_loadavg(&fs::read_to_string("/proc/loadavg").ok()?)
}

/// `0.20 0.18 0.12 1/80 11206`: one task runs, of 80 that there are.
fn tasks_in_loadavg(text: &str) -> Option<u64> {
    let (_, total) = text.split_whitespace().nth(3)?.split_once('/')?;
    total.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_line_that_says_ok_proves_a_pass() {
        let proves = |text: &str| Log { name: "a", text }.is_exactly("ok");
        assert!(proves("ok a\n"));
        for text in ["", "ok\n", "ok b\n", "ok a\nok a\n", "failed a\nok a\n", "ok a b\n"] {
            assert!(!proves(text), "{text:?}");
        }
    }

    #[test]
    fn the_tasks_of_the_machine_stand_behind_the_slash() {
        assert_eq!(tasks_in_loadavg("0.20 0.18 0.12 1/80 11206\n"), Some(80));
        assert_eq!(tasks_in_loadavg("0.20 0.18 0.12\n"), None);
        assert!(tasks_of_machine().is_some_and(|tasks| tasks > 0));
    }

    #[test]
    fn a_log_line_may_say_why() {
        let failed = Log { name: "a", text: "failed: panic did not contain `x` a\n" };
        assert!(failed.says("failed") && !failed.says("ignored"));
        let ignored = Log { name: "a", text: "ignored: no assembly here a\n" };
        assert!(ignored.says("ignored"));
        assert_eq!(ignored.reason(), "skipped on this machine: no assembly here");
    }
}
