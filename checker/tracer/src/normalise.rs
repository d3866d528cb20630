//! From a recording to a timeline: what varies from run to run gets a name or an order, or goes.

use std::collections::HashMap;

use crate::event::{Answer, Asked, Descriptor, End, Event};
use crate::recording::Recording;
use crate::stuck::{Stuck, Waits};
use crate::timeline::{Process, Timeline, order};

/// The timeline of a finished recording.
pub(crate) fn timeline(recording: Recording, stdout: String, stderr: String) -> Timeline {
    let parents: Vec<String> =
        recording.processes.iter().map(|record| record.name.clone()).collect();
    let mut processes: Vec<Process> = recording
        .processes
        .into_iter()
        .map(|record| Process {
            parent: record.parent.map(|parent| parents[parent].clone()),
            name: record.name,
            birth: record.birth,
            events: record.events,
            threads: record.threads,
            end: record.end.unwrap_or(End::Cut),
            reaped: record.reaped,
        })
        .collect();
    processes.sort_by_key(|process| order(&process.name));
    let mut stuck = recording.stuck;
    let mut names = Names::default();
    for process in &mut processes {
        tell_once_what_ended_it(&mut process.events);
        names.rename_all(&mut process.events);
        for thread in &mut process.threads {
            names.rename_all(&mut thread.events);
        }
    }
    if let Some(stuck) = &mut stuck {
        names.rename_stuck(stuck);
    }
    for process in &mut processes {
        put_in_order(&mut process.events);
        for thread in &mut process.threads {
            put_in_order(&mut thread.events);
        }
    }
    Timeline { processes, stuck, too_much: recording.too_much, stdout, stderr }
}

/// A signal that the process had from itself or from the kernel, and that ended it, is told by its end.
fn tell_once_what_ended_it(events: &mut Vec<Event>) {
    let [.., Event::Signal { signal, from }, Event::End(End::Signalled(end))] = &events[..] else {
        return;
    };
    if signal == end && from.as_deref().is_none_or(|from| from == "itself") {
        events.remove(events.len() - 2);
    }
}

/// Puts in order what comes in any: the answers to waits for any child, and readings in a row.
fn put_in_order(events: &mut [Event]) {
    let waits_for_any = |event: &Event| {
        matches!(event, Event::Wait { asked: Asked::Any, answer: Answer::Reaped { .. } })
    };
    let mut start = 0;
    while start < events.len() {
        let is_one = |event: &&Event| waits_for_any(event) || is_transfer(event);
        let length = events[start..].iter().take_while(is_one).count();
        let run = &mut events[start..start + length];
        let mut waits: Vec<Event> =
            run.iter().filter(|event| waits_for_any(event)).cloned().collect();
        waits.sort_by_key(|event| match event {
            Event::Wait { answer: Answer::Reaped { child, .. }, .. } => order(child),
            _ => Vec::new(),
        });
        let places = run.iter_mut().filter(|event| waits_for_any(event));
        places.zip(waits).for_each(|(place, wait)| *place = wait);
        start += length + 1;
    }
    for same in events.chunk_by_mut(|a, b| is_read(a) && is_read(b)) {
        same.sort_by_key(Event::to_string);
    }
}

fn is_transfer(event: &Event) -> bool {
    matches!(event, Event::Read { .. } | Event::Write { .. })
}

fn is_read(event: &Event) -> bool {
    matches!(event, Event::Read { .. })
}

/// Names for pipes and sockets, in the order in which they are first met.
#[derive(Default)]
struct Names {
    known: HashMap<String, String>,
    pipes: usize,
    sockets: usize,
}

impl Names {
    fn rename_all(&mut self, events: &mut [Event]) {
        for event in events {
            match event {
                Event::Exec { descriptors, .. } => {
                    for Descriptor { what, .. } in descriptors {
                        self.rename(what);
                    }
                }
                Event::Ready { what } => what.iter_mut().for_each(|what| self.rename(what)),
                Event::Socket { what, .. }
                | Event::Pipe { pipe: what, .. }
                | Event::Dup { what, .. }
                | Event::Close { what, .. }
                | Event::Read { what }
                | Event::Write { what } => self.rename(what),
                _ => {}
            }
        }
    }

