//! The gradebook that `grade` writes, `gradebook.csv`: a line for each student, a column for each exercise.

use crate::grade::csv::csv;
use crate::grade::gradebook::{Cell, Gradebook, Line, is_open};
use crate::grade::points::Points;

use crate::report::escape::cell;

/// A line of headings, then one for each student. Points that are open are an empty cell.
pub fn document(gradebook: &Gradebook<'_>) -> String {
    let names = gradebook.exercises.iter().map(|exercise| exercise.name.clone());
    let rest = ["total", "maximum", "bonus", "days_late", "late_percent", "unreadable", "open"];
    let headings = ["student"].map(str::to_owned).into_iter().chain(names);
    let headings = headings.chain(rest.map(str::to_owned)).collect();
    let rows = gradebook.lines.iter().map(|line| row(gradebook, line));
    csv(std::iter::once(headings).chain(rows))
}

fn row(gradebook: &Gradebook<'_>, line: &Line<'_>) -> Vec<String> {
    let points = |cell: &Option<Cell<'_>>| {
        let score = cell.as_ref().and_then(|cell| cell.score.as_ref());
        score.map_or(String::new(), |score| score.points.to_string())
    };
    // A sum that lacks something is no total.
    let is_complete = line.open() == 0;
    let sum = |points: Points| if is_complete { points.to_string() } else { String::new() };
    let open = gradebook.exercises.iter().zip(&line.cells).filter(|(_, cell)| is_open(cell));
    let open: Vec<&str> = open.map(|(exercise, _)| exercise.name.as_str()).collect();
    let mut row = vec![cell(&line.stored.submission.student)];
    row.extend(line.cells.iter().map(points));
    row.extend([
        sum(line.total()),
        gradebook.maximum().to_string(),
        sum(line.bonus()),
        line.stored.submission.days_late().to_string(),
        line.late_percent.to_string(),
        cell(line.stored.unreadable.as_deref().unwrap_or_default()),
        open.join(" "),
    ]);
    row
}
