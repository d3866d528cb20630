//! The curriculum as it is written: read, validated, and turned into what the checker uses.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::claims::WrittenClaim;
use super::groups::{WrittenGroup, groups};
use super::{AtLeast, Curriculum, Exercise, FILE, Number, PLACEHOLDER, Part, SHORT};
use crate::Error;
use crate::system::files;
use crate::workbook::capability::Capability;

/// The longest deadline: a day.
const MOST_SECONDS: u64 = 86_400;

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    title: String,
    #[serde(default)]
    at_least: AtLeast,
    #[serde(default)]
    claim: Vec<WrittenClaim>,
    part: Vec<Spanned<Part>>,
    #[serde(default)]
    exercise: Vec<Spanned<WrittenExercise>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenExercise {
    number: Spanned<String>,
    directory: Spanned<String>,
    title: String,
    claims: Vec<Spanned<String>>,
    points: u32,
    edit: Vec<Spanned<PathBuf>>,
    #[serde(default)]
    needs: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    limits: WrittenLimits,
    #[serde(default)]
    group: Vec<WrittenGroup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenLimits {
    test_seconds: u64,
    compile_seconds: u64,
    /// Zero: no limit.
    address_space_mib: u64,
}

impl Default for WrittenLimits {
    fn default() -> Self {
        Self { test_seconds: 30, compile_seconds: 600, address_space_mib: 8192 }
    }
}

/// Something wrong with the file, and where.
struct Wrong {
    span: Range<usize>,
    problem: String,
    remedy: &'static str,
}

impl Curriculum {
    /// Loads and validates the curriculum of the workbook at `root`.
    pub fn load(root: &Path) -> Result<Self, Error> {
        let file = root.join(FILE);
        let text = files::read(&file)?;
        read(root, &text).map_err(|Wrong { span, problem, remedy }| Error::Written {
            file,
            line: line_of(&text, span.start),
            problem,
            remedy: remedy.to_owned(),
        })
    }
}

fn line_of(text: &str, place: usize) -> usize {
    text[..place].matches('\n').count() + 1
}

fn read(root: &Path, text: &str) -> Result<Curriculum, Wrong> {
    let written: Written = toml::from_str(text).map_err(|error| Wrong {
        span: error.span().unwrap_or(0..0),
        problem: error.message().to_owned(),
        remedy: "exercises/curriculum.toml: see CONTRIBUTING.md",
    })?;
    let mut curriculum = Curriculum {
        title: written.title,
        claims: Vec::new(),
        parts: Vec::new(),
        exercises: Vec::new(),
        at_least: written.at_least,
    };
    for claim in &written.claim {
        add_claim(&mut curriculum, claim)?;
    }
    for part in written.part {
        add_part(&mut curriculum, part)?;
    }
    for exercise in written.exercise {
        let line = |place: usize| line_of(text, place);
        add_exercise(&mut curriculum, exercise.get_ref(), root, line)?;
        claims_are_there(&curriculum, exercise.get_ref())?;
    }
    for claim in &written.claim {
        evidence_is_of_its_exercises(&curriculum, claim)?;
    }
    curriculum.exercises.sort_by_key(|exercise| exercise.number);
    Ok(curriculum)
}

fn add_claim(curriculum: &mut Curriculum, written: &WrittenClaim) -> Result<(), Wrong> {
    let claim = written.claim().map_err(|span| Wrong {
        span,
        problem: format!("`short` has more than {SHORT} characters"),
        remedy: "It is a column of `checker claims`: say less; `says` has the whole claim.",
    })?;
    if curriculum.claims.iter().any(|other| other.name == claim.name) {
        return Err(Wrong {
            span: written.name.span(),
            problem: format!("two claims have the name `{}`", claim.name),
            remedy: "Give each claim a name of its own.",
        });
    }
    curriculum.claims.push(claim);
    Ok(())
}

/// The claims that an exercise tries are in the list, and have a verdict. A curriculum may do without the list.
fn claims_are_there(curriculum: &Curriculum, exercise: &WrittenExercise) -> Result<(), Wrong> {
    let listed = &curriculum.claims;
    for written in exercise.claims.iter().filter(|claim| !claim.get_ref().contains(PLACEHOLDER)) {
        let name = written.get_ref();
        let (problem, remedy) = match listed.iter().find(|claim| claim.name == *name) {
            None if listed.is_empty() => continue,
            None => (
                format!("no claim has the name `{name}`"),
                "Add a [[claim]], or name one that is there.",
            ),
            Some(claim) if claim.verdict.is_none() => (
                format!("`{name}` is tried here, and has no verdict"),
                "Give the [[claim]] the `verdict` of the exercise's README.",
            ),
            Some(_) => continue,
        };
        return Err(Wrong { span: written.span(), problem, remedy });
    }
    Ok(())
}

fn evidence_is_of_its_exercises(
    curriculum: &Curriculum,
    written: &WrittenClaim,
) -> Result<(), Wrong> {
    let name = written.name.get_ref();
    let tries = |exercise: &str| {
        curriculum.exercises.iter().any(|it| it.name == exercise && it.claims.contains(name))
    };
    match written.shows.keys().find(|exercise| !tries(exercise.get_ref())) {
        None => Ok(()),
        Some(exercise) => Err(Wrong {
            span: exercise.span(),
            problem: format!("no exercise `{}` tries the claim `{name}`", exercise.get_ref()),
            remedy: "`shows` has a line for exercises that name the claim in their `claims`.",
        }),
    }
}

fn add_part(curriculum: &mut Curriculum, part: Spanned<Part>) -> Result<(), Wrong> {
    let span = part.span();
    let part = part.into_inner();
    if curriculum.parts.iter().any(|other| other.number == part.number) {
        return Err(Wrong {
            span,
            problem: format!("two parts have the number {}", part.number),
            remedy: "Give each part a number of its own.",
        });
    }
    curriculum.parts.push(part);
    Ok(())
}

fn add_exercise(
    curriculum: &mut Curriculum,
    written: &WrittenExercise,
    root: &Path,
    line: impl Fn(usize) -> usize,
) -> Result<(), Wrong> {
    let exercise = exercise(written, &curriculum.parts, line)?;
    let others = &curriculum.exercises;
    if let Some(other) = others.iter().find(|other| other.number == exercise.number) {
        let (name, number) = (&exercise.name, exercise.number);
        return Err(Wrong {
            span: written.number.span(),
            problem: format!("`{name}` and `{}` have the same number {number}", other.name),
            remedy: "Give each exercise a number of its own.",
        });
    }
    if others.iter().any(|other| other.name == exercise.name) {
        return Err(Wrong {
            span: written.directory.span(),
            problem: format!("two exercises have the name `{}`", exercise.name),
            remedy: "A package name can be used only once.",
        });
    }
    let is_target = |name: &str| exercise.path(root).join(format!("tests/{name}.rs")).is_file();
    if let Some(target) = written.needs.keys().find(|target| !is_target(target.get_ref())) {
        let (directory, name) = (&exercise.directory, target.get_ref());
        return Err(Wrong {
            span: target.span(),
            problem: format!(
                "`needs` names exercises/{directory}/tests/{name}.rs, which is missing"
            ),
            remedy: "Name a test target, which is a file of tests/ without its `.rs`.",
        });
    }
    let needed = ["Cargo.toml", "README.md", "hints.md"];
    if let Some(missing) = needed.iter().find(|file| !exercise.path(root).join(file).is_file()) {
        return Err(Wrong {
            span: written.directory.span(),
            problem: format!("exercises/{}/{missing} is missing", exercise.directory),
            remedy: "Restore the file (git checkout), or take the exercise out of the curriculum.",
        });
    }
    curriculum.exercises.push(exercise);
    Ok(())
}

fn exercise(
    written: &WrittenExercise,
    parts: &[Part],
    line: impl Fn(usize) -> usize,
) -> Result<Exercise, Wrong> {
    let at_number = || written.number.span();
    let number: Number = written.number.get_ref().parse().map_err(|()| Wrong {
        span: at_number(),
        problem: format!("`{}` is no exercise number", written.number.get_ref()),
        remedy: "Write PART.PLACE, such as \"2.3\".",
    })?;
    let directory = written.directory.get_ref();
    let part = parts.iter().find(|part| part.number == number.part).ok_or_else(|| Wrong {
        span: at_number(),
        problem: format!("exercise {number} belongs to part {}, which does not exist", number.part),
        remedy: "Add the part, or correct the number.",
    })?;
    let wrong_directory = |why: String| Wrong {
        span: at_number(),
        problem: format!("`{directory}` {why}"),
        remedy: "An exercise lies in PART_DIRECTORY/NN_name, and NN is its place.",
    };
    let place = directory
        .strip_prefix(&part.directory)
        .and_then(|rest| rest.strip_prefix('/'))
        .ok_or_else(|| wrong_directory(format!("is not below `{}`", part.directory)))?;
    let (digits, name) = place
        .split_once('_')
        .ok_or_else(|| wrong_directory("has no number before its name".to_owned()))?;
    if digits.parse() != Ok(number.place) {
        return Err(wrong_directory(format!("does not begin with the place of {number}")));
    }
    if written.edit.is_empty() {
        return Err(Wrong {
            span: at_number(),
            problem: format!("exercise {number} names no file to edit"),
            remedy: "Set `edit` to the file that the learner writes, such as [\"src/lib.rs\"].",
        });
    }
    let limits = &written.limits;
    let seconds = 1..=MOST_SECONDS;
    if !seconds.contains(&limits.test_seconds) || !seconds.contains(&limits.compile_seconds) {
        return Err(Wrong {
            span: at_number(),
            problem: format!("exercise {number} has a limit that is no usable time"),
            remedy: "Set test_seconds and compile_seconds to between 1 and 86400.",
        });
    }
    let mib = limits.address_space_mib;
    Ok(Exercise {
        number,
        name: name.to_owned(),
        directory: directory.clone(),
        title: written.title.clone(),
        claims: written.claims.iter().map(|claim| claim.get_ref().clone()).collect(),
        points: written.points,
        groups: groups(&written.group, line).map_err(|(span, problem, remedy)| Wrong {
            span,
            problem,
            remedy,
        })?,
        needs: needs(written)?,
        edit: written.edit.iter().map(|file| file.get_ref().clone()).collect(),
        test_deadline: Duration::from_secs(written.limits.test_seconds),
        compile_deadline: Duration::from_secs(written.limits.compile_seconds),
        address_space: (mib > 0).then_some(mib << 20),
    })
}

fn needs(written: &WrittenExercise) -> Result<BTreeMap<String, Capability>, Wrong> {
    let need = |(target, capability): (&Spanned<String>, &Spanned<String>)| {
        let parsed = capability.get_ref().parse().map_err(|()| Wrong {
            span: capability.span(),
            problem: format!("`{}` is nothing that tests can need", capability.get_ref()),
            remedy: "Tests can need \"ptrace\".",
        })?;
        Ok((target.get_ref().clone(), parsed))
    };
    written.needs.iter().map(need).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys that a table may have, as the error about another one names them.
    fn keys<T: serde::de::DeserializeOwned>() -> Vec<String> {
        let error = toml::from_str::<T>("no_such_key = 1").err().expect("the key is unknown");
        let (_, expected) = error.message().split_once("expected ").unwrap();
        expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn authors_are_told_of_every_key() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let told = files::read(&root.join("../CONTRIBUTING.md")).unwrap();
        let entry = files::read(&root.join("templates/exercise/curriculum.toml")).unwrap();
        let of_exercise = [keys::<WrittenExercise>(), keys::<WrittenLimits>()].concat();
        assert!(of_exercise.len() >= 11, "{of_exercise:?}");
        let of_exercise = [of_exercise, keys::<WrittenGroup>()].concat();
        for key in &of_exercise {
            let is_written =
                [format!("\n{key} = "), format!(" {key} = "), format!("[[exercise.{key}]]")];
            let writes = is_written.iter().any(|it| entry.contains(it));
            assert!(writes, "checker new writes no `{key}`");
        }
        let of_claim = keys::<WrittenClaim>();
        for key in [keys::<Written>(), keys::<Part>(), of_claim, of_exercise].concat() {
            assert!(told.contains(&format!("`{key}`")), "CONTRIBUTING.md does not tell of `{key}`");
        }
    }
}
