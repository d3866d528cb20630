//! What a confined program may see of its host.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Layer;

/// What a hostile program sees of the file system, besides a minimal system.
///
/// The minimal system is `/usr`, `/bin`, `/lib` and their like, a few files of `/etc`, a `/dev` of
/// harmless devices, and a `/proc`, a `/tmp` and a `/dev/shm` of its own. Everything else is not
/// there. Each path appears where it is on the host, with the links that lead to it.
///
/// As root the program runs as an unprivileged user (see `docs/architecture.md`). What it reads
/// must then be readable for everybody; what it writes is given to that user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Confinement {
    /// Files and directories that it may read and execute: toolchain, dependencies, itself.
    pub read_only: Vec<PathBuf>,
    /// Directories that it may write, not the host's own as `/tmp`, and regular files. They are the
    /// only thing of it that is left after the run.
    ///
    /// No other path should lie below one that hostile code has written to before: a link there
    /// would decide what is shown.
    pub writable: Vec<PathBuf>,
    /// Layers to leave out: for tests, and for a host on which one of them is broken.
    ///
    /// `rlimits` and `subreaper` are part of every run and cannot be left out.
    pub without: Vec<Layer>,
}

/// Bytes of the private `/tmp`: a linker's temporary files fit, a full disk does not. It is memory
/// of the host, and as many runs as the host has cores may have one at a time.
pub(crate) const TMP_BYTES: u64 = 256 << 20;

/// Bytes of the private `/dev/shm`: what containers get by default.
pub(crate) const SHM_BYTES: u64 = 64 << 20;

/// Files and directories in a private `/tmp` or `/dev/shm`. Each takes kernel memory that the size
/// does not count.
pub(crate) const TMP_FILES: u64 = 16 << 10;

/// What no program is to own: as root, a writable directory is given away with all that is in it.
const NEVER_WRITABLE: [&str; 20] = [
    "/bin", "/boot", "/dev", "/dev/shm", "/etc", "/home", "/lib", "/lib64", "/opt", "/proc",
    "/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/lib", "/var",
];

impl Confinement {
    /// The first path that cannot be shown, and why.
    pub(crate) fn bad_path(&self) -> Option<(&Path, io::Error)> {
        let paths = self.read_only.iter().chain(&self.writable);
        let mut bad = paths.filter_map(|path| Some((path.as_path(), check(path).err()?)));
        bad.next().or_else(|| {
            let mut bad = self.writable.iter().filter_map(|p| Some((p.as_path(), refusal(p)?)));
            bad.next()
        })
    }
}

/// Why this path is not to be written.
fn refusal(path: &Path) -> Option<io::Error> {
    let invalid = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
    let real = path.canonicalize().ok()?;
    let directory = if real.is_dir() { Some(real.as_path()) } else { real.parent() };
    if !real.is_dir() && !real.is_file() {
        return Some(invalid("it is neither a directory nor a regular file"));
    }
    let of_the_host = NEVER_WRITABLE.iter().any(|never| directory == Some(Path::new(never)));
    of_the_host.then(|| invalid("it is, or lies in, a directory of the host, not of a run"))
}

fn check(path: &Path) -> io::Result<()> {
    if !path.is_absolute() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path is not absolute"));
    }
    if path.canonicalize()? == Path::new("/") {
        let whole = "it is the whole file system; name the directories that are needed";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, whole));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(path: &str) -> String {
        let confinement = Confinement { read_only: vec![path.into()], ..Confinement::default() };
        let (bad, why) = confinement.bad_path().expect("it is refused");
        assert_eq!(bad, Path::new(path));
        why.to_string()
    }

    #[test]
    fn a_path_must_exist_be_absolute_and_not_be_everything() {
        assert!(bad("/no/such/directory").contains("No such file"));
        assert!(bad("src").contains("not absolute"));
        assert!(bad("/usr/..").contains("whole file system"));
    }

    #[test]
    fn what_is_written_is_a_directory_or_a_file() {
        let confinement =
            Confinement { writable: vec!["/dev/null".into()], ..Confinement::default() };
        let (_, why) = confinement.bad_path().expect("it is a device");
        assert!(why.to_string().contains("neither a directory"), "{why}");
    }

    #[test]
    fn the_host_is_not_written() {
        for path in ["/usr", "/bin", "/tmp/", "/dev/shm", "/etc/passwd"] {
            let confinement = Confinement { writable: vec![path.into()], ..Confinement::default() };
            let (_, why) = confinement.bad_path().expect(path);
            assert!(why.to_string().contains("directory of the host"), "{path}: {why}");
        }
    }
}
