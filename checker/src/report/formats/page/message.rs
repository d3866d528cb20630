//! Evidence as it can be read: labelled paragraphs that wrap, a drawing as it was drawn.

use maud::{Markup, html};

use super::html::cut;
use crate::evidence::{Body, Evidence, Label};
use crate::report::text::clean;

/// The most characters of a message; a whole timeline has a tenth of it.
const MESSAGE: usize = 32 << 10;

/// The evidence in words; `what` says to a screen reader what scrolls.
pub(super) fn message(evidence: &Evidence, what: &str) -> Markup {
    let (mut room, mut all, mut shown) = (MESSAGE, 0, 0);
    let words = evidence.words();
    let mut fit = |text: &str| {
        let (start, _) = cut(text, room);
        room -= start.chars().count();
        (all, shown) = (all + text.len(), shown + start.len());
        clean(start)
    };
    let paragraphs: Vec<(Label, String)> =
        words.paragraphs.iter().map(|(label, text)| (*label, fit(text))).collect();
    let body = fit(words.body.as_str().trim_end());
    html! {
        @if !paragraphs.is_empty() {
            dl class="lesson" {
                @for (label, text) in &paragraphs {
                    div {
                        dt { (label.name()) }
                        dd class=[(*label == Label::Again).then_some("code")] { (text) }
                    }
                }
            }
        }
        @match words.body {
            _ if body.is_empty() => {}
            Body::Columns(_) => {
                pre class="columns" tabindex="0" role="group" aria-label=(what) { (body) }
            }
            _ => pre class="text" { (body) }
        }
        @if shown < all {
            p class="cut" { "Cut here: the message has " (all) " bytes, the first " (shown) " are shown." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Lane, Lesson, Timeline};

    fn shown(evidence: &Evidence) -> String {
        message(evidence, "what").into_string()
    }

    #[test]
    fn a_lesson_is_a_list_and_its_drawing_keeps_its_columns() {
        let lane = Lane { name: "P1".into(), events: vec!["exit 0".into()] };
        let timeline = Some(Timeline { lanes: vec![lane], stuck: Vec::new() });
        let lesson =
            Lesson { expected: "<a>".into(), seen: "b\nc".into(), timeline, ..Lesson::default() };
        let shown = shown(&Evidence::Lesson(lesson));
        assert!(shown.contains("<dt>expected</dt><dd>&lt;a&gt;</dd>"), "{shown}");
        assert!(shown.contains("<dt>seen</dt><dd>b\nc</dd>"), "{shown}");
        assert!(shown.contains(">P1\n  exit 0</pre>"), "{shown}");
    }

    #[test]
    fn a_text_is_no_lesson_whatever_it_looks_like() {
        let shown = shown(&Evidence::text("expected: a\nseen:     b"));
        assert!(shown.contains("class=\"text\"") && !shown.contains("<dl"), "{shown}");
    }

    #[test]
    fn what_a_compiler_says_keeps_its_columns() {
        let compiler = Evidence::Compiler { text: "a | b".into() };
        assert!(shown(&compiler).contains("class=\"columns\""));
    }

    #[test]
    fn a_megabyte_is_cut_and_says_so() {
        let shown = shown(&Evidence::text("<".repeat(1 << 20)));
        assert!(shown.len() < 5 * MESSAGE, "{}", shown.len());
        assert!(shown.contains("has 1048576 bytes, the first 32768 are shown"));
    }
}
