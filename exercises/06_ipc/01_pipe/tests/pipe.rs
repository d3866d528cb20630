//! What a pipeline promises, easiest first: one stage, then the pipes between several.

mod common;

use std::collections::BTreeMap;

use common::{
    Report, beside_an_elder, in_a_crowd, run, run_deaf, spawn, spawn_no_path,
    with_a_strange_environment, with_lines_unfinished, with_orphans, without,
};
use rstest::rstest;
use testkit::require;

const STILL_OPEN: &str =
    "an end of a pipe that nobody uses is still open: drop your copies when the stage has its own";

/// Bytes, more than all pipes of a pipeline hold: each has 16 pages (pipe(7)), 1 MiB if a page has 64 KiB.
const MANY: usize = 8_000_000;

// One stage.

#[test]
fn a_stage_reads_its_0_and_writes_its_1() {
    let report = spawn("upper", "bolt");
    report.require_no_error();
    let output = &report.output;
    require!(output == "BOLT",
        expected: "`upper` to turn the input \"bolt\" into the output \"BOLT\"",
        seen: "the output {output:?}",
        likely: "`stdin` and `stdout` are not made 0 and 1 by dup2, or are exchanged",
        read: "dup2(2); hint 1",
    );
}

#[test]
fn a_stage_has_three_descriptors_and_no_more() {
    let report = spawn("descriptors stage", "");
    report.require_no_error();
    require_only_its_ends(&report, "stage");
}

#[test]
fn a_stage_starts_with_sigpipe_at_its_default() {
    let report = spawn("sigpipe", "");
    report.require_no_error();
    let disposition = report.output.trim_end();
    require!(disposition == "default",
        expected: "SIGPIPE to be at its default in the stage",
        seen: "it is {disposition} there",
        likely: "Rust's runtime ignores SIGPIPE in your program, and an ignored signal stays ignored across exec",
        read: "signal(7), \"Signal dispositions\"; hint 3",
    );
}

#[rstest]
#[case::there_is_none("/no/such/program", "ENOENT")]
#[case::it_is_a_directory("/", "EACCES")]
fn a_program_that_cannot_be_started_is_an_error(#[case] program: &str, #[case] errno: &str) {
    let report = spawn(program, "");
    let error = report.all("error").join(", ");
    let seen = if error.is_empty() { "no error" } else { &error };
    require!(error == errno,
        expected: "the error of exec, {errno}, to come back from `spawn`",
        seen: "{seen}",
        likely: "the child fails, and the parent does not learn of it: the child has to tell it, through a pipe that exec closes",
        read: "execve(2), \"Errors\"; hint 4",
    );
    report.require_nothing_left();
}

#[rstest]
#[case::a_name_is_not_looked_up(Some("true"), "ENOENT")]
#[case::a_text_is_not_given_to_the_shell(None, "ENOEXEC")]
fn only_a_program_at_that_path_is_started(#[case] name: Option<&str>, #[case] errno: &str) {
    let report = spawn_no_path(name);
    let error = report.all("error").join(", ");
    let seen = if error.is_empty() { "no error" } else { &error };
    let what = name.unwrap_or("a text without `#!`");
    require!(error == errno,
        expected: "the error of exec, {errno}, for {what}: `argv[0]` is the path of a program",
        seen: "{seen}",
        likely: "execvp looks a name up in PATH, and gives a text to the shell; execv does neither",
        read: "exec(3); hint 1",
    );
    report.require_nothing_left();
}

