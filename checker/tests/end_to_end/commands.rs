//! The commands, as a learner uses them.

use crate::miniature::{ANSWER, Finished, Miniature, NEXT, SOLUTION, outcome};

#[test]
fn a_fresh_workbook_says_where_to_start_and_compiles_nothing() {
    let miniature = Miniature::new();
    let finished = miniature.checker(&[]);
    assert_eq!(finished.code, Some(1));
    assert!(finished.stdout.contains("0 of 2 pass"), "{}", finished.stdout);
    assert!(finished.stdout.contains("edit  exercises/01_part/01_answer/src/lib.rs:5"));
    assert!(!miniature.root().join("target").exists(), "nothing was compiled");
}

#[test]
fn solving_an_exercise_moves_on_and_solving_all_exits_0() {
    let miniature = Miniature::with_answer("right");
    let finished = miniature.checker(&["check"]);
    assert_eq!(finished.code, Some(1));
    assert!(finished.stdout.contains("1 of 2 pass"), "{}", finished.stdout);
    assert!(finished.stdout.contains("edit     exercises/01_part/02_next/src/lib.rs:5"));
    miniature.write(NEXT, &outcome("right").replace("answer()", "next()"));
    let finished = miniature.checker(&["check"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.contains("All 2 exercises pass"), "{}", finished.stdout);
}

#[test]
fn an_unchanged_exercise_is_not_judged_again_and_a_changed_one_is() {
    let miniature = Miniature::with_answer("right");
    assert_eq!(miniature.judge_answer()["cached"], false);
    assert_eq!(miniature.judge_answer()["cached"], true);
    miniature.write(ANSWER, &outcome("wrong_answer"));
    let judged = miniature.judge_answer();
    assert_eq!((&judged["cached"], &judged["verdict"]), (&false.into(), &"failed".into()));
}

#[test]
fn a_summary_is_the_last_line_and_counts() {
    let miniature = Miniature::with_answer("right");
    let finished = miniature.checker(&["--format", "json"]);
    let last: serde_json::Value =
        serde_json::from_str(finished.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "summary");
    assert_eq!((&last["passed"], &last["total"]), (&1.into(), &2.into()));
    assert_eq!(last["next"], "01_part/02_next");
}

#[test]
fn an_exercise_is_named_by_name_number_or_path() {
    let miniature = Miniature::new();
    for name in ["next", "1.2", "01_part/02_next", "exercises/01_part/02_next/", "02_next"] {
        let finished = miniature.checker(&["check", name, "--format", "json"]);
        assert_eq!(finished.event("verdict")["exercise"], "01_part/02_next", "{name}");
    }
}

#[test]
fn an_unknown_exercise_suggests_the_nearest_and_is_wrong_usage() {
    let finished = Miniature::new().checker(&["check", "answr"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.complaint().contains("did you mean `answer`?"), "{finished:?}");
}

#[test]
fn a_wrong_option_is_wrong_usage() {
    assert_eq!(Miniature::new().checker(&["check", "--no-such-option"]).code, Some(2));
}

#[test]
fn each_hint_is_given_once_and_remembered() {
    let miniature = Miniature::new();
    for (count, words) in ["first", "second", "third", "third"].into_iter().enumerate() {
        let finished = miniature.checker(&["hint"]);
        assert!(finished.stdout.contains(&format!("The {words} hint.")), "{count}: {finished:?}");
    }
    let finished = miniature.checker(&["check"]);
    assert!(finished.stdout.contains("(3 of 3 given)"), "{}", finished.stdout);
}

#[test]
fn reset_restores_the_stub_and_keeps_what_was_there() {
    let miniature = Miniature::new();
    let stub = miniature.read(ANSWER);
    miniature.write(ANSWER, &outcome("right"));
    assert_eq!(miniature.checker(&["reset", "answer"]).code, Some(0));
    assert_eq!(miniature.read(ANSWER), stub);
    let kept = miniature.read(".shopfloor/backups/answer.reset-1/src/lib.rs");
    assert_eq!(kept, outcome("right"));
}

#[test]
fn reset_does_not_replace_what_it_cannot_keep() {
    let miniature = Miniature::new();
    miniature.remove(ANSWER);
    // A link to itself: something is there that nobody can read, root included.
    std::os::unix::fs::symlink("lib.rs", miniature.root().join(ANSWER)).unwrap();
    let finished = miniature.checker(&["reset", "answer"]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(finished.complaint().contains("lib.rs: cannot read"), "{finished:?}");
    assert!(miniature.root().join(ANSWER).is_symlink());
}

#[test]
fn an_error_that_nobody_reads_keeps_its_exit_code() {
    let miniature = Miniature::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_checker"));
    command.args(["check", "no_such"]).current_dir(miniature.root()).stderr(writer);
    assert_eq!(command.status().unwrap().code(), Some(2));
}

#[test]
fn verify_names_a_solution_that_cannot_be_read() {
    let miniature = Miniature::with_solutions();
    let solution = miniature.root().join(SOLUTION);
    std::fs::write(solution, b"\xff").unwrap();
    let finished = miniature.checker(&["verify", "answer"]);
    assert_eq!(finished.code, Some(1));
    assert!(finished.stdout.contains("the solution cannot be judged"), "{finished:?}");
}

#[test]
fn a_deleted_file_of_the_learners_is_named_and_reset_puts_the_stub_there() {
    let miniature = Miniature::new();
    miniature.remove(ANSWER);
    let judged = miniature.judge_answer();
    assert_eq!(judged["verdict"], "does_not_compile");
    assert!(judged["message"].as_str().unwrap().contains("checker reset answer"), "{judged:#}");
    assert_eq!(miniature.checker(&["reset", "answer"]).code, Some(0));
    assert_eq!(miniature.judge_answer()["verdict"], "not_started");
}

#[test]
fn a_solution_is_shown_after_a_pass_or_by_force() {
    let miniature = Miniature::new();
    assert_eq!(
        miniature.checker(&["solution", "answer", "--force"]).code,
        Some(2),
        "there is none"
    );
    miniature.write(SOLUTION, "//! The reference's own words.\n");
    let refused = miniature.checker(&["solution", "answer"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.complaint().contains("has not passed yet"), "{refused:?}");
    let forced = miniature.checker(&["solution", "answer", "--force"]);
    assert!(forced.stdout.contains("The reference's own words"), "{forced:?}");
    miniature.write(ANSWER, &outcome("right"));
    miniature.checker(&["check", "answer"]);
    let shown = miniature.checker(&["solution", "answer"]);
    assert!(shown.stdout.contains("+ //! The reference's own words"), "{shown:?}");
}

#[test]
fn run_shows_the_experiment_and_compares_it() {
    let miniature = Miniature::with_answer("right");
    let finished = miniature.checker(&["run", "answer"]);
    assert_eq!(finished.code, Some(0));
    assert!(finished.stdout.contains("the answer is 42"), "{finished:?}");
    miniature.write(ANSWER, &outcome("wrong_answer"));
    let finished = miniature.checker(&["run", "answer"]);
    assert_eq!(finished.code, Some(1));
    assert!(finished.stdout.contains("+ the answer is 44"), "{finished:?}");
}

#[test]
fn list_names_every_exercise_and_notices_a_change() {
    let miniature = Miniature::with_answer("right");
    miniature.checker(&["check"]);
    let list = miniature.checker(&["list"]).stdout;
    assert!(
        list.contains("1.1 answer   M1    passed      3/3   0/3   3       The answer\n"),
        "{list}"
    );
    assert!(list.contains("1.2 next     M2    not started       0/3   "), "{list}");
    assert!(!list.contains("holes"), "{list}");
    miniature.write(ANSWER, &outcome("wrong_answer"));
    let list = miniature.checker(&["list"]).stdout;
    assert!(list.contains("1.1 answer   M1    changed, not checked"), "{list}");
}

#[test]
fn doctor_looks_at_everything_it_promises() {
    let finished = Miniature::new().checker(&["doctor"]);
    for name in ["kernel", "toolchain", "linker", "isolation", "ptrace", "cores", "disk"] {
        assert!(finished.stdout.contains(name), "{name}: {finished:?}");
    }
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[test]
fn without_a_terminal_there_is_no_colour_and_every_line_fits() {
    let miniature = Miniature::with_answer("wrong_answer");
    let finished = miniature.checker(&["check"]);
    assert!(!finished.stdout.contains('\x1b'));
    for line in finished.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn pins_of_the_miniature_are_current() {
    let miniature = Miniature::new();
    let pinned = miniature.read("checker/pins/01_part/01_answer.toml");
    assert_eq!(miniature.checker(&["pin"]).code, Some(0));
    assert_eq!(miniature.read("checker/pins/01_part/01_answer.toml"), pinned);
}

#[test]
fn verify_accepts_a_sound_workbook() {
    let miniature = Miniature::with_solutions();
    let wrong = "//! Misconception: any even number will do.\n//! Kind: wrong result\n//! Caught by: it_is_42\n\
                 //! Message: the answer is 42\n\n/// 44.\npub fn answer() -> u32 {\n    44\n}\n";
    miniature.write("solutions/01_part/01_answer/wrong/even.rs", wrong);
    let finished = miniature.checker(&["verify"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.contains("stub fails 2/2, solution passes 3, wrong caught 1/1"));
    assert!(finished.stdout.contains("2 of 2 exercises verified, 1 of 1 wrong solutions caught"));
}

#[test]
fn verify_builds_what_has_not_changed_once() {
    let miniature = Miniature::with_solutions();
    let built = || {
        assert_eq!(miniature.checker(&["verify"]).code, Some(0));
        ["stub", "solution"].map(|build_dir| {
            let record = format!("target/judge/{build_dir}/target/shopfloor/answer.json");
            std::fs::metadata(miniature.root().join(record)).unwrap().modified().unwrap()
        })
    };
    assert_eq!(built(), built());
}

#[test]
fn two_verifications_at_once_take_turns() {
    let miniature = Miniature::with_solutions();
    let both = [miniature.start(&["verify"]), miniature.start(&["verify"])];
    for verification in both {
        let finished = Finished::of(verification.wait_with_output().unwrap());
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
}

#[test]
fn an_exercise_that_was_moved_is_pinned_at_its_new_place() {
    let miniature = Miniature::new();
    assert_eq!(miniature.checker(&["pin"]).code, Some(0));
    let exercises = miniature.root().join("exercises/01_part");
    std::fs::rename(exercises.join("02_next"), exercises.join("03_next")).unwrap();
    miniature.replace("exercises/curriculum.toml", "02_next", "03_next");
    miniature.replace("exercises/curriculum.toml", "\"1.2\"", "\"1.3\"");
    let finished = miniature.checker(&["pin"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[test]
fn verify_names_everything_that_is_unsound() {
    let miniature = Miniature::with_solutions();
    miniature.write(SOLUTION, &outcome("wrong_answer"));
    let uncaught = "//! Misconception: none.\n//! Kind: wrong result\n//! Caught by: it_is_42\n//! Message: x\n\n\
                    /// 42.\npub fn answer() -> u32 {\n    42\n}\n";
    miniature.write("solutions/01_part/01_answer/wrong/right_after_all.rs", uncaught);
    miniature
        .write("solutions/01_part/02_next/wrong/undeclared.rs", "pub fn next() -> u32 { 1 }\n");
    miniature.replace("exercises/01_part/02_next/src/main.rs", "prints", "shows");
    miniature.replace("exercises/01_part/02_next/README.md", "## Read\n", "");
    let finished = miniature.checker(&["verify"]);
    assert_eq!(finished.code, Some(1));
    for phrase in [
        "the solution must pass; it is: failed",
        "wrong/right_after_all.rs: it passes every test",
        "wrong/undeclared.rs: it must begin with",
        "the pins are not current (src/main.rs)",
        "README.md: `## Read` is missing",
        "0 of 2 exercises verified",
    ] {
        assert!(finished.stdout.contains(phrase), "{phrase}: {}", finished.stdout);
    }
}

#[cfg(not(feature = "tui"))]
#[test]
fn a_checker_without_its_screen_says_how_to_get_one() {
    for args in [&["watch"][..], &["watch", "answer", "--plain"]] {
        let finished = Miniature::new().checker(args);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(
            finished.complaint().contains("`make watch` builds one that has it"),
            "{finished:?}"
        );
    }
}
