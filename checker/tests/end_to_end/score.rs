//! Schemes, flags and layers from outside: made results, and what is said of them. Nothing is run.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use checker::evidence::Evidence;
use checker::grade::intake::Submission;
use checker::grade::scheme::Scheme;
use checker::grade::store::{Conditions, GradedExercise, Store, Stored};
use checker::verdict::{Judgement, Outcome, TestResult, Verdict};
use checker::workbook::Workbook;
use rstest::rstest;
use sandbox::{Layer, Layers};
use serde_json::Value;

use crate::class::{Class, judged};
use crate::miniature::{ANSWER, Finished, Miniature, outcome};

/// A message that only instructors may read.
const SECRET: &str = "the secret is 4711";

/// Worth 15, of which a third is open and the rest hidden; and a bonus of 4.
const SCHEME: &str = r#"
[late]
grace_days = 1
percent_per_day = 10
most_percent = 50
last_day = 7

[[exercise]]
name = "answer"
points = 10
weight = 150

[[exercise.group]]
name = "easy"
tests = ["answer::it_is_even"]
share = 1

[[exercise.group]]
name = "hard"
tests = ["*"]
share = 2
all_or_nothing = true
visibility = "hidden"

[[exercise]]
name = "next"
points = 4
bonus = true
"#;

/// Results that nobody has run, beside the miniature workbook.
struct Results {
    workbook: Miniature,
    directory: tempfile::TempDir,
}

impl Results {
    /// Four students: everything in time, a part of it late, everything too late, and a forger.
    fn new() -> Self {
        let results = Self { workbook: Miniature::new(), directory: tempfile::tempdir().unwrap() };
        let both = |a, b| judgement(&[("it_is_even", a), ("it_is_42", b)]);
        let next = |a, b| judgement(&[("it_begins", a), ("it_goes_on", b)]);
        let passed =
            || [both(Outcome::Passed, Outcome::Passed), next(Outcome::Passed, Outcome::Passed)];
        let forged = Judgement {
            verdict: Verdict::Forged,
            evidence: Some(Evidence::text("reported as passed: `it_is_42_too`")),
            ..both(Outcome::Passed, Outcome::Passed)
        };
        // The first test that fails is in the verdict, and not the attack.
        let attack = next(Outcome::Skipped, Outcome::AttackedSupervisor);
        let none = Judgement::without_tests(Verdict::NotStarted, None, None);
        results.put("ada", 0, passed());
        results.put("bob", 3, [both(Outcome::Passed, Outcome::Failed), none]);
        results.put("eve", 8, passed());
        results.put("mal", 0, [forged, attack]);
        results
    }

    fn put(&self, student: &str, days_late: u32, judgements: [Judgement; 2]) {
        let store = self.store();
        let submission = Submission {
            student: student.into(),
            origin: format!("in/{student}").into(),
            days_late: Some(days_late),
        };
        let (notes, remarks) = (Vec::new(), Vec::new());
        store.put_submission(&Stored { submission, unreadable: None, notes, remarks }).unwrap();
        for (exercise, judgement) in ["answer", "next"].into_iter().zip(judgements) {
            let layers = Layers { held: Layer::ALL.into(), ..Layers::default() };
            store.put(&result(student, exercise, judgement, layers)).unwrap();
        }
    }

    fn store(&self) -> Store {
        Store::open(&self.out()).unwrap()
    }

    fn checker(&self, arguments: &[&str]) -> Finished {
        self.workbook.checker(arguments)
    }

    fn out(&self) -> std::path::PathBuf {
        self.directory.path().join("out")
    }

    /// Writes the scheme beside the results, as an instructor edits it.
    fn scheme(&self, text: &str) {
        fs::write(self.out().join("scheme.toml"), text).unwrap();
    }

    fn score(&self) -> Finished {
        self.checker(&["score", self.out().to_str().unwrap()])
    }

    fn gradebook(&self) -> String {
        let finished = self.score();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        fs::read_to_string(self.out().join("gradebook.csv")).unwrap()
    }

