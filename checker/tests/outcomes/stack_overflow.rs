//! Recurses without end.

/// The answer.
pub fn answer() -> u32 {
    deeper(std::hint::black_box(0))
}

#[allow(unconditional_recursion)]
fn deeper(depth: u32) -> u32 {
    let room = std::hint::black_box([depth; 1024]);
    deeper(depth + 1) + room[7]
}
