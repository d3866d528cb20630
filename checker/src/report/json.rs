//! `--format json`: one object a line, each with the key `event`. The types of the format live here.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::event::{Event, Sink};
use crate::evidence::Evidence;
use crate::findings::{
    Compared, ExerciseStatus, Finding, Listed, Mutated, Operators, Soundness, State, Survivor,
    Tally, Verified, WorkbookStatus,
};
use crate::solutions::Kind;
use crate::timeline::{Reference, Traced};
use crate::verdict::{Outcome, Place, TestResult, Verdict};
use crate::workbook::Workbook;
use crate::{Error, Exit};

use super::json_claims::JsonClaim;
use super::json_timeline::JsonTimeline;
use super::{Format, NewReporter, Report, Reporter, output};

/// Its value of `--format`.
pub(super) const FORMAT: Format<NewReporter> = Format {
    name: "json",
    help: "One JSON object a line, each with the key `event`",
    makes: || Box::new(Json),
};

/// Reports in JSON lines on standard output.
pub(super) struct Json;

/// How an exercise stands, as far as it is known.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    NotStarted,
    Changed,
    #[serde(untagged)]
    Judged(Verdict),
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    Compiling {
        exercise: &'a str,
    },
    Running {
        exercise: &'a str,
    },
    Verdict {
        exercise: &'a str,
        name: &'a str,
        number: String,
        points: u32,
        verdict: Verdict,
        cached: bool,
        message: Option<String>,
        evidence: Option<&'a Evidence>,
        place: Option<&'a Place>,
        tests: Vec<Test<'a>>,
    },
    Summary {
        passed: usize,
        total: usize,
        points: u32,
        points_possible: u32,
        next: Option<&'a str>,
        exit: u8,
    },
    /// An exercise as it is remembered.
    Listed {
        exercise: &'a str,
        name: &'a str,
        number: String,
        title: &'a str,
        claims: &'a [String],
        /// The verdict on the files as they are, `not_started` or `changed`.
        state: Standing,
        tests_passed: Option<usize>,
        tests: Option<usize>,
        hints_given: usize,
        hints: usize,
        points: u32,
    },
    Claim(JsonClaim<'a>),
    Claims {
        claims: usize,
        without_evidence: usize,
        exit: u8,
    },
    Finding {
        name: &'a str,
        found: &'a str,
        ok: bool,
        lost: Option<&'a str>,
        remedy: Option<&'a str>,
    },
    Verified {
        exercise: &'a str,
        stub_failing: usize,
        stub_tests: usize,
        solution_passing: usize,
        alternatives: usize,
        alternatives_passing: usize,
        problems: &'a [String],
    },
    DegenerateCandidate {
        exercise: &'a str,
        does: &'a str,
        /// The tests that pass on it and must not.
        passing: &'a [String],
    },
    WrongSolution {
        exercise: &'a str,
        name: &'a str,
        kind: Option<&'a str>,
        caught: bool,
        by: Option<&'a str>,
        /// What it would earn, with `verify --points`.
        points: Option<f64>,
        points_possible: Option<f64>,
    },
    Verification {
        verified: usize,
        total: usize,
        problems: &'a [String],
        /// How many wrong solutions an exercise has, by kind.
        kinds: BTreeMap<&'a str, BTreeMap<&'a str, usize>>,
        exit: u8,
    },
    /// See `docs/trace.md`.
    Timeline {
        exercise: &'a str,
        name: &'a str,
        yours: JsonTimeline<'a>,
        reference: Option<JsonTimeline<'a>>,
        why_no_reference: Option<&'a str>,
        same: Option<bool>,
        svg: Option<&'a Path>,
    },
    Soundness {
        exercise: &'a str,
        solution: Runs<'a>,
        alternatives: Vec<Runs<'a>>,
        wrong: Vec<Runs<'a>>,
    },
    SoundnessOfAll {
        exercises: usize,
        false_failures: usize,
        escapes: usize,
        exit: u8,
    },
    Mutated {
        exercise: &'a str,
        operators: Operators,
        killed: usize,
        endless: usize,
        not_compiled: usize,
        survivors: &'a [Survivor],
        gone: &'a [String],
    },
    Document {
        text: &'a str,
    },
    Note {
        text: &'a str,
    },
    Files {
        /// Nothing while it is the stub.
        yours: Option<&'a str>,
        reference: &'a str,
        /// The reference's.
        text: &'a str,
    },
    Warning {
        message: &'a str,
    },
    Error {
        message: String,
        exit: u8,
    },
}

#[derive(Serialize)]
struct Test<'a> {
    name: &'a str,
    target: &'a str,
    outcome: Outcome,
    message: Option<String>,
    evidence: Option<&'a Evidence>,
    place: Option<&'a Place>,
}

