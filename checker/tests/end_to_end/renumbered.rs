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
    assert!(list.contains("1.3 answer   M1    changed, not checked"), "{list}");
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

#[cfg(feature = "grade")]
#[test]
fn a_grading_keeps_its_results_and_counts_what_is_handed_in_under_the_old_number() {
    use crate::class::{Class, judged};
    let class = Class::new();
    class.student("ada", "right", Some("wrong_answer"));
    class.student("bob", "wrong_answer", None);
    class.grade(&[]);
    let points = |gradebook: &str| -> Vec<Vec<String>> {
        let mut reader = csv::Reader::from_reader(gradebook.as_bytes());
        let headings = reader.headers().unwrap().clone();
        let column = |name: &str| headings.iter().position(|heading| heading == name).unwrap();
        let columns = ["student", "answer", "next", "total", "open"].map(column);
        let line = |line: csv::StringRecord| columns.map(|at| line[at].to_owned()).to_vec();
        reader.records().map(|record| line(record.unwrap())).collect()
    };
    let before = points(&class.gradebook());
    assert_eq!(before[0], ["ada", "3", "1", "4", ""], "{before:?}");
    class.workbook.renumber_answer();
    let out = class.out();
    let scored = class.workbook.checker(&["score", out.to_str().unwrap()]);
    assert_eq!(scored.code, Some(0), "{scored:?}");
    assert_eq!(points(&class.gradebook()), before, "nothing was judged again");
    assert!(class.gradebook().starts_with("student,next,answer,"), "by the numbers of today");
    let again = class.grade(&["--format", "json"]);
    let verdicts = judged(&again);
    assert!(verdicts.contains(&"ada answer passed".to_owned()), "{again:?}");
    assert_eq!(points(&class.gradebook()), before, "{again:?}");
    let alone = class.submissions().join("ada");
    let out = class.directory.path().join("alone");
    let arguments = ["grade", alone.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let one = class.workbook.checker(&[&arguments[..], &["--format", "json"]].concat());
    assert!(judged(&one).contains(&"ada answer passed".to_owned()), "{one:?}");
}
