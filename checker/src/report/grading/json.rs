//! A grading in JSON: further events, with the types of their format.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::GradingReport;
use crate::grade::gradebook::Gradebook;
use crate::grade::grading::Progress;
use crate::grade::intake::{self, Intake};
use crate::grade::store::Layers;
use crate::grade::taken::{Note, Reason};
use crate::report::output;
use crate::verdict::Verdict;

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    Upload {
        student: &'a str,
        name: Option<&'a str>,
        origin: &'a Path,
        handed_in: Option<&'a str>,
        days_late: Option<u32>,
        /// The directory in it that the exercises lie in.
        tree: Option<&'a str>,
        /// Those that are not as they were given.
        begun: Vec<&'a str>,
        /// Why exercises are left for a person, by exercise.
        unjudged: BTreeMap<&'a str, Vec<String>>,
        unreadable: Option<&'a str>,
        no_effect: &'a [Note],
        remarks: Vec<Remark<'a>>,
    },
    Graded {
        student: &'a str,
        exercise: &'a str,
        /// `None`: the machine failed, and it stays open.
        verdict: Option<Verdict>,
        problem: Option<String>,
        done: usize,
        total: usize,
    },
    Student {
        student: &'a str,
        origin: &'a Path,
        days_late: u32,
        late_percent: u32,
        points: String,
        points_possible: String,
        bonus: String,
        passed: usize,
        open: usize,
        unreadable: Option<&'a str>,
        no_effect: &'a [Note],
        remarks: Vec<Remark<'a>>,
        flags: usize,
    },
    Gradebook {
        students: usize,
        open: usize,
        /// Of the open ones, those that a person has to look at.
        unjudged: usize,
        flags: usize,
        /// How many groups of submissions are alike.
        alike: usize,
        isolation: Vec<Isolation<'a>>,
        path: Option<&'a Path>,
    },
}

/// A remark with its words.
#[derive(Serialize)]
struct Remark<'a> {
    #[serde(flatten)]
    remark: &'a intake::Remark,
    text: String,
}

impl<'a> Remark<'a> {
    fn new(remark: &'a intake::Remark) -> Self {
        Self { remark, text: remark.to_string() }
    }
}

/// What held while so many results were found out.
#[derive(Serialize)]
struct Isolation<'a> {
    results: usize,
    #[serde(flatten)]
    layers: &'a Layers,
}

/// Prints what a grading has to say.
pub(in crate::report) fn print(report: &GradingReport<'_>) {
    match *report {
        GradingReport::Intake { intakes, .. } => uploads(intakes),
        GradingReport::Graded(progress) => graded(progress),
        GradingReport::Gradebook { gradebook: book, path } => gradebook(book, path),
    }
}

fn graded(progress: &Progress<'_>) {
    let Progress::Ended { unit, result, done, total, .. } = *progress else {
        return;
    };
    output::print_json(&Line::Graded {
        student: unit.student,
        exercise: &unit.exercise.directory,
        verdict: result.as_ref().ok().map(|judgement| judgement.verdict),
        problem: result.as_ref().err().map(ToString::to_string),
        done,
        total,
    });
}

fn uploads(intakes: &[Intake]) {
    for intake in intakes {
        let taken = intake.taken.as_ref().ok();
        let texts = |reasons: &Vec<Reason>| reasons.iter().map(ToString::to_string).collect();
        let unjudged = taken.into_iter().flat_map(|taken| &taken.unjudged);
        output::print_json(&Line::Upload {
            student: &intake.submission.student,
            name: intake.name.as_deref(),
            origin: &intake.submission.origin,
            handed_in: intake.handed_in.as_deref(),
            days_late: intake.submission.days_late,
            tree: intake.tree.as_deref(),
            begun: intake.work.iter().map(String::as_str).collect(),
            unjudged: unjudged.map(|(name, reasons)| (name.as_str(), texts(reasons))).collect(),
            unreadable: intake.taken.as_ref().err().map(|why| why.0.as_str()),
            no_effect: taken.map_or(&[], |taken| &taken.notes),
            remarks: intake.remarks.iter().map(Remark::new).collect(),
        });
    }
}

fn gradebook(gradebook: &Gradebook<'_>, path: Option<&Path>) {
    for line in &gradebook.lines {
        let submission = &line.stored.submission;
        output::print_json(&Line::Student {
            student: &submission.student,
            origin: &submission.origin,
            days_late: submission.days_late(),
            late_percent: line.late_percent,
            points: line.total().to_string(),
            points_possible: gradebook.maximum().to_string(),
            bonus: line.bonus().to_string(),
            passed: line.passed(),
            open: line.open(),
            unreadable: line.stored.unreadable.as_deref(),
            no_effect: &line.stored.notes,
            remarks: line.stored.remarks.iter().map(Remark::new).collect(),
            flags: line.flags().count(),
        });
    }
    let (students, open) = (gradebook.lines.len(), gradebook.open());
    let isolation = gradebook.isolation().into_iter();
    output::print_json(&Line::Gradebook {
        students,
        open,
        unjudged: gradebook.unjudged().count(),
        flags: gradebook.flags(),
        alike: gradebook.alike().len(),
        isolation: isolation.map(|(layers, results)| Isolation { results, layers }).collect(),
        path,
    });
}
