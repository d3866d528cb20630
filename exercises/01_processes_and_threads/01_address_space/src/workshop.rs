//! A process with a number at a known address, to be looked at from outside. Given.
//!
//! Where a program's own variables lie changes from run to run (proc_sys_kernel(5),
//! `randomize_va_space`). To have the same address in two processes, each asks the kernel for a page
//! right there.

#![allow(unsafe_code)]

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::num::NonZeroUsize;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};

/// Where every workshop keeps its number: beyond 2^32, and free in a program on a 64-bit machine,
/// if it has at least 38 bits for a program's addresses (aarch64 kernels with 36 are rare).
pub const ADDRESS: u64 = 1 << 37;

/// A running workshop; dropping it ends the process.
#[derive(Debug)]
pub struct Workshop {
    process: Child,
    says: BufReader<ChildStdout>,
}

impl Workshop {
    /// Starts `program workshop NUMBER` and waits until the number lies at [`ADDRESS`].
    pub fn open(program: impl AsRef<Path>, number: u64) -> io::Result<Self> {
        let mut process = Command::new(program.as_ref())
            .args(["workshop", &number.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let says = BufReader::new(process.stdout.take().expect("stdout is a pipe"));
        let mut workshop = Self { process, says };
        workshop.await_its_number()?;
        Ok(workshop)
    }

    /// Has the process become a program with another number (execve(2)), and waits until that lies at
    /// [`ADDRESS`]. It is the same process, with another memory.
    pub fn open_again(&mut self, number: u64) -> io::Result<()> {
        writeln!(self.process.stdin.as_mut().expect("stdin is a pipe"), "{number}")?;
        self.await_its_number()
    }

    fn await_its_number(&mut self) -> io::Result<()> {
        let mut line = String::new();
        self.says.read_line(&mut line)?;
        if line != "open\n" {
            return Err(io::Error::other("the workshop did not open"));
        }
        Ok(())
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

/// Whether this process may have a page at `address`, where nothing is yet; it keeps it.
pub fn has_room_at(address: u64) -> bool {
    let address = NonZeroUsize::new(address as usize);
    let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_FIXED_NOREPLACE;
    // SAFETY: MAP_FIXED_NOREPLACE never replaces memory that is in use; it fails instead (mmap(2)).
    let page = unsafe { mmap_anonymous(address, NonZeroUsize::MIN, ProtFlags::PROT_NONE, flags) };
    page.is_ok_and(|page| Some(page.addr()) == address)
}

/// What the workshop itself does: puts `number` at [`ADDRESS`] and keeps it until nobody needs it, or until it
/// reads another number, with which it begins again as a new program.
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
    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        return Ok(());
    }
    Err(Command::new(env::current_exe()?).args(["workshop", line.trim()]).exec())
}
