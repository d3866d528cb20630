//! The name of this machine.

use std::fs;
use std::sync::LazyLock;

/// The name, empty if the kernel does not tell it.
pub fn name() -> &'static str {
    static NAME: LazyLock<String> = LazyLock::new(|| {
        let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        name.trim().to_owned()
    });
    &NAME
}