#[rstest]
#[case::of_spawn("spawn", "/no/such/program")]
#[case::of_run("run", "cat | /no/such/program")]
fn a_child_that_cannot_exec_ends_nothing_of_its_parents(#[case] call: &str, #[case] stages: &str) {
    let report = with_lines_unfinished(call, stages);
    let error = report.all("error").join(", ");
    require!(error == "ENOENT",
        expected: "ENOENT: there is no such program",
        seen: "{error:?}",
        likely: "the error of exec does not come back from the child",
        read: "execve(2); hint 4",
    );
    let handlers = report.stderr.matches("an exit handler ran").count();
    require!(handlers == 1,
        expected: "the caller's exit handler to run once, at the end of the caller",
        seen: "it ran {handlers} times",
        likely: "the child that cannot exec ends by std::process::exit or exit(3): that runs the handlers \
            which fork has copied, and flushes the buffers, into the pipe that is its 1; `_exit` does neither",
        read: "_exit(2); exit(3); hint 4",
    );
    let stray = report.stderr.lines().filter_map(|line| line.strip_prefix("in the pipe: "));
    let stray = stray.collect::<Vec<_>>().join(", ");
    require!(stray.is_empty(),
        expected: "nothing in the pipe: the program that should write into it was not started",
        seen: "{stray:?}, which the caller had printed and not finished",
        likely: "the child flushes its copy of the caller's buffer, into the pipe that is its 1",
        read: "_exit(2), NOTES; fork(2); hint 4",
    );
    for text in ["[unfinished]", "[unfinished in C]"] {
        let printed = report.printed(text);
        require!(printed == 1,
            expected: "{text:?} to be written once, by the caller, who printed it",
            seen: "{printed} times",
            likely: "the child flushes its copy of the caller's buffer before its 1 is the pipe",
            read: "_exit(2), NOTES; fork(2); hint 4",
        );
    }
}

#[rstest]
#[case::of_spawn_that_fails("spawn", "/no/such/program", "")]
#[case::of_run_that_fails("run", "cat | /no/such/program", "")]
#[case::of_run("run", "exit 4 | exit 5", "exited 4, exited 5")]
fn another_child_of_the_caller_is_left_to_it(
    #[case] call: &str,
    #[case] stages: &str,
    #[case] right: &str,
) {
    let report = beside_an_elder(call, stages);
    let error = report.all("error").join(", ");
    let wanted = if right.is_empty() { "ENOENT" } else { "" };
    require!(error == wanted,
        expected: "ENOENT if the program is not there, and no error if it is",
        seen: "the error {error:?}",
        likely: "the error of exec does not come back from the child, or there is one that is none",
        read: "execve(2); hint 4",
    );
    let elder = report.all("elder").join(", ");
    require!(elder == "exit status: 3",
        expected: "a child that ended before `{call}` was called to be left to the caller",
        seen: "waitpid for it: {elder}",
        likely: "`wait()`, or waitpid of any child, takes whichever has ended, and a child of your own \
            stays; `waitpid(child, …)` takes this one",
        read: "wait(2): the value of pid; hint 4",
    );
    let endings = report.all("ending").join(", ");
    require!(endings == right,
        expected: "`{stages}` beside another child to report {right:?}",
        seen: "{endings:?}",
        likely: "the other child is taken for a stage: `wait()` returns any",
        read: "wait(2): the value of pid; hint 4",
    );
    report.require_nothing_left();
}

// Pipes between stages.

#[test]
fn each_stage_has_exactly_its_ends() {
    let report = run("descriptors a | descriptors b | descriptors c", "", STILL_OPEN);
    report.require_no_error();
    let [a, b, c] = ["a", "b", "c"].map(|name| require_only_its_ends(&report, name));
    for (writer, reader, w, r) in [("a", "b", &a, &b), ("b", "c", &b, &c)] {
        let (written, read) = (&w[&1].1, &r[&0].1);
        require!(written == read,
            expected: "1 of stage `{writer}` and 0 of stage `{reader}` to be the same pipe",
            seen: "1 of `{writer}` is {written}, 0 of `{reader}` is {read}",
            likely: "the read end of a pipe goes to the stage that has its write end, or to a later one",
            read: "pipe(2); hint 2",
        );
    }
}

#[rstest]
#[case::one("upper")]
#[case::two("cat | upper")]
#[case::five("cat | cat | upper | cat | cat")]
fn the_output_of_a_stage_is_the_input_of_the_next(#[case] stages: &str) {
    let report = run(stages, "bolt", STILL_OPEN);
    report.require_no_error();
    let output = &report.output;
    require!(output == "BOLT",
        expected: "`{stages}` to turn \"bolt\" into \"BOLT\"",
        seen: "the output {output:?}",
        likely: "the input is not written, or the output is collected from the wrong pipe",
        read: "README, the task",
    );
}

