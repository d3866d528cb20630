//! The map of a process: what lies at which address.

use std::{fs, io};

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
    /// What stands at the end of the line, as it stands there: the path of a file, or another name such as
    /// `[heap]`; with ` (deleted)` and `\012` (a newline in a path), if the kernel has written that. `None`
    /// if nothing stands there.
    pub name: Option<String>,
}

impl Region {
    /// Reads a line of `/proc/PID/maps`; `None` if it is not one: range and offset are hexadecimal, the
    /// permissions `r`, `w` and `x` in this order, each or a `-` in its place, then `p` or `s`; the device is
    /// two hexadecimal numbers with a colon between them, the inode is decimal.
    ///
    /// `7f1c2a000000-7f1c2a021000 rw-p 00000000 fe:00 325843    /usr/lib/libc.so.6`
    pub fn parse(line: &str) -> Option<Self> {
        todo!("two hexadecimal numbers, four letters, three fields to check, a name: {line}")
    }
}

/// The region that `address` lies in; `regions` are in order of their addresses and do not overlap.
pub fn find(regions: &[Region], address: u64) -> Option<&Region> {
    todo!("which of {} regions holds {address:#x}? `end` is outside", regions.len())
}

/// How many bits the program's own highest address in the map needs; 0 if the map has none.
///
/// An address whose topmost bit (of 64) is set belongs to the kernel, even if it stands in the map.
pub fn user_bits(regions: &[Region]) -> u32 {
    todo!("the last address of {} regions, and the bits it needs", regions.len())
}

/// The eight bytes at `address` in process `pid`, as a number in this machine's byte order.
///
/// Fails if one of the eight is not mapped, at the kernel's addresses too, and where the kernel does not let
/// us look. It sees what is there now, whatever an earlier call has seen, and leaves no file open.
pub fn peek(pid: u32, address: u64) -> io::Result<u64> {
    todo!("/proc/{pid}/mem is a file whose offsets are addresses: read at {address:#x}")
}

/// The map of process `pid`, which may be the caller's own.
pub fn regions_of(pid: u32) -> io::Result<Vec<Region>> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let region = |line| Region::parse(line).ok_or_else(|| io::Error::other(format!("{line}?")));
    maps.lines().map(region).collect()
}
