//! One class on several machines: the parts, joined, are what one machine would have found.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::class::{Class, judged};
use crate::miniature::{Finished, Miniature};

/// Ada and bob are in part 3 of 3, fay is in part 1, and nobody is in part 2; hal would be.
fn class() -> Class {
    let class = Class::new();
    class.student("ada", "right", Some("wrong_answer"));
    class.file("ada", "exercises/01_part/01_answer/tests/answer.rs", "#[test] fn easy() {}");
    class.student("fay", "compile_error", Some("right"));
    fs::write(class.submissions().join("bob.zip"), "no archive").unwrap();
    class
}

impl Class {
    fn place(&self, name: &str) -> PathBuf {
        self.out().with_file_name(name)
    }

    fn grade_into(&self, name: &str, more: &[&str]) -> Finished {
        let (from, out) = (self.submissions(), self.place(name));
        let out = out.to_str().unwrap();
        // Several machines that are to find the same draw from the same.
        let own = ["grade", from.to_str().unwrap(), "--out", out, "--seed", "7"];
        self.workbook.checker(&[&own, more].concat())
    }

    fn grade_part(&self, number: usize, more: &[&str]) -> Finished {
        let part = format!("{number}/3");
        let more = [&["--format", "json", "--partition", &part], more].concat();
        self.grade_into(&format!("part-{number}"), &more)
    }

    fn merge(&self, parts: &[&str], out: &str) -> Finished {
        let parts: Vec<PathBuf> = parts.iter().map(|part| self.place(part)).collect();
        let parts = parts.iter().map(|part| part.to_str().unwrap());
        let out = self.place(out);
        let arguments: Vec<&str> =
            ["merge"].into_iter().chain(parts).chain(["--out", out.to_str().unwrap()]).collect();
        self.workbook.checker(&arguments)
    }

    fn gradebook_in(&self, name: &str) -> String {
        fs::read_to_string(self.place(name).join("gradebook.csv")).unwrap()
    }
}

/// Every row of every table: a table or a column that merging forgets is missed here.
fn rows(directory: &Path) -> Vec<(String, Vec<Value>)> {
    let database = Connection::open(directory.join("results.sqlite")).unwrap();
    let mut names = database
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        .unwrap();
    let tables: Vec<String> =
        names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut all = Vec::new();
    for table in tables {
        let order = if table == "part" { "1" } else { "1, 2" };
        let query = format!("SELECT * FROM {table} ORDER BY {order}");
        let mut query = database.prepare(&query).unwrap();
        let columns = query.column_count();
        let values = query.query_map([], |row| (0..columns).map(|nth| row.get(nth)).collect());
        all.extend(values.unwrap().map(|row| (table.clone(), row.unwrap())));
    }
    all
}

#[test]
fn three_parts_joined_are_the_whole_to_the_last_byte() {
    let class = class();
    // What counts comes along: with it, an answer is worth seven times as much.
    let scheme = class.place("course.toml");
    fs::write(&scheme, "[[exercise]]\nname = \"answer\"\nweight = 700\n").unwrap();
    let scheme = ["--scheme", scheme.to_str().unwrap()];
    // Bob's archive needs a person.
    assert_eq!(class.grade_into("whole", &scheme).code, Some(1));
    let judged: Vec<Vec<String>> = (1..=3)
        .map(|number| {
            let finished = class.grade_part(number, &scheme);
            let expected = if number == 3 { 1 } else { 0 };
            assert_eq!(finished.code, Some(expected), "{finished:?}");
            judged(&finished)
        })
        .collect();
    assert_eq!(judged[0], ["fay answer does_not_compile", "fay next passed"]);
    assert_eq!(judged[1], Vec::<String>::new());
    assert_eq!(judged[2].len(), 4, "{judged:?}");
    assert_eq!(class.gradebook_in("part-2").lines().count(), 1);
    assert_eq!(class.gradebook_in("part-3").lines().count(), 3);

    for order in [["part-1", "part-2", "part-3"], ["part-3", "part-1", "part-2"]] {
        let out = format!("merged-from-{}", order[0]);
        let merged = class.merge(&order, &out);
        assert_eq!(merged.code, Some(0), "{merged:?}");
        assert!(merged.stdout.contains("New are 3 submissions and 6 results"), "{merged:?}");
        assert_eq!(class.gradebook_in(&out), class.gradebook_in("whole"));
        assert_eq!(rows(&class.place(&out)), rows(&class.place("whole")));
        let again = class.merge(&order, &out);
        assert!(again.stdout.contains("New are 0 submissions and 0 results"), "{again:?}");
        assert_eq!(class.gradebook_in(&out), class.gradebook_in("whole"));
    }
    // The joined results are as good as one's own: nothing is judged again.
    let finished = class.grade_into("merged-from-part-1", &["--format", "json"]);
    assert_eq!(self::judged(&finished), Vec::<String>::new());
}

