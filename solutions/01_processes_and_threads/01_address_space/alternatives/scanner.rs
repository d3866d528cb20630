//! The map of a process, read by a scanner: it takes one number or one letter at a time from the front of
//! the line, so nothing that the format does not allow gets past it, and no field is cut out first.

use std::cmp::Ordering;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};

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
        let mut scanner = Scanner { rest: line };
        let start = scanner.number(16)?;
        scanner.symbol("-")?;
        let end = scanner.number(16)?;
        scanner.symbol(" ")?;
        let mut permissions = String::new();
        for letters in ["r-", "w-", "x-", "ps"] {
            permissions.push(scanner.one_of(letters)?);
        }
        scanner.symbol(" ")?;
        let _offset = scanner.number(16)?;
        scanner.symbol(" ")?;
        let _major = scanner.number(16)?;
        scanner.symbol(":")?;
        let _minor = scanner.number(16)?;
        scanner.symbol(" ")?;
        let _inode = scanner.number(10)?;
        Some(Self { start, end, permissions, name: scanner.name()? })
    }
}

/// The part of a line that has not been read yet.
struct Scanner<'a> {
    rest: &'a str,
}

impl Scanner<'_> {
    /// The digits that come next, as a number; `None` if there are none, or too many.
    fn number(&mut self, radix: u32) -> Option<u64> {
        let is_something_else = |letter: char| !letter.is_digit(radix);
        let end = self.rest.find(is_something_else).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        u64::from_str_radix(digits, radix).ok()
    }

    fn symbol(&mut self, symbol: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(symbol)?;
        Some(())
    }

    fn one_of(&mut self, letters: &str) -> Option<char> {
        let letter = self.rest.chars().next().filter(|letter| letters.contains(*letter))?;
        self.rest = &self.rest[letter.len_utf8()..];
        Some(letter)
    }

    /// The rest of the line, which at least one blank sets off; `Some(None)` if there is nothing else.
    fn name(&mut self) -> Option<Option<String>> {
        let name = self.rest.trim_start_matches(' ');
        if name.is_empty() {
            return Some(None);
        }
        (name.len() < self.rest.len()).then(|| Some(name.to_owned()))
    }
}

/// The region that `address` lies in; `regions` are in order of their addresses and do not overlap.
///
/// A binary search: a region that lies before the address is less, and one that lies behind it greater.
pub fn find(regions: &[Region], address: u64) -> Option<&Region> {
    let index = regions.binary_search_by(|region| {
        if region.end <= address {
            Ordering::Less
        } else if region.start > address {
            Ordering::Greater
        } else {
            Ordering::Equal
        }
    });
    index.ok().map(|index| &regions[index])
}

/// How many bits the program's own highest address in the map needs; 0 if the map has none.
///
/// An address whose topmost bit (of 64) is set belongs to the kernel, even if it stands in the map.
pub fn user_bits(regions: &[Region]) -> u32 {
    // As a signed number, an address of the kernel is negative.
    let last = |region: &Region| region.end.wrapping_sub(1).cast_signed();
    let highest = regions.iter().map(last).max().unwrap_or(0);
    // The logarithm of 0 and of negative numbers does not exist.
    highest.checked_ilog2().map_or(0, |power| power + 1)
}

/// The eight bytes at `address` in process `pid`, as a number in this machine's byte order.
///
/// Fails where nothing is mapped, and where the kernel does not let us look.
pub fn peek(pid: u32, address: u64) -> io::Result<u64> {
    let mut memory = File::open(format!("/proc/{pid}/mem"))?;
    memory.seek(SeekFrom::Start(address))?;
    let mut bytes = [0; 8];
    memory.read_exact(&mut bytes)?;
    Ok(u64::from_ne_bytes(bytes))
}

/// The map of process `pid`, which may be the caller's own.
pub fn regions_of(pid: u32) -> io::Result<Vec<Region>> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let region = |line| Region::parse(line).ok_or_else(|| io::Error::other(format!("{line}?")));
    maps.lines().map(region).collect()
}
