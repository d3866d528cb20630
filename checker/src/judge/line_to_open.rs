//! The line of the learner's file to look at: chosen from the evidence, never the first `todo!` that is
//! left somewhere.
//!
//! In this order: a panic in the learner's file, also one of a process that the test started; the line
//! that a schedule blames; the function that the failing test is about, by the test's own word if it has one.
//! No I/O here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::evidence::Evidence;
use crate::judge::panics::quoted;
use crate::verdict::{Judgement, Place, TestResult, Verdict};
use crate::workbook::curriculum::Exercise;

/// What a line is chosen from.
#[derive(Debug)]
pub struct LineToOpen<'a> {
    pub exercise: &'a Exercise,
    /// The text of the learner's file.
    pub source: &'a str,
    /// The given files by their paths in the exercise; the tests are among them.
    pub given: &'a BTreeMap<PathBuf, String>,
}

impl LineToOpen<'_> {
    /// The line to open first.
    pub fn first(&self, judgement: &Judgement) -> Place {
        match (judgement.verdict, &judgement.place) {
            (Verdict::NotStarted, _) => self.line(self.first_todo()),
            // A given file that was edited.
            (Verdict::TestsMissing | Verdict::WorkbookEdited, Some(place)) => place.clone(),
            (_, Some(place)) if self.is_own(place) => place.clone(),
            _ => match judgement.first_unpassed() {
                Some(test) => self.of_test(test),
                None => self.line(self.functions().first().map(|function| function.line)),
            },
        }
    }

    /// The line to look at for a test that does not pass.
    pub fn of_test(&self, test: &TestResult) -> Place {
        let own = |place: Place| self.is_own(&place).then_some(place);
        let evidence = test.evidence.as_ref();
        test.place
            .clone()
            .and_then(own)
            .or_else(|| self.panic_in(evidence?))
            .or_else(|| blamed(evidence?).and_then(own))
            .unwrap_or_else(|| self.line(self.function_of(test)))
    }

    /// The judgement with each place on a line of the learner's, where the evidence leads to one.
    pub fn on_own_lines(&self, judgement: &Judgement) -> Judgement {
        let mut judgement = judgement.clone();
        if judgement.evidence.is_some() {
            judgement.place = Some(self.first(&judgement));
        }
        for test in judgement.tests.iter_mut().filter(|test| test.evidence.is_some()) {
            test.place = Some(self.of_test(test));
        }
        judgement
    }

    fn is_own(&self, place: &Place) -> bool {
        is_own(self.exercise, place)
    }

    fn line(&self, line: Option<u32>) -> Place {
        Place { file: self.exercise.main_file(), line: line.unwrap_or(1), column: None }
    }

    fn first_todo(&self) -> Option<u32> {
        self.source.lines().zip(1..).find(|(line, _)| line.contains("todo!(")).map(|(_, at)| at)
    }

    /// A panic of a process that the test started, which it quotes.
    fn panic_in(&self, evidence: &Evidence) -> Option<Place> {
        let text = match evidence {
            Evidence::Lesson(lesson) => &lesson.seen,
            Evidence::Panic(panic) => &panic.message,
            Evidence::Signal { said: Some(said), .. } => return self.panic_in(said),
            _ => return None,
        };
        let places = quoted(text).into_iter().filter_map(|panic| panic.place);
        places.into_iter().find(|place| self.is_own(place))
    }

    /// The line of the public function that a test is about.
    ///
    /// The one that the test names. Else of those that the test calls until it fails: one that `likely` names
    /// in backticks; else one that the test's own name has in it; else the last that does something. Without
    /// any, the file's first.
    fn function_of(&self, test: &TestResult) -> Option<u32> {
        let functions = self.functions();
        let (likely, about) = guidance(test.evidence.as_ref());
        if let Some(function) = functions.iter().find(|it| Some(it.name) == about) {
            return Some(function.line);
        }
        let steps = self.steps_of(test);
        let mut called: Vec<(usize, &Function<'_>)> = Vec::new();
        for function in &functions {
            called.extend(last_call(&steps, function.name).map(|at| (at, function)));
        }
        called.sort_by_key(|(at, _)| *at);
        let called: Vec<&Function<'_>> = called.into_iter().map(|(_, function)| function).collect();
        let name = format!("_{}_", test.name.replace("::", "_"));
        let is_in_name = |it: &&Function<'_>| name.contains(&format!("_{}_", it.name));
        let called = || called.iter().copied();
        let suspected = called()
            .filter_map(|it| Some((named_in_backticks(likely, it.name)?, it)))
            .min_by_key(|(at, _)| *at);
        suspected
            .map(|(_, it)| it)
            .or_else(|| called().filter(is_in_name).max_by_key(|it| it.name.len()))
            .or_else(|| called().rev().find(|it| it.acts))
            .or_else(|| called().last())
            .or_else(|| functions.iter().find(|it| it.acts).or(functions.first()))
            .map(|function| function.line)
    }

    /// The public functions of the learner's file.
    fn functions(&self) -> Vec<Function<'_>> {
        let lines = self.source.lines().zip(1..);
        let of = |(text, line)| {
            let (name, signature) = declared(text)?;
            let numbers = ["(&self) -> u32", "(&self) -> u64", "(&self) -> usize"];
            let tells = numbers.iter().any(|number| signature.starts_with(number));
            Some(Function { name, line, acts: name != "new" && !tells })
        };
        lines.filter_map(of).collect()
    }

    /// What a test does until it fails, with the cases above it; without comments and texts.
    fn steps_of(&self, test: &TestResult) -> String {
        let path = PathBuf::from(format!("tests/{}.rs", test.target));
        let Some(text) = self.given.get(&path) else { return String::new() };
        let mut parts = test.name.rsplit("::").skip_while(|part| part.starts_with("case_"));
        let declared = format!("fn {}(", parts.next().unwrap_or(&test.name));
        let lines: Vec<&str> = text.lines().collect();
        let Some(start) = lines.iter().position(|line| line.contains(&declared)) else {
            return String::new();
        };
        let indentation = &lines[start][..lines[start].len() - lines[start].trim_start().len()];
        let closing = format!("{indentation}}}");
        let length = lines[start..].iter().position(|line| **line == closing);
        let end = length.map_or(lines.len(), |length| start + length);
        let failed = test.place.as_ref().filter(|place| place.file.ends_with(&path));
        let failed = failed
            .map(|place| place.line as usize)
            .filter(|line| (start..=end).contains(line))
            .map(|line| end_of_statement(&lines, line));
        let above = lines[..start].iter().rposition(|line| line.trim().is_empty());
        let above = &lines[above.map_or(0, |above| above + 1)..start];
        let steps = case_of(above, &test.name).into_iter();
        let steps = steps.chain(lines[start..failed.unwrap_or(end)].iter().copied());
        steps.map(|line| code_of(line) + "\n").collect()
    }
}

