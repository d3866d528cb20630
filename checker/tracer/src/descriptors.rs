//! What a descriptor of a tracee leads to, by `/proc`.
//!
//! The kernel is asked each time, so nothing need be followed: whatever duplicated, passed on or
//! closed a descriptor, this is what is there now.

use std::collections::BTreeMap;
use std::path::Path;

use procfs::{descriptor, descriptor_numbers, open_flags};

/// The links of the pipes that the tracer itself holds, with the names of the standard streams.
pub(crate) type Streams = BTreeMap<String, &'static str>;

/// What descriptor `number` of task `tid` leads to: `pipe:[4711].r`, `stdout`, `file NAME`; `None` if
/// it is not open.
///
/// Pipes and sockets are named by their inodes here, which every run has others of.
pub(crate) fn what(tid: i32, number: i32, streams: &Streams) -> Option<String> {
    let link = descriptor(tid, number)?;
    if let Some(stream) = streams.get(&link) {
        return Some((*stream).to_owned());
    }
    if link.starts_with("pipe:[") {
        let end = match open_flags(tid, number)? & libc::O_ACCMODE {
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
    let with_what = |number| Some((number, what(tid, number, streams)?));
    descriptor_numbers(tid).into_iter().filter_map(with_what).collect()
}

/// Whether its close is worth telling.
pub(crate) fn is_told(what: &str) -> bool {
    what.starts_with("pipe:[")
        || what.starts_with("socket:[")
        || ["stdin", "stdout", "stderr", "eventfd", "timerfd"].contains(&what)
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
}
