//! Compiling a candidate by the recipe of its exercise, without cargo.

use std::fs;
use std::mem;
use std::time::Duration;

use sandbox::{End, Observation, Program, Stop};

use super::compiled::{Compiled, Unclear};
use super::kept::{Kept, MadeFrom};
use super::messages::Messages;
use super::program::{Place, WithLibrary};
use super::recipe::{Call, Product, Recipe};
use crate::Error;
use crate::judge::candidate::Candidate;

/// How much of what a recipe makes is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The candidate's tests, and every program.
    Everything,
    /// The candidate's tests, and the programs only if one of those tests runs them; the experiment only if one
    /// names it.
    Tests,
}

impl Recipe {
    /// Compiles a candidate that is laid where no cargo builds; the outputs go to its `target`.
    pub fn compile(
        &self,
        candidate: &Candidate<'_>,
        wanted: Wanted,
        stop: &Stop,
    ) -> Result<Compiled, Error> {
        self.compile_by(candidate, wanted, |program| sandbox::run(program, stop))
    }

    /// Compiles by `run`, which makes a call of the compiler.
    fn compile_by(
        &self,
        candidate: &Candidate<'_>,
        wanted: Wanted,
        run: impl FnMut(&Program) -> Result<Observation, sandbox::Error>,
    ) -> Result<Compiled, Error> {
        fs::create_dir_all(&candidate.target).map_err(Error::writing(&candidate.target))?;
        let mut replay = Replay {
            recipe: self,
            candidate,
            place: Place { outputs: candidate.target.clone(), incremental: None },
            left: candidate.exercise.compile_deadline,
            messages: Messages::default(),
            has_library: false,
            run,
        };
        for call in self.calls_for(candidate, wanted) {
            // Where programs are kept, the library is made for the first one that needs it.
            if call.makes == Product::Library && candidate.kept.is_some() {
                continue;
            }
            if let Some(end) = replay.make(call)? {
                return Ok(end);
            }
        }
        Ok(Compiled::Programs(replay.messages.programs))
    }

    fn calls_for(&self, candidate: &Candidate<'_>, wanted: Wanted) -> Vec<&Call> {
        let expected = &candidate.pins.tests;
        // A program may run another one that lies beside it: all of them or none.
        let runs_programs = self.calls.iter().any(|call| match &call.makes {
            Product::Test(name, programs) => expected.contains_key(name) && !programs.is_empty(),
            _ => false,
        });
        let experiment = &candidate.exercise.name;
        let runs_experiment = self.calls.iter().any(|call| match &call.makes {
            Product::Test(name, programs) => {
                expected.contains_key(name) && programs.contains(experiment)
            }
            _ => false,
        });
        let is_wanted = |call: &&Call| match &call.makes {
            Product::Library => true,
            Product::Program(_) if wanted == Wanted::Everything => true,
            Product::Program(name) => runs_programs && (name != experiment || runs_experiment),
            Product::Test(name, _) => expected.contains_key(name),
        };
        self.calls.iter().filter(is_wanted).collect()
    }
}

/// The calls of a recipe for a candidate, as they are made one after the other.
struct Replay<'a, R> {
    recipe: &'a Recipe,
    candidate: &'a Candidate<'a>,
    place: Place,
    /// Of one deadline for the candidate, however many calls it takes.
    left: Duration,
    messages: Messages,
    has_library: bool,
    run: R,
}

impl<R: FnMut(&Program) -> Result<Observation, sandbox::Error>> Replay<'_, R> {
    /// Makes what a call makes, or takes what is kept of it; says how compiling has ended, if it goes no further.
    fn make(&mut self, call: &Call) -> Result<Option<Compiled>, Error> {
        let end = match Kept::of(self.candidate, call) {
            None => self.compile(call, WithLibrary::Yes)?,
            Some(kept) => self.make_or_take(call, &kept)?,
        };
        if end.is_none() {
            take(call, self.candidate, &mut self.messages)?;
        }
        Ok(end)
    }

    fn make_or_take(&mut self, call: &Call, kept: &Kept) -> Result<Option<Compiled>, Error> {
        let Some(made_from) = kept.known() else {
            if self.try_without_library(call, kept)? != MadeFrom::Library {
                return Ok(None);
            }
            return self.compile_with_library(call);
        };
        match made_from {
            MadeFrom::Nothing => kept.take().map(|()| None),
            MadeFrom::Files => self.compile(call, WithLibrary::No),
            MadeFrom::Library => self.compile_with_library(call),
        }
    }

    fn program(&self, call: &Call, with_library: WithLibrary) -> Program {
        self.recipe.program(call, self.candidate, &self.place, self.left, with_library)
    }

    fn compile_with_library(&mut self, call: &Call) -> Result<Option<Compiled>, Error> {
        let library = self.recipe.calls.iter().find(|call| call.makes == Product::Library);
        if let Some(library) = library.filter(|_| !self.has_library) {
            let end = self.compile(library, WithLibrary::Yes)?;
            if end.is_some() {
                return Ok(end);
            }
        }
        self.compile(call, WithLibrary::Yes)
    }

    fn try_without_library(&mut self, call: &Call, kept: &Kept) -> Result<MadeFrom, Error> {
        let program = self.program(call, WithLibrary::No);
        let observation = (self.run)(&program)?;
        if observation.end == End::Stopped {
            return Err(Error::Interrupted);
        }
        kept.note(self.candidate, observation.end == End::Exited(0))
    }

    fn compile(
        &mut self,
        call: &Call,
        with_library: WithLibrary,
    ) -> Result<Option<Compiled>, Error> {
        if self.left.is_zero() {
            return Ok(Some(Compiled::Endless));
        }
        let program = self.program(call, with_library);
        let observation = (self.run)(&program)?;
        self.left = self.left.saturating_sub(observation.duration);
        self.candidate.confined.map_or(Ok(()), |confined| confined.check(&observation))?;
        self.messages.add_rustc_output(&observation.stderr.text);
        let errors = &mut self.messages.errors;
        match observation.end {
            End::TimedOut(_) => Ok(Some(Compiled::Endless)),
            End::Stopped => Err(Error::Interrupted),
            End::Exited(0) => {
                self.has_library |= call.makes == Product::Library;
                Ok(None)
            }
            _ if errors.iter().any(|error| error.place.is_some()) => {
                Ok(Some(Compiled::Errors(mem::take(errors))))
            }
            end => {
                let (errors, stderr) = (mem::take(errors), observation.stderr.text);
                let ended = in_words(&end);
                Ok(Some(Compiled::Unclear(Unclear { ended, errors, stderr })))
            }
        }
    }
}