#[rstest]
#[case::one("count")]
#[case::two("cat | count")]
#[case::three("cat | cat | count")]
fn a_reader_sees_end_of_file_when_the_last_writer_is_gone(#[case] stages: &str) {
    let report = run(stages, "bolt", STILL_OPEN);
    report.require_no_error();
    let output = &report.output;
    require!(output == "4\n",
        expected: "`count` to say 4 at end-of-file",
        seen: "the output {output:?}",
        likely: "the pipe is closed before all of the input is written",
        read: "pipe(7), \"I/O on pipes and FIFOs\"",
    );
}

#[rstest]
#[case::two("endless | first", 1)]
#[case::three("endless | cat | first", 2)]
fn a_writer_gets_sigpipe_when_the_last_reader_is_gone(
    #[case] stages: &str,
    #[case] writers: usize,
) {
    let report = run(stages, "", STILL_OPEN);
    report.require_no_error();
    let endings = report.all("ending");
    let right = [&vec!["SIGPIPE"; writers][..], &["exited 0"]].concat();
    let (said, stderr) = (endings.join(", "), report.stderr.trim_end());
    require!(endings == right,
        expected: "`{stages}` to end: {writers} by SIGPIPE, the last with 0",
        seen: "{said}\n{stderr}",
        likely: "the stages have inherited an ignored SIGPIPE (then a write fails with EPIPE, 32)",
        read: "pipe(7); signal(7); hint 3",
    );
}

#[rstest]
#[case::alone("")]
#[case::behind_another("cat | ")]
fn a_stage_that_writes_no_more_still_gets_all_of_the_input(#[case] before: &str) {
    let stages = format!("{before}silent {MANY}");
    let report = run(&stages, &".".repeat(MANY), STILL_OPEN);
    report.require_no_error();
    let endings = report.all("ending").join(", ");
    let right = vec!["exited 0"; stages.split(" | ").count()].join(", ");
    require!(endings == right,
        expected: "the last stage to read all {MANY} bytes, although it has closed its output, and to exit with 0",
        seen: "{endings}",
        likely: "the feeding stops at the end-of-file of the output: the stages may still want the input",
        read: "README, the task; hint 3",
    );
}

#[rstest]
#[case::no_reader_at_all("leave 0")]
#[case::a_reader_that_has_enough("first")]
#[case::an_early_leaver_before_others("first | cat | cat")]
fn a_first_stage_that_wants_no_more_input_is_no_error(#[case] stages: &str) {
    let report = run(stages, &".".repeat(MANY), STILL_OPEN);
    let error = report.all("error").join(", ");
    require!(error.is_empty(),
        expected: "`{stages}` to run: whoever leaves early wants no more input",
        seen: "the error {error}",
        likely: "EPIPE of your own write of the input is passed on as a failure of the pipeline",
        read: "pipe(7), \"I/O on pipes and FIFOs\"; hint 3",
    );
    let codes = report.all("ending").join(", ");
    require!(!codes.is_empty() && report.all("ending").iter().all(|ending| *ending == "exited 0"),
        expected: "every stage of `{stages}` to end with 0",
        seen: "{codes}",
        likely: "a stage is killed, or not waited for",
        read: "wait(2)",
    );
}

#[rstest]
#[case::of_one("bytes")]
#[case::through_another("bytes | cat")]
fn the_output_is_bytes(#[case] stages: &str) {
    let report = run(stages, "", STILL_OPEN);
    let (error, bytes) = (report.all("error").join(", "), report.all("bytes").join(", "));
    let seen = if error.is_empty() { format!("{bytes} bytes") } else { format!("error: {error}") };
    require!(bytes == "256",
        expected: "the 256 different bytes that `bytes` writes to come out of `{stages}`",
        seen: "{seen}",
        likely: "the output is collected as a `String`: a pipe carries bytes, and these are not UTF-8",
        read: "pipe(7); https://doc.rust-lang.org/std/io/trait.Read.html#method.read_to_end",
    );
    let (right, output) = (Vec::from_iter(0..=255), &report.output);
    require!(*output == String::from_utf8_lossy(&right),
        expected: "the bytes 0 to 255 to come out of `{stages}` as they are",
        seen: "256 others: {output:?}",
        likely: "the bytes are changed on their way, or come in another order",
        read: "pipe(7)",
    );
}

