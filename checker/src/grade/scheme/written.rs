//! The scheme as it is written: read, held against the workbook, and turned into rules.
//!
//! A rule that names what is not there would silently count for nothing. So every name and every pattern
//! must match something, and every test must belong to a group.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::{FILE, Group, Late, Rules, Scheme, Visibility};
use crate::Error;
use crate::grade::private::PrivateTests;
use crate::judge::{COMPARISON, EXPERIMENT};
use crate::system::files;
use crate::workbook::Workbook;
use crate::workbook::curriculum::{self, LARGEST_SHARE, Pattern};
use crate::workbook::pins::Pins;

/// The heaviest weight, in percent.
const WEIGHT: u32 = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    late: Option<Spanned<Late>>,
    #[serde(default)]
    exercise: Vec<WrittenExercise>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenExercise {
    name: Spanned<String>,
    points: Option<u32>,
    weight: Option<Spanned<u32>>,
    #[serde(default)]
    bonus: bool,
    #[serde(default)]
    group: Vec<WrittenGroup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenGroup {
    name: Spanned<String>,
    tests: Vec<Spanned<String>>,
    share: Spanned<u32>,
    #[serde(default)]
    all_or_nothing: bool,
    #[serde(default)]
    bonus: bool,
    #[serde(default)]
    visibility: Visibility,
}

/// Something wrong with the file, and where.
struct Wrong {
    span: Range<usize>,
    problem: String,
    remedy: String,
}

/// Why a scheme cannot be had.
enum Failure {
    Wrong(Wrong),
    Error(Error),
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

impl Scheme {
    /// Reads and validates a scheme for the results in `directory`; an error names the file, the line and the
    /// remedy.
    fn load(workbook: &Workbook, path: &Path, directory: &Path) -> Result<Self, Error> {
        let text = files::read(path)?;
        let private = PrivateTests::load(directory)?.unwrap_or_default();
        read(workbook, &private, &text).map_err(|failure| match failure {
            Failure::Error(error) => error,
            Failure::Wrong(Wrong { span, problem, remedy }) => Error::Written {
                file: path.to_owned(),
                line: text[..span.start].matches('\n').count() + 1,
                problem,
                remedy,
            },
        })
    }

    /// The scheme that lies with the results in `directory`; without one, every exercise has the
    /// curriculum's points and groups.
    pub fn load_beside_results(workbook: &Workbook, directory: &Path) -> Result<Self, Error> {
        check_curriculum(workbook)?;
        let path = directory.join(FILE);
        if path.is_file() { Self::load(workbook, &path, directory) } else { Ok(Self::default()) }
    }

    /// Puts the scheme at `path` with the results in `directory`, if it is sound.
    pub fn adopt(workbook: &Workbook, path: &Path, directory: &Path) -> Result<(), Error> {
        Self::load(workbook, path, directory).map_err(Error::asked_for)?;
        files::write_atomically(&directory.join(FILE), &files::read(path)?)
    }
}

/// The groups of the curriculum have to fit the tests, as those of a scheme have to.
fn check_curriculum(workbook: &Workbook) -> Result<(), Error> {
    for exercise in workbook.curriculum.exercises.iter().filter(|it| !it.groups.is_empty()) {
        let pins = Pins::load(workbook, exercise)?;
        if let Some(problem) = exercise.problems_of_groups(&tests(&pins)).into_iter().next() {
            return Err(Error::Written {
                file: workbook.root.join(curriculum::FILE),
                line: problem.line,
                problem: problem.problem,
                remedy: problem.remedy,
            });
        }
    }
    Ok(())
}

fn read(workbook: &Workbook, private: &PrivateTests, text: &str) -> Result<Scheme, Failure> {
    let written: Written = toml::from_str(text).map_err(|error| Wrong {
        span: error.span().unwrap_or(0..0),
        problem: error.message().to_owned(),
        remedy: "docs/grading.md says what a scheme may contain.".to_owned(),
    })?;
    let late = written.late.map_or(Ok(Late::default()), checked_late)?;
    let mut exercises = BTreeMap::new();
    for written in &written.exercise {
        let (name, rules) = rules(workbook, private, written)?;
        if exercises.insert(name.clone(), rules).is_some() {
            return Err(Failure::Wrong(Wrong {
                span: written.name.span(),
                problem: format!("`{name}` has two entries"),
                remedy: "Write what counts in an exercise into one [[exercise]].".to_owned(),
            }));
        }
    }
    Ok(Scheme { late, exercises })
}

fn checked_late(late: Spanned<Late>) -> Result<Late, Wrong> {
    let span = late.span();
    let late = late.into_inner();
    if late.percent_per_day > 100 || late.most_percent > 100 {
        return Err(Wrong {
            span,
            problem: "lateness cannot cost more than there is".to_owned(),
            remedy: "Set percent_per_day and most_percent to between 0 and 100.".to_owned(),
        });
    }
    if late.last_day.is_some_and(|last| last < late.grace_days) {
        Err(Wrong {
            span,
            problem: "some of the grace days come after the last day".to_owned(),
            remedy: "Set last_day to at least grace_days, or leave it out.".to_owned(),
        })
    } else {
        Ok(late)
    }
}

fn rules(
    workbook: &Workbook,
    private: &PrivateTests,
    written: &WrittenExercise,
) -> Result<(String, Rules), Failure> {
    let exercise = workbook.curriculum.find(written.name.get_ref()).map_err(|error| Wrong {
        span: written.name.span(),
        problem: error.to_string(),
        remedy: "Name an exercise of exercises/curriculum.toml.".to_owned(),
    })?;
    let weight = written.weight.as_ref().map_or(100, |weight| *weight.get_ref());
    if weight > WEIGHT {
        return Err(Failure::Wrong(Wrong {
            span: written.weight.as_ref().map_or(0..0, Spanned::span),
            problem: format!("{weight} is no usable weight"),
            remedy: format!("Write percent, from 0 to {WEIGHT}; 100 is the weight of the others."),
        }));
    }
    let groups: Vec<Group> = written.group.iter().map(group).collect::<Result<_, _>>()?;
    let mut rules =
        Rules { points: written.points, weight, is_bonus: written.bonus, ..Rules::of(exercise) };
    if !groups.is_empty() {
        (rules.groups, rules.rest) = (groups, None);
        let pins = Pins::load(workbook, exercise).map_err(Failure::Error)?;
        let tests: Vec<(&str, &str)> =
            tests(&pins).into_iter().chain(private.of(&exercise.name)).collect();
        check_groups(written, &rules, &tests)?;
    }
    Ok((exercise.name.clone(), rules))
}

fn group(written: &WrittenGroup) -> Result<Group, Wrong> {
    let share = *written.share.get_ref();
    if !(1..=LARGEST_SHARE).contains(&share) {
        return Err(Wrong {
            span: written.share.span(),
            problem: format!("{share} is no usable share"),
            remedy: format!(
                "Write a number from 1 to {LARGEST_SHARE}; only its size beside the shares of the exercise's other groups counts."
            ),
        });
    }
    Ok(Group {
        name: written.name.get_ref().clone(),
        tests: written.tests.iter().map(|it| Pattern(it.get_ref().clone())).collect(),
        share,
        all_or_nothing: written.all_or_nothing,
        is_bonus: written.bonus,
        visibility: written.visibility,
    })
}

/// The tests of an exercise with their targets, the comparison of its experiment among them.
fn tests(pins: &Pins) -> Vec<(&str, &str)> {
    let listed = pins
        .tests
        .iter()
        .flat_map(|(target, tests)| tests.iter().map(|test| (target.as_str(), test.as_str())));
    let comparison = pins.snapshot().map(|_| (EXPERIMENT, COMPARISON));
    listed.chain(comparison).collect()
}

fn check_groups(
    written: &WrittenExercise,
    rules: &Rules,
    tests: &[(&str, &str)],
) -> Result<(), Wrong> {
    let exercise = written.name.get_ref();
    for (nth, group) in written.group.iter().enumerate() {
        if written.group[..nth].iter().any(|other| other.name.get_ref() == group.name.get_ref()) {
            return Err(Wrong {
                span: group.name.span(),
                problem: format!(
                    "two groups of `{exercise}` are called `{}`",
                    group.name.get_ref()
                ),
                remedy: "Give each group a name of its own.".to_owned(),
            });
        }
        for pattern in &group.tests {
            check_pattern(exercise, rules, nth, pattern, tests)?;
        }
        if !tests.iter().any(|(target, test)| rules.group_of(target, test) == Some(nth)) {
            return Err(Wrong {
                span: group.name.span(),
                problem: format!("no test of `{exercise}` is in `{}`", group.name.get_ref()),
                remedy:
                    "Each test belongs to the first group that names it: name tests, or put the \
                         group before the other one."
                        .to_owned(),
            });
        }
    }
    if rules.shares() == 0 {
        return Err(Wrong {
            span: written.name.span(),
            problem: format!("every group of `{exercise}` is a bonus"),
            remedy: "Let one count, or set `bonus = true` for the exercise.".to_owned(),
        });
    }
    check_comparison(written, rules, tests)?;
    match tests.iter().find(|(target, test)| rules.group_of(target, test).is_none()) {
        None => Ok(()),
        Some((target, test)) => Err(Wrong {
            span: written.name.span(),
            problem: format!("`{target}::{test}` of `{exercise}` is in no group"),
            remedy: "Name it; as the last group's pattern, \"*\" stands for all that are left."
                .to_owned(),
        }),
    }
}

fn check_pattern(
    exercise: &str,
    rules: &Rules,
    nth: usize,
    pattern: &Spanned<String>,
    tests: &[(&str, &str)],
) -> Result<(), Wrong> {
    let matches = Pattern(pattern.get_ref().clone());
    let mut matched = tests.iter().filter(|(target, test)| matches.matches(target, test));
    let taken = matched.next().map(|(target, test)| rules.group_of(target, test));
    let elsewhere =
        matched.all(|(target, test)| rules.group_of(target, test).is_some_and(|it| it < nth));
    let problem = match taken {
        None => format!("`{}` matches no test of `{exercise}`", pattern.get_ref()),
        Some(Some(group)) if group < nth && elsewhere => format!(
            "what `{}` matches is in the group `{}` already",
            pattern.get_ref(),
            rules.groups[group].name
        ),
        Some(_) => return Ok(()),
    };
    let targets: BTreeSet<&str> = tests.iter().map(|(target, _)| *target).collect();
    let targets: Vec<&str> = targets.into_iter().collect();
    Err(Wrong {
        span: pattern.span(),
        problem,
        remedy: format!(
            "Write TARGET or TARGET::NAME, `*` stands for anything; its targets are {}.",
            targets.join(", ")
        ),
    })
}

/// The comparison is made only if all tests pass, those of a bonus, too. As a group of its own it would
/// be lost with a bonus.
fn check_comparison(
    written: &WrittenExercise,
    rules: &Rules,
    tests: &[(&str, &str)],
) -> Result<(), Wrong> {
    let Some(nth) = rules.group_of(EXPERIMENT, COMPARISON) else { return Ok(()) };
    let is_alone = tests
        .iter()
        .filter(|(target, test)| rules.group_of(target, test) == Some(nth))
        .all(|(target, _)| *target == EXPERIMENT);
    let has_bonus = rules.groups.iter().any(|group| group.is_bonus);
    if is_alone && has_bonus && !rules.groups[nth].is_bonus {
        Err(Wrong {
            span: written.group[nth].name.span(),
            problem:
                "the comparison of the experiment is made only if all tests pass, and here it \
                      would be lost with a bonus"
                    .to_owned(),
            remedy: "Put `experiment` into a group with other tests, or into a bonus.".to_owned(),
        })
    } else {
        Ok(())
    }
}
