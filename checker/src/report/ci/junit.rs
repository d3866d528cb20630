//! JUnit's XML, as GitLab, Jenkins and Artemis read it: a `<testsuite>` for each exercise.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::verdict::{Outcome, Place, TestResult, Verdict};

use super::makes::Makes;
use super::sheet::{Found, Sheet};
use crate::report::Format;
use crate::report::escape::{cut, unique, xml};

/// Its value of `--format`.
pub const FORMAT: Format<Makes> =
    Format { name: "junit", help: "in other CI: JUnit's XML", makes: Makes::Document(document) };

/// GitLab refuses files from this size on.
pub const SIZE: usize = 30_000_000;

/// How many characters of a message are kept: the first of these with which the document is small
/// enough. Artemis takes 20,000.
const MESSAGES: [usize; 4] = [16_000, 2000, 200, 0];

/// The whole document.
pub fn document(title: &str, sheets: &[Sheet<'_>]) -> String {
    let documents = MESSAGES.iter().map(|limit| with_messages(title, sheets, *limit));
    let mut last = String::new();
    for document in documents {
        last = document;
        if last.len() < SIZE {
            break;
        }
    }
    last
}

fn with_messages(title: &str, sheets: &[Sheet<'_>], limit: usize) -> String {
    let mut report = Report::new(xml(title));
    let names = sheets.iter().flat_map(|sheet| {
        let name = |found: &Found<'_>| xml(&name(sheets, sheet, found));
        sheet.exercises.iter().map(name).collect::<Vec<_>>()
    });
    let mut names = unique(names).into_iter();
    for sheet in sheets {
        for found in &sheet.exercises {
            let name = names.next().expect("each exercise has a name");
            report.add_test_suite(suite(name, sheet, found, limit));
        }
    }
    report.to_string().expect("text is written to memory")
}

/// `semaphore`, the same for every student, because systems compare by it; with several students in one
/// document `ada: semaphore`.
fn name(sheets: &[Sheet<'_>], sheet: &Sheet<'_>, found: &Found<'_>) -> String {
    let student = sheet.student.filter(|_| sheets.len() > 1);
    let whose = student.map(|student| format!("{student}: ")).unwrap_or_default();
    format!("{whose}{}", found.exercise.name)
}

fn suite(name: String, sheet: &Sheet<'_>, found: &Found<'_>, limit: usize) -> TestSuite {
    let mut suite = TestSuite::new(name.clone());
    let file = xml(&found.exercise.main_file().display().to_string());
    let cases = cases(sheet, found, limit);
    let titles = unique(cases.iter().map(|(title, _)| xml(title)));
    for (title, (_, status)) in titles.into_iter().zip(cases) {
        let mut case = TestCase::new(title, status);
        case.set_classname(name.clone());
        case.extra.insert("file".into(), file.clone().into());
        suite.add_test_case(case);
    }
    suite
}

/// A case for each test, and one for what no test says.
fn cases(sheet: &Sheet<'_>, found: &Found<'_>, limit: usize) -> Vec<(String, TestCaseStatus)> {
    let Some(judgement) = found.judgement else {
        return vec![("it is judged".to_owned(), skipped("not judged yet"))];
    };
    let mut cases = Vec::new();
    let tests_say_it = judgement.tests.iter().any(|test| test.outcome != Outcome::Passed);
    if judgement.verdict != Verdict::Passed && !tests_say_it {
        let message = judgement.message();
        let message = message.as_deref().or(sheet.unreadable);
        let words = judgement.verdict.in_words();
        let status = match judgement.verdict {
            Verdict::NotStarted => skipped(message.unwrap_or(words)),
            verdict => {
                let kind = (NonSuccessKind::Error, snake_case(&verdict));
                not_passed(kind, message.unwrap_or(words), judgement.place.as_ref(), limit)
            }
        };
        cases.push(("it can be judged".to_owned(), status));
    }
    cases.extend(judgement.tests.iter().map(|test| (test.name.clone(), status(test, limit))));
    cases
}

fn status(test: &TestResult, limit: usize) -> TestCaseStatus {
    let message = test.message().unwrap_or_default();
    let kind = match test.outcome {
        Outcome::Passed => return TestCaseStatus::success(),
        Outcome::Skipped | Outcome::NotRun => return skipped(&message),
        Outcome::Failed | Outcome::OutputDiffers | Outcome::Leaked => NonSuccessKind::Failure,
        _ => NonSuccessKind::Error,
    };
    not_passed((kind, snake_case(&test.outcome)), &message, test.place.as_ref(), limit)
}

fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(first_line(message));
    status
}

/// The first line as `message`, all of it as the element's text.
fn not_passed(
    (kind, name): (NonSuccessKind, String),
    message: &str,
    place: Option<&Place>,
    limit: usize,
) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(name);
    status.set_message(first_line(message));
    let place = place.map(|place| format!("\nat {place}")).unwrap_or_default();
    status.set_description(xml(&format!("{}{place}", cut(message, limit))));
    status
}

fn first_line(message: &str) -> String {
    xml(&cut(message.lines().next().unwrap_or_default(), 200)).replace('\n', " ")
}

/// The name that every report has for it: `timed_out`.
fn snake_case(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).expect("a verdict is plain data");
    value.as_str().unwrap_or_default().to_owned()
}