/// The number of lines up to the end of the statement that begins at a line, one-based: what is indented
/// further belongs to it.
fn end_of_statement(lines: &[&str], begin: usize) -> usize {
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let own = lines.get(begin.saturating_sub(1)).map_or(0, |line| indentation(line));
    let belongs = |line: &&&str| line.trim().is_empty() || indentation(line) > own;
    begin + lines[begin.min(lines.len())..].iter().take_while(belongs).count()
}

/// Whether a place is in a file that the learner edits.
pub fn is_own(exercise: &Exercise, place: &Place) -> bool {
    let directory = PathBuf::from("exercises").join(&exercise.directory);
    exercise.edit.iter().any(|file| directory.join(file) == place.file)
}

/// The lines of the case that a test's name has the number of, of the attributes above its function.
fn case_of<'a>(attributes: &[&'a str], name: &str) -> Vec<&'a str> {
    let number = name.rsplit_once("::case_").and_then(|(_, case)| case.split('_').next());
    let Some(number) = number.and_then(|number| number.parse::<usize>().ok()) else {
        return Vec::new();
    };
    let mut case = 0;
    let mut is_case = false;
    let mut lines = Vec::new();
    for &line in attributes {
        if line.trim_start().starts_with("#[") {
            is_case = line.trim_start().starts_with("#[case");
            case += usize::from(is_case);
        }
        if is_case && case == number {
            lines.push(line);
        }
    }
    lines
}

/// A public function and its line.
#[derive(Debug)]
struct Function<'a> {
    name: &'a str,
    line: u32,
    /// Whether it does something, and does not only make an object or tell a number of it.
    acts: bool,
}

