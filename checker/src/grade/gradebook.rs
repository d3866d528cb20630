//! The gradebook: a line for each student, a column for each exercise. No I/O here.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use sandbox::Layers;

use super::hidden::for_the_student;
use super::points::Points;
use super::scheme::Scheme;
use super::score::{Score, Worth, score, worth};
use super::store::{GradedExercise, Stored};
use crate::flags::Flag;
use crate::verdict::{Judgement, Verdict};
use crate::workbook::curriculum::Exercise;

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
    pub stored: &'a Stored,
    /// A cell for each exercise; `None` while there is no result.
    pub cells: Vec<Option<Cell<'a>>>,
    /// What lateness takes off, in percent.
    pub late_percent: u32,
}

/// A student's result in an exercise.
#[derive(Debug)]
pub struct Cell<'a> {
    /// What was found: for instructors.
    pub result: &'a GradedExercise,
    /// What of it the student may see.
    pub shown: Cow<'a, Judgement>,
    /// What it is worth; `None` if the judgement leaves that open.
    pub score: Option<Score>,
    /// The other students whose sources are the same but for comments and spaces: for instructors.
    pub alike: Vec<&'a str>,
}

/// Students whose sources of an exercise are the same but for comments and spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike<'a> {
    /// The exercise's name.
    pub exercise: &'a str,
    /// At least two, in their order.
    pub students: BTreeSet<&'a str>,
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
    /// The gradebook of these exercises, from what is stored.
    pub fn new(
        exercises: impl IntoIterator<Item = &'a Exercise>,
        scheme: &'a Scheme,
        stored: &'a [Stored],
        results: &'a [GradedExercise],
    ) -> Self {
        let exercises: Vec<&Exercise> = exercises.into_iter().collect();
        let by_key: BTreeMap<(&str, &str), &GradedExercise> =
            results.iter().map(|it| ((it.student.as_str(), it.exercise.as_str()), it)).collect();
        let text =
            |result: &'a GradedExercise| Some((result.exercise.as_str(), result.text.as_deref()?));
        let mut by_text: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for result in results {
            if let Some(text) = text(result) {
                by_text.entry(text).or_default().push(&result.student);
            }
        }
        let cell = |stored: &Stored, exercise: &Exercise| {
            let submission = &stored.submission;
            let key = (submission.student.as_str(), exercise.name.as_str());
            let result = *by_key.get(&key)?;
            let shown = for_the_student(&scheme.rules(exercise), &result.judgement);
            let score = || score(exercise, scheme, &result.judgement, submission.days_late());
            let score = (!result.judgement.is_open()).then(score);
            let alike = text(result).and_then(|text| by_text.get(&text));
            let others = alike.into_iter().flatten().filter(|other| **other != result.student);
            Some(Cell { result, shown, score, alike: others.copied().collect() })
        };
        let line = |stored: &'a Stored| Line {
            stored,
            cells: exercises.iter().map(|exercise| cell(stored, exercise)).collect(),
            late_percent: scheme.late.percent(stored.submission.days_late()),
        };
        Self { lines: stored.iter().map(line).collect(), exercises, scheme, held: 0 }
    }

    /// Leaves these results out, as far as they would have a cell here, and returns those.
    pub fn hold(&mut self, held: Vec<GradedExercise>) -> Vec<GradedExercise> {
        let student = |result: &GradedExercise| {
            self.lines.iter().any(|line| line.stored.submission.student == result.student)
        };
        let exercise =
            |result: &GradedExercise| self.exercises.iter().any(|it| it.name == result.exercise);
        let held: Vec<GradedExercise> =
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

    /// The students whose submissions are alike, by exercise.
    pub fn alike(&self) -> Vec<Alike<'a>> {
        let mut all: Vec<Alike<'a>> = Vec::new();
        for column in 0..self.exercises.len() {
            let cells = self.lines.iter().filter_map(|line| line.cells[column].as_ref());
            for cell in cells.filter(|cell| !cell.alike.is_empty()) {
                let own = cell.result.student.as_str();
                let students = cell.alike.iter().copied().chain([own]).collect();
                let alike = Alike { exercise: &cell.result.exercise, students };
                if !all.contains(&alike) {
                    all.push(alike);
                }
            }
        }
        all
    }

    /// How many cells are open: without a result, or for a person to look at.
    pub fn open(&self) -> usize {
        self.lines.iter().map(Line::open).sum::<usize>().saturating_sub(self.held)
    }

    /// How many cells have no result, or one of a machine that lacks something: to be graded again.
    pub fn missing(&self) -> usize {
        self.open() - self.unjudged().count()
    }

    /// What a person has to look at, because it cannot be judged as it was handed in.
    pub fn unjudged(&self) -> impl Iterator<Item = (&Line<'a>, &Cell<'a>)> {
        let cells = |line| Line::unjudged(line).map(move |cell| (line, cell));
        self.lines.iter().flat_map(cells)
    }
}

/// Whether a cell has no points yet.
pub fn is_open(cell: &Option<Cell<'_>>) -> bool {
    cell.as_ref().is_none_or(|cell| cell.score.is_none())
}

impl<'a> Line<'a> {
    /// The sum of what is judged so far, with bonus and lateness.
    pub fn total(&self) -> Points {
        self.scores().map(|score| score.points).sum()
    }

    /// Whether anything has points yet: a sum of nothing is no 0.
    pub fn has_points(&self) -> bool {
        self.scores().next().is_some()
    }

    /// The sum in words: `7.5`, and `–` as long as everything is open.
    pub fn total_in_words(&self) -> String {
        if self.has_points() { self.total().to_string() } else { "–".to_owned() }
    }

    /// How much of the sum is a bonus.
    pub fn bonus(&self) -> Points {
        self.scores().map(|score| score.bonus).sum()
    }

    fn scores(&self) -> impl Iterator<Item = &Score> {
        self.cells.iter().flatten().filter_map(|cell| cell.score.as_ref())
    }

    /// How many exercises are open: without a result, or for a person to look at.
    pub fn open(&self) -> usize {
        self.cells.iter().filter(|cell| is_open(cell)).count()
    }

    /// What a person has to look at, because it cannot be judged as it was handed in.
    pub fn unjudged(&self) -> impl Iterator<Item = &Cell<'a>> {
        let is_unjudged = |cell: &&Cell<'_>| cell.result.judgement.verdict == Verdict::Unjudged;
        self.cells.iter().flatten().filter(is_unjudged)
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
