//! After an edit: what is compiled without cargo gives the same verdict, and when cargo is asked all the same.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rstest::rstest;
use serde_json::Value;
use tempfile::TempDir;

use crate::miniature::{ANSWER, Finished, Miniature, outcome};

/// A workbook whose first exercise is solved and was checked, and a cargo that counts how often it is called.
struct Checked {
    miniature: Miniature,
    programs: TempDir,
}

impl Checked {
    fn new() -> Self {
        let programs = tempfile::tempdir().unwrap();
        let cargo = programs.path().join("cargo");
        let real = which("cargo");
        let script = format!("#!/bin/sh\necho >>\"$0.calls\"\nexec '{real}' \"$@\"\n");
        fs::write(&cargo, script).unwrap();
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
        let checked = Self { miniature: Miniature::with_answer("right"), programs };
        assert_eq!(checked.judge(&[])["verdict"], "passed");
        assert_eq!(checked.calls(), 1);
        checked
    }

    fn judge(&self, variables: &[(&str, &str)]) -> Value {
        let mut command = self.miniature.command(&["check", "answer", "--format", "json"]);
        let path = format!("{}:{}", self.programs.path().display(), std::env::var("PATH").unwrap());
        command.env("PATH", path).envs(variables.iter().copied());
        Finished::of(command.output().unwrap()).event("verdict")
    }

    fn calls(&self) -> usize {
        fs::read_to_string(self.programs.path().join("cargo.calls"))
            .map_or(0, |it| it.lines().count())
    }
}

fn which(name: &str) -> String {
    let path = std::env::var("PATH").unwrap();
    let all = path.split(':').map(|directory| format!("{directory}/{name}"));
    all.into_iter().find(|file| fs::metadata(file).is_ok()).unwrap()
}

/// A right answer with a warning.
const WARNED: &str =
    "//! Warns.\n\nfn unused() {}\n\n/// 42.\npub fn answer() -> u32 {\n    42\n}\n";

#[rstest]
#[case::right_in_other_words("//! Right.\n\n/// 42.\npub fn answer() -> u32 {\n    6 * 7\n}\n".to_owned())]
#[case::with_a_warning(WARNED.to_owned())]
#[case::wrong(outcome("wrong_answer"))]
#[case::it_does_not_compile(outcome("compile_error"))]
#[case::a_panic(outcome("panic"))]
#[case::a_crash(outcome("segfault"))]
#[case::an_early_exit(outcome("exit_0"))]
#[case::other_output(outcome("other_output"))]
fn without_cargo_the_verdict_is_the_same(#[case] answer: String) {
    let checked = Checked::new();
    checked.miniature.write(ANSWER, &answer);
    let rebuilt = checked.judge(&[]);
    assert_eq!(checked.calls(), 1, "{rebuilt:#}");
    let built = Miniature::new();
    built.write(ANSWER, &answer);
    assert_eq!(rebuilt, built.judge_answer());
    // And back, after whatever there was.
    checked.miniature.write(ANSWER, WARNED);
    assert_eq!(checked.judge(&[])["verdict"], "passed");
    assert_eq!(checked.calls(), 1);
}

#[test]
fn what_the_tests_do_not_find_is_an_error_of_the_compilers() {
    let checked = Checked::new();
    checked.miniature.write(ANSWER, &outcome("right").replace("answer()", "reply()"));
    let judged = checked.judge(&[]);
    assert_eq!(judged["verdict"], "does_not_compile");
    assert!(judged["message"].as_str().unwrap().contains("cannot find function `answer`"));
    assert_eq!(checked.calls(), 1);
}

