//! The law of the pipeline: what goes in comes out, whatever its length and however many stages copy.

mod common;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12,
        rng_seed: RngSeed::Fixed(testkit::seed(7)),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn copies_change_nothing(pattern in "[a-z\n]{1,40}", times in 0..8000_usize, stages in 1..5_usize) {
        let input = pattern.repeat(times);
        let stages = vec!["cat"; stages].join(" | ");
        let report = common::run(&stages, &input, "an end of a pipe that nobody uses is still open");
        report.require_no_error();
        prop_assert!(
            report.output == input,
            "{} bytes went into `{}`, {} came out, or others",
            input.len(), stages, report.output.len()
        );
        report.require_nothing_left();
    }
}
