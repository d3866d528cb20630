//! Comparing what the experiment prints with what the reference's printed.

use similar::{ChangeTag, TextDiff};

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

/// The difference, as lines that begin with `- ` (expected) and `+ ` (yours); `None` if there is none.
pub fn difference(expected: &str, yours: &str) -> Option<String> {
    let (expected, yours) = (normalise(expected), normalise(yours));
    if expected == yours {
        return None;
    }
    let diff = TextDiff::from_lines(&expected, &yours);
    let mut lines = vec!["- expected".to_owned(), "+ yours".to_owned(), String::new()];
    for change in diff.iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        lines.push(format!("{sign} {}", change.value().trim_end_matches('\n')));
    }
    Some(lines.join("\n"))
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
        let text = difference("a\nb\n", "a\nc\n").unwrap();
        assert!(text.ends_with("  a\n- b\n+ c"), "{text}");
    }
}
