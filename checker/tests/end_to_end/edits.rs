//! Given files that are not as they were given, and what a learner may add.

use std::fs;
use std::time::{Duration, SystemTime};

use rstest::rstest;

use crate::miniature::{ANSWER, Miniature, outcome};

const TESTS: &str = "exercises/01_part/01_answer/tests/answer.rs";
const MANIFEST: &str = "exercises/01_part/01_answer/Cargo.toml";

#[rstest]
#[case::an_edited_test(
    |m: &Miniature| m.replace(TESTS, "42, \"the", "44, \"the"),
    "tests_missing",
    "tests/answer.rs:10 is not as it was given",
)]
#[case::an_ignored_test(
    |m: &Miniature| m.replace(TESTS, "#[test]\nfn it_is_42", "#[test]\n#[ignore]\nfn it_is_42"),
    "tests_missing",
    "tests/answer.rs:9 is not as it was given",
)]
#[case::an_emptied_test_file(|m: &Miniature| m.write(TESTS, ""), "tests_missing", "answer.rs was emptied")]
#[case::a_deleted_test_file(|m: &Miniature| m.remove(TESTS), "tests_missing", "answer.rs is missing")]
#[case::no_library_tests(
    |m: &Miniature| m.write(MANIFEST, &(m.read(MANIFEST) + "\n[lib]\ntest = false\n")),
    "workbook_edited",
    "01_answer/Cargo.toml:6 is not as it was given",
)]
#[case::a_build_script(
    |m: &Miniature| m.write("exercises/01_part/01_answer/build.rs", "fn main() {}\n"),
    "workbook_edited",
    "build.rs changes how the exercise is built",
)]
#[case::a_runner(
    |m: &Miniature| m.write(".cargo/config.toml", "[target.'cfg(all())']\nrunner = \"true\"\n"),
    "workbook_edited",
    ".cargo/config.toml sets `target.cfg(all()).runner`",
)]
#[case::a_wrapper_in_the_exercise(
    |m: &Miniature| m.write("exercises/01_part/01_answer/.cargo/config.toml", "[build]\nrustc-wrapper = \"x\"\n"),
    "workbook_edited",
    "sets `build.rustc-wrapper`",
)]
#[case::another_workspace_between(
    |m: &Miniature| m.write("exercises/01_part/Cargo.toml", "[workspace]\nmembers = [\"*\"]\n"),
    "workbook_edited",
    "exercises/01_part/Cargo.toml changes how the exercise is built",
)]
#[case::an_included_configuration(
    |m: &Miniature| m.write(".cargo/config.toml", "include = [\"other.toml\"]\n"),
    "workbook_edited",
    ".cargo/config.toml sets `include`",
)]
#[case::the_root_manifest(
    |m: &Miniature| m.write("Cargo.toml", &(m.read("Cargo.toml") + "\n[profile.dev]\npanic = \"abort\"\n")),
    "workbook_edited",
    "Cargo.toml is not as it was given",
)]
#[case::the_experiment(
    |m: &Miniature| m.replace("exercises/01_part/01_answer/src/main.rs", "{}", "42; {}"),
    "workbook_edited",
    "src/main.rs:4 is not as it was given",
)]
fn an_edit_ends_in_a_verdict_that_names_it(
    #[case] edit: fn(&Miniature),
    #[case] verdict: &str,
    #[case] phrase: &str,
) {
    let miniature = Miniature::with_answer("wrong_answer");
    edit(&miniature);
    let judged = miniature.judge_answer();
    assert_eq!(judged["verdict"], verdict, "{judged:#}");
    assert!(judged["message"].as_str().unwrap().contains(phrase), "{judged:#}");
}

#[test]
fn reset_given_restores_what_was_edited_deleted_and_added() {
    let miniature = Miniature::with_answer("right");
    let given = miniature.read(TESTS);
    miniature.remove(TESTS);
    miniature.write("exercises/01_part/01_answer/build.rs", "fn main() {}\n");
    assert_eq!(miniature.checker(&["reset", "answer", "--given"]).code, Some(0));
    assert_eq!(miniature.read(TESTS), given);
    assert_eq!(miniature.judge_answer()["verdict"], "passed");
}

#[test]
fn settings_that_decide_nothing_are_welcome() {
    let miniature = Miniature::with_answer("right");
    miniature.write(".cargo/config.toml", "[build]\njobs = 2\n\n[term]\nquiet = true\n");
    assert_eq!(miniature.judge_answer()["verdict"], "passed");
}

#[test]
fn a_learners_own_tests_are_welcome_and_do_not_count() {
    let miniature = Miniature::with_answer("right");
    miniature.write(
        "exercises/01_part/01_answer/tests/mine.rs",
        "#[test]\nfn mine() {\n    assert_eq!(answer::answer(), 43);\n}\n",
    );
    let judged = miniature.judge_answer();
    assert_eq!(judged["verdict"], "passed");
    assert_eq!(judged["tests"].as_array().unwrap().len(), 3, "two tests and the experiment");
}

#[rstest]
#[case::as_it_is("")]
#[case::with_a_target_named("[build]\ntarget = \"host-tuple\"\n")]
#[case::with_its_files_elsewhere("[build]\nbuild-dir = \"elsewhere\"\n")]
fn content_decides_and_not_file_times(#[case] configuration: &str) {
    let miniature = Miniature::with_answer("right");
    let host = host();
    miniature.write(".cargo/config.toml", &configuration.replace("host-tuple", &host));
    assert_eq!(miniature.judge_answer()["verdict"], "passed");
    // A wrong answer that looks as if it had been written long before the last build.
    miniature.write(ANSWER, &outcome("wrong_answer"));
    let file = fs::File::options().write(true).open(miniature.root().join(ANSWER)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(86_400 * 365)).unwrap();
    assert_eq!(miniature.judge_answer()["verdict"], "failed");
}

/// The target that this machine's compiler builds for.
pub fn host() -> String {
    let output = std::process::Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

#[test]
fn a_source_behind_a_link_is_judged_each_time() {
    let miniature = Miniature::new();
    let elsewhere = miniature.root().join("mine.rs");
    miniature.write("mine.rs", &outcome("right"));
    miniature.remove(ANSWER);
    std::os::unix::fs::symlink(elsewhere, miniature.root().join(ANSWER)).unwrap();
    assert_eq!(miniature.judge_answer()["verdict"], "passed");
    miniature.write("mine.rs", &outcome("wrong_answer"));
    assert_eq!(miniature.judge_answer()["verdict"], "failed");
}

#[test]
fn a_source_outside_of_src_is_judged_each_time() {
    let miniature = Miniature::new();
    let outside = "exercises/01_part/01_answer/mine.rs";
    miniature
        .write(ANSWER, "//! Uses.\n#[path = \"../mine.rs\"]\nmod mine;\npub use mine::answer;\n");
    assert_eq!(miniature.judge_answer()["verdict"], "does_not_compile");
    miniature.write(outside, &outcome("right"));
    assert_eq!(miniature.judge_answer()["verdict"], "passed");
    miniature.write(outside, &outcome("wrong_answer"));
    assert_eq!(miniature.judge_answer()["verdict"], "failed");
}
