//! A lock on a file, which the kernel gives back when its holder dies.

use std::fs::{self, File};
use std::path::Path;

use crate::Error;
use crate::system::files;

/// A lock on a file, given back when it is dropped (flock(2); the kernel gives it back on a crash).
#[derive(Debug)]
pub struct Lock(File);

impl Drop for Lock {
    /// Closing would not do while a process that was just forked has the descriptor, too.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

impl Lock {
    /// Waits for the lock.
    pub fn take(path: &Path) -> Result<Self, Error> {
        let file = Self::open(path)?;
        file.lock().map_err(Error::writing(path))?;
        Ok(Self(file))
    }

    /// Takes the lock if nobody has it.
    pub fn try_take(path: &Path) -> Result<Option<Self>, Error> {
        let file = Self::open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(Error::writing(path)(error)),
        }
    }

    fn open(path: &Path) -> Result<File, Error> {
        if let Some(directory) = path.parent() {
            files::create_directory(directory)?;
        }
        files::create(path)
    }
}
