//! Files: read whole, written atomically, listed in order.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::{Error, fingerprint};

/// The text of a file; bytes that are not UTF-8 are an error that names it.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(Error::reading(path))
}

/// The text of a file, or `None` if there is no such file.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::reading(path)(error)),
    }
}

/// The bytes of a file that a stranger may have put there: `None` if it is not a regular file of at
/// most `size` bytes. A link is not followed, and a FIFO does not block.
pub(crate) fn read_regular(path: &Path, size: u64) -> std::io::Result<Option<Vec<u8>>> {
    let Some(file) = open_regular(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(size + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= size).then_some(bytes))
}

/// A file that a stranger may have put there: `None` if it is not a regular one.
pub(crate) fn open_regular(path: &Path) -> std::io::Result<Option<fs::File>> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = match fs::OpenOptions::new().read(true).custom_flags(flags.bits()).open(path) {
        // ELOOP: it is a link (open(2)). ENXIO: a socket, or a device without a driver.
        Err(error) if error.raw_os_error().is_some_and(is_not_regular) => return Ok(None),
        file => file?,
    };
    Ok(file.metadata()?.is_file().then_some(file))
}

fn is_not_regular(errno: i32) -> bool {
    [Errno::ELOOP, Errno::ENXIO].contains(&Errno::from_raw(errno))
}

/// Writes a file so that a reader sees the old text or the new one, and a crash leaves one of them.
pub(crate) fn write_atomically(path: &Path, text: &str) -> Result<(), Error> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(Error::writing(directory))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = directory.join(format!(".{name}.{}.tmp", std::process::id()));
    let result = write_and_sync(&temporary, text).and_then(|()| fs::rename(&temporary, path));
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    result.map_err(Error::writing(path))
}

fn write_and_sync(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Adds text to the end of a file, which need not be there yet.
pub(crate) fn append(path: &Path, text: &str) -> Result<(), Error> {
    let file = fs::OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(Error::writing(path))
}

/// Random letters that fit in an identifier, and that nobody guesses.
pub(crate) fn token() -> Result<String, Error> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0; 16];
    let mut file = fs::File::open(source).map_err(Error::reading(source))?;
    file.read_exact(&mut bytes).map_err(Error::reading(source))?;
    Ok(fingerprint::hex(&bytes))
}

/// An error if fewer than so many MiB are free where this directory lies.
pub(crate) fn room(directory: &Path, needed_mib: u64) -> Result<(), Error> {
    let read = |errno: Errno| Error::reading(directory)(errno.into());
    let space = nix::sys::statvfs::statvfs(directory).map_err(read)?;
    let free_mib = (space.blocks_available() * space.fragment_size()) >> 20;
    // Some file systems have no table of inodes and count none.
    let has_names = space.files() == 0 || space.files_available() > 0;
    match free_mib >= needed_mib && has_names {
        true => Ok(()),
        false => Err(Error::NoRoom { path: directory.to_owned(), free_mib, needed_mib }),
    }
}

/// Removes a directory with all that is in it; one that is not there is none to remove.
pub(crate) fn remove_directory(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::writing(path)(error))
        }
        _ => Ok(()),
    }
}

/// Removes a file; one that is not there is none to remove.
#[cfg(feature = "grade")]
pub(crate) fn remove_if_there(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::writing(path)(error))
        }
        _ => Ok(()),
    }
}

/// Writes a file only where its text differs, so that an unchanged file keeps its time.
pub(crate) fn write_if_different(path: &Path, text: &str) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(Error::writing(directory))?;
    fs::write(path, text).map_err(Error::writing(path))
}

/// The regular files below `directory`, relative to it, in order; none if it does not exist.
///
/// Links are not followed; hidden entries and `target` are passed over.
pub(crate) fn files_below(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    collect(directory, Path::new(""), &mut found)?;
    found.sort();
    Ok(found)
}

fn collect(root: &Path, relative: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let directory = root.join(relative);
    let entries = match fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::reading(&directory)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(Error::reading(&directory))?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with('.') || name == "target" {
            continue;
        }
        let kind = entry.file_type().map_err(Error::reading(&directory))?;
        let path = relative.join(name);
        if kind.is_dir() {
            collect(root, &path, found)?;
        } else if kind.is_file() {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_left_is_read_only_if_it_is_a_small_regular_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("file"), "text").unwrap();
        std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
        nix::unistd::mkfifo(&path("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(read_regular(&path("file"), 4).unwrap().as_deref(), Some(b"text".as_slice()));
        assert_eq!(read_regular(&path("file"), 3).unwrap(), None);
        assert_eq!(read_regular(&path("link"), 4).unwrap(), None);
        assert_eq!(read_regular(&path("fifo"), 4).unwrap(), None);
        assert!(read_regular(&path("none"), 4).is_err());
    }
}
