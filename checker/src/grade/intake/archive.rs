//! Archives, read from front to back and never unpacked.
//!
//! An archive in an archive is read as if it were a directory there.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::StreamingDecoder;
use sandbox::Stop;

use super::names::{is_archive, is_below_passed_over, path_of};
use super::sink::{Kind, Sink};
use crate::Error;
use crate::system::scratch::Scratch;

/// How many archives may lie in each other: the class's, a student's, and one in it.
pub(super) const DEPTH: usize = 3;

/// What a reader of archives holds against bombs. What nobody wants (a `target/`) has to be unpacked too
/// on the way to the next file of a compressed tar, so the limit is a ratio: the work stays in proportion
/// to what was uploaded.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// So many bytes may come out of any compressed tar or 7z.
    pub unpacked: u64,
    /// More may come out, up to so many times the archive's own size.
    pub ratio: u64,
    /// So many bytes may an archive in an archive have, however small the outer one is.
    pub nested: u64,
}

/// All archives in an archive together may unpack to so many times what one may.
const ALL: u64 = 16;

/// The share of it that one archive in it may have.
const NESTED_RATIO: u64 = 16;

impl Default for Limits {
    fn default() -> Self {
        Self { unpacked: 1 << 30, ratio: 100, nested: 256 << 20 }
    }
}

/// How archives are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Against bombs.
    pub limits: Limits,
    /// The user's wish to stop.
    pub stop: &'a Stop,
}

/// Why an archive was not read to its end.
#[derive(Debug)]
pub(super) enum Broken {
    /// The archive is at fault.
    Archive(String),
    /// The machine is.
    Machine(Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Broken::Archive(error.to_string())
    }
}

impl Reading<'_> {
    /// Gives the entries of an archive to the sink, each below `prefix`. The archive decides by its first
    /// bytes what it is.
    pub(super) fn walk(
        &self,
        file: &File,
        prefix: &Path,
        sink: &mut dyn Sink,
    ) -> Result<(), Broken> {
        let all = Cell::new(self.allowed(file)?.saturating_mul(ALL));
        self.at_depth(DEPTH, file, prefix, &all, sink)
    }

    fn at_depth(
        &self,
        depth: usize,
        file: &File,
        prefix: &Path,
        all: &Cell<u64>,
        sink: &mut dyn Sink,
    ) -> Result<(), Broken> {
        let walk = Walk { reading: *self, depth, prefix, allowed: self.allowed(file)?, all };
        // A reader that panics about a hostile archive must not end the grading of all the others.
        let walked = catch_unwind(AssertUnwindSafe(|| walk.any(file, sink)));
        let walked =
            walked.unwrap_or_else(|_| Err(Broken::Archive("its reader failed".to_owned())));
        if self.stop.is_requested() { Err(Broken::Machine(Error::Interrupted)) } else { walked }
    }

    /// How many bytes may come out of an archive.
    fn allowed(&self, file: &File) -> io::Result<u64> {
        let size = file.metadata()?.len();
        Ok(self.limits.unpacked.max(size.saturating_mul(self.limits.ratio)))
    }
}

/// One archive on its way into the sink.
struct Walk<'a> {
    reading: Reading<'a>,
    /// How many archives may still lie in each other, this one too.
    depth: usize,
    prefix: &'a Path,
    /// How many bytes may come out of this one.
    allowed: u64,
    /// How many may still come out of it and all that lie around it and in them.
    all: &'a Cell<u64>,
}

