//! Open descriptors: proc_pid_fd(5) and proc_pid_fdinfo(5).

use std::collections::BTreeMap;
use std::{fs, io};

use crate::status::field;

/// The numbers of the open descriptors of process `pid`, in order.
pub fn descriptor_numbers(pid: i32) -> Vec<i32> {
    crate::numbered_entries(format!("/proc/{pid}/fd").as_ref())
}

/// The numbers of the open descriptors of this process, in order; one is of the listing itself.
pub fn own_descriptor_numbers() -> Vec<i32> {
    crate::numbered_entries("/proc/self/fd".as_ref())
}

/// What descriptor `number` of process `pid` leads to: `pipe:[4711]`, a path.
pub fn descriptor(pid: i32, number: i32) -> Option<String> {
    let target = fs::read_link(format!("/proc/{pid}/fd/{number}")).ok()?;
    Some(target.to_string_lossy().into_owned())
}

/// The open descriptors of process `pid`, each with what it leads to (`pipe:[4711]`, a path).
///
/// # Errors
///
/// The process has ended, or is another user's.
pub fn open_descriptors(pid: i32) -> io::Result<BTreeMap<i32, String>> {
    fs::read_dir(format!("/proc/{pid}/fd"))?;
    // A descriptor may be closed between the listing and the look.
    let with_target = |number| Some((number, descriptor(pid, number)?));
    Ok(descriptor_numbers(pid).into_iter().filter_map(with_target).collect())
}

/// The flags that a descriptor was opened with, open(2): the access mode is among them.
pub fn open_flags(pid: i32, number: i32) -> Option<i32> {
    // In octal.
    i32::from_str_radix(&info_field(pid, number, "flags:")?, 8).ok()
}

/// The process that a pidfd stands for (pidfd_open(2)).
pub fn process_of_pidfd(pid: i32, number: i32) -> Option<i32> {
    info_field(pid, number, "Pid:")?.parse().ok()
}

/// A descriptor that an epoll instance watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpollTarget {
    /// Its number.
    pub number: i32,
    /// The data that its events carry (epoll_ctl(2)).
    pub data: u64,
}

/// What epoll instance `number` of process `pid` watches (proc_pid_fdinfo(5)); nothing if it is none.
pub fn epoll_targets(pid: i32, number: i32) -> Vec<EpollTarget> {
    let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}")).unwrap_or_default();
    let target = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let behind = |name| words.iter().skip_while(|word| **word != name).nth(1);
        let data = u64::from_str_radix(behind("data:")?, 16).ok()?;
        Some(EpollTarget { number: behind("tfd:")?.parse().ok()?, data })
    };
    info.lines().filter(|line| line.starts_with("tfd:")).filter_map(target).collect()
}

fn info_field(pid: i32, number: i32, name: &str) -> Option<String> {
    let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}")).ok()?;
    field(&info, name).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn the_ends_of_a_pipe_are_one_file_opened_in_two_ways() {
        const WRITE_ONLY: i32 = 1;
        let (reader, writer) = io::pipe().unwrap();
        let pid = std::process::id() as i32;
        let open = open_descriptors(pid).unwrap();
        assert!(open[&reader.as_raw_fd()].starts_with("pipe:["));
        assert_eq!(open[&reader.as_raw_fd()], open[&writer.as_raw_fd()]);
        let may_write = |fd: i32| open_flags(pid, fd).unwrap() & WRITE_ONLY;
        assert_eq!((may_write(reader.as_raw_fd()), may_write(writer.as_raw_fd())), (0, 1));
    }

    #[test]
    fn what_an_epoll_instance_watches_is_listed_with_its_data() {
        use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).unwrap();
        let (reader, _writer) = std::io::pipe().unwrap();
        epoll.add(&reader, EpollEvent::new(EpollFlags::EPOLLIN, 0xABCD)).unwrap();
        let target = EpollTarget { number: reader.as_raw_fd(), data: 0xABCD };
        let this = std::process::id() as i32;
        assert_eq!(epoll_targets(this, epoll.0.as_raw_fd()), [target]);
        assert_eq!(epoll_targets(this, reader.as_raw_fd()), []);
    }

    #[test]
    fn no_such_process_is_an_error_and_no_such_descriptor_is_none() {
        assert!(open_descriptors(i32::MAX).is_err());
        assert_eq!(descriptor(std::process::id() as i32, i32::MAX), None);
    }
}
