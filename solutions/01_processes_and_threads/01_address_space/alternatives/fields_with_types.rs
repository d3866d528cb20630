//! The map of a process, with a type for each field: `FromStr` says what the field may hold, and an error
//! says what is wrong with a line, until `parse` has to leave that out.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::num::ParseIntError;
use std::str::FromStr;

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
        line.parse().ok()
    }
}

/// Why a line is none of a map.
#[derive(Debug)]
pub enum NoRegion {
    /// It ends too early.
    MissingField,
    /// Something else stands where a number should.
    NoNumber,
    /// These are not the four letters.
    NoPermissions,
    /// A separator is missing between two numbers.
    NoPair,
}

impl From<ParseIntError> for NoRegion {
    fn from(_: ParseIntError) -> Self {
        Self::NoNumber
    }
}

impl FromStr for Region {
    type Err = NoRegion;

    fn from_str(line: &str) -> Result<Self, NoRegion> {
        // The sixth holds all that is left, with its blanks.
        let mut fields = line.splitn(6, ' ');
        let mut next = || fields.next().ok_or(NoRegion::MissingField);
        let Pair(start, end) = next()?.parse::<Pair<'-'>>()?;
        let Permissions(permissions) = next()?.parse()?;
        let Hexadecimal(_) = next()?.parse()?;
        let Pair(_, _) = next()?.parse::<Pair<':'>>()?;
        let _inode: u64 = next()?.parse()?;
        let name = fields.next().map(|name| name.trim_start_matches(' '));
        let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
        Ok(Self { start, end, permissions, name })
    }
}

struct Hexadecimal(u64);

impl FromStr for Hexadecimal {
    type Err = NoRegion;

    fn from_str(text: &str) -> Result<Self, NoRegion> {
        Ok(Self(u64::from_str_radix(text, 16)?))
    }
}

/// Two hexadecimal numbers and what stands between them: a range or a device.
struct Pair<const SEPARATOR: char>(u64, u64);

impl<const SEPARATOR: char> FromStr for Pair<SEPARATOR> {
    type Err = NoRegion;

    fn from_str(text: &str) -> Result<Self, NoRegion> {
        let (left, right) = text.split_once(SEPARATOR).ok_or(NoRegion::NoPair)?;
        let [Hexadecimal(left), Hexadecimal(right)] = [left.parse()?, right.parse()?];
        Ok(Self(left, right))
    }
}

struct Permissions(String);

impl FromStr for Permissions {
    type Err = NoRegion;

    fn from_str(text: &str) -> Result<Self, NoRegion> {
        let allowed = ["r-", "w-", "x-", "ps"];
        let right = text.chars().zip(allowed).all(|(letter, allowed)| allowed.contains(letter));
        if right && text.chars().count() == allowed.len() {
            Ok(Self(text.to_owned()))
        } else {
            Err(NoRegion::NoPermissions)
        }
    }
}

/// The region that `address` lies in; `regions` are in order of their addresses and do not overlap.
///
/// Only the last that begins at the address or before it can hold it.
pub fn find(regions: &[Region], address: u64) -> Option<&Region> {
    let behind = regions.partition_point(|region| region.start <= address);
    regions[..behind].last().filter(|region| address < region.end)
}

/// How many bits the program's own highest address in the map needs; 0 if the map has none.
///
/// An address whose topmost bit (of 64) is set belongs to the kernel, even if it stands in the map.
pub fn user_bits(regions: &[Region]) -> u32 {
    const KERNEL: u64 = 1 << 63;
    let last_addresses = regions.iter().map(|region| region.end - 1);
    // A bit is needed if any address of the program has it or a higher one.
    let together = last_addresses.filter(|last| last & KERNEL == 0).fold(0, |all, last| all | last);
    u64::BITS - together.leading_zeros()
}

/// The eight bytes at `address` in process `pid`, as a number in this machine's byte order.
///
/// Fails where nothing is mapped, and where the kernel does not let us look.
pub fn peek(pid: u32, address: u64) -> io::Result<u64> {
    let mut memory = File::open(format!("/proc/{pid}/mem"))?;
    memory.seek(SeekFrom::Start(address))?;
    let mut bytes = Vec::new();
    memory.take(8).read_to_end(&mut bytes)?;
    let bytes = bytes.try_into().map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))?;
    Ok(u64::from_ne_bytes(bytes))
}

/// The map of process `pid`, which may be the caller's own.
pub fn regions_of(pid: u32) -> io::Result<Vec<Region>> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let region = |line| Region::parse(line).ok_or_else(|| io::Error::other(format!("{line}?")));
    maps.lines().map(region).collect()
}
