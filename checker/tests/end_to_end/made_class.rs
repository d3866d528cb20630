//! A class that nobody has taught: students, good, bad and hostile, written into a store.

use std::path::{Path, PathBuf};

use checker::evidence::{Evidence, Failure, Lesson, Line, Of, Schedule, SourceLine, Step};
use checker::flags::{Flag, Kind};
use checker::grade::intake::{Remark, Submission};
use checker::grade::store::{Conditions, GradedExercise, Store, Stored};
use checker::grade::taken::{Note, Why};
use checker::verdict::{Judgement, Outcome, Place, TestResult, Verdict};
use checker::workbook::Workbook;
use checker::workbook::curriculum::Exercise;
use checker::workbook::pins::Pins;
use sandbox::{Call, Layer, Layers, Stray, ThreadState};

/// Names that want to be something else: markup, a path, another text.
pub const HOSTILE: [&str; 6] = [
    "<script>document.title='broken'</script>",
    "\" onmouseover=\"document.title='broken'\" x=\"",
    "Bobby & \u{202e}ytrohtua\u{202c}",
    "../../../etc/passwd",
    "bell\u{7}\u{1b}[31m\nand a line",
    "'><img src=http://127.0.0.1:1/x onerror=alert(1)>",
];

const NAMES: [&str; 19] = [
    "ada.lovelace",
    "barbara.liskov",
    "claude.shannon",
    "dennis.ritchie",
    "edsger.dijkstra",
    "frances.allen",
    "grace.hopper",
    "hedy.lamarr",
    "ivan.sutherland",
    "José Núñez",
    "ken.thompson",
    "leslie.lamport",
    "مريم الأسطرلابية",
    "niklaus.wirth",
    "ole-johan.dahl",
    "per.brinch-hansen",
    "radia.perlman of the class that came late and has a long name",
    "tony.hoare",
    "yukihiro.matsumoto",
];

fn race() -> Evidence {
    let place = |file: &str, line| Place {
        file: format!("exercises/02_locks_and_keys/03_semaphore/{file}").into(),
        line,
        column: Some(9),
    };
    let learners = |line| place("src/semaphore.rs", line);
    let steps = [
        (0, learners(25), "lock permits"),
        (0, learners(25), "unlock permits"),
        (1, learners(25), "lock permits"),
        (1, learners(25), "unlock permits"),
        (1, learners(30), "lock permits"),
        (1, learners(30), "unlock permits"),
        (1, place("tests/protocol.rs", 92), "read kitchen"),
        (1, place("tests/protocol.rs", 92), "write kitchen"),
        (0, learners(30), "lock permits"),
        (0, learners(30), "unlock permits"),
        (0, place("tests/protocol.rs", 92), "read kitchen"),
    ];
    let step = |(thread, place, text): (usize, Place, &str)| Step {
        thread,
        place,
        text: text.into(),
        times: 1,
    };
    let line = |line| SourceLine {
        place: learners(line),
        text: "let mut permits = self.permits.lock().unwrap();".into(),
    };
    Evidence::Schedule(Box::new(Schedule {
        expected: "one thread at a time to hold the only permit".into(),
        failure: Failure::DataRace { accesses: "two threads are at kitchen at once".into() },
        likely: "the look at the count and the counting down are not under one lock, so that another thread \
                 can come between them"
            .into(),
        blamed: Some(learners(30)),
        read: "hint 1".into(),
        again: "SCHEDULE=8:3,17:2 cargo test -p semaphore --test protocol \
                one_permit_lets_one_in_at_a_time"
            .into(),
        number: 206,
        switches: 2,
        threads: ["T1", "T2"].map(str::to_owned).into(),
        left_out: 0,
        steps: steps.map(step).into(),
        waiting: Vec::new(),
        lines: [25, 30].map(line).into(),
    }))
}

fn lesson() -> Evidence {
    Evidence::Lesson(Lesson {
        expected: "the child's end of the pipe to be closed in the parent".into(),
        seen: "a read that waits although every writer has exited".into(),
        likely: "the parent keeps its own copy of the write end, so end-of-file never comes".into(),
        read: "pipe(7), and the section The picture of the README".into(),
        ..Lesson::default()
    })
}

