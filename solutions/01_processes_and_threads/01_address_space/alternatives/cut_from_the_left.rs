//! The map of a process, cut from the left: `split_once` takes one field after another off the line, and a
//! slice pattern checks the letters. The rest are plain loops.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;

pub mod workshop;

/// One line of `/proc/PID/maps`: addresses in a row that mean the same thing.
#[derive(Debug, Clone)]
pub struct Region {
    /// The first address.
    pub start: u64,
    /// The first address that no longer belongs to it.
    pub end: u64,
    /// What the process may do there: the four letters as they stand, `rw-p`.
    pub permissions: String,
    /// What stands at the end of the line: the path of a file, or another name such as `[heap]`;
    /// `None` if nothing stands there.
    pub name: Option<String>,
}

impl Region {
    /// Reads a line of `/proc/PID/maps`; `None` if it is not one: range and offset are hexadecimal, the
    /// permissions `r`, `w`, `x` or `-` each, then `p` or `s`; the device is two hexadecimal numbers with a
    /// colon between them, the inode is decimal.
    ///
    /// `7f1c2a000000-7f1c2a021000 rw-p 00000000 fe:00 325843    /usr/lib/libc.so.6`
    pub fn parse(line: &str) -> Option<Self> {
        let (start, line) = line.split_once('-')?;
        let (end, line) = line.split_once(' ')?;
        let (permissions, line) = line.split_once(' ')?;
        let (offset, line) = line.split_once(' ')?;
        let (major, line) = line.split_once(':')?;
        let (minor, line) = line.split_once(' ')?;
        // The only blank that may be missing: nothing need come behind the inode.
        let (inode, name) = line.split_once(' ').unwrap_or((line, ""));

        let [b'r' | b'-', b'w' | b'-', b'x' | b'-', b'p' | b's'] = permissions.as_bytes() else {
            return None;
        };
        for (number, radix) in [(offset, 16), (major, 16), (minor, 16), (inode, 10)] {
            u64::from_str_radix(number, radix).ok()?;
        }
        let name = name.trim_start_matches(' ');
        Some(Self {
            start: u64::from_str_radix(start, 16).ok()?,
            end: u64::from_str_radix(end, 16).ok()?,
            permissions: permissions.to_owned(),
            name: if name.is_empty() { None } else { Some(name.to_owned()) },
        })
    }
}

/// The region that `address` lies in; `regions` are in order of their addresses and do not overlap.
pub fn find(regions: &[Region], address: u64) -> Option<&Region> {
    regions.iter().find(|region| (region.start..region.end).contains(&address))
}

/// How many bits the program's own highest address in the map needs; 0 if the map has none.
///
/// An address whose topmost bit (of 64) is set belongs to the kernel, even if it stands in the map.
pub fn user_bits(regions: &[Region]) -> u32 {
    let mut highest = 0;
    for region in regions {
        // No region is empty, so it has a last address.
        let last = region.end - 1;
        if last < 1 << 63 && last > highest {
            highest = last;
        }
    }
    let mut bits = 0;
    while highest != 0 {
        highest >>= 1;
        bits += 1;
    }
    bits
}

/// The eight bytes at `address` in process `pid`, as a number in this machine's byte order.
///
/// Fails where nothing is mapped, and where the kernel does not let us look.
pub fn peek(pid: u32, address: u64) -> io::Result<u64> {
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let mut bytes = [0; 8];
    let mut filled = 0;
    // A read may bring fewer bytes than asked for, at the end of a region for example (read(2)).
    while filled < bytes.len() {
        match memory.read_at(&mut bytes[filled..], address + filled as u64) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(u64::from_ne_bytes(bytes))
}

/// The map of process `pid`, which may be the caller's own.
pub fn regions_of(pid: u32) -> io::Result<Vec<Region>> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let region = |line| Region::parse(line).ok_or_else(|| io::Error::other(format!("{line}?")));
    maps.lines().map(region).collect()
}
