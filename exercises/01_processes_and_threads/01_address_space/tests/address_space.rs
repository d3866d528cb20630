//! How the map is read, easiest first.

use address_space::{Region, find, user_bits};
use testkit::require;

fn region(start: u64, end: u64, permissions: &str, name: Option<&str>) -> Region {
    Region { start, end, permissions: permissions.to_owned(), name: name.map(str::to_owned) }
}

/// A region by its fields. What is compared is numbers and text, never a `Region`: what it is for two of
/// them to be equal, your file could say.
type Fields = (u64, u64, String, Option<String>);

fn fields(region: &Region) -> Fields {
    (region.start, region.end, region.permissions.clone(), region.name.clone())
}

// The lines of the maps of real programs.
testkit::cases! {
    a_line_is_a_region:
    case_01_a_file(
        "55d0c8a00000-55d0c8a21000 r-xp 00002000 fe:00 325843                     /usr/bin/cat",
        region(0x55d0_c8a0_0000, 0x55d0_c8a2_1000, "r-xp", Some("/usr/bin/cat"))
    );
    case_02_the_heap(
        "55d0ca000000-55d0ca021000 rw-p 00000000 00:00 0                          [heap]",
        region(0x55d0_ca00_0000, 0x55d0_ca02_1000, "rw-p", Some("[heap]"))
    );
    case_03_memory_with_no_name(
        "7f1c2a000000-7f1c2a021000 rw-p 00000000 00:00 0 ",
        region(0x7f1c_2a00_0000, 0x7f1c_2a02_1000, "rw-p", None)
    );
    case_04_shared_with_others(
        "7f1c2b000000-7f1c2b001000 rw-s 00000000 00:01 2051                       /dev/zero (deleted)",
        region(0x7f1c_2b00_0000, 0x7f1c_2b00_1000, "rw-s", Some("/dev/zero (deleted)"))
    );
    case_05_a_name_with_blanks(
        "7f1c2c000000-7f1c2c001000 r--p 00000000 fe:00 42                         /home/ada/my  notes 1",
        region(0x7f1c_2c00_0000, 0x7f1c_2c00_1000, "r--p", Some("/home/ada/my  notes 1"))
    );
    case_06_a_name_that_ends_with_a_blank(
        "7f1c2c000000-7f1c2c001000 r--p 00000000 fe:00 43                         /home/ada/notes ",
        region(0x7f1c_2c00_0000, 0x7f1c_2c00_1000, "r--p", Some("/home/ada/notes "))
    );
    case_07_the_line_in_the_description(
        "7f1c2a000000-7f1c2a021000 rw-p 00000000 fe:00 325843    /usr/lib/libc.so.6",
        region(0x7f1c_2a00_0000, 0x7f1c_2a02_1000, "rw-p", Some("/usr/lib/libc.so.6"))
    );
    case_08_a_name_with_neither_a_slash_nor_a_bracket_in_front(
        "7f1c2d000000-7f1c2d001000 rw-s 00000000 00:0f 2078                       anon_inode:[io_uring]",
        region(0x7f1c_2d00_0000, 0x7f1c_2d00_1000, "rw-s", Some("anon_inode:[io_uring]"))
    );
    case_09_a_short_address_of_a_32_bit_program(
        "08048000-08049000 r-xp 00000000 08:01 7                                  /bin/true",
        region(0x0804_8000, 0x0804_9000, "r-xp", Some("/bin/true"))
    );
    case_10_a_page_of_the_kernel(
        "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]",
        region(0xffff_ffff_ff60_0000, 0xffff_ffff_ff60_1000, "--xp", Some("[vsyscall]"))
    );
    case_11_a_name_with_a_newline_in_it(
        "7f1c2c000000-7f1c2c001000 r--p 00000000 fe:00 44                         /home/ada/two\\012lines",
        region(0x7f1c_2c00_0000, 0x7f1c_2c00_1000, "r--p", Some("/home/ada/two\\012lines"))
    );
    case_12_large_numbers(
        "7f1c2a000000-7f1c2a021000 r--p ffffffff000 103:fffff 18446744073709551615 /mnt/large",
        region(0x7f1c_2a00_0000, 0x7f1c_2a02_1000, "r--p", Some("/mnt/large"))
    );
}

fn a_line_is_a_region(line: &str, expected: Region) {
    let seen = Region::parse(line);
    require!(seen.as_ref().map(fields) == Some(fields(&expected)),
        expected: "{line}\nto be {expected:x?}",
        seen: "{seen:x?}",
        likely: "the numbers are hexadecimal; five fields with one blank between them, then a name that may hold blanks itself",
        read: "hint 1; proc_pid_maps(5)",
    );
}

