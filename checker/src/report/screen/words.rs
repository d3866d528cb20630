//! Short words about an exercise, which several lines share.

use crate::findings::ExerciseStatus;
use crate::report::text::{Paint, clean};
use crate::verdict::{Place, Verdict};
use crate::workbook::curriculum::Exercise;

pub(super) fn has_passed(status: &ExerciseStatus<'_>) -> bool {
    status.judgement.verdict == Verdict::Passed
}

/// Whether it was begun and does not pass.
pub(super) fn is_wrong(status: &ExerciseStatus<'_>) -> bool {
    !matches!(status.judgement.verdict, Verdict::Passed | Verdict::NotStarted)
}

pub(super) fn line_of(place: &Place) -> String {
    clean(&format!("{}:{}", place.file.display(), place.line)).replace('\n', " ")
}

/// `12,480`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).expect("digits"))
        .collect();
    groups.join(",")
}

/// `1 test`, `59 tests`.
pub(super) fn counted(number: u64, one: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {one}{s}", grouped(number))
}

pub(super) fn readme(exercise: &Exercise) -> String {
    format!("exercises/{}/README.md", exercise.directory)
}

/// A warning of the compiler's: whole, or what it says and where in one line.
pub(super) fn warning(rendered: &str, whole: bool) -> String {
    let rendered = clean(rendered.trim_end());
    if whole {
        return rendered;
    }
    let mut lines = rendered.lines();
    let says = lines.next().unwrap_or_default();
    let place = lines.find_map(|line| line.trim_start().strip_prefix("--> "));
    place.map_or_else(|| says.to_owned(), |place| format!("{says} ({place})"))
}

pub(super) fn heading(exercise: &Exercise) -> String {
    format!("{} {}: {}", exercise.number, exercise.name, exercise.title)
}

pub(super) fn at(place: &Place) -> String {
    clean(&place.to_string()).replace('\n', " ")
}

pub(super) fn mark(verdict: Verdict) -> (&'static str, Paint) {
    match verdict {
        Verdict::Passed => ("✓", Paint::Good),
        Verdict::NotStarted => ("·", Paint::Faint),
        Verdict::Skipped => ("-", Paint::Open),
        _ => ("✗", Paint::Bad),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_in_one_line_says_what_and_where() {
        let rendered =
            "warning: unused variable: `x`\n --> exercises/a/src/a.rs:3:9\n  |\n3 | let x\n\n";
        let said = "warning: unused variable: `x` (exercises/a/src/a.rs:3:9)";
        assert_eq!(warning(rendered, false), said);
        assert!(warning(rendered, true).ends_with("3 | let x"));
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 12_480, 1_234_567].map(grouped),
            ["0", "999", "1,000", "12,480", "1,234,567"]
        );
        assert_eq!(counted(1, "test"), "1 test");
        assert_eq!(counted(59, "test"), "59 tests");
    }
}
