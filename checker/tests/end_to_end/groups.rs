//! Groups of tests in the curriculum, and code that does nothing, as `verify` judges them.

use rstest::rstest;

use crate::miniature::{ALLOWED, Miniature, SOLUTION};

const CURRICULUM: &str = "exercises/curriculum.toml";

/// Below the limits of the first exercise.
const LIMITS: &str = "limits = { test_seconds = 10 }\n";

/// The file that the learner edits.
const SOLVED: &str = "exercises/01_part/01_answer/src/lib.rs";

const GROUPS: &str = "
[[exercise.group]]
name = \"evenness\"
share = 1
tests = [\"answer::it_is_even\"]

[[exercise.group]]
name = \"the number\"
share = 2
heart = true
tests = [\"*\"]
";

fn with_groups(groups: &str) -> Miniature {
    let miniature = Miniature::with_solutions();
    miniature.replace(CURRICULUM, LIMITS, &format!("{LIMITS}{groups}"));
    miniature
}

fn verify(miniature: &Miniature, code: i32) -> String {
    let finished = miniature.checker(&["verify", "answer"]);
    assert_eq!(finished.code, Some(code), "{finished:?}");
    format!("{}{}", finished.stdout, finished.complaint())
}

#[test]
fn groups_that_fit_are_accepted() {
    let said = verify(&with_groups(GROUPS), 0);
    assert!(said.contains("degenerate caught 5/5"), "{said}");
}

#[test]
fn the_first_failure_is_of_the_first_stage_whatever_comes_first_in_the_file() {
    let stages = "
[[exercise.group]]
name = \"the number\"
share = 1
heart = true
tests = [\"answer::it_is_42\"]

[[exercise.group]]
name = \"evenness\"
share = 1
tests = [\"*\"]
";
    for (groups, first, stage) in [
        (stages, "it_is_42", Some("Stage 1 of 2: the number.")),
        (GROUPS, "it_is_even", Some("Stage 1 of 2: evenness.")),
        ("", "it_is_even", None),
    ] {
        let miniature = with_groups(groups);
        miniature.write(SOLVED, "/// The answer.\npub fn answer() -> u32 {\n    43\n}\n");
        let said = miniature.checker(&["check", "answer"]).stdout;
        assert!(said.contains(&format!("✗ {first}\n")), "{said}");
        let told = said.lines().map(str::trim).find(|line| line.starts_with("Stage"));
        assert_eq!(told, stage, "{said}");
    }
}

#[rstest]
#[case::no_test(
    "[\"*\"]",
    "[\"answer::it_is_odd\"]",
    "curriculum.toml:23: `answer::it_is_odd` of `the number` matches no test"
)]
#[case::left_over(
    "[\"*\"]",
    "[\"experiment\"]",
    "curriculum.toml:18: `answer::it_is_42` of `answer` is in no group"
)]
#[case::twice(
    "[\"*\"]",
    "[\"answer\"]",
    "`answer::it_is_even` of `answer` is in two groups, `evenness` and `the number`"
)]
fn groups_that_do_not_fit_the_tests_are_named(
    #[case] old: &str,
    #[case] new: &str,
    #[case] problem: &str,
) {
    let said = verify(&with_groups(&GROUPS.replace(old, new)), 1);
    assert!(said.contains(problem), "{said}");
}

