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
    /// How often it has left one of its own will, which is to sleep.
    pub sleeps: u64,
}

/// The status of thread `tid` of process `pid`; `None` once it has ended.
pub fn thread_status(pid: i32, tid: i32) -> Option<ThreadStatus> {
    let directory = format!("/proc/{pid}/task/{tid}");
    let stat = fs::read_to_string(format!("{directory}/stat")).ok()?;
    let status = fs::read_to_string(format!("{directory}/status")).ok()?;
    let fields = fields_after_name(&stat)?;
    let count = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().parse::<u64>().ok()
    };
    let sleeps = count("voluntary_ctxt_switches:")?;
    Some(ThreadStatus {
        state: fields.first()?.chars().next()?,
        context_switches: sleeps + count("nonvoluntary_ctxt_switches:")?,
        sleeps,
    })
}

/// What a thread that looks asleep sleeps for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sleep {
    /// Something that another thread or process does.
    UntilWoken,
    /// Some time, at most.
    ByTheClock,
    /// The kernel will not tell: neither for what, nor whether it sleeps at all.
    Untold,
}

/// What thread `tid` of process `pid` sleeps for; `None` if it does not sleep.
///
/// The state in proc_pid_stat(5) says "asleep" as soon as a thread sets out to sleep, and it may
/// think better of it: wait4(2) with `WNOHANG` does so each time. This answer is of a thread that has
/// left its CPU.
///
/// A wait for descriptors is not by the clock, but for ppoll(2) without any: what is ready may come any
/// time.
pub fn sleep(pid: i32, tid: i32) -> Option<Sleep> {
    match fs::read_to_string(format!("/proc/{pid}/task/{tid}/syscall")) {
        Ok(call) => sleep_in(&call),
        Err(_) => Some(Sleep::Untold),
    }
}

/// The same of a line of proc_pid_syscall(5): the call's number, and its arguments in hexadecimal.
fn sleep_in(call: &str) -> Option<Sleep> {
    let mut words = call.split_whitespace();
    // Instead of a number, "running" for a thread that does.
    let number: i64 = words.next()?.parse().ok()?;
    let arguments: Vec<u64> =
        words.map_while(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()).collect();
    let argument = |index: usize| arguments.get(index).copied().unwrap_or(0);
    let by_the_clock = match number {
        libc::SYS_nanosleep | libc::SYS_clock_nanosleep => true,
        // The other operations of futex(2) that sleep are not used by locks of the standard library.
        libc::SYS_futex => {
            let operation = argument(1) as i32 & libc::FUTEX_CMD_MASK;
            [libc::FUTEX_WAIT, libc::FUTEX_WAIT_BITSET].contains(&operation) && argument(3) != 0
        }
        libc::SYS_ppoll => argument(1) == 0 && argument(2) != 0,
        _ => false,
    };
    Some(if by_the_clock { Sleep::ByTheClock } else { Sleep::UntilWoken })
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
    fn a_wait_with_a_timeout_is_by_the_clock() {
        let futex = libc::SYS_futex;
        let (by_the_clock, until_woken) = (Some(Sleep::ByTheClock), Some(Sleep::UntilWoken));
        for (call, sleep) in [
            (
                format!(
                    "{} 0x0 0x0 0x7f10 0x7f10 0x0 0x0 0x7ffc 0x7f00",
                    libc::SYS_clock_nanosleep
                ),
                by_the_clock,
            ),
            (format!("{futex} 0x7f10 0x89 0x2 0x7f20 0x0 0xffffffff 0x7ffc 0x7f00"), by_the_clock),
            (format!("{futex} 0x7f10 0x89 0x2 0x0 0x0 0xffffffff 0x7ffc 0x7f00"), until_woken),
            (format!("{futex} 0x7f10 0x81 0x1 0x7f20 0x0 0x0 0x7ffc 0x7f00"), until_woken),
            (
                format!("{} 0x7f10 0x0 0x7f20 0x0 0x8 0x0 0x7ffc 0x7f00", libc::SYS_ppoll),
                by_the_clock,
            ),
            (
                format!("{} 0x7f10 0x1 0x7f20 0x0 0x8 0x0 0x7ffc 0x7f00", libc::SYS_ppoll),
                until_woken,
            ),
            ("running".to_owned(), None),
            ("-1 0x7ffc 0x7f00".to_owned(), until_woken),
        ] {
            assert_eq!(sleep_in(&call), sleep, "{call}");
        }
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
