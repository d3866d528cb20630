//! `checker report` from outside: a grading, and the files that are made of it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::miniature::{ANSWER, Finished, Miniature, outcome};

/// A graded class: one who passes the first exercise, one who does not, one with a name that climbs.
struct Graded {
    workbook: Miniature,
    directory: tempfile::TempDir,
}

impl Graded {
    fn new() -> Self {
        let graded = Self { workbook: Miniature::new(), directory: tempfile::tempdir().unwrap() };
        let submissions = graded.directory.path().join("in");
        for (directory, answer) in [("u1", "right"), ("u2", "wrong_answer"), ("u3", "right")] {
            let file = submissions.join(directory).join(ANSWER);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, outcome(answer)).unwrap();
        }
        let roster = submissions.join("roster.csv");
        let students = "student,submission\nada,u1\n\"=Bö, \"\"B\"\"\",u2\n../../eve,u3\n";
        fs::write(&roster, students).unwrap();
        let finished = graded.run(&["grade", roster.to_str().unwrap(), "--out", &graded.out()]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        graded
    }

    fn out(&self) -> String {
        self.directory.path().join("out").display().to_string()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        self.workbook.checker(arguments)
    }

    fn report(&self, reader: &str, more: &[&str]) -> Finished {
        self.run(&[&["report", &self.out(), "--format", reader], more].concat())
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn a_document_is_all_that_is_on_standard_output() {
    let graded = Graded::new();
    let document: Value = serde_json::from_str(&graded.report("json", &[]).stdout).unwrap();
    assert_eq!(document["students"].as_array().unwrap().len(), 3);
    let csv = graded.report("csv", &["--only", "answer"]).stdout;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "student,exercise,verdict,points,possible,bonus,alike");
    assert_eq!(lines.len(), 1 + 3, "one exercise was asked for: {csv}");
    assert!(csv.contains("\"'=Bö, \"\"B\"\"\",answer,failed,"), "{csv}");
    for (reader, begins) in [("junit", "<?xml"), ("canvas", "Student,"), ("moodle", "username,")] {
        let finished = graded.report(reader, &[]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(finished.stdout.starts_with(begins), "{reader}: {finished:?}");
    }
}

#[test]
fn each_student_gets_a_file_and_no_name_climbs_out() {
    let graded = Graded::new();
    let none = graded.report("gradescope", &[]);
    assert_eq!(none.code, Some(2));
    assert!(none.complaint().contains("name the directory with --output DIR"), "{none:?}");
    let directory = graded.path("gradescope");
    let finished = graded.report("gradescope", &["--output", directory.to_str().unwrap()]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let mut names: Vec<String> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["=Bö, \"B\"", "_._.._eve", "ada"]);
    let ada = json(&directory.join("ada/results.json"));
    assert_eq!(ada["tests"][0]["status"], "passed");
    let one = graded.report("gradescope", &["--student", "ada", "--visibility", "hidden"]);
    let one: Value = serde_json::from_str(&one.stdout).unwrap();
    assert_eq!(one["tests"][0]["visibility"], "hidden");
    let nobody = graded.report("gradescope", &["--student", "nobody"]);
    assert_eq!(nobody.code, Some(2));
}

#[test]
fn classroom_50_takes_its_values_from_the_environment() {
    let graded = Graded::new();
    let out = graded.out();
    let arguments = ["report", &out, "--format", "classroom50", "--student", "ada"];
    let mut command = graded.workbook.command(&arguments);
    for name in ["CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL"] {
        command.env_remove(name);
    }
    let without = Finished::of(command.output().unwrap());
    assert_eq!(without.code, Some(2));
    assert!(without.complaint().contains("not set: CLASSROOM, ASSIGNMENT,"), "{without:?}");
    let values = [
        ("CLASSROOM", "os"),
        ("ASSIGNMENT", "ex1"),
        ("SUBMISSION_TAG", "submit/1"),
        ("COMMIT_URL", "c"),
        ("RELEASE_URL", "r"),
    ];
    let finished = Finished::of(command.envs(values).output().unwrap());
    let result: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!((&result["classroom"], &result["score"]), (&"os".into(), &3.into()));
}

#[test]
fn github_gets_annotations_in_the_log_and_a_summary_in_its_file() {
    let graded = Graded::new();
    let summary = graded.path("summary.md");
    let finished = graded.report("github", &["--output", summary.to_str().unwrap()]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(
        finished.stdout.starts_with("::error file=exercises/01_part/01_answer/"),
        "{finished:?}"
    );
    let summary = fs::read_to_string(summary).unwrap();
    assert!(summary.contains("## Miniature: 3 students"), "{summary}");
}

#[test]
fn what_was_not_judged_is_said_and_open_in_the_report() {
    let graded = Graded::new();
    graded.workbook.replace("exercises/curriculum.toml", "title = \"Miniature\"", "title = \"M\"");
    fs::remove_dir_all(graded.path("out")).unwrap();
    let roster = graded.path("in/roster.csv").display().to_string();
    graded.run(&["grade", &roster, "--out", &graded.out(), "--only", "answer"]);
    let finished = graded.report("moodle", &[]);
    assert!(finished.complaint().contains("3 results are missing"), "{finished:?}");
    assert!(finished.stdout.contains("ada,-,"), "{finished:?}");
    assert!(graded.report("moodle", &["--only", "answer"]).stdout.contains("ada,3,"));
}
