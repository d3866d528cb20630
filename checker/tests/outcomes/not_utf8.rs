//! Prints bytes that are not UTF-8, then is wrong.

use std::io::Write;

/// The answer.
pub fn answer() -> u32 {
    std::io::stderr().write_all(b"\xff\xfe\x80\n").unwrap();
    panic!("after bytes that are no text")
}
