//! Two laws: writing and reading a line changes nothing, and a search is a search.

use address_space::{Region, find};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Regions in order, some with a gap before them.
fn regions() -> impl Strategy<Value = Vec<Region>> {
    let name = option::of("/[a-z]{1,5}( ?[a-z0-9.]{1,5}){0,3}");
    let page = (0..3_u64, 1..9_u64, "[r-][w-][x-][sp]", name);
    vec(page, 0..20).prop_map(|pages| {
        let mut address = 0x5500_0000_0000;
        let region = |(gap, length, permissions, name)| {
            let start = address + gap * 0x1000;
            address = start + length * 0x1000;
            Region { start, end: address, permissions, name }
        };
        pages.into_iter().map(region).collect()
    })
}

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

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(testkit::seed(7)),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_region_that_is_written_and_read_is_the_same(regions in regions()) {
        for region in regions {
            let line = line(&region);
            let seen = Region::parse(&line);
            prop_assert!(
                seen.as_ref().map(fields) == Some(fields(&region)),
                "`{}`\nis read as {:x?}\nand not as {:x?}",
                line, seen, region
            );
        }
    }

    #[test]
    fn a_search_finds_what_looking_at_every_region_finds(
        regions in regions(),
        // Any address, and often one where a region may begin or end.
        offset in prop_oneof![0..0xc_0000_u64, (0..0xc0_u64).prop_map(|page| page * 0x1000)],
    ) {
        let address = 0x5500_0000_0000 + offset;
        let holds = |region: &&Region| (region.start..region.end).contains(&address);
        let (seen, right) = (find(&regions, address), regions.iter().find(holds));
        prop_assert!(
            seen.map(fields) == right.map(fields),
            "find returned for {:x}: {:x?}\nit lies in: {:x?}",
            address, seen, right
        );
    }
}
