//! The law of the timers: whatever is set and removed, what is left rings by deadline, then by
//! registration.

mod common;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use common::{reactor, run_within};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// A timer: how many microseconds after a common moment, and whether it is removed again.
fn timers() -> impl Strategy<Value = Vec<(u64, bool)>> {
    prop::collection::vec((0..6_u64, prop::bool::weighted(0.3)), 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        rng_seed: RngSeed::Fixed(testkit::seed(7)),
        failure_persistence: None,
        // Without it a loop that hangs would be run again and again for a smaller case.
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    #[test]
    fn timers_ring_by_deadline_and_then_by_registration(timers in timers()) {
        let likely = "a timer is lost, or one that is removed is still waited for";
        let given = timers.clone();
        let rung = run_within(likely, "hint 2", move || {
            let mut reactor = reactor();
            let rung = Rc::new(RefCell::new(Vec::new()));
            let moment = Instant::now();
            let mut removed = Vec::new();
            for (i, &(micros, remove)) in given.iter().enumerate() {
                let rung = Rc::clone(&rung);
                let deadline = moment + Duration::from_micros(micros);
                let token = reactor
                    .at(deadline, move |_| rung.borrow_mut().push(i))
                    .expect("a timer can be set");
                if remove {
                    removed.push(token);
                }
            }
            for token in removed {
                reactor.remove(token);
            }
            reactor.run().expect("nothing here fails");
            rung.take()
        });
        let mut right: Vec<usize> = (0..timers.len()).filter(|&i| !timers[i].1).collect();
        right.sort_by_key(|&i| timers[i].0);
        prop_assert_eq!(rung, right, "the order in which timers rang (left) and should (right)");
    }
}