#[rstest]
#[case::from_a_stage("fill 8000000")]
#[case::from_a_stage_through_others("fill 8000000 | cat | cat")]
fn more_output_than_a_pipe_holds_is_collected(#[case] stages: &str) {
    let likely = "you wait for the stages before you read what they write: a full pipe stops them";
    let report = run(stages, "", likely);
    report.require_no_error();
    require_all(&report, stages);
}

#[rstest]
#[case::through_one("cat")]
#[case::through_three("cat | cat | cat")]
fn more_than_all_the_pipes_hold_flows_through(#[case] stages: &str) {
    let likely = "you write all of the input before you read any output: when the pipes are full, \
                  the last stage waits for you and you wait for the first";
    let report = run(stages, &".".repeat(MANY), likely);
    report.require_no_error();
    require_all(&report, stages);
}

// Endings.

#[rstest]
#[case::codes("exit 1 | exit 2 | exit 255", &["exited 1", "exited 2", "exited 255"])]
#[case::signals("die SIGTERM | die SIGKILL | exit 0", &["SIGTERM", "SIGKILL", "exited 0"])]
#[case::the_first_ends_last("late 7 | exit 8 | exit 9", &["exited 7", "exited 8", "exited 9"])]
#[case::the_middle_ends_last("exit 7 | late 8 | exit 9", &["exited 7", "exited 8", "exited 9"])]
fn endings_are_reported_in_the_order_of_the_stages(#[case] stages: &str, #[case] right: &[&str]) {
    let report = run(stages, "", STILL_OPEN);
    report.require_no_error();
    let (endings, right) = (report.all("ending").join(", "), right.join(", "));
    require!(endings == right,
        expected: "`{stages}` to report: {right}",
        seen: "{endings}",
        likely: "`wait` returns the children as they end, `waitpid(pid)` the one you ask for; a signal is no exit code",
        read: "wait(2); hint 4",
    );
}

// What is left.

#[rstest]
#[case::one("cat")]
#[case::four("cat | cat | cat | cat")]
#[case::the_last_ends_last("cat | late 0")]
fn nothing_is_left_of_a_pipeline(#[case] stages: &str) {
    let report = run(stages, "bolt", STILL_OPEN);
    report.require_no_error();
    let (ended, wanted) = (report.all("ending").len(), stages.split(" | ").count());
    require!(ended == wanted,
        expected: "{wanted} stages of `{stages}` to be started and to end",
        seen: "{ended}",
        likely: "not every stage is started, or not every ending is reported",
        read: "README, the task",
    );
    report.require_nothing_left();
}

#[rstest]
#[case::the_first("/no/such/program | cat")]
#[case::the_middle("cat | /no/such/program | cat")]
#[case::the_last("cat | cat | /no/such/program")]
#[case::behind_one_that_never_ends("stay | /no/such/program")]
fn a_stage_that_cannot_be_started_leaves_nothing(#[case] stages: &str) {
    let likely = "the stages before it are waited for, but not killed: end-of-file alone does not \
                  end a program that does not read";
    require_the_error_alone(&run(stages, "", likely));
}

#[test]
fn a_stage_that_ignores_sigterm_is_killed_too() {
    let likely = "the stages before it are sent SIGTERM, which a program may ignore; nobody can ignore \
                  SIGKILL";
    require_the_error_alone(&run_deaf("stay | /no/such/program", likely));
}

/// `run` has failed with ENOENT and left nothing behind.
#[track_caller]
fn require_the_error_alone(report: &Report) {
    let error = report.all("error").join(", ");
    let seen = if error.is_empty() { "no error" } else { &error };
    require!(error == "ENOENT",
        expected: "the error of exec, ENOENT, to come back from `run`",
        seen: "{seen}",
        likely: "`run` does not pass on the error of `spawn`",
        read: "README, the task",
    );
    report.require_nothing_left();
}

