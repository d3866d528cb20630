//! `checker mutants`: cargo-mutants changes the reference solutions, and the exercises' tests must notice.
//!
//! A mutant that no test notices is a mistake that a learner can make unseen. Each survivor is killed by
//! a better test, or listed in `solutions/mutants.toml` with the reason why nobody can tell it from the
//! solution. A survivor that is not listed fails the command; so does a listed one that is none any more.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sandbox::{End, Limits, Observation, Program};
use serde::Deserialize;

use crate::report::Reporter;
use crate::solutions::{references, write_solved};
use crate::system::files;
use crate::workbook::curriculum::Exercise;
use crate::{Error, Exit};

use super::Session;

/// Mutants that nobody can tell from the solution.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    #[serde(default)]
    equivalent: Vec<Equivalent>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Equivalent {
    /// The exercise's name.
    exercise: String,
    /// The file in the exercise, and what cargo-mutants says that it did.
    mutant: String,
    /// The line that was mutated, as it stands in the solution.
    line: String,
    /// Why nobody can tell the difference; for readers.
    #[serde(rename = "reason")]
    _reason: String,
}

/// Mutates the reference solutions of the asked exercises.
pub fn mutants(
    session: &Session,
    names: &[String],
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let asked = session.asked(names)?;
    let listed = listed(&workbook.root.join("solutions/mutants.toml"))?;
    let solutions = references(workbook)?;
    install(session)?;
    let mut exit = Exit::Passed;
    for exercise in asked {
        let base = workbook.target_path().join("mutants").join(&exercise.name);
        let tree = base.join("workbook");
        // The last run may have left a mutant there.
        files::remove_directory(&tree)?;
        write_solved(workbook, &tree, &solutions)?;
        touch(exercise, &tree)?;
        mutate(session, exercise, &base)?;
        let survivors = survivors(exercise, &base)?;
        let known: Vec<String> = (listed.equivalent.iter())
            .filter(|it| it.exercise == exercise.name)
            .map(|it| format!("{} | {}", it.mutant, it.line))
            .collect();
        let count = |list: &str| lines(&base, list).map(|lines| lines.len());
        reporter.note(&format!(
            "{}: {} caught, {} never end, {} survive ({} listed), {} do not compile",
            exercise.name,
            count("caught")?,
            count("timeout")?,
            survivors.len(),
            survivors.iter().filter(|it| known.contains(it)).count(),
            count("unviable")?
        ));
        for survivor in survivors.iter().filter(|it| !known.contains(it)) {
            reporter.note(&format!("  survives and is not listed: {survivor}"));
            exit = Exit::NotPassed;
        }
        let known: BTreeSet<&String> = known.iter().collect();
        for gone in known.into_iter().filter(|it| !survivors.contains(it)) {
            reporter.note(&format!("  listed and no survivor: {gone}"));
            exit = Exit::NotPassed;
        }
    }
    Ok(exit)
}

fn listed(path: &Path) -> Result<Listed, Error> {
    let text = files::read_if_there(path)?.unwrap_or_default();
    toml::from_str(&text).map_err(|error| Error::Format {
        path: path.to_owned(),
        problem: error.to_string(),
        remedy: "Each [[equivalent]] has exercise, mutant, line and reason.".to_owned(),
    })
}

fn install(session: &Session) -> Result<(), Error> {
    let installed = cargo(session, &["mutants", "--version"], &session.workbook.target_path())?;
    if installed.end == End::Exited(0) {
        return Ok(());
    }
    let arguments = ["install", "--locked", "cargo-mutants"];
    let observation = cargo(session, &arguments, &session.workbook.target_path())?;
    done(&observation, &[0])
}

/// cargo goes by file times: the last build may be of a mutant, and must not be taken for this text.
fn touch(exercise: &Exercise, tree: &Path) -> Result<(), Error> {
    for file in &exercise.edit {
        let path = exercise.path(tree).join(file);
        let touched = File::options().append(true).open(&path);
        touched
            .and_then(|file| file.set_modified(SystemTime::now()))
            .map_err(Error::writing(&path))?;
    }
    Ok(())
}

