//! What was found out about something that does not pass: a closed set of values. No I/O here.
//!
//! Reporters show its [`Words`], commands read its fields; nobody searches a text for a fact.

use std::fmt;

use nix::sys::signal::Signal;
use sandbox::{Stray, ThreadState};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

pub use ::evidence::{Body, Failure, Label, Lane, Lesson, Place, Schedule, SourceLine, Step};
use ::evidence::{Explored, Told};
pub use ::evidence::{Timeline, VARIABLE, Waiting, Words};

/// The most bytes of what a test tells.
pub const SIZE: u64 = 256 << 10;

/// The most entries of a list in it, and characters of a text in a list and of another one. What is drawn
/// grows with their product.
const ENTRIES: usize = 500;
const IN_A_LIST: usize = 2000;
const ALONE: usize = 64 << 10;

/// One panic, as the default hook prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Panic {
    /// The name of the thread that panicked.
    pub thread: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Its message, which may have several lines.
    pub message: String,
}

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Evidence {
    /// A test's lesson.
    Lesson(Lesson),
    /// A schedule that breaks a lock.
    Schedule(Box<Schedule>),
    /// A panic that is no lesson.
    Panic(Panic),
    /// A signal ended it.
    Signal {
        /// The signal's number, signal(7).
        signal: i32,
        /// What its last panic said before that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<Box<Evidence>>,
    },
    /// It did not come to its end.
    Hang {
        /// Its deadline.
        seconds: u64,
        /// What its threads did then.
        threads: Vec<ThreadState>,
    },
    /// Its process exited before the test had run to its end.
    ExitedEarly {
        /// The exit code.
        code: i32,
    },
    /// The experiment exited with an error.
    ExperimentFailed {
        /// The exit code.
        code: i32,
        /// What it wrote to standard error.
        stderr: String,
    },
    /// It passed, and left processes behind.
    Strays {
        /// Which.
        strays: Vec<Stray>,
    },
    /// The experiment prints something else than the reference's.
    Difference {
        /// Both outputs, line by line.
        lines: Vec<Line>,
    },
    /// What the compiler says.
    Compiler {
        /// Its errors.
        text: String,
    },
    /// What is only a text.
    Text {
        /// Which.
        text: String,
    },
}

/// A line of two outputs that differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// In which of them it is.
    pub of: Of,
    /// The line.
    pub text: String,
}

/// In which of two outputs a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// In both.
    Both,
    /// In the reference's only.
    Expected,
    /// In the learner's only.
    Yours,
}

impl Evidence {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// A panic, by what the test has told of it if that is the same in words.
    ///
    /// The document is no more to be trusted than what the program prints. So it adds nothing to that but its
    /// fields: one that does not fit, or has more in it than a test tells, is as good as none.
    pub fn from_panic(panic: &Panic, document: &[u8]) -> Self {
        told(document, &panic.message).unwrap_or_else(|| Self::Panic(panic.clone()))
    }

    /// It in words; what is drawn has lines of at most so many characters.
    pub fn words_within(&self, width: usize) -> Words {
        match self {
            Self::Schedule(schedule) => schedule.words_within(width),
            _ => self.words(),
        }
    }

    /// It in words.
    pub fn words(&self) -> Words {
        match self {
            Self::Lesson(lesson) => lesson.words(),
            Self::Schedule(schedule) => schedule.words(),
            Self::Panic(panic) => Words::text(&panic.message),
            Self::Signal { signal, said: None } => Words::text(signal_text(*signal)),
            Self::Signal { signal, said: Some(said) } => {
                Words::text(format!("{}\nBefore that it said:\n{said}", signal_text(*signal)))
            }
            Self::Hang { seconds, threads } => Words::text(hang_text(*seconds, threads)),
            Self::ExitedEarly { code } => Words::text(format!(
                "the process exited with code {code} before the test had run to its end.\n\
                 Your code ends the whole process: look for process::exit, exit or _exit on a path that a \
                 test takes."
            )),
            Self::ExperimentFailed { code, stderr } => {
                Words::text(format!("the experiment exited with code {code}:\n{stderr}"))
            }
            Self::Strays { strays } => Words::text(strays_text(strays)),
            Self::Difference { lines } => Words::columns(difference_text(lines)),
            Self::Compiler { text } => Words::columns(text),
            Self::Text { text } => Words::text(text),
        }
    }

