//! `checker play`: one execution of a scenario, as its player decides, written for the checker.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, fs};

use evidence::{Ended, PLAY, PLAYED, Played, PlayedProgram, Position, Wish};

use super::driver::{Course, Executed, Outcome};
use super::run::run;
use super::search::Effort;
use super::shown::Beyond;
use crate::deviation::Deviation;
use crate::failure::{self, Found};
use crate::{Expect, Scenario, replay, source, watchdog};

/// What the environment asks for.
///
/// # Panics
///
/// If it cannot be read.
pub fn asked_for() -> Option<Wish> {
    let value = env::var(PLAY).ok()?;
    let wish = Wish::from_value(&value);
    assert!(wish.is_some(), "{PLAY}={value}: expected `found` or decisions, such as {PLAY}=2,3,2");
    wish
}

/// Runs a scenario as it is wished. A search may come to nothing: then there are no positions.
pub fn play(
    expect: Expect,
    program: Option<&PlayedProgram>,
    wish: Wish,
    effort: Effort,
    scenario: Box<Scenario>,
) -> Played {
    let course = match wish {
        Wish::Pause(decisions) => Course::Decisions { decisions, beyond: Beyond::Pause },
        Wish::ToTheEnd(decisions) => Course::Decisions { decisions, beyond: Beyond::ToTheEnd },
        Wish::Found => return found(expect, program, effort, scenario),
    };
    let executed = execute(expect, course, Arc::new(scenario));
    in_words(expect, program, executed, 0)
}

fn found(
    expect: Expect,
    program: Option<&PlayedProgram>,
    effort: Effort,
    scenario: Box<Scenario>,
) -> Played {
    let scenario = Arc::new(scenario);
    let searched = Arc::clone(&scenario);
    let search = move || run(Course::Search(effort), Box::new(move || searched()));
    let Outcome { schedules: tried, found, .. } = watchdog::run(expect, search);
    let Some((_, deviations)) = found else { return nothing(expect, program, tried) };
    let again = again(program, &deviations);
    let film = execute(expect, Course::Shown(deviations), Arc::clone(&scenario));
    // A search lets a thread begin when it first goes on. A player wants to see all of them, before their first steps.
    let beyond = Beyond::Moves(film.shown.moves.clone());
    let course = Course::Decisions { decisions: Vec::new(), beyond };
    let repeated = execute(expect, course, scenario);
    let is_the_same = repeated.failure.is_some()
        && repeated.record.steps.len() == film.record.steps.len()
        && repeated.record.switches() == film.record.switches();
    let shown = if is_the_same { repeated } else { film };
    Played { again, ..in_words(expect, program, shown, tried) }
}

fn execute(expect: Expect, course: Course, scenario: Arc<Box<Scenario>>) -> Executed {
    let outcome = watchdog::run(expect, move || run(course, Box::new(move || scenario())));
    outcome.executed.expect("an execution that is to be shown is kept")
}

/// An execution in words.
fn in_words(
    expect: Expect,
    program: Option<&PlayedProgram>,
    executed: Executed,
    tried: usize,
) -> Played {
    let Executed { mut shown, record, failure, decisions, deviations } = executed;
    let names = source::names(&record);
    let steps = failure::each_step(&record, &names);
    let switches = record.switches();
    shown.positions.iter_mut().for_each(|position| name_objects(position, &names));
    let threads = record.threads.clone();
    let ended = match failure {
        Some(failure) => Some(Found { failure, record }.broken(&names)),
        None => (!shown.is_paused).then_some(Ended::Held),
    };
    let again = again(program, &deviations);
    Played {
        threads,
        steps,
        positions: shown.positions,
        decisions,
        ended,
        switches,
        again,
        ..nothing(expect, program, tried)
    }
}

/// A search that found nothing.
pub fn nothing(expect: Expect, program: Option<&PlayedProgram>, tried: usize) -> Played {
    Played {
        expected: expect.expected.to_owned(),
        likely: expect.likely.to_owned(),
        program: program.cloned(),
        threads: Vec::new(),
        steps: Vec::new(),
        positions: Vec::new(),
        decisions: Vec::new(),
        ended: Some(Ended::Held),
        switches: 0,
        again: String::new(),
        tried,
    }
}

fn name_objects(position: &mut Position, names: &[String]) {
    for thread in &mut position.threads {
        let texts = thread.holds.iter_mut().chain([&mut thread.text]);
        texts.for_each(|text| *text = source::with_names(text, names));
    }
}

/// Writes it where the checker asks for it; of several scenarios in a test, the first.
pub fn write(played: &Played) {
    static IS_WRITTEN: AtomicBool = AtomicBool::new(false);
    let Some(path) = env::var_os(PLAYED) else { return };
    if !IS_WRITTEN.swap(true, Ordering::Relaxed) {
        // Without it the checker says that nothing was played.
        let _ = fs::write(path, played.to_json());
    }
}

/// The command that runs it again; of a program with its number.
fn again(program: Option<&PlayedProgram>, deviations: &[Deviation]) -> String {
    match program {
        Some(program) => replay::command_of_program(program.number, deviations),
        None => replay::command(Some(deviations)),
    }
}
