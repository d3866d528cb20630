//! Spins for ever.

/// The answer.
pub fn answer() -> u32 {
    let mut i = 0_u32;
    while std::hint::black_box(true) {
        i = i.wrapping_add(1);
    }
    i
}
