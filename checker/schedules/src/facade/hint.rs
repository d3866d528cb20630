//! `std::hint`.

/// The thread spins: it lets others go on.
pub fn spin_loop() {
    super::super::explorer::yield_now();
}
