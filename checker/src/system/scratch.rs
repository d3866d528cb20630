//! Directories for what runs write, below the system's directory for temporary files.
//!
//! Each is locked (flock(2)) as long as its run goes on. The kernel gives the lock back when the
//! checker dies, however it does: what is there and can be locked is left over, and the next checker
//! removes it.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::fcntl::OFlag;
use nix::unistd::geteuid;

use crate::Error;
use crate::system::files;

const PREFIX: &str = "shopfloor-run-";

/// A directory for the files of one run; gone with everything in it when the run is over.
pub struct Scratch {
    path: PathBuf,
    _lock: File,
}

impl Scratch {
    /// An empty directory.
    pub fn new() -> Result<Self, Error> {
        static SWEEP: Once = Once::new();
        let parent = temporary()?;
        SWEEP.call_once(|| remove_what_is_left_over(&parent));
        Self::within(&parent)
    }

    fn within(parent: &Path) -> Result<Self, Error> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("{PREFIX}{}-{count}", std::process::id()));
            match fs::create_dir(&path) {
                // Of a checker that had this process's number, here or in another container.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                created => created.map_err(Error::writing(&path))?,
            }
            match locked(&path) {
                // Before it is locked, another checker may take it for left over.
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotFound) => {}
                lock => return Ok(Self { _lock: lock.map_err(Error::writing(&path))?, path }),
            }
        }
    }

    /// A directory of its own for one program of the run. Its name is random: the program knows it, and
    /// must not learn from it which of the programs it is.
    pub fn directory(&self) -> Result<PathBuf, Error> {
        let path = self.path.join(files::token()?);
        fs::create_dir(&path).map_err(Error::writing(&path))?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The system's directory for temporary files: an absolute path, because programs have another working
/// directory.
pub fn temporary() -> Result<PathBuf, Error> {
    let named = std::env::var_os("TMPDIR").filter(|path| !path.is_empty());
    let path = named.map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
    let path = std::path::absolute(&path).map_err(Error::reading(&path))?;
    if path.is_dir() {
        Ok(path)
    } else {
        Err(Error::Format {
            path,
            problem: "there is no such directory, and what programs write for a while goes there"
                .to_owned(),
            remedy: "Set TMPDIR to a directory that can be written, or unset it for /tmp."
                .to_owned(),
        })
    }
}

/// Locks a directory of this user. Fails with `WouldBlock` if it is locked, `NotFound` if it is gone.
fn locked(path: &Path) -> io::Result<File> {
    let no_link = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW;
    let directory = File::options().read(true).custom_flags(no_link.bits()).open(path)?;
    let opened = directory.metadata()?;
    if opened.uid() != geteuid().as_raw() {
        return Err(ErrorKind::PermissionDenied.into());
    }
    directory.try_lock()?;
    // Whoever had the lock before may have removed what it stands for.
    if fs::symlink_metadata(path)?.ino() == opened.ino() {
        Ok(directory)
    } else {
        Err(ErrorKind::NotFound.into())
    }
}

fn remove_what_is_left_over(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    for path in ours.map(|entry| entry.path()) {
        if let Ok(_lock) = locked(&path) {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_uses_stays_and_what_is_left_over_goes() {
        let parent = tempfile::tempdir().unwrap();
        let used = Scratch::within(parent.path()).unwrap();
        let file = used.directory().unwrap().join("log");
        fs::write(&file, "").unwrap();
        let left_over = parent.path().join("shopfloor-run-1-0/0");
        let foreign = parent.path().join("shopfloor-results");
        fs::create_dir_all(&left_over).unwrap();
        fs::create_dir(&foreign).unwrap();
        remove_what_is_left_over(parent.path());
        assert!(file.exists());
        assert!(foreign.exists());
        assert!(!parent.path().join("shopfloor-run-1-0").exists());
        drop(used);
        assert!(!file.exists());
    }

    #[test]
    fn a_link_of_that_name_is_not_followed() {
        let parent = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), parent.path().join("shopfloor-run-1-0"))
            .unwrap();
        remove_what_is_left_over(parent.path());
        assert!(elsewhere.path().exists());
    }
}
