//! An exercise may get another number, and so another directory: nothing that is known of it is lost.

use crate::miniature::Miniature;

#[test]
fn a_learner_keeps_hints_passes_and_the_reference_under_another_number() {
    let miniature = Miniature::with_solutions();
    miniature.write(crate::miniature::ANSWER, &crate::miniature::outcome("right"));
    assert_eq!(miniature.checker(&["check", "answer"]).code, Some(0));
    let hint = miniature.checker(&["hint", "answer"]).stdout;
    assert!(hint.starts_with("answer: hint 1"), "{hint}");
    miniature.renumber_answer();
    let list = miniature.checker(&["list"]).stdout;
    assert!(list.contains("1.3  answer             not checked since it changed"), "{list}");
    assert!(list.contains("Numbers have holes where exercises are still to come."), "{list}");
    let hint = miniature.checker(&["hint", "answer"]).stdout;
    assert!(hint.starts_with("answer: hint 2"), "{hint}");
    // Only for those who have passed.
    let solution = miniature.checker(&["solution", "answer"]);
    assert_eq!(solution.code, Some(0), "{solution:?}");
    let check = miniature.checker(&["check", "--format", "json"]).event("summary");
    assert_eq!(
        (&check["passed"], &check["next"]),
        (&1.into(), &"01_part/02_next".into()),
        "{check}"
    );
}

#[test]
fn what_an_older_checker_remembered_by_directory_is_still_known() {
    let miniature = Miniature::with_solutions();
    let old = "[exercises.\"01_part/01_answer\"]\nhints = 1\nhas_passed = true\n";
    miniature.write(".shopfloor/progress.toml", old);
    miniature.renumber_answer();
    let hint = miniature.checker(&["hint", "answer"]).stdout;
    assert!(hint.starts_with("answer: hint 2"), "{hint}");
    assert_eq!(miniature.checker(&["solution", "answer"]).code, Some(0));
    let state = miniature.read(".shopfloor/progress.toml");
    assert!(state.contains("[exercises.answer]") && !state.contains("01_answer"), "{state}");
}
