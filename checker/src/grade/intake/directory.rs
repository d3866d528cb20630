//! A submission in a directory.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{Budget, Entries, Unreadable};
use crate::grade::taken::{Entry, FILE_SIZE};
use crate::{Error, files};

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
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                if relative.as_os_str().is_empty() {
                    let why = "its permissions forbid the grader to read it";
                    return Ok(Err(Unreadable(why.to_owned())));
                }
                entries.push((relative, Entry::Unreadable));
                continue;
            }
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
            } else if kind.is_symlink() {
                entries.push((path, Entry::Link));
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

/// A regular file's bytes, or what is in the way of them.
fn file(path: &Path) -> Result<Entry, Error> {
    match files::read_regular(path, FILE_SIZE) {
        Ok(Some(bytes)) => Ok(Entry::File(bytes)),
        Ok(None) => Ok(Entry::TooLarge),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(Entry::Unreadable),
        Err(error) => Err(Error::reading(path)(error)),
    }
}