/// The name of the public function that a line declares, and what stands behind it.
fn declared(line: &str) -> Option<(&str, &str)> {
    let (qualifiers, rest) = line.trim_start().strip_prefix("pub")?.split_once("fn ")?;
    let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
    let is_function = end > 0 && !qualifiers.contains(['{', '=', ':']);
    is_function.then_some(rest.split_at(end))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where a function is last called, or handed on by its path.
fn last_call(code: &str, name: &str) -> Option<usize> {
    code.rmatch_indices(name).map(|(at, _)| at).find(|&at| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        let is_whole = !before.ends_with(is_word) && !after.starts_with(is_word);
        let is_declared = before.ends_with("fn ");
        let is_used = after.starts_with(['(', '<']) || before.ends_with("::");
        is_whole && is_used && !is_declared
    })
}

/// Where a text names a function as `` `acquire` `` or `` `acquire(…)` ``.
fn named_in_backticks(text: &str, name: &str) -> Option<usize> {
    text.match_indices(&format!("`{name}")).map(|(at, _)| at).find(|&at| {
        let after = &text[at + 1 + name.len()..];
        after.starts_with(['`', '('])
    })
}

/// A line without its comment and without what stands in its texts.
fn code_of(line: &str) -> String {
    let mut code = String::new();
    let mut in_text = false;
    let mut escaped = false;
    for c in line.chars() {
        match c {
            '"' if !escaped => in_text = !in_text,
            _ if !in_text => code.push(c),
            _ => {}
        }
        escaped = in_text && c == '\\' && !escaped;
    }
    code.split("//").next().unwrap_or_default().to_owned()
}

/// The line that a schedule blames.
fn blamed(evidence: &Evidence) -> Option<Place> {
    match evidence {
        Evidence::Schedule(schedule) => {
            schedule.blamed.clone().map(|place| Place { column: None, ..place })
        }
        _ => None,
    }
}

