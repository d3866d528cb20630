//! Grading with private tests and a chosen seed, and what is recorded of them.

use std::fs;

use serde_json::Value;

use crate::class::{Class, judged};
use crate::miniature::Finished;

/// A test that students do not have.
const EXAM: &str = "//! The exam.\n\n#[test]\nfn it_is_the_same_twice() {\n    \
                    assert_eq!(answer::answer(), answer::answer());\n}\n\n#[test]\nfn it_is_42_again() {\n    \
                    assert_eq!(answer::answer(), 42);\n}\n";

/// A test that passes on an odd seed only: what it draws from is seen.
const DRAWS: &str = "//! What is drawn.\n\n#[test]\nfn it_is_seen() {\n    let _ = answer::answer();\n    \
                     let seed = std::env::var(\"SHOPFLOOR_SEED\");\n    \
                     panic!(\"the seed is {}\", seed.as_deref().unwrap_or(\"its own\"));\n}\n";

fn class_with(private: &str) -> Class {
    let class = Class::new();
    class.student("ada", "right", None);
    class.student("bob", "wrong_answer", None);
    let place = class.directory.path().join("private/answer");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("exam.rs"), private).unwrap();
    class
}

fn grade(class: &Class, more: &[&str]) -> Finished {
    let private = class.directory.path().join("private");
    let own = ["--only", "answer", "--format", "json", "--private", private.to_str().unwrap()];
    class.grade(&[&own, more].concat())
}

fn report(class: &Class) -> Value {
    let out = class.out();
    let finished = class.workbook.checker(&["report", out.to_str().unwrap(), "--format", "json"]);
    serde_json::from_str(&finished.stdout).unwrap_or_else(|_| panic!("{finished:?}"))
}

fn result(report: &Value, nth: usize) -> &Value {
    &report["students"][nth]["results"][0]
}

fn names(result: &Value) -> Vec<&str> {
    let tests = result["tests"].as_array().unwrap();
    tests.iter().map(|test| test["name"].as_str().unwrap()).collect()
}

#[test]
fn private_tests_are_judged_counted_and_recorded() {
    let class = class_with(EXAM);
    let finished = grade(&class, &[]);
    assert_eq!(judged(&finished), ["ada answer passed", "bob answer failed"], "{finished:?}");
    let found = report(&class);
    for exam in ["it_is_the_same_twice", "it_is_42_again"] {
        assert!(names(result(&found, 0)).contains(&exam), "{found}");
    }
    let hash = result(&found, 0)["private_tests"].as_str().unwrap().to_owned();
    assert_eq!(hash.len(), 64, "{hash}");
    assert_eq!(result(&found, 1)["private_tests"], hash.as_str());
    // What is known is not judged again; with another text of the tests it is.
    assert_eq!(judged(&grade(&class, &[])), Vec::<String>::new());
    let exam = class.directory.path().join("private/answer/exam.rs");
    fs::write(&exam, EXAM.replace(", 42)", ", 6 * 7)")).unwrap();
    assert_eq!(judged(&grade(&class, &[])).len(), 2);
    assert_ne!(result(&report(&class), 0)["private_tests"], hash.as_str());
}

#[test]
fn a_scheme_names_private_tests() {
    let class = class_with(EXAM);
    let scheme = class.directory.path().join("scheme.toml");
    let groups = "[[exercise]]\nname = \"answer\"\n[[exercise.group]]\nname = \"exam\"\ntests = [\"exam\"]\n\
                  share = 2\nvisibility = \"hidden\"\n[[exercise.group]]\nname = \"given\"\ntests = [\"*\"]\nshare = 1\n";
    fs::write(&scheme, groups).unwrap();
    let finished = grade(&class, &["--scheme", scheme.to_str().unwrap()]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let found = report(&class);
    assert_eq!(result(&found, 0)["groups"][0]["name"], "exam");
    assert_eq!(result(&found, 0)["points"], 3.0);
    // The same twice, and no more.
    assert_eq!(result(&found, 1)["groups"][0]["passed"], 1);
}

#[test]
fn results_with_private_tests_are_not_gone_on_with_without_them() {
    let class = class_with(EXAM);
    assert_eq!(grade(&class, &[]).code, Some(0));
    let refused = class.grade(&["--only", "answer"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.complaint().contains("--private"), "{refused:?}");
}

#[test]
fn private_tests_that_cannot_be_used_are_named() {
    let class = class_with(EXAM);
    let place = class.directory.path().join("private/answer");
    fs::rename(place.join("exam.rs"), place.join("answer.rs")).unwrap();
    let refused = grade(&class, &[]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stdout.contains("tests/answer.rs of its own"), "{refused:?}");
    fs::remove_dir_all(&place).unwrap();
    assert!(grade(&class, &[]).stdout.contains("there are no tests"));
    fs::create_dir_all(place.with_file_name("anwser")).unwrap();
    fs::write(place.with_file_name("anwser").join("exam.rs"), EXAM).unwrap();
    assert!(grade(&class, &[]).stdout.contains("anwser"));
}

#[test]
fn a_seed_is_drawn_once_recorded_and_can_be_given_again() {
    let class = class_with(DRAWS);
    assert_eq!(grade(&class, &[]).code, Some(0));
    let found = report(&class);
    let seed = result(&found, 0)["seed"].as_u64().unwrap();
    assert_eq!(result(&found, 1)["seed"], seed, "all students are judged by the same one");
    let seen = |found: &Value| {
        let tests = result(found, 0)["tests"].as_array().unwrap().clone();
        let test = tests.into_iter().find(|test| test["name"] == "it_is_seen").unwrap();
        test["message"].as_str().unwrap().to_owned()
    };
    assert!(seen(&found).contains(&format!("the seed is {seed}")), "{found}");
    // The same directory goes on with it, and another one is asked for by name.
    assert_eq!(judged(&grade(&class, &[])), Vec::<String>::new());
    assert_eq!(judged(&grade(&class, &["--seed", "7"])).len(), 2);
    let found = report(&class);
    assert_eq!(result(&found, 0)["seed"], 7);
    assert!(seen(&found).contains("the seed is 7"), "{found}");
}
