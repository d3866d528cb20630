//! The gradebook: a line for each student, a column for each exercise. No I/O here.

use std::collections::BTreeMap;

use super::score::{Points, score};
use super::store::{Result, Stored};
use crate::curriculum::{Curriculum, Exercise};
use crate::report::formats::{Found, escape};
use crate::verdict::Verdict;

/// All students with their scores.
#[derive(Debug)]
pub struct Gradebook<'a> {
    /// The columns, in the order of the curriculum.
    pub exercises: Vec<&'a Exercise>,
    /// The lines, in the order of the students.
    pub lines: Vec<Line<'a>>,
}

/// A student's line.
#[derive(Debug)]
pub struct Line<'a> {
    /// The submission.
    pub stored: &'a Stored,
    /// A cell for each exercise; `None` while it has not been judged.
    pub cells: Vec<Option<Cell<'a>>>,
}

/// A student's result in an exercise.
#[derive(Debug)]
pub struct Cell<'a> {
    /// What was found.
    pub result: &'a Result,
    /// What it is worth.
    pub points: Points,
}

impl<'a> Gradebook<'a> {
    /// The gradebook of what is stored, by the curriculum as it is now.
    pub fn new(curriculum: &'a Curriculum, stored: &'a [Stored], results: &'a [Result]) -> Self {
        Self::of(curriculum.exercises.iter().collect(), stored, results)
    }

    /// The gradebook of these exercises only.
    pub fn of(exercises: Vec<&'a Exercise>, stored: &'a [Stored], results: &'a [Result]) -> Self {
        let by_key: BTreeMap<(&str, &str), &Result> =
            results.iter().map(|it| ((it.student.as_str(), it.exercise.as_str()), it)).collect();
        let cell = |student: &str, exercise: &Exercise| {
            let result = *by_key.get(&(student, exercise.name.as_str()))?;
            Some(Cell { result, points: score(exercise, &result.judgement) })
        };
        let line = |stored: &'a Stored| Line {
            stored,
            cells: (exercises.iter())
                .map(|exercise| cell(&stored.submission.student, exercise))
                .collect(),
        };
        Self { lines: stored.iter().map(line).collect(), exercises }
    }

    /// What can be had.
    pub fn maximum(&self) -> Points {
        self.exercises.iter().map(|exercise| Points::whole(exercise.points)).sum()
    }

    /// How many cells have no result yet.
    pub fn open(&self) -> usize {
        self.lines.iter().map(Line::open).sum()
    }

    /// A line's exercises with what was found.
    pub fn found<'b>(&'b self, line: &'b Line<'a>) -> impl Iterator<Item = Found<'b>> {
        self.exercises.iter().zip(&line.cells).map(|(exercise, cell)| Found {
            exercise,
            judgement: cell.as_ref().map(|cell| &cell.result.judgement),
        })
    }

    /// Comma-separated values (RFC 4180): a line of headings, then one for each student.
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let written = "a vector takes what is written to it";
        let mut headings = vec!["student".to_owned()];
        headings.extend(self.exercises.iter().map(|exercise| exercise.name.clone()));
        headings.extend(["total", "maximum", "days_late", "unreadable"].map(str::to_owned));
        writer.write_record(&headings).expect(written);
        for line in &self.lines {
            let mut fields = vec![escape::cell(&line.stored.submission.student)];
            fields.extend(
                line.cells.iter().map(|cell| {
                    cell.as_ref().map_or(String::new(), |cell| cell.points.to_string())
                }),
            );
            fields.push(line.total().to_string());
            fields.push(self.maximum().to_string());
            fields.push(line.stored.submission.days_late.to_string());
            fields.push(escape::cell(line.stored.unreadable.as_deref().unwrap_or_default()));
            writer.write_record(&fields).expect(written);
        }
        let bytes = writer.into_inner().expect(written);
        String::from_utf8(bytes).expect("text was written")
    }
}

impl Line<'_> {
    /// The sum of what is judged so far.
    pub fn total(&self) -> Points {
        self.cells.iter().flatten().map(|cell| cell.points).sum()
    }

    /// How many exercises have no result yet.
    pub fn open(&self) -> usize {
        self.cells.iter().filter(|cell| cell.is_none()).count()
    }

    /// How many exercises pass.
    pub fn passed(&self) -> usize {
        let passes = |cell: &&Cell<'_>| cell.result.judgement.verdict == Verdict::Passed;
        self.cells.iter().flatten().filter(passes).count()
    }
}
