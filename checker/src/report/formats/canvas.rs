//! Canvas: comma-separated values for *Import* in the gradebook.

use crate::grade::gradebook::Gradebook;

use super::escape::cell;
use super::table::csv;

/// A column for the assignment. Canvas finds it by the number in parentheses, `Shopfloor (4711)`, and
/// offers to make a new one if there is none; it finds the students by their login.
pub fn import(gradebook: &Gradebook<'_>, assignment: &str) -> String {
    let headings = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"].map(str::to_owned);
    let row = |student: String, points: String| {
        vec![student.clone(), String::new(), String::new(), student, String::new(), points]
    };
    let mut rows = vec![headings.into_iter().chain([cell(assignment)]).collect()];
    let mut possible = row(String::new(), gradebook.maximum().to_string());
    possible[0] = "    Points Possible".to_owned();
    rows.push(possible);
    for line in &gradebook.lines {
        // Canvas leaves the grade as it is where the cell is empty.
        let points = if line.open() == 0 { line.total().to_string() } else { String::new() };
        rows.push(row(cell(&line.stored.submission.student), points));
    }
    csv(&rows)
}
