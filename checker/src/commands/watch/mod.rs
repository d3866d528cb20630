//! `checker watch`: judges what is saved, and shows it, until it is left.
//!
//! ```text
//! files, keys, signals, jobs ─→ Happening ─→ State ─→ Effect ─→ jobs, editor, terminal
//!                                              └────→ what is drawn, or printed
//! ```
//!
//! One thread has the state and the terminal; others wait for files, for signals and for the one job that runs.

mod again;
mod content;
mod editor;
mod front;
mod happening;
mod job;
mod key;
mod list;
mod plain;
mod saves;
mod screen;
mod signals;
mod standing;
mod state;
#[cfg(test)]
mod state_tests;

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::process::Child;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use clap::Args;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sandbox::Stop;

use crate::report::{Keeper, Reporter};
use crate::verdict::Place;
use crate::workbook::curriculum::Exercise;
use crate::{Error, Exit};

use super::{Session, hint, reset, solution};
use editor::Editor;
use front::{Front, Input};
use happening::{Happening, Inbox, Mailbox};
use job::{Job, work};
use plain::Plain;
use saves::Saves;
use screen::Screen;
use signals::Signals;
use standing::standing;
use state::{Effect, Question, State};

/// How long an editor may take to save what it has when the checker has to end.
const GRACE: Duration = Duration::from_secs(2);

/// What `checker watch` is asked.
#[derive(Debug, Args)]
pub struct WatchArguments {
    /// Which exercise to begin with; by default the next one
    exercise: Option<String>,
    /// Print lines one after the other, as for a screen reader, and read commands as lines
    #[arg(long)]
    plain: bool,
    /// Look at the files from time to time, where the system does not tell of saves
    #[arg(long)]
    poll: bool,
    /// Whether another format than that for a person is asked for
    #[arg(skip)]
    pub is_for_a_program: bool,
}

/// Judges exercises as they are saved, until it is left.
pub fn watch(
    session: &Session,
    arguments: &WatchArguments,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    if arguments.is_for_a_program {
        let instead =
            "`watch` is for a person; a program asks `checker check --format json` after each save";
        return Err(Error::Refused(instead.to_owned()));
    }
    let exercise = match session.named_or_next(arguments.exercise.as_deref(), reporter) {
        // All pass: then there is nothing to go on with, but much to look at.
        Err(Error::Refused(_)) => &session.workbook.curriculum.exercises[0],
        found => found?,
    };
    // Of its own, so that a job can be stopped and another one begun.
    let stop = Stop::never().map_err(unable)?;
    let desk = Session { workbook: session.workbook.clone(), stop };
    let exercise = desk.workbook.curriculum.find(&exercise.name)?;
    let (mailbox, inbox) = Inbox::new().map_err(unable)?;
    thread::scope(|scope| {
        let _signals = Signals::forward(mailbox.clone(), scope).map_err(unable)?;
        let _saves = Saves::watch(&desk.workbook, arguments.poll, mailbox.clone(), scope);
        let (jobs, todo) = mpsc::channel();
        let front: Box<dyn Front + '_> = if !arguments.plain && Screen::is_possible() {
            Box::new(Screen::enter().map_err(unable)?)
        } else {
            Box::new(Plain::new(reporter))
        };
        let look = front.look();
        let of_jobs = mailbox.clone();
        scope.spawn({
            let desk = &desk;
            move || work(desk, look, &todo, &of_jobs)
        });
        let state = State::new(&desk.workbook, exercise, standing(&desk));
        Watch { desk: &desk, state, inbox, mailbox, front, jobs, editor: None }.run()
    })
}

fn unable(error: std::io::Error) -> Error {
    Error::Refused(format!("cannot watch: {error}"))
}

/// All that carries effects out.
struct Watch<'w, 'f> {
    desk: &'w Session,
    state: State<'w>,
    inbox: Inbox<'w>,
    mailbox: Mailbox<'w>,
    front: Box<dyn Front + 'f>,
    jobs: Sender<Job<'w>>,
    /// The editor that has the terminal.
    editor: Option<Pid>,
}

/// Whatever happens, a panic too: no job goes on, no editor is left.
impl Drop for Watch<'_, '_> {
    fn drop(&mut self) {
        self.desk.stop.request();
        self.front.leave();
        if let Some(editor) = self.editor {
            for signal in [Signal::SIGTERM, Signal::SIGKILL] {
                let _ = kill(editor, signal);
                if self.inbox.an_editor_ends_within(GRACE) {
                    break;
                }
            }
        }
    }
}

