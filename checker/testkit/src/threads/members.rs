//! The threads of a test, and whether all of them sleep.

use std::sync::Arc;

use nix::unistd::getpid;
use procfs::{ThreadStatus, thread_status};

use crate::sleep::{Sleep, sleep};
use crate::steps::Steps;

#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) tid: i32,
    pub(super) steps: Arc<Steps>,
}

/// `None` of a thread that has ended.
pub(super) fn statuses(members: &[Member]) -> Vec<Option<ThreadStatus>> {
    members.iter().map(|member| thread_status(getpid().as_raw(), member.tid)).collect()
}

/// Which threads sleep by the clock, if all sleep: they did when they were looked at first, and none
/// has run since.
pub(super) fn asleep(members: &[Member], first: &[Option<ThreadStatus>]) -> Option<Vec<usize>> {
    if first.iter().flatten().any(|status| status.state != 'S') {
        return None;
    }
    let mut by_the_clock = Vec::new();
    for (index, member) in members.iter().enumerate().filter(|(index, _)| first[*index].is_some()) {
        if sleep(getpid().as_raw(), member.tid)? == Sleep::ByTheClock {
            by_the_clock.push(index);
        }
    }
    (statuses(members) == first).then_some(by_the_clock)
}

/// `thread `a` is`, or `threads `a`, `b` are`.
pub(super) fn names_of_living(members: &[Member]) -> String {
    let names: Vec<_> = members
        .iter()
        .filter(|member| thread_status(getpid().as_raw(), member.tid).is_some())
        .map(|member| format!("`{}`", member.name))
        .collect();
    match names.as_slice() {
        [name] => format!("thread {name} is"),
        names => format!("threads {} are", names.join(", ")),
    }
}
