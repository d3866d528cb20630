//! Standard output: one way to it for every report, which remembers the first error.
//!
//! A report that could not be written is an error of the command, told when the command is done
//! ([`finish`]): what was judged is remembered first. A reader that has gone away (`checker list | head -1`)
//! has read what it wanted: that is no error.

use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::Error;

static FIRST_ERROR: Mutex<Option<io::Error>> = Mutex::new(None);

/// Writes a text as it is. After an error nothing more is written.
pub(super) fn print(text: &str) {
    attempt(|stdout| stdout.write_all(text.as_bytes()));
}

/// Prints an event.
pub(super) fn print_json(line: &impl Serialize) {
    let mut text = serde_json::to_string(line).expect("a line of the report is plain data");
    text.push('\n');
    print(&text);
}

/// Has what was written so far appear.
pub(super) fn flush() {
    attempt(|stdout| stdout.flush());
}

/// What became of all that was written; an error if somebody was to read it and cannot.
pub fn finish() -> Result<(), Error> {
    flush();
    let mut first = FIRST_ERROR.lock().unwrap_or_else(PoisonError::into_inner);
    match first.take() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::writing(Path::new("standard output"))(error))
        }
        _ => Ok(()),
    }
}

/// As [`finish`], with a last text.
pub fn finish_with(text: &str) -> Result<(), Error> {
    print(text);
    finish()
}

fn attempt(write: impl FnOnce(&mut io::StdoutLock<'_>) -> io::Result<()>) {
    let mut first = FIRST_ERROR.lock().unwrap_or_else(PoisonError::into_inner);
    if first.is_none() {
        *first = write(&mut io::stdout().lock()).err();
    }
}
