//! A roster: a CSV file that says whose submission is where.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Submission;
use crate::Error;

/// A line of the roster.
#[derive(Debug, Deserialize)]
struct Line {
    student: String,
    /// From the roster's directory.
    submission: PathBuf,
    #[serde(default)]
    days_late: Option<u32>,
}

pub(super) fn read(path: &Path) -> Result<Vec<Submission>, Error> {
    let format = |problem: String| Error::Format {
        path: path.to_owned(),
        problem,
        remedy:
            "A roster is CSV with a line of headings: student,submission and perhaps days_late."
                .to_owned(),
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(|error| format(error.to_string()))?;
    let base = path.parent().unwrap_or(Path::new("."));
    let mut submissions = Vec::new();
    for (index, line) in reader.deserialize::<Line>().enumerate() {
        let number = index + 2;
        let line = line.map_err(|error| format(format!("line {number}: {error}")))?;
        if line.student.is_empty() {
            return Err(format(format!("line {number}: a student without a name")));
        }
        let origin = base.join(&line.submission);
        if !origin.exists() {
            let problem = format!("line {number}: there is no {}", origin.display());
            return Err(format(problem));
        }
        let days_late = line.days_late.unwrap_or(0);
        submissions.push(Submission { student: line.student, origin, days_late });
    }
    Ok(submissions)
}