/// The descriptors that stage `name` listed: 0 for reading, 1 for writing, 2, and no other.
#[track_caller]
fn require_only_its_ends(report: &Report, name: &str) -> BTreeMap<i32, (String, String)> {
    let open: BTreeMap<i32, (String, String)> = report
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .filter_map(|line| {
            let mut words = line.splitn(3, ' ').map(str::to_owned);
            Some((words.next()?.parse().ok()?, (words.next()?, words.next()?)))
        })
        .collect();
    let listing: Vec<_> =
        open.iter().map(|(fd, (mode, target))| format!("{fd} {mode} {target}")).collect();
    let listing = if listing.is_empty() { "none".into() } else { listing.join("\n") };
    require!(open.keys().all(|fd| *fd <= 2),
        expected: "stage `{name}` to have the descriptors 0, 1 and 2 only",
        seen: "{listing}",
        likely: "a pipe that is not close-on-exec: every end that is open in another stage keeps the pipe from ending",
        read: "pipe(2), O_CLOEXEC; hint 2",
    );
    require!(open.len() == 3,
        expected: "stage `{name}` to have the descriptors 0, 1 and 2",
        seen: "{listing}",
        likely: "a close after dup2 of a descriptor that the stage needs",
        read: "dup2(2); hint 1",
    );
    let ends = [(0, "read"), (1, "write")];
    require!(ends.iter().all(|(fd, _)| open[fd].1.starts_with("pipe:")),
        expected: "0 and 1 of stage `{name}` to be ends of pipes",
        seen: "{listing}",
        likely: "the input lies in a file or a socket: `run` joins and feeds the stages by pipes",
        read: "README, the task",
    );
    require!(ends.iter().all(|(fd, mode)| open[fd].0 == *mode),
        expected: "0 of stage `{name}` to be a read end of a pipe, 1 a write end",
        seen: "{listing}",
        likely: "the two ends of `pipe2` are mixed up: the first is for reading",
        read: "pipe(2); hint 1",
    );
    open
}

#[track_caller]
fn require_all(report: &Report, stages: &str) {
    let length = report.output.len();
    require!(length == MANY,
        expected: "{MANY} bytes to come out of `{stages}`",
        seen: "{length}",
        likely: "one `read` or one `write` where a loop belongs: both may do less than they are asked",
        read: "read(2); write(2); hint 3",
    );
}

#[rstest]
#[case::a_stage("spawn", "upper", "BOLT")]
#[case::a_pipeline("run", "cat | upper", "BOLT")]
#[case::a_look_at_its_descriptors("run", "cat | descriptors stage", "")]
#[case::no_program("spawn", "/no/such/program", "ENOENT")]
#[case::a_pipeline_without_its_second_program("run", "cat | /no/such/program", "ENOENT")]
fn the_caller_may_have_closed_its_own_0_and_1(
    #[case] call: &str,
    #[case] stages: &str,
    #[case] outcome: &str,
    #[values("0", "1", "01")] closed: &str,
) {
    let report = without(closed, call, stages, "bolt");
    let error = report.all("error").join(", ");
    let fails = outcome.starts_with('E');
    let seen = if error.is_empty() { report.output.clone() } else { format!("error {error}") };
    let is_right = if fails {
        error == outcome && !report.stderr.contains("in the pipe")
    } else {
        error.is_empty() && (outcome.is_empty() || report.output == outcome)
    };
    let stderr = report.stderr.trim_end();
    require!(is_right,
        expected: "`{stages}` to come to the same in a caller that has closed {closed}: {outcome}",
        seen: "{seen}\n{stderr}",
        likely: "where 0 or 1 is closed a new pipe gets that number: `dup2` then writes over the pipe that brings the error, or over an end that is still needed, or does nothing and leaves it close-on-exec. Copies from 3 on (F_DUPFD_CLOEXEC) are out of its way",
        read: "dup2(2); F_DUPFD(2const)",
    );
    if outcome.is_empty() {
        require_only_its_ends(&report, "stage");
    }
    report.require_nothing_left();
}