    /// The first line of it in words.
    pub fn headline(&self) -> String {
        let text = self.to_string();
        text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
    }

    /// The same with every text in it changed.
    pub fn with_texts(&self, change: &dyn Fn(&str) -> String) -> Self {
        changed(self, change).unwrap_or_else(|| Self::text(change(&self.to_string())))
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.words().fmt(f)
    }
}

/// What a test has told, if its panic said the same.
fn told(document: &[u8], said: &str) -> Option<Evidence> {
    let value: Value = serde_json::from_slice(document).ok()?;
    if !is_within_limits(&value, ALONE) {
        return None;
    }
    let told: Told = serde_json::from_value(value).ok()?;
    let words = told.words().for_terminal();
    let is_the_same = words.trim_end().lines().eq(said.trim_end().lines());
    is_the_same.then(|| match told {
        Told::Lesson(lesson) => Evidence::Lesson(lesson),
        Told::Schedule(schedule) => Evidence::Schedule(Box::new(schedule)),
    })
}

/// How many schedules a test that passes says to have explored.
pub fn explored(document: &[u8]) -> Option<u64> {
    let Explored { schedules } = serde_json::from_slice(document).ok()?;
    u64::try_from(schedules).ok()
}

fn is_within_limits(value: &Value, longest: usize) -> bool {
    match value {
        Value::String(text) => text.len() <= longest,
        Value::Array(entries) => {
            entries.len() <= ENTRIES && entries.iter().all(|it| is_within_limits(it, IN_A_LIST))
        }
        Value::Object(fields) => fields.values().all(|it| is_within_limits(it, longest)),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

fn changed<T: Serialize + DeserializeOwned>(
    value: &T,
    change: &dyn Fn(&str) -> String,
) -> Option<T> {
    let mut value = serde_json::to_value(value).ok()?;
    change_texts(&mut value, change);
    serde_json::from_value(value).ok()
}

fn change_texts(value: &mut Value, change: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(entries) => entries.iter_mut().for_each(|it| change_texts(it, change)),
        Value::Object(fields) => fields.values_mut().for_each(|it| change_texts(it, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// As it is stored. What was stored before there was evidence is a text; what another checker has stored, and
/// this one does not know, is nothing.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Known(Evidence),
    Text(String),
    Unknown(IgnoredAny),
}

/// Reads evidence that was stored.
pub(crate) fn stored<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Evidence>, D::Error> {
    Ok(match Stored::deserialize(from)? {
        Stored::Known(evidence) => Some(evidence),
        Stored::Text(text) => Some(Evidence::text(text)),
        Stored::Unknown(_) => None,
    })
}

fn signal_text(signal: i32) -> String {
    let name = Signal::try_from(signal)
        .map_or_else(|_| format!("signal {signal}"), |signal| signal.as_str().to_owned());
    let meaning = match name.as_str() {
        "SIGSEGV" => ": it touched memory that is not there, or ran out of stack",
        "SIGBUS" => ": it touched memory in a way that the machine cannot serve",
        "SIGABRT" => ": it called abort, or panicked where a panic cannot unwind",
        "SIGILL" => ": it met an instruction that does not exist",
        "SIGFPE" => ": an arithmetic operation that the CPU refuses",
        "SIGPIPE" => ": it wrote to a pipe that nobody reads",
        "SIGKILL" => ": your code killed it, or the kernel did because memory ran out (see dmesg)",
        _ => "",
    };
    format!("ended by {name}{meaning}")
}

fn hang_text(seconds: u64, threads: &[ThreadState]) -> String {
    let mut lines = vec![format!("still running after {seconds} s; this is what it was doing:")];
    lines.extend(threads.iter().map(|thread| format!("  {thread}")));
    lines.join("\n")
}

fn strays_text(strays: &[Stray]) -> String {
    let mut lines = vec![format!(
        "it passed, but left {} behind:",
        if strays.len() == 1 {
            "a process".to_owned()
        } else {
            format!("{} processes", strays.len())
        }
    )];
    for stray in strays {
        let state = if stray.zombie {
            "has ended, but nobody waited for it (a zombie)"
        } else {
            "was still running and has been killed"
        };
        lines.push(format!("  process {} `{}` {state}", stray.pid, stray.name));
    }
    if strays.iter().any(|stray| stray.copy_of_program) {
        lines.push(
            "It is a copy of the test program itself: a fork() whose child returned into the test \
             instead of calling _exit."
                .to_owned(),
        );
    } else {
        lines.push("A parent waits for each child it starts: see wait(2).".to_owned());
    }
    lines.join("\n")
}

fn difference_text(lines: &[Line]) -> String {
    let sign = |of: Of| match of {
        Of::Both => ' ',
        Of::Expected => '-',
        Of::Yours => '+',
    };
    let lines = lines.iter().map(|line| format!("{} {}", sign(line.of), line.text));
    let heading = ["- expected", "+ yours", ""].map(str::to_owned);
    heading.into_iter().chain(lines).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson(seen: &str) -> Lesson {
        Lesson { expected: "one".into(), seen: seen.into(), ..Lesson::default() }
    }

    fn panic(message: impl fmt::Display) -> Panic {
        Panic { thread: "t".into(), place: None, message: message.to_string() }
    }

    /// What becomes of a document beside a panic that says the lesson.
    fn read(document: &[u8], lesson: &Lesson) -> Evidence {
        Evidence::from_panic(&panic(lesson.words().for_terminal()), document)
    }

    #[test]
    fn what_a_test_tells_is_taken_if_its_panic_says_the_same() {
        let two = lesson("two\n");
        let document = Told::Lesson(two.clone()).to_json();
        assert_eq!(read(document.as_bytes(), &two), Evidence::Lesson(two));
        let three = lesson("three");
        assert_eq!(
            read(document.as_bytes(), &three),
            Evidence::Panic(panic(three.words().for_terminal()))
        );
    }

    #[test]
    fn what_no_test_tells_leaves_the_panics_text() {
        let two = lesson("two");
        let document = Told::Lesson(two.clone()).to_json();
        let praise = document.replacen('{', "{\"points\":5,", 1);
        let signal = "{\"kind\":\"signal\",\"signal\":9}";
        let deep = "[".repeat(100_000);
        let texts = ["", "null", "[]", &praise, &document[1..], &document.repeat(2), signal, &deep];
        for document in texts {
            assert_eq!(
                read(document.as_bytes(), &two),
                Evidence::Panic(panic(two.words().for_terminal()))
            );
        }
        assert!(matches!(read(b"\xff\xfe{}", &two), Evidence::Panic(_)));
    }

    #[test]
    fn what_is_too_long_to_be_shown_leaves_the_panics_text() {
        let is_taken = |lesson: Lesson| {
            let document = Told::Lesson(lesson.clone()).to_json();
            matches!(read(document.as_bytes(), &lesson), Evidence::Lesson(_))
        };
        assert!(is_taken(lesson(&"x".repeat(ALONE))));
        assert!(!is_taken(lesson(&"x".repeat(ALONE + 1))));
        let events = |count: usize, length: usize| {
            let lane = Lane { name: "P1".into(), events: vec!["x".repeat(length); count] };
            let timeline = Some(Timeline { lanes: vec![lane], stuck: Vec::new() });
            Lesson { timeline, ..lesson("two") }
        };
        assert!(is_taken(events(ENTRIES, 1)) && is_taken(events(1, IN_A_LIST)));
        assert!(!is_taken(events(ENTRIES + 1, 1)) && !is_taken(events(1, IN_A_LIST + 1)));
    }

    fn one_of_each() -> Vec<Evidence> {
        let place = || Place { file: "src/a.rs".into(), line: 3, column: Some(5) };
        let call = sandbox::Call { name: "read".into(), descriptor: Some((0, "pipe:[1]".into())) };
        let thread = |call| ThreadState { pid: 1, tid: 2, name: "a".into(), state: 'S', call };
        let schedule = Schedule {
            expected: "a".into(),
            failure: Failure::Panic { message: "b".into(), place: place() },
            likely: "c".into(),
            blamed: Some(place()),
            read: "d".into(),
            again: "e".into(),
            number: 1,
            switches: 2,
            threads: vec!["T1".into()],
            left_out: 0,
            steps: vec![Step { thread: 0, place: place(), text: "lock".into(), times: 1 }],
            waiting: vec![Waiting { thread: 0, place: place(), text: "f".into(), holder: None }],
            lines: vec![SourceLine { place: place(), text: "g".into() }],
        };
        let lane = Lane { name: "P1".into(), events: vec!["exit 0".into()] };
        let timeline = Some(Timeline { lanes: vec![lane], stuck: vec!["P1 waits".into()] });
        let said = Some(Box::new(Evidence::Panic(Panic { place: Some(place()), ..panic("h") })));
        let stray = Stray { pid: 7, name: "sh".into(), zombie: true, copy_of_program: false };
        let text = || "i\n\u{1b}[2J".to_owned();
        vec![
            Evidence::Lesson(Lesson { timeline, about: Some("acquire".into()), ..lesson("two") }),
            Evidence::Schedule(Box::new(schedule)),
            Evidence::Panic(panic("j")),
            Evidence::Signal { signal: 9, said },
            Evidence::Hang { seconds: 5, threads: vec![thread(Some(call)), thread(None)] },
            Evidence::ExitedEarly { code: 3 },
            Evidence::ExperimentFailed { code: 101, stderr: text() },
            Evidence::Strays { strays: vec![stray] },
            Evidence::Difference { lines: vec![Line { of: Of::Yours, text: text() }] },
            Evidence::Compiler { text: text() },
            Evidence::text(text()),
        ]
    }

    #[test]
    fn each_kind_is_stored_and_read_again() {
        use crate::verdict::{Judgement, Verdict};
        for evidence in one_of_each() {
            let judgement = Judgement::without_tests(Verdict::Failed, Some(evidence.clone()), None);
            let json = serde_json::to_string(&judgement).unwrap();
            assert_eq!(serde_json::from_str::<Judgement>(&json).unwrap(), judgement, "{json}");
            let toml = toml::to_string(&judgement).unwrap();
            assert_eq!(toml::from_str::<Judgement>(&toml).unwrap(), judgement, "{toml}");
            assert!(!evidence.headline().is_empty());
            assert_eq!(evidence.with_texts(&str::to_owned), evidence);
        }
    }

    #[test]
    fn a_text_that_was_stored_before_there_was_evidence_is_a_text() {
        use crate::verdict::{Judgement, TestResult};
        let judgement = "verdict = \"failed\"\nmessage = \"why\"\n[[tests]]\nname = \"a\"\n\
                         target = \"t\"\noutcome = \"failed\"\nmessage = \"expected: one\"\n";
        let judgement: Judgement = toml::from_str(judgement).unwrap();
        assert_eq!(judgement.evidence, Some(Evidence::text("why")));
        assert_eq!(judgement.tests[0].evidence, Some(Evidence::text("expected: one")));
        let newer = r#"{"name":"a","target":"t","outcome":"failed","evidence":{"kind":"a_dream"}}"#;
        let newer: TestResult = serde_json::from_str(newer).unwrap();
        assert_eq!(newer.evidence, None);
    }
}
