//! What the kernel tells of processes and threads in `/proc` (proc(5)).
//!
//! A process may end between any two reads, so nearly everything here is an `Option`: `None` says that
//! there is no such process, thread or descriptor any more.
//!
//! The crate of the same name on crates.io knows far more, and takes seven seconds of a learner's first
//! build. This one depends on a table of system calls only.

mod descriptors;
mod stat;
mod status;
mod syscall;

pub use descriptors::{
    EpollTarget, descriptor, descriptor_numbers, epoll_targets, open_descriptors, open_flags,
    own_descriptor_numbers, process_of_pidfd,
};
pub use stat::{Stat, process_stat, process_state, thread_stat};
pub use status::{ThreadStatus, own_status_field, status_field, thread_status, threads};
pub use syscall::{Activity, Syscall, syscall_name, syscall_number, thread_activity};

use std::fs;
use std::path::Path;

/// The ids of all processes that this one can see, in order.
pub fn process_ids() -> Vec<i32> {
    numbered_entries(Path::new("/proc"))
}

/// The ids of the threads of process `pid`, in order; none once it has ended.
pub fn thread_ids(pid: i32) -> Vec<i32> {
    numbered_entries(format!("/proc/{pid}/task").as_ref())
}

/// The children of all threads of process `pid`, ended or not (proc_tid_children(5)).
pub fn child_ids(pid: i32) -> Vec<i32> {
    let lists = thread_ids(pid)
        .into_iter()
        .filter_map(|tid| fs::read_to_string(format!("/proc/{pid}/task/{tid}/children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().flat_map(str::parse).collect::<Vec<_>>())
        .collect()
}

/// The command line of process `pid`: empty for a zombie (proc_pid_cmdline(5)).
pub fn command_line(pid: i32) -> Vec<String> {
    let text = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    if text.is_empty() {
        return Vec::new();
    }
    let words = text.strip_suffix(b"\0").unwrap_or(&text).split(|byte| *byte == 0);
    words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// The entries of a directory whose names are numbers.
fn numbered_entries(directory: &Path) -> Vec<i32> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut numbers: Vec<i32> =
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_listed_with_its_command_line() {
        let pid = std::process::id() as i32;
        assert!(process_ids().contains(&pid));
        assert!(thread_ids(pid).contains(&pid));
        assert_eq!(command_line(pid), std::env::args().collect::<Vec<_>>());
    }

    #[test]
    fn a_process_that_is_not_there_has_nothing() {
        assert!(thread_ids(i32::MAX).is_empty());
        assert!(command_line(i32::MAX).is_empty());
    }
}
