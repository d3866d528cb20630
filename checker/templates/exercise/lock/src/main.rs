//! TODO: the experiment, in a sentence. What it prints is the same on every run.

use std::thread;

use new_exercise::NewExercise;

fn main() {
    let shared = NewExercise::new(1);
    let mut taken: Vec<u32> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| shared.take())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    taken.sort_unstable();
    println!("taken by four threads: {taken:?}");
}
