//! Mutants of the language: cargo-mutants changes operators, constants and bodies of functions.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sandbox::{End, Limits, Observation, Program};

use crate::Error;
use crate::commands::Session;
use crate::findings::{Mutated, Operators, Survivor};
use crate::judge::candidate::Sources;
use crate::solutions::write_solved;
use crate::system::files;
use crate::workbook::curriculum::Exercise;

/// Mutates the reference solution of an exercise in a copy of the workbook, and runs its tests on each mutant.
pub(super) fn mutate<'a>(
    session: &Session,
    exercise: &'a Exercise,
    solutions: &BTreeMap<String, Sources>,
) -> Result<Mutated<'a>, Error> {
    let workbook = &session.workbook;
    let base = workbook.target_path().join("mutants").join(&exercise.name);
    let tree = base.join("workbook");
    // The last run may have left a mutant there.
    files::remove_directory(&tree)?;
    write_solved(workbook, &tree, solutions)?;
    touch(exercise, &tree)?;
    run(session, exercise, &base)?;
    let count = |list: &str| lines(&base, list).map(|lines| lines.len());
    Ok(Mutated {
        killed: count("caught")?,
        endless: count("timeout")?,
        not_compiled: count("unviable")?,
        survivors: survivors(exercise, &base)?,
        ..Mutated::new(exercise, Operators::OfTheLanguage)
    })
}

/// Installs cargo-mutants if it is missing.
pub(super) fn install(session: &Session) -> Result<(), Error> {
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

fn run(session: &Session, exercise: &Exercise, base: &Path) -> Result<(), Error> {
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
        copy_of_stderr: None,
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

/// The mutants that no test noticed.
fn survivors(exercise: &Exercise, base: &Path) -> Result<Vec<Survivor>, Error> {
    let directory = exercise.path(Path::new(""));
    let mut survivors = Vec::new();
    for mutant in lines(base, "missed")? {
        let (place, mutation) = mutant.split_once(": ").unwrap_or((&mutant, ""));
        let mut place = place.split(':');
        let file = PathBuf::from(place.next().unwrap_or_default());
        let number: usize = place.next().and_then(|number| number.parse().ok()).unwrap_or(1);
        let text = files::read(&base.join("workbook").join(&file))?;
        let file = file.strip_prefix(&directory).unwrap_or(&file);
        survivors.push(Survivor::new(file, number, &text, mutation));
    }
    Ok(survivors)
}

fn lines(base: &Path, list: &str) -> Result<Vec<String>, Error> {
    let path = base.join("mutants.out").join(format!("{list}.txt"));
    let text = fs::read_to_string(&path).map_err(Error::reading(&path))?;
    Ok(text.lines().map(str::to_owned).collect())
}
