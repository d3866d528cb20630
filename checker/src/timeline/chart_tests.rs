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

fn pipe(read: i32, write: i32) -> Event {
    Event::Pipe { pipe: "pipe1".to_owned(), read, write, close_on_exec: true }
}

fn close(number: i32, what: &str) -> Event {
    Event::Close { number, what: what.to_owned() }
}

fn exec(descriptors: &[(i32, &str)]) -> Event {
    let descriptors = descriptors
        .iter()
        .map(|&(number, what)| tracer::Descriptor { number, what: what.to_owned() })
        .collect();
    Event::Exec { program: "stage".to_owned(), args: Vec::new(), descriptors }
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
    let chart = Chart::new(&timeline, &Marks::new(), 9);
    let [parent, child] = &chart.lanes[..] else { panic!("{chart:?}") };
    assert_eq!((rows(parent), child.first, rows(child)), (vec![1, 2, 4, 5], 2, vec![3]));
    assert!(parent.suspended.is_empty());
    assert_eq!(child.zombie, Some(Stretch { after: 3, before: 4 }));
}

#[test]
fn a_parent_is_suspended_until_its_vfork_child_has_ended() {
    let timeline = family(Birth::Vfork);
    let chart = Chart::new(&timeline, &Marks::new(), 9);
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
    let chart = Chart::new(&timeline, &Marks::new(), 9);
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
        let chart = Chart::new(&timeline, &Marks::new(), most);
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
    let chart = Chart::new(&in_order, &Marks::new(), 9);
    let (parent, child) = (rows(&chart.lanes[0]), rows(&chart.lanes[1]));
    assert!(parent[1] > child[0] && child[1] > parent[2], "{parent:?} {child:?}");
    // Each reads before it writes: as collapsed events may, if they take turns.
    let circle = turns(true);
    assert!(Chart::new(&circle, &Marks::new(), 9).rows < 20);
}

/// `P1.1 | P1.2`, of which the second does these things. The first writes until SIGPIPE ends it.
fn broken_pipe(reader: Vec<Event>) -> Timeline {
    let parent = vec![
        pipe(3, 4),
        make(Birth::Fork, "P1.1"),
        close(4, "pipe1.w"),
        make(Birth::Fork, "P1.2"),
        close(3, "pipe1.r"),
        wait("P1.1"),
        wait("P1.2"),
        end(),
    ];
    let broken = Event::End(End::Signalled(libc::SIGPIPE));
    timeline(vec![
        process("P1", None, Birth::Start, parent),
        process(
            "P1.1",
            Some("P1"),
            Birth::Fork,
            vec![exec(&[(1, "pipe1.w")]), write("pipe1.w"), broken],
        ),
        process("P1.2", Some("P1"), Birth::Fork, reader),
    ])
}

#[test]
fn sigpipe_comes_after_every_read_end_is_closed() {
    let dup = Event::Dup { from: 3, to: 0, what: "pipe1.r".to_owned() };
    let becomes_a_reader = [dup, exec(&[(0, "pipe1.r")])];
    for (letting_go, place) in [
        // By its end, by a close, by an exec that keeps nothing, by a range.
        (vec![end()], 2),
        (vec![close(0, "pipe1.r"), write("stderr"), end()], 2),
        (vec![exec(&[]), end()], 2),
        (vec![Event::CloseRange { first: 0, last: u32::MAX, on_exec: false }, end()], 2),
    ] {
        let reader = [&becomes_a_reader[..], &letting_go].concat();
        let timeline = broken_pipe(reader);
        let chart = Chart::new(&timeline, &Marks::new(), 9);
        let [parent, writer, reader] = [0, 1, 2].map(|lane| rows(&chart.lanes[lane]));
        let broken = writer[2];
        assert!(broken > reader[place], "{writer:?} {reader:?}");
        // The parent has let go too, and so it has made the reader before.
        assert!(broken > parent[4] && broken < parent[5], "{parent:?} {writer:?}");
    }
}

#[test]
fn a_sigpipe_that_was_sent_has_nothing_to_do_with_a_pipe() {
    let mut timeline = broken_pipe(vec![exec(&[(0, "pipe1.r")]), write("stderr"), end()]);
    let kill = Event::Kill { target: "itself".to_owned(), signal: libc::SIGPIPE, error: None };
    timeline.processes[1].events.insert(2, kill);
    let chart = Chart::new(&timeline, &Marks::new(), 9);
    // As early as its own steps allow.
    assert_eq!(rows(&chart.lanes[1]), [4, 5, 6, 7]);
}

#[test]
fn what_a_thread_closes_is_closed_for_its_process() {
    let mut timeline = broken_pipe(vec![end()]);
    timeline.processes[0].events.remove(4);
    timeline.processes[0].events.insert(4, Event::Thread { thread: "P1/t1".to_owned() });
    timeline.processes[0].threads.push(tracer::Thread {
        name: "P1/t1".to_owned(),
        events: vec![write("stderr"), close(3, "pipe1.r"), Event::ThreadEnd],
    });
    let chart = Chart::new(&timeline, &Marks::new(), 9);
    let row = |name: &str, step: usize| {
        chart.lanes.iter().find(|lane| lane.name == name).expect("a lane").steps[step].row
    };
    assert!(row("P1.1", 2) > row("P1/t1", 1));
    assert!(row("P1.1", 2) < row("P1", 5));
}

#[test]
fn an_orphan_is_waited_for_after_the_end_of_its_parent() {
    let timeline = timeline(vec![
        process("P1", None, Birth::Start, vec![make(Birth::Fork, "P1.1"), wait("P1.1.1"), end()]),
        process(
            "P1.1",
            Some("P1"),
            Birth::Fork,
            vec![make(Birth::Fork, "P1.1.1"), write("stdout"), write("stderr"), end()],
        ),
        process("P1.1.1", Some("P1.1"), Birth::Fork, vec![end()]),
    ]);
    let chart = Chart::new(&timeline, &Marks::new(), 9);
    assert!(rows(&chart.lanes[0])[1] > rows(&chart.lanes[1])[3]);
}

#[test]
fn a_wait_hears_that_a_child_goes_on_after_it_does() {
    let answer = Answer::Continued { child: "P1.1".to_owned() };
    let hears = Event::Wait { asked: Asked::Any, answer };
    let goes_on = Event::Signal { signal: libc::SIGCONT, from: None };
    let timeline = timeline(vec![
        process("P1", None, Birth::Start, vec![make(Birth::Fork, "P1.1"), hears, end()]),
        process(
            "P1.1",
            Some("P1"),
            Birth::Fork,
            vec![write("stdout"), goes_on, write("stdout"), end()],
        ),
    ]);
    let chart = Chart::new(&timeline, &Marks::new(), 9);
    assert!(rows(&chart.lanes[0])[1] > rows(&chart.lanes[1])[1]);
}
