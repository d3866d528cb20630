//! The known-wrong solutions: each must be caught by the test that it names.

use super::base::Base;
use super::{Verified, Wrong};
use crate::Error;
use crate::candidate::{Sources, Stands};
use crate::commands::Session;
use crate::commands::declaration::Declaration;
use crate::compile::Wanted;
use crate::event::Silent;
use crate::files;
use crate::judge::judge_compiled;
use crate::parallel::{Turns, beside_deadlines, cores, in_parallel};
use crate::pristine::Pristine;
use crate::verdict::Judgement;

/// Judges the known-wrong solutions of all exercises, whichever comes next, and hands each exercise on
/// when its last one is judged.
pub(super) fn verify_wrong<'a>(
    session: &Session,
    bases: &[Base<'a>],
    mut take: impl FnMut(Verified<'a>),
) -> Result<(), Error> {
    let mut trials = Vec::new();
    for base in bases {
        trials.extend(wrong_solutions(session, base)?);
    }
    let judging = Judging {
        session,
        stands: Stands::new(&session.workbook, beside_deadlines()),
        compilers: Turns::new(cores()),
    };
    let mut unfinished = bases.iter().map(|base| base.verified.clone()).peekable();
    in_parallel(
        beside_deadlines(),
        &trials,
        |trial| Ok((trial, judging.caught_by(trial)?)),
        |(trial, caught_by)| {
            let exercise = trial.base.verified.exercise;
            while let Some(verified) =
                unfinished.next_if(|it| it.exercise.number != exercise.number)
            {
                take(verified);
            }
            let verified = unfinished.peek_mut().expect("every trial belongs to an exercise");
            if let Err(problem) = &caught_by {
                verified.problems.push(format!("wrong/{}.rs: {problem}", trial.name));
            }
            verified.wrong.push(Wrong { name: trial.name.clone(), caught_by: caught_by.ok() });
        },
    )?;
    unfinished.for_each(take);
    Ok(())
}

/// A known-wrong solution.
struct Trial<'a> {
    base: &'a Base<'a>,
    /// Its file's name without the extension.
    name: String,
    text: String,
}

fn wrong_solutions<'a>(session: &Session, base: &'a Base<'a>) -> Result<Vec<Trial<'a>>, Error> {
    let solution = session.workbook.solution_path(base.verified.exercise);
    let directory = solution.join("wrong");
    let trial = |path: std::path::PathBuf| {
        let name = path.with_extension("").display().to_string();
        Ok(Trial { base, name, text: files::read(&directory.join(path))? })
    };
    files::files_below(&directory)?.into_iter().map(trial).collect()
}

struct Judging<'a> {
    session: &'a Session,
    stands: Stands,
    /// Compiling keeps a core busy; most tests wait for something.
    compilers: Turns,
}

impl Judging<'_> {
    /// The test that caught it as declared, or what is wrong with that.
    fn caught_by(&self, trial: &Trial<'_>) -> Result<Result<String, String>, Error> {
        let Some(declaration) = Declaration::parse(&trial.text) else {
            return Ok(Err("it must begin with Misconception, Caught by and Message".to_owned()));
        };
        // The declared test alone must catch it; the others may hang on it for as long as they like.
        let pristine = &trial.base.pristine;
        let declared = pristine.only(&declaration.caught_by);
        if !declared.tests.is_empty() {
            let caught_by = declaration.check(&self.judge(trial, &declared, Wanted::Tests)?);
            if caught_by.is_ok() {
                return Ok(caught_by);
            }
        }
        // Which test does catch it, if any?
        Ok(declaration.check(&self.judge(trial, pristine, Wanted::Everything)?))
    }

    fn judge(
        &self,
        trial: &Trial<'_>,
        pristine: &Pristine,
        wanted: Wanted,
    ) -> Result<Judgement, Error> {
        let stop = &self.session.stop;
        if stop.is_requested() {
            return Err(Error::Interrupted);
        }
        let exercise = trial.base.verified.exercise;
        let stand = self.stands.take()?;
        let sources = Sources::from([(exercise.edit[0].clone(), trial.text.clone())]);
        let candidate = stand.lay(exercise, pristine, &sources)?;
        let compiled = {
            let _turn = self.compilers.take();
            trial.base.recipe.compile(&candidate, wanted, stop)?
        };
        Ok(judge_compiled(&candidate, compiled, stop, &mut Silent)?.judgement)
    }
}
