//! The experiment: six cooks, a kitchen with room for two, two keys at the door.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use semaphore::Semaphore;

const KEYS: usize = 2;
const COOKS: usize = 6;

fn main() {
    let keys = Semaphore::new(KEYS);
    let inside = AtomicUsize::new(0);
    let most = AtomicUsize::new(0);
    let served = AtomicUsize::new(0);
    // A cook leaves only when another has come in: with fewer keys than two nobody ever leaves.
    let partner = Barrier::new(KEYS);

    println!("keys at the kitchen door: {}", keys.available());
    thread::scope(|kitchen| {
        for _ in 0..COOKS {
            kitchen.spawn(|| {
                let _key = keys.acquire();
                let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                partner.wait();
                inside.fetch_sub(1, Ordering::SeqCst);
                served.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    println!("cooks served: {}", served.into_inner());
    println!("most cooks inside at once: {}", most.into_inner());
    println!("keys at the kitchen door: {}", keys.available());
}
