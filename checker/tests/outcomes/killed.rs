//! Is killed, as the kernel does when memory runs out.

/// The answer.
pub fn answer() -> u32 {
    let this = std::process::id().to_string();
    std::process::Command::new("kill").args(["-9", &this]).status().unwrap();
    42
}