#[rstest]
#[case::less_than_half("share = 1", "share = 3", "the heart of the exercise has 2 of 5 shares")]
#[case::no_heart("heart = true\n", "", "the heart of the exercise has 0 of 3 shares")]
#[case::no_share("share = 1", "share = 0", "0 is no usable share")]
#[case::one_name("the number", "evenness", "two groups of an exercise are called `evenness`")]
#[case::two_rests(
    "[\"answer::it_is_even\"]",
    "[\"*\"]",
    "is the second group with the tests that are left"
)]
#[case::unknown_key("heart", "hearts", "unknown field `hearts`")]
fn a_curriculum_with_groups_of_no_sense_is_refused_with_its_line(
    #[case] old: &str,
    #[case] new: &str,
    #[case] problem: &str,
) {
    let finished = with_groups(&GROUPS.replace(old, new)).checker(&["list"]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    let complaint = finished.complaint();
    assert!(complaint.contains("curriculum.toml:"), "{complaint}");
    assert!(complaint.contains(problem), "{complaint}");
}

#[test]
fn a_known_wrong_solution_earns_what_its_groups_earn() {
    let miniature = with_groups(GROUPS);
    let wrong = "//! Misconception: one less.\n//! Kind: edge value\n//! Caught by: it_is_42\n\
                 //! Message: the answer is 42\n\n/// 40.\npub fn answer() -> u32 {\n    40\n}\n";
    miniature.write("solutions/01_part/01_answer/wrong/less.rs", wrong);
    let odd = wrong.replace("40", "41").replace("one less", "odd");
    miniature.write("solutions/01_part/01_answer/wrong/odd.rs", &odd);
    let finished = miniature.checker(&["verify", "answer", "--points"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let said = &finished.stdout;
    assert!(said.contains("1 of 3  less") && said.contains("0 of 3  odd"), "{said}");
    assert!(said.contains("0 of 2 wrong solutions earn more than two thirds"), "{said}");
    // Without groups each of the two tests has half.
    miniature.replace(CURRICULUM, GROUPS, "");
    let said = miniature.checker(&["verify", "answer", "--points"]).stdout;
    assert!(said.contains("1.5 of 3  less"), "{said}");
}

#[test]
fn a_test_that_passes_on_code_that_does_nothing_is_named_with_what_that_code_does() {
    let miniature = Miniature::with_solutions();
    miniature.remove("solutions/degenerate.toml");
    let said = verify(&miniature, 1);
    assert!(said.contains("`answer::it_is_even` passes on code that returns defaults"), "{said}");
    assert!(said.contains("degenerate caught 4/5"), "{said}");
    assert!(!said.contains("exits with 0") && !said.contains("never returns"), "{said}");
}

#[test]
fn a_test_that_looks_at_nothing_passes_on_every_one_of_them() {
    let miniature = Miniature::with_solutions();
    // The experiment is another program: that it exits says nothing.
    let vacuous = "//! What is left.\n\n#[test]\nfn it_leaves_no_trace() {\n    \
                   let experiment = std::process::Command::new(env!(\"CARGO_BIN_EXE_answer\"));\n    \
                   let done = { experiment }.output().unwrap();\n    \
                   assert!(done.status.success() && done.stderr.is_empty());\n}\n";
    miniature.write("exercises/01_part/01_answer/tests/trace.rs", vacuous);
    assert_eq!(miniature.checker(&["pin", "answer"]).code, Some(0));
    let said = verify(&miniature, 1);
    for does in ["exits with 0 before main", "exits with 0 in each function"] {
        let problem = format!("`trace::it_leaves_no_trace` passes on code that {does}");
        assert!(said.contains(&problem), "{said}");
    }
    assert!(said.contains("prints the expected text and exits with 0"), "{said}");
    assert!(!said.contains("never returns"), "{said}");
}

#[test]
fn an_exception_without_a_reason_or_without_a_use_is_named() {
    let miniature = Miniature::with_solutions();
    let place = "solutions/degenerate.toml";
    miniature.write(place, &ALLOWED.replace("it_is_even", "it_is_*"));
    assert!(verify(&miniature, 0).contains("degenerate caught 5/5"));
    miniature.write(place, &format!("{ALLOWED}{}", ALLOWED.replace("it_is_even", "it_is_42")));
    let said = verify(&miniature, 1);
    assert!(said.contains("lists `answer::it_is_42`, which does not pass"), "{said}");
    miniature.write(place, &ALLOWED.replace("0 is an even number.", ""));
    let refused = miniature.checker(&["verify", "answer"]);
    assert!(refused.complaint().contains("no reason"), "{refused:?}");
    miniature.write(place, &ALLOWED.replace("returns defaults", "returns faults"));
    let refused = miniature.checker(&["verify", "answer"]);
    assert!(refused.complaint().contains("`returns faults` is none of"), "{refused:?}");
    assert!(miniature.read(SOLUTION).contains("answer"));
}