    fn report(&self, more: &[&str]) -> String {
        let out = self.out();
        let arguments = [&["report", out.to_str().unwrap(), "--format"], more].concat();
        let finished = self.checker(&arguments);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        finished.stdout
    }

    fn json(&self, more: &[&str]) -> Value {
        serde_json::from_str(&self.report(more)).unwrap()
    }
}

fn result(student: &str, exercise: &str, judgement: Judgement, layers: Layers) -> GradedExercise {
    GradedExercise {
        student: student.into(),
        exercise: exercise.into(),
        hash: String::new(),
        judgement,
        flags: Vec::new(),
        layers,
        conditions: Conditions::default(),
        text: None,
    }
}

fn judgement(tests: &[(&str, Outcome)]) -> Judgement {
    let test = |(name, outcome): &(&str, Outcome)| TestResult {
        name: (*name).to_owned(),
        target: "answer".into(),
        outcome: *outcome,
        evidence: (*outcome == Outcome::Failed).then(|| Evidence::text(SECRET)),
        place: None,
        schedules: None,
    };
    Judgement::from_tests(tests.iter().map(test).collect())
}

/// Hundredths of a number with at most two digits behind its point.
fn hundredths(number: &str) -> u64 {
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    whole.parse::<u64>().unwrap() * 100 + format!("{part:0<2}").parse::<u64>().unwrap()
}

#[test]
fn a_scheme_counts_from_the_next_score_on() {
    let results = Results::new();
    let plain = results.gradebook();
    assert!(plain.contains("\nbob,1.5,0,1.5,5,0,3,0,,\n"), "{plain}");
    results.scheme(SCHEME);
    assert_eq!(
        results.gradebook(),
        "student,answer,next,total,maximum,bonus,days_late,late_percent,unreadable,open\n\
         ada,15,4,19,15,4,0,0,,\n\
         bob,4,0,4,15,0,3,20,,\n\
         eve,0,0,0,15,0,8,100,,\n\
         mal,0,0,0,15,0,0,0,,\n"
    );
    fs::remove_file(results.out().join("scheme.toml")).unwrap();
    assert_eq!(results.gradebook(), plain);
}

#[test]
fn what_is_rounded_is_the_exact_sum() {
    let results = Results::new();
    let group = |name: &str, tests: &str, more: &str| {
        format!("[[exercise.group]]\nname = '{name}'\ntests = ['{tests}']\nshare = 1\n{more}\n")
    };
    let groups =
        group("a", "answer::it_is_even", "") + &group("b", "experiment", "") + &group("c", "*", "");
    results.scheme(&format!("[[exercise]]\nname = 'answer'\npoints = 1\n{groups}"));
    assert!(results.gradebook().contains("\nada,1,2,3,3,"), "three thirds are a whole");
    assert!(results.gradebook().contains("\nbob,0.33,"));
    // What a bonus costs who misses it: nothing.
    let groups = group("a", "answer::it_is_even", "") + &group("b", "*", "bonus = true");
    results.scheme(&format!("[[exercise]]\nname = 'answer'\npoints = 1\n{groups}"));
    let gradebook = results.gradebook();
    assert!(gradebook.contains("\nada,2,2,4,3,1,"), "{gradebook}");
    assert!(gradebook.contains("\nbob,1,0,1,3,0,"), "{gradebook}");
}

