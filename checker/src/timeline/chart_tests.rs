//! Charts of small families.

use tracer::{Answer, Asked, Birth, End, Event, Process, Reaped, Timeline};

use super::Marks;
use super::chart::{Chart, Lane, Stretch};

fn process(name: &str, parent: Option<&str>, birth: Birth, events: Vec<Event>) -> Process {
    Process {
        name: name.to_owned(),
        parent: parent.map(str::to_owned),
        birth,
        events,
        threads: Vec::new(),
        end: End::Exited(0),
        reaped: parent.map_or(Reaped::ByTracer, |by| Reaped::By(by.to_owned())),
    }
}

fn timeline(processes: Vec<Process>) -> Timeline {
    let (stdout, stderr) = (String::new(), String::new());
    Timeline { processes, stuck: None, too_much: None, stdout, stderr }
}

fn make(by: Birth, child: &str) -> Event {
    Event::Birth { by, child: child.to_owned() }
}

fn wait(child: &str) -> Event {
    let answer = Answer::Reaped { child: child.to_owned(), end: End::Exited(0) };
    Event::Wait { asked: Asked::Child(child.to_owned()), answer }
}

fn read(what: &str) -> Event {
    Event::Read { what: what.to_owned() }
}

fn write(what: &str) -> Event {
    Event::Write { what: what.to_owned() }
}

fn end() -> Event {
    Event::End(End::Exited(0))
}

fn rows(lane: &Lane<'_>) -> Vec<usize> {
    lane.steps.iter().map(|step| step.row).collect()
}

/// A parent that makes a child, writes, and waits for it.
fn family(birth: Birth) -> Timeline {
    let parent = vec![make(birth, "P1.1"), write("stdout"), wait("P1.1"), end()];
    timeline(vec![
        process("P1", None, Birth::Start, parent),
        process("P1.1", Some("P1"), birth, vec![end()]),
    ])
}

#[test]
fn a_child_begins_below_its_fork_and_is_waited_for_below_its_end() {
    let timeline = family(Birth::Fork);
    let chart = Chart::of(&timeline, &Marks::new(), 9);
    let [parent, child] = &chart.lanes[..] else { panic!("{chart:?}") };
    assert_eq!((rows(parent), child.first, rows(child)), (vec![1, 2, 4, 5], 2, vec![3]));
    assert!(parent.suspended.is_empty());
    assert_eq!(child.zombie, Some(Stretch { after: 3, before: 4 }));
}

#[test]
fn a_parent_is_suspended_until_its_vfork_child_has_ended() {
    let timeline = family(Birth::Vfork);
    let chart = Chart::of(&timeline, &Marks::new(), 9);
    let [parent, child] = &chart.lanes[..] else { panic!("{chart:?}") };
    assert_eq!((rows(parent), rows(child)), (vec![1, 4, 5, 6], vec![3]));
    assert_eq!(parent.suspended, [Stretch { after: 1, before: 4 }]);
}

#[test]
fn a_child_that_nobody_waits_for_is_a_zombie_to_its_parents_end() {
    let mut timeline = family(Birth::Fork);
    timeline.processes[0].events.remove(2);
    timeline.processes[0].events.insert(2, write("stderr"));
    timeline.processes[0].events.insert(3, write("file a"));
    timeline.processes[1].reaped = Reaped::Never;
    let chart = Chart::of(&timeline, &Marks::new(), 9);
    assert_eq!(chart.lanes[1].zombie, Some(Stretch { after: 3, before: 5 }));
}

#[test]
fn lanes_that_do_not_overlap_share_a_column_where_columns_are_few() {
    let events = vec![
        make(Birth::Fork, "P1.1"),
        wait("P1.1"),
        make(Birth::Fork, "P1.2"),
        wait("P1.2"),
        end(),
    ];
    let timeline = timeline(vec![
        process("P1", None, Birth::Start, events),
        process("P1.1", Some("P1"), Birth::Fork, vec![end()]),
        process("P1.2", Some("P1"), Birth::Fork, vec![end()]),
    ]);
    let columns = |most| {
        let chart = Chart::of(&timeline, &Marks::new(), most);
        chart.lanes.iter().map(|lane| lane.column).collect::<Vec<_>>()
    };
    assert_eq!(columns(3), [0, 1, 2]);
    assert_eq!(columns(2), [0, 1, 1]);
}

#[test]
fn what_is_read_was_written_before_and_a_circle_of_pipes_is_no_trap() {
    let turns = |read_first| {
        let (a, b) =
            (vec![read("pipe1.r"), write("pipe2.w")], vec![write("pipe1.w"), read("pipe2.r")]);
        let (mut own, mut childs) = if read_first { (a.clone(), a) } else { (a, b) };
        if read_first {
            childs = vec![read("pipe2.r"), write("pipe1.w")];
        }
        own.insert(0, make(Birth::Fork, "P1.1"));
        own.extend([wait("P1.1"), end()]);
        childs.push(end());
        timeline(vec![
            process("P1", None, Birth::Start, own),
            process("P1.1", Some("P1"), Birth::Fork, childs),
        ])
    };
    let in_order = turns(false);
    let chart = Chart::of(&in_order, &Marks::new(), 9);
    let (parent, child) = (rows(&chart.lanes[0]), rows(&chart.lanes[1]));
    assert!(parent[1] > child[0] && child[1] > parent[2], "{parent:?} {child:?}");
    // Each reads before it writes: as collapsed events may, if they take turns.
    let circle = turns(true);
    assert!(Chart::of(&circle, &Marks::new(), 9).rows < 20);
}
