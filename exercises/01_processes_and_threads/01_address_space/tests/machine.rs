//! What this machine says: this process, and two workshops with a number at the same address.

use std::process;

use address_space::workshop::{ADDRESS, Workshop};
use address_space::{Region, find, peek, regions_of, user_bits};
use rstest::rstest;
use testkit::require;

/// A number that can be changed.
static mut CHANGEABLE: u64 = 1;

/// A number that cannot.
static FIXED: u64 = 5555;

fn map_of_this_process() -> Vec<Region> {
    regions_of(process::id()).expect("a process may read its own map")
}

/// `?` stands for either: linkers differ in what they put beside each other.
#[rstest]
#[case::code(map_of_this_process as *const () as u64, "r-xp")]
#[case::a_static_that_can_be_changed(&raw const CHANGEABLE as u64, "rw?p")]
#[case::a_static_that_cannot(&raw const FIXED as u64, "r-?p")]
#[case::the_stack(&raw const *std::hint::black_box(&process::id()) as u64, "rw?p")]
#[case::the_heap(Box::into_raw(Box::new(1)) as u64, "rw?p")]
fn each_part_of_a_program_has_its_permissions(#[case] address: u64, #[case] expected: &str) {
    let regions = map_of_this_process();
    let seen = find(&regions, address).map(|region| region.permissions.as_str());
    let fits = |seen: &str| seen.chars().zip(expected.chars()).all(|(s, e)| s == e || e == '?');
    require!(seen.is_some_and(fits),
        expected: "{address:#x} to lie in a region with the permissions {expected}",
        seen: "{seen:?}",
        likely: "the wrong region, or none: see tests/address_space.rs first",
        read: "hint 2; proc_pid_maps(5)",
    );
}

#[test]
fn the_addresses_of_a_64_bit_program_need_more_than_32_bits() {
    let bits = user_bits(&map_of_this_process());
    // 2^47 on x86-64 by default, 2^38 to 2^48 elsewhere.
    require!((33..=57).contains(&bits),
        expected: "the highest address of this process to have from 33 to 57 bits",
        seen: "{bits}",
        likely: "64: the page [vsyscall] is not the program's; 32 or less: not the highest address",
        read: "hint 3; https://docs.kernel.org/arch/x86/x86_64/mm.html",
    );
}

#[test]
fn a_peek_into_this_process_sees_its_memory() {
    let seen = peek(process::id(), &raw const FIXED as u64).map_err(|error| error.to_string());
    require!(seen == Ok(5555),
        expected: "5555, which stands in a static of this test",
        seen: "{seen:?}",
        likely: "the offset in /proc/PID/mem is the address itself; eight bytes, u64::from_ne_bytes",
        read: "hint 4; proc_pid_mem(5)",
    );
}

#[test]
fn a_peek_where_nothing_is_mapped_is_an_error() {
    let seen = peek(process::id(), 8);
    require!(seen.is_err(),
        expected: "an error: nobody has anything at address 8",
        seen: "{seen:?}",
        likely: "the result of the read is thrown away",
        read: "hint 4",
    );
}

#[test]
fn two_processes_have_different_numbers_at_the_same_address() {
    let program = env!("CARGO_BIN_EXE_address_space");
    let workshops = [1111, 2222].map(|number| Workshop::open(program, number).unwrap());
    let seen = workshops.each_ref().map(|workshop| peek(workshop.pid(), ADDRESS).ok());
    require!(seen == [Some(1111), Some(2222)],
        expected: "1111 in the one process and 2222 in the other, both at {ADDRESS:#x}",
        seen: "{seen:?}",
        likely: "the process that was looked into is not `pid`",
        read: "hint 4",
    );
    for workshop in &workshops {
        let regions = regions_of(workshop.pid()).unwrap();
        let room =
            find(&regions, ADDRESS).map(|region| (region.start, region.permissions.as_str()));
        assert_eq!(room, Some((ADDRESS, "rw-p")), "each process has a region of its own there");
    }
    let here = find(&map_of_this_process(), ADDRESS).cloned();
    assert_eq!(here, None, "this process has nothing at that address");
}
