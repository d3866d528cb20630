//! `checker soundness`: the same code gets the same verdict every time.
//!
//! Every solution and every known-wrong solution is built once and then judged again and again: half
//! of the times beside threads that keep every core busy, half of the times bound to one core. A
//! solution that does not pass once is a *false failure*; a wrong one that is not caught as it
//! declares is an *escape*.

mod circumstances;
mod load;

use std::sync::Mutex;

use crate::event::Silent;
use crate::findings::{Soundness, Tally};
use crate::judge::candidate::{BuildDir, Candidate, Sources, WorkDirs};
use crate::judge::compile::{Compiled, Recipe, Wanted, compile, compile_stub};
use crate::judge::inputs::Inputs;
use crate::judge::judge_programs;
use crate::report::{Report, Reporter};
use crate::solutions::{Solutions, Wrong};
use crate::verdict::{Judgement, Verdict};
use crate::workbook::curriculum::Exercise;
use crate::workbook::pins::Pins;
use crate::{Error, Exit};

use super::{Session, why};
use crate::system::worker_pool::{in_parallel, worker_count};
use circumstances::{Circumstances, half_and_half};
use load::Load;

/// After this many, one more would say nothing new, and each may cost a deadline.
const ENOUGH: usize = 10;

/// How often each is judged.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Runs of each solution.
    pub solution: usize,
    /// Runs of each known-wrong solution.
    pub wrong: usize,
}

/// Judges the solutions and the known-wrong solutions of the asked exercises many times over.
pub fn soundness(
    session: &Session,
    names: &[String],
    effort: Effort,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let _turn = super::check::wait_for_turn(session, reporter)?;
    let solutions = BuildDir::prepare(workbook, "solution")?;
    let stubs = BuildDir::prepare(workbook, "stub")?;
    let work_dirs = WorkDirs::new(workbook, worker_count());
    let asked = session.asked(names)?;
    let mut all = Vec::new();
    Load::beside(|load| {
        in_parallel(
            worker_count(),
            &asked,
            |exercise| {
                let pins = Pins::load(workbook, exercise)?;
                let stub = stubs.lay(exercise, &pins, &Sources::new())?;
                let (_, recipe) = compile_stub(&stub, &session.stop)?;
                let trial = Trial { session, exercise, pins, recipe, load };
                Ok(Soundness {
                    exercise,
                    solution: trial.solution(&solutions, effort.solution)?,
                    alternatives: trial.alternatives(&work_dirs, effort.solution)?,
                    wrong: trial.wrong_solutions(&work_dirs, effort.wrong)?,
                })
            },
            |result| {
                reporter.report(Report::Soundness(&result));
                all.push(result);
            },
        )
    })?;
    let sound = all.iter().flat_map(Soundness::tallies).all(|tally| tally.unsound == 0);
    let exit = if sound { Exit::Passed } else { Exit::NotPassed };
    reporter.report(Report::SoundnessOfAll { all: &all, exit });
    Ok(exit)
}

/// One exercise, again and again.
struct Trial<'a> {
    session: &'a Session,
    exercise: &'a Exercise,
    pins: Pins,
    /// How the exercise's programs are made.
    recipe: Recipe,
    load: &'a Load,
}

impl Trial<'_> {
    fn solution(&self, build_dir: &BuildDir, runs: usize) -> Result<Tally, Error> {
        let sources = self.solutions().reference()?;
        let candidate = build_dir.lay(self.exercise, &self.pins, &sources)?;
        // One after another: each runs as many tests at once as there are cores.
        let compiled =
            compile(&candidate, &Inputs::read(&candidate)?, &self.session.stop, &mut Silent)?;
        self.repeat(1, "solution", &candidate, compiled, runs, must_pass)
    }

    fn alternatives(&self, work_dirs: &WorkDirs, runs: usize) -> Result<Vec<Tally>, Error> {
        let mut tallies = Vec::new();
        for alternative in self.solutions().alternatives()? {
            let work_dir = work_dirs.take()?;
            let candidate = work_dir.lay(self.exercise, &self.pins, &alternative.sources)?;
            let wanted = Wanted::Everything;
            let compiled = self.recipe.compile(&candidate, wanted, &self.session.stop)?;
            let name = &alternative.name;
            tallies.push(self.repeat(1, name, &candidate, compiled, runs, must_pass)?);
        }
        Ok(tallies)
    }

    fn solutions(&self) -> Solutions<'_> {
        Solutions::new(&self.session.workbook, self.exercise)
    }

    fn wrong_solutions(&self, work_dirs: &WorkDirs, runs: usize) -> Result<Vec<Tally>, Error> {
        let solutions = self.solutions();
        let mut tallies = Vec::new();
        for file in solutions.wrong_files()? {
            tallies.push(match solutions.wrong(&file)? {
                Ok(wrong) => self.wrong_solution(work_dirs, &file.name, &wrong, runs)?,
                Err(problem) => Tally::unjudged(&file.name, problem),
            });
        }
        Ok(tallies)
    }

    fn wrong_solution(
        &self,
        work_dirs: &WorkDirs,
        name: &str,
        wrong: &Wrong,
        runs: usize,
    ) -> Result<Tally, Error> {
        let Wrong { declaration, sources } = wrong;
        let declared = self.pins.only(&declaration.caught_by);
        let pins = if declared.tests.is_empty() { &self.pins } else { &declared };
        let work_dir = work_dirs.take()?;
        let candidate = work_dir.lay(self.exercise, pins, sources)?;
        let compiled = self.recipe.compile(&candidate, Wanted::Everything, &self.session.stop)?;
        // Several at once: the one test of each may hang until its deadline.
        self.repeat(worker_count(), name, &candidate, compiled, runs, |judgement| {
            declaration.check(judgement).map(drop)
        })
    }

    /// Judges `runs` times what a candidate was compiled to once, `workers` at a time.
    fn repeat(
        &self,
        workers: usize,
        name: &str,
        candidate: &Candidate<'_>,
        compiled: Compiled,
        runs: usize,
        check: impl Fn(&Judgement) -> Result<(), String> + Sync,
    ) -> Result<Tally, Error> {
        let stop = &self.session.stop;
        if stop.is_requested() {
            return Err(Error::Interrupted);
        }
        let Compiled::Programs(programs) = compiled else {
            return Ok(Tally::unjudged(name, "it does not compile".to_owned()));
        };
        let tally = Mutex::new(Tally::new(name));
        let repeated = in_parallel(
            workers,
            &half_and_half(runs),
            |circumstances| {
                if tally.lock().expect(NO_PANIC).unsound >= ENOUGH {
                    return Ok(());
                }
                let judgement = match *circumstances {
                    Circumstances::Busy => {
                        let _busy = self.load.on();
                        judge_programs(candidate, &programs, None, stop)?
                    }
                    Circumstances::On(cpu) => {
                        judge_programs(candidate, &programs, Some(cpu), stop)?
                    }
                };
                tally.lock().expect(NO_PANIC).count(check(&judgement), *circumstances);
                Ok(())
            },
            drop,
        );
        repeated?;
        Ok(tally.into_inner().expect(NO_PANIC))
    }
}

const NO_PANIC: &str = "nobody panics while counting";

fn must_pass(judgement: &Judgement) -> Result<(), String> {
    match judgement.verdict {
        Verdict::Passed => Ok(()),
        _ => Err(why(judgement)),
    }
}
