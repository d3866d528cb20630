//! The machine's failures: no space, a compiler that dies. They are nobody's, and a second run ends them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::attack::RIGHT;
use crate::class::{Class, judged};
use crate::graded::honest_have_all_points;
use crate::miniature::{ANSWER, Finished};

/// A class of two honest students.
fn class() -> Class {
    let class = Class::new();
    for student in ["1 honest", "2 honest"] {
        class.file(student, ANSWER, RIGHT);
    }
    class
}

const BOTH: [&str; 2] = ["1 honest answer passed", "2 honest answer passed"];

const OPEN: [&str; 2] = ["1 honest answer open", "2 honest answer open"];

fn grader(class: &Class) -> Command {
    let arguments = class.arguments(&["--format", "json", "--only", "answer", "--jobs", "1"]);
    class.workbook.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

fn finished(mut grader: Command) -> Finished {
    Finished::of(grader.output().unwrap())
}

/// The grader where this directory is a file system in memory of this size; `None` with a reason on
/// standard error where nobody may mount.
fn with_little_room(class: &Class, directory: &Path, kib: u32) -> Option<Finished> {
    let mount = format!("mount -t tmpfs -o size={kib}k,mode=755 none \"$0\" && exec \"$@\"");
    let options: &[&str] = match nix::unistd::Uid::effective().is_root() {
        true => &["--mount"],
        false => &["--map-root-user", "--user", "--mount"],
    };
    fs::create_dir_all(directory).unwrap();
    fs::create_dir_all(class.directory.path().join("tmp")).unwrap();
    let unshared = |command: &str| {
        let mut unshare = Command::new("unshare");
        unshare.args(options).args(["sh", "-c", command]).arg(directory);
        unshare
    };
    let can = unshared("mount -t tmpfs none \"$0\"").output();
    if !can.is_ok_and(|can| can.status.success()) {
        eprintln!("skipped: this host does not let a test mount a file system");
        return None;
    }
    let given = grader(class);
    let mut command = unshared(&mount);
    command.arg(given.get_program()).args(given.get_args());
    command.current_dir(class.workbook.root()).env("CARGO_NET_OFFLINE", "true");
    command.env("TMPDIR", class.directory.path().join("tmp"));
    Some(finished(command))
}

fn is_finished_by_a_second_run(class: &Class) {
    let again = finished(grader(class));
    assert_eq!(judged(&again), BOTH, "{again:?}");
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    honest_have_all_points(class);
}

#[test]
fn without_room_to_compile_nobody_has_failed() {
    let class = class();
    let work_dirs = class.workbook.root().join("target/judge/work");
    let Some(finished) = with_little_room(&class, &work_dirs, 400) else { return };
    assert_eq!(judged(&finished), OPEN, "{finished:?}");
    assert_eq!(finished.code, Some(3), "{}", finished.stderr);
    assert!(finished.stdout.contains("MiB are free where"), "{}", finished.stdout);
    is_finished_by_a_second_run(&class);
}

#[test]
fn without_room_to_run_nobody_has_failed() {
    let class = class();
    let temporary = class.directory.path().join("tmp");
    // One page: enough for the log of one test, and not for a second one's.
    let Some(finished) = with_little_room(&class, &temporary, 4) else { return };
    assert_eq!(judged(&finished), OPEN, "{finished:?}");
    assert_eq!(finished.code, Some(3), "{}", finished.stderr);
    is_finished_by_a_second_run(&class);
}

#[test]
fn without_room_for_the_results_nothing_is_lost_but_time() {
    let class = class();
    let Some(finished) = with_little_room(&class, &class.out(), 40) else { return };
    assert_eq!(finished.code, Some(3), "{finished:?}");
    is_finished_by_a_second_run(&class);
}

/// A compiler that stands before the true one, where a confined run sees it.
fn compiler(class: &Class, script: &str) -> PathBuf {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
    let sysroot = String::from_utf8(output.stdout).unwrap();
    let path = class.workbook.root().join("target/judge/stub/target/rustc");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // Whatever this test's umask is.
    fs::set_permissions(path.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *judge/work*)\n{script}\n;; esac\nexec {}/bin/rustc \"$@\"\n",
        sysroot.trim()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn a_compiler_that_is_killed_once_is_asked_again() {
    let class = class();
    let once = "target=${*##*--out-dir }; target=${target%% *}\n\
                [ -e \"$target/tried\" ] || { : >\"$target/tried\"; kill -9 $$; }";
    let compiler = compiler(&class, once);
    let mut grader = grader(&class);
    grader.env("RUSTC", compiler);
    let finished = finished(grader);
    assert_eq!(judged(&finished), BOTH, "{finished:?}");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
}

#[test]
fn a_compiler_that_always_dies_fails_nobody() {
    let class = class();
    let compiler = compiler(&class, "kill -9 $$");
    let mut grader = grader(&class);
    grader.env("RUSTC", compiler);
    let finished = finished(grader);
    assert_eq!(judged(&finished), OPEN, "{finished:?}");
    assert_eq!(finished.code, Some(3), "{}", finished.stderr);
    is_finished_by_a_second_run(&class);
}
