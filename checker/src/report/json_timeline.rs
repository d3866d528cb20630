//! The `timeline` event of `--format json`, documented in `docs/trace.md`.

use std::collections::BTreeMap;

use serde::Serialize;
use tracer::{Birth, End, Event, Reaped, Timeline, Waiting};

use crate::timeline::Marks;

/// A timeline.
#[derive(Serialize)]
pub(super) struct JsonTimeline<'a> {
    processes: Vec<JsonProcess<'a>>,
    stuck: Option<JsonStuck<'a>>,
    too_much: Option<&'a str>,
    stdout: &'a str,
    stderr: &'a str,
}

#[derive(Serialize)]
struct JsonProcess<'a> {
    name: &'a str,
    parent: Option<&'a str>,
    birth: String,
    end: JsonEnd,
    reaped: &'a str,
    events: Vec<JsonEvent<'a>>,
    threads: Vec<JsonThread<'a>>,
}

#[derive(Serialize)]
struct JsonThread<'a> {
    name: &'a str,
    events: Vec<JsonEvent<'a>>,
}

#[derive(Serialize)]
struct JsonEvent<'a> {
    kind: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    descriptors: Option<BTreeMap<i32, &'a str>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    only_here: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum JsonEnd {
    Exited(i32),
    Signalled(i32),
    Cut,
}

#[derive(Serialize)]
struct JsonStuck<'a> {
    for_ever: bool,
    waiting: Vec<JsonWaiting<'a>>,
}

#[derive(Serialize)]
struct JsonWaiting<'a> {
    task: &'a str,
    text: String,
}

impl<'a> JsonTimeline<'a> {
    pub(super) fn new(timeline: &'a Timeline, marks: &Marks) -> Self {
        let events = |name: &str, events: &'a [Event]| {
            let marked = marks.get(name);
            let is_marked = |place| marked.is_some_and(|marked| marked.contains(&place));
            events
                .iter()
                .enumerate()
                .map(|(place, event)| JsonEvent::new(event, is_marked(place)))
                .collect()
        };
        let process = |process: &'a tracer::Process| JsonProcess {
            name: &process.name,
            parent: process.parent.as_deref(),
            birth: process.birth.to_string(),
            end: match process.end {
                End::Exited(code) => JsonEnd::Exited(code),
                End::Signalled(signal) => JsonEnd::Signalled(signal),
                End::Cut => JsonEnd::Cut,
            },
            reaped: match &process.reaped {
                Reaped::By(name) => name,
                Reaped::Ignored => "ignored",
                Reaped::Never => "never",
                Reaped::ByTracer => "tracer",
            },
            events: events(&process.name, &process.events),
            threads: process
                .threads
                .iter()
                .map(|thread| JsonThread {
                    name: &thread.name,
                    events: events(&thread.name, &thread.events),
                })
                .collect(),
        };
        let waiting =
            |waiting: &'a Waiting| JsonWaiting { task: &waiting.task, text: waiting.to_string() };
        Self {
            processes: timeline.processes.iter().map(process).collect(),
            stuck: timeline.stuck.as_ref().map(|stuck| JsonStuck {
                for_ever: stuck.for_ever,
                waiting: stuck.waiting.iter().map(waiting).collect(),
            }),
            too_much: timeline.too_much.as_deref(),
            stdout: &timeline.stdout,
            stderr: &timeline.stderr,
        }
    }
}

impl<'a> JsonEvent<'a> {
    fn new(event: &'a Event, only_here: bool) -> Self {
        let descriptors = match event {
            Event::Exec { descriptors, .. } => {
                Some(descriptors.iter().map(|open| (open.number, open.what.as_str())).collect())
            }
            _ => None,
        };
        Self { kind: kind(event), text: event.to_string(), descriptors, only_here }
    }
}

fn kind(event: &Event) -> &'static str {
    match event {
        Event::Birth { by: Birth::Vfork, .. } => "vfork",
        Event::Birth { by: Birth::Clone, .. } => "clone",
        Event::Birth { .. } => "fork",
        Event::Thread { .. } => "thread",
        Event::Exec { .. } => "exec",
        Event::ExecFailed { .. } => "exec_failed",
        Event::Pipe { .. } => "pipe",
        Event::Dup { .. } => "dup",
        Event::Close { .. } => "close",
        Event::CloseFailed { .. } => "close_failed",
        Event::CloseRange { .. } => "close_range",
        Event::Read { .. } => "read",
        Event::Write { .. } => "write",
        Event::Ready { .. } => "ready",
        Event::Timer { .. } => "timer",
        Event::Socket { .. } => "socket",
        Event::Wait { .. } => "wait",
        Event::Kill { .. } => "kill",
        Event::Signal { .. } => "signal",
        Event::Sigchld { .. } => "sigchld",
        Event::ExitGroup { .. } => "exit_group",
        Event::ThreadEnd => "thread_end",
        Event::End(_) => "end",
    }
}
