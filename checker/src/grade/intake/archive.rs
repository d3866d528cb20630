//! A submission in an archive, read from front to back and never unpacked.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

use super::{Budget, Entries, Unreadable};
use crate::Error;
use crate::grade::taken::{Entry, FILE_SIZE};

/// What an archive's name ends in.
pub const EXTENSIONS: [&str; 6] = [".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst"];

/// The most bytes that a compressed tar is unpacked to on the way to its files.
const UNPACKED: u64 = 1 << 30;

/// The name without the archive's extension; `None` if it has none.
pub(super) fn stem(name: &str) -> Option<&str> {
    let lower = name.to_ascii_lowercase();
    let extension = EXTENSIONS.iter().find(|extension| lower.ends_with(**extension))?;
    Some(&name[..name.len() - extension.len()]).filter(|stem| !stem.is_empty())
}

/// The entries whose paths are wanted. The archive decides by its first bytes what it is.
pub(super) fn read(
    path: &Path,
    is_wanted: impl Fn(&Path) -> bool,
) -> Result<Result<Entries, Unreadable>, Error> {
    let mut magic = [0; 4];
    let mut file = File::open(path).map_err(Error::reading(path))?;
    let read = file.read(&mut magic).map_err(Error::reading(path))?;
    let file = BufReader::new(File::open(path).map_err(Error::reading(path))?);
    Ok(match &magic[..read] {
        [b'P', b'K', ..] => zip(file, is_wanted),
        [0x1f, 0x8b, ..] => tar(MultiGzDecoder::new(file), is_wanted),
        [0x28, 0xb5, 0x2f, 0xfd] => match StreamingDecoder::new(file) {
            Ok(decoder) => tar(decoder, is_wanted),
            Err(error) => Err(broken(&error)),
        },
        _ => tar(file, is_wanted),
    })
}

fn broken(error: &dyn std::fmt::Display) -> Unreadable {
    Unreadable(format!("its archive cannot be read: {error}"))
}

fn tar(archive: impl Read, is_wanted: impl Fn(&Path) -> bool) -> Result<Entries, Unreadable> {
    let broken = |error: io::Error| broken(&error);
    let mut archive = tar::Archive::new(Capped { inner: archive, left: UNPACKED });
    let mut budget = Budget::default();
    let mut entries = Vec::new();
    for entry in archive.entries().map_err(broken)? {
        budget.entry()?;
        let entry = entry.map_err(|error| match entries.is_empty() && budget.entries == 1 {
            // What the reader made of a header that is none says nothing.
            true => Unreadable("it is none of zip, tar, tar.gz and tar.zst".to_owned()),
            false => broken(error),
        })?;
        let kind = entry.header().entry_type();
        let path = path_of(&entry.path_bytes());
        if kind.is_dir() || !is_wanted(&path) {
            continue;
        }
        let content = match () {
            () if kind.is_file() || kind.is_contiguous() => content(entry).map_err(broken)?,
            () if kind.is_symlink() => Entry::Link,
            () if kind.is_hard_link() => Entry::HardLink,
            () => Entry::NotRegular,
        };
        push(&mut entries, &mut budget, path, content)?;
    }
    Ok(entries)
}

fn zip(
    archive: impl Read + io::Seek,
    is_wanted: impl Fn(&Path) -> bool,
) -> Result<Entries, Unreadable> {
    let mut archive = zip::ZipArchive::new(archive).map_err(|error| broken(&error))?;
    let mut budget = Budget::default();
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        budget.entry()?;
        let entry = archive.by_index(index).map_err(|error| broken(&error))?;
        let path = path_of(entry.name_raw());
        if entry.is_dir() || !is_wanted(&path) {
            continue;
        }
        let content = match () {
            () if entry.is_symlink() => Entry::Link,
            () if entry.is_file() => content(entry).map_err(|error| broken(&error))?,
            () => Entry::NotRegular,
        };
        push(&mut entries, &mut budget, path, content)?;
    }
    Ok(entries)
}

/// Of two entries with one name the last counts, as for those who unpack.
fn push(
    entries: &mut Entries,
    budget: &mut Budget,
    path: PathBuf,
    entry: Entry,
) -> Result<(), Unreadable> {
    if let Entry::File(bytes) = &entry {
        budget.bytes(bytes.len())?;
    }
    entries.retain(|(known, _)| *known != path);
    entries.push((path, entry));
    Ok(())
}

fn content(file: impl Read) -> io::Result<Entry> {
    let mut bytes = Vec::new();
    file.take(FILE_SIZE + 1).read_to_end(&mut bytes)?;
    Ok(if bytes.len() as u64 > FILE_SIZE { Entry::TooLarge } else { Entry::File(bytes) })
}

/// Without a leading `./`; a `..` stays for the sorter to refuse.
fn path_of(name: &[u8]) -> PathBuf {
    let path = Path::new(OsStr::from_bytes(name));
    path.components().filter(|component| *component != Component::CurDir).collect()
}

/// Fails where a bomb would go on.
struct Capped<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            io::Error::other(format!("it unpacks to more than {} MiB", UNPACKED >> 20))
        })?;
        Ok(count)
    }
}