#[test]
fn every_report_has_the_same_points() {
    let results = Results::new();
    results.scheme(SCHEME);
    let gradebook = results.gradebook();
    let (canvas, moodle) = (results.report(&["canvas"]), results.report(&["moodle"]));
    let long = results.report(&["csv"]);
    let json = results.json(&["json"]);
    let events = results.checker(&["score", results.out().to_str().unwrap(), "--format", "json"]);
    assert!(canvas.contains("Points Possible,,,,,15\n"), "{canvas}");
    assert_eq!((&json["points_possible"], &json["bonus_possible"]), (&15.0.into(), &4.0.into()));
    for (nth, line) in gradebook.lines().skip(1).enumerate() {
        let fields: Vec<&str> = line.split(',').collect();
        let (student, total) = (fields[0], fields[3]);
        let wanted = hundredths(total);
        let own = long.lines().filter(|line| line.starts_with(student));
        let sum: u64 = own.map(|line| hundredths(line.split(',').nth(3).unwrap())).sum();
        assert_eq!(sum, wanted, "{long}");
        assert!(canvas.contains(&format!("{student},,,{student},,{total}\n")), "{canvas}");
        assert!(moodle.contains(&format!("\n{student},{total},")), "{moodle}");
        let of_json = &json["students"][nth];
        assert_eq!((of_json["points"].as_f64().unwrap() * 100.0).round() as u64, wanted);
        assert_eq!(of_json["late_percent"].to_string(), fields[7]);
        let gradescope = results.json(&["gradescope", "--student", student]);
        let scores = gradescope["tests"].as_array().unwrap().iter();
        let scores = scores.map(|test| (test["score"].as_f64().unwrap() * 100.0).round() as u64);
        assert_eq!(scores.sum::<u64>(), wanted, "{gradescope}");
        let event = format!("\"points\":\"{total}\",\"points_possible\":\"15\"");
        assert!(events.stdout.contains(&event), "{}", events.stdout);
    }
}

#[test]
fn a_hidden_group_shows_itself_to_students_and_nothing_of_it() {
    let results = Results::new();
    results.scheme(SCHEME);
    let pages = results.directory.path().join("pages");
    results.report(&["html", "--output", pages.to_str().unwrap()]);
    let mut documents =
        vec![("junit", results.report(&["junit"])), ("moodle", results.report(&["moodle"]))];
    for student in ["bob", "mal"] {
        let summary = pages.join("summary.md");
        let output = ["--student", student, "--output", summary.to_str().unwrap()];
        documents.push(("github", results.report(&[&["github"][..], &output].concat())));
        documents.push(("summary", fs::read_to_string(&summary).unwrap()));
        documents.push(("gradescope", results.report(&["gradescope", "--student", student])));
        let classroom = results.report(&["classroom", "--student", student]);
        let classroom = BASE64_STANDARD.decode(classroom.trim()).unwrap();
        documents.push(("classroom", String::from_utf8(classroom).unwrap()));
        let page = pages.join(format!("students/{student}.html"));
        documents.push(("page", fs::read_to_string(page).unwrap().replace("<wbr>", "")));
    }
    for (format, document) in &documents {
        assert!(document.contains("answer"), "{format}: {document}");
        assert!(!document.contains("it_is_42"), "{format}: {document}");
        assert!(!document.contains(SECRET), "{format}: {document}");
    }
    let junit = results.report(&["junit", "--student", "bob"]);
    assert!(junit.contains("name=\"hidden\""), "{junit}");
    let bob = results.json(&["gradescope", "--student", "bob"]);
    let tests = bob["tests"].as_array().unwrap();
    assert_eq!((&tests[0]["visibility"], &tests[0]["score"]), (&"visible".into(), &4.0.into()));
    assert_eq!((&tests[1]["visibility"], &tests[1]["score"]), (&"hidden".into(), &0.0.into()));
    assert_eq!((&tests[0]["max_score"], &tests[1]["max_score"]), (&5.0.into(), &10.0.into()));
    assert_eq!(tests[1]["name"], "answer: hidden");
    // Instructors see it.
    let json = results.report(&["json"]);
    assert!(json.contains(SECRET) && json.contains("it_is_42_too"));
    let index = fs::read_to_string(pages.join("index.html")).unwrap().replace("<wbr>", "");
    assert!(index.contains("it_is_42"));
}

