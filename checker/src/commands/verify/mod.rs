//! `checker verify`: the tests of the exercises are tested.
//!
//! For every exercise: the stub compiles without a warning and fails, the solution and its alternatives
//! pass, every known-wrong solution is caught by the test that it names, the pins are current, the texts
//! are complete.

mod base;
mod missing;
mod variants;

use crate::candidate::Slot;
use crate::curriculum::Exercise;
use crate::pristine::Foundation;
use crate::report::Reporter;
use crate::solutions::Kind;
use crate::{Error, Exit};

use super::Session;
use crate::parallel::{at_once, in_parallel};
use base::{Slots, verify_base};
use variants::verify_variants;

/// What was found out about an exercise.
#[derive(Debug, Clone)]
pub struct Verified<'a> {
    /// Which.
    pub exercise: &'a Exercise,
    /// How many of the stub's tests fail, and how many there are.
    pub stub: (usize, usize),
    /// How many tests the solution passes.
    pub solution: usize,
    /// The right solutions in other styles.
    pub alternatives: Vec<Alternative>,
    /// The known-wrong solutions.
    pub wrong: Vec<Wrong>,
    /// Everything that is not as it must be.
    pub problems: Vec<String>,
}

impl Verified<'_> {
    /// How many known-wrong solutions make this kind of mistake.
    pub fn of_kind(&self, kind: Kind) -> usize {
        self.wrong.iter().filter(|wrong| wrong.kind == Some(kind)).count()
    }
}

/// What became of an alternative.
#[derive(Debug, Clone)]
pub struct Alternative {
    /// Its file's name without the extension.
    pub name: String,
    /// Whether it passes, as it must.
    pub passes: bool,
}

/// What became of a known-wrong solution.
#[derive(Debug, Clone)]
pub struct Wrong {
    /// Its file's name without the extension.
    pub name: String,
    /// The kind of its mistake, if it says one.
    pub kind: Option<Kind>,
    /// The test that caught it, if it was caught as declared.
    pub caught_by: Option<String>,
}

/// Verifies the asked exercises; with none named, the workbook's own files too.
pub fn verify(
    session: &Session,
    names: &[String],
    skip_wrong: bool,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let _turn = super::check::wait_for_turn(session, reporter)?;
    let asked = session.asked(names)?;
    let slots = Slots {
        stubs: Slot::prepare(workbook, "stub")?,
        solutions: Slot::prepare(workbook, "solution")?,
    };
    let mut bases = Vec::new();
    in_parallel(
        at_once(),
        &asked,
        |exercise| verify_base(session, exercise, &slots),
        |base| bases.push(base),
    )?;
    let mut verified = Vec::new();
    let mut take = |result| {
        reporter.verified(&result);
        verified.push(result);
    };
    if skip_wrong {
        bases.into_iter().for_each(|base| take(base.verified));
    } else {
        verify_variants(session, &bases, take)?;
    }
    let mut general = Vec::new();
    if names.is_empty() {
        for edit in Foundation::load(workbook)?.edits(workbook)? {
            general.push(format!("{edit}; if that is meant: `checker pin`"));
        }
    }
    let clean = general.is_empty() && verified.iter().all(|one| one.problems.is_empty());
    let exit = if clean { Exit::Passed } else { Exit::NotPassed };
    reporter.verification(&verified, &general, exit);
    Ok(exit)
}
