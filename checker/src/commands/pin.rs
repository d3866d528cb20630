//! `checker pin`: records what the exercises look like before anyone has worked on them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sandbox::{Limits, Program, Stop};

use crate::flags::Known;
use crate::judge::candidate::{BuildDir, Sources};
use crate::judge::compile::{Recipe, compile_stub};
use crate::report::Reporter;
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
            "pinned {:<18} {} files, {count} tests",
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
    let mut tests = BTreeMap::new();
    for (target, program) in &programs.tests {
        let source = pins.files.get(&Path::new("tests").join(format!("{target}.rs")));
        let list = list_tests(program, &candidate.directory(), stop)?;
        tests.insert(target.clone(), in_source_order(list, source.map_or("", String::as_str)));
    }
    pins.tests = tests;
    Ok((pins, recipe))
}

/// `tests/NAME.rs` is the target NAME; what lies deeper is included by one of those.
fn target_of(path: &Path) -> Option<String> {
    let is_target = path.parent() == Some(Path::new("tests")) && path.extension()? == "rs";
    is_target.then(|| path.file_stem().map(|name| name.to_string_lossy().into_owned())).flatten()
}

fn list_tests(program: &Path, directory: &Path, stop: &Stop) -> Result<Vec<String>, Error> {
    let program = Program {
        path: program.to_owned(),
        args: ["--list", "--format", "terse"].map(Into::into).into(),
        env: Vec::new(),
        directory: directory.to_owned(),
        limits: Limits::wall(Duration::from_secs(30)),
        confinement: None,
    };
    let observation = sandbox::run(&program, stop)?;
    let names = observation.stdout.text.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(names.map(str::to_owned).collect())
}

/// libtest sorts by name; authors write the easiest test first.
fn in_source_order(mut tests: Vec<String>, source: &str) -> Vec<String> {
    let position = |test: &str| {
        let functions = test.split("::").filter_map(|segment| {
            [format!("fn {segment}("), format!("fn {segment}<")]
                .iter()
                .find_map(|function| source.find(function.as_str()))
        });
        functions.last().unwrap_or(usize::MAX)
    };
    tests.sort_by_cached_key(|test| (position(test), case_number(test), test.clone()));
    tests
}

/// `f::case_10_x` comes after `f::case_2_y`.
fn case_number(test: &str) -> u32 {
    let case = test.rsplit("::").next().and_then(|last| last.strip_prefix("case_"));
    let digits = case.map(|case| case.split('_').next().unwrap_or_default());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_come_in_the_order_of_their_source() {
        let tests = ["a", "b::case_10_z", "b::case_2_y", "c"].map(str::to_owned).to_vec();
        let source = "fn c() {} fn b(x: u8) {} fn a() {}";
        assert_eq!(in_source_order(tests, source), ["c", "b::case_2_y", "b::case_10_z", "a"]);
    }

    #[test]
    fn only_files_directly_in_tests_are_targets() {
        assert_eq!(target_of(Path::new("tests/a.rs")).as_deref(), Some("a"));
        assert_eq!(target_of(Path::new("tests/common/mod.rs")), None);
        assert_eq!(target_of(Path::new("src/a.rs")), None);
    }
}
