//! The verdict: a closed set of things that can happen. No I/O here.

use serde::{Deserialize, Serialize};

use crate::evidence::{Evidence, stored};

pub use crate::evidence::Place;

/// What is true of an exercise.
///
/// The variants are in the order of the pipeline; each is a `snake_case` name in every report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every expected test was seen to run to its end and passed, and the experiment agrees.
    Passed,
    /// The learner's files are still the stubs. Nothing was compiled.
    NotStarted,
    /// A test file was edited, emptied or deleted.
    TestsMissing,
    /// Another given file was changed: a manifest, a configuration, the experiment.
    WorkbookEdited,
    /// The compiler refuses it, or does not come to an end.
    DoesNotCompile,
    /// A test says no.
    Failed,
    /// A test did not end before its deadline.
    TimedOut,
    /// A signal ended a test.
    Crashed,
    /// A test's process exited before the test had run to its end.
    ExitedEarly,
    /// A test wrote more than anyone reads.
    TooMuchOutput,
    /// A test killed or stopped the process that supervised it.
    AttackedSupervisor,
    /// A test was reported as passed and has not run to its end: something writes the log in its place.
    /// Only grading asks for the proof.
    Forged,
    /// A test left processes behind.
    Leaked,
    /// The experiment prints something else than the reference's.
    OutputDiffers,
    /// The machine lacks what the exercise needs.
    Skipped,
    /// What was handed in cannot be judged as it is: a person has to look. Only grading says so.
    Unjudged,
}

impl Verdict {
    /// Every verdict there is.
    pub const ALL: [Verdict; 16] = [
        Verdict::Passed,
        Verdict::NotStarted,
        Verdict::TestsMissing,
        Verdict::WorkbookEdited,
        Verdict::DoesNotCompile,
        Verdict::Failed,
        Verdict::TimedOut,
        Verdict::Crashed,
        Verdict::ExitedEarly,
        Verdict::TooMuchOutput,
        Verdict::AttackedSupervisor,
        Verdict::Forged,
        Verdict::Leaked,
        Verdict::OutputDiffers,
        Verdict::Skipped,
        Verdict::Unjudged,
    ];

    /// Two or three words for a list.
    pub fn in_words(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::NotStarted => "not started",
            Verdict::TestsMissing => "tests missing or edited",
            Verdict::WorkbookEdited => "given files edited",
            Verdict::DoesNotCompile => "does not compile",
            Verdict::Failed => "failed",
            Verdict::TimedOut => "timed out",
            Verdict::Crashed => "crashed",
            Verdict::ExitedEarly => "exited early",
            Verdict::TooMuchOutput => "too much output",
            Verdict::AttackedSupervisor => "attacked its supervisor",
            Verdict::Forged => "forged",
            Verdict::Leaked => "left processes behind",
            Verdict::OutputDiffers => "output differs",
            Verdict::Skipped => "skipped",
            Verdict::Unjudged => "needs a person",
        }
    }
}

/// A verdict with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// What is true.
    pub verdict: Verdict,
    /// Why, where no test says it: a compiler error, an edited file.
    #[serde(
        default,
        alias = "message",
        deserialize_with = "stored",
        skip_serializing_if = "Option::is_none"
    )]
    pub evidence: Option<Evidence>,
    /// The place to open first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Every expected test, easiest first; empty if none was run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestResult>,
}

impl Judgement {
    /// A verdict that was reached before any test ran.
    pub fn without_tests(
        verdict: Verdict,
        evidence: Option<Evidence>,
        place: Option<Place>,
    ) -> Self {
        Self { verdict, evidence, place, tests: Vec::new() }
    }

    /// The verdict of a run: a pass only if there are tests and each one passed.
    pub fn from_tests(tests: Vec<TestResult>) -> Self {
        let verdict = match deciding(&tests) {
            Some(test) => test.outcome.verdict(),
            None if tests.is_empty() => Verdict::TestsMissing,
            None => Verdict::Passed,
        };
        Self { verdict, evidence: None, place: None, tests }
    }

    /// Whether it leaves the result open, so that it earns nothing and costs nothing: a person has to look,
    /// or a machine that lacks nothing.
    pub fn is_open(&self) -> bool {
        match self.verdict {
            Verdict::Unjudged | Verdict::Skipped => true,
            Verdict::AttackedSupervisor | Verdict::Forged => false,
            _ => self.has_skipped(),
        }
    }

    /// Whether this machine lacks something that a test needs.
    pub fn has_skipped(&self) -> bool {
        self.tests.iter().any(|test| test.outcome == Outcome::Skipped)
    }

    /// The evidence in words.
    pub fn message(&self) -> Option<String> {
        self.evidence.as_ref().map(Evidence::to_string)
    }

    /// How many tests pass.
    pub fn passed(&self) -> usize {
        self.tests.iter().filter(|test| test.outcome == Outcome::Passed).count()
    }

    /// Under how many schedules its tests passed, by their own word.
    pub fn schedules(&self) -> u64 {
        self.tests.iter().filter_map(|test| test.schedules).fold(0, u64::saturating_add)
    }

    /// A few words: `failed: 3 of 5 tests pass`.
    pub fn in_words(&self) -> String {
        let words = self.verdict.in_words();
        if self.verdict == Verdict::Passed || self.tests.is_empty() {
            words.to_owned()
        } else {
            format!("{words}: {} of {} tests pass", self.passed(), self.tests.len())
        }
    }

