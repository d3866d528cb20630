//! The host name of a new UTS namespace (uts_namespaces(7)).
#![allow(unsafe_code)]

use std::io;

use nix::errno::Errno;

/// Gives this process's UTS namespace a name that says nothing of the host.
pub(crate) fn hide() -> io::Result<()> {
    const NAME: &str = "shopfloor";
    // SAFETY: the name has the length that is passed and is only read (sethostname(2)).
    Errno::result(unsafe { libc::sethostname(NAME.as_ptr().cast(), NAME.len()) })?;
    Ok(())
}