impl Walk<'_> {
    fn any(&self, mut file: &File, sink: &mut dyn Sink) -> Result<(), Broken> {
        let mut magic = [0; 6];
        file.rewind()?;
        let read = read_up_to(&mut file, &mut magic)?;
        file.rewind()?;
        let buffered = BufReader::new(file);
        match &magic[..read] {
            [b'P', b'K', ..] => self.zip(buffered, sink),
            [0x1f, 0x8b, ..] => self.tar(MultiGzDecoder::new(buffered), sink),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => match StreamingDecoder::new(buffered) {
                Ok(decoder) => self.tar(decoder, sink),
                Err(error) => Err(Broken::Archive(error.to_string())),
            },
            [0xfd, b'7', b'z', b'X', b'Z', 0] => self.tar(XzReader::new(buffered, true), sink),
            [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c] => self.seven_zip(buffered, sink),
            [b'R', b'a', b'r', b'!', ..] => Err(not_read("RAR")),
            [b'B', b'Z', b'h', ..] => Err(not_read("bzip2")),
            _ => self.tar(buffered, sink),
        }
    }

    fn tar(&self, archive: impl Read, sink: &mut dyn Sink) -> Result<(), Broken> {
        let mut archive = tar::Archive::new(self.capped(archive, self.allowed));
        for (nth, entry) in archive.entries()?.enumerate() {
            let mut entry = entry.map_err(|error| match nth {
                // What the reader made of a header that is none says nothing.
                0 if error.kind() != io::ErrorKind::FileTooLarge => Broken::Archive(
                    "it is none of zip, 7z, tar, tar.gz, tar.xz and tar.zst".to_owned(),
                ),
                _ => error.into(),
            })?;
            let kind = match entry.header().entry_type() {
                kind if kind.is_dir() => continue,
                kind if kind.is_file() || kind.is_contiguous() => Kind::File,
                kind if kind.is_symlink() => Kind::Link,
                kind if kind.is_hard_link() => {
                    let to = entry.link_name_bytes().unwrap_or_default();
                    Kind::HardLink(self.prefix.join(path_of(&to)))
                }
                // Headers that say something of the next entry, or of all.
                kind if kind.is_pax_global_extensions() => continue,
                _ => Kind::Other,
            };
            let path = self.path(&entry.path_bytes());
            self.entry(&path, kind, sink, |walk, sink| walk.content(&path, Ok(&mut entry), sink))?;
        }
        Ok(())
    }

    fn zip(&self, archive: impl Read + Seek, sink: &mut dyn Sink) -> Result<(), Broken> {
        let broken = |error: zip::result::ZipError| Broken::Archive(error.to_string());
        let mut archive = zip::ZipArchive::new(archive).map_err(broken)?;
        for index in 0..archive.len() {
            // Raw, so that an entry that nobody wants need not be one that can be read.
            let (path, kind) = {
                let Ok(entry) = archive.by_index_raw(index) else { continue };
                let kind = match () {
                    () if entry.is_dir() => continue,
                    () if entry.is_symlink() => Kind::Link,
                    () if entry.is_file() => Kind::File,
                    () => Kind::Other,
                };
                let raw = entry.name_raw();
                // Otherwise the code page of the old days.
                let name = std::str::from_utf8(raw).map_or(entry.name().as_bytes(), str::as_bytes);
                (self.path(name), kind)
            };
            self.entry(&path, kind, sink, |walk, sink| match archive.by_index(index) {
                Ok(mut entry) => walk.content(&path, Ok(&mut entry), sink),
                Err(error) => walk.content(&path, Err(error.to_string()), sink),
            })?;
        }
        Ok(())
    }

    fn seven_zip(&self, archive: impl Read + Seek, sink: &mut dyn Sink) -> Result<(), Broken> {
        let broken = |error: sevenz_rust2::Error| Broken::Archive(error.to_string());
        let none = sevenz_rust2::Password::empty();
        let mut archive = sevenz_rust2::ArchiveReader::new(archive, none).map_err(broken)?;
        let sizes = archive.archive().files.iter().map(|file| file.size());
        if sizes.fold(0, u64::saturating_add) > self.allowed {
            return Err(Broken::Archive(too_much(self.allowed)));
        }
        let mut stopped = Ok(());
        let read = archive.for_each_entries(|file, content| {
            if stopped.is_err() || file.is_directory() {
                return Ok(stopped.is_ok());
            }
            let path = self.path(file.name().as_bytes());
            // Unix's mode is in the upper half of the attributes; there, links are files with a text.
            let kind = match (file.windows_attributes() >> 16) & 0o170_000 {
                0o120_000 => Kind::Link,
                _ => Kind::File,
            };
            stopped =
                self.entry(&path, kind, sink, |walk, sink| walk.content(&path, Ok(content), sink));
            Ok(stopped.is_ok())
        });
        stopped?;
        read.map_err(broken)
    }

    fn path(&self, name: &[u8]) -> PathBuf {
        let path = path_of(name);
        // An absolute name would replace the prefix.
        self.prefix.join(path.strip_prefix("/").unwrap_or(&path))
    }

    fn entry(
        &self,
        path: &Path,
        kind: Kind,
        sink: &mut dyn Sink,
        content: impl FnOnce(&Self, &mut dyn Sink) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        if self.reading.stop.is_requested() {
            return Err(Broken::Machine(Error::Interrupted));
        }
        let inner = path.strip_prefix(self.prefix).unwrap_or(path);
        if is_below_passed_over(inner) {
            return Ok(());
        }
        let is_nested = matches!(kind, Kind::File) && is_archive(path);
        match if is_nested { sink.opens(path) } else { sink.wants(path, &kind) } {
            true => content(self, sink),
            false => Ok(()),
        }
    }

    /// What is in an entry that is wanted; if it is an archive, what is in that.
    fn content(
        &self,
        path: &Path,
        content: Result<&mut dyn Read, String>,
        sink: &mut dyn Sink,
    ) -> Result<(), Broken> {
        if !is_archive(path) {
            return sink.take(path, content).map_err(Broken::Machine);
        }
        let walked = match content {
            Ok(_) if self.depth <= 1 => {
                Err(Broken::Archive("there are too many archives in each other".to_owned()))
            }
            Ok(content) => self.nested(path, content, sink),
            Err(why) => Err(Broken::Archive(why)),
        };
        match walked {
            Err(Broken::Archive(why)) => {
                sink.closed(path, why);
                Ok(())
            }
            walked => walked,
        }
    }

    /// An archive in this one: its reader has to go back and forth, so it needs a file.
    fn nested(
        &self,
        path: &Path,
        content: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<(), Broken> {
        let scratch = Scratch::new().map_err(Broken::Machine)?;
        let place = scratch.directory().map_err(Broken::Machine)?.join("archive");
        let mut file = File::options().read(true).write(true).create_new(true).open(&place)?;
        // An archive does not get much smaller in an archive.
        let allowed = (self.allowed / NESTED_RATIO).max(self.reading.limits.nested);
        io::copy(&mut self.capped(content, allowed), &mut file)?;
        self.reading.at_depth(self.depth - 1, &file, path, self.all, sink)
    }

    fn capped<R: Read>(&self, inner: R, left: u64) -> Capped<'_, R> {
        Capped { inner, left, allowed: left, walk: self }
    }
}

