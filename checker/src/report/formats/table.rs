//! Comma-separated values in long form: a line for each student and exercise.

use crate::grade::gradebook::Gradebook;
use crate::grade::points::Points;
use crate::grade::score::Score;

use super::makes::Makes;
use crate::grade::csv::csv;
use crate::report::Format;
use crate::report::escape::cell;

/// Its value of `--format`.
pub const FORMAT: Format<Makes> = Format {
    name: "csv",
    help: "CSV for a spreadsheet or statistics, a line for each student and exercise",
    makes: Makes::Document(|gradebook, _| long(gradebook)),
};

/// `student,exercise,verdict,points,possible,bonus,alike`: `bonus` is the part of the points that comes on
/// top of those possible, `alike` the students with the same text but for comments and spaces. Without points
/// where the result is open, and without a verdict where nothing was judged yet.
pub fn long(gradebook: &Gradebook<'_>) -> String {
    let headings = ["student", "exercise", "verdict", "points", "possible", "bonus", "alike"];
    let headings = headings.map(str::to_owned);
    let mut rows = vec![headings.to_vec()];
    for line in &gradebook.lines {
        for (exercise, graded) in gradebook.exercises.iter().zip(&line.cells) {
            let verdict = |verdict| serde_json::to_value(verdict).expect("a verdict is plain data");
            let score = graded.as_ref().and_then(|graded| graded.score.as_ref());
            let number = |of: fn(&Score) -> Points| score.map(|it| of(it).to_string());
            let points = number(|score| score.points).unwrap_or_default();
            let bonus = number(|score| score.bonus).unwrap_or_default();
            let verdict = graded.as_ref().map(|it| verdict(it.result.judgement.verdict));
            let verdict =
                verdict.as_ref().and_then(|it| it.as_str()).unwrap_or_default().to_owned();
            let student = cell(&line.stored.submission.student);
            let possible = gradebook.worth(exercise).possible.to_string();
            let alike = graded.as_ref().map(|graded| graded.alike.join("; ")).unwrap_or_default();
            let alike = cell(&alike);
            rows.push(vec![student, cell(&exercise.name), verdict, points, possible, bonus, alike]);
        }
    }
    csv(rows)
}
