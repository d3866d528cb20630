//! What is done beside the screen, one job at a time, on a thread of its own.

use std::sync::mpsc::Receiver;
use std::{slice, thread};

use crate::commands::{Session, judging, run_experiment, trace};
use crate::event::Silent;
use crate::findings::WorkbookStatus;
use crate::judge::candidate::Candidate;
use crate::judge::compile::compile;
use crate::judge::inputs::Inputs;
use crate::report::{Keeper, Kept, Look};
use crate::workbook::curriculum::Exercise;
use crate::workbook::pins::Pins;
use crate::{Error, Exit};

use super::again;
use super::happening::{Happening, Mailbox, Progress};
use super::standing::standing;

/// A job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job<'w> {
    pub task: Task,
    /// What it is about.
    pub exercise: &'w Exercise,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Judge the exercise.
    Judge,
    /// Judge every exercise that has changed.
    JudgeAll,
    /// Run its experiment.
    Run,
    /// Trace its experiment.
    Trace,
    /// Run only the test that fails, and show all that it writes; or all that the compiler says.
    Again,
    /// Build what its first check will need.
    Prepare,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Outcome<'w> {
    /// How exercises stand.
    Status(Box<WorkbookStatus<'w>>),
    /// What there is to say.
    Said(Vec<Kept<'w>>),
    /// Nothing that anybody has to see.
    Nothing,
}

impl<'w> Job<'w> {
    pub(super) fn new(task: Task, exercise: &'w Exercise) -> Self {
        Self { task, exercise }
    }

    pub(super) fn is(&self, task: Task, exercise: &Exercise) -> bool {
        self.task == task && self.exercise.number == exercise.number
    }

    /// Does it; the session's stop ends it.
    fn run(
        self,
        session: &'w Session,
        look: Look,
        mailbox: &Mailbox<'w>,
    ) -> Result<Outcome<'w>, Error> {
        let mut tell = |event: &crate::event::Event<'_>| {
            if let Some(progress) = Progress::of(event) {
                mailbox.put(Happening::Progress(progress));
            }
        };
        let mut keeper = Keeper::new(look, &mut tell);
        let exercise = self.exercise;
        let name = Some(exercise.name.as_str());
        let status = |status: WorkbookStatus<'w>| Ok(Outcome::Status(Box::new(status)));
        match self.task {
            Task::Judge => {
                return status(judging::judged(
                    session,
                    slice::from_ref(&exercise.name),
                    &mut keeper,
                )?);
            }
            Task::JudgeAll => return status(judging::judged(session, &[], &mut keeper)?),
            Task::Run => run_experiment::run(session, name, Vec::new(), &mut keeper)?,
            Task::Trace => trace::trace_experiment(session, name, &[], None, &mut keeper)?,
            Task::Again => again::again(session, exercise, &mut keeper)?,
            Task::Prepare => {
                prepare(session, exercise)?;
                return Ok(Outcome::Nothing);
            }
        };
        Ok(Outcome::Said(keeper.into_kept()))
    }
}

/// Does jobs as they come, until there are no more.
pub(super) fn work<'w>(
    session: &'w Session,
    look: Look,
    jobs: &Receiver<Job<'w>>,
    mailbox: &Mailbox<'w>,
) {
    let _gone = Gone(mailbox.clone());
    for job in jobs {
        let result = job.run(session, look, mailbox);
        let standing = standing(session);
        mailbox.put(Happening::Ended { job, result, standing });
    }
}

/// Tells of the end of the thread: if it panics, nobody else does.
struct Gone<'w>(Mailbox<'w>);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.put(Happening::WorkerGone);
    }
}

/// Builds the exercise as it is, with all that it depends on: if it is a stub, its first check will compile
/// the learner's file and nothing else.
///
/// At the lowest priority, which no thread can take back: on a thread of its own.
fn prepare(session: &Session, exercise: &Exercise) -> Result<Exit, Error> {
    let build = || {
        // Without it, it is only less considerate.
        let _ = rustix::process::setpriority_process(None, LOWEST);
        let pins = Pins::load(&session.workbook, exercise)?;
        if !pins.is_untouched(&session.workbook, exercise)? {
            return Ok(());
        }
        let candidate = Candidate::in_place(&session.workbook, exercise, &pins);
        compile(&candidate, &Inputs::read(&candidate)?, &session.stop, &mut Silent).map(drop)
    };
    let built = thread::scope(|scope| scope.spawn(build).join());
    match built {
        Ok(built) => built.map(|()| Exit::Passed),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// setpriority(2). The input and output of what has it come last, too (ioprio_set(2)).
const LOWEST: i32 = 19;
