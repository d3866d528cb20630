//! What a test has found out reaches every report as what it is; what forges it earns nothing.

#[cfg(feature = "grade")]
use std::fs;
use std::process::Command;

#[cfg(feature = "grade")]
use checker::{
    evidence::{Evidence, Line, Of, Panic},
    grade::intake::Submission,
    grade::store::{GradedExercise, Layers, Store, Stored},
    verdict::{Judgement, Outcome, TestResult},
};
use evidence::{Failure, Lane, Lesson, Place, Schedule, SourceLine, Step, Timeline, Told, Waiting};
use rstest::rstest;
#[cfg(feature = "grade")]
use sandbox::{Stray, ThreadState};
use serde_json::Value;

use crate::miniature::{ANSWER, Miniature, outcome};

/// A schedule of so many steps in the learner's file, which blames its sixth line.
pub fn schedule(steps: u32) -> Schedule {
    let place = |line| Place { file: ANSWER.into(), line, column: Some(5) };
    let step = |line| Step { thread: 0, place: place(line), text: "lock a".into(), times: 1 };
    Schedule {
        expected: "one".into(),
        failure: Failure::LostWakeUp { sleepers: vec!["T1".into()] },
        likely: "three".into(),
        blamed: Some(place(6)),
        read: "hint 1".into(),
        again: "SCHEDULE=1:2 cargo test".into(),
        number: 7,
        switches: 1,
        threads: vec!["T1".into()],
        left_out: 0,
        steps: (0..steps).map(step).collect(),
        waiting: vec![Waiting { thread: 0, place: place(9), text: "wait b".into(), holder: None }],
        lines: vec![SourceLine { place: place(9), text: "b.wait();".into() }],
    }
}

fn lesson() -> Lesson {
    let lane = Lane { name: "P1".into(), events: vec!["fork P1.1".into()] };
    Lesson {
        expected: "one".into(),
        seen: "two\nand three".into(),
        likely: "four".into(),
        read: "five".into(),
        about: Some("other".into()),
        timeline: Some(Timeline { lanes: vec![lane], stuck: Vec::new() }),
    }
}

/// An answer that fails as a test that tells this.
pub fn tells(told: &Told) -> String {
    says(
        &format!("std::fs::write(file, {:?}).unwrap();", told.to_json()),
        &told.words().for_terminal(),
    )
}

/// An answer that does something with the file for the evidence, and panics with a text where it is called.
fn says(forges: &str, text: &str) -> String {
    format!(
        "//! Fails.\n\n#[track_caller]\npub fn answer() -> u32 {{\n    if let Some(file) = \
         std::env::var_os(\"SHOPFLOOR_EVIDENCE\") {{ {forges} }}\n    \
         std::panic::panic_any(String::from({text:?}))\n}}\n\npub fn other() {{}}\n"
    )
}

fn judged(miniature: &Miniature) -> Value {
    miniature.checker(&["check", "answer", "--format", "json"]).event("verdict")
}

/// What the first test that does not pass has found out, or else the judgement.
fn found(judged: &Value) -> &Value {
    let tests = judged["tests"].as_array().unwrap();
    tests.iter().find(|test| test["outcome"] != "passed").unwrap_or(judged)
}

#[rstest]
#[case::lesson(&tells(&Told::Lesson(lesson())), "lesson", &[
    "    P1\n      fork P1.1\n", "    expected: one\n    seen:     two\n              and three\n",
    "  edit  exercises/01_part/01_answer/src/lib.rs:9\n",
])]
#[case::schedule(&tells(&Told::Schedule(schedule(1))), "schedule", &[
    "    schedule 7, 1 switch between threads\n", "    :0 │ lock a\n",
    "    T1 sleeps in wait b (lib.rs:9)\n      lib.rs:9  b.wait();\n",
    "    seen:     a lost wake-up: T1 sleeps for ever, and nobody is left to wake it\n",
    "    look at:  lib.rs:6\n", "  edit  exercises/01_part/01_answer/src/lib.rs:6\n",
])]
#[case::panic(&outcome("panic"), "panic", &["    the learner's own words\n"])]
#[case::signal(&outcome("segfault"), "signal", &["    ended by SIGSEGV: it touched memory"])]
#[case::hang(&outcome("deadlock"), "hang", &["in futex: waits for a lock"])]
#[case::exited_early(&outcome("exit_0"), "exited_early", &["    the process exited with code 0 before"])]
#[case::strays(&outcome("daemon"), "strays", &["was still running and has been killed"])]
#[case::difference(&outcome("other_output"), "difference", &["    + the answer is 43\n"])]
#[case::compiler(&outcome("compile_error"), "compiler", &["mismatched types"])]
#[case::text(&outcome("endless_output"), "text", &["it wrote more than 16 MiB"])]
fn each_kind_reaches_the_reports(#[case] text: &str, #[case] kind: &str, #[case] said: &[&str]) {
    let miniature = Miniature::new();
    miniature.write(ANSWER, text);
    let judged = judged(&miniature);
    let found = found(&judged);
    assert_eq!(found["evidence"]["kind"], kind, "{found:#}");
    assert!(!found["message"].as_str().unwrap().is_empty(), "{found:#}");
    let page = miniature.checker(&["check", "answer"]).stdout;
    for phrase in said {
        assert!(page.contains(phrase), "no `{phrase}` in {page}");
    }
}

