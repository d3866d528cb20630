//! Links in the text of a terminal (OSC 8).

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::system::host;

/// A text that is a link to a line of a file.
pub(super) fn link(text: &str, file: &Path, line: Option<u32>) -> String {
    let path = percent_encoded(file.as_os_str().as_bytes());
    let line = line.map(|line| format!("#{line}")).unwrap_or_default();
    // A terminal on another machine is to know that the file is not on its own.
    let host = percent_encoded(host::name().as_bytes());
    format!("\x1b]8;;file://{host}{path}{line}\x1b\\{text}\x1b]8;;\x1b\\")
}

fn percent_encoded(bytes: &[u8]) -> String {
    let mut encoded = String::new();
    for &byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(byte.into());
            }
            _ => write!(encoded, "%{byte:02X}").expect("a String takes all"),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_the_file_and_shows_the_text() {
        let linked = link("a.rs:7", Path::new("/w ö/a.rs"), Some(7));
        let (opening, shown) = linked.split_once("\x1b\\").unwrap();
        assert_eq!(shown, "a.rs:7\x1b]8;;\x1b\\");
        assert!(opening.starts_with("\x1b]8;;file://"), "{opening:?}");
        assert!(opening.ends_with("/w%20%C3%B6/a.rs#7"), "{opening:?}");
    }
}
