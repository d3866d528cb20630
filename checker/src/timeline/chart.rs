//! A timeline laid out: a lane for each process and thread, a row for each step.
//!
//! Rows tell what came before what, not when: two steps in one row may have happened in any order.

use std::collections::HashMap;

use tracer::{Event, Process, Reaped, Timeline};

use super::Marks;
use super::graph::{Graph, Node};

/// A timeline laid out.
#[derive(Debug)]
pub struct Chart<'a> {
    /// The lanes, in the order of the lists.
    pub lanes: Vec<Lane<'a>>,
    /// What leads from lane to lane.
    pub arrows: Vec<Arrow>,
    /// How many rows there are.
    pub rows: usize,
    /// How many columns there are. Lanes that do not overlap may share one.
    pub columns: usize,
}

/// A process or a thread.
#[derive(Debug)]
pub struct Lane<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its column, from 0.
    pub column: usize,
    /// The row in which it begins.
    pub first: usize,
    /// The row of its last step.
    pub last: usize,
    /// What it did.
    pub steps: Vec<Step<'a>>,
    /// The rows in which it is suspended by a vfork.
    pub suspended: Vec<Stretch>,
    /// The rows in which it is a zombie.
    pub zombie: Option<Stretch>,
    /// It was still running when the run was over.
    pub is_cut: bool,
}

/// Rows, the first and the last; both excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The row before.
    pub after: usize,
    /// The row behind.
    pub before: usize,
}

impl Stretch {
    /// Whether a row is in it.
    pub fn contains(self, row: usize) -> bool {
        self.after < row && row < self.before
    }
}

/// Something that a process or thread did.
#[derive(Debug)]
pub struct Step<'a> {
    /// Its row.
    pub row: usize,
    /// What.
    pub event: &'a Event,
    /// The timeline that this one is compared with lacks it.
    pub only_here: bool,
}

/// What leads from one lane to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrow {
    /// What it stands for.
    pub kind: ArrowKind,
    /// Lane and row.
    pub from: (usize, usize),
    /// Lane and row.
    pub to: (usize, usize),
}

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

impl<'a> Chart<'a> {
    /// Lays a timeline out; `marks` are the events that another one lacks. Lanes share columns if
    /// there would be more than `columns`.
    pub fn of(timeline: &'a Timeline, marks: &Marks, columns: usize) -> Self {
        let graph = Graph::of(timeline);
        let rows = graph.rows();
        let row = |(list, place): Node| rows[list][place];
        let height = rows.iter().flatten().max().map_or(0, |last| last + 1);
        let lanes: Vec<Lane<'a>> = graph
            .lists
            .iter()
            .enumerate()
            .map(|(list, (name, events))| {
                let marked = marks.get(*name);
                let step = |(place, event)| Step {
                    row: row((list, place + 1)),
                    event,
                    only_here: marked.is_some_and(|marked| marked.contains(&place)),
                };
                let process = timeline.process(name);
                Lane {
                    name,
                    column: list,
                    first: row((list, 0)),
                    last: row((list, events.len())),
                    steps: events.iter().enumerate().map(step).collect(),
                    suspended: Vec::new(),
                    zombie: None,
                    is_cut: process.is_some_and(|process| process.end == tracer::End::Cut),
                }
            })
            .collect();
        let arrow = |(from, to, kind): &(Node, Node, Option<ArrowKind>)| {
            Some(Arrow { kind: (*kind)?, from: (from.0, row(*from)), to: (to.0, row(*to)) })
        };
        let arrows = graph.edges.iter().filter_map(arrow).collect();
        let columns_wanted = columns;
        let columns = lanes.len();
        let mut chart = Self { lanes, arrows, rows: height, columns };
        chart.find_suspended();
        chart.find_zombies(timeline);
        if chart.columns > columns_wanted {
            chart.share_columns();
        }
        chart
    }

    fn find_suspended(&mut self) {
        for arrow in &self.arrows {
            if arrow.kind != ArrowKind::Release {
                continue;
            }
            let lane = &mut self.lanes[arrow.to.0];
            let before = arrow.to.1;
            let after = lane.steps.iter().map(|step| step.row).filter(|row| *row < before).max();
            let after = after.unwrap_or(lane.first);
            // It may go on from the row in which its child is an other program or has ended.
            lane.suspended.push(Stretch { after, before: (arrow.from.1 + 1).min(before) });
        }
    }

    fn find_zombies(&mut self, timeline: &Timeline) {
        let lanes: HashMap<&str, usize> =
            self.lanes.iter().enumerate().map(|(index, lane)| (lane.name, index)).collect();
        for process in &timeline.processes {
            let Some(&index) = lanes.get(process.name.as_str()) else { continue };
            let after = self.lanes[index].last;
            let before = match &process.reaped {
                _ if process.end == tracer::End::Cut => None,
                Reaped::By(_) => self
                    .arrows
                    .iter()
                    .filter(|arrow| arrow.kind == ArrowKind::Reap && arrow.from == (index, after))
                    .map(|arrow| arrow.to.1)
                    .max(),
                // Then init or a subreaper takes it.
                Reaped::Never => Some(self.end_of_parent(process, &lanes)),
                Reaped::Ignored | Reaped::ByTracer => None,
            };
            self.lanes[index].zombie = before.map(|before| Stretch { after, before });
        }
    }

    fn end_of_parent(&self, process: &Process, lanes: &HashMap<&str, usize>) -> usize {
        let parent = process.parent.as_deref().and_then(|parent| lanes.get(parent));
        let end = parent.map(|parent| self.lanes[*parent].last);
        end.filter(|end| *end > self.lanes[lanes[process.name.as_str()]].last).unwrap_or(self.rows)
    }

    /// Lanes take the first column that is free when they begin.
    fn share_columns(&mut self) {
        let mut order: Vec<usize> = (0..self.lanes.len()).collect();
        order.sort_by_key(|lane| (self.lanes[*lane].first, *lane));
        let mut free_from: Vec<usize> = Vec::new();
        for index in order {
            let lane = &mut self.lanes[index];
            let until = lane.zombie.map_or(lane.last, |zombie| zombie.before.max(lane.last));
            let found = free_from.iter().position(|free| *free <= lane.first);
            lane.column = found.unwrap_or(free_from.len());
            match free_from.get_mut(lane.column) {
                Some(free) => *free = until + 1,
                None => free_from.push(until + 1),
            }
        }
        self.columns = free_from.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracer::{Answer, Asked, Birth, End};

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
}
