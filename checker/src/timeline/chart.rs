//! A timeline laid out: a lane for each process and thread, a row for each step.
//!
//! Rows tell what came before what, not when: two steps in one row may have happened in any order.

use std::collections::HashMap;

use tracer::{Event, Process, Reaped, Timeline};

use super::Marks;
use super::graph::{ArrowKind, Graph};
use super::held::Node;

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

    /// Whether there is no row in it.
    pub fn is_empty(self) -> bool {
        self.after + 1 >= self.before
    }
}

/// Something that a process or thread did.
#[derive(Debug)]
pub struct Step<'a> {
    /// Its row.
    pub row: usize,
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

impl<'a> Chart<'a> {
    /// Lays a timeline out; `marks` are the events that another one lacks. Lanes share columns if
    /// there would be more than `columns`.
    pub fn new(timeline: &'a Timeline, marks: &Marks, columns: usize) -> Self {
        let graph = Graph::new(timeline);
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
