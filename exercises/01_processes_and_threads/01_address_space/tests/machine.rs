//! What this machine says: this process, and two workshops with a number at the same address.

#![allow(unsafe_code)]

use std::num::NonZero;
use std::panic::catch_unwind;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use address_space::workshop::{ADDRESS, Workshop};
use address_space::{Region, find, peek, regions_of, user_bits};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, mprotect};
use nix::unistd::{SysconfVar, ftruncate, sysconf};
use testkit::{procfs, require};

/// A number that can be changed.
static mut CHANGEABLE: u64 = 1;

/// A number that cannot.
static FIXED: u64 = 5555;

fn map_of_this_process() -> Vec<Region> {
    regions_of(process::id()).expect("a process may read its own map")
}

// `?` stands for either: linkers differ in what they put beside each other.
testkit::cases! {
    each_part_of_a_program_has_its_permissions:
    case_1_code(map_of_this_process as *const () as u64, "r-xp");
    case_2_a_static_that_can_be_changed(&raw const CHANGEABLE as u64, "rw?p");
    case_3_a_static_that_cannot(&raw const FIXED as u64, "r-?p");
    case_4_the_stack(&raw const *std::hint::black_box(&process::id()) as u64, "rw?p");
    case_5_the_heap(Box::into_raw(Box::new(1)) as u64, "rw?p");
}

