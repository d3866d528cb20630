//! What `spawn` promises, easiest first: a program that runs, then one that cannot, then what fork
//! copies and exec keeps.
//!
//! The caller is `src/bin/spawn_scenes.rs`, a process of its own for each test; it starts
//! `src/bin/guest.rs`, which tells what it was started with.

use std::collections::BTreeMap;

use rstest::rstest;
use testkit::program::{Ending, Observed, Program};
use testkit::require;

/// Runs a scene that calls `spawn`.
#[track_caller]
fn scene(words: &[&str]) -> Observed {
    let program = Program::new(env!("CARGO_BIN_EXE_spawn_scenes")).env("SHOPFLOOR_TEST", "bolt");
    let observed = words.iter().fold(program, |program, word| program.arg(*word)).run();
    let Observed { ending, stdout, stderr, stuck } = &observed;
    require!(*ending != Ending::TimedOut,
        expected: "`spawn` to return: the program runs, or it cannot",
        seen: "it hangs\n{stdout}{stderr}{stuck}",
        likely: "a write end of the pipe that brings the error is still open, so end-of-file never \
            comes: the parent has one, and after exec the program, unless it is close-on-exec. \
            Or the child prints or panics, while another thread holds the lock of the output",
        read: "pipe(7), I/O on pipes and FIFOs; pipe(2), O_CLOEXEC; hint 2",
    );
    require!(!stderr.contains("came back"),
        expected: "`spawn` to return once, in the process that called it",
        seen: "it came back in the child, too: two processes go on with the caller's code\n{stderr}",
        likely: "`?`, `return` or a panic in the child; it must exec, or tell why not and `_exit`",
        read: "fork(2); _exit(2); hint 3",
    );
    require!(*ending == Ending::Exited(0),
        expected: "the scene {words:?} to end well",
        seen: "{ending:?}\n{stdout}{stderr}",
        likely: "a panic or a `todo!` in `spawn`: its text stands above",
        read: "README, the task",
    );
    observed
}

#[track_caller]
fn require_no_child_left(observed: &Observed) {
    let left = observed.stdout.lines().find_map(|line| line.strip_prefix("children left: "));
    let left = left.unwrap_or("the scene ended early");
    require!(left == "none",
        expected: "no child to be left by a `spawn` that failed",
        seen: "{left}",
        likely: "the child that could not exec has ended, but nobody waits for it",
        read: "wait(2), NOTES: zombies; hint 3",
    );
}

#[track_caller]
fn require_descriptors_as_before(observed: &Observed) {
    let stdout = &observed.stdout;
    require!(stdout.contains("descriptors as before: true"),
        expected: "the caller to have the same descriptors open as before, with the same flags",
        seen: "{stdout}",
        likely: "an end of the pipe is kept by `into_raw_fd` or `forget`, or one of `stdio` is closed; \
            or all are marked close-on-exec before fork, in the parent, and not in the child",
        read: "close(2); F_GETFD(2const), in older manuals fcntl(2); hints 2 and 4",
    );
}

/// The lines of the guest, wherever it wrote them.
fn guest_lines(observed: &Observed) -> Vec<&str> {
    let lines = observed.stdout.lines().chain(observed.stderr.lines());
    lines.filter_map(|line| line.strip_prefix("guest ")).collect()
}

/// What the guest has open.
fn guest_descriptors(observed: &Observed) -> BTreeMap<&str, &str> {
    guest_lines(observed).into_iter().filter_map(|line| line.split_once(' ')).collect()
}

// A program that runs.

#[rstest]
#[case::zero("0", "exited 0")]
#[case::seven("7", "exited 7")]
#[case::the_one_of_the_shell_for_not_found("127", "exited 127")]
fn a_program_runs_in_a_child(#[case] code: &str, #[case] right: &str) {
    let observed = scene(&["guest", "exit", code]);
    let seen = observed.lines()[0];
    require!(seen == right,
        expected: "a child that becomes the program: {right}",
        seen: "{seen}",
        likely: "an error is guessed from an exit code; or exec fails: are path and arguments right?",
        read: "execve(2); hint 1",
    );
}

