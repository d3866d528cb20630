//! Files: read whole, written atomically, listed in order.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::Error;
use crate::system::hash;

/// The text of a file, [plain]; bytes that are not UTF-8 are an error that names it.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map(plain).map_err(Error::reading(path))
}

/// The text of a file, [plain], or `None` if there is no such file.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(plain(text))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::reading(path)(error)),
    }
}

/// A text without what editors and git make of it on Windows: CR before LF, and a byte order mark.
///
/// The compiler takes both for the same text, string literals included.
pub(crate) fn plain(text: String) -> String {
    if text.starts_with(BYTE_ORDER_MARK) || text.contains("\r\n") {
        text.trim_start_matches(BYTE_ORDER_MARK).replace("\r\n", "\n")
    } else {
        text
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// As [`plain`], of bytes that may be no text.
pub(crate) fn plain_bytes(bytes: Vec<u8>) -> Vec<u8> {
    String::from_utf8(bytes)
        .map_or_else(|error| error.into_bytes(), |text| plain(text).into_bytes())
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
///
/// What is there and is no regular file (a terminal, `/dev/stdout`) is written to, and not replaced.
pub(crate) fn write_atomically(path: &Path, text: &str) -> Result<(), Error> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        let file = fs::OpenOptions::new().write(true).open(path);
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
        return written.map_err(Error::writing(path));
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    create_directory(directory)?;
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
    keep_to_callers_umask(path, FILE);
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Adds text to the end of a file, which need not be there yet.
pub(crate) fn append(path: &Path, text: &str) -> Result<(), Error> {
    create(path)?;
    let file = fs::OpenOptions::new().append(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(Error::writing(path))
}

/// Opens a file that the user keeps, for writing; its content stays. A missing file is created.
pub(crate) fn create(path: &Path) -> Result<fs::File, Error> {
    let is_new = !path.exists();
    let file = fs::File::options().create(true).truncate(false).write(true).open(path);
    if is_new && file.is_ok() {
        keep_to_callers_umask(path, FILE);
    }
    file.map_err(Error::writing(path))
}

/// Makes a directory that the user keeps, with those that lead to it.
pub(crate) fn create_directory(path: &Path) -> Result<(), Error> {
    let missing: Vec<&Path> = path.ancestors().take_while(|above| !above.exists()).collect();
    fs::create_dir_all(path).map_err(Error::writing(path))?;
    missing.iter().for_each(|made| keep_to_callers_umask(made, DIRECTORY));
    Ok(())
}

/// What a new file and a new directory allow before the umask.
const FILE: u32 = 0o666;
const DIRECTORY: u32 = 0o777;

/// Gives what the user keeps the mode that the user asked for: the checker's own umask is another one.
fn keep_to_callers_umask(path: &Path, mode: u32) {
    let mode = mode & !sandbox::callers_umask();
    // A file system without modes refuses, and there is nothing to keep to.
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode));
}

/// Random letters that fit in an identifier, and that nobody guesses.
pub(crate) fn token() -> Result<String, Error> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0; 16];
    let mut file = fs::File::open(source).map_err(Error::reading(source))?;
    file.read_exact(&mut bytes).map_err(Error::reading(source))?;
    Ok(hash::hex(&bytes))
}

/// An error if fewer than so many MiB are free where this directory lies, or nothing can be written there.
pub(crate) fn room(directory: &Path, needed_mib: u64) -> Result<(), Error> {
    let read = |errno: Errno| Error::reading(directory)(errno.into());
    let space = nix::sys::statvfs::statvfs(directory).map_err(read)?;
    let free_mib = (space.blocks_available() * space.fragment_size()) >> 20;
    // Some file systems have no table of inodes and count none.
    let has_names = space.files() == 0 || space.files_available() > 0;
    if free_mib < needed_mib || !has_names {
        return Err(Error::NoRoom { path: directory.to_owned(), free_mib, needed_mib });
    }
    // A quota and a file system that has become read-only are not counted.
    let path = directory.join(format!(".room-{}", std::process::id()));
    try_to_write(&path).map_err(Error::writing(&path))
}

/// Writes a file and removes it. One that is there already tells nothing, nor does a directory that a
/// program has closed.
fn try_to_write(path: &Path) -> std::io::Result<()> {
    let mut file = match fs::File::create_new(path) {
        Err(error)
            if [ErrorKind::AlreadyExists, ErrorKind::PermissionDenied].contains(&error.kind()) =>
        {
            return Ok(());
        }
        file => file?,
    };
    let written = file.write_all(&[0; 64 << 10]);
    fs::remove_file(path)?;
    written
}

/// Removes a directory with all that is in it; a missing one is no error.
pub(crate) fn remove_directory(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::writing(path)(error)),
        _ => Ok(()),
    }
}

/// Removes a file; a missing one is no error.
#[cfg(feature = "grade")]
pub(crate) fn remove_if_there(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::writing(path)(error))
        }
        _ => Ok(()),
    }
}

/// Writes a file only where its content differs, so that an unchanged file keeps its time.
pub(crate) fn write_if_different(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|old| old == content.as_ref()) {
        return Ok(());
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(Error::writing(directory))?;
    fs::write(path, content).map_err(Error::writing(path))
}

/// Removes the files below `directory` that are not wanted; a path is relative to it.
pub(crate) fn remove_others(
    directory: &Path,
    is_wanted: impl Fn(&Path) -> bool,
) -> Result<(), Error> {
    for path in files_below(directory)? {
        if !is_wanted(&path) {
            let path = directory.join(path);
            fs::remove_file(&path).map_err(Error::writing(&path))?;
        }
    }
    Ok(())
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
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
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

/// The file that the shell would execute; without one the bare name, which the system then refuses.
pub(crate) fn which(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("full");
        std::os::unix::fs::symlink("/dev/full", &link).unwrap();
        let error = write_atomically(&link, "text").unwrap_err().to_string();
        assert!(error.contains("No space left on device"), "{error}");
        assert!(link.is_symlink());
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_make_no_other_text() {
        assert_eq!(plain("\u{feff}a\r\nb\n".into()), "a\nb\n");
        assert_eq!(plain("a\rb\u{feff}\n".into()), "a\rb\u{feff}\n");
        assert_eq!(plain_bytes(b"a\r\n\xff".into()), b"a\r\n\xff");
    }

    #[test]
    fn room_is_tried_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        room(directory.path(), 0).unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        assert!(matches!(room(directory.path(), 1 << 40), Err(Error::NoRoom { .. })));
    }

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
