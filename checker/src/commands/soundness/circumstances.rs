//! In which circumstances a solution is judged.

use std::fmt;

use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;

/// What the machine is like during a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Circumstances {
    /// Every core has something else to do as well.
    Busy,
    /// Everything happens on this core.
    On(usize),
}

impl fmt::Display for Circumstances {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Circumstances::Busy => write!(formatter, "with all cores busy"),
            Circumstances::On(cpu) => write!(formatter, "on core {cpu} alone"),
        }
    }
}

/// The circumstances of so many runs: all cores busy, then bound to each core in turn.
pub(super) fn half_and_half(runs: usize) -> Vec<Circumstances> {
    let busy = runs.div_ceil(2);
    let bound = cores().into_iter().cycle().map(Circumstances::On);
    std::iter::repeat_n(Circumstances::Busy, busy).chain(bound.take(runs - busy)).collect()
}

/// The CPUs that this process may run on (sched_getaffinity(2)); the first, if nobody says.
fn cores() -> Vec<usize> {
    let Ok(allowed) = sched_getaffinity(Pid::from_raw(0)) else {
        return vec![0];
    };
    (0..CpuSet::count()).filter(|cpu| allowed.is_set(*cpu).unwrap_or(false)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_runs_are_bound_to_each_core_in_turn() {
        let runs = half_and_half(2 * 2 * cores().len() + 1);
        let busy = runs.iter().filter(|run| **run == Circumstances::Busy).count();
        assert_eq!(busy, runs.len() / 2 + 1);
        for core in cores() {
            assert_eq!(runs.iter().filter(|run| **run == Circumstances::On(core)).count(), 2);
        }
    }
}