#[test]
fn it_gets_its_name_and_its_arguments() {
    let observed = scene(&["guest", "arguments", "", "a b", "*"]);
    let seen = guest_lines(&observed).join("\n");
    let words = r#""arguments", "", "a b", "*"]"#;
    require!(seen.ends_with(words),
        expected: "the arguments [\"…/guest\", {words}",
        seen: "{seen}",
        likely: "argument 0 is the program's name by custom, and exec does not put it there",
        read: "execve(2), argv; hint 1",
    );
    require!(seen.contains("/guest\", \"arguments\""),
        expected: "the path of the program as argument 0",
        seen: "{seen}",
        likely: "argument 0 is missing, or something else",
        read: "execve(2), argv; hint 1",
    );
}

#[test]
fn it_gets_the_callers_environment() {
    let observed = scene(&["guest", "variable", "SHOPFLOOR_TEST"]);
    let seen = guest_lines(&observed).join("\n");
    require!(seen == "SHOPFLOOR_TEST=Some(\"bolt\")",
        expected: "SHOPFLOOR_TEST=Some(\"bolt\"), which the caller has",
        seen: "{seen}",
        likely: "execve with an empty environment; execv takes the caller's",
        read: "exec(3)",
    );
}

#[test]
fn a_variable_need_not_be_utf_8() {
    let observed = scene(&["odd-variable"]);
    let guest = guest_lines(&observed).join("\n");
    let seen = if guest.is_empty() { observed.lines()[0] } else { &guest };
    require!(seen == "SHOPFLOOR_ODD=Some(\"bo\\xFFlt\")",
        expected: "SHOPFLOOR_ODD=Some(\"bo\\xFFlt\"), the five bytes that the caller has",
        seen: "{seen}",
        likely: "std::env::vars panics where a variable is not UTF-8, and text changes what is not: \
            execv takes the caller's environment as it is",
        read: "exec(3); https://doc.rust-lang.org/std/env/fn.vars.html",
    );
    require_no_child_left(&observed);
}

#[rstest]
#[case::of_any_strings("odd", 13)]
#[case::that_is_empty("empty", 0)]
#[case::that_is_cleared("cleared", 0)]
fn the_environment_is_the_callers_byte_for_byte(#[case] which: &str, #[case] count: usize) {
    let observed = scene(&["environment", which]);
    let entries = |whose: &'static str| {
        let lines = observed.stdout.lines().filter_map(move |line| line.strip_prefix(whose));
        lines.collect::<Vec<_>>()
    };
    let (own, guests) = (entries("own entry "), entries("guest entry "));
    let has_told = observed.stdout.contains("guest entries end");
    let (right, seen) = (own.join("\n"), guests.join("\n"));
    let seen = if has_told { seen } else { observed.lines().join("\n") };
    require!(has_told && own.len() == count && guests == own,
        expected: "the guest to have these strings of the caller's environment and no others:\n{right}",
        seen: "{seen}",
        likely: "the environment is made anew from std::env: that knows NAME=VALUE only, and a program may \
            be started with any strings. execv takes the caller's as it is",
        read: "execve(2); environ(7); exec(3)",
    );
}

#[test]
fn its_directory_is_the_callers() {
    let observed = scene(&["directory"]);
    let own = observed.stdout.lines().find_map(|line| line.strip_prefix("own "));
    let own = own.unwrap_or("none");
    let guest = guest_lines(&observed).join("\n");
    let seen = if guest.is_empty() { observed.lines().join("\n") } else { guest.clone() };
    require!(guest == own,
        expected: "`./guest` to be found in the caller's directory, and to run there: {own}",
        seen: "{seen}",
        likely: "the child changes its directory, or the path is looked for in another one",
        read: "execve(2); chdir(2)",
    );
}

#[test]
fn it_reads_and_writes_what_it_is_given() {
    let observed = scene(&["three-streams"]);
    require_descriptors_as_before(&observed);
    let stdout = &observed.stdout;
    require!(stdout.contains("in the output: bolt\n"),
        expected: "the guest `copy` to copy \"bolt\" from its 0, a file, to its 1, another",
        seen: "{stdout}",
        likely: "the files are not made 0, 1 and 2 by dup2, or in another order",
        read: "dup2(2); hint 1",
    );
}

