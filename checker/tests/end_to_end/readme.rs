//! The README's first session is what a learner sees.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::miniature::{Finished, copy};

#[test]
fn the_first_page_is_the_one_in_the_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let (_, shown) = readme.split_once("$ make check\n").unwrap();
    let (shown, _) = shown.split_once("make: ***").unwrap();
    let directory = tempfile::tempdir().unwrap();
    for part in ["exercises", "checker"] {
        copy(&root.join(part), &directory.path().join(part));
    }
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(root.join(file), directory.path().join(file)).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_checker"));
    command.arg0("target/debug/checker").arg("check").current_dir(directory.path());
    command.stdin(Stdio::null()).env("SHOPFLOOR_BY_MAKE", "1");
    let finished = Finished::of(command.output().unwrap());
    assert_eq!(finished.stdout, shown, "{}", finished.stderr);
}