impl<'a> From<&'a TestResult> for Test<'a> {
    fn from(test: &'a TestResult) -> Self {
        Self {
            name: &test.name,
            target: &test.target,
            outcome: test.outcome,
            message: test.message(),
            evidence: test.evidence.as_ref(),
            place: test.place.as_ref(),
        }
    }
}

/// The runs of a solution, right or wrong.
#[derive(Serialize)]
struct Runs<'a> {
    name: &'a str,
    runs: usize,
    unsound: usize,
    first: Option<&'a str>,
}

/// How many wrong solutions of this kind each exercise has; without those that have none.
fn by_exercise<'a>(kind: Kind, verified: &[Verified<'a>]) -> BTreeMap<&'a str, usize> {
    let counts = verified.iter().map(|one| (one.exercise.name.as_str(), one.count_of(kind)));
    counts.filter(|(_, count)| *count > 0).collect()
}

impl<'a> From<&'a Tally> for Runs<'a> {
    fn from(tally: &'a Tally) -> Self {
        Self {
            name: &tally.name,
            runs: tally.runs,
            unsound: tally.unsound,
            first: tally.first.as_deref(),
        }
    }
}

impl Sink for Json {
    fn emit(&mut self, event: &Event<'_>) {
        output::print_json(&match *event {
            // How far something is tells a program nothing that the verdict does not.
            Event::CompilingCrates { .. } | Event::Tested { .. } | Event::Failed { .. } => return,
            Event::Compiling { exercise } => Line::Compiling { exercise: &exercise.directory },
            Event::Running { exercise } => Line::Running { exercise: &exercise.directory },
            Event::Warning { text } => Line::Warning { message: text },
            Event::Judged { exercise, judgement, cached } => Line::Verdict {
                exercise: &exercise.directory,
                name: &exercise.name,
                number: exercise.number.to_string(),
                points: exercise.points,
                verdict: judgement.verdict,
                cached,
                message: judgement.message(),
                evidence: judgement.evidence.as_ref(),
                place: judgement.place.as_ref(),
                tests: judgement.tests.iter().map(Test::from).collect(),
            },
        });
    }
}

impl Reporter for Json {
    fn report(&mut self, report: Report<'_>) {
        match report {
            Report::Status { workbook, status, exit, .. } => {
                self.status_of_workbook(workbook, status, exit)
            }
            Report::List { listed, .. } => listed.iter().for_each(|it| self.listed(it)),
            Report::Claim { claim, .. } => {
                output::print_json(&Line::Claim(JsonClaim::new(claim)));
            }
            Report::Claims { claims, exit } => output::print_json(&Line::Claims {
                claims: claims.len(),
                without_evidence: claims.iter().filter(|claim| claim.lacks_evidence()).count(),
                exit: exit.code(),
            }),
            Report::Machine(findings) => self.findings(findings),
            Report::Verified(verified) => self.verified(verified),
            Report::Verification { verified, general, exit } => {
                self.verification(verified, general, exit)
            }
            Report::Timeline { traced, svg } => self.traced(traced, svg),
            Report::Soundness(soundness) => self.soundness(soundness),
            Report::SoundnessOfAll { all, exit } => self.soundness_of_all(all, exit),
            Report::Mutated(mutated) => self.mutated(mutated),
            #[cfg(feature = "grade")]
            Report::Grading(report) => super::grading::print(&report),
            Report::Document(text) => self.document(text),
            Report::Note(text) => self.note(text),
            Report::Markdown(text) => self.markdown(text),
            Report::Solution(compared) => compared.iter().for_each(|it| self.compared(it)),
            Report::Error(error) => self.error(error),
        }
    }
}

impl Json {
    fn status_of_workbook(&mut self, _: &Workbook, status: &WorkbookStatus<'_>, exit: Exit) {
        let has_passed = |s: &&ExerciseStatus<'_>| s.judgement.verdict == Verdict::Passed;
        let next = status.next.as_ref();
        let statuses = &status.asked;
        output::print_json(&Line::Summary {
            passed: statuses.iter().filter(has_passed).count(),
            total: statuses.len(),
            points: statuses.iter().filter(has_passed).map(|s| s.exercise.points).sum(),
            points_possible: statuses.iter().map(|s| s.exercise.points).sum(),
            next: next.map(|status| status.exercise.directory.as_str()),
            exit: exit.code(),
        });
    }

    fn listed(&mut self, listed: &Listed<'_>) {
        let (exercise, tests) = (listed.exercise, listed.state.tests());
        output::print_json(&Line::Listed {
            exercise: &exercise.directory,
            name: &exercise.name,
            number: exercise.number.to_string(),
            title: &exercise.title,
            claims: &exercise.claims,
            state: match listed.state {
                State::NotStarted => Standing::NotStarted,
                State::Changed => Standing::Changed,
                State::Judged { verdict, .. } => Standing::Judged(verdict),
            },
            tests_passed: tests.map(|(passed, _)| passed),
            tests: tests.map(|(_, of)| of),
            hints_given: listed.hints_given,
            hints: listed.hints,
            points: exercise.points,
        });
    }

