//! The other solutions of an exercise: alternatives must pass, each known-wrong one must be caught by the test
//! that it names, and no test may pass on a degenerate one.

use super::Extent;
use super::base::Base;
use crate::Error;
use crate::commands::{Session, why};
use crate::event::Silent;
use crate::evidence::Evidence;
use crate::findings::{Alternative, DoesNothing, Earned, Verified, Wrong};
use crate::judge::candidate::{Sources, WorkDirs};
use crate::judge::compile::Wanted;
use crate::judge::judge_compiled;
use crate::judge::run_played::playable;
use crate::solutions::degenerate::Allowed;
use crate::solutions::{self, Solutions, WrongFile, lines_of_formatting};
use crate::system::worker_pool::{Semaphore, cores, in_parallel, worker_count_beside_deadlines};
use crate::verdict::{Judgement, Verdict};
use crate::workbook::curriculum::{Exercise, PLACEHOLDER};
use crate::workbook::pins::Pins;

/// Judges the variants of all exercises, whichever comes next, and hands each exercise on when its last
/// one is judged.
pub(super) fn verify_variants<'a>(
    session: &Session,
    bases: &[Base<'a>],
    extent: Extent,
    mut take: impl FnMut(Verified<'a>),
) -> Result<(), Error> {
    let mut trials = Vec::new();
    for base in bases {
        // First, because some of its tests wait for their deadlines.
        trials.push(Trial { base, variant: Variant::Degenerate });
        if !extent.skip_wrong {
            trials.extend(variants(session, base)?);
        }
    }
    let judging = Judging {
        session,
        work_dirs: WorkDirs::new(&session.workbook, worker_count_beside_deadlines())
            .keeping_programs()?,
        compilers: Semaphore::new(cores()),
        allowed: Allowed::load(&session.workbook)?,
        points: extent.points,
    };
    let mut unfinished = bases.iter().map(|base| base.verified.clone()).peekable();
    in_parallel(
        worker_count_beside_deadlines(),
        &trials,
        |trial| Ok((trial, judging.found(trial)?)),
        |(trial, found)| {
            let exercise = trial.base.verified.exercise;
            while let Some(verified) =
                unfinished.next_if(|it| it.exercise.number != exercise.number)
            {
                take(verified);
            }
            let verified = unfinished.peek_mut().expect("every trial belongs to an exercise");
            found.add_to(verified);
        },
    )?;
    unfinished.for_each(take);
    Ok(())
}

/// A solution to be judged.
pub(super) struct Trial<'a> {
    pub(super) base: &'a Base<'a>,
    variant: Variant,
}

enum Variant {
    Right(solutions::Alternative),
    Wrong(WrongFile, Result<solutions::Wrong, String>),
    /// The stub as everything that does nothing.
    Degenerate,
}

/// What was found out about a variant, and all that is not as it must be.
enum Found {
    Right(Alternative, Option<String>),
    Wrong(Wrong, Vec<String>),
    Degenerate(Vec<DoesNothing>, Vec<String>),
}

impl Found {
    fn add_to(self, verified: &mut Verified<'_>) {
        match self {
            Found::Right(alternative, problem) => {
                verified.alternatives.push(alternative);
                verified.problems.extend(problem);
            }
            Found::Wrong(wrong, problems) => {
                verified.wrong.push(wrong);
                verified.problems.extend(problems);
            }
            Found::Degenerate(candidates, problems) => {
                verified.degenerate = candidates;
                verified.problems.extend(problems);
            }
        }
    }
}

fn variants<'a>(session: &Session, base: &'a Base<'a>) -> Result<Vec<Trial<'a>>, Error> {
    let solutions = Solutions::new(&session.workbook, base.verified.exercise);
    let mut trials = Vec::new();
    for alternative in solutions.alternatives()? {
        trials.push(Trial { base, variant: Variant::Right(alternative) });
    }
    for file in solutions.wrong_files()? {
        let wrong = solutions.wrong(&file)?;
        trials.push(Trial { base, variant: Variant::Wrong(file, wrong) });
    }
    Ok(trials)
}

pub(super) struct Judging<'a> {
    pub(super) session: &'a Session,
    pub(super) work_dirs: WorkDirs,
    /// Compiling keeps a core busy; most tests wait for something.
    pub(super) compilers: Semaphore,
    pub(super) allowed: Allowed,
    /// Whether it is asked what known-wrong solutions earn.
    points: bool,
}

