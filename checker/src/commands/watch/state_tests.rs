//! What follows from what happens.

use std::path::PathBuf;

use signal_hook::consts::{SIGCONT, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};

use super::content::Content;
use super::happening::{Happening, Progress};
use super::job::{Job, Outcome, Task};
use super::key::Key;
use super::state::{Effect, Question, State, View};
use crate::findings::{Listed, State as Standing, WorkbookStatus};
use crate::report::Look;
use crate::verdict::{Outcome as TestOutcome, TestResult};
use crate::workbook::Workbook;
use crate::workbook::curriculum::Exercise;
use crate::{Error, Exit};

fn workbook() -> Workbook {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/miniature");
    Workbook::open(&root).unwrap()
}

fn standing(workbook: &Workbook) -> Vec<Listed<'_>> {
    let exercises = workbook.curriculum.exercises.iter();
    exercises
        .map(|exercise| Listed { exercise, state: Standing::Changed, hints_given: 0, hints: 0 })
        .collect()
}

/// At the first exercise, which is being judged.
fn begun(workbook: &Workbook) -> State<'_> {
    let first = &workbook.curriculum.exercises[0];
    let mut state = State::new(workbook, first, standing(workbook));
    assert_eq!(brief(&state.begin()), ["start Judge answer"]);
    state
}

/// At the first exercise, with nothing to do.
fn idle(workbook: &Workbook) -> State<'_> {
    let mut state = begun(workbook);
    assert_eq!(brief(&state.update(ended(workbook, Task::Judge, 0, status(None)))), ["show"]);
    state
}

fn status<'w>(next: Option<&'w Exercise>) -> Result<Outcome<'w>, Error> {
    assert!(next.is_none(), "what comes next needs a judgement");
    let status = WorkbookStatus { asked: Vec::new(), all: false, next: None };
    Ok(Outcome::Status(Box::new(status)))
}

fn interrupted<'w>() -> Result<Outcome<'w>, Error> {
    Err(Error::Interrupted)
}

fn ended<'w>(
    workbook: &'w Workbook,
    task: Task,
    exercise: usize,
    result: Result<Outcome<'w>, Error>,
) -> Happening<'w> {
    let job = Job::new(task, &workbook.curriculum.exercises[exercise]);
    Happening::Ended { job, result, standing: standing(workbook) }
}

fn saved<'w>(workbook: &'w Workbook, exercises: &[usize]) -> Happening<'w> {
    let of = |index: &usize| &workbook.curriculum.exercises[*index];
    Happening::Saved(exercises.iter().map(of).collect())
}

fn brief(effects: &[Effect<'_>]) -> Vec<String> {
    let of = |effect: &Effect<'_>| match effect {
        Effect::Start(job) => format!("start {:?} {}", job.task, job.exercise.name),
        Effect::Cancel => "cancel".to_owned(),
        Effect::Ask(question, exercise) => format!("ask {question:?} {}", exercise.name),
        Effect::Edit(place) => format!("edit {}", place.file.display()),
        Effect::Show => "show".to_owned(),
        Effect::Say(_) => "say".to_owned(),
        Effect::DrawAnew => "draw anew".to_owned(),
        Effect::TakeTerminal => "take the terminal".to_owned(),
        Effect::Suspend => "suspend".to_owned(),
        Effect::Quit(exit) => format!("quit {}", exit.code()),
    };
    effects.iter().map(of).collect()
}

fn press(state: &mut State<'_>, key: char) -> Vec<String> {
    brief(&state.update(Happening::Key(Key::Char(key))))
}

#[test]
fn a_save_ends_what_runs_and_what_was_saved_last_is_judged_once_that_is_gone() {
    let workbook = workbook();
    let mut state = begun(&workbook);
    assert_eq!(brief(&state.update(saved(&workbook, &[0]))), ["cancel"]);
    assert_eq!(brief(&state.update(saved(&workbook, &[1]))), ["cancel"]);
    let effects = state.update(ended(&workbook, Task::Judge, 0, interrupted()));
    assert_eq!(brief(&effects), ["start Judge next"]);
    let effects = state.update(ended(&workbook, Task::Judge, 1, status(None)));
    assert_eq!(brief(&effects), ["show"], "nothing is left to be done");
}

