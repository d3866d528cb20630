//! Comma-separated values in long form: a line for each student and exercise.

use crate::grade::gradebook::Gradebook;
use crate::grade::score::Score;

use super::escape::cell;

/// `student,exercise,verdict,points,possible,bonus`, the last being the part of the points that comes on top
/// of those possible; without verdict and points where nothing was judged yet.
pub fn long(gradebook: &Gradebook<'_>) -> String {
    let headings = ["student", "exercise", "verdict", "points", "possible", "bonus"];
    let headings = headings.map(str::to_owned);
    let mut rows = vec![headings.to_vec()];
    for line in &gradebook.lines {
        for (exercise, graded) in gradebook.exercises.iter().zip(&line.cells) {
            let verdict = |verdict| serde_json::to_value(verdict).expect("a verdict is plain data");
            let graded = graded.as_ref().map(|graded| {
                let verdict = verdict(graded.result.judgement.verdict);
                let Score { points, bonus, .. } = &graded.score;
                let verdict = verdict.as_str().unwrap_or_default().to_owned();
                (verdict, points.to_string(), bonus.to_string())
            });
            let (verdict, points, bonus) = graded.unwrap_or_default();
            let student = cell(&line.stored.submission.student);
            let possible = gradebook.worth(exercise).possible.to_string();
            rows.push(vec![student, cell(&exercise.name), verdict, points, possible, bonus]);
        }
    }
    csv(&rows)
}

/// The rows as RFC 4180 has them, but for the line ends.
pub(super) fn csv(rows: &[Vec<String>]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = "a vector takes what is written to it";
    rows.iter().for_each(|row| writer.write_record(row).expect(written));
    let bytes = writer.into_inner().expect(written);
    String::from_utf8(bytes).expect("text was written")
}
