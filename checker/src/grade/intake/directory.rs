//! A submission in a directory.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use super::{Budget, Entries, Unreadable};
use crate::Error;
use crate::grade::taken::{Entry, FILE_SIZE};

/// Deeper than any exercise lies.
const DEPTH: usize = 16;

/// The regular files below `root`; links are noted and not followed, hidden directories and `target`
/// passed over.
pub(super) fn read(root: &Path) -> Result<Result<Entries, Unreadable>, Error> {
    let mut budget = Budget::default();
    let mut entries = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(relative) = open.pop() {
        let directory = root.join(&relative);
        let listing = match fs::read_dir(&directory) {
            // What a student may not read either is not there.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => continue,
            listing => listing.map_err(Error::reading(&directory))?,
        };
        for item in listing {
            let item = item.map_err(Error::reading(&directory))?;
            if let Err(unreadable) = budget.entry() {
                return Ok(Err(unreadable));
            }
            let path = relative.join(item.file_name());
            let kind = item.file_type().map_err(Error::reading(&item.path()))?;
            if kind.is_dir() {
                let name = item.file_name();
                let is_passed_over = name.as_encoded_bytes().starts_with(b".") || name == "target";
                if !is_passed_over && path.components().count() < DEPTH {
                    open.push(path);
                }
            } else if !kind.is_file() {
                entries.push((path, Entry::NotRegular));
            } else if path.extension().is_some_and(|it| it == "rs" || it == "toml" || it == "snap")
            {
                let entry = file(&item.path())?;
                if let Entry::File(bytes) = &entry
                    && let Err(unreadable) = budget.bytes(bytes.len())
                {
                    return Ok(Err(unreadable));
                }
                entries.push((path, entry));
            }
        }
    }
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(Ok(entries))
}

/// Opened so that a link is refused and a FIFO does not block, even if one has taken the file's place.
fn file(path: &Path) -> Result<Entry, Error> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = match OpenOptions::new().read(true).custom_flags(flags.bits()).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(Entry::NotRegular),
        Err(error) => return Err(Error::reading(path)(error)),
    };
    if !file.metadata().map_err(Error::reading(path))?.is_file() {
        return Ok(Entry::NotRegular);
    }
    let mut bytes = Vec::new();
    file.take(FILE_SIZE + 1).read_to_end(&mut bytes).map_err(Error::reading(path))?;
    Ok(if bytes.len() as u64 > FILE_SIZE { Entry::TooLarge } else { Entry::File(bytes) })
}
