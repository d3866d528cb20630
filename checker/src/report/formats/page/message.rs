//! A message as it can be read: a lesson as labelled lines that wrap, a drawing as it was drawn.

use maud::{Markup, html};

use super::html::cut;
use crate::report::text::clean;

/// The most characters of a message; a whole timeline has a tenth of it.
const MESSAGE: usize = 32 << 10;

/// The labels of a lesson, each in a column of ten.
const LABELS: [&str; 6] = ["expected:", "seen:", "likely:", "look at:", "read:", "again:"];
const COLUMN: usize = 10;

/// How lines that are too long are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// They wrap, unless something is drawn with them.
    Text,
    /// They keep their columns and scroll: what a compiler says, a comparison.
    Columns,
}

/// A message of a program under test; `what` says to a screen reader what scrolls.
pub(super) fn message(text: &str, layout: Layout, what: &str) -> Markup {
    let (start, left) = cut(text, MESSAGE);
    let cleaned = clean(start);
    let (lesson, rest) = lesson(&cleaned);
    let rest = rest.trim_end();
    let is_drawn = |character| matches!(character, '\u{2500}'..='\u{257f}');
    let keeps_columns = layout == Layout::Columns || rest.contains(is_drawn);
    html! {
        @if !lesson.is_empty() {
            dl class="lesson" {
                @for (label, text) in &lesson {
                    div {
                        dt { (label) }
                        dd class=[(*label == "again").then_some("code")] { (text) }
                    }
                }
            }
        }
        @if !rest.is_empty() && keeps_columns {
            pre class="columns" tabindex="0" role="group" aria-label=(what) { (rest) }
        } @else if !rest.is_empty() {
            pre class="text" { (rest) }
        }
        @if left > 0 {
            p class="cut" { "Cut here: the message has " (text.len()) " bytes, the first " (start.len()) " are shown." }
        }
    }
}

/// The labelled lines that a text begins with, and what is left.
fn lesson(text: &str) -> (Vec<(&str, String)>, &str) {
    let mut lesson: Vec<(&str, String)> = Vec::new();
    let mut rest = text;
    while let Some(line) = rest.split_inclusive('\n').next() {
        let content = line.trim_end();
        let label = LABELS
            .iter()
            .find(|label| content.starts_with(**label) && content[label.len()..].starts_with(' '));
        match (label, lesson.last_mut()) {
            (Some(label), _) => {
                let value = content[label.len()..].trim_start().to_owned();
                lesson.push((label.trim_end_matches(':'), value));
            }
            (None, Some((_, value))) if is_continued(content) => {
                value.push('\n');
                value.push_str(&content[COLUMN..]);
            }
            _ => break,
        }
        rest = &rest[line.len()..];
    }
    (lesson, rest.trim_start_matches('\n'))
}

fn is_continued(line: &str) -> bool {
    line.len() > COLUMN && line.bytes().take(COLUMN).all(|byte| byte == b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_is_taken_apart_and_the_drawing_stays_whole() {
        let text = "expected: a\nseen:     b\n          c\nagain:    d\n\nschedule 1\n │ T1\n  x";
        let (lesson, rest) = lesson(text);
        let expected = [("expected", "a"), ("seen", "b\nc"), ("again", "d")];
        assert_eq!(lesson, expected.map(|(label, text)| (label, text.to_owned())));
        assert_eq!(rest, "schedule 1\n │ T1\n  x");
    }

    #[test]
    fn a_text_without_labels_is_no_lesson() {
        let text = "          expected\nexpected: a";
        assert_eq!(lesson(text), (Vec::new(), text));
        assert_eq!(lesson("expected:"), (Vec::new(), "expected:"));
    }

    #[test]
    fn what_is_drawn_keeps_its_columns_and_prose_wraps() {
        let shown = |text, layout| message(text, layout, "what").into_string();
        assert!(shown("a │ b", Layout::Text).contains("class=\"columns\""));
        assert!(shown("a | b", Layout::Columns).contains("class=\"columns\""));
        assert!(shown("a | b", Layout::Text).contains("class=\"text\""));
    }

    #[test]
    fn a_megabyte_is_cut_and_says_so() {
        let shown = message(&"<".repeat(1 << 20), Layout::Text, "what").into_string();
        assert!(shown.len() < 5 * MESSAGE, "{}", shown.len());
        assert!(shown.contains("has 1048576 bytes, the first 32768 are shown"));
    }
}
