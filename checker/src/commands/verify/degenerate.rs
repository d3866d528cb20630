//! Code that does nothing: no test may pass on it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::variants::{Judging, Trial};
use crate::Error;
use crate::event::Silent;
use crate::findings::DoesNothing;
use crate::judge::candidate::Candidate;
use crate::judge::compile::{Compiled, Programs, Wanted};
use crate::judge::judge_compiled;
use crate::judge::run_tests::run_tests;
use crate::solutions::Degenerate;
use crate::solutions::degenerate::{self, ALLOWED, MayPass};
use crate::verdict::{Outcome, TestResult};
use crate::workbook::curriculum::{Exercise, Pattern};

/// A test that has not passed by then is taken for one that does not pass. Most of them hang.
const DEADLINE: Duration = Duration::from_secs(3);

/// How many tests run at a time: tests that hang cost time and no core.
const AT_A_TIME: usize = 16;

impl Judging<'_> {
    /// Judges the degenerate candidates of an exercise; with all that is not as it must be.
    pub(super) fn degenerate(
        &self,
        trial: &Trial<'_>,
    ) -> Result<(Vec<DoesNothing>, Vec<String>), Error> {
        let (verified, pins) = (&trial.base.verified, &trial.base.pins);
        let stop = &self.session.stop;
        let sources = match degenerate::sources(verified.exercise, pins) {
            Ok(sources) => sources,
            Err(problem) => return Ok((Vec::new(), vec![problem])),
        };
        if stop.is_requested() {
            return Err(Error::Interrupted);
        }
        let work_dir = self.work_dirs.take()?;
        let exercise = Exercise { test_deadline: DEADLINE, ..verified.exercise.clone() };
        let laid = work_dir.lay(&exercise, pins, &sources)?;
        let candidate = Candidate { tests_at_a_time: AT_A_TIME, ..laid };
        let compiled = {
            let _turn = self.compilers.take();
            trial.base.recipe.compile(&candidate, Wanted::Everything, stop)?
        };
        let Compiled::Programs(programs) = compiled else {
            let (judgement, _) = judge_compiled(&candidate, compiled, stop, &mut Silent)?;
            let said = judgement.message().unwrap_or_default();
            let problem = format!("the stub that does nothing does not compile:\n{said}");
            return Ok((Vec::new(), vec![problem]));
        };
        let marks = Marks::find(&programs)?;
        let mut from_outside = pins.clone();
        from_outside.tests.retain(|target, _| !marks.are_in(programs.tests.get(target)));
        let (mut candidates, mut problems) = (Vec::new(), Vec::new());
        for candidate_is in Degenerate::ALL {
            marks.set(candidate_is)?;
            // Where the code is a part of the test program, that program would end before main, too.
            let pins = match candidate_is {
                Degenerate::ExitsBeforeMain | Degenerate::PrintsTheSnapshot => &from_outside,
                _ => pins,
            };
            let candidate = Candidate { pins, ..candidate.clone() };
            let tests = run_tests(&candidate, &programs, None, stop, &mut Silent)?;
            let allowed = self.allowed.on(&exercise.name, candidate_is);
            let passing = passing(&tests, &allowed);
            let words = candidate_is.in_words();
            problems.extend(
                passing
                    .iter()
                    .map(|test| format!("`{test}` passes on code that {words}: {REMEDY}")),
            );
            problems.extend(idle(&tests, &allowed).map(|pattern| {
                format!("{ALLOWED} lists `{}`, which does not pass on code that {words}", pattern.0)
            }));
            candidates.push(DoesNothing { candidate: candidate_is, passing });
        }
        Ok((candidates, problems))
    }
}

/// The tests that pass and must not.
fn passing(tests: &[TestResult], allowed: &[MayPass]) -> Vec<String> {
    let is_allowed = |test: &&TestResult| allowed.iter().any(|it| is_meant(it, test));
    let passed = tests.iter().filter(|test| test.outcome == Outcome::Passed);
    passed
        .filter(|test| !is_allowed(test))
        .map(|test| format!("{}::{}", test.target, test.name))
        .collect()
}

/// What is listed and does not pass. Where a test hung, a busy machine may have been the cause.
fn idle<'a>(tests: &'a [TestResult], allowed: &'a [MayPass]) -> impl Iterator<Item = &'a Pattern> {
    let may_pass = [Outcome::Passed, Outcome::Skipped, Outcome::TimedOut];
    let is_idle = move |it: &&MayPass| {
        let passes = |test: &TestResult| it.by_luck || may_pass.contains(&test.outcome);
        !tests.iter().any(|test| is_meant(it, test) && passes(test))
    };
    allowed.iter().filter(is_idle).map(|it| &it.tests)
}

fn is_meant(allowed: &MayPass, test: &TestResult) -> bool {
    allowed.tests.matches(&test.target, &test.name)
}

/// What an author does about it.
const REMEDY: &str =
    "a test about what must not happen has to see first that its scene ran to its end";

/// The programs of the candidates, and where each says which one it is.
struct Marks<'a>(Vec<(&'a Path, Vec<usize>)>);

impl<'a> Marks<'a> {
    fn find(programs: &'a Programs) -> Result<Self, Error> {
        let find = |path: &'a PathBuf| {
            let program = fs::read(path).map_err(Error::reading(path))?;
            Ok((path.as_path(), degenerate::marks(&program)))
        };
        let all = programs.tests.values().chain(programs.programs.values());
        Ok(Self(all.map(find).collect::<Result<_, Error>>()?))
    }

    /// Whether the code is a part of this program.
    fn are_in(&self, program: Option<&PathBuf>) -> bool {
        self.0
            .iter()
            .any(|(path, places)| !places.is_empty() && program.is_some_and(|it| it == path))
    }

    fn set(&self, which: Degenerate) -> Result<(), Error> {
        for (path, places) in &self.0 {
            for place in places {
                overwrite(path, *place, which.byte()).map_err(Error::writing(path))?;
            }
        }
        Ok(())
    }
}

/// Changes a byte of a program. Another process does it: a descriptor of ours would be copied whenever another
/// thread forks, and a program that is open for writing cannot be executed (execve(2), ETXTBSY).
fn overwrite(path: &Path, place: usize, byte: u8) -> io::Result<()> {
    let mut to = std::ffi::OsString::from("of=");
    to.push(path);
    let mut dd = Command::new("dd")
        .arg(to)
        .args(["bs=1", "count=1", "conv=notrunc", &format!("seek={place}")])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let written = dd.stdin.take().expect("it is a pipe").write_all(&[byte]);
    let status = dd.wait()?;
    written?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("dd: {status}"))) }
}