const PRAISE: &str =
    r#"{"kind":"lesson","expected":"","seen":"","likely":"all is well","read":""}"#;

#[rstest]
#[case::a_lesson_that_nobody_said(&format!("std::fs::write(file, {PRAISE:?}).unwrap();"))]
#[case::a_kind_that_no_test_tells(
    r#"std::fs::write(file, "{\"kind\":\"text\",\"text\":\"passed\"}").unwrap();"#
)]
#[case::no_json(r#"std::fs::write(file, "ok it_is_even\n\u{1b}[2J").unwrap();"#)]
#[case::no_text(r#"std::fs::write(file, b"{\"kind\":\"\xff\xfe\"}").unwrap();"#)]
#[case::a_huge_one(r#"std::fs::write(file, "[".repeat(60 << 20)).unwrap();"#)]
#[case::a_fifo(
    "std::fs::remove_file(&file).unwrap(); \
     std::process::Command::new(\"mkfifo\").arg(file).status().unwrap();"
)]
#[case::a_link(
    "std::fs::remove_file(&file).unwrap(); std::os::unix::fs::symlink(\"/etc/passwd\", file).unwrap();"
)]
#[case::nothing("std::fs::remove_file(&file).unwrap();")]
#[case::a_closed_one(
    "use std::os::unix::fs::PermissionsExt; \
     std::fs::set_permissions(file, std::fs::Permissions::from_mode(0)).unwrap();"
)]
fn forged_evidence_leaves_the_verdict_and_the_panics_text(#[case] forges: &str) {
    let miniature = Miniature::new();
    miniature.write(ANSWER, &says(forges, "the panic's text"));
    let judged = judged(&miniature);
    assert_eq!(judged["verdict"], "failed", "{judged:#}");
    let found = found(&judged);
    assert_eq!(
        (&found["message"], &found["evidence"]["kind"]),
        (&"the panic's text".into(), &"panic".into())
    );
}

#[test]
fn the_evidence_of_a_test_that_passes_is_no_evidence() {
    let miniature = Miniature::new();
    let right = outcome("right");
    let write = format!(
        "{{ if let Some(file) = std::env::var_os(\"SHOPFLOOR_EVIDENCE\") {{ std::fs::write(file, {PRAISE:?}).unwrap(); }}"
    );
    let (head, tail) = right.split_once("u32 {").unwrap();
    miniature.write(ANSWER, &format!("{head}u32 {write}{tail}"));
    let judged = judged(&miniature);
    assert_eq!(judged["verdict"], "passed", "{judged:#}");
    assert!(!judged.to_string().contains("all is well"), "{judged:#}");
}

#[test]
fn progress_from_before_there_was_evidence_is_read() {
    let miniature = Miniature::with_answer("wrong_answer");
    let before = judged(&miniature);
    const PROGRESS: &str = ".shopfloor/progress.toml";
    let mut progress: toml::Table = miniature.read(PROGRESS).parse().unwrap();
    let entry = &mut progress["exercises"]["answer"];
    let tests = entry["judgement"]["tests"].as_array_mut().unwrap();
    for test in tests.iter_mut().filter_map(toml::Value::as_table_mut) {
        if test.remove("evidence").is_some() {
            test.insert("message".to_owned(), "as it was said\n before".into());
        }
    }
    miniature.write(PROGRESS, &progress.to_string());
    let now = judged(&miniature);
    assert_eq!((&now["verdict"], &now["cached"]), (&before["verdict"], &true.into()), "{now:#}");
    assert_eq!(found(&now)["message"], "as it was said\n before");
    let finished = miniature.checker(&["check", "answer"]);
    assert!(finished.stdout.contains("    as it was said\n     before\n"), "{finished:?}");
    assert!(!finished.stderr.contains("set aside"), "{finished:?}");
}

#[test]
fn under_cargo_test_the_words_are_all_there_is() {
    let miniature = Miniature::new();
    let told = Told::Lesson(lesson());
    miniature.write(ANSWER, &tells(&told));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--offline", "-q", "-p", "answer", "it_is_even"]);
    cargo.current_dir(miniature.root()).env_remove("SHOPFLOOR_EVIDENCE");
    let output = cargo.env("CARGO_TARGET_DIR", miniature.root().join("target")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains(&told.words().for_terminal()), "{said}");
}