#[test]
fn another_copy_of_the_workbook_finds_the_same() {
    let class = class();
    class.grade_into("whole", &[]);
    let (copy, elsewhere) = (Miniature::below("elsewhere"), class.place("elsewhere"));
    let (from, out) = (class.submissions(), elsewhere.to_str().unwrap());
    let arguments = ["grade", from.to_str().unwrap(), "--out", out, "--only", "answer"];
    let finished = copy.checker(&[&arguments[..], &["--seed", "7"]].concat());
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let merged = class.merge(&["whole", "elsewhere"], "merged");
    assert_eq!(merged.code, Some(0), "{merged:?}");
    assert_eq!(rows(&class.place("merged")), rows(&class.place("whole")));
}

#[test]
fn what_is_open_stays_open_and_what_comes_later_is_added() {
    let class = class();
    class.grade_part(3, &["--only", "answer"]);
    class.grade_part(1, &[]);
    let partly = class.merge(&["part-1", "part-3"], "merged");
    assert_eq!(partly.code, Some(1), "{partly:?}");
    let missing = "part 2/3 is missing: its students are not in the gradebook";
    assert!(partly.complaint().contains(missing), "{partly:?}");
    let score = class.workbook.checker(&["score", class.place("merged").to_str().unwrap()]);
    assert!(score.complaint().contains(missing), "it stays known: {score:?}");
    assert!(partly.stdout.contains("2 results are missing"), "{partly:?}");
    let ada = |gradebook: &str| {
        gradebook.lines().find(|line| line.starts_with("ada,")).unwrap().to_owned()
    };
    assert!(ada(&class.gradebook_in("merged")).split(',').nth(2).unwrap().is_empty());

    // The rest of part 3, and a submission that has come late and moves nobody.
    class.student("hal", "right", None);
    assert_eq!(judged(&class.grade_part(3, &[])), ["ada next failed", "bob next unjudged"]);
    assert_eq!(judged(&class.grade_part(1, &[])), Vec::<String>::new());
    assert_eq!(judged(&class.grade_part(2, &[])).len(), 2);
    let merged = class.merge(&["part-1", "part-2", "part-3"], "merged");
    assert!(merged.stdout.contains("New are 1 submissions and 4 results"), "{merged:?}");
    assert_eq!(merged.code, Some(0), "{merged:?}");
    class.grade_into("whole", &[]);
    assert_eq!(class.gradebook_in("merged"), class.gradebook_in("whole"));
}

#[test]
fn a_contradiction_is_named_and_the_joined_results_stay_as_they_were() {
    let class = class();
    class.grade_part(1, &["--only", "answer"]);
    class.grade_part(3, &["--only", "answer"]);
    class.merge(&["part-1", "part-3"], "merged");
    let before = (class.gradebook_in("merged"), rows(&class.place("merged")));
    // Fay hands in again and is judged again; the copy of before is still in `merged`.
    class.student("fay", "right", None);
    class.grade_part(1, &["--only", "answer"]);
    let finished = class.merge(&["part-3", "part-1"], "merged");
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let said = format!("{}{}", finished.stdout, finished.stderr);
    for word in ["fay, answer: does not compile and passed", "part-1", "merged", "Conflicts: 1."] {
        assert!(said.contains(word), "{word} is not in {said}");
    }
    assert_eq!((class.gradebook_in("merged"), rows(&class.place("merged"))), before);
    assert_eq!(class.merge(&["part-3", "part-1"], "new").code, Some(1), "part 2 is missing");
    assert!(class.gradebook_in("new").contains("fay,"));
}

#[test]
fn a_part_that_cannot_be_meant_is_refused() {
    let class = class();
    let refused = |finished: Finished, words: &str| {
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.complaint().contains(words), "{}", finished.complaint());
    };
    refused(class.grade_into("out", &["--partition", "0/3"]), "K from 1 to N");
    refused(class.merge(&["part-1"], "merged"), "there are no results");
    assert!(!class.place("merged").exists());
    // Ada is in part 3, and her directory is no place for part 1.
    class.grade_part(3, &["--only", "answer"]);
    refused(class.grade_into("part-3", &["--partition", "1/3"]), "it holds results of `ada`");
    assert!(
        !fs::read_to_string(class.place("part-3").join("gradebook.csv")).unwrap().contains("fay")
    );
    // To be judged again is asked of all parts at once, and of nobody in vain.
    let again = ["--only", "answer", "--rerun", "ada"];
    assert_eq!(judged(&class.grade_part(1, &again)), ["fay answer does_not_compile"]);
    assert_eq!(judged(&class.grade_part(3, &again)), ["ada answer passed"]);
    let nobody = class.grade_into("part-1", &["--partition", "1/3", "--rerun", "nobody"]);
    refused(nobody, "there is no submission of `nobody`");
}

#[test]
fn a_damaged_part_is_named() {
    let class = class();
    class.grade_part(2, &[]);
    fs::write(class.place("part-2").join("results.sqlite"), "").unwrap();
    let finished = class.merge(&["part-2"], "merged");
    assert_eq!(finished.code, Some(3), "{finished:?}");
    let complaint = finished.complaint();
    assert!(complaint.contains("part-2/results.sqlite: the database is damaged"), "{complaint}");
    assert!(!class.place("merged").exists());
}
