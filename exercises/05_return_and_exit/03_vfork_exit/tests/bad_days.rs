//! Guests on a bad day: each of the host's calls interrupted, or failed, one at a time. Needs ptrace(2).

#![cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]

use testkit::require;
use tracer::Program;
use tracer::trials::Disturbed;

/// What the house says when nothing is in its way; each of its first four lines is of one function.
const WHOLE: [&str; 6] = [
    "ask: Ok(70000)",
    "visit: Ok(3)",
    "spawn nothing: Err(ENOENT)",
    "spawn: exit code 7",
    "changed: ",
    "no child is left",
];

fn house() -> Program {
    Program::new(env!("CARGO_BIN_EXE_house")).args(["on-trial", env!("CARGO_BIN_EXE_errand")])
}

#[test]
fn an_interrupted_call_is_made_again() {
    let trial = house().interrupted().expect("this machine allows tracing");
    let seen = trial.undisturbed.stdout.trim_end();
    require!(seen.lines().eq(WHOLE),
        expected: "a guest that is asked, one that visits, and two that become programs, one in vain",
        seen: "{seen}",
        likely: "see tests/guests.rs first",
        read: "README, the task",
    );
    trial.comes_to_the_same_when_interrupted("four guests, each received by one function", "EINTR is taken for the answer: a `waitpid` that was interrupted has waited for nobody, and is to be called again");
}

#[test]
fn a_call_that_fails_is_the_error_and_nothing_is_left() {
    let trial = house().short_of_everything().expect("this machine allows tracing");
    trial.has_calls(4, "four guests to be received", "see tests/guests.rs first");
    for disturbed in &trial.disturbed {
        let Disturbed { site, errno, timeline } = disturbed;
        let seen = timeline.stdout.trim_end();
        let lines: Vec<&str> = seen.lines().collect();
        let others: Vec<_> =
            lines.iter().zip(WHOLE).filter(|(line, whole)| *line != whole).collect();
        let told = match others[..] {
            [(line, _)] => {
                line.ends_with(&format!("Err({errno:?})"))
                    || line.ends_with(&format!("error {errno:?}"))
            }
            _ => false,
        };
        let is_changed =
            lines.iter().any(|line| line.starts_with("changed: ") && line != &"changed: ");
        let likely = if is_changed {
            "what the function has set or opened for the call is not taken back when the call fails"
                .to_owned()
        } else {
            format!(
                "the result of {site} is not looked at, or a guest that was received before is not waited for"
            )
        };
        require!(lines.len() == WHOLE.len() && told,
            expected: "{errno:?} from the function that was called when {disturbed}, and nothing changed in the host",
            seen: "{seen}",
            likely: "{likely}",
            read: "README, the task; vfork(2), ERRORS; execve(2), ERRORS",
            timeline: timeline,
        );
    }
}
