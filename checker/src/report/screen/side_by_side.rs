//! The learner's file and the reference's: side by side where there is room, else one after the other.

use similar::{ChangeTag, DiffOp, TextDiff};

use crate::findings::Compared;
use crate::report::text::{Paint, clean, wrap};

use super::Screen;

/// With fewer characters a column is too narrow for code.
const NARROWEST: usize = 50;
/// Between the columns: ` │ `, or what has changed.
const BETWEEN: usize = 3;

impl Screen<'_> {
    pub(in crate::report) fn compared(&mut self, all: &[Compared]) {
        for (nth, one) in all.iter().enumerate() {
            if nth > 0 {
                self.line("");
            }
            let column = (self.style.width - BETWEEN) / 2;
            match &one.yours {
                None => self.alone(&one.reference),
                Some(yours) if column >= NARROWEST => {
                    self.side_by_side(yours, &one.reference, column);
                }
                Some(yours) => self.one_after_the_other(yours, &one.reference),
            }
        }
    }

    fn alone(&mut self, (name, text): &(String, String)) {
        self.line(&self.paint(name, Paint::Strong));
        self.line("");
        self.lines(&text.lines().map(clean).collect::<Vec<_>>(), 0);
    }

    fn one_after_the_other(&mut self, yours: &(String, String), reference: &(String, String)) {
        self.line(&self.paint(&format!("- {}", yours.0), Paint::Bad));
        self.line(&self.paint(&format!("+ {}", reference.0), Paint::Good));
        self.line("");
        let diff = TextDiff::from_lines(yours.1.as_str(), reference.1.as_str());
        for change in diff.iter_all_changes() {
            let (sign, colour) = match change.tag() {
                ChangeTag::Delete => ("-", Some(Paint::Bad)),
                ChangeTag::Insert => ("+", Some(Paint::Good)),
                ChangeTag::Equal => (" ", None),
            };
            let line = format!("{sign} {}", clean(change.value().trim_end_matches('\n')));
            self.line(&colour.map_or(line.clone(), |colour| self.paint(&line, colour)));
        }
    }

    fn side_by_side(
        &mut self,
        yours: &(String, String),
        reference: &(String, String),
        width: usize,
    ) {
        let lines = |text: &str| text.lines().map(clean).collect::<Vec<String>>();
        let (left, right) = (lines(&yours.1), lines(&reference.1));
        self.pair(Some(&yours.0), Some(&reference.0), width, Some([Paint::Bad, Paint::Good]));
        self.line(&format!("{}─┼─{}", "─".repeat(width), "─".repeat(width)));
        let [ours, theirs] =
            [&left, &right].map(|it| it.iter().map(String::as_str).collect::<Vec<_>>());
        for op in TextDiff::from_slices(&ours, &theirs).ops() {
            let (old, new) = (&left[op.old_range()], &right[op.new_range()]);
            let colours = match op {
                DiffOp::Equal { .. } => None,
                _ => Some([Paint::Bad, Paint::Good]),
            };
            for nth in 0..old.len().max(new.len()) {
                let line = |lines: &[String]| lines.get(nth).cloned();
                self.pair(line(old).as_deref(), line(new).as_deref(), width, colours);
            }
        }
    }

    /// A line of each file, broken where it is wider than its column.
    fn pair(
        &mut self,
        left: Option<&str>,
        right: Option<&str>,
        width: usize,
        colours: Option<[Paint; 2]>,
    ) {
        let [left, right] = [left, right].map(|line| line.map_or(Vec::new(), |it| cut(it, width)));
        for nth in 0..left.len().max(right.len()) {
            let cell = |pieces: &[String], side: usize| {
                let piece = pieces.get(nth).map_or("", String::as_str);
                let space = " ".repeat(width - piece.chars().count());
                let piece = colours.map_or(piece.to_owned(), |it| self.paint(piece, it[side]));
                piece + &space
            };
            let row = format!("{} │ {}", cell(&left, 0), cell(&right, 1));
            self.line(row.trim_end());
        }
    }
}

/// The pieces of a line that have at most so many characters, broken at spaces where there are some; of an
/// empty line, an empty one.
fn cut(line: &str, width: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    for piece in wrap(line, width) {
        let characters: Vec<char> = piece.chars().collect();
        pieces.extend(characters.chunks(width).map(|piece| piece.iter().collect()));
    }
    if pieces.is_empty() { vec![String::new()] } else { pieces }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::screen::Style;

    fn compared(width: usize) -> Vec<String> {
        let style = Style { width, ..Style::of_log() };
        let mut screen = Screen::new(&style);
        let yours = ("mine.rs".to_owned(), "same\nmine\nmore\n".to_owned());
        let reference = ("theirs.rs".to_owned(), "same\ntheirs\n".to_owned());
        screen.compared(&[Compared { yours: Some(yours), reference }]);
        screen.into_lines()
    }

    #[test]
    fn files_stand_side_by_side_where_there_is_room() {
        let column = |text: &str| format!("{text:<50}");
        let row = |left: &str, right: &str| format!("{} │ {right}", column(left));
        let rule = format!("{}─┼─{}", "─".repeat(50), "─".repeat(50));
        let more = row("more", "").trim_end().to_owned();
        let rows =
            [row("mine.rs", "theirs.rs"), rule, row("same", "same"), row("mine", "theirs"), more];
        assert_eq!(compared(103), rows);
        assert!(compared(102).contains(&"+ theirs".to_owned()));
    }

    #[test]
    fn a_line_that_is_too_wide_for_its_column_goes_on_below() {
        assert_eq!(cut("abcde", 2), ["ab", "cd", "e"]);
        assert_eq!(cut("  one two", 6), ["  one", "  two"]);
        assert_eq!(cut("", 2), [""]);
    }
}
