//! A submission in a directory.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::archive::{Broken, Reading};
use super::names::{is_archive, is_passed_over, path_of};
use super::sink::{Kind, Sink};
use crate::Error;
use crate::system::files;

/// Deeper than any exercise lies.
const DEPTH: usize = 24;

impl Reading<'_> {
    /// Gives what lies below `root` to the sink, in order, each path below `prefix`. Links are named and not
    /// followed.
    pub(super) fn walk_directory(
        &self,
        root: &Path,
        prefix: &Path,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let mut open = vec![PathBuf::new()];
        while let Some(relative) = open.pop() {
            let Ok(listing) = listing(&root.join(&relative)) else {
                sink.wants(&prefix.join(&relative), &Kind::Closed);
                continue;
            };
            for (name, kind) in listing.into_iter().filter(|(name, _)| !is_passed_over(name)) {
                if self.stop.is_requested() {
                    return Err(Error::Interrupted);
                }
                let place = relative.join(&name);
                match kind {
                    None if place.components().count() < DEPTH => open.push(place),
                    None => {
                        sink.wants(&prefix.join(place), &Kind::Closed);
                    }
                    Some(kind) => self.file(root, prefix, &place, &kind, sink)?,
                }
            }
        }
        Ok(())
    }

    fn file(
        &self,
        root: &Path,
        prefix: &Path,
        place: &Path,
        kind: &Kind,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        // Where a zip of Windows was unpacked, names have backslashes in them.
        let path = prefix.join(path_of(place.as_os_str().as_bytes()));
        if *kind == Kind::File && is_archive(&path) {
            return if sink.opens(&path) {
                self.archive_in(&root.join(place), &path, sink)
            } else {
                Ok(())
            };
        }
        if !sink.wants(&path, kind) {
            return Ok(());
        }
        let kind = match files::open_regular(&root.join(place)) {
            Ok(Some(mut file)) => return sink.take(&path, Ok(&mut file)),
            // Somebody has put something else there since.
            Ok(None) => Kind::Other,
            Err(_) => Kind::Closed,
        };
        sink.wants(&path, &kind);
        Ok(())
    }

    /// Gives what is in an archive to the sink, and tells it if that cannot be done.
    pub(super) fn archive_in(
        &self,
        place: &Path,
        path: &Path,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        match self.archive(place, path, sink) {
            Err(Broken::Machine(error)) => Err(error),
            Err(Broken::Archive(why)) => {
                sink.closed(path, why);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Gives what is in an archive to the sink.
    pub(super) fn archive(
        &self,
        place: &Path,
        prefix: &Path,
        sink: &mut dyn Sink,
    ) -> Result<(), Broken> {
        // To open a FIFO would be to wait for its writer.
        let file = match fs::metadata(place) {
            Ok(metadata) if !metadata.is_file() => {
                return Err(Broken::Archive("it is no regular file".to_owned()));
            }
            metadata => metadata.and_then(|_| File::open(place)),
        };
        match file {
            Ok(file) => self.walk(&file, prefix, sink),
            Err(error) => Err(Broken::Archive(in_words(&error))),
        }
    }
}

/// What the system says, without the number of the error.
pub(super) fn in_words(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => "its permissions forbid the grader to read it".to_owned(),
        _ => error.to_string(),
    }
}

/// What lies in a directory, in order; a kind of `None` is a directory.
fn listing(directory: &Path) -> std::io::Result<Vec<(std::ffi::OsString, Option<Kind>)>> {
    let mut found = Vec::new();
    for item in fs::read_dir(directory)? {
        let item = item?;
        let kind = item.file_type()?;
        let kind = match () {
            () if kind.is_dir() => None,
            () if kind.is_file() => Some(Kind::File),
            () if kind.is_symlink() => Some(Kind::Link),
            () => Some(Kind::Other),
        };
        found.push((item.file_name(), kind));
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(found)
}
