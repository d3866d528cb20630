//! What two timelines do not have in common.
//!
//! Event for event, in the lists of the same name. The numbers of pipes and of descriptors above 2 do
//! not count: one pipe more, or one close less, would change all that follow.

use std::collections::{BTreeMap, BTreeSet};

use similar::{ChangeTag, TextDiff};
use tracer::{Event, Timeline};

/// The events of one timeline that the other lacks: places in the lists, by the lists' names.
pub type Marks = BTreeMap<String, BTreeSet<usize>>;

/// What is only in the first, and what is only in the second.
pub fn differences(first: &Timeline, second: &Timeline) -> (Marks, Marks) {
    let (ours, theirs) = (keys(first), keys(second));
    let names: BTreeSet<&str> = ours.keys().chain(theirs.keys()).copied().collect();
    let (mut only_first, mut only_second) = (Marks::new(), Marks::new());
    for name in names {
        let empty = Vec::new();
        let ours = ours.get(name).unwrap_or(&empty);
        let theirs = theirs.get(name).unwrap_or(&empty);
        let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
        let theirs: Vec<&str> = theirs.iter().map(String::as_str).collect();
        let diff = TextDiff::from_slices(&ours, &theirs);
        for change in diff.iter_all_changes() {
            let (marks, index) = match change.tag() {
                ChangeTag::Equal => continue,
                ChangeTag::Delete => (&mut only_first, change.old_index()),
                ChangeTag::Insert => (&mut only_second, change.new_index()),
            };
            marks.entry(name.to_owned()).or_default().extend(index);
        }
    }
    (only_first, only_second)
}

fn keys(timeline: &Timeline) -> BTreeMap<&str, Vec<String>> {
    timeline.lists().map(|(name, events)| (name, events.iter().map(key).collect())).collect()
}

/// An event's text without the numbers that do not count.
fn key(event: &Event) -> String {
    let text = match event {
        Event::Pipe { close_on_exec, .. } => format!("pipe {close_on_exec}"),
        Event::Dup { to, what, .. } => format!("dup to {} ({what})", number(*to)),
        Event::Close { number: closed, what } => format!("close {} ({what})", number(*closed)),
        Event::Exec { program, args, descriptors } => {
            let mut open: Vec<String> =
                descriptors.iter().map(|d| format!("{}={}", number(d.number), d.what)).collect();
            open.sort();
            format!("exec {program} {} {}", args.join(" "), open.join(" "))
        }
        other => other.to_string(),
    };
    without_numbers_of_pipes(&text)
}

fn number(number: i32) -> String {
    if number <= 2 { number.to_string() } else { "n".to_owned() }
}

/// `pipe12.r` is `pipe.r`.
fn without_numbers_of_pipes(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(found) = rest.find("pipe").or_else(|| rest.find("socket")) {
        let behind = rest[found..].find(|c: char| !c.is_ascii_alphabetic());
        let end = behind.map_or(rest.len(), |behind| found + behind);
        result.push_str(&rest[..end]);
        rest = rest[end..].trim_start_matches(|c: char| c.is_ascii_digit());
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracer::{Birth, End, Process, Reaped};

    fn timeline(events: Vec<Event>) -> Timeline {
        let process = Process {
            name: "P1".to_owned(),
            parent: None,
            birth: Birth::Start,
            events,
            threads: Vec::new(),
            end: End::Exited(0),
            reaped: Reaped::ByTracer,
        };
        Timeline {
            processes: vec![process],
            stuck: None,
            too_much: None,
            stdout: String::new(),
            stderr: String::new(),
        }
    }

    fn close(number: i32, what: &str) -> Event {
        Event::Close { number, what: what.to_owned() }
    }

    fn end() -> Event {
        Event::End(End::Exited(0))
    }

    #[test]
    fn one_close_less_is_one_difference() {
        let yours = timeline(vec![close(6, "pipe2.w"), end()]);
        let reference = timeline(vec![close(4, "pipe1.r"), close(4, "pipe1.w"), end()]);
        let (only_yours, only_reference) = differences(&yours, &reference);
        assert_eq!(only_yours, Marks::new());
        assert_eq!(only_reference["P1"], BTreeSet::from([0]));
    }

    #[test]
    fn what_comes_behind_a_difference_is_compared_again() {
        let pipe = |number: i32| Event::Pipe {
            pipe: format!("pipe{number}"),
            read: number,
            write: number + 1,
            close_on_exec: true,
        };
        let tail = || vec![close(8, "pipe3.w"), close(7, "pipe3.r"), end()];
        let mut yours = vec![pipe(1), close(3, "pipe1.r"), pipe(2), pipe(3)];
        let mut reference =
            vec![pipe(1), close(3, "pipe1.r"), close(6, "pipe1.w"), pipe(2), pipe(3)];
        yours.extend(tail());
        reference.extend(tail());
        let (only_yours, only_reference) = differences(&timeline(yours), &timeline(reference));
        assert_eq!(only_yours, Marks::new());
        assert_eq!(only_reference["P1"], BTreeSet::from([2]));
    }

    #[test]
    fn the_numbers_of_the_standard_streams_count() {
        let of = |to| timeline(vec![Event::Dup { from: 5, to, what: "pipe1.r".to_owned() }]);
        assert_eq!(differences(&of(0), &of(0)), Default::default());
        assert_ne!(differences(&of(0), &of(1)), Default::default());
        assert_eq!(differences(&of(7), &of(8)), Default::default());
    }

    #[test]
    fn pipes_and_sockets_lose_their_numbers() {
        let text = without_numbers_of_pipes("close 4 (pipe12.w) socket3 stdout");
        assert_eq!(text, "close 4 (pipe.w) socket stdout");
    }
}
