//! A small class: what can become of a submission, and a student who means harm.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use checker::evidence::Evidence;
use checker::report::ci::{Found, Sheet};
use checker::verdict::{Judgement, Outcome, Place, TestResult, Verdict};
use checker::workbook::curriculum::{Exercise, Number};

/// Text that some reader of some format would obey.
pub const HOSTILE: &str = "]]>\u{0}\u{1b}[31m\n::error::forged\n  ::add-mask::a\n=cmd()|<script>alert(1)\
     </script>\u{202e}live\u{fffe}\u{ffff}\r\n`````\n| a | b |\n##[error]x %0A::warning::y &amp; <b>\n\
     [a](https://example.org) ![b](c) # d\n\u{85}\u{7f}";

/// A name that a spreadsheet would take for a formula, with all that CSV has to quote.
pub const FORMULA: &str = "=Zoë \"Zed\", Müller";

/// Thirty megabytes, as a program may print them.
pub fn endless() -> String {
    let mut text = HOSTILE.to_owned();
    text.push_str(&"long ".repeat(6 << 20));
    text
}

/// What a text may not have in any report.
pub fn assert_harmless(text: &str) {
    let bad = |character: char| {
        (character.is_control() && character != '\n')
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let found = text.char_indices().find(|(_, character)| bad(*character));
    assert!(found.is_none(), "{found:?} in a report");
}

pub fn exercises() -> Vec<Exercise> {
    let exercise = |place: u32, name: &str, title: &str, points| Exercise {
        number: Number { part: 2, place },
        name: name.into(),
        directory: format!("02_locks/0{place}_{name}"),
        title: title.into(),
        claims: vec!["C7".into()],
        points,
        groups: Vec::new(),
        edit: vec!["src/lib.rs".into()],
        needs: BTreeMap::new(),
        test_deadline: Duration::from_secs(1),
        address_space: None,
        compile_deadline: Duration::from_secs(1),
    };
    vec![
        exercise(1, "mutex", "A lock on the door", 5),
        exercise(2, "semaphore", "n keys | at the <door>", 3),
    ]
}

pub fn test(name: &str, outcome: Outcome, message: Option<&str>) -> TestResult {
    let place = |_: &str| Place {
        file: PathBuf::from("exercises/02_locks/01_mutex/src/lib.rs"),
        line: 25,
        column: Some(5),
    };
    TestResult {
        name: name.into(),
        target: "mutex".into(),
        outcome,
        evidence: message.map(Evidence::text),
        place: message.map(place),
        schedules: None,
    }
}

/// A class of judgements: who, and what became of the two exercises; `None` is not judged yet.
pub struct Class(pub Vec<(&'static str, [Option<Judgement>; 2])>);

impl Class {
    pub fn new() -> Self {
        let passed = || Judgement::from_tests(vec![test("it_is_a_lock", Outcome::Passed, None)]);
        let failed = |message: &str| {
            Judgement::from_tests(vec![
                test("it_is_a_lock", Outcome::Passed, None),
                test("one_thread_at_a_time", Outcome::Failed, Some(message)),
                test("one_thread_at_a_time", Outcome::TimedOut, Some("still running")),
                test("later", Outcome::NotRun, Some("not run: 2 tests before it hung")),
            ])
        };
        let untouched = || Judgement::without_tests(Verdict::NotStarted, None, None);
        let refused = || {
            let place = test("", Outcome::Failed, Some("")).place;
            let text = "error[E0308]: mismatched types\n --> src/lib.rs:25".to_owned();
            let evidence = Some(Evidence::Compiler { text });
            Judgement::without_tests(Verdict::DoesNotCompile, evidence, place)
        };
        let skipped = || {
            let lack = Some("skipped: this machine refuses ptrace");
            let tests = [
                test("it_is_a_lock", Outcome::Passed, None),
                test("timeline", Outcome::Skipped, lack),
            ];
            Judgement::from_tests(tests.into())
        };
        let unjudged = || {
            let message =
                "exercises/02_locks/01_mutex/src/lib.rs is UTF-16; expected UTF-8".to_owned();
            Judgement::without_tests(Verdict::Unjudged, Some(Evidence::text(message)), None)
        };
        let forged = || Judgement {
            verdict: Verdict::Forged,
            evidence: Some(Evidence::text("a test that must fail was reported as passed")),
            ..passed()
        };
        let hostile = || {
            let mut judgement = failed(HOSTILE);
            judgement.tests[0].name = HOSTILE.to_owned();
            judgement.tests[1].place.as_mut().unwrap().file = "../../etc/passwd".into();
            judgement
        };
        Self(vec![
            ("ada", [Some(passed()), Some(passed())]),
            ("bob", [Some(failed("expected: one\nseen:     two")), Some(untouched())]),
            ("eve", [Some(refused()), Some(forged())]),
            ("gus", [Some(untouched()), Some(untouched())]),
            (HOSTILE, [Some(hostile()), Some(hostile())]),
            (FORMULA, [Some(passed()), None]),
            ("hal", [Some(unjudged()), Some(passed())]),
            ("ida", [Some(skipped()), Some(passed())]),
        ])
    }

    /// A class of one, whose message has thirty megabytes.
    pub fn endless() -> Self {
        let mut class = Self::new();
        class.0.retain(|(student, _)| *student == "bob");
        class.0[0].1[0].as_mut().unwrap().tests[1].evidence = Some(Evidence::text(endless()));
        class
    }

    /// Without students, as for a learner who asks about his own exercises.
    pub fn sheets<'a>(&'a self, exercises: &'a [Exercise]) -> Vec<Sheet<'a>> {
        let sheet = |(student, judgements): &'a (&'static str, [Option<Judgement>; 2])| Sheet {
            student: Some(student),
            points: Some("4 of 8".into()),
            unreadable: (*student == "gus").then_some(UNREADABLE),
            exercises: exercises
                .iter()
                .zip(judgements)
                .map(|(exercise, judgement)| Found { exercise, judgement: judgement.as_ref() })
                .collect(),
        };
        self.0.iter().map(sheet).collect()
    }
}

pub const UNREADABLE: &str = "it is none of zip, tar, tar.gz and tar.zst";

#[cfg(feature = "grade")]
pub use graded::Graded;

#[cfg(feature = "grade")]
mod graded {
    use checker::grade::gradebook::Gradebook;
    use checker::grade::intake::{Remark, Submission};
    use checker::grade::scheme::Scheme;
    use checker::grade::store::{Conditions, GradedExercise, Stored};
    use checker::grade::taken::{Note, Why};
    use sandbox::Layers;

    use super::{Class, Exercise, UNREADABLE, exercises};

    /// The class as it is stored.
    pub struct Graded {
        exercises: Vec<Exercise>,
        scheme: Scheme,
        stored: Vec<Stored>,
        results: Vec<GradedExercise>,
    }

    impl Graded {
        pub fn new(class: Class) -> Self {
            let exercises = exercises();
            let mut stored = Vec::new();
            let mut results = Vec::new();
            for (student, judgements) in class.0 {
                let is_unreadable = student == "gus";
                let note = Note { path: "exercises/\u{1b}x.rs".into(), why: Why::Foreign };
                stored.push(Stored {
                    submission: Submission {
                        student: student.into(),
                        origin: format!("in/{student}").into(),
                        days_late: Some(1),
                    },
                    unreadable: is_unreadable.then(|| UNREADABLE.to_owned()),
                    notes: if student == "bob" { vec![note] } else { Vec::new() },
                    remarks: if student == "bob" { vec![Remark::Late] } else { Vec::new() },
                });
                let judged = exercises.iter().zip(judgements);
                results.extend(judged.filter_map(|(exercise, judgement)| {
                    Some(GradedExercise {
                        student: student.into(),
                        exercise: exercise.name.clone(),
                        hash: "00ff".into(),
                        judgement: judgement?,
                        flags: Vec::new(),
                        layers: Layers::default(),
                        conditions: Conditions::default(),
                        text: (["ada", "eve"].contains(&student) && exercise.name == "mutex")
                            .then(|| "same".to_owned()),
                    })
                }));
            }
            Self { exercises, scheme: Scheme::default(), stored, results }
        }

        pub fn gradebook(&self) -> Gradebook<'_> {
            Gradebook::new(&self.exercises, &self.scheme, &self.stored, &self.results)
        }
    }
}