#[test]
fn a_new_module_is_compiled_and_each_edit_of_it_judged() {
    let checked = Checked::new();
    let module = "exercises/01_part/01_answer/src/deep/thought.rs";
    checked.miniature.write(module, "pub const ANSWER: u32 = 42;\n");
    let answer = "//! Asks.\n\n#[path = \"deep/thought.rs\"]\nmod thought;\n\n/// It.\npub fn answer() -> u32 {\n    \
                  thought::ANSWER\n}\n";
    checked.miniature.write(ANSWER, answer);
    assert_eq!(checked.judge(&[])["verdict"], "passed");
    checked.miniature.write(module, "pub const ANSWER: u32 = 44;\n");
    assert_eq!(checked.judge(&[])["verdict"], "failed");
    assert_eq!(checked.calls(), 1);
}

#[rstest]
#[case::flags(|_: &Miniature| {}, &[("RUSTFLAGS", "-C target-cpu=native")])]
#[case::a_configuration(
    |m: &Miniature| m.write(".cargo/config.toml", "[build]\njobs = 2\n"),
    &[],
)]
#[case::a_program_in_the_compilers_place(|_: &Miniature| {}, &[("RUSTC_WRAPPER", "/usr/bin/env")])]
#[case::a_build_that_is_gone(|m: &Miniature| fs::remove_dir_all(m.root().join("target")).unwrap(), &[])]
fn cargo_is_asked_when_more_than_the_sources_has_changed(
    #[case] change: fn(&Miniature),
    #[case] variables: &[(&str, &str)],
) {
    let checked = Checked::new();
    change(&checked.miniature);
    checked.miniature.write(ANSWER, &outcome("wrong_answer"));
    assert_eq!(checked.judge(variables)["verdict"], "failed");
    assert_eq!(checked.calls(), 2);
}

#[test]
fn who_has_a_program_in_the_compilers_place_keeps_it_there() {
    let checked = Checked::new();
    let wrapper = checked.programs.path().join("wrapper");
    fs::write(&wrapper, "#!/bin/sh\necho >>\"$0.calls\"\nexec \"$@\"\n").unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let variables = [("RUSTC_WRAPPER", wrapper.to_str().unwrap())];
    let mut wrapped = 0;
    for (asked, name) in [(2, "wrong_answer"), (3, "panic")] {
        checked.miniature.write(ANSWER, &outcome(name));
        assert_eq!(checked.judge(&variables)["verdict"], "failed");
        assert_eq!(checked.calls(), asked);
        let calls = fs::read_to_string(wrapper.with_extension("calls")).unwrap().lines().count();
        assert!(calls > wrapped, "the wrapper was left out");
        wrapped = calls;
    }
}

#[test]
fn a_compiler_that_the_machine_fails_is_not_the_learners_fault() {
    let checked = Checked::new();
    // What the recipe links is gone in a way that its record does not show: cargo makes it anew.
    let recorded = checked.miniature.root().join("target/shopfloor/answer.json");
    let record = fs::read_to_string(&recorded).unwrap();
    assert!(record.contains("--crate-type"));
    fs::write(&recorded, record.replace("--crate-type", "--no-such-option")).unwrap();
    checked.miniature.write(ANSWER, &outcome("wrong_answer"));
    assert_eq!(checked.judge(&[])["verdict"], "failed");
    assert_eq!(checked.calls(), 2);
}

#[test]
fn only_of_the_exercise_that_is_edited_something_is_kept_for_the_next_edit() {
    let miniature = Miniature::with_answer("right");
    let next = outcome("right").replace("answer()", "next()");
    miniature.write("exercises/01_part/02_next/src/lib.rs", &next);
    let check = |name: &str| assert!(miniature.checker(&["check", name]).code.is_some());
    let kept = |name: &str| {
        let directory = miniature.root().join("target/shopfloor").join(name).join("incremental");
        fs::read_dir(directory).map_or(0, Iterator::count)
    };
    check("answer");
    check("next");
    assert_eq!((kept("answer"), kept("next")), (0, 0), "nobody has edited anything yet");
    miniature.write(ANSWER, &outcome("wrong_answer"));
    check("answer");
    assert!(kept("answer") > 0);
    miniature.write("exercises/01_part/02_next/src/lib.rs", &next.replace("42", "41"));
    check("next");
    assert_eq!(kept("answer"), 0);
    assert!(kept("next") > 0);
}
