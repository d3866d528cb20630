//! A class that hands in, and what its grading says.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::miniature::{ANSWER, Finished, Miniature, NEXT, outcome};

/// A directory of submissions beside a workbook that grades them.
pub struct Class {
    pub workbook: Miniature,
    pub directory: tempfile::TempDir,
}

impl Class {
    pub fn new() -> Self {
        Self { workbook: Miniature::new(), directory: tempfile::tempdir().unwrap() }
    }

    pub fn submissions(&self) -> PathBuf {
        self.directory.path().join("in")
    }

    pub fn out(&self) -> PathBuf {
        self.directory.path().join("out")
    }

    /// A file of a student's fork.
    pub fn file(&self, student: &str, path: &str, text: &str) {
        let file = self.submissions().join(student).join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// A fork with `tests/outcomes/NAME.rs` as the first answer, or as both.
    pub fn student(&self, student: &str, answer: &str, next: Option<&str>) {
        self.file(student, ANSWER, &outcome(answer));
        if let Some(next) = next {
            self.file(student, NEXT, &outcome(next).replace("answer()", "next()"));
        }
    }

    pub fn arguments(&self, more: &[&str]) -> Vec<String> {
        let own = ["grade", self.submissions().to_str().unwrap(), "--out"].map(str::to_owned);
        let out = self.out().to_str().unwrap().to_owned();
        own.into_iter().chain([out]).chain(more.iter().map(|it| (*it).to_owned())).collect()
    }

    pub fn grade(&self, more: &[&str]) -> Finished {
        let arguments = self.arguments(more);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.workbook.checker(&arguments)
    }

    pub fn gradebook(&self) -> String {
        fs::read_to_string(self.out().join("gradebook.csv")).unwrap()
    }
}

/// Who was judged in a run with `--format json`, and with which verdict.
pub fn judged(finished: &Finished) -> Vec<String> {
    let events = finished.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let graded = events.filter(|event| event["event"] == "graded");
    let text = |value: &Value| value.as_str().unwrap_or("open").to_owned();
    graded
        .map(|event| {
            let exercise = text(&event["exercise"]);
            let name = exercise.rsplit('_').next().unwrap();
            format!("{} {name} {}", text(&event["student"]), text(&event["verdict"]))
        })
        .collect()
}