fn too_much(allowed: u64) -> String {
    format!("it unpacks to more than {} MiB, far more than its size", allowed >> 20)
}

fn not_read(format: &str) -> Broken {
    Broken::Archive(format!(
        "{format} archives are not read; unpack it into a directory of the same name, or pack it as zip"
    ))
}

/// Fewer bytes only at the end of the file.
fn read_up_to(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match file.read(&mut buffer[count..])? {
            0 => break,
            more => count += more,
        }
    }
    Ok(count)
}

/// Fails where a bomb would go on.
struct Capped<'a, R> {
    inner: R,
    left: u64,
    allowed: u64,
    walk: &'a Walk<'a>,
}

impl<R: Read> Read for Capped<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.walk.reading.stop.is_requested() {
            // Not the kind `Interrupted`: that one is tried again.
            return Err(io::Error::other("interrupted"));
        }
        let count = self.inner.read(buffer)?;
        let all = self.walk.all.get().checked_sub(count as u64);
        match (self.left.checked_sub(count as u64), all) {
            (Some(left), Some(all)) => {
                self.left = left;
                self.walk.all.set(all);
                Ok(count)
            }
            _ => Err(io::Error::new(io::ErrorKind::FileTooLarge, too_much(self.allowed))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::OnceLock;

    use super::super::sink::Names;
    use super::*;

    fn stop() -> &'static Stop {
        static STOP: OnceLock<Stop> = OnceLock::new();
        STOP.get_or_init(|| Stop::on_signals().unwrap())
    }

    /// What comes of an archive of these bytes: its names, or what is wrong with it.
    fn walked(bytes: &[u8], limits: Limits) -> Result<Vec<String>, String> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let mut names = Everything(Names::default());
        match (Reading { limits, stop: stop() }).walk(&file, Path::new(""), &mut names) {
            Ok(()) => Ok(names.0.0.iter().map(|path| path.display().to_string()).collect()),
            Err(Broken::Archive(why)) => Err(why),
            Err(Broken::Machine(error)) => panic!("{error}"),
        }
    }

    /// The names, those in archives in archives too.
    struct Everything(Names);

    impl Sink for Everything {
        fn wants(&mut self, path: &Path, kind: &Kind) -> bool {
            self.0.wants(path, kind)
        }

        fn opens(&mut self, _: &Path) -> bool {
            true
        }

        fn take(&mut self, _: &Path, _: Result<&mut dyn Read, String>) -> Result<(), Error> {
            Ok(())
        }

        fn closed(&mut self, path: &Path, why: String) {
            self.0.0.insert(format!("{}: {why}", path.display()).into());
        }
    }

    fn tar_gz(files: &[(&str, usize)]) -> Vec<u8> {
        let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut archive = tar::Builder::new(gz);
        for (path, size) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(*size as u64);
            archive.append_data(&mut header, path, io::repeat(0).take(*size as u64)).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (path, bytes) in files {
            archive.start_file(*path, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    const SMALL: Limits = Limits { unpacked: 64 << 10, ratio: 1, nested: 8 << 10 };

    #[test]
    fn what_nobody_counts_may_be_large_as_long_as_the_archive_is() {
        let bytes = tar_gz(&[("w/target/debug/lib", 1 << 20), ("w/lib.rs", 10)]);
        let enough = Limits { ratio: 1 + (2 << 20) / bytes.len() as u64, ..SMALL };
        assert_eq!(walked(&bytes, enough).unwrap(), ["w/lib.rs"]);
        let why = walked(&bytes, SMALL).unwrap_err();
        assert!(why.contains("far more than its size"), "{why}");
    }

    #[test]
    fn a_bomb_in_an_archive_closes_that_one_only() {
        let bomb = tar_gz(&[("zeros", 1 << 20)]);
        let inner = zip(&[("exercise.rs", b"x")]);
        let large = vec![0; 32 << 10];
        let bytes = zip(&[("a.tar.gz", &bomb), ("b.zip", &inner), ("c.tar", &large)]);
        let names = walked(&bytes, SMALL).unwrap();
        assert_eq!(names.len(), 4, "{names:?}");
        assert_eq!([&names[0], &names[2]], ["a.tar.gz/zeros", "b.zip/exercise.rs"]);
        assert!(names[1].starts_with("a.tar.gz: it unpacks to more than"), "{names:?}");
        assert!(names[3].starts_with("c.tar: it unpacks to more than"), "{names:?}");
    }

    #[test]
    fn many_bombs_in_an_archive_together_reach_a_limit_too() {
        let bomb = tar_gz(&[("zeros", 60 << 10)]);
        let files: Vec<(String, &[u8])> =
            (0..40).map(|nth| (format!("{nth}.tgz"), bomb.as_slice())).collect();
        let files: Vec<(&str, &[u8])> =
            files.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
        let names = walked(&zip(&files), SMALL).unwrap();
        let closed = names.iter().filter(|name| name.contains("it unpacks to more than")).count();
        assert!(closed > 20, "{names:?}");
    }

    #[test]
    fn archives_lie_in_each_other_up_to_a_depth() {
        let one = zip(&[("lib.rs", b"x")]);
        let two = zip(&[("one.zip", &one)]);
        let three = zip(&[("two.zip", &two)]);
        let four = zip(&[("three.zip", &three)]);
        let limits = Limits::default();
        assert_eq!(walked(&three, limits).unwrap(), ["two.zip/one.zip/lib.rs"]);
        let why = "three.zip/two.zip/one.zip: there are too many archives in each other";
        assert_eq!(walked(&four, limits).unwrap(), [why]);
    }
}
