//! Running one test so that its schedule is shown: a test of schedules, run anew for each thing that is asked.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use evidence::{PLAY, PLAYED, Played, Wish};
use sandbox::{End, Stop};

use crate::Error;
use crate::judge::candidate::Candidate;
use crate::judge::panics::panics;
use crate::judge::run_tests::{observe, program_of, read_written, unnatural_end};
use crate::system::files;
use crate::system::scratch::Scratch;
use crate::workbook::curriculum::Exercise;
use crate::workbook::pins::Pins;

/// The longest document that is read: thousands of steps.
const SIZE: u64 = 32 << 20;

/// Names the one program of operations to run.
const PROGRAM: &str = "PROGRAM";

/// The words by which a test target says that it explores schedules of shuttle's.
const EXPLORES: &str = "schedules::shuttle";

/// The tests of an exercise that can be played, as target and name, easiest first.
pub fn playable<'a>(exercise: &'a Exercise, pins: &'a Pins) -> Vec<(&'a str, &'a str)> {
    let explores = |target: &&str| {
        let file = Path::new("tests").join(format!("{target}.rs"));
        pins.files.get(&file).is_some_and(|text| text.contains(EXPLORES))
    };
    let targets = pins.targets(exercise).into_iter().filter(explores);
    let tests =
        |target: &'a str| pins.tests[target].iter().map(move |name| (target, name.as_str()));
    targets.flat_map(tests).collect()
}

/// Runs a test as it is wished; of a test that makes several programs, this one. An error in words if nothing
/// came of it.
pub fn run_played(
    candidate: &Candidate<'_>,
    test_program: &Path,
    test: &str,
    wish: &Wish,
    program_number: Option<usize>,
    stop: &Stop,
) -> Result<Result<Played, String>, Error> {
    let scratch = Scratch::new()?;
    let directory = scratch.directory()?;
    let file = directory.join("played");
    fs::write(&file, "").map_err(Error::writing(&file))?;
    let args: Vec<OsString> =
        [test, "--exact", "--nocapture", "--test-threads=1"].map(OsString::from).into();
    let mut program = program_of(candidate, test_program, args, None, &directory);
    program.env.push((PLAY.into(), wish.to_value().into()));
    program.env.push((PLAYED.into(), file.clone().into()));
    program.env.extend(program_number.map(|it| (PROGRAM.into(), it.to_string().into())));
    let observation = observe(candidate, &program, stop)?;
    let written = read_written(&file, SIZE)?;
    if let (End::Exited(0), Ok(played)) = (&observation.end, serde_json::from_slice(&written)) {
        return Ok(Ok(played));
    }
    files::room(&directory, super::run_tests::ROOM_TO_RUN)?;
    let said = panics(&observation.stderr.text).pop();
    let why = match (&observation.end, said) {
        (End::Exited(0), _) => format!("`{test}` explores no schedules"),
        (End::Exited(_), Some(panic)) => panic.message,
        (End::Exited(code), None) => format!("the process exited with code {code} on the way"),
        (_, said) => {
            let said = said.map(crate::evidence::Evidence::Panic);
            let (_, evidence) = unnatural_end(candidate, &observation, said);
            evidence.map(|evidence| evidence.to_string()).unwrap_or_default()
        }
    };
    Ok(Err(why))
}
