//! `std::hint`.

use std::panic::Location;

use super::super::explorer;
use super::atomic;

/// The thread spins: it lets others go on.
#[track_caller]
pub fn spin_loop() {
    atomic::spins(explorer::me(), Location::caller());
}