impl<'w> Watch<'w, '_> {
    fn run(mut self) -> Result<Exit, Error> {
        let effects = self.state.begin();
        if let Some(exit) = self.carry_out(effects) {
            return Ok(exit);
        }
        loop {
            // A terminal that cannot be written to has been closed.
            if !self.state.is_editing && self.front.draw(&mut self.state).is_err() {
                return Ok(Exit::Interrupted);
            }
            for happening in self.wait()? {
                let effects = self.state.update(happening);
                if let Some(exit) = self.carry_out(effects) {
                    return Ok(exit);
                }
            }
        }
    }

    /// Waits until something happens.
    fn wait(&mut self) -> Result<Vec<Happening<'w>>, Error> {
        // While an editor has the terminal, keys are the editor's.
        let keys = self.front.keys().filter(|_| !self.state.is_editing);
        let mut polled: Vec<PollFd<'_>> = [Some(self.inbox.as_fd()), keys]
            .into_iter()
            .flatten()
            .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
            .collect();
        match poll(&mut polled, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(unable(error.into())),
        }
        let has_keys = polled.get(1).is_some_and(|it| it.any().unwrap_or(true));
        let mut happenings = self.inbox.take();
        if has_keys {
            happenings.extend(self.front.read().into_iter().map(Input::happens));
        }
        Ok(happenings)
    }

    /// Does what follows; how to exit, if that is it.
    fn carry_out(&mut self, effects: Vec<Effect<'w>>) -> Option<Exit> {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Start(job) => {
                    self.desk.stop.take_back();
                    // A worker that is gone has told so.
                    let _ = self.jobs.send(job);
                }
                Effect::Cancel => self.desk.stop.request(),
                Effect::Ask(question, exercise) => {
                    let answer = self.ask(question, exercise);
                    effects.extend(self.state.answered(question, answer));
                }
                Effect::Edit(place) => self.edit(&place),
                // The terminal is the editor's. When it is left, all is shown.
                Effect::Show | Effect::Say(_) | Effect::DrawAnew | Effect::TakeTerminal
                    if self.state.is_editing => {}
                Effect::Show => self.front.show(&self.state),
                Effect::Say(text) => self.front.say(&text),
                Effect::DrawAnew => self.front.clear(),
                Effect::TakeTerminal => self.front.enter(),
                Effect::Suspend => {
                    self.front.leave();
                    let suspended = sandbox::suspend();
                    self.front.enter();
                    if let Err(error) = suspended {
                        self.front.say(&format!("cannot be stopped: {error}"));
                    }
                    self.mailbox.put(Happening::Resumed);
                }
                Effect::Quit(exit) => return Some(exit),
            }
        }
        None
    }

    fn ask(
        &self,
        question: Question,
        exercise: &Exercise,
    ) -> Result<Vec<crate::report::Kept<'w>>, Error> {
        let mut nobody = |_: &crate::event::Event<'_>| {};
        let mut keeper = Keeper::new(self.front.look(), &mut nobody);
        let name = Some(exercise.name.as_str());
        match question {
            Question::Hint => hint(self.desk, name, &mut keeper)?,
            Question::Solution => solution(self.desk, name, false, &mut keeper)?,
            Question::Reset => reset(self.desk, &exercise.name, false, &mut keeper)?,
        };
        Ok(keeper.into_kept())
    }

    /// Opens the editor. One in the terminal has it until it ends.
    fn edit(&mut self, place: &Place) {
        let editor = Editor::of_user();
        let mut command = editor.opens(&self.desk.workbook.root, place);
        if !editor.has_window() {
            self.front.leave();
        }
        let started = command.spawn();
        let end = self.inbox.editors_end();
        match started {
            Ok(child) => {
                if !editor.has_window() {
                    self.editor = Some(Pid::from_raw(child.id() as i32));
                    self.state.is_editing = true;
                }
                thread::spawn(move || end.tell(outcome(child)));
            }
            Err(error) => end.tell(Err(format!("the editor cannot be started: {error}"))),
        }
    }
}

fn outcome(mut editor: Child) -> Result<(), String> {
    match editor.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!(
            "the editor ended with {status}; $VISUAL or $EDITOR names the one that is opened"
        )),
        Err(error) => Err(format!("the editor cannot be waited for: {error}")),
    }
}
