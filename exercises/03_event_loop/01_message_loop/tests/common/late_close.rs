//! A close that comes late: whoever closes a descriptor of a watched file waits first until all other threads of
//! this process rest.
//!
//! So whatever can happen before the close does happen before it, each time. The linker takes this `close` instead
//! of the C library's, in this program only.

#![allow(unsafe_code)]

use std::fs::metadata;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, PoisonError};

use testkit::between::libc;

use super::common::await_rest;

/// The watched files, as device and inode: a duplicate of a descriptor leads to the same.
static WATCHED: Mutex<Vec<(u64, u64)>> = Mutex::new(Vec::new());

/// A file whose closes come late.
#[derive(Debug, Clone, Copy)]
pub struct Watched((u64, u64));

impl Watched {
    /// From now on.
    pub fn new(fd: &impl AsRawFd) -> Self {
        let file = file_of(fd.as_raw_fd()).expect("an open descriptor leads to a file");
        WATCHED.lock().unwrap_or_else(PoisonError::into_inner).push(file);
        Self(file)
    }

    /// Whether a descriptor of this process leads to it.
    pub fn is_open(self) -> bool {
        let numbers = testkit::procfs::own_descriptor_numbers().into_iter();
        numbers.filter_map(file_of).any(|file| file == self.0)
    }
}

fn file_of(fd: RawFd) -> Option<(u64, u64)> {
    let file = metadata(format!("/proc/self/fd/{fd}")).ok()?;
    Some((file.dev(), file.ino()))
}

/// close(2), late if the file is watched.
///
/// # Safety
///
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn close(fd: RawFd) -> i32 {
    let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    // What is done here closes files of /proc, and they are not watched.
    if !watched.is_empty() && file_of(fd).is_some_and(|file| watched.contains(&file)) {
        await_rest();
    }
    // SAFETY: the caller's promise is what close(2) asks for.
    unsafe { libc::syscall(libc::SYS_close, fd) as i32 }
}