testkit::cases! {
    what_is_no_region_is_refused:
    case_01_nothing("");
    case_02_no_range("7f1c2a000000 rw-p 00000000 00:00 0 ");
    case_03_no_hexadecimal_number("7f1c2a00000g-7f1c2a021000 rw-p 00000000 00:00 0 ");
    case_04_nothing_but_a_range("7f1c2a000000-7f1c2a021000");
    case_05_no_device_and_no_inode("7f1c2a000000-7f1c2a021000 rw-p 00000000");
    case_06_something_before_the_range("*7f1c2a000000-7f1c2a021000 rw-p 00000000 00:00 0 ");
    case_07_permissions_of_another_kind("7f1c2a000000-7f1c2a021000 nonsense 00000000 00:00 0 ");
    case_08_three_permissions("7f1c2a000000-7f1c2a021000 rw- 00000000 00:00 0 ");
    case_09_permissions_in_another_order("7f1c2a000000-7f1c2a021000 wr-p 00000000 00:00 0 ");
    case_10_neither_private_nor_shared("7f1c2a000000-7f1c2a021000 rw-- 00000000 00:00 0 ");
    case_11_an_offset_that_is_no_number("7f1c2a000000-7f1c2a021000 rw-p 0000000g 00:00 0 ");
    case_12_a_device_without_a_colon("7f1c2a000000-7f1c2a021000 rw-p 00000000 0000 0 ");
    case_13_a_device_that_is_no_number("7f1c2a000000-7f1c2a021000 rw-p 00000000 fe:zz 0 ");
    case_14_an_inode_that_is_no_number("7f1c2a000000-7f1c2a021000 rw-p 00000000 00:00 x ");
    case_15_an_inode_in_hexadecimal("7f1c2a000000-7f1c2a021000 rw-p 00000000 00:00 4f695 ");
    case_16_words_in_the_place_of_fields("1-2 nonsense 0 x 0");
    case_17_letters_in_any_place("7f1c2a000000-7f1c2a021000 rrrr 00000000 00:00 0 ");
    case_18_five_permissions("7f1c2a000000-7f1c2a021000 rw-pp 00000000 00:00 0 ");
}

fn what_is_no_region_is_refused(line: &str) {
    let seen = Region::parse(line);
    require!(seen.is_none(),
        expected: "parse(\"{line}\") to be None",
        seen: "{seen:x?}",
        likely: "a missing or broken field is replaced by something, or a character that is no digit is skipped, or a field that the region does not keep is not checked; `?` and `.ok()?` pass the None on",
        read: "src/lib.rs, parse; hint 1; proc_pid_maps(5)",
    );
}

testkit::cases! {
    an_address_lies_in_one_region_or_in_none:
    case_1_before_all(0x0fff, None);
    case_2_the_first_address(0x1000, Some(0));
    case_3_the_last_address(0x2fff, Some(0));
    case_4_an_end_is_outside_of_a_region(0x3000, None);
    case_5_between_two(0x3800, None);
    case_6_an_end_that_is_the_next_ones_start(0x5000, Some(2));
    case_7_the_last_address_of_all(0x5fff, Some(2));
    case_8_after_all(0x6000, None);
}

fn an_address_lies_in_one_region_or_in_none(address: u64, expected: Option<usize>) {
    let regions = [(0x1000, 0x3000), (0x4000, 0x5000), (0x5000, 0x6000)]
        .map(|(start, end)| region(start, end, "rw-p", None));
    let expected = expected.map(|index| &regions[index]);
    let seen = find(&regions, address);
    require!(seen.map(fields) == expected.map(fields),
        expected: "of 1000-3000, 4000-5000 and 5000-6000, {address:x} to lie in {expected:x?}",
        seen: "{seen:x?}",
        likely: "`start` belongs to a region, `end` does not: start <= address, and address < end",
        read: "hint 2; proc_pid_maps(5)",
    );
}

const VSYSCALL: (u64, u64) = (0xffff_ffff_ff60_0000, 0xffff_ffff_ff60_1000);

testkit::cases! {
    the_highest_address_of_the_program_has_so_many_bits:
    case_01_no_map(&[], 0);
    case_02_a_32_bit_machine(&[(0x0804_8000, 0x0804_9000), (0xbffd_f000, 0xc000_0000)], 32);
    case_03_all_of_a_32_bit_space(&[(0x0804_8000, 0x0804_9000), (0xfffd_f000, 0x1_0000_0000)], 32);
    case_04_x86_64(&[(0x55d0_c8a0_0000, 0x55d0_c8a2_1000), (0x7ffd_cb79_d000, 0x7ffd_cb7b_e000)], 47);
    case_05_a_region_that_ends_at_2_to_the_47(&[(0x7fff_ffff_f000, 0x8000_0000_0000)], 47);
    case_06_x86_64_with_a_page_of_the_kernel(&[(0x7ffd_cb79_d000, 0x7ffd_cb7b_e000), VSYSCALL], 47);
    case_07_x86_64_with_five_levels(&[(0x7ffd_cb79_d000, 0x7ffd_cb7b_e000), (1 << 55, (1 << 55) + 4096), VSYSCALL], 56);
    case_08_the_last_page_below_bit_63(&[(0x7fff_ffff_ffff_f000, 1 << 63)], 63);
    case_09_the_first_byte_with_bit_63(&[(0x1000, 0x2000), (1 << 63, (1 << 63) + 1)], 13);
    case_10_aarch64(&[(0xaaaa_c8a0_0000, 0xaaaa_c8a2_1000), (0xffff_cb79_d000, 0xffff_cb7b_e000)], 48);
    case_11_aarch64_with_three_levels(&[(0x7f_cb79_d000, 0x7f_cb7b_e000)], 39);
}

fn the_highest_address_of_the_program_has_so_many_bits(ranges: &[(u64, u64)], expected: u32) {
    let regions: Vec<_> =
        ranges.iter().map(|&(start, end)| region(start, end, "rw-p", None)).collect();
    let seen = user_bits(&regions);
    require!(seen == expected,
        expected: "{expected} bits for the regions {ranges:x?}",
        seen: "{seen}",
        likely: "`end` is not the last address, `end - 1` is; and an address with bit 63 set is the kernel's",
        read: "hint 3",
    );
}
