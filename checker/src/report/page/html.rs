//! What every page stands on: text made harmless, file names, the frame with its policy.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::super::text::clean;
use super::stylesheet;
use crate::system::hash;

/// The style of every page.
const STYLE: &str = include_str!("style.css");

/// The most characters of a student's name, a path, a test's name.
const NAME: usize = 120;

/// A page without its frame.
pub(super) struct Document<'a> {
    /// For the browser's tab.
    pub title: String,
    /// Rules that only this page needs.
    pub style: String,
    /// The page's script, if it has one.
    pub script: Option<&'a str>,
    /// What is seen.
    pub body: Markup,
}

impl Document<'_> {
    /// The whole page.
    pub(super) fn text(&self) -> String {
        let style = format!("\n{STYLE}{}", self.style);
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    // Before all that it is to hold.
                    meta http-equiv="Content-Security-Policy" content=(policy(&style, self.script));
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    title { (self.title) }
                    style { (PreEscaped(&style)) }
                }
                body {
                    (stylesheet::symbols())
                    (self.body)
                    @if let Some(script) = self.script {
                        script { (PreEscaped(script)) }
                    }
                }
            }
        }
        .into_string()
    }
}

/// Nothing from anywhere, but this style and this script.
fn policy(style: &str, script: Option<&str>) -> String {
    let script = script.map_or("'none'".to_owned(), source);
    let style = source(style);
    format!(
        "default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"
    )
}

/// An inline block as the policy names it.
fn source(block: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(block)))
}

/// A name or a path: one line, not too long, in a direction of its own.
pub(super) fn name(text: &str) -> Markup {
    html! { bdi { (one_line(text, NAME)) } }
}

/// One harmless line of at most `most` characters.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let (start, left) = cut(text, most);
    let mut line = clean(start).replace('\n', "\u{240a}");
    if left > 0 {
        line.push('…');
    }
    line
}

/// A name of many words, which may go over into the next line behind each of them.
pub(super) fn breakable(name: &str) -> Markup {
    html! {
        @for part in name.split_inclusive(['_', ':']) { (part) wbr; }
    }
}

/// The first `most` characters of a text, and how many bytes are left.
pub(super) fn cut(text: &str, most: usize) -> (&str, usize) {
    let end = text.char_indices().nth(most).map_or(text.len(), |(index, _)| index);
    (&text[..end], text.len() - end)
}

/// `1 test`, `2 tests`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The name of a student's page: of safe characters, and no other student's.
///
/// A name that is safe as it is stays. Any other gets its hash behind a dot, which no safe name has in
/// it. Capitals are not safe: there are file systems on which `Ada` and `ada` are one.
pub(super) fn file_name(student: &str) -> String {
    let is_safe = |character: &char| matches!(character, 'a'..='z' | '0'..='9' | '-' | '_');
    if !student.is_empty() && student.len() <= 40 && student.chars().all(|it| is_safe(&it)) {
        return format!("{student}.html");
    }
    let lowercase = student.chars().flat_map(char::to_lowercase);
    let letters = lowercase.map(|it| if is_safe(&it) { it } else { '-' });
    let letters: String = letters.take(40).collect();
    let words: Vec<&str> = letters.split('-').filter(|word| !word.is_empty()).collect();
    let hash = hash::hex(&Sha256::digest(student)[..8]);
    match words.as_slice() {
        [] => format!("student.{hash}.html"),
        words => format!("{}.{hash}.html", words.join("-")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_place() {
        let hostile = "</bdi><script>\"'&\u{202e}\x1b[31m\n";
        let shown = name(hostile).into_string();
        assert_eq!(
            shown,
            "<bdi>&lt;/bdi&gt;&lt;script&gt;&quot;'&amp;\u{fffd}\u{241b}[31m\u{240a}</bdi>"
        );
        let attribute = html! { a title=(one_line(hostile, 99)) {} }.into_string();
        assert_eq!(attribute.matches('"').count(), 2, "{attribute}");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(cut("äöü", 2), ("äö", 2));
        assert_eq!(one_line("äöü", 2), "äö…");
        assert_eq!(one_line("äöü", 3), "äöü");
    }

    #[test]
    fn a_file_name_is_safe_and_no_other_students() {
        assert_eq!(file_name("ada-l_1"), "ada-l_1.html");
        let mut names: Vec<String> =
            ["Ada", "ada", "ADA", "ada.", "../ada", "a/d/a", "", ".", "..", "\u{202e}", "é", "é "]
                .map(file_name)
                .to_vec();
        names.push(file_name(&"a".repeat(4096)));
        for name in &names {
            let is_safe = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
            let stem = name.strip_suffix(".html").unwrap();
            assert!(stem.split('.').all(|part| part.chars().all(is_safe)), "{name}");
            assert!(!name.starts_with('.') && name.len() < 80, "{name}");
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 13);
    }

    #[test]
    fn the_policy_names_the_blocks_by_their_hashes() {
        let policy = policy("a{}", None);
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(
            policy.contains("=='; script-src 'none'") || policy.contains("='; script-src 'none'")
        );
    }
}
