//! The law of the semaphore: whatever is called in whatever order, no permit is lost or made up.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use semaphore::{Permit, Semaphore};
use testkit::threads::Threads;

#[derive(Debug, Clone)]
enum Step {
    Acquire,
    TryAcquire,
    DropOldest,
    Release(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Acquire),
        Just(Step::TryAcquire),
        Just(Step::DropOldest),
        (0..4_usize).prop_map(Step::Release),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(testkit::seed(7)),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn permits_are_conserved(start in 0..4_usize, steps in prop::collection::vec(step(), 0..40)) {
        // On a thread of its own, so that a call that never returns is seen to.
        Threads::new()
            .spawn("caller", move || conserves_permits(start, &steps))
            .join("a call waits although a permit is free", "README, the task")?;
    }
}

fn conserves_permits(start: usize, steps: &[Step]) -> Result<(), TestCaseError> {
    let semaphore = Semaphore::new(start);
    let mut held: Vec<Permit<'_>> = Vec::new();
    let mut total = start;
    for step in steps {
        let free = total - held.len();
        match step {
            // With no permit free it would wait for ever: that is another test's matter.
            Step::Acquire if free == 0 => {}
            Step::Acquire => held.push(semaphore.acquire()),
            Step::TryAcquire => {
                let permit = semaphore.try_acquire();
                prop_assert_eq!(permit.is_some(), free > 0, "try_acquire with {} free", free);
                held.extend(permit);
            }
            Step::DropOldest if held.is_empty() => {}
            Step::DropOldest => drop(held.remove(0)),
            Step::Release(count) => {
                semaphore.release(*count);
                total += count;
            }
        }
        prop_assert_eq!(
            semaphore.available() + held.len(),
            total,
            "permits available and permits held must add up to all there are"
        );
    }
    Ok(())
}
