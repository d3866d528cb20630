//! The scheme: what an instructor lets count, and how much. It changes without a new run.
//!
//! It is a file of its own, `scheme.toml` beside the results, and not a part of the curriculum: the
//! curriculum belongs to the workbook and comes with each update of it, the scheme belongs to a course.
//! And it lies with the results, so that every report of a grading counts by the same one.

mod written;

use std::borrow::Cow;
use std::collections::BTreeMap;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::points::Points;
use crate::workbook::curriculum::{self, Exercise, Pattern, fits};

/// The scheme's name in the directory of the results.
pub const FILE: &str = "scheme.toml";

/// What counts how much.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scheme {
    /// What lateness costs.
    pub late: Late,
    exercises: BTreeMap<String, Rules>,
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
    /// The place of the group of those tests that no group names.
    rest: Option<usize>,
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
    /// What counts in an exercise: by this scheme, or by the curriculum.
    pub fn rules(&self, exercise: &Exercise) -> Cow<'_, Rules> {
        match self.exercises.get(&exercise.name) {
            Some(rules) => Cow::Borrowed(rules),
            None => Cow::Owned(Rules::of(exercise)),
        }
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

impl Rules {
    /// What counts without a scheme: the groups of the curriculum, or all tests alike.
    pub fn of(exercise: &Exercise) -> Self {
        let mut rules = Self {
            points: None,
            weight: 100,
            is_bonus: false,
            groups: exercise.groups.iter().map(Group::of_curriculum).collect(),
            // The comparison, private tests, and those of a result from before the groups were changed.
            rest: (exercise.groups.iter().position(curriculum::Group::has_rest))
                .or(exercise.groups.iter().position(|group| group.is_heart)),
        };
        if rules.groups.is_empty() {
            rules.groups = vec![Group::of_all_tests()];
        }
        rules
    }

    /// What a pass is worth, without the groups that are a bonus.
    pub fn full(&self, exercise: &Exercise) -> Points {
        let points = Points::whole(self.points.unwrap_or(exercise.points));
        points.part(self.weight.into(), 100)
    }

    /// The place in `groups` of the group that a test belongs to.
    pub fn group_of(&self, target: &str, test: &str) -> Option<usize> {
        self.groups.iter().position(|group| group.has(target, test)).or(self.rest)
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
    fn of_all_tests() -> Self {
        Self {
            name: "all tests".to_owned(),
            tests: vec![Pattern("*".to_owned())],
            share: 1,
            all_or_nothing: false,
            is_bonus: false,
            visibility: Visibility::Visible,
        }
    }

    fn of_curriculum(group: &curriculum::Group) -> Self {
        let named = group.tests.iter().filter(|pattern| !pattern.is_rest());
        Self {
            name: group.name.clone(),
            tests: named.cloned().collect(),
            share: group.share,
            all_or_nothing: group.all_or_nothing,
            is_bonus: false,
            visibility: Visibility::Visible,
        }
    }

    fn has(&self, target: &str, test: &str) -> bool {
        self.tests.iter().any(|pattern| pattern.matches(target, test))
    }

    /// Whether students see its tests only as `hidden`.
    pub fn is_hidden(&self) -> bool {
        self.visibility != Visibility::Visible
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_has_grace_a_cap_and_an_end() {
        let late = Late { grace_days: 1, percent_per_day: 20, most_percent: 50, last_day: Some(6) };
        let percents: Vec<u32> = [0, 1, 2, 3, 4, 6, 7, u32::MAX].map(|it| late.percent(it)).into();
        assert_eq!(percents, [0, 0, 20, 40, 50, 50, 100, 100]);
        assert_eq!(Late::default().percent(9), 0);
    }
}
