//! proc_pid_status(5): a line for each field, `Name:` and the value.

use std::collections::BTreeMap;
use std::fs;

use crate::{thread_ids, thread_stat};

/// What tells whether a thread runs, sleeps or has ended, and whether it has run between two looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadStatus {
    /// The state letter of proc_pid_stat(5): `R` running, `S` asleep, `Z` zombie, and so on.
    pub state: char,
    /// How often the thread has left a CPU, of its own will or not.
    pub context_switches: u64,
    /// How often it has left one of its own will, which is to sleep.
    pub sleeps: u64,
}

/// The status of thread `tid` of process `pid`; `None` once it has ended.
pub fn thread_status(pid: i32, tid: i32) -> Option<ThreadStatus> {
    let state = thread_stat(pid, tid)?.state;
    let status = fs::read_to_string(format!("/proc/{pid}/task/{tid}/status")).ok()?;
    let count = |name: &str| field(&status, name)?.parse::<u64>().ok();
    let sleeps = count("voluntary_ctxt_switches:")?;
    let context_switches = sleeps + count("nonvoluntary_ctxt_switches:")?;
    Some(ThreadStatus { state, context_switches, sleeps })
}

/// The threads of process `pid` that have not ended, by their id.
pub fn threads(pid: i32) -> BTreeMap<i32, ThreadStatus> {
    let with_status = |tid| Some((tid, thread_status(pid, tid)?));
    thread_ids(pid).into_iter().filter_map(with_status).collect()
}

/// The field `name` (with its colon) of this process's status.
pub fn own_status_field(name: &str) -> Option<String> {
    field_of("/proc/self/status", name)
}

/// The field `name` (with its colon) of the status of thread `tid`.
pub fn status_field(tid: i32, name: &str) -> Option<String> {
    field_of(&format!("/proc/{tid}/status"), name)
}

fn field_of(file: &str, name: &str) -> Option<String> {
    field(&fs::read_to_string(file).ok()?, name).map(str::to_owned)
}

/// The value of the line that begins with `name`.
pub(crate) fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::parent_id;
    use std::sync::Barrier;
    use std::{process, thread};

    use super::*;

    #[test]
    fn every_thread_is_listed_while_it_lives() {
        let (pid, barrier) = (process::id() as i32, Barrier::new(2));
        let is_listed = |tid: &i32| thread_stat(pid, *tid).is_some_and(|it| it.name == "listed");
        thread::scope(|scope| {
            let body = || (barrier.wait(), barrier.wait());
            thread::Builder::new().name("listed".to_owned()).spawn_scoped(scope, body).unwrap();
            barrier.wait();
            let seen = threads(pid).keys().any(is_listed);
            barrier.wait();
            assert!(seen);
        });
        assert!(threads(i32::MAX).is_empty());
    }

    #[test]
    fn a_field_is_found_by_its_name() {
        assert_eq!(own_status_field("PPid:"), Some(parent_id().to_string()));
        assert_eq!(own_status_field("NoSuchField:"), None);
    }
}
