//! Compiling: cargo with JSON messages, to test programs or to diagnostics.
//!
//! cargo builds an exercise once, with everything that it depends on, and the [`Recipe`] of that build compiles it
//! from then on: other sources that are laid on it, and the learner's own after each edit ([`Rebuild`]). cargo is
//! asked again when something besides the sources has changed.
//!
//! cargo judges freshness by file times. Sources that are older than the last build and yet different
//! (an unpacked upload, a restored backup) would be taken as fresh, and the previous program would
//! run. So a record of what was built from what lies beside the build, and where it does not fit, the
//! package's fingerprints are removed before cargo looks.

mod cargo;
mod compiled;
mod dep_info;
mod kept;
mod locks;
mod messages;
mod program;
mod progress;
mod rebuild;
mod recipe;
mod record;
mod replay;

use std::fs;
use std::path::Path;

use sandbox::{End, Stop};

use crate::Error;
use crate::event::{Silent, Sink};
use crate::judge::candidate::Candidate;
use crate::judge::inputs::Inputs;
use crate::system::lock::Lock;
use cargo::cargo;
pub(crate) use cargo::cargo_failed;
#[cfg(feature = "grade")]
pub use compiled::Unclear;
pub use compiled::{Compiled, Diagnostic, Programs, clean_paths};
use locks::Locks;
use messages::Messages;
pub use rebuild::{Made, Rebuild, Rebuilt, Step};
pub use recipe::Recipe;
use record::Record;
pub use replay::Wanted;

/// How often cargo is asked again when another cargo has built the same sources meanwhile.
const TAKEN_OVER: usize = 3;

/// Compiles the candidate's expected tests and programs.
pub fn compile(
    candidate: &Candidate<'_>,
    inputs: &Inputs,
    stop: &Stop,
    events: &mut dyn Sink,
) -> Result<Compiled, Error> {
    if let Some(rebuild) = Rebuild::of(candidate, inputs)? {
        match rebuild.all(stop)? {
            Rebuilt::Compiled(compiled) => return Ok(compiled),
            Rebuilt::Unclear => {}
        }
    }
    compile_by_cargo(candidate, inputs, stop, events)
}

/// The programs that were built of these inputs before, or those that cargo builds now.
pub fn compile_by_cargo(
    candidate: &Candidate<'_>,
    inputs: &Inputs,
    stop: &Stop,
    events: &mut dyn Sink,
) -> Result<Compiled, Error> {
    let record = Record::path(candidate);
    if let Some(programs) = Record::load(&record).as_ref().and_then(|it| it.valid_for(inputs)) {
        return Ok(Compiled::Programs(programs.clone()));
    }
    // In a build directory one at a time: no other build's time counts against this one's deadline.
    let _turn = if candidate.in_place {
        None
    } else {
        Some(take_turn(&candidate.target.join("shopfloor"))?)
    };
    let mut cargo = cargo(candidate)?;
    // What stands in the compiler's place by the learner's wish stays there, and cargo is asked at each edit.
    let recorder = if candidate.in_place && candidate.settings.wraps_compiler() {
        None
    } else {
        Some(recipe::Recorder::prepare(candidate, &mut cargo)?)
    };
    let locks = Locks::new(candidate, &cargo);
    let mut attempts = 0;
    let (observation, mut messages) = loop {
        let observation = locks.run(&cargo, candidate, stop, events)?;
        match observation.end {
            End::Exited(_) => {}
            End::TimedOut(_) => return Ok(Compiled::Endless),
            End::Stopped => return Err(Error::Interrupted),
            _ => return Err(cargo_failed(candidate, &observation.stderr.text)),
        }
        let messages = Messages::from_cargo(candidate, &observation.stdout.text);
        attempts += 1;
        // Another cargo was quicker, after the package had been forgotten.
        if !messages.took_old_build || attempts == TAKEN_OVER {
            break (observation, messages);
        }
    };
    if !messages.errors.is_empty() {
        return Ok(Compiled::Errors(messages.errors));
    }
    if observation.end != End::Exited(0) {
        return Err(cargo_failed(candidate, &observation.stderr.text));
    }
    if messages.took_old_build {
        let said = "cargo took an older build for this one, which may be of another text";
        return Err(cargo_failed(candidate, said));
    }
    if let Some(recorder) = recorder {
        messages.programs.recipe = recorder.recipe(candidate)?;
    }
    messages.programs.known_by_hash = dep_info::covers(candidate, inputs, &messages.outputs);
    // The sources may have been saved again while cargo read them; then the record would lie.
    if messages.programs.known_by_hash && inputs.still_hold(candidate)? {
        Record::new(inputs, &messages.programs, &messages.dependencies).save(&record)?;
    }
    Ok(Compiled::Programs(messages.programs))
}

/// The lock of a directory where cargo builds. Confined programs read there as another user, so the directory
/// does not have the mode of what the caller keeps.
fn take_turn(directory: &Path) -> Result<Lock, Error> {
    fs::create_dir_all(directory).map_err(Error::writing(directory))?;
    Lock::take(&directory.join("building.lock"))
}

/// The programs of a stub, which is always laid in a build directory and has to compile.
pub fn compile_stub(candidate: &Candidate<'_>, stop: &Stop) -> Result<(Programs, Recipe), Error> {
    let does_not_compile = |why: &str| Error::Format {
        path: candidate.exercise.main_file(),
        problem: format!("the stub does not compile:\n{why}"),
        remedy: "A stub compiles without a warning.".to_owned(),
    };
    match compile(candidate, &Inputs::read(candidate)?, stop, &mut Silent)? {
        Compiled::Programs(mut programs) => {
            let recipe = programs.recipe.take().ok_or_else(|| {
                let said =
                    "cargo built the exercise without a library, or without calling the compiler";
                cargo_failed(candidate, said)
            })?;
            Ok((programs, recipe))
        }
        Compiled::Errors(errors) => Err(does_not_compile(&errors[0].rendered)),
        Compiled::Endless => Err(does_not_compile("it takes too long")),
        Compiled::Unclear(unclear) => Err(unclear.as_error_of_the_machine(candidate)),
    }
}
