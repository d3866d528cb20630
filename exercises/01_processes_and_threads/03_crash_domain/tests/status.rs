//! The wait status: one integer, and all that a parent hears of a child's end (wait(2)).

use crash_domain::Ending as Yours;
use nix::libc;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rstest::rstest;
use testkit::require;

/// An ending in a type of the test: when two of yours are equal, your file could say.
#[derive(Debug, PartialEq)]
enum Ending {
    Exited(i32),
    Signalled { signal: i32, core: bool },
}

fn from_raw(status: i32) -> Option<Ending> {
    Yours::from_raw(status).map(|ending| match ending {
        Yours::Exited(code) => Ending::Exited(code),
        Yours::Signalled { signal, core } => Ending::Signalled { signal, core },
    })
}

const fn signalled(signal: i32, core: bool) -> Option<Ending> {
    Some(Ending::Signalled { signal, core })
}

#[rstest]
#[case::success(0x0000, 0)]
#[case::code_3(0x0300, 3)]
#[case::a_panic(0x6500, 101)]
#[case::code_127_is_no_stop(0x7f00, 127)]
#[case::the_largest(0xff00, 255)]
fn an_exit_has_its_code_in_the_second_byte(#[case] status: i32, #[case] code: i32) {
    let seen = from_raw(status);
    let likely = match seen {
        Some(Ending::Exited(negative)) if negative == code - 0x100 => {
            "the byte of the code is taken for a signed number; a code is 0 to 255"
        }
        _ => "the code is read from the wrong bits: it is the second-lowest byte",
    };
    require!(seen == Some(Ending::Exited(code)),
        expected: "{status:#06x} to be Exited({code})",
        seen: "{seen:?}",
        likely: "{likely}",
        read: "wait(2), WEXITSTATUS; hint 1",
    );
}

#[rstest]
#[case::sigkill(0x0009, 9)]
#[case::sigsegv(0x000b, 11)]
#[case::sigterm(0x000f, 15)]
#[case::a_real_time_signal(0x0025, 37)]
#[case::the_last_signal(0x0040, 64)]
fn a_death_by_signal_has_the_signal_in_the_lowest_bits(#[case] status: i32, #[case] signal: i32) {
    let seen = from_raw(status);
    require!(seen == signalled(signal, false),
        expected: "{status:#06x} to be Signalled {{ signal: {signal}, core: false }}",
        seen: "{seen:?}",
        likely: "it is taken for an exit; or its signal is looked up by name, and a real-time signal has none; \
            or the core flag is guessed from the signal: it is a bit of the status, and here it is not set",
        read: "wait(2), WIFSIGNALED, WTERMSIG, WCOREDUMP; signal(7), Real-time signals",
    );
}

#[rstest]
#[case::sigabrt(0x0086, 6)]
#[case::sigsegv(0x008b, 11)]
#[case::the_last_signal(0x00c0, 64)]
fn a_core_dump_is_a_bit_of_its_own(#[case] status: i32, #[case] signal: i32) {
    let seen = from_raw(status);
    require!(seen == signalled(signal, true),
        expected: "{status:#06x} to be Signalled {{ signal: {signal}, core: true }}",
        seen: "{seen:?}",
        likely: "bit 0x80 is read as part of the signal, or is not read",
        read: "wait(2), WCOREDUMP; hint 1",
    );
}

#[rstest]
#[case::stopped_by_sigstop(0x137f)]
#[case::stopped_by_sigtstp(0x147f)]
#[case::stopped_by_a_tracer(0x0005_057f)]
#[case::continued(0xffff)]
fn a_stop_is_not_an_end(#[case] status: i32) {
    let seen = from_raw(status);
    require!(seen.is_none(),
        expected: "{status:#06x} to be None: the process lives",
        seen: "{seen:?}",
        likely: "every status that is not an exit is taken for a death by signal; 0x7f in the lowest bits is neither",
        read: "wait(2), WIFSTOPPED, WIFCONTINUED; hint 1",
    );
}

/// Every status that wait(2) can give.
fn status() -> impl Strategy<Value = i32> {
    prop_oneof![
        (0..=255).prop_map(|code| code << 8),
        (1..=64, any::<bool>()).prop_map(|(signal, core)| signal | i32::from(core) << 7),
        (1..=64, 0..=7).prop_map(|(signal, event)| event << 16 | signal << 8 | 0x7f),
        Just(0xffff),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(testkit::seed(4)),
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_status_is_read_as_the_macros_of_wait_read_it(status in status()) {
        let expected = if libc::WIFEXITED(status) {
            Some(Ending::Exited(libc::WEXITSTATUS(status)))
        } else if libc::WIFSIGNALED(status) {
            signalled(libc::WTERMSIG(status), libc::WCOREDUMP(status))
        } else {
            None
        };
        prop_assert_eq!(from_raw(status), expected, "status {:#06x}", status);
    }
}