fn each_part_of_a_program_has_its_permissions(address: u64, expected: &str) {
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
    // 2^47 on x86-64 by default, 2^36 to 2^48 elsewhere.
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
fn a_peek_may_begin_at_any_address() {
    static NUMBERS: [u64; 2] = [0x1122_3344_5566_7788, 0x99aa_bbcc_ddee_ff00];
    let bytes: Vec<u8> = NUMBERS.iter().flat_map(|number| number.to_ne_bytes()).collect();
    let expected = u64::from_ne_bytes(bytes[3..11].try_into().expect("eight bytes"));
    let seen =
        peek(process::id(), &raw const NUMBERS as u64 + 3).map_err(|error| error.to_string());
    require!(seen == Ok(expected),
        expected: "the eight bytes from the fourth one on: {expected:#x}",
        seen: "{seen:x?}",
        likely: "the address is rounded: memory is read by the byte here, and an address need not be a multiple of 8",
        read: "hint 4; proc_pid_mem(5)",
    );
}

#[test]
fn a_peek_of_which_half_can_be_read_is_an_error() {
    let file = memfd_create("half a number", MFdFlags::MFD_CLOEXEC).expect("a file in memory");
    let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().expect("pages have a size");
    ftruncate(&file, page).expect("one page long");
    let (two, page) = (NonZero::new(2 * page as usize).expect("two pages"), page as u64);
    // SAFETY: a new mapping at an address that the kernel chooses; nobody uses its memory.
    let mapped = unsafe { mmap(None, two, ProtFlags::PROT_READ, MapFlags::MAP_SHARED, &file, 0) };
    let start = mapped.expect("a mapping").as_ptr() as u64;
    let seen = peek(process::id(), start + page - 4).map_err(drop);
    require!(seen.is_err(),
        expected: "an error: the file behind this memory ends after four of the eight bytes",
        seen: "{seen:x?}",
        likely: "`read_at` may return fewer bytes than were asked for, and says how many: `read_exact_at` asks until it has all",
        read: "hint 4; read(2), RETURN VALUE",
    );
}

#[test]
fn a_peek_may_begin_in_one_region_and_end_in_the_next() {
    let file = memfd_create("two regions", MFdFlags::MFD_CLOEXEC).expect("a file in memory");
    let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().expect("pages have a size");
    ftruncate(&file, 2 * page).expect("two pages long");
    let (one, page) = (NonZero::new(page as usize).expect("a page"), page as u64);
    let two = one.saturating_add(one.get());
    let rights = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping at an address that the kernel chooses; nobody uses its memory.
    let mapped = unsafe { mmap(None, two, rights, MapFlags::MAP_SHARED, &file, 0) };
    let start = mapped.expect("a mapping");
    // SAFETY: the first page of the mapping loses a right, which nobody uses.
    unsafe { mprotect(start, one.get(), ProtFlags::PROT_READ) }.expect("a right can be taken away");
    let border = start.as_ptr() as u64 + page;
    let regions = regions_of(process::id()).map_err(drop);
    let apart = regions.as_ref().is_ok_and(|regions| regions.iter().any(|it| it.start == border));
    require!(apart,
        expected: "a region of {border:#x} on: its rights are others than those of the page before it",
        seen: "{regions:x?}",
        likely: "neighbouring regions are made one",
        read: "proc_pid_maps(5)",
    );
    let seen = peek(process::id(), border - 4).map_err(|error| error.to_string());
    require!(seen == Ok(0),
        expected: "the eight bytes across the border of two regions: Ok(0)",
        seen: "{seen:x?}",
        likely: "`peek` asks the map for one region that has all eight bytes; the kernel asks only whether each byte is mapped",
        read: "the stub",
    );
}

testkit::cases! {
    a_peek_where_nothing_is_mapped_is_an_error:
    case_1_the_first_address(0);
    case_2_an_address_in_the_first_page(8);
    case_3_the_first_with_bit_63(1 << 63);
    case_4_the_kernels_half(0xffff_8000_0000_0000);
    case_5_the_last_eight_bytes(u64::MAX - 7);
    case_6_the_last_address(u64::MAX);
}

fn a_peek_where_nothing_is_mapped_is_an_error(address: u64) {
    let seen = catch_unwind(|| peek(process::id(), address));
    let seen = match seen {
        Ok(Ok(number)) => format!("the number {number:#x}"),
        Ok(Err(_)) => String::new(),
        Err(_) => "a panic".to_owned(),
    };
    require!(seen.is_empty(),
        expected: "an error: this program has nothing at address {address:#x}",
        seen: "{seen}",
        likely: "the result of the read is thrown away; or the address is made an i64, where those of the kernel do not fit",
        read: "hint 4; proc_pid_mem(5)",
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
        likely: "`peek` looks into another process than `pid`",
        read: "hint 4",
    );
    for workshop in &workshops {
        let regions = regions_of(workshop.pid()).unwrap();
        let room =
            find(&regions, ADDRESS).map(|region| (region.start, region.permissions.as_str()));
        assert_eq!(room, Some((ADDRESS, "rw-p")), "each process has a region of its own there");
    }
    let map = map_of_this_process();
    assert!(find(&map, ADDRESS).is_none(), "this process has nothing at that address");
}

#[test]
fn a_peek_sees_what_is_there_now() {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    for number in [7777, 8888] {
        NUMBER.store(number, Ordering::Relaxed);
        let seen = peek(process::id(), &raw const NUMBER as u64).map_err(|error| error.to_string());
        require!(seen == Ok(number),
            expected: "{number}, which stands there by now",
            seen: "{seen:?}",
            likely: "what was seen there before is remembered: memory changes",
            read: "the stub; proc_pid_mem(5)",
        );
    }
}

#[test]
fn a_peek_into_a_process_that_has_become_another_program_sees_its_new_memory() {
    let mut workshop = Workshop::open(env!("CARGO_BIN_EXE_address_space"), 3333).unwrap();
    let pid = workshop.pid();
    for number in [3333, 4444] {
        if number == 4444 {
            workshop.open_again(number).unwrap();
        }
        let seen = peek(pid, ADDRESS).map_err(|error| error.to_string());
        let when = if number == 4444 { "after" } else { "before" };
        require!(seen == Ok(number),
            expected: "{number} at {ADDRESS:#x} {when} the process has called execve(2)",
            seen: "{seen:?}",
            likely: "something is kept from call to call: `/proc/PID/mem` shows the memory that the process had when \
                the file was opened, so it has to be opened each time",
            read: "the stub; execve(2); proc_pid_mem(5)",
        );
    }
}

#[test]
fn a_peek_leaves_nothing_open() {
    let workshop = Workshop::open(env!("CARGO_BIN_EXE_address_space"), 5555).unwrap();
    let pid = workshop.pid();
    // One that succeeds, and one that does not.
    let seen = (peek(pid, ADDRESS).ok(), peek(pid, 0).is_err());
    require!(seen == (Some(5555), true),
        expected: "5555 at {ADDRESS:#x}, and an error at 0",
        seen: "{seen:?}",
        likely: "see the tests before this one",
        read: "hint 4",
    );
    let own = procfs::open_descriptors(process::id().cast_signed()).expect("our own descriptors");
    let of_the_process = format!("/proc/{pid}");
    let kept = own.into_values().find(|open| open.starts_with(&of_the_process));
    let kept = kept.unwrap_or_default();
    require!(kept.is_empty(),
        expected: "no file of the process to be open when `peek` has returned",
        seen: "{kept} is open",
        likely: "the file is kept for the next call: its number stays taken, and with a thousand processes no number is left",
        read: "the stub; getrlimit(2), RLIMIT_NOFILE",
    );
}
