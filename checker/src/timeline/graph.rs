//! What came before what: the order that the kernel enforces, and no other.

use std::collections::HashMap;

use nix::libc::{SIGCONT, SIGPIPE};
use tracer::{Answer, Birth, End, Event, Timeline};

use super::held::{Node, releases};

/// What an arrow stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArrowKind {
    /// A process or thread is made.
    Birth,
    /// A vfork child lets its parent go on.
    Release,
    /// An end, or a stop, is waited for.
    Reap,
    /// A signal is sent.
    Signal,
}

/// Which event comes before which.
pub(super) struct Graph<'a> {
    /// The lists with their names.
    pub(super) lists: Vec<(&'a str, &'a [Event])>,
    /// Pairs of nodes in two lists, in this order, and what connects them.
    pub(super) edges: Vec<(Node, Node, Option<ArrowKind>)>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(timeline: &'a Timeline) -> Self {
        let lists: Vec<_> = timeline.lists().collect();
        let mut graph = Self { lists, edges: Vec::new() };
        let index: HashMap<&str, usize> =
            graph.lists.iter().enumerate().map(|(index, (name, _))| (*name, index)).collect();
        for (list, (name, events)) in graph.lists.clone().into_iter().enumerate() {
            for (place, event) in events.iter().enumerate() {
                graph.connect(timeline, &index, (list, place + 1), name, event);
            }
        }
        graph.connect_pipes();
        graph.connect_broken_pipes(timeline, &index);
        graph
    }

    /// The edges that an event is the end or the beginning of.
    fn connect(
        &mut self,
        timeline: &Timeline,
        index: &HashMap<&str, usize>,
        node: Node,
        name: &str,
        event: &Event,
    ) {
        let list = |name: &str| index.get(name).copied();
        match event {
            Event::Birth { by, child } => {
                let Some(child) = list(child) else { return };
                self.edges.push((node, (child, 0), Some(ArrowKind::Birth)));
                if *by == Birth::Vfork && node.1 < self.lists[node.0].1.len() {
                    // Whatever the parent does next comes after its child's exec or end.
                    let release = self
                        .first(child, |event| matches!(event, Event::Exec { .. } | Event::End(_)));
                    self.edges.extend(
                        release.map(|from| (from, (node.0, node.1 + 1), Some(ArrowKind::Release))),
                    );
                }
            }
            Event::Thread { thread } => {
                let Some(thread) = list(thread) else { return };
                self.edges.push((node, (thread, 0), Some(ArrowKind::Birth)));
            }
            Event::Wait {
                answer: Answer::Reaped { child, .. } | Answer::Seen { child, .. },
                ..
            } => {
                let ended = list(child)
                    .and_then(|child| self.first(child, |event| matches!(event, Event::End(_))));
                self.edges.extend(ended.map(|from| (from, node, Some(ArrowKind::Reap))));
                self.edges.extend(self.end_of_parent(timeline, &list, name, child, node));
            }
            Event::Wait { answer: Answer::Continued { child }, .. } => {
                let goes_on = list(child).and_then(|child| {
                    self.first(child, |event| {
                        matches!(event, Event::Signal { signal: SIGCONT, .. })
                    })
                });
                self.edges.extend(goes_on.map(|from| (from, node, Some(ArrowKind::Reap))));
            }
            Event::Wait { answer: Answer::Stopped { child, signal }, .. } => {
                let stopped = list(child).and_then(|child| {
                    self.first(
                        child,
                        |event| matches!(event, Event::Signal { signal: s, .. } if s == signal),
                    )
                });
                self.edges.extend(stopped.map(|from| (from, node, Some(ArrowKind::Reap))));
            }
            Event::Kill { target, signal, error: None } => {
                let sender = name.split('/').next().unwrap_or(name);
                let arrives = list(target).and_then(|target| {
                    self.first(target, |event| match event {
                        Event::Signal { signal: s, from } => {
                            s == signal && from.as_deref() == Some(sender)
                        }
                        Event::End(End::Signalled(s)) => s == signal,
                        _ => false,
                    })
                });
                self.edges.extend(arrives.map(|to| (node, to, Some(ArrowKind::Signal))));
            }
            Event::End(_) => {
                // Its threads end with it at the latest.
                let own = timeline.process(name).into_iter().flat_map(|process| &process.threads);
                let threads =
                    own.filter_map(|thread| Some((list(&thread.name)?, thread.events.len())));
                self.edges.extend(threads.map(|from| (from, node, None)));
            }
            _ => {}
        }
    }

    /// A child can be waited for by its parent, and by somebody else only after the parent's end.
    fn end_of_parent(
        &self,
        timeline: &Timeline,
        list: &impl Fn(&str) -> Option<usize>,
        waits: &str,
        child: &str,
        node: Node,
    ) -> Option<(Node, Node, Option<ArrowKind>)> {
        let parent = timeline.process(child)?.parent.as_deref()?;
        let is_parent = waits.split('/').next() == Some(parent);
        let end = self.first(list(parent)?, |event| matches!(event, Event::End(_)));
        end.filter(|_| !is_parent).map(|end| (end, node, None))
    }

    /// SIGPIPE comes after the last read end of the pipe is closed, in whatever process (pipe(7)).
    fn connect_broken_pipes(&mut self, timeline: &Timeline, index: &HashMap<&str, usize>) {
        for list in 0..self.lists.len() {
            let events = self.lists[list].1;
            for place in 0..events.len() {
                let Some(pipe) = broken(&events[..=place]) else { continue };
                let signal = (list, place + 1);
                let end = format!("{pipe}.r");
                for release in releases(timeline, &self.lists, index, &end) {
                    if release.0 != list && !self.leads_to(signal, release) {
                        self.edges.push((release, signal, None));
                    }
                }
            }
        }
    }

    /// Nobody reads from a pipe before somebody has written, unless nobody ever writes.
    fn connect_pipes(&mut self) {
        let mut writes: HashMap<String, Node> = HashMap::new();
        let mut reads = Vec::new();
        for (list, (_, events)) in self.lists.iter().enumerate() {
            for (place, event) in events.iter().enumerate() {
                match event {
                    Event::Write { what } if what.ends_with(".w") => {
                        writes.entry(what.replace(".w", ".r")).or_insert((list, place + 1));
                    }
                    Event::Read { what } => reads.push((what.clone(), (list, place + 1))),
                    _ => {}
                }
            }
        }
        for (what, read) in reads {
            // Such as two that take turns: what is told once of each may look like a circle.
            if let Some(&write) = writes.get(&what)
                && write.0 != read.0
                && !self.leads_to(read, write)
            {
                self.edges.push((write, read, None));
            }
        }
    }

    fn first(&self, list: usize, is_it: impl Fn(&Event) -> bool) -> Option<Node> {
        Some((list, self.lists[list].1.iter().position(is_it)? + 1))
    }

    /// Whether `to` comes after `from`.
    fn leads_to(&self, from: Node, to: Node) -> bool {
        let mut seen = vec![usize::MAX; self.lists.len()];
        let mut open = vec![from];
        while let Some((list, place)) = open.pop() {
            if list == to.0 && place <= to.1 {
                return true;
            }
            // Everything behind a place was looked at when an earlier one was.
            if place >= seen[list] {
                continue;
            }
            seen[list] = place;
            let further = self.edges.iter().filter(|((l, p), ..)| *l == list && *p >= place);
            open.extend(further.map(|(_, to, _)| *to));
        }
        false
    }

    /// The row of every node: as early as all that comes before it allows.
    pub(super) fn rows(&self) -> Vec<Vec<usize>> {
        let mut rows: Vec<Vec<usize>> =
            self.lists.iter().map(|(_, events)| (0..=events.len()).collect()).collect();
        let count: usize = rows.iter().map(Vec::len).sum();
        // A longest path has no more steps than there are nodes; a circle would never settle.
        for _ in 0..count {
            let mut changed = false;
            for ((from_list, from), (list, place), _) in &self.edges {
                let least = rows[*from_list][*from] + 1;
                if rows[*list][*place] < least {
                    changed = true;
                    rows[*list][*place] = least;
                    for next in place + 1..rows[*list].len() {
                        let least = rows[*list][next - 1] + 1;
                        rows[*list][next] = rows[*list][next].max(least);
                    }
                }
            }
            if !changed {
                break;
            }
        }
        rows
    }
}

/// The pipe for whose sake the last of these events is a SIGPIPE, if that is clear: it is the kernel's, and
/// of what was read and written last, one thing was a pipe.
fn broken(events: &[Event]) -> Option<&str> {
    let (last, before) = events.split_last()?;
    let is_sigpipe = match last {
        Event::Signal { signal, from } => *signal == SIGPIPE && from.is_none(),
        Event::End(End::Signalled(signal)) => *signal == SIGPIPE,
        _ => false,
    };
    let transfers = before
        .iter()
        .rev()
        .take_while(|event| matches!(event, Event::Read { .. } | Event::Write { .. }));
    let mut pipes = transfers.filter_map(|event| match event {
        Event::Write { what } => what.strip_suffix(".w"),
        _ => None,
    });
    let pipe = pipes.next().filter(|_| is_sigpipe)?;
    pipes.next().is_none().then_some(pipe)
}
