//! Giving up every capability (capabilities(7)).
#![allow(unsafe_code)]

use std::io;

use nix::errno::Errno;

/// The highest number that a capability can have: there are two words of them, capset(2).
const CAPABILITIES: libc::c_ulong = 64;

/// Drops what an exec could give back. It takes a right that a change of user takes away.
pub(crate) fn drop_bounding_set() -> io::Result<()> {
    for capability in 0..CAPABILITIES {
        // SAFETY: this prctl takes numbers only (PR_CAPBSET_DROP(2const)).
        let result = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        match Errno::result(result) {
            Ok(_) => {}
            // EINVAL: the kernel knows no more of them. EPERM: an ordinary user outside of any
            // namespace has none, and no_new_privs keeps it so.
            Err(Errno::EINVAL | Errno::EPERM) => break,
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

/// Drops every capability.
pub(crate) fn drop_all() -> io::Result<()> {
    // SAFETY: this prctl takes numbers only (PR_CAP_AMBIENT(2const)).
    let result =
        unsafe { libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) };
    match Errno::result(result) {
        // EINVAL: before Linux 4.3 there are none.
        Ok(_) | Err(Errno::EINVAL) => {}
        Err(errno) => return Err(errno.into()),
    }
    set_no_capabilities()
}

fn set_no_capabilities() -> io::Result<()> {
    /// `_LINUX_CAPABILITY_VERSION_3` and this thread: `struct __user_cap_header_struct`.
    const HEADER: [u32; 2] = [0x2008_0522, 0];
    /// Two `struct __user_cap_data_struct`: effective, permitted and inheritable, twice.
    const NONE: [u32; 6] = [0; 6];
    // SAFETY: header and data have the layout that version 3 asks for; the kernel reads them, and
    // writes the header only for a version that it does not know (capset(2)).
    let result = unsafe { libc::syscall(libc::SYS_capset, &mut HEADER.clone(), NONE.as_ptr()) };
    Errno::result(result)?;
    Ok(())
}