#[test]
fn of_several_saves_the_exercise_that_is_worked_on_counts_else_the_newest() {
    let workbook = workbook();
    let mut state = idle(&workbook);
    assert_eq!(brief(&state.update(saved(&workbook, &[1, 0]))), ["start Judge answer"]);
    assert_eq!(brief(&state.update(saved(&workbook, &[1]))), ["cancel"]);
    assert_eq!(state.exercise.name, "next");
}

#[test]
fn what_is_asked_for_while_tests_run_waits_for_their_verdict() {
    let workbook = workbook();
    let mut state = begun(&workbook);
    assert!(press(&mut state, 'r').is_empty());
    assert!(press(&mut state, 't').is_empty());
    let effects = state.update(ended(&workbook, Task::Judge, 0, status(None)));
    assert_eq!(brief(&effects), ["show", "start Trace answer"], "the last wish counts");
    assert_eq!(press(&mut state, 'r'), ["cancel"], "a trace that hangs is in nobody's way");
}

#[test]
fn what_waits_for_a_new_verdict_does_not_take_its_place() {
    let workbook = workbook();
    let mut state = begun(&workbook);
    assert_eq!(brief(&state.update(saved(&workbook, &[0]))), ["cancel"]);
    assert!(press(&mut state, 'r').is_empty());
    let effects = state.update(ended(&workbook, Task::Judge, 0, interrupted()));
    assert_eq!(brief(&effects), ["start Judge answer"]);
    let effects = state.update(ended(&workbook, Task::Judge, 0, status(None)));
    assert_eq!(brief(&effects), ["show", "start Run answer"]);
}

#[test]
fn while_nothing_is_to_be_done_the_stubs_that_come_are_built_once() {
    let workbook = workbook();
    let mut state = begun(&workbook);
    let mut stubs = standing(&workbook);
    stubs.iter_mut().for_each(|listed| listed.state = Standing::NotStarted);
    let with_stubs = |task, exercise: usize, result| {
        let job = Job::new(task, &workbook.curriculum.exercises[exercise]);
        Happening::Ended { job, result, standing: stubs.clone() }
    };
    let effects = state.update(with_stubs(Task::Judge, 0, status(None)));
    assert_eq!(brief(&effects), ["show", "start Prepare answer"]);
    assert_eq!(brief(&state.update(saved(&workbook, &[0]))), ["cancel"]);
    let effects = state.update(with_stubs(Task::Prepare, 0, interrupted()));
    assert_eq!(brief(&effects), ["start Judge answer"]);
    let effects = state.update(with_stubs(Task::Judge, 0, status(None)));
    assert_eq!(brief(&effects), ["show", "start Prepare answer"], "it did not come to its end");
    let effects = state.update(with_stubs(Task::Prepare, 0, Ok(Outcome::Nothing)));
    assert_eq!(brief(&effects), ["start Prepare next"]);
    assert!(state.update(with_stubs(Task::Prepare, 1, Ok(Outcome::Nothing))).is_empty());
}

#[test]
fn a_verdict_on_an_exercise_that_was_left_is_not_shown() {
    let workbook = workbook();
    let mut state = begun(&workbook);
    assert_eq!(press(&mut state, 'n'), ["cancel"]);
    // It was quicker than the request to stop.
    let effects = state.update(ended(&workbook, Task::Judge, 0, status(None)));
    assert_eq!(brief(&effects), ["start Judge next"]);
    assert!(state.page.is_none());
}

#[test]
fn nothing_runs_while_it_is_stopped_and_it_begins_anew() {
    let workbook = workbook();
    let mut state = begun(&workbook);
    assert_eq!(brief(&state.update(Happening::Key(Key::Suspend))), ["cancel"]);
    let effects = state.update(ended(&workbook, Task::Judge, 0, interrupted()));
    assert_eq!(brief(&effects), ["suspend"]);
    let effects = state.update(Happening::Resumed);
    assert_eq!(brief(&effects), ["start Judge answer", "take the terminal"]);
    let mut state = idle(&workbook);
    assert_eq!(brief(&state.update(Happening::Signal(SIGTSTP))), ["suspend"]);
    assert_eq!(brief(&state.update(Happening::Signal(SIGCONT))), ["take the terminal"]);
}

