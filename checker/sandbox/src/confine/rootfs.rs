//! The private root: an empty file system in memory, on which the view of the host is bound.
//!
//! The order is that of bubblewrap: a file system in memory becomes the root first, so that every
//! path of the host is at `/old/…` and every path of the program at `/new/…` while it is built, and
//! no absolute link leads from one to the other.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{chdir, pivot_root};

use super::mounts::{Attributes, bind, detach, make_all_private, mount_new, restrict};
use super::view::{DEVICES, View};
use crate::confinement::{SHM_BYTES, TMP_BYTES, TMP_FILES};

/// What depends on the other namespaces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// A new `/proc` for the PID namespace; without one the host's is all there is.
    pub(crate) new_proc: bool,
    /// A `/dev/mqueue` for the IPC namespace.
    pub(crate) new_mqueue: bool,
}

/// What could not be had.
#[derive(Debug)]
pub(crate) enum Error {
    /// A `/proc` of the new PID namespace: a host that hides parts of its own refuses one.
    Proc(io::Error),
    /// Anything else.
    Root(io::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Root(error)
    }
}

impl From<Errno> for Error {
    fn from(errno: Errno) -> Self {
        Self::Root(errno.into())
    }
}

/// Replaces the root of this process, the first of its mount namespace.
pub(crate) fn enter(view: &View, options: Options) -> Result<(), Error> {
    make_all_private()?;
    let base = Path::new("/tmp");
    mount_new("tmpfs", base, "mode=755,size=64k,nr_inodes=64").map_err(at("a new tmpfs"))?;
    make_directory(&base.join("old"))?;
    make_directory(&base.join("new"))?;
    pivot_root(base, &base.join("old")).map_err(io::Error::from).map_err(at("pivot_root"))?;
    chdir("/")?;
    build(view, options)?;
    detach(Path::new("/old")).map_err(at("the old root"))?;
    chdir("/new")?;
    // The old root ends up on top of the new one, at the same place: pivot_root(2), NOTES.
    pivot_root(".", ".")?;
    detach(Path::new("."))?;
    chdir("/")?;
    Ok(())
}

fn build(view: &View, options: Options) -> Result<(), Error> {
    let root = Path::new("/new");
    mount_new("tmpfs", root, "mode=755,size=1m,nr_inodes=4096")?;
    proc(&root.join("proc"), options)?;
    devices(&root.join("dev"), options).map_err(at("/dev"))?;
    let tmp = root.join("tmp");
    make_directory(&tmp)?;
    mount_new("tmpfs", &tmp, &memory(TMP_BYTES)).map_err(at("/tmp"))?;
    for (link, target) in view.links() {
        let link = inside(root, link);
        make_parents(&link)?;
        symlink(target, &link).map_err(at("a link"))?;
    }
    for (path, attributes) in view.binds() {
        show(root, view, path, attributes)
            .map_err(|error| at(&path.display().to_string())(error))?;
    }
    // Only this mount: a recursive restriction would take what is to be written too.
    Ok(seal(root)?)
}

fn show(root: &Path, view: &View, path: &Path, attributes: Attributes) -> io::Result<()> {
    let source = inside(Path::new("/old"), path);
    let target = inside(root, path);
    // In a bound directory it is there already, and nothing may be made.
    if !view.is_inside_a_bind(path) {
        make_parents(&target)?;
        if source.is_dir() { make_directory(&target)? } else { make_file(&target)? }
    }
    bind(&source, &target)?;
    restrict(&target, attributes)
}

fn proc(place: &Path, options: Options) -> Result<(), Error> {
    make_directory(place)?;
    if options.new_proc {
        mount_new("proc", place, "").map_err(at("/proc")).map_err(Error::Proc)
    } else {
        Ok(bind(Path::new("/old/proc"), place).map_err(at("/proc"))?)
    }
}

fn devices(at: &Path, options: Options) -> io::Result<()> {
    make_directory(at)?;
    mount_new("tmpfs", at, "mode=755,size=64k,nr_inodes=64")?;
    for device in DEVICES.map(Path::new) {
        let source = inside(Path::new("/old"), device);
        let target = at.join(device.file_name().unwrap_or_default());
        if source.exists() {
            make_file(&target)?;
            bind(&source, &target)?;
        }
    }
    let terminals = at.join("pts");
    make_directory(&terminals)?;
    mount_new("devpts", &terminals, "newinstance,ptmxmode=0666,mode=620")?;
    for (link, target) in [
        ("ptmx", "pts/ptmx"),
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        symlink(target, at.join(link))?;
    }
    let shm = at.join("shm");
    make_directory(&shm)?;
    mount_new("tmpfs", &shm, &memory(SHM_BYTES))?;
    if options.new_mqueue {
        let queues = at.join("mqueue");
        make_directory(&queues)?;
        mount_new("mqueue", &queues, "")?;
        fs::set_permissions(&queues, Permissions::from_mode(0o1777))?;
    }
    seal(at)
}

fn memory(bytes: u64) -> String {
    format!("mode=1777,size={bytes},nr_inodes={TMP_FILES}")
}

/// Makes one mount read-only, and not what is mounted on it.
fn seal(at: &Path) -> io::Result<()> {
    super::mounts::restrict_this(at, Attributes::READ_ONLY)
}

fn inside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn make_parents(path: &Path) -> io::Result<()> {
    let parent = path.parent().unwrap_or(path);
    DirBuilder::new().recursive(true).mode(0o755).create(parent)
}

fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(path)
}

fn make_file(path: &Path) -> io::Result<()> {
    File::create(path).map(drop)
}

/// Says at what the error came up.
fn at(what: &str) -> impl Fn(io::Error) -> io::Error {
    let what = what.to_owned();
    move |error| io::Error::new(error.kind(), format!("{what}: {error}"))
}
