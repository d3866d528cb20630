//! Compiling the learner's own files again after an edit, by the recipe of the build before.
//!
//! cargo is not asked: it takes a tenth of a second and its lock, which a language server may have, and it compiles
//! in an order of its own. Here whoever calls decides the order, and can run a test while the next one compiles.
//!
//! Only errors that name a place in the code are the learner's. Whatever else goes wrong may come of something that
//! is not as it was when the recipe was written down: then cargo is asked.

use std::fs;
use std::path::{Path, PathBuf};

use sandbox::{End, Stop};

use super::compiled::{Compiled, Programs};
use super::dep_info;
use super::messages::Messages;
use super::program::{Place, WithLibrary};
use super::recipe::{Call, Product, Recipe};
use super::record::Record;
use crate::Error;
use crate::judge::candidate::Candidate;
use crate::judge::inputs::Inputs;
use crate::system::files;
use crate::system::worker_pool::{Item, cores, in_order_of_needs};

/// What the compiler keeps of an exercise for its next edit.
const INCREMENTAL: &str = "incremental";

/// The learner's files, about to be compiled as they were before.
pub struct Rebuild<'a> {
    candidate: &'a Candidate<'a>,
    inputs: &'a Inputs,
    record: Record,
    recipe: Recipe,
    place: Place,
}

/// What a rebuild came to.
#[derive(Debug)]
pub enum Rebuilt {
    /// It is known what it came to.
    Compiled(Compiled),
    /// It failed for a reason that may be the machine's: cargo has to be asked.
    Unclear,
}

/// One step of a rebuild: what one call of the compiler makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step(usize);

/// How a step ended.
pub struct Made {
    step: Step,
    end: End,
    messages: Messages,
}

impl Made {
    /// Whether what it should make is there.
    pub fn is_made(&self) -> bool {
        self.end == End::Exited(0)
    }
}

impl<'a> Rebuild<'a> {
    /// `None` if there is nothing to do, or only cargo knows how.
    pub fn of(candidate: &'a Candidate<'a>, inputs: &'a Inputs) -> Result<Option<Self>, Error> {
        let Some(record) =
            candidate.in_place.then(|| Record::load(&Record::path(candidate))).flatten()
        else {
            return Ok(None);
        };
        if record.valid_for(inputs).is_some() {
            return Ok(None);
        }
        let Some(recipe) = record.recipe_for(inputs).cloned() else { return Ok(None) };
        let is_made = |test: &String| {
            let is_it = |call: &Call| matches!(&call.makes, Product::Test(name, _) if name == test);
            recipe.calls.iter().any(is_it)
        };
        if !candidate.pins.tests.keys().all(is_made) {
            return Ok(None);
        }
        let base = directory(candidate);
        forget_others(&base)?;
        let outputs = base.join("programs");
        fs::create_dir_all(&outputs).map_err(Error::writing(&outputs))?;
        let place = Place { outputs, incremental: Some(base.join(INCREMENTAL)) };
        Ok(Some(Self { candidate, inputs, record, recipe, place }))
    }

    /// The programs that it makes, as they will be there.
    pub fn programs(&self) -> Programs {
        let mut programs = Programs { recipe: Some(self.recipe.clone()), ..Programs::default() };
        for call in &self.recipe.calls {
            let output = self.output(call);
            match &call.makes {
                Product::Library => {}
                Product::Program(name) => drop(programs.programs.insert(name.clone(), output)),
                Product::Test(name, _) => drop(programs.tests.insert(name.clone(), output)),
            }
        }
        programs
    }

    /// The steps after which the test program `target` can be run, each behind those that it needs.
    pub fn steps_for(&self, target: &str) -> Vec<Step> {
        let test = self
            .recipe
            .calls
            .iter()
            .position(|call| matches!(&call.makes, Product::Test(name, _) if name == target));
        let Some(test) = test else { return Vec::new() };
        let runs_programs = matches!(&self.recipe.calls[test].makes, Product::Test(_, programs) if !programs.is_empty());
        let programs = self.steps().filter(|step| {
            // A program may run another one that lies beside it: all of them or none.
            runs_programs && matches!(self.call(*step).makes, Product::Program(_))
        });
        self.needs(Step(test)).into_iter().chain(programs).chain([Step(test)]).collect()
    }

    /// All steps, each behind those that it needs.
    pub fn steps(&self) -> impl Iterator<Item = Step> + use<> {
        (0..self.recipe.calls.len()).map(Step)
    }

