//! A reactor on a bad day: each of its calls interrupted, or failed, one at a time. Needs ptrace(2).

use testkit::require;
use tracer::Program;
use tracer::trials::Disturbed;

/// What the scene says when nothing is in its way.
const WHOLE: [&str; 7] = [
    "new: done",
    "watch: done",
    "at: done",
    "waker: done",
    "run: done",
    "called: pipe 1, timer 1, bell 1",
    "left: ",
];

fn scene(what: &str) -> Program {
    Program::new(env!("CARGO_BIN_EXE_bad_day")).arg(what)
}

#[test]
fn an_interrupted_call_is_made_again() {
    let trial = scene("with-the-loop").interrupted().expect("this machine allows tracing");
    let seen = trial.undisturbed.stdout.trim_end_matches('\n');
    require!(seen.lines().eq(WHOLE),
        expected: "a reactor with a pipe, a timer and a waker to call each handler once, and to leave nothing",
        seen: "{seen}",
        likely: "see the other tests first",
        read: "README, the task",
    );
    let calls = trial.disturbed.len();
    require!(calls >= 1,
        expected: "a loop whose timer is due in an hour to set out to sleep, where a signal can interrupt it",
        seen: "no call that sleeps",
        likely: "see the other tests first",
        read: "epoll_wait(2)",
    );
    trial.comes_to_the_same_when_interrupted("a reactor with a pipe, a timer and a waker", "EINTR ends the loop, or is handed on as an error; epoll_wait is never restarted, and is to be called again");
}

#[test]
fn a_call_that_fails_is_the_error_and_nothing_is_left() {
    let trial =
        scene("without-the-loop").short_of_everything().expect("this machine allows tracing");
    // An epoll instance is made, and the pipe is added to it.
    trial.has_calls(
        2,
        "a reactor with a pipe, a timer and a waker to be made",
        "see the other tests first",
    );
    for disturbed in &trial.disturbed {
        let Disturbed { errno, timeline, .. } = disturbed;
        let seen = timeline.stdout.trim_end_matches('\n');
        let failed = format!(": error {errno:?}, changed: ");
        let others: Vec<_> =
            seen.lines().zip(WHOLE).filter(|(line, whole)| line != whole).collect();
        let told = match others[..] {
            [(line, whole)] => line == whole.replace(": done", &failed),
            _ => false,
        };
        require!(told && seen.lines().count() == WHOLE.len(),
            expected: "error {errno:?} from the one function that was called when {disturbed}, and nothing of it left: no\ndescriptor, no registration. A second call works",
            seen: "{seen}",
            likely: "the error is not handed on (`expect`), or what was made or registered before it stays",
            read: "README, the task",
            timeline: timeline,
        );
    }
}