/// Notes what a call has made, in the place where it is looked for.
fn take(call: &Call, candidate: &Candidate<'_>, messages: &mut Messages) -> Result<(), Error> {
    let output = candidate.target.join(call.file_name());
    match &call.makes {
        Product::Library => {}
        Product::Program(name) => {
            let path = candidate.target.join(name);
            fs::rename(&output, &path).map_err(Error::writing(&path))?;
            messages.programs.programs.insert(name.clone(), path);
        }
        Product::Test(name, _) => {
            messages.programs.tests.insert(name.clone(), output);
        }
    }
    Ok(())
}

fn in_words(end: &End) -> String {
    match end {
        End::Exited(code) => format!("the compiler exited with code {code}"),
        End::Signalled { signal, .. } => format!("the compiler was ended by signal {signal}"),
        End::Flooded => "the compiler wrote without end".to_owned(),
        other => format!("the compiler did not come to its end: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use std::collections::BTreeMap;

    use super::*;
    use crate::workbook::curriculum::Exercise;
    use crate::workbook::pins::Pins;
    use crate::workbook::settings::Settings;

    const DEADLINE: Duration = Duration::from_secs(10);

    fn call(makes: Product) -> Call {
        Call { makes, command: vec!["rustc".to_owned()], env: Vec::new() }
    }

    /// A call of the compiler that succeeded and took this long.
    fn took(duration: Duration) -> Observation {
        let text = r#"{"end":{"Exited":0},"strays":[],"cpu":{"secs":0,"nanos":0},"peak_memory":0}"#;
        let mut value: serde_json::Value = serde_json::from_str(text).unwrap();
        value["duration"] = serde_json::to_value(duration).unwrap();
        for stream in ["stdout", "stderr"] {
            value[stream] = serde_json::to_value(sandbox::Capture::default()).unwrap();
        }
        value["layers"] = serde_json::to_value(sandbox::Layers::default()).unwrap();
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_calls_of_a_recipe_share_one_deadline() {
        let directory = tempfile::tempdir().unwrap();
        let tests = ["a", "b"].map(|name| (name.to_owned(), vec!["it".to_owned()]));
        let pins = Pins { tests: tests.into(), files: BTreeMap::new() };
        let exercise = Exercise::example(DEADLINE);
        let candidate = Candidate {
            exercise: &exercise,
            pins: &pins,
            workspace: directory.path().to_owned(),
            target: directory.path().join("target"),
            in_place: false,
            confined: None,
            settings: Arc::new(Settings::new(directory.path())),
            seals: None,
            tests_at_a_time: 1,
            kept: None,
            env: Vec::new(),
        };
        let test = |name: &str| call(Product::Test(name.to_owned(), Vec::new()));
        let recipe = Recipe {
            workspace: "/w".to_owned(),
            calls: vec![call(Product::Library), test("a"), test("b")],
        };
        let mut deadlines = Vec::new();
        let mut compile = |duration| {
            deadlines.clear();
            let compiled = recipe.compile_by(&candidate, Wanted::Tests, |program| {
                deadlines.push(program.limits.wall);
                Ok(took(duration))
            });
            (compiled.unwrap(), deadlines.clone())
        };
        let (compiled, deadlines) = compile(DEADLINE / 10);
        assert!(matches!(compiled, Compiled::Programs(_)), "{compiled:?}");
        assert_eq!(deadlines, [10, 9, 8].map(Duration::from_secs));
        let (compiled, deadlines) = compile(DEADLINE / 2);
        assert!(matches!(compiled, Compiled::Endless), "{compiled:?}");
        assert_eq!(deadlines, [10, 5].map(Duration::from_secs), "the third is not begun");
    }
}
