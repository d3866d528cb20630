//! The experiment: a newsstand's clerk and three orders, each of them one straight story.

use std::sync::{Arc, Mutex};
use std::thread;

use executor::{Executor, Join2, YieldNow, block_on};

/// What the clerk does, one line at a time.
async fn serve(
    customer: &'static str,
    steps: usize,
    clerks: Arc<Mutex<Vec<thread::ThreadId>>>,
) -> usize {
    for step in 1..=steps {
        clerks.lock().expect("nobody panics here").push(thread::current().id());
        println!("{customer}: step {step} of {steps}");
        YieldNow::default().await;
    }
    steps
}

fn main() {
    let clerks = Arc::default();
    let executor = Executor::default();
    let first = executor.spawn(serve("the baker", 3, Arc::clone(&clerks)));
    let second = executor.spawn(serve("the tailor", 1, Arc::clone(&clerks)));
    println!("two orders are on the desk, and nothing has been done");
    // A third task waits for both, and sleeps meanwhile.
    let total = executor.spawn(async {
        let (first, second) = Join2::new(first, second).await;
        first.unwrap_or(0) + second.unwrap_or(0)
    });
    executor.run();
    println!("steps: {}", block_on(total).unwrap_or(0));
    let clerks = clerks.lock().expect("nobody panics here");
    let alone = clerks.iter().all(|clerk| *clerk == thread::current().id());
    println!("all on one thread: {alone}");
}
