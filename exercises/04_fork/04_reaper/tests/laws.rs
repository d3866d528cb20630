//! The law of the reaper: every end is reported, once, in its own words, and none before it came.

use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use testkit::program::{Ending, Program};

/// A scene that hangs costs a deadline: after the first one, no smaller one is looked for.
static HUNG: AtomicBool = AtomicBool::new(false);

/// How one child ends, and whether it lives until the others have been reaped.
fn child() -> impl Strategy<Value = (String, bool)> {
    let code = (0..256).prop_map(|code| format!("e{code}"));
    let signal = prop::sample::select(vec!["k9", "k10", "k14", "k15", "k40"]);
    (prop_oneof![code, signal.prop_map(str::to_owned)], any::<bool>())
}

/// As the scene prints it: `3 exited 7`, in the order of the text.
fn told(children: &[(String, bool)], wanted: impl Fn(bool) -> bool) -> String {
    let mut told: Vec<String> = (0..)
        .zip(children)
        .filter(|(_, (_, held))| wanted(*held))
        .map(|(i, (how, _))| match how.split_at(1) {
            ("e", code) => format!("{i} exited {code}"),
            (_, signal) => format!("{i} killed {signal}"),
        })
        .collect();
    told.sort();
    let told = if told.is_empty() { "nobody".to_owned() } else { told.join(", ") };
    format!("reaped: {told}")
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        rng_seed: RngSeed::Fixed(testkit::seed(44)),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_end_is_reported_once(children in prop::collection::vec(child(), 0..9)) {
        if HUNG.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut program = Program::new(env!("CARGO_BIN_EXE_death_scenes")).arg("law");
        for (how, held) in &children {
            program = program.arg(format!("{}{how}", if *held { "+" } else { "" }));
        }
        let observed = program.run();
        HUNG.store(observed.ending == Ending::TimedOut, Ordering::Relaxed);
        let expected = format!(
            "{}\n{}\nleft: none\n",
            told(&children, |held| !held),
            told(&children, |held| held),
        );
        prop_assert!(
            observed.stdout == expected,
            "first those that have ended, then those that lived on:\n{expected}not\n{}{}{}",
            observed.stdout, observed.stderr, observed.stuck
        );
    }
}
