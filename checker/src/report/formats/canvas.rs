//! Canvas: comma-separated values for *Import* in the gradebook.

use crate::grade::gradebook::Gradebook;

use super::makes::Makes;
use crate::grade::csv::csv;
use crate::report::Format;
use crate::report::escape::{cell, line as in_one_line};

/// Its value of `--format`.
pub const FORMAT: Format<Makes> = Format {
    name: "canvas",
    help: "CSV for the import in Canvas' gradebook",
    makes: Makes::Document(|gradebook, options| import(gradebook, options.assignment)),
};

/// What marks the line of the points that can be had, wherever it stands in the first cell.
const POSSIBLE: &str = "Points Possible";

/// A column for the assignment. Canvas finds it by the number in parentheses, `Shopfloor (4711)`, and
/// offers to make a new one if there is none; it finds the students by their login. Who has not been judged
/// completely has no line: an empty cell would take a grade away.
pub fn import(gradebook: &Gradebook<'_>, assignment: &str) -> String {
    let headings = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"].map(str::to_owned);
    let row = |name: &str, login: &str, points: String| {
        [name, "", "", login, ""].map(str::to_owned).into_iter().chain([points]).collect()
    };
    let mut rows: Vec<Vec<String>> = vec![headings.into_iter().chain([cell(assignment)]).collect()];
    rows.push(row(&format!("    {POSSIBLE}"), "", gradebook.maximum().to_string()));
    for line in gradebook.lines.iter().filter(|line| line.open() == 0) {
        let login = cell(&in_one_line(&line.stored.submission.student));
        // A student of this name would set the assignment's points.
        let name = login.replace(POSSIBLE, "points possible");
        rows.push(row(&name, &login, line.total().to_string()));
    }
    csv(rows)
}
