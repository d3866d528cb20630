//! What lies around the workbook: variables, configurations of cargo, locks. None of it is in a verdict.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rstest::rstest;

#[cfg(feature = "grade")]
use crate::class::{Class, judged};
use crate::miniature::{ANSWER, Finished, Miniature, outcome};

/// A right answer with a warning.
const WARNED: &str =
    "//! Warns.\n\nfn unused() {}\n\n/// 42.\npub fn answer() -> u32 {\n    42\n}\n";

/// Right only where an overflow wraps.
const OVERFLOWS: &str = "//! Overflows.\n\n/// 42.\npub fn answer() -> u32 {\n    \
                         let most: u32 = std::hint::black_box(u32::MAX);\n    most + 43\n}\n";

/// What turns a warning into an error and an overflow into a wrap, in every place where it can stand.
const HOSTILE: &str = r#"
[build]
rustflags = ["-D", "warnings", "-C", "overflow-checks=off"]
[target.'cfg(all())']
rustflags = ["-Dwarnings"]
[profile.dev]
overflow-checks = false
[profile.test]
opt-level = 3
[profile.test.package.answer]
overflow-checks = false
[profile.dev.package.answer]
overflow-checks = false
"#;

/// What nothing can be built with.
#[cfg(feature = "grade")]
const DISABLING: &str = r#"
[build]
rustc = "/bin/false"
rustc-wrapper = "/bin/false"
target = "no-such-target"
[target.'cfg(all())']
runner = "/bin/false"
[unstable]
no-such-option = true
"#;

const HOSTILE_VARIABLES: [(&str, &str); 5] = [
    ("RUSTFLAGS", "-D warnings -C overflow-checks=off"),
    ("CARGO_PROFILE_DEV_OVERFLOW_CHECKS", "false"),
    ("CARGO_PROFILE_TEST_OVERFLOW_CHECKS", "false"),
    ("CARGO_PROFILE_TEST_OPT_LEVEL", "3"),
    ("RUSTC_WORKSPACE_WRAPPER", "/bin/false"),
];

/// The verdict on the first exercise, by a checker with these variables.
fn judge_with(miniature: &Miniature, variables: &[(&str, &str)]) -> serde_json::Value {
    let mut command = miniature.command(&["check", "answer", "--format", "json"]);
    command.envs(variables.iter().copied());
    Finished::of(command.output().unwrap()).event("verdict")
}

/// A home of cargo with this configuration.
fn home(configuration: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("config.toml"), configuration).unwrap();
    home
}

#[rstest]
#[case::a_warning(WARNED, "passed")]
#[case::an_overflow(OVERFLOWS, "failed")]
fn what_surrounds_the_workbook_is_not_in_the_learners_verdict(
    #[case] answer: &str,
    #[case] verdict: &str,
) {
    let miniature = Miniature::new();
    miniature.write(ANSWER, answer);
    assert_eq!(judge_with(&miniature, &HOSTILE_VARIABLES)["verdict"], verdict, "variables");
    miniature.write("../.cargo/config.toml", HOSTILE);
    assert_eq!(miniature.judge_answer()["verdict"], verdict, "a configuration above");
    miniature.remove("../.cargo/config.toml");
    let home = home(HOSTILE);
    let variables = [("CARGO_HOME", home.path().to_str().unwrap())];
    assert_eq!(judge_with(&miniature, &variables)["verdict"], verdict, "cargo's home");
}

