//! A pipeline on a bad day: each of its calls interrupted, or failed, one at a time. Needs ptrace(2).

use rstest::rstest;
use testkit::require;
use tracer::Program;
use tracer::trials::Disturbed;

/// `spawn` or `run`, called by a program that tells what came of it and what is left.
fn caller(call: &str, stages: &[&str]) -> Program {
    let mut program = Program::new(env!("CARGO_BIN_EXE_pipeline")).arg(call).stdin("a word");
    for (index, stage) in stages.iter().enumerate() {
        if index > 0 {
            program = program.arg("|");
        }
        let is_a_path = stage.starts_with('/');
        let path = if is_a_path { *stage } else { env!("CARGO_BIN_EXE_stage") };
        program = program.arg(path);
        program = if is_a_path { program } else { program.arg(*stage) };
    }
    program
}

#[rstest]
#[case::of_one_stage("spawn", &["upper"], "A WORD")]
#[case::of_two_stages("run", &["cat", "upper"], "A WORD")]
#[case::of_a_stage_that_is_missing("spawn", &["/nothing/here"], "error ENOENT")]
#[case::of_a_second_stage_that_is_missing("run", &["cat", "/nothing/here"], "error ENOENT")]
fn an_interrupted_call_is_made_again(
    #[case] call: &str,
    #[case] stages: &[&str],
    #[case] outcome: &str,
) {
    let trial = caller(call, stages).interrupted().expect("this machine allows tracing");
    let stages = stages.join(" | ");
    let undisturbed = &trial.undisturbed.stdout;
    require!(undisturbed.contains(outcome),
        expected: "`{stages}` without any interruption to come to this: {outcome}",
        seen: "{undisturbed}",
        likely: "see tests/pipe.rs first",
        read: "README, the task",
    );
    trial.comes_to_the_same_when_interrupted(&format!("`{stages}`"), "EINTR is taken for the answer: the call is to be made again. A `read` that was interrupted is no end-of-file, a `waitpid` no end of a child");
}

#[rstest]
#[case::of_one_stage("spawn", &["upper"])]
#[case::of_two_stages("run", &["cat", "upper"])]
fn a_call_that_fails_is_the_error_and_nothing_is_left(#[case] call: &str, #[case] stages: &[&str]) {
    let trial = caller(call, stages).short_of_everything().expect("this machine allows tracing");
    let stages = stages.join(" | ");
    let calls = trial.disturbed.len();
    require!(calls >= 2,
        expected: "`{stages}` to need a pipe and a child on its way",
        seen: "{calls} such calls",
        likely: "see tests/pipe.rs first",
        read: "README, the task",
    );
    for disturbed in &trial.disturbed {
        let Disturbed { site, errno, timeline } = disturbed;
        let has = |line: &str| timeline.stdout.lines().any(|it| it == line);
        let leaves = timeline.stdout.lines().any(|line| line.starts_with("left "));
        let seen = timeline.stdout.trim_end();
        require!(has(&format!("error {errno:?}")) && has("children none") && !leaves,
            expected: "error {errno:?} from `{call}` when {disturbed}; no child and no descriptor left",
            seen: "{seen}",
            likely: "the result of {site} is not looked at; or what was started or opened before it stays",
            read: "README, the task; hint 4",
            timeline: timeline,
        );
    }
}
