//! Mutants of the field: the mistakes that people make with threads, processes and descriptors.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::commands::Session;
use crate::findings::{Mutated, Operators, Survivor};
use crate::judge::candidate::{BuildDir, Sources, WorkDirs};
use crate::judge::compile::{Compiled, Recipe, Wanted, compile_stub};
use crate::judge::first_failure;
use crate::mutation::{Mutant, mutants_of};
use crate::solutions::Solutions;
use crate::system::worker_pool::{Semaphore, cores, in_parallel, worker_count_beside_deadlines};
use crate::verdict::Outcome;
use crate::workbook::curriculum::Exercise;
use crate::workbook::pins::Pins;

/// Judges every mutant of the exercises' references, and hands each exercise on when its last one is judged.
pub(super) fn mutate<'a>(
    session: &'a Session,
    asked: &[&'a Exercise],
    take: &mut dyn FnMut(Mutated<'a>),
) -> Result<(), Error> {
    let stubs = BuildDir::prepare(&session.workbook, "stub")?;
    let bases = asked.iter().map(|exercise| Base::new(session, exercise, &stubs));
    let bases: Vec<Base<'a>> = bases.collect::<Result<_, Error>>()?;
    let mutants: Vec<(&Base<'_>, &PathBuf, &Mutant)> = bases
        .iter()
        .flat_map(|base| base.mutants.iter().map(move |(file, mutant)| (base, file, mutant)))
        .collect();
    let work_dirs = WorkDirs::new(&session.workbook, worker_count_beside_deadlines());
    let compilers = Semaphore::new(cores());
    let mut unfinished = bases.iter().map(Base::nothing_yet).peekable();
    in_parallel(
        worker_count_beside_deadlines(),
        &mutants,
        |&(base, file, mutant)| {
            Ok((base, file, mutant, base.judge(&work_dirs, &compilers, file, mutant)?))
        },
        |(base, file, mutant, fate)| {
            while let Some(mutated) =
                unfinished.next_if(|it| it.exercise.number != base.exercise.number)
            {
                take(mutated);
            }
            let mutated = unfinished.peek_mut().expect("every mutant belongs to an exercise");
            let text = &base.sources[file];
            match fate {
                Fate::NotCompiled => mutated.not_compiled += 1,
                Fate::Endless => mutated.endless += 1,
                Fate::Killed => mutated.killed += 1,
                Fate::Survives => mutated.survivors.push(Survivor::new(
                    file,
                    mutant.line,
                    text,
                    &mutant.to_string(),
                )),
            }
        },
    )?;
    unfinished.for_each(take);
    Ok(())
}

/// What became of a mutant.
enum Fate {
    NotCompiled,
    Killed,
    /// A test did not come to an end.
    Endless,
    Survives,
}

/// An exercise, and the mutants of its reference.
struct Base<'a> {
    session: &'a Session,
    exercise: &'a Exercise,
    pins: Pins,
    recipe: Recipe,
    sources: Sources,
    mutants: Vec<(PathBuf, Mutant)>,
}

impl<'a> Base<'a> {
    fn new(session: &'a Session, exercise: &'a Exercise, stubs: &BuildDir) -> Result<Self, Error> {
        let pins = Pins::load(&session.workbook, exercise)?;
        let stub = stubs.lay(exercise, &pins, &Sources::new())?;
        let (_, recipe) = compile_stub(&stub, &session.stop)?;
        let sources = Solutions::new(&session.workbook, exercise).reference()?;
        let mut mutants = Vec::new();
        for (file, text) in &sources {
            let found = mutants_of(text).map_err(|error| Error::Format {
                path: Path::new("solutions").join(&exercise.directory).join(file),
                problem: error.to_string(),
                remedy: "The reference must be Rust: `checker verify` says more.".to_owned(),
            })?;
            mutants.extend(found.into_iter().map(|mutant| (file.clone(), mutant)));
        }
        Ok(Self { session, exercise, pins, recipe, sources, mutants })
    }

    fn nothing_yet(&self) -> Mutated<'a> {
        Mutated::new(self.exercise, Operators::OfTheField)
    }

    fn judge(
        &self,
        work_dirs: &WorkDirs,
        compilers: &Semaphore,
        file: &PathBuf,
        mutant: &Mutant,
    ) -> Result<Fate, Error> {
        let stop = &self.session.stop;
        if stop.is_requested() {
            return Err(Error::Interrupted);
        }
        let mut sources = self.sources.clone();
        sources.insert(file.clone(), mutant.apply(&self.sources[file]));
        let work_dir = work_dirs.take()?;
        let candidate = work_dir.lay(self.exercise, &self.pins, &sources)?;
        let compiled = {
            let _turn = compilers.take();
            self.recipe.compile(&candidate, Wanted::Everything, stop)?
        };
        let Compiled::Programs(programs) = compiled else { return Ok(Fate::NotCompiled) };
        let failure = first_failure(&candidate, &programs, stop)?;
        Ok(match failure.map(|test| test.outcome) {
            None => Fate::Survives,
            Some(Outcome::TimedOut) => Fate::Endless,
            Some(_) => Fate::Killed,
        })
    }
}