const COMPILER: &str = "\
error[E0502]: cannot borrow `self.waiting` as mutable because it is also borrowed as immutable
  --> exercises/03_event_loop/02_reactor/src/lib.rs:88:13
   |
86 |         for (token, waker) in &self.waiting {
   |                               -------------
   |                               |
   |                               immutable borrow occurs here
   |                               immutable borrow later used here
87 |             if ready.contains(token) {
88 |                 self.waiting.remove(token);
   |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^ mutable borrow occurs here

For more information about this error, try `rustc --explain E0502`.";

fn hang() -> Evidence {
    let thread = |tid, name: &str| ThreadState {
        pid: 1,
        tid,
        name: name.into(),
        state: 'S',
        call: Some(Call { name: "futex".into(), descriptor: None }),
    };
    Evidence::Hang { seconds: 30, threads: vec![thread(1, "main"), thread(2, "cook")] }
}

fn difference() -> Evidence {
    let lines = [
        (Of::Both, "keys at the kitchen door: 2"),
        (Of::Expected, "cooks served: 6"),
        (Of::Yours, "cooks served: 5"),
        (Of::Both, "most cooks inside at once: 2"),
    ];
    Evidence::Difference { lines: lines.map(|(of, text)| Line { of, text: text.into() }).into() }
}

/// The workbook of this repository.
pub fn workbook() -> Workbook {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
    Workbook::open(&root).unwrap()
}

/// Writes the results of a class into `directory`; the same ones each time.
pub fn make(workbook: &Workbook, directory: &Path) {
    let store = Store::open(directory).unwrap();
    let mut dice = Dice(7);
    for (nth, student) in NAMES.iter().chain(&HOSTILE).enumerate() {
        let is_unreadable = nth == 14;
        store.put_submission(&submission(student, nth, is_unreadable)).unwrap();
        // From someone who does everything to someone who has hardly begun.
        let diligence = (nth as u64 * 37) % 100;
        for exercise in &workbook.curriculum.exercises {
            let tests = tests(workbook, exercise);
            if nth == 17 && exercise.number.part == 6 {
                continue;
            }
            let judgement = match () {
                () if is_unreadable => Judgement::without_tests(Verdict::NotStarted, None, None),
                () if student.starts_with("<script>") => hostile(tests),
                () => judgement(&mut dice, tests, diligence, exercise),
            };
            let (student, exercise) = ((*student).to_owned(), exercise.name.clone());
            let (hash, flags, layers, text) = (String::new(), flags(&student, nth), layers(), None);
            let conditions = Conditions::default();
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
    }
}

/// What two students do, one of them a hostile one.
fn flags(student: &str, nth: usize) -> Vec<Flag> {
    let flag =
        |kind, what: &str| Flag { file: "src/lib.rs".into(), line: 7, kind, what: what.into() };
    match nth {
        4 => vec![flag(Kind::Exit, "process::exit"), flag(Kind::Sleep, "thread::sleep")],
        _ if student.starts_with("<script>") => vec![Flag {
            file: "src/<img src=x>\u{202e}.rs".into(),
            ..flag(Kind::Surroundings, "/proc/</bdi><script>document.title='broken'</script>\u{1b}")
        }],
        _ => Vec::new(),
    }
}

fn layers() -> Layers {
    Layers { held: Layer::ALL.into(), ..Layers::default() }
}

fn submission(student: &str, nth: usize, is_unreadable: bool) -> Stored {
    let note = |path: &str, why| Note { path: path.to_owned(), why };
    let notes = match nth {
        2 => vec![note("exercises/02_locks_and_keys/03_semaphore/tests/protocol.rs", Why::Edited)],
        7 => (0..9)
            .map(|nth| note(&format!("exercises/06_ipc/01_pipe/notes-{nth}.txt"), Why::Foreign))
            .collect(),
        20 => vec![note("exercises/<img src=x onerror=alert(1)>&\u{202e}\"'\u{0}", Why::BadName)],
        _ => Vec::new(),
    };
    Stored {
        submission: Submission {
            student: student.to_owned(),
            origin: "in/<origin>".into(),
            days_late: Some(if nth % 9 == 5 { 2 } else { 0 }),
        },
        unreadable: is_unreadable.then(|| "it ends in the middle of <file> & \"more\"".to_owned()),
        notes,
        remarks: match nth {
            4 => vec![Remark::Late],
            20 => {
                vec![Remark::Closed { path: "<img src=x>\u{202e}.zip".into(), why: "<b>".into() }]
            }
            _ => Vec::new(),
        },
    }
}

fn tests(workbook: &Workbook, exercise: &Exercise) -> Vec<TestResult> {
    let pins = Pins::load(workbook, exercise).unwrap();
    let targets = pins.targets(exercise).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let of = |target: String| {
        let names = pins.tests.get(&target).cloned().unwrap_or_default();
        names.into_iter().map(move |name| TestResult {
            name,
            target: target.clone(),
            outcome: Outcome::Passed,
            evidence: None,
            place: None,
            schedules: None,
        })
    };
    targets.into_iter().flat_map(of).collect()
}

fn judgement(
    dice: &mut Dice,
    mut tests: Vec<TestResult>,
    diligence: u64,
    exercise: &Exercise,
) -> Judgement {
    let late = u64::from(exercise.number.part) * 6;
    let roll = dice.roll(100);
    if roll + late > diligence + 68 {
        return Judgement::without_tests(Verdict::NotStarted, None, None);
    }
    if roll < diligence {
        return Judgement::from_tests(tests);
    }
    let place = |line| Some(Place { file: exercise.main_file(), line, column: Some(5) });
    match dice.roll(16) {
        0 | 1 => {
            let evidence = Some(Evidence::Compiler { text: COMPILER.to_owned() });
            return Judgement::without_tests(Verdict::DoesNotCompile, evidence, place(88));
        }
        2 => fail(&mut tests, 3, Outcome::TimedOut, hang()),
        3 => {
            let evidence = Evidence::Signal { signal: 11, said: None };
            fail(&mut tests, 1, Outcome::Crashed, evidence);
        }
        4 => fail(&mut tests, 2, Outcome::ExitedEarly, Evidence::ExitedEarly { code: 0 }),
        5 => {
            let stray =
                Stray { pid: 4711, name: "sh".into(), zombie: false, copy_of_program: false };
            fail(&mut tests, 4, Outcome::Leaked, Evidence::Strays { strays: vec![stray] });
        }
        6 => {
            let difference = TestResult {
                name: "the experiment".into(),
                target: "experiment".into(),
                outcome: Outcome::OutputDiffers,
                evidence: Some(difference()),
                place: None,
                schedules: None,
            };
            tests.push(difference);
        }
        7 if diligence < 30 => fail(
            &mut tests,
            0,
            Outcome::AttackedSupervisor,
            Evidence::text("kill(2) of its supervisor"),
        ),
        8 if diligence < 30 => tests.iter_mut().for_each(|test| test.outcome = Outcome::Skipped),
        _ => {
            // One test fails for many: it shows in the rates.
            let last = tests.len() - 1;
            fail(&mut tests, last, Outcome::Failed, lesson());
            for nth in 0..dice.roll(tests.len() as u64 / 2 + 1) as usize {
                let evidence = if nth % 2 == 0 { race() } else { lesson() };
                fail(&mut tests, nth, Outcome::Failed, evidence);
            }
        }
    }
    Judgement::from_tests(tests)
}

/// Everything that a submission can say, with intent.
fn hostile(mut tests: Vec<TestResult>) -> Judgement {
    let megabyte =
        "</pre><script>document.title='broken'</script>\u{202e}\u{1b}[2J\n".repeat(20_000);
    fail(&mut tests, 0, Outcome::Failed, Evidence::text(megabyte));
    tests[0].place = Some(Place { file: "<b>\"'&\u{202e}".into(), line: 1, column: None });
    let mut judgement = Judgement::from_tests(tests);
    judgement.verdict = Verdict::Forged;
    judgement.evidence =
        Some(Evidence::text("a test that must fail was reported as passed: `<it>`"));
    judgement
}

fn fail(tests: &mut [TestResult], nth: usize, outcome: Outcome, evidence: Evidence) {
    let nth = nth.min(tests.len() - 1);
    let test = &mut tests[nth];
    test.outcome = outcome;
    test.evidence = Some(evidence);
    test.place =
        Some(Place { file: format!("tests/{}.rs", test.target).into(), line: 92, column: Some(9) });
}

/// Numbers that look like chance and are the same in every run (Knuth's constants).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides.max(1)
    }
}
