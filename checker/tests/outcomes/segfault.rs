//! Writes to the null page.

/// The answer.
pub fn answer() -> u32 {
    // SAFETY: none; that is the point.
    unsafe { std::ptr::without_provenance_mut::<u32>(8).write_volatile(42) };
    42
}