    /// The steps that have to be made before this one can be: all link the library.
    pub fn needs(&self, step: Step) -> Vec<Step> {
        let is_library = |step: &Step| self.call(*step).makes == Product::Library;
        if is_library(&step) { Vec::new() } else { self.steps().filter(is_library).collect() }
    }

    /// Makes one step.
    pub fn make(&self, step: Step, stop: &Stop) -> Result<Made, Error> {
        let call = self.call(step);
        let deadline = self.candidate.exercise.compile_deadline;
        let program =
            self.recipe.program(call, self.candidate, &self.place, deadline, WithLibrary::Yes);
        let observation = sandbox::run(&program, stop)?;
        if observation.end == End::Stopped {
            return Err(Error::Interrupted);
        }
        let mut messages = Messages::default();
        messages.add_rustc_output(&observation.stderr.text);
        let (made, output) = (self.made(call), self.output(call));
        if observation.end == End::Exited(0) && made != output {
            fs::rename(&made, &output).map_err(Error::writing(&output))?;
        }
        Ok(Made { step, end: observation.end, messages })
    }

    /// What the steps came to that were made.
    pub fn finish(&self, mut made: Vec<Made>) -> Result<Rebuilt, Error> {
        made.sort_by_key(|made| made.step.0);
        let is_endless = made.iter().any(|made| matches!(made.end, End::TimedOut(_)));
        let is_unclear = made.iter().any(|made| {
            let has_place = made.messages.errors.iter().any(|error| error.place.is_some());
            !made.is_made() && (!has_place || made.messages.misses_crate)
        });
        let mut messages = Messages::default();
        let count = made.iter().filter(|made| made.is_made()).count();
        made.into_iter().for_each(|made| messages.merge(made.messages));
        if is_endless {
            return Ok(Rebuilt::Compiled(Compiled::Endless));
        }
        if is_unclear {
            return Ok(Rebuilt::Unclear);
        }
        if count < self.recipe.calls.len() {
            return Ok(Rebuilt::Compiled(Compiled::Errors(messages.errors)));
        }
        let outputs: Vec<PathBuf> = self.recipe.calls.iter().map(|call| self.made(call)).collect();
        let programs = Programs {
            warnings: messages.programs.warnings,
            known_by_hash: dep_info::covers(self.candidate, self.inputs, &outputs),
            ..self.programs()
        };
        if programs.known_by_hash && self.inputs.still_hold(self.candidate)? {
            self.record.renewed(self.inputs, &programs).save(&Record::path(self.candidate))?;
        }
        Ok(Rebuilt::Compiled(Compiled::Programs(programs)))
    }

    /// Makes all steps.
    pub(super) fn all(&self, stop: &Stop) -> Result<Rebuilt, Error> {
        let items: Vec<Item<Step>> = self
            .steps()
            .map(|step| Item {
                what: step,
                needs: self.needs(step).iter().map(|it| it.0).collect(),
            })
            .collect();
        let mut all = Vec::new();
        in_order_of_needs(
            cores(),
            &items,
            |step| self.make(*step, stop),
            |_, made: Made| {
                let goes_on = made.is_made();
                all.push(made);
                goes_on
            },
        )?;
        self.finish(all)
    }

    fn call(&self, step: Step) -> &Call {
        &self.recipe.calls[step.0]
    }

    /// The file that the compiler writes, with the list of what it has read beside it.
    fn made(&self, call: &Call) -> PathBuf {
        let name = call.file_name();
        match call.makes {
            Product::Library => self.place.outputs.join(format!("lib{name}.rlib")),
            _ => self.place.outputs.join(name),
        }
    }

    /// The same in its place: tests find a program by its name.
    fn output(&self, call: &Call) -> PathBuf {
        match &call.makes {
            Product::Program(name) => self.place.outputs.join(name),
            _ => self.made(call),
        }
    }
}

/// Removes what the compiler keeps for the next edit of any other exercise: it is as large as all programs together,
/// and one exercise is edited at a time.
fn forget_others(own: &Path) -> Result<(), Error> {
    let all = own.parent().map(fs::read_dir).into_iter().flatten().flatten().flatten();
    let others = all.map(|entry| entry.path().join(INCREMENTAL)).filter(|it| !it.starts_with(own));
    others.filter(|it| it.is_dir()).try_for_each(|it| files::remove_directory(&it))
}

fn directory(candidate: &Candidate<'_>) -> PathBuf {
    candidate.target.join("shopfloor").join(&candidate.exercise.name)
}
