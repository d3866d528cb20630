//! What gives way when there are more lines than fit on the screen.
//!
//! The first line that a reader needs is the last one: it stands above the prompt. What has scrolled away is
//! lost to somebody who does not know that it was there.

use std::ops::Range;

use crate::report::text::text_width;

/// Fewer lines of a drawing show nothing.
const LEAST: usize = 4;

/// Lines that may give way.
#[derive(Debug)]
pub(super) struct Fold {
    /// Which. Those of two folds do not overlap, or those of one of them lie within the other's.
    pub lines: Range<usize>,
    pub rank: Rank,
    pub instead: Instead,
}

/// What gives way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// How the other exercises stand.
    Others,
    /// What is drawn: it is a picture of what the words say.
    Drawing,
    /// What was printed.
    Printed,
    /// What a reader may do without.
    Detail,
    /// The command that runs a schedule again.
    Command,
}

/// What stands in the place of lines that give way.
#[derive(Debug)]
pub(super) enum Instead {
    /// These.
    Lines(Vec<String>),
    /// Their end, below a line that says how to see all of it.
    TheirEnd(String),
    /// Their beginning, above a line that says how to see all of it.
    TheirBeginning(String),
}

/// As many of the lines as fit on a screen of this width and height, or a few more: what no fold covers
/// stays.
pub(super) fn fitted(
    lines: Vec<String>,
    mut folds: Vec<Fold>,
    width: usize,
    height: usize,
) -> Vec<String> {
    let rows = |lines: &[String]| lines.iter().map(|line| rows(line, width)).sum::<usize>();
    let mut excess = rows(&lines).saturating_sub(height);
    folds.sort_by_key(|fold| fold.rank);
    let mut replaced: Vec<(Range<usize>, Vec<String>)> = Vec::new();
    for fold in folds {
        let is_within = |(range, _): &(Range<usize>, Vec<String>)| {
            range.start <= fold.lines.start && fold.lines.end <= range.end
        };
        if excess == 0 || replaced.iter().any(is_within) {
            continue;
        }
        let whole = &lines[fold.lines.clone()];
        let instead = fold.instead.of(whole, excess);
        let lies_within =
            |range: &Range<usize>| fold.lines.start <= range.start && range.end <= fold.lines.end;
        let inner = replaced.iter().filter(|(range, _)| lies_within(range));
        let saved_before: usize = inner
            .map(|(range, instead)| rows(&lines[range.clone()]).saturating_sub(rows(instead)))
            .sum();
        let saved = rows(whole).saturating_sub(rows(&instead) + saved_before);
        if saved > 0 {
            excess = excess.saturating_sub(saved);
            replaced.retain(|(range, _)| !lies_within(range));
            replaced.push((fold.lines, instead));
        }
    }
    replaced.sort_by_key(|(range, _)| range.start);
    let mut fitted = Vec::new();
    let mut next = 0;
    for (range, instead) in replaced {
        fitted.extend_from_slice(&lines[next..range.start]);
        fitted.extend(instead);
        next = range.end;
    }
    fitted.extend_from_slice(&lines[next..]);
    fitted
}

/// How many rows of the screen a line takes: one that is not to be broken is broken by the terminal.
fn rows(line: &str, width: usize) -> usize {
    text_width(line).div_ceil(width).max(1)
}

impl Instead {
    /// What stands in the place of these lines, if so many are too many.
    fn of(self, lines: &[String], excess: usize) -> Vec<String> {
        // The line that says so takes one as well.
        let kept = lines.len().saturating_sub(excess + 1);
        let kept = if kept < LEAST { 0 } else { kept };
        let note = |note: &str| note.replace("{}", &(lines.len() - kept).to_string());
        match self {
            Self::Lines(lines) => lines,
            Self::TheirEnd(text) => {
                let end = lines[lines.len() - kept..].iter().cloned();
                [note(&text)].into_iter().chain(end).collect()
            }
            Self::TheirBeginning(text) => {
                lines[..kept].iter().cloned().chain([note(&text)]).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(range: Range<usize>) -> Vec<String> {
        range.map(|number| number.to_string()).collect()
    }

    fn fold(lines: Range<usize>, rank: Rank, instead: Instead) -> Fold {
        Fold { lines, rank, instead }
    }

    #[test]
    fn what_fits_stays_whole() {
        let folds = vec![fold(0..5, Rank::Others, Instead::Lines(Vec::new()))];
        assert_eq!(fitted(numbers(0..7), folds, 80, 7), numbers(0..7));
    }

    #[test]
    fn others_give_way_before_a_drawing_does_and_of_that_the_end_stays() {
        let folds = || {
            vec![
                fold(2..12, Rank::Drawing, Instead::TheirEnd("… {} more".to_owned())),
                fold(0..2, Rank::Others, Instead::Lines(vec!["short".to_owned()])),
            ]
        };
        let fitted = |height| fitted(numbers(0..14), folds(), 80, height);
        assert_eq!(fitted(13), [vec!["short".to_owned()], numbers(2..14)].concat());
        let head = ["short", "… 4 more"].map(str::to_owned).to_vec();
        assert_eq!(fitted(10), [head, numbers(6..14)].concat());
        // Three rows would show nothing.
        assert_eq!(fitted(6), ["short", "… 10 more", "12", "13"]);
    }

    #[test]
    fn a_line_that_the_terminal_breaks_takes_more_rows() {
        let lines = vec!["a line of twenty-five letters".to_owned(), "b".to_owned()];
        let folds = || vec![fold(1..2, Rank::Detail, Instead::Lines(Vec::new()))];
        assert_eq!(fitted(lines.clone(), folds(), 80, 2).len(), 2);
        assert_eq!(fitted(lines, folds(), 20, 2).len(), 1);
    }

    #[test]
    fn a_part_gives_way_before_the_whole_does() {
        let folds = || {
            vec![
                fold(1..3, Rank::Others, Instead::Lines(Vec::new())),
                fold(0..5, Rank::Others, Instead::Lines(vec!["short".to_owned()])),
            ]
        };
        let fitted = |height| fitted(numbers(0..8), folds(), 80, height);
        assert_eq!(fitted(6), ["0", "3", "4", "5", "6", "7"]);
        assert_eq!(fitted(5), ["short", "5", "6", "7"]);
    }

    #[test]
    fn what_lies_in_what_gave_way_is_gone_with_it() {
        let folds = vec![
            fold(1..3, Rank::Detail, Instead::Lines(Vec::new())),
            fold(0..5, Rank::Others, Instead::Lines(vec!["short".to_owned()])),
        ];
        assert_eq!(fitted(numbers(0..6), folds, 80, 0), ["short", "5"]);
    }
}
