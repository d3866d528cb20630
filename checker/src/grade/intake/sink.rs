//! Where the entries of directories and archives go, whatever they are read from.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::Error;

/// What an entry is, directories aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// In an archive, a hard link to another entry.
    HardLink(PathBuf),
    /// A FIFO, a device.
    Other,
    /// A directory or a file that may not be read.
    Closed,
}

/// Someone who is told of every entry. An archive in an archive is told of as a directory.
pub(super) trait Sink {
    /// An entry; whether its content is to be given to `take`, of a regular file only.
    fn wants(&mut self, path: &Path, kind: &Kind) -> bool;
    /// An archive; whether it is to be read.
    fn opens(&mut self, path: &Path) -> bool;
    /// What is in a regular file, or why its archive does not give it. An error is the machine's.
    fn take(&mut self, path: &Path, content: Result<&mut dyn Read, String>) -> Result<(), Error>;
    /// An archive that cannot be read to its end.
    fn closed(&mut self, path: &Path, why: String);
}

/// Keeps the paths only.
#[derive(Debug, Default)]
pub(super) struct Names(pub(super) BTreeSet<PathBuf>);

impl Sink for Names {
    fn wants(&mut self, path: &Path, _: &Kind) -> bool {
        self.0.insert(path.to_owned());
        false
    }

    fn opens(&mut self, path: &Path) -> bool {
        self.0.insert(path.to_owned());
        false
    }

    fn take(&mut self, _: &Path, _: Result<&mut dyn Read, String>) -> Result<(), Error> {
        Ok(())
    }

    fn closed(&mut self, _: &Path, _: String) {}
}
