//! Two laws, tried on every small map: writing and reading a line changes nothing, and a search is a search.

use address_space::{Region, find};

const PAGE: u64 = 0x1000;
const FIRST: u64 = 0x5500_0000_0000;

/// A region by its fields: two regions are compared by numbers and text.
fn fields(region: &Region) -> (u64, u64, String, Option<String>) {
    (region.start, region.end, region.permissions.clone(), region.name.clone())
}

/// As the kernel writes it: padded, so that the names stand below each other.
fn line(region: &Region) -> String {
    let Region { start, end, permissions, name } = region;
    let fields = format!("{start:08x}-{end:08x} {permissions} 00000000 00:00 0 ");
    match name {
        Some(name) => format!("{fields:<73}{name}"),
        None => fields,
    }
}

/// All sixteen, from `---p` to `rwxs`.
fn permissions() -> impl Iterator<Item = String> {
    let letters = ["-r", "-w", "-x", "ps"];
    (0..16_usize).map(move |bits| {
        let letter =
            |(place, pair): (usize, &&str)| pair.as_bytes()[bits >> (3 - place) & 1] as char;
        letters.iter().enumerate().map(letter).collect()
    })
}

#[test]
fn a_region_that_is_written_and_read_is_the_same() {
    let names = [
        None,
        Some("[heap]"),
        Some("/usr/lib/libc.so.6"),
        Some("/a b"),
        Some("/two  blanks, and one at the end "),
        Some("/gone (deleted)"),
        Some("/two\\012lines"),
        Some("/it/looks/like 00001000 fe:00 42 a line"),
        Some("anon_inode:[io_uring]"),
        Some("[anon:kitchen]"),
        Some("/café"),
    ];
    // Addresses of one digit, of two, … and the last page of all.
    let starts = (0..16).map(|digits| 1_u64 << (4 * digits)).chain([u64::MAX - PAGE]);
    for start in starts {
        for permissions in permissions() {
            for name in names {
                let (end, name) = (start.saturating_add(PAGE), name.map(str::to_owned));
                let region = Region { start, end, permissions: permissions.clone(), name };
                let line = line(&region);
                let seen = Region::parse(&line);
                assert!(
                    seen.as_ref().map(fields) == Some(fields(&region)),
                    "`{line}`\nis read as {seen:x?}\nand not as {region:x?}"
                );
            }
        }
    }
}

/// Regions of so many pages each, each behind so many free ones.
fn map(pages: &[(u64, u64)]) -> Vec<Region> {
    let mut address = FIRST;
    let region = |&(free, length): &(u64, u64)| {
        let start = address + free * PAGE;
        address = start + length * PAGE;
        Region { start, end: address, permissions: "rw-p".to_owned(), name: None }
    };
    pages.iter().map(region).collect()
}

/// All maps of up to four regions of one or two pages, some of them behind a free page; and, with up to twenty
/// regions, those that a search in halves goes wrong in.
fn maps() -> Vec<Vec<Region>> {
    let kinds = [(0, 1), (0, 2), (1, 1), (1, 2)];
    let mut all = vec![Vec::new()];
    let mut last = all.clone();
    for _ in 0..4 {
        let longer = |map: &Vec<(u64, u64)>| kinds.map(|kind| [map.as_slice(), &[kind]].concat());
        last = last.iter().flat_map(longer).collect();
        all.extend(last.iter().cloned());
    }
    for count in 5..=20 {
        all.extend([vec![(0, 1); count], vec![(1, 1); count]]);
    }
    all.iter().map(|pages| map(pages)).collect()
}

#[test]
fn a_search_finds_what_looking_at_every_region_finds() {
    for regions in maps() {
        let end = regions.last().map_or(FIRST, |region| region.end);
        let pages = (FIRST - PAGE..=end + PAGE).step_by(PAGE as usize);
        for address in pages.flat_map(|page| [page, page + 1, page + PAGE - 1]) {
            let holds = |region: &&Region| (region.start..region.end).contains(&address);
            let (seen, right) = (find(&regions, address), regions.iter().find(holds));
            assert!(
                seen.map(fields) == right.map(fields),
                "in {regions:x?}\nfind returned for {address:x}: {seen:x?}\nit lies in: {right:x?}"
            );
        }
    }
}
