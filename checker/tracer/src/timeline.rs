//! The timeline of a run, and what can be asked of it.

use std::fmt;

use evidence::Lane;
#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

use crate::event::{Birth, Descriptor, End, Event};
use crate::stuck::Stuck;

/// What the kernel saw a program's processes do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Timeline {
    /// Every process, in the order of the names: parents before their children.
    pub processes: Vec<Process>,
    /// If it did not come to its end by itself: who waited for what.
    pub stuck: Option<Stuck>,
    /// If it did too much to be told (processes, events, output): what. It was cut off there.
    pub too_much: Option<String>,
    /// What was written to standard output, at most the first MiB; bytes that are not UTF-8 are
    /// replaced.
    pub stdout: String,
    /// What was written to standard error, likewise.
    pub stderr: String,
}

/// What one process did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Process {
    /// Its name: `P1` for the program itself, `P1.2` for its second child.
    pub name: String,
    /// The process that made it; `None` for the program itself.
    pub parent: Option<String>,
    /// How it was made.
    pub birth: Birth,
    /// What its first thread did, in order. The last is [`Event::End`].
    pub events: Vec<Event>,
    /// Its other threads.
    pub threads: Vec<Thread>,
    /// How it ended.
    pub end: End,
    /// Who took note of its end.
    pub reaped: Reaped,
}

/// What one thread did, other than a process's first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Thread {
    /// Its name: `P1/t1`.
    pub name: String,
    /// What it did, in order.
    pub events: Vec<Event>,
}

/// Who took note of a process's end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub enum Reaped {
    /// This process waited for it: its parent, or the subreaper that it came to.
    By(String),
    /// Nobody had to: its parent ignored SIGCHLD at its end (wait(2)).
    Ignored,
    /// No process of the program waited for it.
    Never,
    /// The tracer, which started it: the program itself.
    ByTracer,
}

/// A stretch of time in which a parent did nothing because its vfork child was in its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspension<'a> {
    /// The process or thread that called vfork.
    pub suspended: &'a str,
    /// The child that is in its memory.
    pub child: &'a str,
    /// What the child did meanwhile. A write here shows an exit handler or a flushed buffer.
    pub meanwhile: &'a [Event],
    /// What ended it: the child's [`Event::Exec`] or [`Event::End`].
    pub until: Option<&'a Event>,
}

impl Timeline {
    /// The process of this name.
    pub fn process(&self, name: &str) -> Option<&Process> {
        self.processes.iter().find(|process| process.name == name)
    }

    /// The program itself, `P1`.
    pub fn root(&self) -> &Process {
        &self.processes[0]
    }

    /// The processes that this one made.
    pub fn children_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Process> {
        self.processes.iter().filter(move |process| process.parent.as_deref() == Some(name))
    }

    /// Every list of events with its name: processes, each followed by its threads.
    pub fn lists(&self) -> impl Iterator<Item = (&str, &[Event])> {
        self.processes.iter().flat_map(|process| {
            let threads = process.threads.iter().map(|t| (t.name.as_str(), t.events.as_slice()));
            [(process.name.as_str(), process.events.as_slice())].into_iter().chain(threads)
        })
    }

    /// The processes that nobody of the program waited for, although somebody should have. One
    /// that was [cut](End::Cut) is among them.
    pub fn unreaped(&self) -> Vec<&Process> {
        self.processes.iter().filter(|process| process.reaped == Reaped::Never).collect()
    }

    /// The processes that were still running when the run was over.
    pub fn left_running(&self) -> Vec<&Process> {
        self.processes.iter().filter(|process| process.end == End::Cut).collect()
    }

    /// Who was suspended by a vfork, while whom did what, in the order of the lists.
    pub fn suspended(&self) -> Vec<Suspension<'_>> {
        let mut suspensions = Vec::new();
        for (suspended, events) in self.lists() {
            for event in events {
                let Event::Birth { by: Birth::Vfork, child } = event else { continue };
                let Some(child) = self.process(child) else { continue };
                let until = child
                    .events
                    .iter()
                    .position(|event| matches!(event, Event::Exec { .. } | Event::End(_)))
                    .unwrap_or(child.events.len());
                suspensions.push(Suspension {
                    suspended,
                    child: &child.name,
                    meanwhile: &child.events[..until],
                    until: child.events.get(until),
                });
            }
        }
        suspensions
    }
}

impl Process {
    /// The program that it ended as: what its last execve started; `None` if it never called one.
    pub fn program(&self) -> Option<&str> {
        self.events.iter().rev().find_map(|event| match event {
            Event::Exec { program, .. } => Some(program.as_str()),
            _ => None,
        })
    }

    /// What was open when its first execve had started a program; `None` if there was none.
    ///
    /// What is close-on-exec is closed by then.
    pub fn descriptors_at_exec(&self) -> Option<&[Descriptor]> {
        self.events.iter().find_map(|event| match event {
            Event::Exec { descriptors, .. } => Some(descriptors.as_slice()),
            _ => None,
        })
    }

    /// What it did before its first execve, or in all if there was none.
    pub fn before_exec(&self) -> &[Event] {
        let is_exec = |event: &Event| matches!(event, Event::Exec { .. });
        let end = self.events.iter().position(is_exec).unwrap_or(self.events.len());
        &self.events[..end]
    }
}

/// Compares names so that `P1.10` comes behind `P1.9`, and threads behind their process.
pub fn order(name: &str) -> Vec<u32> {
    let (process, thread) = name.split_once("/t").unwrap_or((name, ""));
    let mut key: Vec<u32> =
        process.trim_start_matches('P').split('.').filter_map(|part| part.parse().ok()).collect();
    // A child number is never 0, so threads come before children.
    key.extend(thread.parse::<u32>().ok().into_iter().flat_map(|thread| [0, thread]));
    key
}

/// The lists, each with its name and its events below it.
/// As a failing test tells it: each event in words.
impl From<&Timeline> for evidence::Timeline {
    fn from(timeline: &Timeline) -> Self {
        let lane = |(name, events): (&str, &[Event])| {
            let mut lane = Lane { name: name.to_owned(), events: Vec::new() };
            for event in events {
                lane.events.push(event.to_string());
                if let Event::Exec { descriptors, .. } = event {
                    let open: Vec<String> = descriptors.iter().map(Descriptor::to_string).collect();
                    lane.events.push(format!("  open: {}", open.join(" ")));
                }
            }
            lane
        };
        let waiting = timeline.stuck.iter().flat_map(|stuck| &stuck.waiting);
        let cut_off = timeline.too_much.iter().map(|what| format!("cut off: {what}"));
        Self {
            lanes: timeline.lists().map(lane).collect(),
            stuck: waiting.map(ToString::to_string).chain(cut_off).collect(),
        }
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        evidence::Timeline::from(self).fmt(f)
    }
}