fn mutate(session: &Session, exercise: &Exercise, base: &Path) -> Result<(), Error> {
    files::remove_directory(&base.join("mutants.out"))?;
    let (tree, base_text) = (base.join("workbook"), base.display().to_string());
    let tree_text = tree.display().to_string();
    let mut arguments = vec!["mutants", "--dir", &tree_text, "--in-place", "--no-config"];
    arguments.extend(["--package", &exercise.name, "--output", &base_text]);
    let edited = exercise.edit.iter().map(|file| exercise.path(Path::new("")).join(file));
    let edited: Vec<String> = edited.map(|file| file.display().to_string()).collect();
    edited.iter().for_each(|file| arguments.extend(["--file", file.as_str()]));
    arguments.extend(["--error", "::std::io::Error::other(\"mutated\")"]);
    arguments.extend(["--error", "::nix::errno::Errno::EIO.into()"]);
    arguments.extend(["--cap-lints", "true", "--minimum-test-timeout", "60"]);
    arguments.extend(["--timeout-multiplier", "5", "--colors", "never", "--", "--test", "*"]);
    let observation = cargo(session, &arguments, &base.join("target"))?;
    // 2: there are survivors; 3: some tests did not come to an end.
    done(&observation, &[0, 2, 3])
}

/// cargo, supervised: what a mutant that never ends has started ends with it.
fn cargo(session: &Session, arguments: &[&str], target: &Path) -> Result<Observation, Error> {
    let foreign = ["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CARGO_MAKEFLAGS", "CARGO_TARGET_DIR"];
    let mut env: Vec<(OsString, OsString)> = std::env::vars_os()
        .filter(|(name, _)| !foreign.iter().any(|foreign| name == foreign))
        .collect();
    env.push(("CARGO_TARGET_DIR".into(), target.into()));
    let program = Program {
        path: files::which("cargo"),
        args: arguments.iter().map(OsString::from).collect(),
        env,
        directory: session.workbook.root.clone(),
        limits: Limits {
            kept_output: 1 << 20,
            total_output: 1 << 30,
            ..Limits::wall(Duration::from_secs(24 * 60 * 60))
        },
        confinement: None,
    };
    let observation = sandbox::run(&program, &session.stop)?;
    match observation.end {
        End::Stopped => Err(Error::Interrupted),
        _ => Ok(observation),
    }
}

fn done(observation: &Observation, codes: &[i32]) -> Result<(), Error> {
    match observation.end {
        End::Exited(code) if codes.contains(&code) => Ok(()),
        _ => Err(Error::Cargo {
            exercise: "mutants".to_owned(),
            output: format!("{}\n{}", observation.stdout.text, observation.stderr.text),
            remedy: "cargo-mutants did not run: see what it says above.".to_owned(),
        }),
    }
}

/// The mutants that no test noticed: `FILE: MUTATION | LINE`, with the text of the line instead of its
/// number.
fn survivors(exercise: &Exercise, base: &Path) -> Result<Vec<String>, Error> {
    let directory = exercise.path(Path::new(""));
    let mut survivors = Vec::new();
    for mutant in lines(base, "missed")? {
        let (place, mutation) = mutant.split_once(": ").unwrap_or((&mutant, ""));
        let mut place = place.split(':');
        let file = PathBuf::from(place.next().unwrap_or_default());
        let number: usize = place.next().and_then(|number| number.parse().ok()).unwrap_or(1);
        let text = files::read(&base.join("workbook").join(&file))?;
        let line = text.lines().nth(number.saturating_sub(1)).unwrap_or_default();
        let file = file.strip_prefix(&directory).unwrap_or(&file);
        survivors.push(format!("{}: {mutation} | {}", file.display(), line.trim()));
    }
    survivors.sort();
    Ok(survivors)
}

fn lines(base: &Path, list: &str) -> Result<Vec<String>, Error> {
    let path = base.join("mutants.out").join(format!("{list}.txt"));
    let text = fs::read_to_string(&path).map_err(Error::reading(&path))?;
    Ok(text.lines().map(str::to_owned).collect())
}