#[test]
fn what_was_judged_in_other_surroundings_is_judged_again() {
    let miniature = Miniature::with_answer("right");
    assert_eq!(miniature.judge_answer()["cached"], false);
    assert_eq!(miniature.judge_answer()["cached"], true);
    let changes: [&dyn Fn() -> serde_json::Value; 3] = [
        &|| judge_with(&miniature, &[("CARGO_PROFILE_DEV_OVERFLOW_CHECKS", "false")]),
        &|| {
            miniature.write("../.cargo/config.toml", "include = [\"more.toml\"]\n");
            miniature.write("../.cargo/more.toml", "[profile.dev]\nlto = \"off\"\n");
            miniature.judge_answer()
        },
        &|| {
            miniature.write("../.cargo/more.toml", "[profile.dev]\nlto = false\n");
            miniature.judge_answer()
        },
    ];
    for judge in changes {
        assert_eq!(judge()["cached"], false);
        assert_eq!(miniature.judge_answer()["verdict"], "passed");
    }
    miniature.remove("../.cargo/config.toml");
    miniature.judge_answer();
    assert_eq!(judge_with(&miniature, &[("CARGO_TERM_VERBOSE", "true")])["cached"], true);
}

#[cfg(feature = "grade")]
#[rstest]
#[case::above_the_workbook(|class: &Class| class.workbook.write("../.cargo/config.toml", &all()), None)]
#[case::in_cargos_home(|_: &Class| {}, Some(all()))]
fn what_surrounds_the_workbook_is_not_in_a_grade(
    #[case] surround: fn(&Class),
    #[case] configuration: Option<String>,
) {
    let class = Class::new();
    class.file("ada", ANSWER, WARNED);
    class.file("bob", ANSWER, OVERFLOWS);
    surround(&class);
    let arguments = class.arguments(&["--format", "json", "--only", "answer"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut grader = class.workbook.command(&arguments);
    let home = configuration.map(|configuration| home(&configuration));
    grader.envs(home.iter().map(|home| ("CARGO_HOME", home.path())));
    grader.envs(HOSTILE_VARIABLES).env("CARGO_BUILD_TARGET", "no-such-target");
    let finished = Finished::of(grader.output().unwrap());
    assert_eq!(judged(&finished), ["ada answer passed", "bob answer failed"], "{finished:?}");
    // Nor is any of it in the hash: without it nothing is judged again.
    let _ = fs::remove_file(class.workbook.root().join("../.cargo/config.toml"));
    let again = class.grade(&["--format", "json", "--only", "answer"]);
    assert_eq!(judged(&again), Vec::<String>::new(), "{again:?}");
}

#[cfg(feature = "grade")]
#[test]
fn a_linker_that_the_machine_needs_is_used_for_grading() {
    let class = Class::new();
    class.student("ada", "right", None);
    // A linker of its own, and a program of the learner's that says that it was made by it.
    let linker = class.directory.path().join("linker");
    fs::write(&linker, "#!/bin/sh\nexec cc \"$@\" -Wl,--defsym=by_the_linker=0\n").unwrap();
    fs::set_permissions(&linker, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let linked = "//! Needs the linker.\n\nunsafe extern \"C\" {\n    static by_the_linker: u8;\n}\n\n\
                  /// 42.\npub fn answer() -> u32 {\n    \
                  if std::hint::black_box(&raw const by_the_linker).is_null() { 42 } else { 0 }\n}\n";
    class.file("bob", ANSWER, linked);
    let settings = format!("[target.{}]\nlinker = {linker:?}\n", crate::edits::host());
    class.workbook.write("../.cargo/config.toml", &settings);
    let finished = class.grade(&["--format", "json", "--only", "answer"]);
    assert_eq!(judged(&finished), ["ada answer passed", "bob answer passed"], "{finished:?}");
}

#[test]
fn a_variable_that_the_code_is_compiled_with_is_looked_at_each_time() {
    let miniature = Miniature::new();
    let answer = "//! Looks.\n\n/// As the variable is.\npub fn answer() -> u32 {\n    \
                  if option_env!(\"ANSWER\").is_some() { 42 } else { 0 }\n}\n";
    miniature.write(ANSWER, answer);
    assert_eq!(judge_with(&miniature, &[("ANSWER", "42")])["verdict"], "passed");
    assert_eq!(miniature.judge_answer()["verdict"], "failed");
}

#[cfg(feature = "grade")]
fn all() -> String {
    // A key may be said once only: the second `[build]` goes on where the first ended.
    let disabling = DISABLING.replace("[build]\n", "").replace("[target.'cfg(all())']\n", "");
    let (build, rest) = disabling.split_once("runner").unwrap();
    let hostile = HOSTILE.replace("[build]\n", &format!("[build]\n{build}\n"));
    let (runner, unstable) = rest.split_once('\n').unwrap();
    let target = "[target.'cfg(all())']\n";
    hostile.replace(target, &format!("{target}runner{runner}\n")) + unstable
}

#[test]
fn a_mirror_of_the_crates_serves_the_builds_that_are_laid() {
    let miniature = Miniature::with_solutions();
    // A mirror that is not there: cargo stops at it, if it was told of it.
    let mirror =
        "[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\ndirectory = \"gone\"\n";
    miniature.write("../.cargo/config.toml", mirror);
    assert_eq!(miniature.checker(&["verify", "answer"]).code, Some(0));
    let written = miniature.read("target/judge/cargo-home/config.toml");
    let above = fs::canonicalize(miniature.root()).unwrap().with_file_name("gone");
    assert!(written.contains(above.to_str().unwrap()), "{written}");
}

#[test]
fn a_test_sees_nothing_of_the_callers_environment() {
    let miniature = Miniature::new();
    let variables = "[(\"TZ\", \"UTC\"), (\"LC_ALL\", \"C.UTF-8\"), (\"LANG\", \"C.UTF-8\")]";
    let answer = format!(
        "//! Looks.\n\n/// 42 in known surroundings.\npub fn answer() -> u32 {{\n    \
         let as_known = {variables}.iter().all(|(name, value)| std::env::var(name).as_deref() == Ok(*value));\n    \
         let unset = [\"USER\", \"LOGNAME\", \"RUST_MIN_STACK\", \"RUST_TEST_THREADS\"];\n    \
         let home = std::env::var(\"HOME\").unwrap_or_default();\n    \
         if as_known && unset.iter().all(|name| std::env::var(name).is_err()) && home != \"/given\" {{ 42 }} else {{ 0 }}\n}}\n"
    );
    miniature.write(ANSWER, &answer);
    let variables = [
        ("TZ", "Pacific/Apia"),
        ("LC_ALL", "de_DE.UTF-8"),
        ("LANG", "tr_TR"),
        ("USER", "given"),
        ("LOGNAME", "given"),
        ("RUST_MIN_STACK", "8388608"),
        ("RUST_TEST_THREADS", "0"),
        ("CARGO_HOME", &format!("{}/.cargo", std::env::var("HOME").unwrap())),
        ("RUSTUP_HOME", &format!("{}/.rustup", std::env::var("HOME").unwrap())),
        ("HOME", "/given"),
    ];
    let judged = judge_with(&miniature, &variables);
    assert_eq!(judged["verdict"], "passed", "{judged:#}");
}

/// A right answer that was judged, and a wrong one in its place, which only cargo knows how to compile; and cargo's
/// lock.
fn with_lock_of_cargo() -> (Miniature, fs::File) {
    let miniature = Miniature::with_answer("right");
    assert_eq!(miniature.judge_answer()["verdict"], "passed");
    miniature.write(ANSWER, &outcome("wrong_answer"));
    miniature.remove("target/shopfloor/answer.json");
    let lock = fs::File::open(miniature.root().join("target/debug/.cargo-lock")).unwrap();
    (miniature, lock)
}

/// Waits until the checker has said for whom it waits.
fn read_warning(checker: &mut std::process::Child) {
    let mut lines = BufReader::new(checker.stdout.as_mut().unwrap()).lines();
    let warning =
        lines.find(|line| line.as_ref().unwrap().contains("\"warning\"")).unwrap().unwrap();
    let this = format!("(process {}, started by ", std::process::id());
    assert!(warning.contains(&this) && warning.contains("Waiting for it to finish"), "{warning}");
}

fn fingerprints(miniature: &Miniature) -> Vec<std::ffi::OsString> {
    let entries = fs::read_dir(miniature.root().join("target/debug/.fingerprint")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

#[test]
fn the_checker_says_whose_lock_it_waits_for_and_touches_nothing_meanwhile() {
    let (miniature, lock) = with_lock_of_cargo();
    let before = fingerprints(&miniature);
    assert!(!before.is_empty());
    lock.lock().unwrap();
    let mut checker = miniature.start(&["check", "answer", "--format", "json"]);
    read_warning(&mut checker);
    assert_eq!(fingerprints(&miniature), before);
    lock.unlock().unwrap();
    let finished = Finished::of(checker.wait_with_output().unwrap());
    assert_eq!(finished.event("verdict")["verdict"], "failed", "{finished:?}");
}

#[test]
fn an_edit_that_is_compiled_without_cargo_waits_for_no_lock_of_its() {
    let miniature = Miniature::with_answer("right");
    assert_eq!(miniature.judge_answer()["verdict"], "passed");
    let lock = fs::File::open(miniature.root().join("target/debug/.cargo-lock")).unwrap();
    lock.lock().unwrap();
    miniature.write(ANSWER, &outcome("wrong_answer"));
    assert_eq!(miniature.judge_answer()["verdict"], "failed");
}

#[test]
fn ctrl_c_ends_the_waiting_for_a_lock() {
    let (miniature, lock) = with_lock_of_cargo();
    lock.lock().unwrap();
    let mut checker = miniature.start(&["check", "answer", "--format", "json"]);
    read_warning(&mut checker);
    kill(Pid::from_raw(checker.id() as i32), Signal::SIGINT).unwrap();
    assert_eq!(Finished::of(checker.wait_with_output().unwrap()).code, Some(130));
}

/// Stands before cargo in `PATH`: in its first call it lets somebody else take the lock.
const OVERTAKEN: &str = "#!/bin/sh\nif mkdir @HERE@/first 2>/dev/null; then\n  \
                         echo >@HERE@/ready\n  read line <@HERE@/go\nfi\nexec @CARGO@ \"$@\"\n";

#[test]
fn a_cargo_that_is_overtaken_is_waited_for_as_well() {
    let (miniature, lock) = with_lock_of_cargo();
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path().to_str().unwrap();
    let fifos = ["ready", "go"].map(|name| directory.path().join(name));
    for fifo in &fifos {
        nix::unistd::mkfifo(fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    let cargo = Command::new("sh").args(["-c", "command -v cargo"]).output().unwrap();
    let cargo = String::from_utf8(cargo.stdout).unwrap();
    let script = OVERTAKEN.replace("@HERE@", here).replace("@CARGO@", cargo.trim());
    let path = directory.path().join("cargo");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = miniature.command(&["check", "answer", "--format", "json"]);
    command.env("PATH", format!("{here}:{}", std::env::var("PATH").unwrap()));
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut checker = command.spawn().unwrap();
    fs::read(&fifos[0]).unwrap();
    lock.lock().unwrap();
    fs::write(&fifos[1], "\n").unwrap();
    read_warning(&mut checker);
    lock.unlock().unwrap();
    let finished = Finished::of(checker.wait_with_output().unwrap());
    assert_eq!(finished.event("verdict")["verdict"], "failed", "{finished:?}");
}

#[test]
fn a_path_that_is_not_utf8_is_named_once_and_clearly() {
    let miniature = Miniature::new();
    let name: std::ffi::OsString =
        std::os::unix::ffi::OsStringExt::from_vec(b"work\xffbook".to_vec());
    let elsewhere = miniature.root().with_file_name(name);
    fs::rename(miniature.root(), &elsewhere).unwrap();
    let mut checker = Command::new(env!("CARGO_BIN_EXE_checker"));
    let finished = Finished::of(checker.arg("check").current_dir(&elsewhere).output().unwrap());
    fs::rename(&elsewhere, miniature.root()).unwrap();
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(finished.complaint().contains("the path of the workbook is not UTF-8"), "{finished:?}");
    assert!(!miniature.root().join("target").exists());
}
