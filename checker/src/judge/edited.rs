//! The judgement on given files that are not as they were given. No I/O here.

use crate::evidence::Evidence;
use crate::verdict::{Judgement, Place, Verdict};
use crate::workbook::edit::{Edit, EditKind};

/// The judgement on files that are not as they were given.
pub fn judge_edits(exercise: &str, edits: &[Edit]) -> Option<Judgement> {
    let first = edits.first()?;
    let is_test = |edit: &Edit| {
        !matches!(edit.kind, EditKind::Added { .. })
            && edit.file.components().any(|part| part.as_os_str() == "tests")
    };
    let verdict =
        if edits.iter().any(is_test) { Verdict::TestsMissing } else { Verdict::WorkbookEdited };
    let mut lines: Vec<String> = edits.iter().map(Edit::to_string).collect();
    let remedy = if edits.iter().all(|edit| edit.file.starts_with("exercises")) {
        let added = edits.iter().any(|edit| matches!(edit.kind, EditKind::Added { .. }));
        let aside = if added { "; added files are moved into its backup" } else { "" };
        format!("`checker reset {exercise} --given` restores what was given{aside}.")
    } else {
        let files: Vec<String> = edits.iter().map(|edit| edit.file.display().to_string()).collect();
        format!("Restore: `git checkout -- {}`, or unpack the workbook again.", files.join(" "))
    };
    lines.push(remedy);
    if verdict == Verdict::TestsMissing {
        lines.push(
            "Your own tests are welcome in a file of your own, such as tests/mine.rs.".into(),
        );
    }
    let line = match first.kind {
        EditKind::Changed { line } => line.unwrap_or(1),
        _ => 1,
    };
    let place = Place { file: first.file.clone(), line, column: None };
    Some(Judgement::without_tests(verdict, Some(Evidence::text(lines.join("\n"))), Some(place)))
}
