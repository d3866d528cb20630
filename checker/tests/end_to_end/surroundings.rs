//! What the checker inherits, and a machine that lacks something: neither is in a verdict.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rstest::rstest;
use serde_json::Value;

use crate::miniature::{Finished, Miniature};

/// The checker in the workbook, started by a shell after `prelude`.
fn after(prelude: &str, miniature: &Miniature, args: &[&str]) -> Command {
    let checker = miniature.command(args);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{prelude} \"$0\" \"$@\"")]);
    shell.arg(checker.get_program()).args(checker.get_args());
    shell.current_dir(miniature.root()).stdin(Stdio::null()).env("CARGO_NET_OFFLINE", "true");
    shell
}

const CHECK: [&str; 4] = ["check", "answer", "--format", "json"];

fn verdict_after(prelude: &str, miniature: &Miniature) -> Value {
    Finished::of(after(prelude, miniature, &CHECK).output().unwrap()).event("verdict")
}

/// Whether the shell and its programs can do this here; otherwise the reason is on standard error.
fn can(prelude: &str) -> bool {
    let tried = Command::new("sh").args(["-c", &format!("{prelude} true")]).output().unwrap();
    if !tried.status.success() {
        eprintln!("skipped: this host cannot do `{prelude}`: {tried:?}");
    }
    tried.status.success()
}

#[rstest]
#[case::umask("umask 077; exec")]
#[case::no_umask("umask 0; exec")]
#[case::an_ignored_sigchld("exec env --ignore-signal=CHLD")]
#[case::ignored_signals("trap '' HUP INT QUIT TERM PIPE ALRM USR1 USR2 TSTP; exec")]
#[case::ignored_real_time_signals("exec env --ignore-signal=40,64")]
#[case::blocked_signals("exec env --block-signal=CHLD,TERM,INT,ALRM,USR1,40")]
#[case::few_descriptors("ulimit -S -n 12; exec")]
#[case::a_small_stack("ulimit -S -s 128; exec")]
#[case::no_file_size("ulimit -S -f 0; exec")]
#[case::little_memory("ulimit -S -v 300000; exec")]
#[case::one_second("ulimit -S -t 1; exec")]
#[case::core_dumps("ulimit -S -c unlimited; exec")]
#[case::open_descriptors("exec 5</dev/null 7>/dev/null 9</; exec")]
#[case::closed_stdin("exec <&-; exec")]
#[case::closed_stderr("exec 2>&-; exec")]
#[case::another_policy("exec chrt -b 0")]
#[case::fixed_addresses("exec setarch -R")]
#[case::one_cpu("exec taskset -c 0")]
#[case::a_low_priority("exec nice")]
#[case::a_session("exec setsid -w")]
fn a_program_starts_from_the_same_state(#[case] prelude: &str) {
    if !can(prelude) {
        return;
    }
    let miniature = Miniature::with_answer("tells_its_surroundings");
    let first = |verdict: &Value| verdict["tests"][0]["message"].as_str().unwrap().to_owned();
    let told = first(&verdict_after(prelude, &miniature));
    assert!(told.contains("Umask:\t0022"), "{told}");
    // A Rust program ignores SIGPIPE by itself.
    assert!(told.contains("SigBlk:\t0000000000000000\nSigIgn:\t0000000000001000"), "{told}");
    miniature.write(crate::miniature::ANSWER, &crate::miniature::outcome("tells_its_surroundings"));
    // Judged anew: the verdict is remembered.
    fs::remove_dir_all(miniature.root().join(".shopfloor")).unwrap();
    assert_eq!(told, first(&miniature.judge_answer()));
}

#[test]
fn a_closed_standard_output_does_not_change_what_is_remembered() {
    let miniature = Miniature::with_answer("right");
    let status = after("exec >&-; exec", &miniature, &CHECK).status().unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(miniature.judge_answer()["cached"], true);
}

#[test]
fn doctor_finds_the_compiler_when_sigchld_is_ignored() {
    let prelude = "exec env --ignore-signal=CHLD";
    if !can(prelude) {
        return;
    }
    let miniature = Miniature::new();
    let output = after(prelude, &miniature, &["doctor", "--format", "json"]).output();
    let finished = Finished::of(output.unwrap());
    assert!(!finished.stdout.contains("no rustc"), "{finished:?}");
    assert!(!finished.stdout.contains("cannot supervise"), "{finished:?}");
}