/// Each kind of evidence as it is stored, and what a person reads of it.
#[cfg(feature = "grade")]
fn each_kind() -> Vec<(Evidence, &'static str)> {
    let thread = ThreadState { pid: 1, tid: 1, name: "cook".into(), state: 'R', call: None };
    let stray = Stray { pid: 7, name: "sh".into(), zombie: true, copy_of_program: false };
    let panic = Panic { thread: "main".into(), place: None, message: "<in> a panic".into() };
    let line = Line { of: Of::Yours, text: "a line".into() };
    vec![
        (Evidence::Lesson(lesson()), "<dt>likely</dt><dd>four</dd>"),
        (Evidence::Lesson(lesson()), ">P1\n  fork P1.1</pre>"),
        (Evidence::Schedule(Box::new(schedule(1))), "\n:0 │ lock a\nT1 sleeps in wait b"),
        (
            Evidence::Schedule(Box::new(schedule(1))),
            "<dd class=\"code\">SCHEDULE=1:2 cargo test</dd>",
        ),
        (Evidence::Panic(panic), "&lt;in&gt; a panic"),
        (Evidence::Signal { signal: 11, said: None }, "ended by SIGSEGV"),
        (Evidence::Hang { seconds: 3, threads: vec![thread] }, "thread `cook`: running, busy on"),
        (Evidence::ExitedEarly { code: 9 }, "exited with code 9 before"),
        (Evidence::ExperimentFailed { code: 9, stderr: "its stderr".into() }, "\nits stderr"),
        (Evidence::Strays { strays: vec![stray] }, "process 7 `sh` has ended"),
        (Evidence::Difference { lines: vec![line] }, "\n+ a line"),
        (Evidence::Compiler { text: "error[E0308]".into() }, "columns\""),
        (Evidence::text("a text"), "<pre class=\"text\">a text</pre>"),
    ]
}

#[cfg(feature = "grade")]
#[test]
fn each_kind_reaches_the_pages_and_documents_of_a_grading() {
    let (workbook, directory) = (Miniature::new(), tempfile::tempdir().unwrap());
    let store = Store::open(directory.path()).unwrap();
    for (nth, (evidence, _)) in each_kind().into_iter().enumerate() {
        let student = format!("s{nth}");
        let submission =
            Submission { student: student.clone(), origin: "in".into(), days_late: None };
        let (notes, remarks) = (Vec::new(), Vec::new());
        store.put_submission(&Stored { submission, unreadable: None, notes, remarks }).unwrap();
        let test = TestResult {
            name: "it_is_even".into(),
            target: "answer".into(),
            outcome: Outcome::Failed,
            evidence: Some(evidence),
            place: None,
            schedules: None,
        };
        let judgement = Judgement::from_tests(vec![test]);
        let (exercise, hash) = ("answer".to_owned(), String::new());
        let (flags, layers, text) = (Vec::new(), Layers::default(), None);
        let conditions = checker::grade::store::Conditions::default();
        store
            .put(&GradedExercise {
                student,
                exercise,
                hash,
                judgement,
                flags,
                layers,
                conditions,
                text,
            })
            .unwrap();
    }
    drop(store);
    let out = directory.path().to_str().unwrap();
    let report = |format: &str, more: &[&str]| {
        let finished = workbook.checker(&[&["report", out, "--format", format], more].concat());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        finished.stdout
    };
    let pages = directory.path().join("pages");
    report("html", &["--output", pages.to_str().unwrap()]);
    let document: Value = serde_json::from_str(&report("json", &[])).unwrap();
    for (nth, (evidence, phrase)) in each_kind().into_iter().enumerate() {
        let page = fs::read_to_string(pages.join(format!("students/s{nth}.html"))).unwrap();
        assert!(page.contains(phrase), "no `{phrase}` in {page}");
        let students = document["students"].as_array().unwrap();
        let student = students.iter().find(|it| it["student"] == format!("s{nth}")).unwrap();
        let test = &student["results"][0]["tests"][0];
        assert_eq!(test["evidence"], serde_json::to_value(&evidence).unwrap());
        assert_eq!(test["message"], evidence.to_string());
    }
}

#[cfg(feature = "grade")]
#[test]
fn a_confined_test_tells_what_it_has_found_out() {
    let class = crate::class::Class::new();
    class.file("ada", ANSWER, &tells(&Told::Lesson(lesson())));
    let finished = class.grade(&["--only", "answer"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let arguments =
        ["report", class.out().to_str().unwrap(), "--format", "json"].map(str::to_owned);
    let finished = class.workbook.checker(&arguments.each_ref().map(String::as_str));
    let document: Value = serde_json::from_str(&finished.stdout).unwrap();
    let test = &document["students"][0]["results"][0]["tests"][0];
    assert_eq!(test["evidence"]["kind"], "lesson", "{test:#}");
    assert_eq!(test["evidence"]["timeline"]["lanes"][0]["events"][0], "fork P1.1");
}
