//! The map of a process: what lies at which address.
//!
//! An address alone says nothing. The kernel keeps a map for each process, and the same address leads
//! to one page in this process, to another one in that, and to nothing in a third. `/proc/PID/maps`
//! shows the map, `/proc/PID/mem` what it leads to.

use std::fs::File;
use std::os::unix::fs::FileExt;
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
    /// What stands at the end of the line: the path of a file, or another name such as `[heap]`;
    /// `None` if nothing stands there.
    pub name: Option<String>,
}

impl Region {
    /// Reads a line of `/proc/PID/maps`; `None` if it is not one: range and offset are hexadecimal, the
    /// permissions `r`, `w`, `x` or `-` each, then `p` or `s`; the device is two hexadecimal numbers with a
    /// colon between them, the inode is decimal.
    pub fn parse(line: &str) -> Option<Self> {
        // Five fields with one blank between them, and a name that may hold blanks itself and is
        // set off by any number of them (proc_pid_maps(5)).
        let mut fields = line.splitn(6, ' ');
        let (start, end) = fields.next()?.split_once('-')?;
        let permissions = fields.next().filter(|word| are_permissions(word))?.to_owned();
        // Nobody asks for these three; a line in which they are no numbers is not from a map.
        let _offset = hexadecimal(fields.next()?)?;
        let (major, minor) = fields.next()?.split_once(':')?;
        let _device = (hexadecimal(major)?, hexadecimal(minor)?);
        let _inode: u64 = fields.next()?.parse().ok()?;
        let name = fields.next().unwrap_or_default().trim_start();
        Some(Self {
            start: hexadecimal(start)?,
            end: hexadecimal(end)?,
            permissions,
            name: (!name.is_empty()).then(|| name.to_owned()),
        })
    }
}

fn hexadecimal(digits: &str) -> Option<u64> {
    u64::from_str_radix(digits, 16).ok()
}

/// Whether a word is `rwxp`, with a `-` for each right that is missing, or with `s` for shared.
fn are_permissions(word: &str) -> bool {
    let places = ["r-", "w-", "x-", "ps"];
    word.len() == places.len() && word.chars().zip(places).all(|(letter, of)| of.contains(letter))
}

/// The region that `address` lies in; `regions` are in order of their addresses and do not overlap.
pub fn find(regions: &[Region], address: u64) -> Option<&Region> {
    // The first region that does not end before the address; it may begin after it.
    let index = regions.partition_point(|region| region.end <= address);
    regions.get(index).filter(|region| region.start <= address)
}

/// How many bits the program's own highest address in the map needs; 0 if the map has none.
///
/// An address whose topmost bit (of 64) is set belongs to the kernel, even if it stands in the map.
pub fn user_bits(regions: &[Region]) -> u32 {
    // `end` itself is outside: a space of 2^47 bytes ends at 2^47, which has 48 bits.
    let last = regions.iter().map(|region| region.end - 1);
    let highest = last.filter(|&address| address < 1 << 63).max().unwrap_or(0);
    u64::BITS - highest.leading_zeros()
}

/// The eight bytes at `address` in process `pid`, as a number in this machine's byte order.
///
/// Fails where nothing is mapped, and where the kernel does not let us look.
pub fn peek(pid: u32, address: u64) -> io::Result<u64> {
    let mut bytes = [0; 8];
    File::open(format!("/proc/{pid}/mem"))?.read_exact_at(&mut bytes, address)?;
    Ok(u64::from_ne_bytes(bytes))
}

/// The map of process `pid`, which may be the caller's own.
pub fn regions_of(pid: u32) -> io::Result<Vec<Region>> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let region = |line| Region::parse(line).ok_or_else(|| io::Error::other(format!("{line}?")));
    maps.lines().map(region).collect()
}
