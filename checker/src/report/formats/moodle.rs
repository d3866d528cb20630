//! Moodle: comma-separated values for the import of grades.

use crate::evidence::Evidence;
use crate::grade::gradebook::{Gradebook, Line};
use crate::verdict::Verdict;

use super::makes::{Key, Makes, found};
use crate::grade::csv::csv;
use crate::report::Format;
use crate::report::escape::{cell, cut};

/// Its value of `--format`.
pub const FORMAT: Format<Makes> = Format {
    name: "moodle",
    help: "CSV for the import of grades in Moodle",
    makes: Makes::Document(|gradebook, options| import(gradebook, options.assignment, options.key)),
};

/// The most characters of a reason why an exercise is not judged.
const WHY: usize = 300;

impl Key {
    fn heading(self) -> &'static str {
        match self {
            Key::Username => "username",
            Key::Email => "email",
            Key::IdNumber => "idnumber",
            Key::Id => "id",
        }
    }
}

/// A line for each student: the key, the points, and for feedback how each exercise stands. Who has not
/// been judged completely has no grade: `-`.
pub fn import(gradebook: &Gradebook<'_>, title: &str, key: Key) -> String {
    let mut rows = vec![vec![key.heading().to_owned(), cell(title), "feedback".to_owned()]];
    for line in &gradebook.lines {
        let points = if line.open() == 0 { line.total().to_string() } else { "-".to_owned() };
        let student = cell(&line.stored.submission.student);
        rows.push(vec![student, points, cell(&feedback(gradebook, line))]);
    }
    csv(rows)
}

fn feedback(gradebook: &Gradebook<'_>, line: &Line<'_>) -> String {
    if let Some(why) = &line.stored.unreadable {
        return format!("The submission cannot be read: {why}");
    }
    let exercises = found(gradebook, line).map(|found| {
        let exercise = found.exercise;
        let unjudged = found.judgement.filter(|it| it.verdict == Verdict::Unjudged);
        let why = unjudged.and_then(|it| it.evidence.as_ref()).map(Evidence::headline);
        let why = why.map(|why| format!(": {}", cut(&why, WHY))).unwrap_or_default();
        format!("{} {}: {}{why}", exercise.number, exercise.name, found.in_words())
    });
    exercises.chain(line.lateness()).collect::<Vec<_>>().join("\n")
}