/// A hard limit is raised by who may, and is a lack of the machine for everybody else.
#[rstest]
#[case::file_size("ulimit -f 10; exec", "RLIMIT_FSIZE")]
#[case::descriptors("ulimit -n 64; exec", "RLIMIT_NOFILE")]
#[case::stack("ulimit -s 256; exec", "RLIMIT_STACK")]
#[case::memory("ulimit -v 1000000; exec", "RLIMIT_AS")]
#[case::time("ulimit -t 2; exec", "RLIMIT_CPU")]
fn a_hard_limit_that_is_too_low_is_the_machines(#[case] prelude: &str, #[case] limit: &str) {
    let miniature = Miniature::with_answer("right");
    let finished = Finished::of(after(prelude, &miniature, &CHECK).output().unwrap());
    if finished.code != Some(0) {
        assert_eq!(finished.code, Some(3), "{finished:?}");
        let said = format!("{}{}", finished.stdout, finished.complaint());
        assert!(said.contains(limit) && said.contains("are needed"), "{finished:?}");
    }
    let judged = miniature.judge_answer();
    assert_eq!(judged["verdict"], "passed");
    assert_eq!(judged["cached"], finished.code == Some(0));
}

#[test]
fn what_the_user_keeps_has_the_users_umask() {
    for (prelude, mode) in [("umask 077; exec", 0o600), ("umask 002; exec", 0o664)] {
        let miniature = Miniature::with_answer("right");
        assert_eq!(verdict_after(prelude, &miniature)["verdict"], "passed");
        let file = miniature.root().join(".shopfloor/progress.toml");
        let mode_of = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode_of(&file), mode);
        let executable = mode | (mode >> 2) & 0o111;
        assert_eq!(mode_of(file.parent().unwrap()), executable);
    }
}

/// A check where a directory is a file system in memory with these options; `None` with a reason on
/// standard error where nobody may mount.
fn mounted(miniature: &Miniature, directory: &str, options: &str, tmp: &str) -> Option<Finished> {
    let unshare = match nix::unistd::Uid::effective().is_root() {
        true => "unshare --mount",
        false => "unshare --map-root-user --user --mount",
    };
    let at = miniature.root().join(directory);
    fs::create_dir_all(&at).unwrap();
    fs::create_dir_all(miniature.root().join(tmp)).unwrap();
    let mount = format!(
        "exec {unshare} sh -c 'mount -t tmpfs -o {options} none {} && exec \"$0\" \"$@\"'",
        at.display()
    );
    if !can(&mount) {
        return None;
    }
    let mut command = after(&mount, miniature, &CHECK);
    command.env("TMPDIR", miniature.root().join(tmp));
    Some(Finished::of(command.output().unwrap()))
}

#[rstest]
#[case::a_full_directory_for_temporary_files("tmp", "size=4k", "tmp", "are free where")]
#[case::one_that_cannot_be_written("tmp", "ro", "tmp", "Read-only file system")]
#[case::no_room_for_the_linker("target", "size=1m", "tmp", "are free where")]
#[case::no_room_at_all_to_build("target", "size=4k", "tmp", "No space left on device")]
#[case::a_target_that_cannot_be_written("target", "ro", "tmp", "Read-only file system")]
#[case::a_target_that_nothing_runs_in("target", "noexec", "tmp", "noexec")]
fn a_file_system_that_fails_is_the_machines(
    #[case] directory: &str,
    #[case] options: &str,
    #[case] tmp: &str,
    #[case] phrase: &str,
) {
    let miniature = Miniature::with_answer("right");
    let Some(finished) = mounted(&miniature, directory, options, tmp) else { return };
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(!finished.stdout.contains("\"verdict\""), "{finished:?}");
    let said = finished.event("error")["message"].as_str().unwrap().to_owned();
    assert!(said.contains(phrase), "{said}");
    let judged = miniature.judge_answer();
    assert_eq!((&judged["verdict"], &judged["cached"]), (&"passed".into(), &false.into()));
}

#[test]
fn a_directory_for_temporary_files_that_runs_nothing_is_no_lack() {
    let miniature = Miniature::with_answer("right");
    let Some(finished) = mounted(&miniature, "tmp", "noexec", "tmp") else { return };
    assert_eq!(finished.event("verdict")["verdict"], "passed");
}