/// The mistake that the test suspects, and the function that it says it is about.
fn guidance(evidence: Option<&Evidence>) -> (&str, Option<&str>) {
    match evidence {
        Some(Evidence::Lesson(lesson)) => (&lesson.likely, lesson.about.as_deref()),
        Some(Evidence::Schedule(schedule)) => (&schedule.likely, None),
        Some(Evidence::Signal { said, .. }) => guidance(said.as_deref()),
        _ => ("", None),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::evidence::{Failure, Lesson, Schedule};
    use crate::verdict::Outcome;
    use crate::workbook::curriculum::Number;

    const SOURCE: &str = "\
//! A semaphore.
impl Semaphore {
    pub const fn new(permits: usize) -> Self {
        todo!(\"left\")
    }
    pub fn acquire(&self) {}
    pub fn try_acquire(&self) -> bool {}
    pub fn available(&self) -> usize {}
}
";

    const TESTS: &str = "\
use sync::Semaphore;

#[rstest]
#[case::of_acquire(Semaphore::acquire)]
fn a_permit_comes_back(#[case] take: fn(&Semaphore)) {
    let semaphore = Semaphore::new(1); // not try_acquire()
    take(&semaphore);
    require!(semaphore.available() == 1,
        likely: \"try_acquire() is never\",
    );
}

#[test]
fn a_try_acquire_is_refused() {
    let semaphore = Semaphore::new(0);
    semaphore.acquire();
    assert!(!semaphore.try_acquire());
    assert_eq!(semaphore.available(), 0);
}

#[rstest]
#[case(Semaphore::acquire)]
#[case(Semaphore::try_acquire)]
fn it_is_refused(#[case] call: fn(&Semaphore)) {
    let refused = on_a_thread(|| {
        call(&Semaphore::new(0))
    });
}

#[test]
fn nothing_is_called() {}
";

    fn exercise() -> Exercise {
        Exercise {
            number: Number { part: 2, place: 3 },
            name: "semaphore".into(),
            directory: "02_locks/03_semaphore".into(),
            edit: vec!["src/semaphore.rs".into()],
            ..Exercise::example(Duration::ZERO)
        }
    }

    fn lesson(lesson: Lesson) -> Evidence {
        Evidence::Lesson(lesson)
    }

    fn likely(likely: &str) -> Evidence {
        lesson(Lesson { likely: likely.into(), ..Lesson::default() })
    }

    fn line(name: &str, evidence: Evidence, place: (&str, u32)) -> u32 {
        let exercise = exercise();
        let given = BTreeMap::from([(PathBuf::from("tests/semaphore.rs"), TESTS.to_owned())]);
        let line_to_open = LineToOpen { exercise: &exercise, source: SOURCE, given: &given };
        let file = PathBuf::from("exercises/02_locks/03_semaphore").join(place.0);
        let chosen = line_to_open.of_test(&TestResult {
            name: name.into(),
            target: "semaphore".into(),
            outcome: Outcome::Failed,
            evidence: Some(evidence),
            place: Some(Place { file, line: place.1, column: None }),
            schedules: None,
        });
        assert_eq!(chosen.file, exercise.main_file());
        chosen.line
    }

    fn schedule(blamed: &str) -> Evidence {
        let file = PathBuf::from("exercises/02_locks/03_semaphore").join(blamed);
        Evidence::Schedule(Box::new(Schedule {
            expected: "a".into(),
            failure: Failure::Deadlock,
            likely: String::new(),
            blamed: Some(Place { file, line: 7, column: Some(9) }),
            read: String::new(),
            again: String::new(),
            number: 1,
            switches: 0,
            threads: Vec::new(),
            left_out: 0,
            steps: Vec::new(),
            waiting: Vec::new(),
            lines: Vec::new(),
        }))
    }

    #[test]
    fn a_panic_in_the_learners_file_is_the_line() {
        assert_eq!(line("a", schedule("src/semaphore.rs"), ("src/semaphore.rs", 4)), 4);
        let quoted = "thread 'main' (7) panicked at \
                      exercises/02_locks/03_semaphore/src/semaphore.rs:6:9:\nno";
        let seen = |seen: String| lesson(Lesson { seen, ..Lesson::default() });
        let at = ("tests/semaphore.rs", 8);
        assert_eq!(line("a", seen(quoted.into()), at), 6);
        assert_eq!(line("a", seen(format!("it says: {quoted}")), at), 6);
        let signal = Evidence::Signal { signal: 6, said: Some(Box::new(seen(quoted.into()))) };
        assert_eq!(line("a", signal, at), 6);
    }

    #[test]
    fn a_schedule_says_which_line_it_blames() {
        let at = ("tests/semaphore.rs", 8);
        assert_eq!(line("a", schedule("src/semaphore.rs"), at), 7);
        assert_eq!(line("nothing_is_called", schedule("tests/protocol.rs"), at), 6);
    }

    #[test]
    fn what_a_text_says_is_no_place() {
        let text =
            "expected: a\nlikely:   `new`\nlook at:  semaphore.rs:7\n\nsemaphore.rs\n:25 │ lock";
        let at = ("tests/semaphore.rs", 8);
        assert_eq!(line("nothing_is_called", Evidence::text(text), at), 6);
    }

    #[test]
    fn a_test_may_say_which_function_it_is_about() {
        let about = |name: &str| {
            lesson(Lesson {
                about: Some(name.into()),
                likely: "`available`".into(),
                ..Lesson::default()
            })
        };
        let line = |name| line("a_permit_comes_back", about(name), ("tests/semaphore.rs", 8));
        assert_eq!(line("try_acquire"), 7);
        assert_eq!(line("no_such_function"), 8, "what `likely` names");
    }

    #[test]
    fn otherwise_it_is_the_function_that_the_test_is_about() {
        let at = ("tests/semaphore.rs", 8);
        let case = "a_permit_comes_back::case_1_of_acquire";
        let none = || Evidence::text("");
        assert_eq!(line(case, none(), at), 6, "the case's name has `acquire` in it");
        assert_eq!(
            line("a_permit_comes_back::case_1", none(), at),
            6,
            "the last that does something"
        );
        let suspect = likely("the argument of `new` is\nnot what `available` reads");
        assert_eq!(line(case, suspect, at), 3, "suspected and called");
        let suspect = likely("`try_acquire` takes it");
        assert_eq!(line(case, suspect, at), 6, "suspected, but the test does not call it");
        assert_eq!(line("a_try_acquire_is_refused", none(), ("tests/semaphore.rs", 17)), 7);
        assert_eq!(
            line("it_is_refused::case_2", none(), ("tests/semaphore.rs", 26)),
            7,
            "its own case"
        );
        assert_eq!(line("no_such_test", none(), at), 6, "the file's first that does something");
    }

    #[test]
    fn an_exercise_that_is_not_begun_is_begun_at_its_first_todo() {
        let exercise = exercise();
        let line_to_open =
            LineToOpen { exercise: &exercise, source: SOURCE, given: &BTreeMap::new() };
        let judgement = Judgement::without_tests(Verdict::NotStarted, None, None);
        assert_eq!(line_to_open.first(&judgement).line, 4);
    }
}