#[test]
fn an_interrupt_is_the_editors_while_that_has_the_terminal() {
    let workbook = workbook();
    let mut state = idle(&workbook);
    state.is_editing = true;
    assert!(state.update(Happening::Signal(SIGINT)).is_empty());
    assert_eq!(brief(&state.update(Happening::Signal(SIGTERM))), ["quit 130"]);
    let left = state.update(Happening::EditorLeft(Err("it is not there".to_owned())));
    assert_eq!(brief(&left), ["take the terminal", "show", "say"]);
    assert_eq!(state.news(), "it is not there");
    assert_eq!(brief(&state.update(Happening::Signal(SIGINT))), ["quit 130"]);
}

#[test]
fn a_terminal_of_another_size_stays_taken() {
    let workbook = workbook();
    let mut state = idle(&workbook);
    assert_eq!(brief(&state.update(Happening::Redraw)), ["draw anew"]);
    assert_eq!(brief(&state.update(Happening::Signal(SIGWINCH))), ["draw anew"]);
}

#[test]
fn a_warning_goes_when_what_it_waited_for_is_over() {
    let workbook = workbook();
    let mut state = begun(&workbook);
    let warning = Progress::Warning("another checker is at work".to_owned());
    state.update(Happening::Progress(warning));
    assert_eq!(state.news(), "warning: another checker is at work");
    state.update(Happening::Progress(Progress::Running("answer".to_owned())));
    assert_eq!(state.news(), "");
}

#[test]
fn a_reset_is_made_on_a_yes_only() {
    let workbook = workbook();
    let mut state = idle(&workbook);
    for (key, expected) in [('n', "show"), ('q', "show"), ('y', "ask Reset answer")] {
        assert_eq!(press(&mut state, 'R'), ["show"]);
        assert!(matches!(state.view, View::ConfirmReset));
        assert_eq!(press(&mut state, key), [expected]);
    }
    state.answered(Question::Reset, Ok(Vec::new()));
    assert!(matches!(state.view, View::Page));
}

#[test]
fn a_machine_that_fails_is_told_and_nothing_ends() {
    let workbook = workbook();
    let mut state = begun(&workbook);
    let result = Err(Error::Refused("the disk is full".to_owned()));
    assert_eq!(brief(&state.update(ended(&workbook, Task::Judge, 0, result))), ["show"]);
    assert!(matches!(&state.view, View::Said { title, .. } if title == "not done: answer"));
    let gone = state.update(Happening::WorkerGone);
    assert!(matches!(gone[..], [Effect::Quit(Exit::Fault)]), "{gone:?}");
}

fn failed(workbook: &Workbook, exercise: usize) -> Happening<'_> {
    let test = TestResult {
        name: "it_is_42".to_owned(),
        target: "answer".to_owned(),
        outcome: TestOutcome::Failed,
        evidence: None,
        place: None,
        schedules: None,
    };
    let name = workbook.curriculum.exercises[exercise].name.clone();
    Happening::Progress(Progress::Failed(name, Box::new(test)))
}

#[test]
fn the_first_failure_is_shown_until_the_judgement_is_there() {
    let workbook = workbook();
    let mut state = begun(&workbook);
    let shows = |state: &State<'_>| {
        let look = Look { width: 80, colour: false, scrolls: true };
        Content::of(state, look).lines.iter().any(|line| line.contains("✗ it_is_42"))
    };
    assert!(state.is_old());
    state.update(failed(&workbook, 1));
    assert!(!shows(&state), "it is of another exercise");
    state.update(failed(&workbook, 0));
    assert!(shows(&state) && !state.is_old());
    // Saved again: what the old text comes to is no news any more.
    state.update(ended(&workbook, Task::Judge, 0, interrupted()));
    assert!(!shows(&state));
    state.update(saved(&workbook, &[0]));
    state.update(saved(&workbook, &[0]));
    state.update(failed(&workbook, 0));
    assert!(!shows(&state));
}

#[test]
fn how_far_something_is_changes_the_screen_and_says_no_line() {
    let workbook = workbook();
    let mut state = begun(&workbook);
    let further = Progress::Further("compiling 2 of 3: answer".to_owned());
    assert_eq!(brief(&state.update(Happening::Progress(further.clone()))), [""; 0]);
    assert_eq!(state.progress, Some(further));
}