#[rstest]
#[case::relative("tmp")]
#[case::empty("")]
fn a_tmpdir_that_is_not_absolute_is_understood(#[case] path: &str) {
    let miniature = Miniature::with_answer("right");
    fs::create_dir(miniature.root().join("tmp")).unwrap();
    let output = miniature.command(&CHECK).env("TMPDIR", path).output().unwrap();
    assert_eq!(Finished::of(output).event("verdict")["verdict"], "passed");
}

#[rstest]
#[case::missing("/no/such/directory")]
#[case::a_file("/etc/passwd")]
fn a_tmpdir_that_is_none_is_named(#[case] path: &str) {
    let miniature = Miniature::with_answer("right");
    let output = miniature.command(&["check", "answer"]).env("TMPDIR", path).output().unwrap();
    let finished = Finished::of(output);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(finished.complaint().contains("Set TMPDIR to a directory"), "{finished:?}");
}

/// A linker that fails with these words on standard error stands before the true one.
fn judged_with_a_linker_that(script: &str) -> Finished {
    let miniature = Miniature::with_answer("right");
    let tools = miniature.root().join("tools");
    miniature.write("tools/cc", &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(tools.join("cc"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    Finished::of(miniature.command(&CHECK).env("PATH", path).output().unwrap())
}

#[rstest]
#[case::killed("echo 'collect2: fatal error: ld terminated with signal 9 [Killed]' >&2; exit 1")]
#[case::killed_itself("kill -9 $$")]
#[case::without_room("echo 'ld: final link failed: No space left on device' >&2; exit 1")]
#[case::without_processes("echo 'cc: vfork: Resource temporarily unavailable' >&2; exit 1")]
fn a_linker_that_the_machine_fails_is_no_verdict(#[case] script: &str) {
    let finished = judged_with_a_linker_that(script);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(!finished.stdout.contains("\"verdict\""), "{finished:?}");
}

#[test]
fn a_symbol_that_is_nowhere_is_the_codes_own() {
    let finished = judged_with_a_linker_that("echo 'undefined reference to `answer`' >&2; exit 1");
    assert_eq!(finished.event("verdict")["verdict"], "does_not_compile", "{finished:?}");
}

#[test]
fn a_test_that_something_kills_is_judged_again() {
    let miniature = Miniature::with_answer("killed");
    let judged = miniature.judge_answer();
    assert_eq!(judged["verdict"], "crashed", "{judged:#}");
    assert_eq!(miniature.judge_answer()["cached"], false);
}

#[cfg(feature = "grade")]
#[rstest]
#[case::a_strict_umask("umask 077; exec")]
#[case::a_group_umask("umask 027; exec")]
#[case::an_ignored_sigchld("exec env --ignore-signal=CHLD")]
#[case::small_limits("ulimit -S -s 128; ulimit -S -n 12; ulimit -S -f 0; exec")]
#[case::closed_descriptors("exec <&- 2>&-; exec")]
fn a_grading_starts_from_the_same_state(#[case] prelude: &str) {
    if !can(prelude) {
        return;
    }
    let class = crate::class::Class::new();
    class.student("ada", "right", None);
    let arguments = class.arguments(&["--format", "json", "--only", "answer"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = after(prelude, &class.workbook, &arguments).output().unwrap();
    let finished = Finished::of(output);
    assert_eq!(crate::class::judged(&finished), ["ada answer passed"], "{finished:?}");
    if prelude.starts_with("umask 0") {
        let asked = u32::from_str_radix(&prelude[6..9], 8).unwrap();
        for file in ["gradebook.csv", "results.sqlite"] {
            let mode = fs::metadata(class.out().join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o666 & !asked, "{file}");
        }
    }
}

#[cfg(feature = "grade")]
#[test]
fn what_an_earlier_grading_has_built_with_a_strict_umask_is_built_anew() {
    let class = crate::class::Class::new();
    class.student("ada", "right", None);
    let build_dir = class.workbook.root().join("target/judge/stub");
    for closed in
        [build_dir.join("target/debug"), build_dir.join("target"), build_dir.join("workbook")]
    {
        fs::create_dir_all(&closed).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let finished = class.grade(&["--format", "json", "--only", "answer"]);
    assert_eq!(crate::class::judged(&finished), ["ada answer passed"], "{finished:?}");
}
