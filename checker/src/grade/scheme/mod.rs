//! The scheme: what an instructor lets count, and how much. It changes without a new run.
//!
//! It is a file of its own, `scheme.toml` beside the results, and not a part of the curriculum: the
//! curriculum belongs to the workbook and comes with each update of it, the scheme belongs to a course.
//! And it lies with the results, so that every report of a grading counts by the same one.

mod written;

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::points::Points;
use crate::workbook::curriculum::Exercise;

/// The scheme's name in the directory of the results.
pub const FILE: &str = "scheme.toml";

/// What counts how much.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scheme {
    /// What lateness costs.
    pub late: Late,
    exercises: BTreeMap<String, Rules>,
    /// For exercises that are not named.
    others: Rules,
}

/// What lateness costs; without rules nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Late {
    /// So many days cost nothing.
    grace_days: u32,
    /// What each further day costs, in percent of what was earned.
    percent_per_day: u32,
    /// The most that all days together cost, in percent.
    most_percent: u32,
    /// The last day, grace days counted, on which anything counts.
    last_day: Option<u32>,
}

/// What counts in an exercise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// In place of the curriculum's.
    points: Option<u32>,
    /// How much the points weigh, in percent.
    weight: u32,
    /// Whether all of it comes on top of the points possible.
    pub is_bonus: bool,
    /// Each test belongs to the first group that names it.
    pub groups: Vec<Group>,
}

/// Tests that count together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What instructors call it.
    pub name: String,
    tests: Vec<Pattern>,
    /// How much of the exercise it is, beside the shares of the other groups.
    pub share: u32,
    /// Whether one test that fails takes all of it.
    pub all_or_nothing: bool,
    /// Whether it comes on top of the points possible.
    pub is_bonus: bool,
    /// Whether the student sees it, and when.
    pub visibility: Visibility,
}

/// A pattern for tests: `TARGET` or `TARGET::NAME`, in which `*` stands for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern(String);

/// Who sees what became of tests, and when; the order is from open to closed.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Visibility {
    /// Students, at once
    #[default]
    Visible,
    /// Students, after the due date
    AfterDueDate,
    /// Students, once the grades are published
    AfterPublished,
    /// Instructors only; it hides the total, too
    Hidden,
}

impl Scheme {
    /// What counts in an exercise.
    pub fn rules(&self, exercise: &Exercise) -> &Rules {
        self.exercises.get(&exercise.name).unwrap_or(&self.others)
    }
}

impl Default for Late {
    fn default() -> Self {
        Self { grace_days: 0, percent_per_day: 0, most_percent: 100, last_day: None }
    }
}

impl Late {
    /// How many percent of what was earned are taken off.
    pub fn percent(&self, days: u32) -> u32 {
        if self.last_day.is_some_and(|last| days > last) {
            return 100;
        }
        let counted = days.saturating_sub(self.grace_days);
        counted.saturating_mul(self.percent_per_day).min(self.most_percent)
    }
}

impl Default for Rules {
    fn default() -> Self {
        let everything = Group {
            name: "all tests".to_owned(),
            tests: vec![Pattern("*".to_owned())],
            share: 1,
            all_or_nothing: false,
            is_bonus: false,
            visibility: Visibility::Visible,
        };
        Self { points: None, weight: 100, is_bonus: false, groups: vec![everything] }
    }
}

impl Rules {
    /// What a pass is worth, without the groups that are a bonus.
    pub fn full(&self, exercise: &Exercise) -> Points {
        let points = Points::whole(self.points.unwrap_or(exercise.points));
        points.part(self.weight.into(), 100)
    }

    /// The place in `groups` of the group that a test belongs to.
    pub fn group_of(&self, target: &str, test: &str) -> Option<usize> {
        self.groups.iter().position(|group| group.has(target, test))
    }

    /// Whether students must not see into this target, or into a part of it.
    pub fn hides_of(&self, target: &str) -> bool {
        let hidden = self.groups.iter().filter(|group| group.is_hidden());
        hidden.flat_map(|group| &group.tests).any(|pattern| fits(pattern.target(), target))
    }

    /// The shares of the groups that are no bonus, together.
    pub fn shares(&self) -> u32 {
        self.groups.iter().filter(|group| !group.is_bonus).map(|group| group.share).sum()
    }
}

impl Group {
    fn has(&self, target: &str, test: &str) -> bool {
        self.tests.iter().any(|pattern| pattern.matches(target, test))
    }

    /// Whether students see its tests only as `hidden`.
    pub fn is_hidden(&self) -> bool {
        self.visibility != Visibility::Visible
    }
}

impl Pattern {
    fn target(&self) -> &str {
        self.0.split("::").next().unwrap_or_default()
    }

    fn matches(&self, target: &str, test: &str) -> bool {
        if self.0.contains("::") {
            fits(&self.0, &format!("{target}::{test}"))
        } else {
            fits(&self.0, target)
        }
    }
}

/// Whether the text is the pattern, in which each `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, is) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("a*a", "a", false),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abde", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, text), is, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_names_a_target_or_tests_of_it() {
        let matches =
            |pattern: &str, target, test| Pattern(pattern.to_owned()).matches(target, test);
        assert!(matches("protocol", "protocol", "a::case_1"));
        assert!(!matches("protocol", "orderings", "protocol"));
        assert!(matches("protocol::a*", "protocol", "a::case_1"));
        assert!(!matches("protocol::a", "protocol", "a::case_1"));
        assert!(matches("*", "experiment", "prints"));
    }

    #[test]
    fn lateness_has_grace_a_cap_and_an_end() {
        let late = Late { grace_days: 1, percent_per_day: 20, most_percent: 50, last_day: Some(6) };
        let percents: Vec<u32> = [0, 1, 2, 3, 4, 6, 7, u32::MAX].map(|it| late.percent(it)).into();
        assert_eq!(percents, [0, 0, 20, 40, 50, 50, 100, 100]);
        assert_eq!(Late::default().percent(9), 0);
    }
}
