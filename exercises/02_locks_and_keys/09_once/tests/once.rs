//! TODO: what these tests ask, in a sentence. The easiest is the first.
//!
//! `src/once.rs` is compiled here with a `crate::sync` whose waits wake up for no reason.

#[allow(dead_code)]
#[path = "../src/once.rs"]
mod once;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::spurious::*;
}

use once::Once;
use rstest::rstest;
use testkit::require;
use testkit::threads::Threads;

/// Runs `body` on a thread of its own, so that a call that never returns is seen to.
#[track_caller]
fn on_a_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    Threads::new().spawn("worker", body).join(
        "TODO: why a call usually waits here although nothing is to be waited for",
        "hint 1",
    )
}

#[rstest]
#[case::no_call_before(0, 1)]
#[case::two_calls_before(2, 3)]
fn each_call_takes_the_next_number(#[case] before: u32, #[case] expected: u32) {
    let seen = on_a_thread(move || {
        let shared = Once::new(1);
        for _ in 0..before {
            shared.take();
        }
        shared.take()
    });
    require!(seen == expected,
        expected: "take() after {before} others to be {expected}",
        seen: "{seen}",
        likely: "TODO: the one mistake that usually has this effect",
        read: "hint 1",
    );
}
