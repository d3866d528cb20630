//! A loop on a bad day: each of its calls interrupted, or failed, one at a time. Needs ptrace(2).

use testkit::require;
use tracer::Program;
use tracer::trials::Disturbed;

/// What the scene says when nothing is in its way.
const WHOLE: [&str; 8] = [
    "new: done",
    "work: done",
    "run: done",
    "called: data, deadline, work",
    "left: ",
    "threads more: 1",
    "descriptors that are inherited: 0",
    "left: ",
];

fn scene(what: &str) -> Program {
    Program::new(env!("CARGO_BIN_EXE_loop_scenes")).arg(what)
}

#[test]
fn a_loop_that_has_ended_leaves_nothing_and_one_message_thread_is_enough() {
    let output = testkit::program::Program::new(env!("CARGO_BIN_EXE_loop_scenes")).run();
    let seen = output.stdout.trim_end_matches('\n');
    require!(seen.lines().eq(WHOLE),
        expected: "a loop with everything to wait for to run, twenty descriptors and twenty deadlines to have one thread,\nand nothing of them to be left: no thread, no descriptor",
        seen: "{seen}",
        likely: "the message thread is told to end and not waited for (`join`), there is one for each descriptor or\ndeadline, or what wakes it is not close-on-exec",
        read: "README, the task, 3 and 5",
    );
}

#[test]
fn an_interrupted_call_is_made_again() {
    let trial = scene("with-the-loop").interrupted().expect("this machine allows tracing");
    trial.has_calls(
        1,
        "a message thread that sets out to sleep, where a signal can interrupt it",
        "see the other tests first",
    );
    trial.comes_to_the_same_when_interrupted("a loop with a descriptor, a deadline and work", "EINTR ends the message thread, or is handed on as an error; poll(2) is never restarted, and is to be called again");
}

#[test]
fn a_call_that_fails_is_the_error_and_nothing_is_left() {
    let trial = scene("alone").short_of_everything().expect("this machine allows tracing");
    trial.has_calls(
        1,
        "a loop to be made, with something that wakes its message thread",
        "see the other tests first",
    );
    for disturbed in &trial.disturbed {
        let Disturbed { errno, timeline, .. } = disturbed;
        let seen = timeline.stdout.trim_end_matches('\n');
        let failed = format!(": error Some({}), changed: ", *errno as i32);
        let others: Vec<_> =
            seen.lines().zip(WHOLE).filter(|(line, whole)| line != whole).collect();
        let told = match others[..] {
            [(line, whole)] => line == whole.replace(": done", &failed),
            _ => false,
        };
        require!(told && seen.lines().count() == WHOLE.len(),
            expected: "error {errno:?} from the one function that was called when {disturbed}, and nothing of it left: no\ndescriptor, no thread, nothing to wait for. A second call works",
            seen: "{seen}",
            likely: "the error is not handed on (`expect`, `thread::spawn`), or what was made or counted before it stays",
            read: "README, the task; src/lib.rs",
            timeline: timeline,
        );
    }
}
