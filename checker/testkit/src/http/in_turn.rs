//! Answers that go out in a definite order, each after the client has written about the one before.

use std::collections::VecDeque;
use std::io::{self, Write};

use super::Server;

/// A writer between a client and its output, which lets the server's held answers go one by one.
///
/// That makes the order of answers a fact: the next one goes when a line that begins with the mark of
/// the one before has been written, whatever the machine is busy with.
#[derive(Debug)]
pub struct InTurn<'a, W> {
    server: &'a Server,
    out: W,
    /// The mark that is waited for, and the path that it releases.
    turns: VecDeque<(String, String)>,
    line: Vec<u8>,
}

impl<'a, W: Write> InTurn<'a, W> {
    /// Releases the first of these paths now, and each other when a line that begins with the mark
    /// of the one before it has been written. All should be [held](Server::hold).
    pub fn new(server: &'a Server, out: W, paths_and_marks: &[(String, String)]) -> Self {
        if let Some((path, _)) = paths_and_marks.first() {
            server.release(path);
        }
        let turns =
            paths_and_marks.windows(2).map(|pair| (pair[0].1.clone(), pair[1].0.clone())).collect();
        Self { server, out, turns, line: Vec::new() }
    }

    /// The output.
    pub fn into_inner(self) -> W {
        self.out
    }
}

impl<W: Write> Write for InTurn<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        for &byte in &bytes[..count] {
            if byte != b'\n' {
                self.line.push(byte);
                continue;
            }
            if let Some((mark, path)) = self.turns.front()
                && self.line.starts_with(mark.as_bytes())
            {
                self.server.release(path);
                self.turns.pop_front();
            }
            self.line.clear();
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
