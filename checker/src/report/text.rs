//! Text for a terminal: cleaned, wrapped, coloured.

use crate::evidence::Label;

/// The width that every report fits in.
pub(super) const WIDTH: usize = 80;

/// How wide the names of exercises are in lists, in columns.
pub(crate) const NAME_WIDTH: usize = 20;

/// How many cells a progress bar has.
const BAR: usize = 20;

/// A progress bar: what is done of it, and the rest.
pub(super) fn bar(done: usize, total: usize) -> (String, String) {
    let filled = (done * BAR).checked_div(total).unwrap_or(BAR);
    ("█".repeat(filled), "░".repeat(BAR - filled))
}

/// What a program printed, harmless: control characters are shown, not obeyed.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' => '\n',
            '\t' => ' ',
            // U+2400 and on are pictures of the control characters.
            '\0'..='\x1f' => char::from_u32(0x2400 + character as u32).unwrap_or('\u{fffd}'),
            '\x7f' => '\u{2421}',
            '\u{80}'..='\u{9f}' => '\u{fffd}',
            // Bidirectional controls can make a line read as another.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            other => other,
        })
        .collect()
}

/// How many characters of a line are seen: its colours and the targets of its links are not.
pub(super) fn text_width(line: &str) -> usize {
    let mut width = 0;
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        match character {
            '\x1b' => match rest.next() {
                // A colour ends with a letter.
                Some('[') => drop(rest.by_ref().find(char::is_ascii_alphabetic)),
                // A link ends with `ESC \`.
                Some(']') => drop(rest.by_ref().find(|it| *it == '\\')),
                _ => {}
            },
            _ => width += 1,
        }
    }
    width
}

/// Breaks long lines at spaces. What follows leading space is indented likewise.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    text.lines().flat_map(|line| wrap_line(line, width)).collect()
}

/// Prose of a Markdown file, filled anew to `width`; code between fences is left as it is.
pub(super) fn fill(markdown: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut paragraph = String::new();
    let mut in_code = false;
    for line in markdown.lines() {
        let is_fence = line.starts_with("```");
        let stands_alone = in_code || is_fence || line.is_empty();
        let begins_item = line.starts_with("- ") || line.starts_with("#");
        if (stands_alone || begins_item) && !paragraph.is_empty() {
            lines.extend(wrap_line(&paragraph, width));
            paragraph.clear();
        }
        in_code ^= is_fence;
        if stands_alone {
            lines.push(line.to_owned());
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim());
        }
    }
    lines.extend(wrap_line(&paragraph, width));
    lines
}

/// A paragraph below its label, its long lines broken at spaces. A command stays whole: it is to be copied.
pub(super) fn labelled(label: Label, text: &str, width: usize) -> Vec<String> {
    let name = format!("{}:", label.name());
    let mut lines = Vec::new();
    // A paragraph without a text still has its label.
    for (i, line) in text.trim_end_matches('\n').split('\n').enumerate() {
        let begin = if i == 0 { name.as_str() } else { "" };
        let line = format!("{begin:<0$}{line}", Label::WIDTH);
        let hanging = if i == 0 { Label::WIDTH } else { hanging_indent(&line) };
        match label {
            Label::Again => lines.push(line),
            _ => lines.extend(break_line(&line, hanging, width)),
        }
    }
    lines
}

fn wrap_line(line: &str, width: usize) -> Vec<String> {
    break_line(line, hanging_indent(line), width)
}

fn break_line(line: &str, hanging: usize, width: usize) -> Vec<String> {
    if line.chars().count() <= width {
        return vec![line.to_owned()];
    }
    let hanging = " ".repeat(hanging);
    let mut lines = Vec::new();
    let mut current = String::new();
    // Leading space and the space behind a label belong to the text.
    let start = line.char_indices().nth(hanging.len()).map_or(0, |(index, _)| index);
    let (head, rest) = line.split_at(start);
    current.push_str(head);
    let mut is_first_word = true;
    for word in words(rest) {
        let length = current.chars().count() + word.chars().count() + usize::from(!is_first_word);
        if length > width && !is_first_word {
            lines.push(std::mem::replace(&mut current, hanging.clone()));
        } else if !is_first_word {
            current.push(' ');
        }
        current.push_str(&word);
        is_first_word = false;
    }
    lines.push(current);
    lines
}

/// The words of a line. What stands in backticks is one: a command that is broken cannot be copied.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_open = false;
    for piece in line.split(' ') {
        match words.last_mut().filter(|_| is_open) {
            Some(word) => word.extend([" ", piece]),
            None => words.push(piece.to_owned()),
        }
        is_open ^= piece.matches('`').count() % 2 == 1;
    }
    if is_open {
        // A backtick that nothing closes opens nothing.
        return line.split(' ').map(str::to_owned).collect();
    }
    words
}

fn hanging_indent(line: &str) -> usize {
    line.chars().take_while(|character| *character == ' ').count().min(20)
}

/// The colours that a report uses.
#[derive(Debug, Clone, Copy)]
pub(super) enum Paint {
    Good,
    Bad,
    Open,
    Strong,
    Faint,
}

/// `text` in a colour, or as it is.
pub(super) fn paint(text: &str, paint: Paint, colour: bool) -> String {
    if !colour || text.is_empty() {
        return text.to_owned();
    }
    let code = match paint {
        Paint::Good => "32",
        Paint::Bad => "31",
        Paint::Open => "33",
        Paint::Strong => "1",
        Paint::Faint => "2",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_shown_and_not_obeyed() {
        assert_eq!(clean("a\x1b[31mb\rc\u{202e}d\n"), "a␛[31mb␍c\u{fffd}d\n");
    }

    #[test]
    fn a_long_line_is_broken_at_spaces_under_its_label() {
        let lines = labelled(Label::Likely, "one two three four\nfive", 20);
        assert_eq!(lines, ["likely:   one two", "          three four", "          five"]);
        assert_eq!(labelled(Label::Seen, "", 20), ["seen:     "]);
    }

    #[test]
    fn a_command_is_never_broken() {
        let lines = labelled(Label::Again, "S=1 cargo test", 20);
        assert_eq!(lines, ["again:    S=1 cargo test"]);
        let lines = wrap("one: `checker reset a --given` it", 12);
        assert_eq!(lines, ["one:", "`checker reset a --given`", "it"]);
        assert_eq!(wrap("a ` b c", 3), ["a `", "b c"]);
    }

    #[test]
    fn a_word_that_fits_nowhere_stays_whole() {
        assert_eq!(wrap("aaaa bbbbbbbbbbbbbb cc", 8), ["aaaa", "bbbbbbbbbbbbbb", "cc"]);
    }

    #[test]
    fn prose_is_filled_and_code_is_not() {
        let lines = fill("a b\nc d e\n\n```rust\nx   y\n```\n- i\nj", 7);
        assert_eq!(lines, ["a b c d", "e", "", "```rust", "x   y", "```", "- i j"]);
    }

    #[test]
    fn colours_and_links_have_no_width() {
        assert_eq!(text_width(&paint("ab", Paint::Good, true)), 2);
        assert_eq!(text_width("\x1b]8;;file:///a\x1b\\ab\x1b]8;;\x1b\\c"), 3);
    }

    #[test]
    fn without_colour_nothing_is_added() {
        assert_eq!(paint("a", Paint::Good, false), "a");
    }
}