    fn rename_stuck(&mut self, stuck: &mut Stuck) {
        for waiting in &mut stuck.waiting {
            if let Waits::Pipes { needs, .. } = &mut waiting.waits {
                needs.iter_mut().for_each(|need| self.rename(&mut need.what));
            }
        }
    }

    /// `pipe:[4711].r` becomes `pipe1.r`.
    fn rename(&mut self, what: &mut String) {
        let Some((inode, end)) = what.split_once(']') else { return };
        let count = match inode.split_once(":[") {
            Some(("pipe", _)) => &mut self.pipes,
            Some(("socket", _)) => &mut self.sockets,
            _ => return,
        };
        let kind = inode.split(':').next().unwrap_or_default();
        let name = self.known.entry(inode.to_owned()).or_insert_with(|| {
            *count += 1;
            format!("{kind}{count}")
        });
        *what = format!("{name}{end}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(what: &str) -> Event {
        Event::Read { what: what.to_owned() }
    }

    fn write(what: &str) -> Event {
        Event::Write { what: what.to_owned() }
    }

    fn wait_any(child: &str) -> Event {
        let answer = Answer::Reaped { child: child.to_owned(), end: End::Exited(0) };
        Event::Wait { asked: Asked::Any, answer }
    }

    #[test]
    fn pipes_are_named_in_the_order_in_which_they_are_met() {
        let mut events = vec![
            read("pipe:[9].r"),
            write("pipe:[3].w"),
            write("pipe:[9].w"),
            read("socket:[4]"),
            write("stdout"),
        ];
        Names::default().rename_all(&mut events);
        let names =
            [read("pipe1.r"), write("pipe2.w"), write("pipe1.w"), read("socket1"), write("stdout")];
        assert_eq!(events, names);
    }

    #[test]
    fn waits_for_any_child_are_told_in_the_order_of_the_children() {
        let mut events = vec![
            wait_any("P1.10"),
            write("stdout"),
            wait_any("P1.2"),
            Event::ThreadEnd,
            wait_any("P1.1"),
        ];
        put_in_order(&mut events);
        assert_eq!(events[0], wait_any("P1.2"));
        assert_eq!(events[2], wait_any("P1.10"));
        assert_eq!(events[4], wait_any("P1.1"), "behind another event nothing moves");
    }

    #[test]
    fn a_wait_for_one_child_keeps_its_place() {
        let one = |child: &str| Event::Wait {
            asked: Asked::Child(child.to_owned()),
            answer: Answer::Reaped { child: child.to_owned(), end: End::Exited(0) },
        };
        let mut events = vec![one("P1.2"), one("P1.1")];
        put_in_order(&mut events);
        assert_eq!(events, [one("P1.2"), one("P1.1")]);
    }

    #[test]
    fn readings_in_a_row_are_put_in_order_and_writings_are_not() {
        let mut events = vec![read("pipe2.r"), read("pipe1.r"), write("b"), write("a")];
        put_in_order(&mut events);
        assert_eq!(events, [read("pipe1.r"), read("pipe2.r"), write("b"), write("a")]);
    }

    #[test]
    fn a_deadly_signal_of_ones_own_is_told_by_the_end() {
        let signal =
            |from: Option<&str>| Event::Signal { signal: 6, from: from.map(str::to_owned) };
        let end = Event::End(End::Signalled(6));
        for own in [None, Some("itself")] {
            let mut events = vec![write("stderr"), signal(own), end.clone()];
            tell_once_what_ended_it(&mut events);
            assert_eq!(events, [write("stderr"), end.clone()]);
        }
        let mut events = vec![signal(Some("P1")), end.clone()];
        tell_once_what_ended_it(&mut events);
        assert_eq!(events, [signal(Some("P1")), end]);
    }
}