#[test]
fn spawn_returns_while_the_program_runs() {
    let observed = scene(&["while-it-runs"]);
    let seen = &observed.stdout;
    require!(seen.starts_with("spawn has returned\nthe child is: guest\nexited 0\n"),
        expected: "`spawn` to return when the child has become `guest`, which still runs",
        seen: "{seen}",
        likely: "`spawn` returns before exec; end-of-file on the pipe is the sign that exec worked",
        read: "hint 2",
    );
}

#[test]
fn spawn_sleeps_until_the_program_runs() {
    let observed = scene(&["slow-child"]);
    let outcome = observed.lines()[0];
    require!(outcome == "exited 7",
        expected: "a program that runs at last, although its child takes its time before the exec: exited 7",
        seen: "{outcome}",
        likely: "the waiting ends before the exec: end-of-file on the pipe is the sign that it worked",
        read: "hint 2",
    );
    let how = observed.stderr.lines().find_map(|line| line.strip_prefix("the caller "));
    // By clone(2) the child is made without the handler that looks.
    let seen = how.unwrap_or("sleeps");
    require!(seen == "sleeps",
        expected: "`spawn` to sleep until there is news of its child",
        seen: "it {seen}",
        likely: "a read or a wait that does not wait (O_NONBLOCK, WNOHANG) is made again and again",
        read: "pipe(7), I/O on pipes and FIFOs; hint 2",
    );
}

// A program that cannot run.

#[rstest]
#[case::there_is_none(&["refused", "/no/such/program"], "ENOENT")]
#[case::it_is_a_directory(&["refused", "/"], "EACCES")]
#[case::its_directory_is_none(&["refused", "/dev/null/program"], "ENOTDIR")]
#[case::its_arguments_are_too_long(&["too-long"], "E2BIG")]
#[case::it_is_a_name_and_no_path(&["refused", "true"], "ENOENT")]
#[case::it_is_a_text(&["text"], "ENOEXEC")]
fn the_error_of_exec_comes_back(#[case] words: &[&str], #[case] errno: &str) {
    let observed = scene(words);
    let seen = observed.lines()[0];
    require!(seen == format!("error {errno}"),
        expected: "the error of exec in the child, {errno}, as the error of `spawn` in the parent",
        seen: "{seen}",
        likely: "the child ends with a code and keeps the reason to itself, or it has closed the pipe \
            with the others: hint 4; or errno is asked for when another call has already changed it. \
            If a program did run: execvp looks a name up in PATH, and gives a text to the shell",
        read: "execve(2), ERRORS; exec(3); errno(3); hint 2",
    );
    require_no_child_left(&observed);
    require_descriptors_as_before(&observed);
}

#[test]
fn the_error_comes_back_to_a_caller_that_ignores_sigchld() {
    let observed = scene(&["no-zombies"]);
    let seen = observed.lines()[0];
    require!(seen == "error ENOENT",
        expected: "the error of exec in the child, ENOENT",
        seen: "{seen}",
        likely: "where SIGCHLD is ignored a child leaves no zombie, and waitpid fails with ECHILD when \
            it has ended: that is not the error that `spawn` is asked for",
        read: "wait(2), ERRORS; hint 3",
    );
    let own = &observed.stdout;
    require!(own.contains("the caller's signals are as before: true"),
        expected: "SIGCHLD to be ignored in the caller as before",
        seen: "{own}",
        likely: "SIGCHLD is set to its default in the caller, so that there is a zombie to wait for; but \
            ECHILD says as well that the child has ended",
        read: "wait(2), ERRORS; hint 3",
    );
    require_no_child_left(&observed);
}

#[rstest]
#[case::in_an_argument("argument")]
#[case::in_the_program("program")]
fn a_nul_is_an_error(#[case] place: &str) {
    let observed = scene(&["nul", place]);
    let seen = observed.lines()[0];
    // Of that kind is also the error EINVAL.
    require!(["error InvalidInput", "error EINVAL"].contains(&seen),
        expected: "an error of the kind InvalidInput for a NUL in the {place}: a string of C ends there",
        seen: "{seen}",
        likely: "what comes behind the NUL is cut off without a word; or a panic, by `unwrap` or \
            `expect` of what CString::new returns, where the caller is to get an error",
        read: "https://doc.rust-lang.org/std/ffi/struct.CString.html#method.new",
    );
    require_no_child_left(&observed);
}

