//! A pipeline on a bad day: each of its calls interrupted, or failed, one at a time. Needs ptrace(2).

use rstest::rstest;
use testkit::require;
use tracer::Program;
use tracer::trials::Disturbed;

/// `spawn` or `run`, called by a program that tells what came of it and what is left.
fn caller(call: &str, stages: &[&str]) -> Program {
    caller_with("a word", call, stages)
}

fn caller_with(input: impl Into<Vec<u8>>, call: &str, stages: &[&str]) -> Program {
    let mut program = Program::new(env!("CARGO_BIN_EXE_pipeline")).arg(call).stdin(input);
    for (index, stage) in stages.iter().enumerate() {
        if index > 0 {
            program = program.arg("|");
        }
        let is_a_path = stage.starts_with('/');
        let path = if is_a_path { *stage } else { env!("CARGO_BIN_EXE_stage") };
        program = program.arg(path);
        program = if is_a_path { program } else { program.args(stage.split(' ')) };
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
    trial.has_calls(
        2,
        &format!("`{stages}` to need a pipe and a child on its way"),
        "see tests/pipe.rs first",
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

#[rstest]
#[case::of_one_stage("spawn", &["upper"], "A WORD")]
#[case::of_two_stages("run", &["cat", "upper"], "A WORD")]
#[case::of_a_second_stage_that_is_missing("run", &["cat", "/nothing/here"], "error ENOENT")]
fn other_threads_see_no_change(#[case] call: &str, #[case] stages: &[&str], #[case] outcome: &str) {
    let seen = caller(call, stages).meanwhile().expect("this machine allows tracing");
    let (stages, stdout) = (stages.join(" | "), seen.timeline.stdout.trim_end());
    require!(stdout.contains(outcome),
        expected: "`{stages}` to come to this: {outcome}",
        seen: "{stdout}",
        likely: "see tests/pipe.rs first",
        read: "README, the task",
    );
    seen.changes_nothing(
        &format!("`{stages}`"),
        "something is changed in the caller before a stage starts and set back after it; a disposition, a \
         descriptor, the directory belong to all threads. Do it in the child, or let posix_spawn do it",
        "signal(7), Signal dispositions; posix_spawn(3); hint 3",
    );
}

#[rstest]
#[case::in_and_out(&["cat"], 9_000)]
#[case::in_only(&["count"], 9_000)]
#[case::out_only(&["fill 9000"], 0)]
fn a_short_transfer_is_not_the_whole(#[case] stages: &[&str], #[case] bytes: usize) {
    let program = caller_with(vec![b'.'; bytes], "run", stages);
    let trial = program.short_transfers().expect("this machine allows tracing");
    let stages = stages.join(" | ");
    let stdout = trial.undisturbed.stdout.chars().take(300).collect::<String>();
    require!(trial.undisturbed.stdout.contains("ending exited 0"),
        expected: "`{stages}` with {bytes} bytes to run",
        seen: "{stdout}",
        likely: "see tests/pipe.rs first",
        read: "README, the task",
    );
    trial.come_to_the_same(
        &format!("`{stages}`"),
        "one read or one write stands where a loop belongs: both may do less than they are asked",
    );
}

/// How much a pipe holds is the system's affair: a user who has many gets small ones (pipe(7)).
#[rstest]
#[case::that_reads_all(&["cat"], true)]
#[case::that_reads_late(&["slow"], true)]
#[case::that_reads_late_behind_another(&["cat", "slow"], true)]
#[case::that_reads_nothing(&["late 0"], false)]
fn a_pipe_may_be_small(
    #[case] stages: &[&str],
    #[case] passes_on: bool,
    #[values(4_097, 65_536, 65_537, 1_000_000)] bytes: usize,
) {
    let program = caller_with(vec![b'.'; bytes], "run", stages);
    let stages = stages.join(" | ");
    let timeline = program.small_pipes().run_to_its_end(
        &format!("`{stages}` with {bytes} bytes to come to its end, with pipes of one page"),
        "more is written into a pipe than it holds, before anybody reads it: \"a pipe holds 64 KiB\"",
        "pipe(7), Pipe capacity; hint 3",
    );
    let wanted = format!("bytes {}", if passes_on { bytes } else { 0 });
    let facts =
        timeline.stdout.split_once("output\n").map_or(&*timeline.stdout, |(facts, _)| facts);
    let ended = facts.lines().filter(|line| *line == "ending exited 0").count();
    let has_run = ended == stages.split(" | ").count() && facts.contains("children none");
    require!(has_run && facts.lines().any(|line| line == wanted),
        expected: "`{stages}` with {bytes} bytes and pipes of one page: {wanted}, each stage exited with 0, and \
            no child is left",
        seen: "{facts}",
        likely: "what has no room in the pipe is left out",
        read: "pipe(7), Pipe capacity; write(2); hint 3",
    );
}
