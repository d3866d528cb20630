//! TODO: the experiment, in a sentence. What it prints is the same on every run.

use graceful_shutdown::sum;

fn main() {
    println!("2 and 3 make {}", sum(2, 3));
}