#[test]
fn a_child_that_cannot_exec_runs_nothing_of_its_parents() {
    let Observed { stdout, stderr, .. } = scene(&["way-out"]);
    require!(stdout.contains("error ENOENT"),
        expected: "ENOENT: there is no such program",
        seen: "{stdout}",
        likely: "see the tests above: the error of exec does not come back",
        read: "execve(2); hint 3",
    );
    let (handlers, destructors) =
        (stderr.matches("an exit handler ran").count(), stderr.matches("a destructor ran").count());
    require!(handlers == 1 && destructors == 1,
        expected: "the parent's exit handler and its destructor to run once, in the parent",
        seen: "the handler ran {handlers} times, the destructor {destructors} times",
        likely: "std::process::exit is exit(3), and runs the handlers that fork copied: use _exit",
        read: "_exit(2); exit(3); hint 3",
    );
    let written = stdout.matches("[unfinished]").count();
    require!(written == 1,
        expected: "what the parent has in its output buffer to be written once, by the parent",
        seen: "{written} times: {stdout}",
        likely: "std::process::exit flushes the copy of the buffer that fork made: use _exit",
        read: "_exit(2), NOTES; hint 3",
    );
}

#[test]
fn only_the_child_that_failed_is_waited_for() {
    let observed = scene(&["siblings"]);
    let seen = observed.lines()[..2].join(", ");
    require!(seen == "error ENOENT, exited 3",
        expected: "ENOENT of the second child, and the first one still there to be waited for",
        seen: "{seen}",
        likely: "wait() takes whichever child has ended: waitpid(child, …) takes this one",
        read: "wait(2): the value of pid; hint 3",
    );
    require_no_child_left(&observed);
}

#[test]
fn a_signal_is_no_failure() {
    let observed = scene(&["interrupted", "guest"]);
    let seen = observed.lines()[0];
    require!(seen == "exited 7",
        expected: "`spawn` to go on waiting for exec after a handler has run",
        seen: "{seen}",
        likely: "EINTR of read is taken for an error, or for end-of-file: `read_exact` and \
            `read_to_end` go on by themselves",
        read: "signal(7), Interruption of system calls; hint 2",
    );
}

#[test]
fn a_signal_is_no_reason_to_leave_a_zombie() {
    let observed = scene(&["interrupted", "/no/such/program"]);
    let (seen, left) = (observed.lines()[0], observed.lines()[1]);
    require!((seen, left) == ("error ENOENT", "children left: none"),
        expected: "ENOENT and no child, although a handler ran while `spawn` waited for its end",
        seen: "{seen}; {left}",
        likely: "EINTR of waitpid is thrown away, or taken for the error of `spawn`: call it again",
        read: "signal(7), Interruption of system calls; wait(2), ERRORS; hint 3",
    );
}

// What fork copies and exec keeps.

#[test]
fn it_has_three_descriptors_and_no_more() {
    let observed = scene(&["leaky"]);
    let open = guest_descriptors(&observed);
    let listing = guest_lines(&observed).join("\n");
    require!(open.keys().copied().eq(["0", "1", "2"]),
        expected: "the guest to have the descriptors 0, 1 and 2, and none of the caller's others, \
            which are not close-on-exec",
        seen: "{listing}",
        likely: "exec closes what is close-on-exec, and nothing else; close_range(2) marks all from \
            3 upwards in the child. A loop does not know where to end: RLIMIT_NOFILE says which \
            numbers can be had now, not which ones are open",
        read: "close_range(2), CLOSE_RANGE_CLOEXEC; execve(2); hint 4",
    );
}

#[rstest]
#[case::each_its_own(["0", "1", "2"])]
#[case::two_of_them_exchanged(["-", "2", "1"])]
#[case::read_and_write_exchanged(["1", "0", "2"])]
#[case::two_that_are_the_same(["-", "1", "1"])]
#[case::a_file_three_times(["f", "f", "f"])]
#[case::all_in_a_circle(["2", "0", "1"])]
fn a_descriptor_may_be_any_of_the_callers(#[case] sources: [&str; 3]) {
    let observed = scene(&["mapped", sources[0], sources[1], sources[2]]);
    let open = guest_descriptors(&observed);
    let own: BTreeMap<&str, &str> = observed
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("own ")?.split_once(' '))
        .collect();
    for (number, source) in ["0", "1", "2"].into_iter().zip(sources) {
        let source = if source == "-" { number } else { source };
        let (right, seen) = (own[source], open.get(number).copied().unwrap_or("closed"));
        require!(seen == right,
            expected: "{number} of the guest to be {source} of the caller, {right}, in {sources:?}",
            seen: "{seen}",
            likely: "closed: dup2 of a descriptor onto itself does nothing, so it stays \
                close-on-exec. Another one: an earlier dup2 has overwritten the source of a later",
            read: "dup2(2); F_DUPFD(2const), in older manuals fcntl(2): F_DUPFD_CLOEXEC; hint 4",
        );
    }
}

