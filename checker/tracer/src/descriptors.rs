//! What a descriptor of a tracee leads to, by `/proc`.
//!
//! The kernel is asked each time, so nothing need be followed: whatever duplicated, passed on or
//! closed a descriptor, this is what is there now.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The links of the pipes that the tracer itself holds, with the names of the standard streams.
pub(crate) type Streams = BTreeMap<String, &'static str>;

/// What descriptor `number` of task `tid` leads to: `pipe:[4711].r`, `stdout`, `file NAME`; `None` if
/// it is not open.
///
/// Pipes and sockets are named by their inodes here, which every run has others of.
pub(crate) fn what(tid: i32, number: i32, streams: &Streams) -> Option<String> {
    let link = fs::read_link(format!("/proc/{tid}/fd/{number}")).ok()?;
    let link = link.to_string_lossy();
    if let Some(stream) = streams.get(&*link) {
        return Some((*stream).to_owned());
    }
    if link.starts_with("pipe:[") {
        let end = match mode(tid, number)? {
            libc::O_RDONLY => ".r",
            libc::O_WRONLY => ".w",
            _ => "",
        };
        return Some(format!("{link}{end}"));
    }
    Some(name(&link))
}

/// Every descriptor of task `tid` that is open, with what it leads to.
pub(crate) fn all(tid: i32, streams: &Streams) -> Vec<(i32, String)> {
    let entries = fs::read_dir(format!("/proc/{tid}/fd")).into_iter().flatten().flatten();
    let mut numbers: Vec<i32> =
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    let with_what = |number| Some((number, what(tid, number, streams)?));
    numbers.into_iter().filter_map(with_what).collect()
}

/// Whether its close is worth telling.
pub(crate) fn is_told(what: &str) -> bool {
    what.starts_with("pipe:[")
        || what.starts_with("socket:[")
        || ["stdin", "stdout", "stderr"].contains(&what)
}

/// The mode that a descriptor was opened with: the `flags` of proc_pid_fdinfo(5), in octal.
fn mode(tid: i32, number: i32) -> Option<i32> {
    let flags = field(tid, number, "flags:")?;
    Some(i32::from_str_radix(&flags, 8).ok()? & libc::O_ACCMODE)
}

/// The process that a pidfd stands for (pidfd_open(2)).
pub(crate) fn pidfd_target(tid: i32, number: i32) -> Option<i32> {
    field(tid, number, "Pid:")?.parse().ok()
}

/// The parent of task `tid` (proc_pid_stat(5)).
pub(crate) fn parent(tid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{tid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(1)?.parse().ok()
}

fn field(tid: i32, number: i32, name: &str) -> Option<String> {
    let fdinfo = fs::read_to_string(format!("/proc/{tid}/fdinfo/{number}")).ok()?;
    let line = fdinfo.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().to_owned())
}

fn name(link: &str) -> String {
    let link = link.trim_end_matches(" (deleted)");
    if let Some(name) = link.strip_prefix("/memfd:") {
        return format!("memfd {name}");
    }
    if let Some(kind) = link.strip_prefix("anon_inode:") {
        return kind.trim_matches(['[', ']']).to_owned();
    }
    if link.starts_with("/dev/") || !link.starts_with('/') {
        return link.to_owned();
    }
    let name = Path::new(link).file_name().unwrap_or_default();
    format!("file {}", name.to_string_lossy())
}

/// Reads memory of task `tid`: as many bytes as are there, at most as many as fit.
pub(crate) fn read_memory(tid: i32, address: u64, buffer: &mut [u8]) -> usize {
    let Ok(memory) = fs::File::open(format!("/proc/{tid}/mem")) else { return 0 };
    memory.read_at(buffer, address).unwrap_or(0)
}

/// A number of the tracee's memory.
pub(crate) fn read_u64(tid: i32, address: u64) -> Option<u64> {
    let mut bytes = [0; 8];
    (address != 0 && read_memory(tid, address, &mut bytes) == 8).then(|| u64::from_le_bytes(bytes))
}

/// A number of the tracee's memory.
pub(crate) fn read_i32(tid: i32, address: u64) -> Option<i32> {
    let mut bytes = [0; 4];
    (address != 0 && read_memory(tid, address, &mut bytes) == 4).then(|| i32::from_le_bytes(bytes))
}

/// A text of the tracee's memory that ends with NUL.
pub(crate) fn read_text(tid: i32, address: u64) -> Option<String> {
    let mut buffer = vec![0; libc::PATH_MAX as usize];
    // What lies behind the page of the address may not be mapped: then less is read.
    let count = read_memory(tid, address, &mut buffer);
    let end = buffer[..count].iter().position(|byte| *byte == 0)?;
    Some(String::from_utf8_lossy(&buffer[..end]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_lose_their_directory_and_memfds_their_disguise() {
        assert_eq!(name("/tmp/x/out.txt"), "file out.txt");
        assert_eq!(name("/memfd:shared (deleted)"), "memfd shared");
        assert_eq!(name("anon_inode:[eventfd]"), "eventfd");
        assert_eq!(name("/dev/null"), "/dev/null");
    }

    #[test]
    fn the_ends_of_a_pipe_differ() {
        let (reader, writer) = std::io::pipe().unwrap();
        let of = |number| what(std::process::id() as i32, number, &Streams::new()).unwrap();
        let (read, write) = {
            use std::os::fd::AsRawFd;
            (of(reader.as_raw_fd()), of(writer.as_raw_fd()))
        };
        assert_eq!(read.strip_suffix(".r").unwrap(), write.strip_suffix(".w").unwrap());
    }

    #[test]
    fn memory_is_read() {
        let text = c"a text";
        let this = std::process::id() as i32;
        assert_eq!(read_text(this, text.as_ptr() as u64).as_deref(), Some("a text"));
        assert_eq!(read_u64(this, 0), None);
    }
}
