//! `checker pin`: records what the exercises look like before anyone has worked on them.

use std::collections::BTreeMap;

use sandbox::Stop;

use crate::flags::Known;
use crate::judge::candidate::{BuildDir, Sources};
use crate::judge::compile::{Recipe, compile_stub};
use crate::judge::listed::{listed_tests, target_of};
use crate::report::{NAME_WIDTH, Reporter};
use crate::workbook::Workbook;
use crate::workbook::curriculum::Exercise;
use crate::workbook::pins::{Pins, WorkbookPins};
use crate::{Error, Exit};

use super::Session;

/// Writes the pins of the asked exercises and of the workbook.
pub fn pin(
    session: &Session,
    names: &[String],
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let _turn = super::judging::wait_for_turn(session, reporter)?;
    let build_dir = BuildDir::prepare(workbook, "stub")?;
    for exercise in session.asked(names)? {
        let (pins, _) = current(workbook, exercise, &build_dir, &session.stop)?;
        pins.save(workbook, exercise)?;
        let count: usize = pins.tests.values().map(Vec::len).sum();
        reporter.note(&format!(
            "pinned {:<NAME_WIDTH$} {} files, {count} tests",
            exercise.name,
            pins.files.len()
        ));
    }
    WorkbookPins::from_files(workbook)?.save(workbook)?;
    if let Some(known) = Known::from_solutions(workbook)? {
        known.save(workbook)?;
    }
    Ok(Exit::Passed)
}

/// What the pins of an exercise would be now: its files, and the tests that its programs list. With
/// them the recipe that the stub was built by.
pub(super) fn current(
    workbook: &Workbook,
    exercise: &Exercise,
    build_dir: &BuildDir,
    stop: &Stop,
) -> Result<(Pins, Recipe), Error> {
    let targets = |pins: &Pins| -> BTreeMap<String, Vec<String>> {
        let test_targets = pins.files.keys().filter_map(|path| target_of(path));
        test_targets.map(|target| (target, Vec::new())).collect()
    };
    let mut pins = Pins::from_files(workbook, exercise, BTreeMap::new())?;
    pins.tests = targets(&pins);
    let candidate = build_dir.lay(exercise, &pins, &Sources::new())?;
    let (programs, recipe) = compile_stub(&candidate, stop)?;
    let tests = listed_tests(&candidate, &programs, stop)?;
    pins.tests = tests;
    Ok((pins, recipe))
}