#[rstest]
#[case::and_the_program_runs("guest", "exited 0")]
#[case::and_the_error_comes_back("/no/such/program", "error ENOENT")]
fn the_caller_may_have_no_0_and_no_1(#[case] program: &str, #[case] right: &str) {
    let observed = scene(&["holes", program]);
    let seen = observed.lines()[0];
    require!(seen == right,
        expected: "{right}, although 0 and 1 of the caller are closed",
        seen: "{seen}",
        likely: "your pipe was given the free numbers 0 and 1, and dup2 has overwritten it: move \
            what you need to 3 or above before",
        read: "pipe(2); F_DUPFD(2const), in older manuals fcntl(2): F_DUPFD_CLOEXEC; hint 4",
    );
}

#[rstest]
#[case::it_is_closed("closed")]
#[case::it_is_close_on_exec("close-on-exec")]
fn what_the_caller_does_not_pass_on_the_program_has_not(#[case] how: &str) {
    let observed = scene(&["none", how]);
    let open = guest_descriptors(&observed);
    let seen = format!("{}, {}", observed.lines()[0], guest_lines(&observed).join(", "));
    require!(open.keys().copied().eq(["2"]) && seen.starts_with("exited 0"),
        expected: "the guest to run without 0 and 1: `stdio` has `None`, and the caller's are {how}",
        seen: "{seen}",
        likely: "`None` is taken for the descriptor with that number, and dup copies what is there: an \
            end of your own pipe, or nothing at all (EBADF). Leave the number alone",
        read: "dup(2); hint 4",
    );
}

#[test]
fn descriptors_that_are_too_few_are_an_error() {
    let observed = scene(&["few"]);
    let (own, rooms) = observed.stdout.split_once("room for ").expect("the scene tells of rooms");
    let own: Vec<&str> = own.lines().filter_map(|line| line.strip_prefix("own ")).collect();
    let [stdin, stderr, stdout] = [0, 1, 2].map(|number: usize| &own[number][2..]);
    let right = format!("guest 0 {stdin}\nguest 1 {stdout}\nguest 2 {stderr}\nexited 0\n");
    for seen in rooms.split("room for ") {
        let (room, seen) = seen.split_once('\n').expect("there is more");
        let is_error = seen.starts_with("error ") && room != "50";
        require!(is_error || seen.starts_with(&right),
            expected: "with room for {room} more descriptors: an error, if that is not enough, or\n{right}",
            seen: "{seen}",
            likely: "dup has failed (EMFILE), and nobody has looked at its result: the program runs, \
                but with other descriptors than it should have",
            read: "dup(2), ERRORS; F_DUPFD(2const), ERRORS; hint 4",
        );
        require!(seen.contains("descriptors as before: true"),
            expected: "the caller to have the same descriptors open as before",
            seen: "{seen}",
            likely: "on the way of the error an end of the pipe stays open",
            read: "close(2)",
        );
    }
    require_no_child_left(&observed);
}

#[test]
fn none_of_its_signals_is_blocked_or_ignored() {
    let observed = scene(&["signals"]);
    let seen = guest_lines(&observed).join("\n");
    require!(seen == "blocked []\nignored []",
        expected: "no signal to be blocked or ignored in the guest",
        seen: "{seen}",
        likely: "exec keeps the mask, and keeps ignored what is ignored (Rust's runtime ignores \
            SIGPIPE, 13, in every program): set both back in the child. From 34 on: `Signal` of `nix` \
            has no names for the real-time signals",
        read: "signal(7), Signal dispositions, Signal mask; execve(2); hint 5",
    );
    let own = &observed.stdout;
    require!(own.contains("the caller's signals are as before: true"),
        expected: "the caller's own signals to be as before",
        seen: "{own}",
        likely: "they are set back before fork, in the parent, and not in the child",
        read: "hint 5",
    );
}