#[rstest]
#[case::a_stage("upper", "BOLT")]
#[case::no_program("/no/such/program", "ENOENT")]
fn each_end_may_have_the_number_that_the_other_one_gets(
    #[case] stage: &str,
    #[case] outcome: &str,
) {
    let report = without("crossed", "spawn", stage, "bolt");
    let error = report.all("error").join(", ");
    let (output, stderr) = (&report.output, report.stderr.trim_end());
    require!(error == outcome || (error.is_empty() && output == outcome),
        expected: "`{stage}` to come to the same although `stdin` is the caller's descriptor 1 and `stdout` its 0: {outcome}",
        seen: "error {error:?}, output {output:?}\n{stderr}",
        likely: "the first dup2 writes over what the second one needs; copies from 3 on (F_DUPFD_CLOEXEC) are out of its way",
        read: "dup2(2); F_DUPFD(2const)",
    );
    report.require_nothing_left();
}

#[test]
fn the_environment_of_a_stage_is_the_callers() {
    let report = with_a_strange_environment("environment");
    report.require_no_error();
    let strings =
        ["SHOPFLOOR=bolt", "no_equals_sign", "=no_name", "", "TWICE=1", "TWICE=2", r"A=\xff"];
    let right: String = strings.iter().map(|string| format!("{string}\\x00\n")).collect();
    let output = &report.output;
    require!(*output == right,
        expected: "the stage to have these strings of the caller's environment and no others:\n{right}",
        seen: "{output}",
        likely: "the environment is made anew from std::env, which knows NAME=VALUE only, or is empty; execv \
            takes the caller's, and posix_spawn is given `environ`",
        read: "environ(7); exec(3); posix_spawn(3)",
    );
}

/// In each of these the caller has nothing to do until the stage `watch` goes on: it waits for room, for output, for
/// an end.
#[rstest]
#[case::the_first_has_left_and_its_pipe_is_full("leave full | watch", MANY)]
#[case::all_pipes_are_full("cat | watch", MANY)]
#[case::nobody_reads("watch", MANY)]
#[case::all_is_fed("cat | watch", 4)]
#[case::nothing_is_fed("watch", 0)]
#[case::the_output_is_closed_and_the_pipe_full("watch silent", MANY)]
#[case::the_output_is_closed_behind_another("cat | watch silent", MANY)]
#[case::the_output_is_closed_and_the_first_has_left("leave full | watch silent", MANY)]
#[case::only_the_end_is_left("watch apart", 4)]
#[case::only_the_end_of_the_first_is_left("watch apart | leave 0", MANY)]
fn who_waits_sleeps(#[case] stages: &str, #[case] bytes: usize) {
    let report = run(stages, &".".repeat(bytes), STILL_OPEN);
    report.require_no_error();
    let seen = report.stderr.lines().find_map(|line| line.strip_prefix("the caller "));
    let seen = seen.unwrap_or("the stage has not looked");
    require!(seen == "sleeps",
        expected: "the caller to sleep while no pipe has room or bytes for it: `{stages}`, {bytes} bytes",
        seen: "it {seen}",
        likely: "poll(2) reports POLLERR or POLLHUP though nobody asked for it, and returns at once until that end \
            is closed; or a call that does not wait is made again and again",
        read: "poll(2), revents; pipe(7), I/O on pipes and FIFOs",
    );
    report.require_nothing_left();
}

#[test]
fn the_output_ends_when_nobody_holds_its_pipe() {
    let report = with_orphans("behind bolt");
    report.require_no_error();
    let output = &report.output;
    require!(output == "bolt",
        expected: "\"bolt\" from the process that the stage has left behind: the output goes up to end-of-file",
        seen: "{output:?}",
        likely: "the collecting stops when the stage has ended; somebody else may hold its end of the pipe",
        read: "pipe(7), I/O on pipes and FIFOs; src/lib.rs, Outcome",
    );
    report.require_nothing_left();
}

#[test]
fn a_caller_may_have_a_thousand_descriptors() {
    let input = "bolt ".repeat(20_000);
    let report = in_a_crowd("cat | upper", &input);
    report.require_no_error();
    let (bytes, wanted) = (report.output.len(), input.len());
    require!(report.output == input.to_uppercase(),
        expected: "`cat | upper` to turn {wanted} bytes into as many, in a caller with 1,100 descriptors more",
        seen: "{bytes} bytes, not all of them right",
        likely: "select(2) watches descriptors below FD_SETSIZE (1,024) only: poll(2) and threads know no such limit",
        read: "select(2); poll(2)",
    );
}
