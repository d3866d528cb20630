//! Which processes hold an end of a pipe, and until when.

use std::collections::{BTreeSet, HashMap};

use tracer::{Descriptor, Event, Timeline};

/// A place in a timeline: a list, and in it 0 for its beginning and then its events.
pub(super) type Node = (usize, usize);

/// The events with which processes let go of this end (`pipe1.r`), each with its last descriptor for it.
///
/// Descriptors belong to a process and not to a thread (clone(2), CLONE_FILES); which of two threads acted
/// first is not told. So what a thread closes counts as closed for the first one from the beginning.
pub(super) fn releases(
    timeline: &Timeline,
    lists: &[(&str, &[Event])],
    index: &HashMap<&str, usize>,
    end: &str,
) -> Vec<Node> {
    let mut releases = Vec::new();
    let mut inherited: HashMap<&str, BTreeSet<i32>> = HashMap::new();
    // A parent stands before its children.
    for process in &timeline.processes {
        let mut closed_by_threads = BTreeSet::new();
        for thread in &process.threads {
            let list = index[thread.name.as_str()];
            for (place, event) in lists[list].1.iter().enumerate() {
                if let Event::Close { number, what } = event
                    && what == end
                {
                    closed_by_threads.insert(*number);
                    releases.push((list, place + 1));
                }
            }
        }
        let list = index[process.name.as_str()];
        let mut held = inherited.remove(process.name.as_str()).unwrap_or_default();
        for (place, event) in lists[list].1.iter().enumerate() {
            let had_one = !held.is_empty();
            follow(&mut held, event, end);
            held.retain(|number| !closed_by_threads.contains(number));
            if had_one && held.is_empty() {
                releases.push((list, place + 1));
            }
            if let Event::Birth { child, .. } = event {
                inherited.insert(child, held.clone());
            }
        }
    }
    releases
}

/// Which numbers of a process lead to this end after an event.
fn follow(held: &mut BTreeSet<i32>, event: &Event, end: &str) {
    match event {
        Event::Pipe { pipe, read, write, .. } => {
            if end.strip_suffix(".r") == Some(pipe) {
                held.insert(*read);
            } else if end.strip_suffix(".w") == Some(pipe) {
                held.insert(*write);
            }
        }
        Event::Dup { to, what, .. } if what == end => {
            held.insert(*to);
        }
        Event::Dup { to: number, .. } | Event::Close { number, .. } => {
            held.remove(number);
        }
        Event::CloseRange { first, last, on_exec: false } => {
            held.retain(|number| !(*first..=*last).contains(&number.unsigned_abs()));
        }
        Event::Exec { descriptors, .. } => {
            let leads_there = |it: &&Descriptor| it.what == end;
            *held = descriptors.iter().filter(leads_there).map(|it| it.number).collect();
        }
        Event::End(_) => held.clear(),
        _ => {}
    }
}
