//! What authors do with solutions: alternatives, wrong ones as patches, a whole solved workbook.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::miniature::{ANSWER, Miniature, SOLUTION};

const WRONG: &str = "solutions/01_part/01_answer/wrong";
const ALTERNATIVES: &str = "solutions/01_part/01_answer/alternatives";

const REFERENCE: &str = "//! The answer.\n\n/// 42.\npub fn answer() -> u32 {\n    let six = 6;\n    \
                         let seven = 7;\n    six * seven\n}\n\n/// Not asked for.\npub fn other() -> u32 {\n    \
                         1\n}\n";

const DECLARATION: &str = "Misconception: seven is eight.\nKind: edge value\nCaught by: it_is_42\n\
                           Message: the answer is 42\n";

/// A workbook whose reference is [`REFERENCE`], with a patch `eight` that makes a 48 of it.
fn with_patch() -> Miniature {
    let miniature = Miniature::with_solutions();
    miniature.write(SOLUTION, REFERENCE);
    let copy = commented(DECLARATION) + "\n" + &REFERENCE.replace("= 7", "= 8");
    miniature.write("eight.rs", &copy);
    let finished = miniature.checker(&["wrong", "answer", "eight", "eight.rs"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    miniature
}

fn commented(declaration: &str) -> String {
    declaration.lines().map(|line| format!("//! {line}\n")).collect()
}

/// What `verify` says of the first exercise, which it must not accept.
fn problems(miniature: &Miniature) -> String {
    let finished = miniature.checker(&["verify", "answer"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    finished.stdout
}

#[test]
fn an_edited_copy_becomes_a_patch_and_the_patch_a_whole_file() {
    let miniature = with_patch();
    let patch = miniature.read(&format!("{WRONG}/eight.patch"));
    assert!(patch.starts_with(&format!("{DECLARATION}\n--- lib.rs\n+++ lib.rs\n@@ ")), "{patch}");
    assert!(patch.contains("-    let seven = 7;\n+    let seven = 8;\n"), "{patch}");
    let printed = miniature.checker(&["wrong", "answer", "eight"]).stdout;
    assert_eq!(printed, miniature.read("eight.rs"));
    let finished = miniature.checker(&["verify", "answer"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.contains("wrong caught 1/1"), "{finished:?}");
}

#[test]
fn a_copy_without_a_declaration_keeps_that_of_the_patch_and_a_new_one_needs_one() {
    let miniature = with_patch();
    miniature.write("nine.rs", &REFERENCE.replace("= 7", "= 9"));
    assert_eq!(miniature.checker(&["wrong", "answer", "eight", "nine.rs"]).code, Some(0));
    let patch = miniature.read(&format!("{WRONG}/eight.patch"));
    assert!(patch.starts_with(DECLARATION) && patch.contains("seven = 9"), "{patch}");
    let refused = miniature.checker(&["wrong", "answer", "nine", "nine.rs"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    for phrase in ["nine.rs", "Misconception", "//! Kind: check then act"] {
        assert!(refused.complaint().contains(phrase), "{phrase}: {refused:?}");
    }
    let unknown = miniature.checker(&["wrong", "answer", "ten"]);
    assert!(unknown.complaint().contains("there are: eight"), "{unknown:?}");
}

#[test]
fn verify_names_a_patch_that_applies_no_more_and_one_that_formats() {
    let miniature = with_patch();
    miniature.write(SOLUTION, &REFERENCE.replace("let seven = 7", "let seven: u32 = 7"));
    let said = problems(&miniature);
    assert!(said.contains("wrong/eight.patch: it does not apply any more"), "{said}");
    miniature.write(SOLUTION, REFERENCE);
    let layout = REFERENCE
        .replace("= 7", "= 8")
        .replace("pub fn other() -> u32 {\n    1\n}\n", "pub fn other() -> u32 { 1 }\n");
    miniature.write("eight.rs", &layout);
    miniature.checker(&["wrong", "answer", "eight", "eight.rs"]);
    let said = problems(&miniature);
    assert!(said.contains("at line 9 of its base is nothing but formatting"), "{said}");
}

#[test]
fn the_kinds_of_mistakes_are_counted_and_an_unknown_one_is_named() {
    let miniature = with_patch();
    let table = miniature.checker(&["verify"]).stdout;
    assert!(table.contains("wrong by kind     1.1  1.2\n"), "{table}");
    assert!(table.contains("edge value          1    ·\n"), "{table}");
    let verification = miniature.checker(&["verify", "--format", "json"]).event("verification");
    assert_eq!(verification["kinds"]["edge value"]["answer"], 1);
    assert_eq!(verification["kinds"]["ordering"], serde_json::json!({}));
    miniature.replace(&format!("{WRONG}/eight.patch"), "edge value", "edge of the world");
    let said = problems(&miniature);
    assert!(said.contains("`edge of the world` is no kind of mistake"), "{said}");
}

#[test]
fn an_alternative_must_pass() {
    let miniature = with_patch();
    let sum = "//! By addition.\n\n/// 42.\npub fn answer() -> u32 {\n    (3..=9).sum()\n}\n";
    miniature.write(&format!("{ALTERNATIVES}/by_addition.rs"), sum);
    let finished = miniature.checker(&["verify", "answer"]);
    assert!(finished.stdout.contains("solution passes 3, alternatives 1/1,"), "{finished:?}");
    let sound =
        miniature.checker(&["soundness", "answer", "--solution-runs", "2", "--wrong-runs", "1"]);
    assert!(sound.stdout.contains("0 false failures in 4 runs"), "{sound:?}");
    miniature.write(&format!("{ALTERNATIVES}/by_addition.rs"), &sum.replace("..=9", "..9"));
    let said = problems(&miniature);
    assert!(said.contains("alternatives/by_addition.rs must pass; it is: failed"), "{said}");
    let sound =
        miniature.checker(&["soundness", "answer", "--solution-runs", "2", "--wrong-runs", "1"]);
    assert!(sound.stdout.contains("by_addition: 2 of 2 runs"), "{sound:?}");
}

#[test]
fn a_patch_may_be_against_an_alternative() {
    let miniature = with_patch();
    let sum = "//! By addition.\n\n/// 42.\npub fn answer() -> u32 {\n    (3..=9).sum()\n}\n";
    miniature.write(&format!("{ALTERNATIVES}/by_addition.rs"), sum);
    let declaration = format!("{DECLARATION}Against: by_addition\n");
    miniature.write("ten.rs", &(commented(&declaration) + "\n" + &sum.replace("..=9", "..=10")));
    assert_eq!(miniature.checker(&["wrong", "answer", "ten", "ten.rs"]).code, Some(0));
    let finished = miniature.checker(&["verify", "answer"]);
    assert!(finished.stdout.contains("wrong caught 2/2"), "{finished:?}");
    fs::remove_file(miniature.root().join(ALTERNATIVES).join("by_addition.rs")).unwrap();
    let said = problems(&miniature);
    assert!(said.contains("there is no alternatives/by_addition.rs to apply it to"), "{said}");
}

#[test]
fn patches_follow_a_reference_that_has_changed_elsewhere_and_the_rest_is_named() {
    let miniature = with_patch();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        let mut git = Command::new("git");
        git.args(identity).args(arguments).current_dir(miniature.root());
        assert!(git.output().unwrap().status.success(), "{arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "solutions"]);
    git(&["commit", "-q", "-m", "as it was"]);
    // The lines beside the mistake: no merge can tell what is meant.
    miniature.write(SOLUTION, &REFERENCE.replace("six * seven", "seven * six // either way"));
    assert!(problems(&miniature).contains("does not apply"));
    let carried = miniature.checker(&["wrong", "--rebase"]);
    assert_eq!(carried.code, Some(1), "adjacent lines are both changed: {carried:?}");
    assert!(carried.stdout.contains("both changed the same lines"), "{carried:?}");
    let both = fs::read_to_string(miniature.root().join("target/wrong/answer/eight.rs")).unwrap();
    assert!(both.contains("<<<<<<<") && both.contains("let seven = 8"), "{both}");
    miniature.write(SOLUTION, &REFERENCE.replace("let six", "// Six.\n    let six"));
    let carried = miniature.checker(&["wrong", "--rebase", "answer"]);
    assert_eq!(carried.code, Some(0), "{carried:?}");
    assert!(carried.stdout.contains("1 carried over, 0 left to you"), "{carried:?}");
    assert_eq!(miniature.checker(&["verify", "answer"]).code, Some(0));
}

#[test]
fn a_solved_workbook_is_whole_and_passes() {
    let miniature = with_patch();
    let there = tempfile::tempdir().unwrap();
    let solved = there.path().join("solved");
    let write = |arguments: &[&str]| {
        let mut all = vec!["solved", solved.to_str().unwrap()];
        all.extend(arguments);
        miniature.checker(&all)
    };
    assert_eq!(write(&[]).code, Some(0));
    assert_eq!(fs::read_to_string(solved.join(ANSWER)).unwrap(), REFERENCE);
    assert!(!solved.join("solutions").exists());
    let check = |directory: &Path| {
        let workbook = directory.to_str().unwrap();
        miniature.checker(&["--workbook", workbook, "check"]).code
    };
    assert_eq!(check(&solved), Some(0));
    assert_eq!(write(&["--wrong", "answer/eight"]).code, Some(0));
    assert!(fs::read_to_string(solved.join(ANSWER)).unwrap().contains("= 8"));
    assert_eq!(check(&solved), Some(1));
}

#[test]
fn a_directory_with_something_else_in_it_is_not_solved() {
    let miniature = with_patch();
    let there = tempfile::tempdir().unwrap();
    fs::write(there.path().join("mine"), "").unwrap();
    let refused = miniature.checker(&["solved", there.path().to_str().unwrap()]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.complaint().contains("it is not empty"), "{refused:?}");
    let unknown = miniature.checker(&["solved", "x", "--wrong", "answer/nine"]);
    assert!(unknown.complaint().contains("there are: eight"), "{unknown:?}");
    assert!(!miniature.root().join("x").exists());
}
