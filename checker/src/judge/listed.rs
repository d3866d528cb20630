//! The tests that the programs of an exercise list.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sandbox::{Limits, Program, Stop};

use crate::Error;
use crate::judge::candidate::Candidate;
use crate::judge::compile::Programs;

/// The tests of every target of a candidate that was compiled, easiest first.
pub fn listed_tests(
    candidate: &Candidate<'_>,
    programs: &Programs,
    stop: &Stop,
) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let mut tests = BTreeMap::new();
    for (target, program) in &programs.tests {
        let source = candidate.pins.files.get(&Path::new("tests").join(format!("{target}.rs")));
        let list = list_tests(program, &candidate.directory(), stop)?;
        tests.insert(target.clone(), in_source_order(list, source.map_or("", String::as_str)));
    }
    Ok(tests)
}

/// `tests/NAME.rs` is the target NAME; what lies deeper is included by one of those.
pub fn target_of(path: &Path) -> Option<String> {
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
        copy_of_stderr: None,
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
