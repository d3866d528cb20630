//! What guests may do in the host's room, easiest first. Every test starts a host of its own.
//!
//! On machines for which `src/vfork.rs` has no assembly the tests are skipped.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use rstest::rstest;
use testkit::deadline::within;
use testkit::procfs::process_state;
use testkit::program::{Ending, Observed, Program};
use testkit::require;
use vfork_exit::evidence::{Aftermath, Leaving, Who};
use vfork_exit::vfork::{Call, LEFT_BY_GUEST, LEFT_BY_HOST};
use vfork_exit::{aftermath, found_in_frame};

const HOUSE: &str = env!("CARGO_BIN_EXE_house");
const ERRAND: &str = env!("CARGO_BIN_EXE_errand");

/// Runs a house to its end.
#[track_caller]
fn house(args: &[&str]) -> Observed {
    let program = args.iter().fold(Program::new(HOUSE), |program, arg| program.arg(*arg));
    let observed = program.env("RUST_BACKTRACE", "0").run();
    let stderr = &observed.stderr;
    require!(!stderr.contains("not yet implemented"),
        expected: "the house {args:?} to receive its guest",
        seen: "{stderr}",
        likely: "a `todo!` is still there",
        read: "README, the task",
    );
    observed
}

/// Runs a house that must come to a good end, and returns its lines.
#[track_caller]
fn sound_house(args: &[&str]) -> Vec<String> {
    let Observed { ending, stdout, stderr, .. } = house(args);
    require!(ending == Ending::Exited(0),
        expected: "the house {args:?} to receive its guest, to tell of it, and to exit with code 0",
        seen: "{ending:?}, after this:\n{stdout}{stderr}",
        likely: "the guest did something in the host's memory that broke the host",
        read: "hint 1; vfork(2)",
    );
    stdout.lines().map(str::to_owned).collect()
}

#[track_caller]
fn require_no_child_is_left(lines: &[String]) {
    let last = lines.last().map_or("", String::as_str);
    require!(last == "no child is left",
        expected: "the guest to be waited for",
        seen: "{last}",
        likely: "nobody calls waitpid for the child, so it stays as a zombie",
        read: "wait(2), NOTES",
    );
}

#[rstest]
#[case::a_small_one("7")]
#[case::none("0")]
#[case::a_negative_one("-1")]
#[case::one_of_17_bits("70000")]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn the_answer_of_a_guest_comes_back_whole(#[case] number: &str) {
    let lines = sound_house(&["ask", number]);
    let answer = &lines[0];
    require!(answer == number,
        expected: "ask to return what the guest's work returned: {number}",
        seen: "{answer}",
        likely: "the answer is taken from the exit status, or was written to a copy of the memory",
        read: "hint 1; wait(2): 8 bits of a status come through",
    );
    require_no_child_is_left(&lines);
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn the_work_is_done_by_a_guest() {
    let place = sound_house(&["ask-where"]).concat();
    require!(place == "in a child",
        expected: "the work to be done by a process of its own",
        seen: "it was done {place}",
        likely: "`ask` calls `work` itself; it belongs into the closure that vfork runs",
        read: "README, the task",
    );
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn a_host_is_suspended_until_its_guest_has_left() {
    let read = "vfork(2); proc_pid_stat(5), the states";
    within("a host and its slow guest", "`ask` waits for something else", read, move || {
        let mut child = Command::new(HOUSE)
            .arg("ask-slowly")
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the house can be started");
        let mut stdin = child.stdin.take().expect("stdin is a pipe");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let mut first = String::new();
        stdout.read_line(&mut first).expect("the pipe can be read");
        // The guest works: so it says, or the house has ended. It leaves when it may read.
        let state = settled_state(child.id().cast_signed());
        // A house that has ended does not read: EPIPE.
        let _ = stdin.write_all(b"x");
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).expect("the pipe can be read");
        child.wait().expect("the child is ours to wait for");

        require!(first == "guest-works\n",
            expected: "the guest to work",
            seen: "the first line of the house: {first:?}",
            likely: "`ask` does not run `work`; standard error, above, says more",
            read: "README, the task",
        );
        require!(state == Some('D'),
            expected: "the host to be held by the kernel (state D) while its guest works",
            seen: "state {state:?}",
            likely: "S is a host that went on after a fork, and sleeps in a wait or a read of its own",
            read: "vfork(2); proc_pid_stat(5), the states",
        );
        require!(rest == "guest-leaves\nhost-goes-on\n",
            expected: "the host to go on when the guest has left, and not before",
            seen: "{rest:?}",
            likely: "the host goes on before the guest has done its last step",
            read: "vfork(2)",
        );
    });
}

