//! `checker mutants`: the reference solutions are changed in one small way after the other, and the
//! exercises' tests must notice.
//!
//! A mutant that no test notices is a mistake that a learner can make unseen. Each survivor is killed by
//! a better test, or listed in `solutions/mutants.toml` with the reason why nobody can tell it from the
//! solution. A survivor that is not listed fails the command; so does a listed one that is none any more.

mod field;
mod language;
mod listed;

pub use crate::findings::Operators;
use crate::report::{Report, Reporter};
use crate::solutions::references;
use crate::{Error, Exit};

use super::Session;
use listed::Listed;

/// Mutates the reference solutions of the asked exercises, with some of the operators or with all.
pub fn mutants(
    session: &Session,
    names: &[String],
    operators: Option<Operators>,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let asked = session.asked(names)?;
    let listed = Listed::load(&session.workbook)?;
    let wants = |one: Operators| operators.is_none_or(|wanted| wanted == one);
    let mut clean = true;
    let mut take = |mut mutated| {
        listed.mark(&mut mutated);
        clean &= mutated.problems() == 0;
        reporter.report(Report::Mutated(&mutated));
    };
    if wants(Operators::OfTheField) {
        field::mutate(session, &asked, &mut take)?;
    }
    if wants(Operators::OfTheLanguage) {
        language::install(session)?;
        let solutions = references(&session.workbook)?;
        for exercise in asked {
            take(language::mutate(session, exercise, &solutions)?);
        }
    }
    Ok(if clean { Exit::Passed } else { Exit::NotPassed })
}
