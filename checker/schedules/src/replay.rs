//! One schedule again, by a command that the learner can copy.

use std::env;
use std::path::Path;

use crate::deviation::Deviation;

/// Names the one schedule to run: the decisions that are not plain, as `decision:choice`, separated
/// by commas.
const VARIABLE: &str = "SCHEDULE";

/// Names the one program of operations to run, by its number.
const PROGRAM: &str = "PROGRAM";

/// The program that the environment asks for.
///
/// # Panics
///
/// If it is no number.
pub fn program_asked_for() -> Option<usize> {
    let asked = env::var(PROGRAM).ok()?;
    let number = asked.parse().ok();
    assert!(
        number.is_some(),
        "{PROGRAM}={asked}: expected what a failed test prints after `again:`, such as {PROGRAM}=7; unset it \
         to try all programs"
    );
    number
}

/// The schedule that the environment asks for.
///
/// # Panics
///
/// If it is not one.
pub fn asked_for() -> Option<Vec<Deviation>> {
    let asked = env::var(VARIABLE).ok()?;
    let schedule = parse(&asked);
    assert!(
        schedule.is_some(),
        "{VARIABLE}={asked}: expected what a failed test prints after `again:`, such as {VARIABLE}=4:2,9:3 \
         (or {VARIABLE}=plain); unset it to explore all schedules"
    );
    schedule
}

fn parse(text: &str) -> Option<Vec<Deviation>> {
    if text == "plain" {
        return Some(Vec::new());
    }
    let deviation = |part: &str| {
        let (at, choice) = part.split_once(':')?;
        Some(Deviation { at: at.parse().ok()?, choice: choice.parse().ok()? })
    };
    text.split(',').map(deviation).collect()
}

/// The command that runs this test again, with just this schedule if there is one.
pub fn command(schedule: Option<&[Deviation]>) -> String {
    let schedule = schedule.map_or_else(String::new, |schedule| {
        let parts: Vec<String> = schedule
            .iter()
            .map(|deviation| format!("{}:{}", deviation.at, deviation.choice))
            .collect();
        let text = if parts.is_empty() { "plain".to_owned() } else { parts.join(",") };
        format!("{VARIABLE}={text} ")
    });
    let (target, package) = (target().unwrap_or_default(), package().unwrap_or_default());
    format!("{schedule}cargo test -p {package} --test {target} {}", test())
}

/// The command that runs just this schedule of this program again.
pub fn command_of_program(number: usize, schedule: &[Deviation]) -> String {
    format!("{PROGRAM}={number} {}", command(Some(schedule)))
}

/// The test's name: libtest names its threads so, and a test that runs alone is named on the command
/// line.
fn test() -> String {
    let thread = std::thread::current();
    let name = thread.name().filter(|name| *name != "main").map(str::to_owned);
    name.or_else(|| env::args().nth(1)).unwrap_or_default()
}

/// `protocol` of `…/deps/protocol-0123456789abcdef`.
fn target() -> Option<String> {
    let program = env::current_exe().ok()?;
    let name = program.file_name()?.to_str()?.to_owned();
    Some(name.rsplit_once('-').map_or(name.clone(), |(target, _)| target.to_owned()))
}

/// `mutex` of `…/02_locks_and_keys/02_mutex`, where the tests of an exercise run.
fn package() -> Option<String> {
    let directory = env::current_dir().ok()?;
    let name = Path::new(&directory).file_name()?.to_str()?.to_owned();
    Some(name.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches('_').to_owned())
}
