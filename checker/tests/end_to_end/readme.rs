//! The README's session is what a learner sees, and its list of commands is whole.

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

#[test]
fn every_command_is_in_the_list_of_commands() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let listed = fs::read_to_string(root.join("docs/commands.md")).unwrap();
    let help = Command::new(env!("CARGO_BIN_EXE_checker")).arg("--help").output().unwrap();
    let help = Finished::of(help).stdout;
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    let names = commands.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names: Vec<&str> = names.filter(|name| !["", "help"].contains(name)).collect();
    assert!(names.len() >= 15, "{help}");
    for name in names {
        assert!(listed.contains(&format!("`checker {name}")), "docs/commands.md lacks {name}");
    }
}