/// The state of a process that is on its way into the kernel, once it is no longer running.
fn settled_state(pid: i32) -> Option<char> {
    loop {
        match process_state(pid) {
            Some('R') => thread::yield_now(),
            settled => return settled,
        }
    }
}

#[rstest]
#[case::by_underscore_exit("_exit", "3")]
#[case::by_exit("exit", "4")]
#[case::with_no_complaint("_exit", "0")]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn a_visit_returns_the_code_of_the_guest(#[case] leaving: &str, #[case] code: &str) {
    let observed = house(&["visit", leaving, code]);
    // How the host itself ends after a guest's exit(3) is anybody's guess: only its words count.
    let lines: Vec<String> = observed.stdout.lines().map(str::to_owned).collect();
    let (seen, stderr) = (lines.first().map_or("nothing", String::as_str), observed.stderr);
    require!(seen == code,
        expected: "visit to return {code}, the exit code of a guest that left by {leaving}",
        seen: "{seen}\n{stderr}",
        likely: "the code is not passed on, or the whole wait status is taken for the code",
        read: "wait(2), WEXITSTATUS",
    );
    require_no_child_is_left(&lines);
}

#[rstest]
#[case::by_underscore_exit("_exit", Aftermath { handlers: Who::Host, buffers: Who::Host })]
#[case::by_exit("exit", Aftermath { handlers: Who::Guest, buffers: Who::Guest })]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn a_guest_leaves_by_the_function_it_was_told(#[case] leaving: &str, #[case] right: Aftermath) {
    let (seen, stdout) = seen_after(leaving);
    require!(seen == Some(right),
        expected: "a guest that leaves by {leaving} to have this aftermath: {right:?}",
        seen: "{seen:?}, from these words: {stdout}",
        likely: "libc::exit and libc::_exit are mixed up, or neither is called",
        read: "vfork(2), Linux description; _exit(2), NOTES",
    );
}

#[rstest]
#[case::of_underscore_exit(Leaving::UnderscoreExit, "_exit")]
#[case::of_exit(Leaving::Exit, "exit")]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn the_aftermath_is_as_predicted(#[case] leaving: Leaving, #[case] name: &str) {
    let predicted = aftermath(leaving);
    let (seen, stdout) = seen_after(name);
    let likely = match leaving {
        Leaving::UnderscoreExit => {
            "_exit(2) runs no handler and flushes nothing: all is left to do"
        }
        Leaving::Exit => {
            "handlers and buffers lie in memory, the memory is shared: what exit(3) has done in \
             the guest is done, and nothing is left for the host"
        }
    };
    require!(seen == Some(predicted),
        expected: "the prediction for {leaving:?} to come true: {predicted:?}",
        seen: "{seen:?}, from these words: {stdout}",
        likely: "{likely}",
        read: "hint 2; vfork(2), Linux description",
    );
}

#[track_caller]
fn seen_after(leaving: &str) -> (Option<Aftermath>, String) {
    // How the host ends after a guest's exit(3) is anybody's guess: only its words count.
    let stdout = house(&["visit-with-evidence", leaving]).stdout;
    (Aftermath::read(&stdout), stdout)
}