    /// The test to show first: the easiest that does not pass.
    pub fn first_unpassed(&self) -> Option<&TestResult> {
        deciding(&self.tests)
    }
}

/// A skip is never a pass, but says less than anything that happened.
fn deciding(tests: &[TestResult]) -> Option<&TestResult> {
    let unpassed = || tests.iter().filter(|test| test.outcome != Outcome::Passed);
    unpassed().find(|test| test.outcome != Outcome::Skipped).or(unpassed().next())
}

/// What one test came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResult {
    /// Its name, as `cargo test` has it.
    pub name: String,
    /// The test target that it is in; `experiment` for the comparison with the reference.
    pub target: String,
    /// What happened.
    pub outcome: Outcome,
    /// What was found out about it.
    #[serde(
        default,
        alias = "message",
        deserialize_with = "stored",
        skip_serializing_if = "Option::is_none"
    )]
    pub evidence: Option<Evidence>,
    /// Where it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Under how many schedules it passed, by its own word: for a reader, and for nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedules: Option<u64>,
}

impl TestResult {
    /// The evidence in words.
    pub fn message(&self) -> Option<String> {
        self.evidence.as_ref().map(Evidence::to_string)
    }
}

/// What can happen to a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was seen to run to its end, once, and nothing was left behind.
    Passed,
    /// It panicked or returned an error.
    Failed,
    /// It did not end.
    TimedOut,
    /// A signal ended it.
    Crashed,
    /// Its process exited before it had run to its end.
    ExitedEarly,
    /// It is not in the test program.
    Missing,
    /// The exercise's author lets it be skipped on machines like this one.
    Skipped,
    /// It wrote without end.
    TooMuchOutput,
    /// It killed or stopped its supervisor.
    AttackedSupervisor,
    /// It was reported as passed, and has not run to its end.
    Forged,
    /// It passed, and left processes behind.
    Leaked,
    /// The experiment's output is not the reference's.
    OutputDiffers,
    /// An earlier result made it pointless.
    NotRun,
}

impl Outcome {
    fn verdict(self) -> Verdict {
        match self {
            Outcome::Passed => Verdict::Passed,
            Outcome::Failed => Verdict::Failed,
            Outcome::TimedOut | Outcome::NotRun => Verdict::TimedOut,
            Outcome::Crashed => Verdict::Crashed,
            Outcome::ExitedEarly => Verdict::ExitedEarly,
            Outcome::Missing => Verdict::TestsMissing,
            Outcome::Skipped => Verdict::Skipped,
            Outcome::TooMuchOutput => Verdict::TooMuchOutput,
            Outcome::AttackedSupervisor => Verdict::AttackedSupervisor,
            Outcome::Forged => Verdict::Forged,
            Outcome::Leaked => Verdict::Leaked,
            Outcome::OutputDiffers => Verdict::OutputDiffers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(outcome: Outcome) -> TestResult {
        TestResult {
            name: "a".into(),
            target: "t".into(),
            outcome,
            evidence: None,
            place: None,
            schedules: None,
        }
    }

    #[test]
    fn no_test_at_all_is_not_a_pass() {
        assert_eq!(Judgement::from_tests(Vec::new()).verdict, Verdict::TestsMissing);
    }

    #[test]
    fn the_first_test_that_does_not_pass_decides() {
        let tests = vec![test(Outcome::Passed), test(Outcome::Crashed), test(Outcome::Failed)];
        assert_eq!(Judgement::from_tests(tests).verdict, Verdict::Crashed);
    }

    #[test]
    fn a_skip_is_no_pass_and_hides_no_failure() {
        let of = |outcomes: &[Outcome]| {
            Judgement::from_tests(outcomes.iter().map(|outcome| test(*outcome)).collect()).verdict
        };
        assert_eq!(of(&[Outcome::Passed, Outcome::Skipped]), Verdict::Skipped);
        assert_eq!(of(&[Outcome::Skipped, Outcome::Failed]), Verdict::Failed);
        let both = Judgement::from_tests(vec![test(Outcome::Skipped), test(Outcome::Failed)]);
        assert_eq!(both.first_unpassed().unwrap().outcome, Outcome::Failed);
    }

    #[test]
    fn a_skip_leaves_the_result_open_whatever_the_other_tests_say() {
        let of = |outcomes: &[Outcome]| {
            Judgement::from_tests(outcomes.iter().map(|outcome| test(*outcome)).collect()).is_open()
        };
        assert!(of(&[Outcome::Passed, Outcome::Skipped]));
        assert!(of(&[Outcome::Failed, Outcome::Skipped]));
        assert!(!of(&[Outcome::AttackedSupervisor, Outcome::Skipped]));
        assert!(!of(&[Outcome::Failed]));
    }

    #[test]
    fn every_outcome_but_passed_prevents_a_pass() {
        for outcome in [
            Outcome::Failed,
            Outcome::TimedOut,
            Outcome::Crashed,
            Outcome::ExitedEarly,
            Outcome::Missing,
            Outcome::Skipped,
            Outcome::TooMuchOutput,
            Outcome::AttackedSupervisor,
            Outcome::Forged,
            Outcome::Leaked,
            Outcome::OutputDiffers,
            Outcome::NotRun,
        ] {
            let judgement = Judgement::from_tests(vec![test(Outcome::Passed), test(outcome)]);
            assert_ne!(judgement.verdict, Verdict::Passed, "{outcome:?}");
        }
    }
}
