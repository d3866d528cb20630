//! The stages of an exercise's task: groups of its tests, and how much each counts.
//!
//! Without groups every test function counts the same, and the easy ones are many: code that misses the point
//! would earn most of the points. So the heart of an exercise has at least half of them.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::Exercise;

/// The target of the comparison with the reference, among those of the tests.
pub const EXPERIMENT: &str = "experiment";

/// The largest share; with more, sums would not be exact any longer.
pub const LARGEST_SHARE: u32 = 1000;

/// Tests that count together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What has been learnt where they pass.
    pub name: String,
    /// How much of the exercise it is, beside the shares of the other groups.
    pub share: u32,
    /// Whether it is what the exercise is about.
    pub is_heart: bool,
    /// Whether one test that fails takes all of it.
    pub all_or_nothing: bool,
    /// Its tests; a `*` alone stands for those that no other group names.
    pub tests: Vec<Pattern>,
    /// Where it is written in the curriculum.
    pub line: usize,
}

/// A pattern for tests: `TARGET` or `TARGET::NAME`, in which `*` stands for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(pub String);

/// What is not as it must be with the groups of an exercise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is written in the curriculum.
    pub line: usize,
    pub problem: String,
    pub remedy: String,
}

/// A group as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenGroup {
    pub(super) name: Spanned<String>,
    share: Spanned<u32>,
    #[serde(default)]
    heart: bool,
    #[serde(default)]
    all_or_nothing: bool,
    tests: Vec<Spanned<String>>,
}

/// Where a group is wrong, the problem and the remedy.
pub(super) type Wrong = (Range<usize>, String, &'static str);

/// The groups of an exercise, as far as they are sound by themselves; `line` knows the line of a place.
pub(super) fn groups(
    written: &[WrittenGroup],
    line: impl Fn(usize) -> usize,
) -> Result<Vec<Group>, Wrong> {
    let mut groups: Vec<Group> = Vec::new();
    for group in written {
        let (name, share) = (group.name.get_ref(), *group.share.get_ref());
        if !(1..=LARGEST_SHARE).contains(&share) {
            let remedy = "Write a number from 1 to 1000; only its size beside the shares of the exercise's \
                          other groups counts.";
            return Err((group.share.span(), format!("{share} is no usable share"), remedy));
        }
        if groups.iter().any(|other| other.name == *name) {
            let problem = format!("two groups of an exercise are called `{name}`");
            return Err((group.name.span(), problem, "Give each group a name of its own."));
        }
        let tests: Vec<Pattern> =
            group.tests.iter().map(|it| Pattern(it.get_ref().clone())).collect();
        let has_rest = |tests: &[Pattern]| tests.iter().any(Pattern::is_rest);
        if has_rest(&tests) && groups.iter().any(|other| has_rest(&other.tests)) {
            let problem =
                format!("`{name}` is the second group with the tests that are left, \"*\"");
            return Err((group.name.span(), problem, "Name the tests of one of the two."));
        }
        groups.push(Group {
            name: name.clone(),
            share,
            is_heart: group.heart,
            all_or_nothing: group.all_or_nothing,
            tests,
            line: line(group.name.span().start),
        });
    }
    let share = |which: &dyn Fn(&Group) -> bool| -> u32 {
        groups.iter().filter(|group| which(group)).map(|group| group.share).sum()
    };
    let (heart, all) = (share(&|group| group.is_heart), share(&|_| true));
    match written.first() {
        Some(first) if heart * 2 < all => Err((
            first.name.span(),
            format!(
                "the heart of the exercise has {heart} of {all} shares, which is less than half"
            ),
            "Set `heart = true` for the groups that the exercise is about, and give them half of the shares.",
        )),
        _ => Ok(groups),
    }
}

impl Pattern {
    /// The pattern of the target.
    pub fn target(&self) -> &str {
        self.0.split("::").next().unwrap_or_default()
    }

    /// Whether a test is among those that are meant.
    pub fn matches(&self, target: &str, test: &str) -> bool {
        if self.0.contains("::") {
            fits(&self.0, &format!("{target}::{test}"))
        } else {
            fits(&self.0, target)
        }
    }

    /// Whether it stands for the tests that no other group names.
    pub fn is_rest(&self) -> bool {
        self.0 == "*"
    }
}

/// Whether the text is the pattern, in which each `*` stands for anything.
pub fn fits(pattern: &str, text: &str) -> bool {
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

impl Group {
    /// Whether the tests that no other group names belong to it.
    pub fn has_rest(&self) -> bool {
        self.tests.iter().any(Pattern::is_rest)
    }

    /// Whether it names the test, other than by `*`.
    fn names(&self, target: &str, test: &str) -> bool {
        self.tests.iter().any(|pattern| !pattern.is_rest() && pattern.matches(target, test))
    }
}

impl Exercise {
    /// The place in `groups` of the group that a test belongs to. The comparison of the experiment belongs to
    /// the heart, if nothing else says where it belongs.
    pub fn group_of(&self, target: &str, test: &str) -> Option<usize> {
        let place = |which: &dyn Fn(&Group) -> bool| self.groups.iter().position(which);
        place(&|group| group.names(target, test))
            .or_else(|| place(&Group::has_rest))
            .or_else(|| place(&|group| group.is_heart).filter(|_| target == EXPERIMENT))
    }

    /// What is not as it must be: each test belongs to exactly one group, and each pattern names a test.
    pub fn problems_of_groups(&self, tests: &[(&str, &str)]) -> Vec<Problem> {
        let mut problems = Vec::new();
        let targets = || {
            let mut targets: Vec<&str> = tests.iter().map(|(target, _)| *target).collect();
            targets.dedup();
            targets.join(", ")
        };
        for group in &self.groups {
            let of_group =
                |problem: String, remedy: String| Problem { line: group.line, problem, remedy };
            let names_one = |pattern: &&Pattern| {
                tests.iter().any(|(target, test)| pattern.matches(target, test))
            };
            for pattern in group.tests.iter().filter(|pattern| !names_one(pattern)) {
                problems.push(of_group(
                    format!("`{}` of `{}` matches no test of `{}`", pattern.0, group.name, self.name),
                    format!(
                        "Write TARGET or TARGET::NAME, `*` stands for anything; its targets are {}.",
                        targets()
                    ),
                ));
            }
            let is_own = |(target, test): &&(&str, &str)| {
                self.group_of(target, test).is_some_and(|nth| self.groups[nth] == *group)
            };
            if !tests.iter().any(|test| is_own(&test)) {
                problems.push(of_group(
                    format!("no test of `{}` is in `{}`", self.name, group.name),
                    "Name its tests, or take the group out.".to_owned(),
                ));
            }
        }
        let Some(first) = self.groups.first() else { return problems };
        for (target, test) in tests {
            let naming: Vec<&Group> =
                self.groups.iter().filter(|group| group.names(target, test)).collect();
            if let [one, other, ..] = naming[..] {
                problems.push(Problem {
                    line: other.line,
                    problem: format!(
                        "`{target}::{test}` of `{}` is in two groups, `{}` and `{}`",
                        self.name, one.name, other.name
                    ),
                    remedy: "Name it in one of them.".to_owned(),
                });
            }
            if self.group_of(target, test).is_none() {
                problems.push(Problem {
                    line: first.line,
                    problem: format!("`{target}::{test}` of `{}` is in no group", self.name),
                    remedy: "Name it; as a group's pattern, \"*\" stands for all that no other group names."
                        .to_owned(),
                });
            }
        }
        problems
    }
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
}