#[rstest]
#[case::with_fork(Call::Fork, "fork", "the child of a fork returns in a copy of the frame")]
#[case::with_vfork(
    Call::Vfork,
    "vfork",
    "the guest has no frame of its own: the word it pushed lies where the host's word lay"
)]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn what_a_child_that_returns_does_to_the_frame_is_as_predicted(
    #[case] call: Call,
    #[case] name: &str,
    #[case] likely: &str,
) {
    let predicted = found_in_frame(call);
    let found: usize = sound_house(&["canary", name]).concat().parse().expect("a word");
    require!(predicted == found,
        expected: "the prediction for {call:?} to come true: {predicted:#x}",
        seen: "the host found {found:#x}; it had left {LEFT_BY_HOST:#x}, its child {LEFT_BY_GUEST:#x}",
        likely: "{likely}",
        read: "hint 3; src/vfork.rs, canary; vfork(2)",
    );
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn a_spawned_program_runs() {
    let lines = sound_house(&["spawn", ERRAND, "exits", "7"]);
    let seen = &lines[0];
    let likely = match seen.as_str() {
        "error EFAULT" => {
            "a list of pointers has no null pointer at its end: execve reads on behind it"
        }
        _ => "the child does not call execve, or somebody else has waited for it",
    };
    require!(seen == "exit code 7",
        expected: "the program to be run, and to end with exit code 7",
        seen: "{seen}",
        likely: "{likely}",
        read: "hint 4; execve(2), argv and ERRORS",
    );
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn a_spawned_program_gets_its_arguments_and_environment_and_no_others() {
    let lines = sound_house(&["spawn", ERRAND, "tells", "one", "two words"]);
    let (args, env) = (&lines[0], &lines[1]);
    require!(args == "args: errand tells one two words",
        expected: "args: errand tells one two words",
        seen: "{args}",
        likely: "the list does not begin with the name, or does not end with a null pointer",
        read: "execve(2), argv",
    );
    require!(env == "env: GREETING=hello",
        expected: "env: GREETING=hello",
        seen: "{env}",
        likely: "the host's environment is passed on (execv), or the list has no null pointer at its end",
        read: "execve(2), envp",
    );
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn arguments_are_as_many_as_the_caller_has() {
    let numbers: Vec<String> = (1..=1000).map(|number| number.to_string()).collect();
    let mut args = vec!["spawn", ERRAND, "tells"];
    args.extend(numbers.iter().map(String::as_str));
    let lines = sound_house(&args);
    let (got, last) = (lines[0].split(' ').count() - 3, lines[0].split(' ').next_back());
    require!(got == 1000 && last == Some("1000"),
        expected: "the program to get all of a thousand arguments, 1 to 1000",
        seen: "it got {got}, the last of them {last:?}",
        likely: "the list of pointers is an array of a fixed size, and what does not fit is left out;\na `Vec`, which the host makes before the vfork, has room for all",
        read: "hint 4; execve(2), argv",
    );
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn an_empty_environment_stays_empty() {
    let lines = sound_house(&["spawn-bare", ERRAND, "tells"]);
    let env = &lines[1];
    require!(env == "env: ",
        expected: "a program with no environment variable at all: `env` is empty",
        seen: "{env}",
        likely: "an empty list is taken for no wish, and the host's environment is passed on",
        read: "README, the task; execve(2), envp",
    );
}

#[rstest]
#[case::no_such_file("/no/such/program", "ENOENT")]
#[case::a_directory("/", "EACCES")]
#[case::a_file_for_a_directory("/proc/self/exe/program", "ENOTDIR")]
#[case::a_name_that_a_shell_would_look_for("true", "ENOENT")]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn a_program_that_cannot_be_run_is_an_error(#[case] program: &str, #[case] errno: &str) {
    let lines = sound_house(&["spawn", program]);
    let seen = &lines[0];
    let likely = if program == "true" && seen.starts_with("exit code") {
        "execvp(3) and execvpe(3) look for a name without a slash in the directories of PATH;\nexecve(2) does not: it is a path as it stands"
    } else {
        "the guest keeps its errno to itself; it can write it where the host looks"
    };
    require!(*seen == format!("error {errno}"),
        expected: "the spawn of {program} to fail with the errno of the execve in the child: {errno}",
        seen: "{seen}",
        likely: "{likely}",
        read: "hint 4; execve(2), ERRORS",
    );
    require_no_child_is_left(&lines);
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn an_errno_from_before_is_no_error() {
    let seen = sound_house(&["spawn-with-errno", ERRAND, "exits", "7"]).concat();
    require!(seen == "exit code 7",
        expected: "the spawn of a good program to succeed, whatever errno was before",
        seen: "{seen}",
        likely: "errno is looked at although nothing has failed: no success resets it",
        read: "errno(3)",
    );
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn an_error_of_an_earlier_spawn_is_no_error_of_the_next() {
    let lines = sound_house(&["spawn-again", ERRAND, "exits", "7"]);
    require!(lines == ["error ENOENT", "exit code 7"],
        expected: "a spawn of no program to fail with ENOENT, and one of a good program to succeed after it",
        seen: "{lines:?}",
        likely: "the guest's errno is kept in a static, where the next call finds it again",
        read: "hint 4",
    );
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn another_child_of_the_host_is_left_to_its_host() {
    let lines = sound_house(&["elder-child", ERRAND]);
    let right = [
        "ask: Ok(70000)",
        "visit: Ok(3)",
        "spawn: Err(ENOENT)",
        "elder: Some(5)",
        "no child is left",
    ];
    require!(lines == right,
        expected: "each guest to be waited for, and another child of the host to be left alone: {right:?}",
        seen: "{lines:?}",
        likely: "wait(2) takes any child that has ended; waitpid(2) takes the one whose id it is given",
        read: "wait(2); README, the task",
    );
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn a_spawn_that_fails_leaves_the_rest_to_the_host() {
    let stdout = house(&["spawn-with-evidence", "/no/such/program"]).stdout;
    let seen = Aftermath::read(&stdout);
    require!(seen == Some(Aftermath { handlers: Who::Host, buffers: Who::Host }),
        expected: "handlers and buffers to be left to the host when its guest finds no program",
        seen: "{seen:?}, from these words: {stdout}",
        likely: "the guest leaves by exit(3) or std::process::exit after the execve has failed",
        read: "hint 4; vfork(2), Linux description",
    );
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn a_host_goes_on_beside_the_program() {
    let Observed { ending, stdout, stderr, .. } = house(&["spawn-and-go-on", ERRAND]);
    require!(ending == Ending::Exited(0) && stdout == "exit code 0\n",
        expected: "spawn to return while the program runs: this one waits for a word of its host",
        seen: "{ending:?}, after this:\n{stdout}{stderr}",
        likely: "`spawn` waits for the end of a program that it has started; that is its caller's",
        read: "README, the task; vfork(2)",
    );
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn a_guest_leaves_nothing_on_the_heap() {
    let kept = sound_house(&["spawn-and-count", ERRAND, "exits", "0"]).concat();
    require!(kept == "0",
        expected: "no memory of the host to be in use for a program that is started",
        seen: "{kept} bytes are, for ever",
        likely: "the guest allocates (a Vec, nix's execve): the heap is the host's, and an exec frees nothing",
        read: "hint 4; vfork(2), Caveats",
    );
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn exit_of_the_c_library_knows_nothing_of_rusts_buffer() {
    let stdout = house(&["visit-beside-a-word", "exit"]).stdout;
    let words: Vec<&str> = stdout.split_whitespace().collect();
    let right = ["handler(guest)", "buffer", "host-goes-on", "word-in-rusts-buffer"];
    require!(words == right,
        expected: "a guest that leaves by exit(3) to leave what lies in the buffer of Rust's standard output: {right:?}",
        seen: "{words:?}",
        likely: "std::process::exit is called, which flushes Rust's standard output first; exit(3) is `libc::exit`",
        read: "exit(3); https://doc.rust-lang.org/std/process/fn.exit.html",
    );
}

#[rstest]
#[case::by_sigkill(libc::SIGKILL)]
#[case::by_sigterm(libc::SIGTERM)]
#[case::by_a_fault(libc::SIGSEGV)]
#[case::by_the_first_signal(libc::SIGHUP)]
#[case::by_the_first_real_time_signal(libc::SIGRTMIN())]
#[case::by_a_real_time_signal(37)]
#[case::by_the_last_signal(libc::SIGRTMAX())]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn a_guest_that_is_killed_has_no_answer(#[case] signal: i32) {
    let Observed { ending, stdout, stderr, .. } = house(&["ask-killed", &signal.to_string()]);
    let panicked = ending == Ending::Exited(101) && stderr.contains("panicked");
    let lines: Vec<&str> = stdout.lines().collect();
    let likely = if signal < libc::SIGRTMIN() {
        "the variable for the answer holds a number from the start, and how the guest ended is not looked at, or for some signals only"
    } else {
        "nix has no name for a real-time signal, and its waitpid gives EINVAL for such an end, with the child waited for; or too few bits of the status are read"
    };
    require!(lines.first().is_some_and(|answer| answer.starts_with("Err")) || panicked,
        expected: "an error from `ask`, or a panic of it, when the signal {signal} has ended the guest at its work",
        seen: "{ending:?}, after this: {stdout}{stderr}",
        likely: "{likely}",
        read: "wait(2), WIFSIGNALED; signal(7), Real-time signals; the stub",
    );
    require!(panicked || lines[1..] == ["Ok(70000)", "no child is left"],
        expected: "a guest that comes afterwards to be received, and both to be waited for",
        seen: "{stdout}",
        likely: "the guest that was killed is not waited for; or it has left something that the next one finds",
        read: "wait(2), NOTES; the stub",
    );
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn two_threads_ask_at_the_same_time() {
    let lines = sound_house(&["two-ask"]);
    let seen = &lines[0];
    require!(seen == "0 and 0",
        expected: "two threads that ask at the same time, a thousand times each, to have the answers of their own guests",
        seen: "wrong: {seen}",
        likely: "the guest's answer is kept in a static, and the threads share it: vfork suspends the thread that calls it, and no other",
        read: "vfork(2), Linux description; the stub",
    );
    require_no_child_is_left(&lines);
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn two_threads_spawn_at_the_same_time() {
    let lines = sound_house(&["two-spawn", ERRAND]);
    let seen = &lines[0];
    require!(seen == "0 and 0",
        expected: "two threads that spawn at the same time, a hundred times each, to be told of their own programs: one that is not there, and one that is",
        seen: "wrong: {seen}",
        likely: "the guest's errno is kept in a static, and the threads share it: vfork suspends the thread that calls it, and no other",
        read: "vfork(2), Linux description; the stub",
    );
    require_no_child_is_left(&lines);
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn two_threads_receive_visits_at_the_same_time() {
    let lines = sound_house(&["two-visit"]);
    let seen = &lines[0];
    require!(seen == "0 and 0",
        expected: "two threads that receive visits at the same time, a thousand times each, to have the codes of their own guests, 3 and 4",
        seen: "wrong: {seen}",
        likely: "the guest's code is kept in a static, and the threads share it: vfork suspends the thread that calls it, and no other",
        read: "vfork(2), Linux description; the stub",
    );
    require_no_child_is_left(&lines);
}

#[test]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), ignore = "no assembly here")]
fn a_spawned_program_has_the_signal_mask_of_the_caller() {
    let lines = sound_house(&["spawn-masked", ERRAND, "signals"]);
    let seen = &lines[0];
    require!(seen == "blocked: SIGUSR1 true, SIGTERM false",
        expected: "SIGUSR1 to be blocked in the program as in the caller, and SIGTERM not",
        seen: "{seen}",
        likely: "signals are blocked around the guest and let through again in the host alone: exec keeps the mask",
        read: "execve(2); signal(7), Signal mask and pending signals",
    );
}
