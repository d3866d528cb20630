//! `checker hint`: one more hint with each call.

use crate::progress::Store;
use crate::report::{Report, Reporter};
use crate::system::files;
use crate::{Error, Exit};

use super::Session;

/// Gives the next hint for the exercise, or for the next one.
pub fn hint(
    session: &Session,
    name: Option<&str>,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let store = Store::new(workbook);
    let exercise = session.named_or_next(name, reporter)?;
    let (progress, warning) = store.load()?;
    if let Some(warning) = warning {
        reporter.note(&format!("warning: {warning}"));
    }
    let file = workbook.exercise_path(exercise).join("hints.md");
    let text = files::read(&file)?;
    let stages = stages(&text);
    let given = progress.entry(&exercise.name).hints.min(stages.len());
    let Some(hint) = stages.get(given).or(stages.last()) else {
        return Err(Error::Format {
            path: file,
            problem: "there is no hint in it".to_owned(),
            remedy: "A hint begins with a heading `## 1`, the next with `## 2`.".to_owned(),
        });
    };
    let number = (given + 1).min(stages.len());
    reporter.note(&format!("{}: hint {number} of {}\n", exercise.name, stages.len()));
    reporter.report(Report::Markdown(hint.trim()));
    let last = number == stages.len();
    let more = if last {
        "\nThat was the last one.".to_owned()
    } else {
        format!("\nOne more: `checker hint {}`", exercise.name)
    };
    reporter.note(&more);
    if let Err(error) = store.update(&exercise.name, |entry| entry.hints = number) {
        reporter.note(&format!("warning: this hint is not remembered: {error}"));
    }
    Ok(Exit::Passed)
}

/// The hints of a `hints.md`: what follows each heading `## N`.
pub(super) fn stages(text: &str) -> Vec<&str> {
    let mut stages = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("\n## ") {
        let after = &rest[start + 4..];
        let body = after.split_once('\n').map_or("", |(_, body)| body);
        let end = body.find("\n## ").unwrap_or(body.len());
        stages.push(&body[..end]);
        rest = &body[end..];
    }
    stages
}

#[cfg(test)]
mod tests {
    use super::stages;

    #[test]
    fn each_heading_begins_a_hint() {
        let text = "# Hints for x\n\n## 1\n\na\n\n## 2\n\nb\nc\n";
        let stages: Vec<&str> = stages(text).into_iter().map(str::trim).collect();
        assert_eq!(stages, ["a", "b\nc"]);
    }
}
