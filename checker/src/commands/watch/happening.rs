//! What can happen while the checker watches, and the box that it comes into.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use crate::Error;
use crate::event::Event;
use crate::report::{compiling, testing};
use crate::verdict::TestResult;
use crate::workbook::curriculum::Exercise;

use super::job::{Job, Outcome};
use super::key::Key;
use crate::findings::Listed;

/// Something that happened.
#[derive(Debug)]
pub(super) enum Happening<'w> {
    /// Files of these exercises have another text than before; the one that was edited last comes first.
    Saved(Vec<&'w Exercise>),
    /// The files are watched in another way than they should be.
    Warning(String),
    /// A job goes on.
    Progress(Progress),
    /// A job has ended, and this is how the exercises stand now.
    Ended { job: Job<'w>, result: Result<Outcome<'w>, Error>, standing: Vec<Listed<'w>> },
    /// The thread that does the jobs is gone: it panicked.
    WorkerGone,
    /// A key was pressed, or named in a line.
    Key(Key),
    /// The screen has another size, or has to be drawn anew.
    Redraw,
    /// A signal came.
    Signal(i32),
    /// Nobody is at the other end of the terminal any more.
    TerminalGone,
    /// The editor was left, or could not be started.
    EditorLeft(Result<(), String>),
    /// The checker was stopped, and goes on.
    Resumed,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Progress {
    /// cargo builds this exercise.
    Compiling(String),
    /// How far cargo is, or the tests are.
    Further(String),
    /// The tests of this exercise run.
    Running(String),
    /// The first test that fails of the exercise with this name; others still run.
    Failed(String, Box<TestResult>),
    /// Something that the user should know.
    Warning(String),
}

impl Progress {
    /// What an event says of it.
    pub(super) fn of(event: &Event<'_>) -> Option<Self> {
        match event {
            Event::Compiling { exercise, .. } => Some(Self::Compiling(exercise.name.clone())),
            Event::CompilingCrates { done, of, next, .. } => {
                Some(Self::Further(compiling(*done, *of, next)))
            }
            Event::Tested { exercise, done, of } => {
                Some(Self::Further(testing(exercise, *done, *of)))
            }
            Event::Failed { exercise, test } => {
                Some(Self::Failed(exercise.name.clone(), Box::new((*test).clone())))
            }
            Event::Running { exercise, .. } => Some(Self::Running(exercise.name.clone())),
            Event::Warning { text } => Some(Self::Warning((*text).to_owned())),
            Event::Judged { .. } => None,
        }
    }

    /// It in a line.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Compiling(name) => format!("compiling {name} …"),
            Self::Further(text) => text.clone(),
            Self::Running(name) => format!("testing {name} …"),
            Self::Failed(name, test) => format!("testing {name}: {} fails", test.name),
            Self::Warning(text) => format!("warning: {text}"),
        }
    }
}

/// Where threads put what happened.
#[derive(Debug)]
pub(super) struct Mailbox<'w> {
    sender: Sender<Happening<'w>>,
    bell: Arc<UnixStream>,
}

impl Clone for Mailbox<'_> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), bell: Arc::clone(&self.bell) }
    }
}

impl<'w> Mailbox<'w> {
    /// Puts it in. If nobody reads any more, nobody needs it.
    pub(super) fn put(&self, happening: Happening<'w>) {
        let _ = self.sender.send(happening);
        // A bell that is full rings already.
        let _ = (&*self.bell).write(&[1]);
    }
}

/// Where the end of an editor is told, which may outlive everything else.
#[derive(Debug)]
pub(super) struct EditorsEnd {
    sender: Sender<Result<(), String>>,
    bell: Arc<UnixStream>,
}

impl EditorsEnd {
    pub(super) fn tell(&self, result: Result<(), String>) {
        let _ = self.sender.send(result);
        let _ = (&*self.bell).write(&[1]);
    }
}

/// Where the main thread takes it out; it becomes readable when something is in it, so that it can be polled
/// beside a terminal.
#[derive(Debug)]
pub(super) struct Inbox<'w> {
    receiver: Receiver<Happening<'w>>,
    editors: Receiver<Result<(), String>>,
    bell: UnixStream,
    of_editors: (Sender<Result<(), String>>, Arc<UnixStream>),
}

impl<'w> Inbox<'w> {
    /// An empty one.
    pub(super) fn new() -> io::Result<(Mailbox<'w>, Self)> {
        let (sender, receiver) = mpsc::channel();
        let (ringing, bell) = UnixStream::pair()?;
        ringing.set_nonblocking(true)?;
        bell.set_nonblocking(true)?;
        let ringing = Arc::new(ringing);
        let (of_editors, editors) = mpsc::channel();
        let of_editors = (of_editors, Arc::clone(&ringing));
        Ok((Mailbox { sender, bell: ringing }, Self { receiver, editors, bell, of_editors }))
    }

    /// For one editor.
    pub(super) fn editors_end(&self) -> EditorsEnd {
        let (sender, bell) = &self.of_editors;
        EditorsEnd { sender: sender.clone(), bell: Arc::clone(bell) }
    }

    /// Waits until an editor has ended; whether it has in this time.
    pub(super) fn an_editor_ends_within(&self, time: Duration) -> bool {
        self.editors.recv_timeout(time).is_ok()
    }

    /// All that is in it.
    pub(super) fn take(&mut self) -> Vec<Happening<'w>> {
        // First the bell: what is put in after that rings it again.
        while self.bell.read(&mut [0; 64]).is_ok_and(|count| count > 0) {}
        let editors = self.editors.try_iter().map(Happening::EditorLeft);
        editors.chain(self.receiver.try_iter()).collect()
    }
}

impl AsFd for Inbox<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}
