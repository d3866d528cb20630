//! Threads by number.

use std::sync::atomic::{AtomicU64, Ordering};

static LAST: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static ID: u64 = LAST.fetch_add(1, Ordering::Relaxed) + 1;
}

/// The calling thread's number: never 0, the same in every call of one thread, and never that of another
/// thread, not even of one that has ended.
///
/// [`std::thread::ThreadId`] is as much, but fits into no atomic.
pub fn thread_id() -> u64 {
    ID.with(|id| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thread_has_a_number_of_its_own_for_good() {
        let mut ids: Vec<u64> =
            (0..3).map(|_| std::thread::spawn(thread_id).join().unwrap()).collect();
        ids.push(thread_id());
        assert_eq!(thread_id(), thread_id());
        assert!(ids.iter().all(|&id| id != 0));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 4);
    }
}
