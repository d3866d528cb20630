//! Whether threads get anywhere: how often they look and nap, counted.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use procfs::ThreadStatus;

use super::members::{Member, asleep, statuses};
use crate::steps::Count;

/// So many operations a thread that should come to rest may make before: looks at an atomic, takes of a
/// mutex. A right lock may spin for a while before it sleeps.
const RESTLESS_OPERATIONS: u64 = 200_000;

/// So many operations a thread that is waited for may make.
const OPERATIONS: u64 = 10_000_000;

/// So many calls of epoll_wait(2), sched_yield(2) and the like a thread may make that should come to rest,
/// or is waited for.
const CALLS: u64 = 20_000;

/// How long a thread may run on without a step that is counted. A net under the test, not a measurement:
/// it is there so that the lesson stands in the message, and not only "timed out".
pub(super) const NET: Duration = Duration::from_secs(20);

/// So often a thread that should come to rest may sleep by the clock before.
const NAPS: u64 = 50;

/// So often a thread that is waited for may sleep by the clock, while nothing else happens, before it
/// is said to get nowhere. A right one that tries again and again has its turn before.
pub(super) const NAPS_IN_VAIN: u64 = 500;

/// What each thread had done when they began to come to rest.
pub(super) struct Looks {
    statuses: Vec<Option<ThreadStatus>>,
    counts: Vec<Count>,
    began: Instant,
}

impl Looks {
    pub(super) fn begin(members: &[Member]) -> Self {
        let counts = members.iter().map(|member| member.steps.count()).collect();
        Self { statuses: statuses(members), counts, began: Instant::now() }
    }

    /// The name of a thread that has done too much since then for one that comes to rest.
    pub(super) fn restless(
        &self,
        members: &[Member],
        now: &[Option<ThreadStatus>],
        napping: &[usize],
    ) -> Option<String> {
        let too_much = |&index: &usize| {
            let count = members[index].steps.count();
            let before = self.counts.get(index).copied().unwrap_or_default();
            count.operations - before.operations > RESTLESS_OPERATIONS
                || count.calls - before.calls > CALLS
                || (napping.contains(&index) && self.sleeps(now, index) > NAPS)
        };
        let busiest = |&index: &usize| now[index].as_ref().map(|status| status.state == 'R');
        let overdue = self.began.elapsed() > NET;
        (0..members.len())
            .find(too_much)
            .or_else(|| (0..members.len()).filter(|_| overdue).max_by_key(busiest))
            .map(|index| members[index].name.clone())
    }

    /// How often a thread has gone to sleep since then.
    fn sleeps(&self, now: &[Option<ThreadStatus>], index: usize) -> u64 {
        let sleeps = |status: Option<&ThreadStatus>| status.map_or(0, |status| status.sleeps);
        let before = self.statuses.get(index).and_then(Option::as_ref);
        sleeps(now[index].as_ref()).saturating_sub(sleeps(before))
    }
}

/// Why a thread that is waited for does not end.
pub(super) enum Stuck {
    /// All threads are asleep, and none can wake another.
    Asleep,
    /// The named thread looks again and again.
    Spinning(String),
    /// The named thread sleeps by the clock, again and again; the others are asleep.
    Napping(String),
}

/// What threads did that sleep by the clock, since another one did something.
#[derive(Default)]
pub(super) struct Naps {
    /// The other threads.
    others: Vec<Option<ThreadStatus>>,
    /// How often each had gone to sleep, by its id, at the first look since then.
    since: HashMap<i32, u64>,
}

impl Naps {
    /// All threads are asleep, these by the clock. Returns the one that has been for too often.
    fn look(
        &mut self,
        now: &[Option<ThreadStatus>],
        members: &[Member],
        napping: &[usize],
    ) -> Option<usize> {
        let others = (0..now.len()).filter(|index| !napping.contains(index));
        let others: Vec<_> = others.map(|index| now[index].clone()).collect();
        if others != self.others {
            self.since.clear();
            self.others = others;
        }
        napping.iter().copied().find(|&index| {
            let sleeps = now[index].as_ref().map_or(0, |status| status.sleeps);
            let since = *self.since.entry(members[index].tid).or_insert(sleeps);
            sleeps > since + NAPS_IN_VAIN
        })
    }
}

/// Two looks at all threads; `None` if one of them ran in between, or will.
pub(super) fn look(members: &[Member], naps: &mut Naps) -> Option<Stuck> {
    let now = statuses(members);
    let spins = |member: &&Member| {
        let count = member.steps.count();
        count.operations > OPERATIONS || count.calls > CALLS
    };
    if let Some(member) = members.iter().find(spins) {
        return Some(Stuck::Spinning(member.name.clone()));
    }
    let napping = asleep(members, &now)?;
    if napping.is_empty() {
        return Some(Stuck::Asleep);
    }
    let in_vain = naps.look(&now, members, &napping)?;
    Some(Stuck::Napping(members[in_vain].name.clone()))
}