    fn findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            let short = finding.shortfall.as_ref();
            output::print_json(&Line::Finding {
                name: finding.name,
                found: &finding.found,
                ok: short.is_none(),
                lost: short.map(|short| short.lost.as_str()),
                remedy: short.map(|short| short.remedy.as_str()),
            });
        }
    }

    fn verified(&mut self, verified: &Verified<'_>) {
        for wrong in &verified.wrong {
            output::print_json(&Line::WrongSolution {
                exercise: &verified.exercise.directory,
                name: &wrong.name,
                kind: wrong.kind.map(Kind::name),
                caught: wrong.caught_by.is_some(),
                by: wrong.caught_by.as_deref(),
                points: wrong.earned.map(|it| it.hundredths as f64 / 100.0),
                points_possible: wrong.earned.map(|it| it.possible as f64 / 100.0),
            });
        }
        for candidate in &verified.degenerate {
            output::print_json(&Line::DegenerateCandidate {
                exercise: &verified.exercise.directory,
                does: candidate.candidate.in_words(),
                passing: &candidate.passing,
            });
        }
        output::print_json(&Line::Verified {
            exercise: &verified.exercise.directory,
            stub_failing: verified.stub.0,
            stub_tests: verified.stub.1,
            solution_passing: verified.solution,
            alternatives: verified.alternatives.len(),
            alternatives_passing: verified.alternatives.iter().filter(|it| it.passes).count(),
            problems: &verified.problems,
        });
    }

    fn verification(&mut self, verified: &[Verified<'_>], general: &[String], exit: Exit) {
        output::print_json(&Line::Verification {
            verified: verified.iter().filter(|one| one.problems.is_empty()).count(),
            total: verified.len(),
            problems: general,
            kinds: Kind::ALL
                .into_iter()
                .map(|(kind, name)| (name, by_exercise(kind, verified)))
                .collect(),
            exit: exit.code(),
        });
    }

    fn traced(&mut self, traced: &Traced<'_>, svg: Option<&Path>) {
        let (only_yours, only_reference) = traced.marks();
        let reference = traced.reference();
        let same = only_yours.is_empty() && only_reference.is_empty();
        output::print_json(&Line::Timeline {
            exercise: &traced.exercise.directory,
            name: &traced.exercise.name,
            yours: JsonTimeline::new(&traced.yours, &only_yours),
            reference: reference.map(|timeline| JsonTimeline::new(timeline, &only_reference)),
            why_no_reference: match traced.reference {
                Reference::None(why) => Some(why),
                Reference::Timeline(_) => None,
            },
            same: reference.map(|_| same),
            svg,
        });
    }

    fn soundness(&mut self, soundness: &Soundness<'_>) {
        output::print_json(&Line::Soundness {
            exercise: &soundness.exercise.directory,
            solution: Runs::from(&soundness.solution),
            alternatives: soundness.alternatives.iter().map(Runs::from).collect(),
            wrong: soundness.wrong.iter().map(Runs::from).collect(),
        });
    }

    fn soundness_of_all(&mut self, all: &[Soundness<'_>], exit: Exit) {
        output::print_json(&Line::SoundnessOfAll {
            exercises: all.len(),
            false_failures: all.iter().flat_map(Soundness::right).map(|tally| tally.unsound).sum(),
            escapes: all.iter().flat_map(|one| &one.wrong).map(|tally| tally.unsound).sum(),
            exit: exit.code(),
        });
    }

    fn mutated(&mut self, mutated: &Mutated<'_>) {
        output::print_json(&Line::Mutated {
            exercise: &mutated.exercise.directory,
            operators: mutated.operators,
            killed: mutated.killed,
            endless: mutated.endless,
            not_compiled: mutated.not_compiled,
            survivors: &mutated.survivors,
            gone: &mutated.gone,
        });
    }

    fn document(&mut self, text: &str) {
        output::print_json(&Line::Document { text });
    }

    fn note(&mut self, text: &str) {
        output::print_json(&Line::Note { text });
    }

    fn markdown(&mut self, text: &str) {
        output::print_json(&Line::Note { text });
    }

    fn compared(&mut self, compared: &Compared) {
        output::print_json(&Line::Files {
            yours: compared.yours.as_ref().map(|(name, _)| name.as_str()),
            reference: &compared.reference.0,
            text: &compared.reference.1,
        });
    }

    fn error(&mut self, error: &Error) {
        output::print_json(&Line::Error { message: error.to_string(), exit: error.exit().code() });
    }
}
