//! Whom a confined program runs as, and what of the host's files it owns.
//!
//! An ordinary user's program runs as that user, who is mapped to himself. Root's program runs as
//! an id that no account has. Root's user namespace maps every id to itself: the supervisor in it
//! still passes directories that are closed to others on its way to what it shows, and the program,
//! which has no capability, gains nothing by it. Root without the capabilities for that, as in a
//! container that drops them all, is an ordinary user here.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};
use nix::unistd::{
    AccessFlags, Gid, Pid, Uid, access, fchown, fchownat, setgroups, setresgid, setresuid,
};

/// The id of root's programs: systemd keeps 65520 to 65533 unused, and no distribution assigns it.
/// 65534 is `nobody`, whose processes and files exist on many hosts.
const UNUSED: u32 = 65533;

/// Capabilities of capabilities(7), by their numbers.
const CHOWN: u32 = 0;
const SETGID: u32 = 6;
const SETUID: u32 = 7;

/// Whom the program runs as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity {
    /// The user to become before exec, where it is not the supervisor's.
    pub(crate) become_user: Option<(Uid, Gid)>,
}

impl Identity {
    /// For programs of this process's user.
    pub(crate) fn new() -> Self {
        let ids = || Some((Uid::from_raw(mapped("uid")?), Gid::from_raw(mapped("gid")?)));
        let may_change = Uid::effective().is_root() && holds(&[CHOWN, SETGID, SETUID]);
        Self { become_user: may_change.then(ids).flatten() }
    }

    /// Maps the ids of `child`, the first process of a new user namespace.
    pub(crate) fn map(self, child: Pid) -> io::Result<()> {
        let write = |name: &str, text: String| fs::write(format!("/proc/{child}/{name}"), text);
        if self.become_user.is_some() {
            write("uid_map", identity_map("uid")?)?;
            return write("gid_map", identity_map("gid")?);
        }
        // Without the right to set groups, one's own are mapped only after setgroups is given up.
        write("setgroups", "deny".into())?;
        write("uid_map", single_map(Uid::effective().as_raw()))?;
        write("gid_map", single_map(Gid::effective().as_raw()))
    }

    /// Makes the files, the directories and what is in them the program's own.
    pub(crate) fn give(self, paths: &[PathBuf]) -> io::Result<()> {
        let Some((uid, gid)) = self.become_user else { return Ok(()) };
        for path in paths {
            let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
            let given = nix::fcntl::open(path, flags, Mode::empty())?;
            if path.is_dir() {
                give_tree(&given, uid, gid)?;
            } else {
                fchown(&given, Some(uid), Some(gid))?;
            }
        }
        Ok(())
    }
}

/// Becomes another user, without a group of the old one. Only root can.
pub(crate) fn become_user((uid, gid): (Uid, Gid)) -> io::Result<()> {
    setgroups(&[])?;
    setresgid(gid, gid, gid)?;
    Ok(setresuid(uid, uid, uid)?)
}

/// The first path that this process's user cannot use.
pub(crate) fn unusable(paths: &[PathBuf], rights: AccessFlags) -> Option<&Path> {
    let usable = |path: &Path| {
        let search = if path.is_dir() { AccessFlags::X_OK } else { AccessFlags::empty() };
        access(path, rights | search).is_ok()
    };
    paths.iter().map(PathBuf::as_path).find(|path| !usable(path))
}

/// Whether this process may use these capabilities: proc_pid_status(5), `CapEff`.
fn holds(capabilities: &[u32]) -> bool {
    let effective = procfs::own_status_field("CapEff:");
    let effective = effective.and_then(|set| u64::from_str_radix(&set, 16).ok());
    effective.is_some_and(|set| capabilities.iter().all(|it| set & (1 << it) != 0))
}

/// The unused id, or the highest one that this process's own user namespace has.
///
/// `None` where that has root alone: then root is some ordinary user of the host.
fn mapped(kind: &str) -> Option<u32> {
    let ranges = ranges(kind).ok()?;
    let highest = ranges.iter().map(|(first, count)| first + (count - 1)).max()?;
    if ranges.iter().any(|(first, count)| (*first..first + count).contains(&UNUSED.into())) {
        return Some(UNUSED);
    }
    (highest > 0).then_some(highest as u32)
}

/// First id and count of each line of this process's map: user_namespaces(7).
fn ranges(kind: &str) -> io::Result<Vec<(u64, u64)>> {
    let text = fs::read_to_string(format!("/proc/self/{kind}_map"))?;
    let line = |line: &str| {
        let mut fields = line.split_whitespace().map(|field| field.parse().ok());
        let first = fields.next()??;
        Some((first, fields.nth(1)??))
    };
    Ok(text.lines().filter_map(line).collect())
}

fn identity_map(kind: &str) -> io::Result<String> {
    let lines =
        ranges(kind)?.into_iter().map(|(first, count)| format!("{first} {first} {count}\n"));
    Ok(lines.collect())
}

/// Root of a namespace that has nobody else is someone else in the new one: uid 0 would get all
/// capabilities back by its next exec (capabilities(7)).
fn single_map(id: u32) -> String {
    let inside = if id == 0 { UNUSED } else { id };
    format!("{inside} {id} 1\n")
}

/// Never follows a link, and goes from descriptor to descriptor: what another run changes in the
/// tree meanwhile cannot lead out of it.
fn give_tree(directory: &OwnedFd, uid: Uid, gid: Gid) -> io::Result<()> {
    fchown(directory, Some(uid), Some(gid))?;
    for entry in fs::read_dir(format!("/proc/self/fd/{}", directory.as_raw_fd()))? {
        let name = entry?.file_name();
        let name = name.as_os_str();
        match give_entry(directory, Path::new(name), uid, gid) {
            // Removed meanwhile.
            Err(Errno::ENOENT) => {}
            Err(errno) => return Err(errno.into()),
            Ok(None) => {}
            Ok(Some(below)) => give_tree(&below, uid, gid)?,
        }
    }
    Ok(())
}

/// Gives one entry; returns it if it is a directory.
fn give_entry(
    directory: &OwnedFd,
    name: &Path,
    uid: Uid,
    gid: Gid,
) -> nix::Result<Option<OwnedFd>> {
    let stat = fstatat(directory, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
    if is(&stat, SFlag::S_IFDIR) {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        return openat(directory, name, flags, Mode::empty()).map(Some);
    }
    // A file with a second name may be one that the caller shares between runs by a hard link.
    if is(&stat, SFlag::S_IFREG) && stat.st_nlink == 1 && stat.st_uid != uid.as_raw() {
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let file = openat(directory, name, flags, Mode::empty())?;
        // Looked at again by descriptor: the name may lead to another file by now.
        let stat = fstat(&file)?;
        if is(&stat, SFlag::S_IFREG) && stat.st_nlink == 1 {
            fchown(&file, Some(uid), Some(gid))?;
        }
    } else if is(&stat, SFlag::S_IFLNK) {
        fchownat(directory, name, Some(uid), Some(gid), AtFlags::AT_SYMLINK_NOFOLLOW)?;
    }
    Ok(None)
}

fn is(stat: &FileStat, kind: SFlag) -> bool {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_root_inside() {
        assert_eq!(single_map(0), "65533 0 1\n");
        assert_eq!(single_map(1001), "1001 1001 1\n");
    }

    #[test]
    fn the_map_of_this_process_can_be_read() {
        assert!(!ranges("uid").unwrap().is_empty());
        assert!(identity_map("gid").unwrap().ends_with('\n'));
    }
}