#[rstest]
#[case::not_there("[[exercise]]\nname = 'anser'", 2, "there is no exercise `anser`")]
#[case::unknown_key("[[exercise]]\nname = 'next'\n\npoint = 3", 4, "unknown field `point`")]
#[case::no_number("[late]\npercent_per_day = 'x'", 2, "invalid type")]
#[case::too_much("[late]\npercent_per_day = 101", 1, "cannot cost more than there is")]
#[case::heavy("[[exercise]]\nname = 'next'\nweight = 1001", 3, "1001 is no usable weight")]
#[case::twice(
    "[[exercise]]\nname = 'next'\n[[exercise]]\nname = '1.2'",
    4,
    "`next` has two entries"
)]
#[case::no_test(GROUP, 6, "`answer::it_is_odd` matches no test of `answer`")]
#[case::no_share(
    "[[exercise]]\nname = 'next'\n[[exercise.group]]\nname = 'a'\ntests = ['*']\nshare = 0",
    6,
    "0 is no usable share"
)]
#[case::left_out(
    "[[exercise]]\nname = 'next'\n[[exercise.group]]\nname = 'a'\ntests = ['next']\nshare = 1",
    2,
    "is in no group"
)]
#[case::taken(
    "[[exercise]]\nname = 'next'\n[[exercise.group]]\nname = 'a'\ntests = ['*']\nshare = 1\n[[exercise.group]]\nname = 'b'\ntests = ['next']\nshare = 1",
    9,
    "is in the group `a` already"
)]
#[case::only_a_bonus(
    "[[exercise]]\nname = 'next'\n[[exercise.group]]\nname = 'a'\ntests = ['*']\nshare = 1\nbonus = true",
    2,
    "every group of `next` is a bonus"
)]
#[case::lost(
    "[[exercise]]\nname = 'next'\n[[exercise.group]]\nname = 'a'\ntests = ['next::it_is_even']\nshare = 1\n[[exercise.group]]\nname = 'b'\ntests = ['next']\nshare = 1\nbonus = true\n[[exercise.group]]\nname = 'c'\ntests = ['experiment']\nshare = 1",
    13,
    "would be lost with a bonus"
)]
fn what_a_scheme_cannot_mean_is_named_with_its_line(
    #[case] scheme: &str,
    #[case] line: usize,
    #[case] problem: &str,
) {
    let results = Results::new();
    let before = results.gradebook();
    let file = results.directory.path().join("mine.toml");
    fs::write(&file, scheme).unwrap();
    let out = results.out();
    let arguments = ["score", out.to_str().unwrap(), "--scheme", file.to_str().unwrap()];
    let finished = results.checker(&arguments);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    let complaint = finished.complaint();
    assert!(complaint.contains(&format!("mine.toml:{line}: ")), "{complaint}");
    assert!(complaint.contains(problem), "{complaint}");
    assert!(!results.out().join("scheme.toml").exists(), "it is not taken");
    assert_eq!(results.gradebook(), before);
}

const GROUP: &str = "[[exercise]]\nname = 'answer'\n[[exercise.group]]\nname = 'a'\nshare = 1\n\
                     tests = ['answer::it_is_odd', '*']";

#[test]
fn a_scheme_that_is_given_stays_with_the_results() {
    let results = Results::new();
    let file = results.directory.path().join("mine.toml");
    fs::write(&file, SCHEME).unwrap();
    let out = results.out();
    let arguments = ["score", out.to_str().unwrap(), "--scheme", file.to_str().unwrap()];
    assert_eq!(results.checker(&arguments).code, Some(0));
    fs::remove_file(file).unwrap();
    assert_eq!(fs::read_to_string(results.out().join("scheme.toml")).unwrap(), SCHEME);
    assert!(results.gradebook().contains("\nada,15,4,19,"));
}

#[test]
fn the_scheme_of_the_manual_is_sound() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manual = fs::read_to_string(root.join("docs/grading.md")).unwrap();
    let (_, rest) = manual.split_once("```toml\n").expect("docs/grading.md has an example");
    let (example, _) = rest.split_once("```").unwrap();
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("scheme.toml"), example).unwrap();
    let workbook = Workbook::open(root).unwrap();
    let scheme = Scheme::load_beside_results(&workbook, directory.path()).unwrap();
    assert_ne!(scheme, Scheme::default());
    // The words below the example.
    let percents = [2, 3, 5, 12, 15].map(|days| scheme.late.percent(days));
    assert_eq!(percents, [0, 10, 30, 50, 100]);
    let semaphore = workbook.curriculum.find("semaphore").unwrap();
    assert_eq!(scheme.rules(semaphore).full(semaphore).to_string(), "15");
}

