//! A process with a number at a known address, to be looked at from outside. Given.
//!
//! Where a program's own variables lie changes from run to run (proc_sys_kernel(5),
//! `randomize_va_space`). To have the same address in two processes, each asks the kernel for a page
//! right there.

#![allow(unsafe_code)]

use std::io::{self, BufRead, BufReader, Read};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};

/// Where every workshop keeps its number: beyond 2^32, and free in a program on a 64-bit machine,
/// if it has at least 38 bits for a program's addresses (aarch64 kernels with 36 are rare).
pub const ADDRESS: u64 = 1 << 37;

/// A running workshop; dropping it ends the process.
#[derive(Debug)]
pub struct Workshop {
    process: Child,
}

impl Workshop {
    /// Starts `program workshop NUMBER` and waits until the number lies at [`ADDRESS`].
    pub fn open(program: impl AsRef<Path>, number: u64) -> io::Result<Self> {
        let process = Command::new(program.as_ref())
            .args(["workshop", &number.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut workshop = Self { process };
        let mut line = String::new();
        let stdout = workshop.process.stdout.take().expect("stdout is a pipe");
        BufReader::new(stdout).read_line(&mut line)?;
        if line != "open\n" {
            return Err(io::Error::other("the workshop did not open"));
        }
        Ok(workshop)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // The workshop reads its standard input to the end, and this is the end.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// What the workshop itself does: puts `number` at [`ADDRESS`] and keeps it until nobody needs it.
pub fn run(number: u64) -> io::Result<()> {
    let address = NonZeroUsize::new(ADDRESS as usize).expect("a 64-bit machine");
    let length = NonZeroUsize::new(size_of::<u64>()).expect("a number has a size");
    let rights = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_FIXED_NOREPLACE;
    // SAFETY: MAP_FIXED_NOREPLACE never replaces memory that is in use; it fails instead (mmap(2)).
    let page = unsafe { mmap_anonymous(Some(address), length, rights, flags) }?;
    assert_eq!(page.addr(), address, "the kernel gives the address or an error, since Linux 4.17");
    // SAFETY: the page was just mapped, writable, and aligned to more than eight bytes; it is never
    // unmapped. Volatile, because the reader is another process, of which the compiler knows nothing.
    unsafe { page.cast::<u64>().write_volatile(number) };
    println!("open");
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
