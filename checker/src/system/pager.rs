//! The pager: what a terminal has for a text that is taller than it.

use std::io::{self, Write};
use std::process::{Command, Stdio};

/// What the shell says of a program that is not there, or not a program.
const NOT_STARTED: [Option<i32>; 2] = [Some(126), Some(127)];

/// Shows a text in `$PAGER`, or else in less, and waits until the reader has seen it; whether it was shown.
pub fn shown(text: &str) -> bool {
    let pager = std::env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
    !pager.trim().is_empty() && run(&pager, text).unwrap_or(false)
}

fn run(pager: &str, text: &str) -> io::Result<bool> {
    // It may have arguments, as for git and man.
    let mut command = Command::new("sh");
    command.arg("-c").arg(pager).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // Colours; the text stays on the screen; nothing to quit if it fits after all.
        command.env("LESS", "FRX");
    }
    let mut child = command.spawn()?;
    let mut input = child.stdin.take().expect("it is piped");
    // A pager that is quit reads no more: that is no error.
    let _ = input.write_all(text.as_bytes());
    drop(input);
    let status = child.wait()?;
    Ok(!NOT_STARTED.contains(&status.code()))
}
