//! Comparing what the experiment prints with what the reference's printed.

use similar::{ChangeTag, TextDiff};

use crate::evidence::{Evidence, Line, Of};

/// The text of an insta snapshot: what follows the header between the two `---` lines.
pub fn snapshot_text(snapshot: &str) -> Option<&str> {
    let (_, text) = snapshot.strip_prefix("---\n")?.split_once("\n---\n")?;
    Some(text)
}

/// Line endings and trailing space do not count; insta does not keep them either.
pub fn normalise(output: &str) -> String {
    let lines: Vec<&str> = output.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

/// The difference, line by line; `None` if they are the same.
pub fn difference(expected: &str, yours: &str) -> Option<Evidence> {
    let (expected, yours) = (normalise(expected), normalise(yours));
    if expected == yours {
        return None;
    }
    let diff = TextDiff::from_lines(&expected, &yours);
    let lines = diff.iter_all_changes().map(|change| Line {
        of: match change.tag() {
            ChangeTag::Delete => Of::Expected,
            ChangeTag::Insert => Of::Yours,
            ChangeTag::Equal => Of::Both,
        },
        text: change.value().trim_end_matches('\n').to_owned(),
    });
    Some(Evidence::Difference { lines: lines.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_read_without_its_header() {
        let snapshot = "---\nsource: x\nexpression: y\n---\na\n---\nb\n";
        assert_eq!(snapshot_text(snapshot), Some("a\n---\nb\n"));
        assert_eq!(snapshot_text("no header"), None);
    }

    #[test]
    fn equal_output_has_no_difference_and_space_at_the_end_does_not_count() {
        assert_eq!(difference("a\nb\n", "a \nb"), None);
    }

    #[test]
    fn a_difference_shows_both_sides() {
        let text = difference("a\nb\n", "a\nc\n").unwrap().to_string();
        assert!(text.ends_with("  a\n- b\n+ c"), "{text}");
    }
}
