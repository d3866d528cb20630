//! Text of strangers, made harmless for each of the languages that the reports are written in.
//!
//! Everything is *shown* first: control characters become pictures, and what turns a line around is
//! replaced. So no report obeys in a terminal, wherever it is printed later.

use crate::report::text::clean;

/// The text with control characters shown and not obeyed; line breaks stay.
pub fn shown(text: &str) -> String {
    clean(text)
}

/// The text in one line.
pub fn line(text: &str) -> String {
    clean(text).replace('\n', " ")
}

/// At most `limit` characters of the text, and how much is missing.
pub fn cut(text: &str, limit: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(limit) else { return text.to_owned() };
    let (head, rest) = text.split_at(end);
    format!("{head}\n… ({} characters more)", rest.chars().count())
}

/// Text that XML 1.0 allows in a document; the writer turns `<` and its like into entities.
#[cfg(feature = "junit")]
pub fn xml(text: &str) -> String {
    // Control characters are pictures by now; these two are the rest of what is not allowed.
    clean(text).chars().filter(|character| !matches!(character, '\u{fffe}' | '\u{ffff}')).collect()
}

/// A cell of comma-separated values that a spreadsheet takes for a text and not for a formula.
#[cfg(feature = "grade")]
pub fn cell(text: &str) -> String {
    let begins_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if begins_formula && text != "-" { format!("'{}", clean(text)) } else { clean(text) }
}

/// Text in a line of Markdown: every sign that could mean something means itself.
pub fn markdown(text: &str) -> String {
    let mut escaped = String::new();
    for character in line(text).chars() {
        if character.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// A block of text in Markdown, in a fence that it does not close.
pub fn fenced(text: &str) -> String {
    let text = clean(text);
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", text.trim_end())
}

/// What follows the second `::` of a command to GitHub's runner.
pub fn command_data(text: &str) -> String {
    clean(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a command to GitHub's runner.
pub fn command_property(text: &str) -> String {
    command_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The names in their order, each only once: the second `a` is `a (2)`.
pub fn unique(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut taken = std::collections::BTreeSet::new();
    let mut unique = |name: String| {
        let numbered = (2..).map(|number| format!("{name} ({number})"));
        let mut candidates = std::iter::once(name.clone()).chain(numbered);
        let free = candidates.find(|candidate| taken.insert(candidate.clone()));
        free.expect("there is always another number")
    };
    names.into_iter().map(&mut unique).collect()
}

/// A name that is one component of a path, visible and of a length that file systems take.
#[cfg(feature = "grade")]
pub fn component(name: &str) -> String {
    /// A name has at most 255 bytes (NAME_MAX), and it may get a number.
    const LENGTH: usize = 200;
    let mut safe = String::new();
    for character in clean(name).chars() {
        if safe.len() + character.len_utf8() > LENGTH {
            break;
        }
        let is_sign = matches!(character, '/' | '\\' | ':' | '\n');
        let is_hidden = safe.is_empty() && character == '.';
        safe.push(if is_sign || is_hidden { '_' } else { character });
    }
    if safe.is_empty() { "_".to_owned() } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöü", 1), "ä\n… (2 characters more)");
    }

    #[test]
    fn a_command_ends_where_its_text_ends() {
        assert_eq!(command_data("100%\n::error::x"), "100%25%0A::error::x");
        assert_eq!(command_property("a:b,c"), "a%3Ab%2Cc");
    }

    #[test]
    fn a_fence_is_longer_than_any_in_the_text() {
        assert_eq!(fenced("a"), "```text\na\n```\n");
        assert_eq!(fenced("````\nb"), "`````text\n````\nb\n`````\n");
    }

    #[test]
    fn names_that_occur_twice_are_numbered_and_stay_unique() {
        let names = ["a", "a", "a (2)", "b"].map(str::to_owned);
        assert_eq!(unique(names), ["a", "a (2)", "a (2) (2)", "b"]);
    }

    #[cfg(feature = "grade")]
    #[test]
    fn a_formula_is_a_text_and_a_dash_stays_one() {
        assert_eq!(cell("=cmd()"), "'=cmd()");
        assert_eq!(cell("\t=1"), "' =1");
        assert_eq!(cell("-1"), "'-1");
        assert_eq!(cell("-"), "-");
        assert_eq!(cell("a=b"), "a=b");
    }

    #[cfg(feature = "grade")]
    #[test]
    fn a_students_name_climbs_nowhere() {
        assert_eq!(component("../../etc"), "_._.._etc");
        assert_eq!(component(".."), "_.");
        assert_eq!(component(""), "_");
        assert!(component(&"ä".repeat(300)).len() <= 200);
    }
}