#[test]
fn a_signal_that_the_caller_has_blocked_is_not_handled_in_the_child() {
    let observed = scene(&["pending"]);
    let seen = format!("{}{}", observed.stdout, observed.stderr);
    require!(!seen.contains("ran in the child") && seen.starts_with("exited 7"),
        expected: "no handler to run in the child for a signal that the caller has blocked",
        seen: "{seen}",
        likely: "the mask is emptied while the caller's handlers are still there: first set the \
            signals to their default, then unblock them",
        read: "signal(7), Signal mask and pending signals; hint 5",
    );
}

#[test]
fn what_another_thread_opens_meanwhile_is_closed_too() {
    let observed = scene(&["meanwhile", "descriptors"]);
    let open = guest_descriptors(&observed);
    let listing = guest_lines(&observed).join("\n");
    require!(open.keys().copied().eq(["0", "1", "2"]),
        expected: "the guest to have the descriptors 0, 1 and 2, although another thread of the caller opens \
            two more right before the fork",
        seen: "{listing}",
        likely: "the caller's descriptors are listed or counted before the fork: by then there may be others. \
            close_range(2) in the child takes all that are there",
        read: "fork(2); close_range(2); hint 4",
    );
}

#[test]
fn what_another_thread_ignores_meanwhile_is_at_its_default_too() {
    let observed = scene(&["meanwhile", "signals"]);
    let seen = guest_lines(&observed).join("\n");
    require!(seen == "blocked []\nignored []",
        expected: "no signal to be ignored in the guest, although another thread of the caller ignores two \
            more right before the fork",
        seen: "{seen}",
        likely: "which signals are ignored is asked before the fork: by then there may be others. The child \
            sets all of them back",
        read: "fork(2); signal(7), Signal dispositions; hint 5",
    );
}

#[test]
fn a_child_that_is_killed_before_its_exec_was_started() {
    let observed = scene(&["killed-early"]);
    let seen = observed.lines()[0];
    // By clone(2) the child is made without the handler that kills it.
    require!(["killed by SIGKILL", "exited 7"].contains(&seen),
        expected: "the pid of the child, for the caller to wait for: somebody has killed it before its exec",
        seen: "{seen}",
        likely: "the end of the child is taken for an error, and the caller's status is gone",
        read: "src/lib.rs, Errors",
    );
}

#[rstest]
#[case::if_the_program_runs("exit 7", "exited 7")]
#[case::if_it_cannot("missing", "error ENOENT")]
fn the_locks_of_other_threads_do_not_matter(#[case] words: &str, #[case] right: &str) {
    let words: Vec<&str> = ["locks"].into_iter().chain(words.split(' ')).collect();
    let observed = scene(&words);
    let seen = observed.lines()[0];
    require!(seen == right,
        expected: "{right}, while another thread of the caller holds the locks of the output",
        seen: "{seen}",
        likely: "the child has only one thread, so nothing in it releases those locks",
        read: "fork(2), DESCRIPTION; signal-safety(7); hint 6",
    );
}

#[rstest]
#[case::if_the_program_runs("exit 7")]
#[case::if_it_cannot("missing")]
fn the_child_allocates_nothing(#[case] words: &str) {
    let words: Vec<&str> = ["allocations"].into_iter().chain(words.split(' ')).collect();
    let Observed { stdout, stderr, .. } = scene(&words);
    let outcome = stdout.lines().next().unwrap_or("nothing");
    require!(outcome.starts_with("exited ") || outcome.starts_with("error E"),
        expected: "the child to become the program, or `spawn` to say why it cannot",
        seen: "{outcome}",
        likely: "see the tests above",
        read: "README, the task",
    );
    let seen = stderr.lines().find(|line| line.contains("allocator")).unwrap_or_default();
    require!(seen.is_empty(),
        expected: "no allocation and no deallocation between fork and exec",
        seen: "{seen}",
        likely: "a CString, a Vec or a message is made in the child; `execv` of `nix` makes a Vec of \
            pointers itself, and opendir of the C library room for a listing. Another thread may hold the allocator's lock: make all of it before \
            fork, and call `libc::execv`",
        read: "signal-safety(7); fork(2), DESCRIPTION; hint 6",
    );
}