impl Judging<'_> {
    fn found(&self, trial: &Trial<'_>) -> Result<Found, Error> {
        match &trial.variant {
            Variant::Right(alternative) => {
                let pins = &trial.base.pins;
                let judgement =
                    self.judge(trial, pins, &alternative.sources, Wanted::Everything)?;
                let passes = judgement.verdict == Verdict::Passed;
                let name = alternative.name.clone();
                let problem = (!passes).then(|| {
                    format!("alternatives/{name}.rs must pass; it is: {}", why(&judgement))
                });
                Ok(Found::Right(Alternative { name, passes }, problem))
            }
            Variant::Wrong(file, wrong) => self.found_of_wrong(trial, file, wrong),
            Variant::Degenerate => {
                let (candidates, problems) = self.degenerate(trial)?;
                Ok(Found::Degenerate(candidates, problems))
            }
        }
    }

    fn found_of_wrong(
        &self,
        trial: &Trial<'_>,
        file: &WrongFile,
        wrong: &Result<solutions::Wrong, String>,
    ) -> Result<Found, Error> {
        let mut problems = Vec::new();
        if file.is_patch() {
            let lines = lines_of_formatting(&file.text);
            problems.extend(lines.iter().map(|line| {
                format!("the change at line {line} of its base is nothing but formatting")
            }));
        }
        let (caught_by, earned) = match wrong {
            Ok(wrong) if self.points => self.caught_and_earned(trial, wrong)?,
            Ok(wrong) => (self.caught_by(trial, wrong)?, None),
            Err(problem) => (Err(problem.clone()), None),
        };
        const OF_THE_TEMPLATE: &str =
            "it is the template's example: put a wrong solution of your own in its place";
        let is_the_template = file.text.contains(PLACEHOLDER);
        problems.extend(caught_by.as_ref().err().map(|problem| {
            if is_the_template { OF_THE_TEMPLATE.to_owned() } else { problem.clone() }
        }));
        if let Ok(wrong) = wrong {
            problems.extend(self.unplayable(trial, wrong)?);
        }
        let named = |problem| format!("{}: {problem}", file.path.display());
        let found = Wrong {
            name: file.name.clone(),
            kind: wrong.as_ref().ok().map(|wrong| wrong.declaration.kind),
            caught_by: caught_by.ok(),
            earned,
        };
        Ok(Found::Wrong(found, problems.into_iter().map(named).collect()))
    }

    /// Why it cannot be played as it declares.
    fn unplayable(
        &self,
        trial: &Trial<'_>,
        wrong: &solutions::Wrong,
    ) -> Result<Option<String>, Error> {
        let Some(play) = &wrong.declaration.play else { return Ok(None) };
        let (exercise, pins) = (trial.base.verified.exercise, &trial.base.pins);
        let test = &play.test;
        if !playable(exercise, pins).iter().any(|(_, name)| name == test) {
            return Ok(Some(format!("Play: `{test}` cannot be played: it explores no schedules")));
        }
        let judgement = self.judge(trial, &pins.only(test), &wrong.sources, Wanted::Tests)?;
        let evidence = judgement.first_unpassed().and_then(|test| test.evidence.as_ref());
        let is_broken = matches!(evidence, Some(Evidence::Schedule(_)));
        Ok((!is_broken).then(|| format!("Play: `{test}` finds no schedule that breaks it")))
    }

    /// The test that caught it as declared, or what is wrong with that.
    fn caught_by(
        &self,
        trial: &Trial<'_>,
        wrong: &solutions::Wrong,
    ) -> Result<Result<String, String>, Error> {
        let solutions::Wrong { declaration, sources } = wrong;
        // The declared test alone must catch it; the others may hang on it for as long as they like.
        let pins = &trial.base.pins;
        let declared = pins.only(&declaration.caught_by);
        if !declared.tests.is_empty() {
            let judgement = self.judge(trial, &declared, sources, Wanted::Tests)?;
            let caught_by = declaration.check(&judgement);
            if caught_by.is_ok() {
                return Ok(caught_by);
            }
        }
        // Which test does catch it, if any?
        Ok(declaration.check(&self.judge(trial, pins, sources, Wanted::Everything)?))
    }

    /// As [`Self::caught_by`], and what it would earn by the curriculum.
    fn caught_and_earned(
        &self,
        trial: &Trial<'_>,
        wrong: &solutions::Wrong,
    ) -> Result<(Result<String, String>, Option<Earned>), Error> {
        let judgement = self.judge(trial, &trial.base.pins, &wrong.sources, Wanted::Everything)?;
        let earned = earned(trial.base.verified.exercise, &judgement);
        let caught_by = match wrong.declaration.check(&judgement) {
            // After two tests that hang the others are not run, and the declared one may be among them.
            Err(_) => self.caught_by(trial, wrong)?,
            caught => caught,
        };
        Ok((caught_by, earned))
    }

    fn judge(
        &self,
        trial: &Trial<'_>,
        pins: &Pins,
        sources: &Sources,
        wanted: Wanted,
    ) -> Result<Judgement, Error> {
        let stop = &self.session.stop;
        if stop.is_requested() {
            return Err(Error::Interrupted);
        }
        let work_dir = self.work_dirs.take()?;
        let candidate = work_dir.lay(trial.base.verified.exercise, pins, sources)?;
        let compiled = {
            let _turn = self.compilers.take();
            trial.base.recipe.compile(&candidate, wanted, stop)?
        };
        Ok(judge_compiled(&candidate, compiled, stop, &mut Silent)?.0)
    }
}

/// What a judgement earns by the curriculum.
#[cfg(feature = "grade")]
fn earned(exercise: &Exercise, judgement: &Judgement) -> Option<Earned> {
    use crate::grade::scheme::Scheme;
    use crate::grade::score::{score, worth};

    let scheme = Scheme::default();
    let points = score(exercise, &scheme, judgement, 0).points;
    let possible = worth(exercise, &scheme).possible;
    Some(Earned { hundredths: points.hundredths(), possible: possible.hundredths() })
}

/// Points are the business of those who grade.
#[cfg(not(feature = "grade"))]
fn earned(_: &Exercise, _: &Judgement) -> Option<Earned> {
    None
}
