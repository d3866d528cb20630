//! The gradebook: a line for each student, a column for each exercise. No I/O here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sandbox::Layers;

use super::flags::Flag;
use super::hidden::for_the_student;
use super::points::Points;
use super::scheme::Scheme;
use super::score::{Score, Worth, score, worth};
use super::store::{Result, Stored};
use crate::curriculum::{Curriculum, Exercise};
use crate::report::formats::{Found, escape};
use crate::verdict::{Judgement, Verdict};

/// All students with their scores.
#[derive(Debug)]
pub struct Gradebook<'a> {
    /// The columns, in the order of the curriculum.
    pub exercises: Vec<&'a Exercise>,
    /// What counts how much.
    pub scheme: &'a Scheme,
    /// The lines, in the order of the students.
    pub lines: Vec<Line<'a>>,
    /// How many of the empty cells are held until a person approves them.
    pub held: usize,
}

/// A student's line.
#[derive(Debug)]
pub struct Line<'a> {
    /// The submission.
    pub stored: &'a Stored,
    /// A cell for each exercise; `None` while it has not been judged.
    pub cells: Vec<Option<Cell<'a>>>,
    /// What lateness takes off, in percent.
    pub late_percent: u32,
}

/// A student's result in an exercise.
#[derive(Debug)]
pub struct Cell<'a> {
    /// What was found: for instructors.
    pub result: &'a Result,
    /// What of it the student may see.
    pub shown: Cow<'a, Judgement>,
    /// What it is worth.
    pub score: Score,
}

impl Line<'_> {
    /// What lateness costs, if anything: `3 days late: 20 % less`.
    pub fn lateness(&self) -> Option<String> {
        let days = self.stored.submission.days_late();
        let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
        (self.late_percent > 0).then(|| format!("{days} late: {} % less", self.late_percent))
    }
}

impl<'a> Gradebook<'a> {
    /// The gradebook of what is stored, by the curriculum and the scheme as they are now.
    pub fn new(
        curriculum: &'a Curriculum,
        scheme: &'a Scheme,
        stored: &'a [Stored],
        results: &'a [Result],
    ) -> Self {
        Self::of(curriculum.exercises.iter().collect(), scheme, stored, results)
    }

    /// The gradebook of these exercises only.
    pub fn of(
        exercises: Vec<&'a Exercise>,
        scheme: &'a Scheme,
        stored: &'a [Stored],
        results: &'a [Result],
    ) -> Self {
        let by_key: BTreeMap<(&str, &str), &Result> =
            results.iter().map(|it| ((it.student.as_str(), it.exercise.as_str()), it)).collect();
        let cell = |stored: &Stored, exercise: &Exercise| {
            let submission = &stored.submission;
            let key = (submission.student.as_str(), exercise.name.as_str());
            let result = *by_key.get(&key)?;
            let shown = for_the_student(scheme.rules(exercise), &result.judgement);
            let score = score(exercise, scheme, &result.judgement, submission.days_late());
            Some(Cell { result, shown, score })
        };
        let line = |stored: &'a Stored| Line {
            stored,
            cells: exercises.iter().map(|exercise| cell(stored, exercise)).collect(),
            late_percent: scheme.late.percent(stored.submission.days_late()),
        };
        Self { lines: stored.iter().map(line).collect(), exercises, scheme, held: 0 }
    }

    /// Leaves these results out, as far as they would have a cell here, and returns those.
    pub fn hold(&mut self, held: Vec<Result>) -> Vec<Result> {
        let student = |result: &Result| {
            self.lines.iter().any(|line| line.stored.submission.student == result.student)
        };
        let exercise = |result: &Result| self.exercises.iter().any(|it| it.name == result.exercise);
        let held: Vec<Result> =
            held.into_iter().filter(|result| student(result) && exercise(result)).collect();
        self.held = held.len();
        held
    }

    /// What can be had for an exercise.
    pub fn worth(&self, exercise: &Exercise) -> Worth {
        worth(exercise, self.scheme)
    }

    /// What can be had for all of them.
    pub fn worth_of_all(&self) -> Worth {
        let all = || self.exercises.iter().map(|exercise| self.worth(exercise));
        Worth {
            possible: all().map(|worth| worth.possible).sum(),
            bonus: all().map(|worth| worth.bonus).sum(),
        }
    }

    /// The points possible; a bonus comes on top of them.
    pub fn maximum(&self) -> Points {
        self.worth_of_all().possible
    }

    /// The layers of isolation that results were found out behind, each time with how many; more than
    /// one if the results come from several machines, or from one that was changed.
    pub fn isolation(&self) -> Vec<(&'a Layers, usize)> {
        let mut all: Vec<(&Layers, usize)> = Vec::new();
        for cell in self.lines.iter().flat_map(|line| line.cells.iter().flatten()) {
            let layers = &cell.result.layers;
            match all.iter_mut().find(|(known, _)| *known == layers) {
                Some((_, count)) => *count += 1,
                None => all.push((layers, 1)),
            }
        }
        all
    }

    /// How many flags there are.
    pub fn flags(&self) -> usize {
        self.lines.iter().map(|line| line.flags().count()).sum()
    }

    /// How many cells have no result yet.
    pub fn open(&self) -> usize {
        self.lines.iter().map(Line::open).sum::<usize>().saturating_sub(self.held)
    }

    /// A line's exercises with what was found, as the student may see it.
    pub fn found<'b>(&'b self, line: &'b Line<'a>) -> impl Iterator<Item = Found<'b>> {
        self.exercises.iter().zip(&line.cells).map(|(exercise, cell)| Found {
            exercise,
            judgement: cell.as_ref().map(|cell| &*cell.shown),
        })
    }

    /// Comma-separated values (RFC 4180): a line of headings, then one for each student.
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let written = "a vector takes what is written to it";
        let mut headings = vec!["student".to_owned()];
        headings.extend(self.exercises.iter().map(|exercise| exercise.name.clone()));
        let rest = ["total", "maximum", "bonus", "days_late", "late_percent", "unreadable"];
        headings.extend(rest.map(str::to_owned));
        writer.write_record(&headings).expect(written);
        for line in &self.lines {
            let mut fields = vec![escape::cell(&line.stored.submission.student)];
            fields.extend(line.cells.iter().map(|cell| {
                cell.as_ref().map_or(String::new(), |cell| cell.score.points.to_string())
            }));
            fields.push(line.total().to_string());
            fields.push(self.maximum().to_string());
            fields.push(line.bonus().to_string());
            fields.push(line.stored.submission.days_late().to_string());
            fields.push(line.late_percent.to_string());
            fields.push(escape::cell(line.stored.unreadable.as_deref().unwrap_or_default()));
            writer.write_record(&fields).expect(written);
        }
        let bytes = writer.into_inner().expect(written);
        String::from_utf8(bytes).expect("text was written")
    }
}

impl<'a> Line<'a> {
    /// The sum of what is judged so far, with bonus and lateness.
    pub fn total(&self) -> Points {
        self.cells.iter().flatten().map(|cell| cell.score.points).sum()
    }

    /// How much of the sum is a bonus.
    pub fn bonus(&self) -> Points {
        self.cells.iter().flatten().map(|cell| cell.score.bonus).sum()
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

    /// What a person may want to look at, each with its exercise's name.
    pub fn flags(&self) -> impl Iterator<Item = (&'a str, &'a Flag)> {
        let results = self.cells.iter().flatten().map(|cell| cell.result);
        results.flat_map(|result| result.flags.iter().map(|flag| (result.exercise.as_str(), flag)))
    }
}
