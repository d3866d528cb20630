//! What `checker new` makes, and what it refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rstest::rstest;

use crate::miniature::{Finished, Miniature, copy};

/// A copy of the workbook that keeps what is built in it from one run to the next.
fn workbook() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let copied = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new");
    for part in ["exercises", "checker", "solutions"] {
        let _ = fs::remove_dir_all(copied.join(part));
        copy(&root.join(part), &copied.join(part));
    }
    fs::create_dir_all(copied.join("docs")).unwrap();
    for file in ["Cargo.toml", "Cargo.lock", "README.md", "docs/security.md"] {
        fs::copy(root.join(file), copied.join(file)).unwrap();
    }
    copied
}

fn checker(workbook: &Path, args: &[&str]) -> Finished {
    let mut command = Command::new(env!("CARGO_BIN_EXE_checker"));
    command.args(args).current_dir(workbook).stdin(Stdio::null());
    Finished::of(command.output().unwrap())
}

/// What a new exercise lacks; `edited` is the file that its learner edits.
fn missing(name: &str, edited: &str, more_tests: &str) -> String {
    let file = edited.trim_start_matches("src/");
    let nudge = "what this file holds, in a sentence.";
    format!(
        "    exercises/curriculum.toml: the title or the claims of `{name}` are unwritten
    README.md:1: TODO: a title (and N more)
    {edited}:1: TODO: {nudge} (and N more)
    tests/{name}.rs:1: TODO: what these tests ask, in a sentence. The easiest is the first. (and N more)
{more_tests}    src/main.rs:1: TODO: the experiment, in a sentence. What it prints is the same on every run.
    Cargo.toml:3: TODO: a title
    reference {file}:1: TODO: why this works, in a sentence or two. (and N more)
    README.md: the verdict is none of: holds, holds with limits, half wrong, wrong
    there are no pins yet: `checker pin {name}`
    hints.md:5: TODO: a nudge: a question that leads to the idea. (and N more)
    alternatives/: 0 of at least 3 right solutions in other styles
    wrong/example.patch:1: TODO: what its author believed, in a sentence. (and N more)
    the workbook's README.md does not list it
    docs/security.md: the table of which process decides has no row `| {name} | targets judged from outside | targets that call the learner's code |`
    kinds of mistakes that no known-wrong solution makes, and no reason in solutions/kinds.toml: KINDS
"
    )
}

/// Of each kind one: all compile, all tests are as they should be, and only texts and solutions are missing.
#[test]
fn a_new_exercise_is_whole_and_verify_names_what_is_left_to_write() {
    let workbook = workbook();
    let new = [["2.11", "gate"], ["3.6", "two_words"], ["4.2", "forks"]];
    for [number, name] in new {
        let finished = checker(&workbook, &["new", number, name]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(finished.stdout.contains(&format!("verify {name}")), "{finished:?}");
    }
    let finished = checker(&workbook, &["verify", "gate", "two_words", "forks"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let program = env!("CARGO_BIN_EXE_checker");
    let said = without_counts(&finished.stdout.replace(&format!("`{program} "), "`checker "));
    let said = without_kinds(&said);
    let protocol = "    tests/orderings.rs:23: TODO: the one ordering that is too weak\n    \
                    tests/protocol.rs:26: TODO: the one mistake that breaks this scenario\n";
    let timeline = "    tests/timeline.rs:12: TODO: the one mistake that usually has this effect (and N more)\n";
    let expected = format!(
        "✗ 2.11 gate                 stub fails 4/4, solution passes 5, wrong caught 1/1, degenerate caught 5/5\n{}\
         ✗ 3.6  two_words            stub fails 2/2, solution passes 3, wrong caught 1/1, degenerate caught 5/5\n{}\
         ✗ 4.2  forks                stub fails 3/3, solution passes 4, wrong caught 1/1, degenerate caught 5/5\n{}\
         0 of 3 exercises verified, 3 of 3 wrong solutions caught\n",
        missing("gate", "src/gate.rs", protocol),
        missing("two_words", "src/lib.rs", ""),
        missing("forks", "src/lib.rs", timeline),
    );
    assert!(said.starts_with(&expected), "{said}\n--- and not\n{expected}");
}

/// Which kinds are left depends on what the template's example is.
fn without_kinds(text: &str) -> String {
    const BEFORE: &str = "kinds.toml: ";
    let line = |line: &str| match line.split_once(BEFORE) {
        Some((before, _)) => format!("{before}{BEFORE}KINDS\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// `(and 3 more)` is `(and N more)`.
fn without_counts(text: &str) -> String {
    let mut parts = text.split("(and ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "(and N" + part.trim_start_matches(|c: char| c.is_ascii_digit())
    })
}

#[rstest]
#[case::no_number("three", "once", "write PART.PLACE, such as 2.9")]
#[case::a_number_that_is_taken("1.1", "once", "`answer` has the number 1.1; 1.3 is free")]
#[case::a_part_that_is_not_there("7.1", "once", "there is no part 7; the parts are 1.")]
#[case::a_name_that_is_taken("1.3", "answer", "`answer` is exercise 1.1 already")]
#[case::a_name_with_a_capital("1.3", "Once", "is no name of a crate")]
#[case::a_name_with_a_slash("1.3", "../once", "is no name of a crate")]
#[case::a_word_of_rust("1.3", "loop", "has a meaning for Rust")]
#[case::the_name_of_a_given_test("1.3", "protocol", "has a meaning for Rust, cargo or the tests")]
fn what_cannot_be_an_exercise_is_refused(
    #[case] number: &str,
    #[case] name: &str,
    #[case] why: &str,
) {
    let miniature = Miniature::new();
    let before = fs::read_dir(miniature.root().join("exercises/01_part")).unwrap().count();
    let curriculum = miniature.read("exercises/curriculum.toml");
    let finished = miniature.checker(&["new", number, name]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.complaint().contains(why), "{finished:?}");
    let after = fs::read_dir(miniature.root().join("exercises/01_part")).unwrap().count();
    assert_eq!((after, miniature.read("exercises/curriculum.toml")), (before, curriculum));
}

#[rstest]
#[case::the_exercise("exercises/01_part/03_once/notes.txt")]
#[case::its_solutions("solutions/01_part/03_once/once.rs")]
#[case::its_pins("checker/pins/01_part/03_once.toml")]
fn what_is_there_already_is_not_written_over(#[case] file: &str) {
    let miniature = Miniature::new();
    miniature.write(file, "mine");
    let finished = miniature.checker(&["new", "1.3", "once"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.complaint().contains("is there already; remove it"), "{finished:?}");
    assert_eq!(miniature.read(file), "mine");
    assert!(!miniature.read("exercises/curriculum.toml").contains("once"));
}

#[test]
fn nothing_half_made_is_left_when_a_file_cannot_be_written() {
    let miniature = Miniature::new();
    miniature.write("solutions", "a file where a directory belongs");
    let finished = miniature.checker(&["new", "1.3", "once"]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(!miniature.root().join("exercises/01_part/03_once").exists());
    assert!(!miniature.read("exercises/curriculum.toml").contains("once"));
}
