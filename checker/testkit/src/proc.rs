//! What the kernel says of processes and threads: a small reader of `/proc` (proc(5)).

use std::collections::BTreeMap;
use std::fs;
use std::io;

/// The part of `/proc/PID/task/TID` that tells whether a thread runs, sleeps or has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadStatus {
    /// The state letter of proc_pid_stat(5): `R` running, `S` asleep, `Z` zombie, and so on.
    pub state: char,
    /// How often the thread has left a CPU, of its own will or not.
    pub context_switches: u64,
    /// Clock ticks (1/100 s on Linux) that it has used.
    pub cpu_ticks: u64,
}

/// The status of thread `tid` of process `pid`; `None` once it has ended.
pub fn thread_status(pid: i32, tid: i32) -> Option<ThreadStatus> {
    let directory = format!("/proc/{pid}/task/{tid}");
    let stat = fs::read_to_string(format!("{directory}/stat")).ok()?;
    let status = fs::read_to_string(format!("{directory}/status")).ok()?;
    let fields = fields_after_name(&stat)?;
    let context_switches = status
        .lines()
        .filter_map(|line| line.split_once("ctxt_switches:"))
        .filter_map(|(_, count)| count.trim().parse::<u64>().ok())
        .sum();
    // Counted from the state, which is field 3 of proc_pid_stat(5): utime is 14, stime 15.
    let ticks = |index: usize| fields.get(index).and_then(|f| f.parse::<u64>().ok());
    Some(ThreadStatus {
        state: fields.first()?.chars().next()?,
        context_switches,
        cpu_ticks: ticks(11)? + ticks(12)?,
    })
}

/// The threads of process `pid` that have not ended, by their id.
pub fn threads(pid: i32) -> BTreeMap<i32, ThreadStatus> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks
        .filter_map(|task| task.file_name().to_string_lossy().parse().ok())
        .filter_map(|tid| Some((tid, thread_status(pid, tid)?)))
        .collect()
}

/// The state letter of process `pid`; `None` if there is no such process.
pub fn process_state(pid: i32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    fields_after_name(&stat)?.first()?.chars().next()
}

/// The open descriptors of process `pid`, each with what it leads to (`pipe:[4711]`, a path).
pub fn open_descriptors(pid: i32) -> io::Result<BTreeMap<i32, String>> {
    let mut descriptors = BTreeMap::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        let entry = entry?;
        // A descriptor that is closed between the listing and the look is none.
        let Ok(target) = fs::read_link(entry.path()) else {
            continue;
        };
        if let Ok(number) = entry.file_name().to_string_lossy().parse() {
            descriptors.insert(number, target.to_string_lossy().into_owned());
        }
    }
    Ok(descriptors)
}

/// The fields behind the parenthesised name, which itself may hold spaces and parentheses.
pub(crate) fn fields_after_name(stat: &str) -> Option<Vec<&str>> {
    let (_, fields) = stat.rsplit_once(')')?;
    Some(fields.split_whitespace().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_thread_runs() {
        let pid = nix::unistd::getpid().as_raw();
        let status = thread_status(pid, nix::unistd::gettid().as_raw()).unwrap();
        assert_eq!(status.state, 'R');
    }

    #[test]
    fn every_thread_is_listed_while_it_lives() {
        let (pid, barrier) = (nix::unistd::getpid().as_raw(), std::sync::Barrier::new(2));
        std::thread::scope(|scope| {
            let (send, tid) = std::sync::mpsc::channel();
            scope.spawn({
                let barrier = &barrier;
                move || {
                    send.send(nix::unistd::gettid().as_raw()).unwrap();
                    barrier.wait();
                }
            });
            assert!(threads(pid).contains_key(&tid.recv().unwrap()));
            barrier.wait();
        });
        assert!(threads(i32::MAX).is_empty());
    }

    #[test]
    fn a_name_with_a_parenthesis_is_skipped() {
        assert_eq!(fields_after_name("7 (a) b) S 1 2").unwrap(), ["S", "1", "2"]);
    }

    #[test]
    fn stdin_is_an_open_descriptor() {
        assert!(open_descriptors(nix::unistd::getpid().as_raw()).unwrap().contains_key(&0));
    }

    #[test]
    fn no_such_process_has_no_state() {
        assert_eq!(process_state(i32::MAX), None);
    }
}
