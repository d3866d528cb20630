//! The few calls that mount: mount(2), umount2(2), mount_setattr(2).
#![allow(unsafe_code)]

use std::ffi::{CString, c_int, c_ulong};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

use nix::errno::Errno;

/// What a mount does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attributes(u64);

impl Attributes {
    /// No set-user-id program, no device.
    pub(crate) const WRITABLE: Self = Self(libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV);
    /// Nor any write.
    pub(crate) const READ_ONLY: Self = Self(Self::WRITABLE.0 | libc::MOUNT_ATTR_RDONLY);
}

/// Keeps what is mounted from here on from every other mount namespace.
pub(crate) fn make_all_private() -> io::Result<()> {
    mount(None, Path::new("/"), None, libc::MS_REC | libc::MS_PRIVATE, None)
}

/// Mounts a new file system of this kind.
pub(crate) fn mount_new(kind: &str, at: &Path, options: &str) -> io::Result<()> {
    let flags = match kind {
        // What is written to memory may be executed: a program may be compiled there.
        "tmpfs" => libc::MS_NOSUID | libc::MS_NODEV,
        // It consists of devices.
        "devpts" => libc::MS_NOSUID | libc::MS_NOEXEC,
        _ => libc::MS_NOSUID | libc::MS_NOEXEC | libc::MS_NODEV,
    };
    mount(Some(Path::new(kind)), at, Some(kind), flags, Some(options))
}

/// Shows `what`, with all that is mounted below it, at another place.
pub(crate) fn bind(what: &Path, at: &Path) -> io::Result<()> {
    // Recursive: below a user namespace a part of a tree of mounts must not be shown without what
    // covers it (mount_namespaces(7), "Restrictions on mount namespaces").
    mount(Some(what), at, None, libc::MS_BIND | libc::MS_REC, None)
}

/// Restricts a mount and all that is mounted below it.
pub(crate) fn restrict(at: &Path, attributes: Attributes) -> io::Result<()> {
    set_attributes(at, attributes, libc::AT_RECURSIVE)
}

/// Restricts this mount alone.
pub(crate) fn restrict_this(at: &Path, attributes: Attributes) -> io::Result<()> {
    set_attributes(at, attributes, 0)
}

fn set_attributes(at: &Path, attributes: Attributes, flags: c_int) -> io::Result<()> {
    let path = c_string(at)?;
    // Nothing is cleared: what the host's mounts forbid stays forbidden.
    let change =
        libc::mount_attr { attr_set: attributes.0, attr_clr: 0, propagation: 0, userns_fd: 0 };
    // SAFETY: the path is a C string and the change has the size that is passed; the kernel
    // only reads both (mount_setattr(2)).
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            flags,
            &raw const change,
            size_of::<libc::mount_attr>(),
        )
    };
    Errno::result(result)?;
    Ok(())
}

/// Takes away the tree of mounts that begins at this directory.
pub(crate) fn detach(at: &Path) -> io::Result<()> {
    let path = c_string(at)?;
    // SAFETY: the path is a C string, which the kernel only reads (umount2(2)).
    Errno::result(unsafe { libc::umount2(path.as_ptr(), libc::MNT_DETACH as c_int) })?;
    Ok(())
}

fn mount(
    source: Option<&Path>,
    at: &Path,
    kind: Option<&str>,
    flags: c_ulong,
    options: Option<&str>,
) -> io::Result<()> {
    let source = source.map(c_string).transpose()?;
    let at = c_string(at)?;
    let kind = kind.map(CString::new).transpose()?;
    let options = options.map(CString::new).transpose()?;
    let pointer = |text: &Option<CString>| text.as_ref().map_or(ptr::null(), |text| text.as_ptr());
    let (from, kind, options) = (pointer(&source), pointer(&kind), pointer(&options).cast());
    // SAFETY: each pointer is null or a C string that lives until after the call, which only reads
    // them (mount(2)).
    Errno::result(unsafe { libc::mount(from, at.as_ptr(), kind, flags, options) })?;
    Ok(())
}

fn c_string(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}