#[test]
fn results_of_different_isolation_say_so() {
    let results = Results::new();
    assert!(!results.score().stdout.contains("not all results"), "{:?}", results.score());
    assert!(results.score().stdout.contains("Isolation: user-ns, pid-ns,"));
    let mut layers = Layers { held: Layer::ALL.into(), ..Layers::default() };
    layers.held.remove(&Layer::Landlock);
    layers.missing.insert(Layer::Landlock, "ENOSYS".into());
    let passed = judgement(&[("it_is_42", Outcome::Passed)]);
    let store = results.store();
    store.put(&result("ada", "next", passed, layers)).unwrap();
    drop(store);
    let said = results.score().stdout;
    assert!(
        said.contains("Isolation of 7 results: ") && said.contains("landlock (ENOSYS)"),
        "{said}"
    );
    assert!(said.contains("not all results were found out behind the same layers"), "{said}");
    let isolation = &results.json(&["json"])["isolation"];
    assert_eq!(isolation[1]["results"], 1);
    assert_eq!(isolation[1]["missing"][0]["why"], "ENOSYS");
    assert_eq!(isolation[0]["results"], 7);
    let pages = results.directory.path().join("pages");
    results.report(&["html", "--output", pages.to_str().unwrap()]);
    let index = fs::read_to_string(pages.join("index.html")).unwrap();
    assert!(index.contains("missing: landlock (ENOSYS)"));
    // The gradebook has nothing of it.
    assert!(!results.gradebook().contains("ENOSYS"));
}

#[test]
fn a_flag_is_a_note_and_no_score() {
    let class = Class::new();
    class.student("ada", "right", None);
    class.file(
        "bob",
        ANSWER,
        &outcome("right").replace("42", "{\n    let _ = std::env::args();\n    42\n}"),
    );
    let finished = class.grade(&["--format", "json", "--only", "answer"]);
    assert_eq!(judged(&finished), ["ada answer passed", "bob answer passed"]);
    let gradebook = class.gradebook();
    assert!(gradebook.contains("\nada,3,") && gradebook.contains("\nbob,3,"), "{gradebook}");
    let out = class.out();
    let report = |format: &str, output: &Path| {
        let arguments = ["report", out.to_str().unwrap(), "--format", format, "--output"];
        let arguments = [&arguments[..], &[output.to_str().unwrap()]].concat();
        let finished = class.workbook.checker(&arguments);
        assert_eq!(finished.code, Some(0), "{finished:?}");
    };
    let (file, pages) = (out.join("report.json"), out.join("pages"));
    report("json", &file);
    let json: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(json["students"][0]["results"][0]["flags"], Value::Array(Vec::new()));
    let flags = json["students"][1]["results"][0]["flags"].as_array().unwrap();
    assert_eq!(flags.len(), 1, "{flags:?}");
    assert_eq!((&flags[0]["kind"], &flags[0]["line"]), (&"surroundings".into(), &6.into()));
    assert_eq!((&flags[0]["file"], &flags[0]["what"]), (&"src/lib.rs".into(), &"env::args".into()));
    report("html", &pages);
    let index = fs::read_to_string(pages.join("index.html")).unwrap();
    assert!(index.contains("To look at") && index.contains("env::args"));
    let bob = fs::read_to_string(pages.join("students/bob.html")).unwrap();
    assert!(!bob.contains("env::args"), "a note to the instructor");
    let said = class.workbook.checker(&["score", out.to_str().unwrap()]).stdout;
    assert!(said.contains("to look at 1 flag in 1 submission;"), "{said}");
    assert!(json["isolation"][0]["results"].as_u64() == Some(2), "{json}");
}
