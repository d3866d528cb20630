//! Output of a program, read without blocking and kept up to a cap.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};

use serde::{Deserialize, Serialize};

/// What a program wrote to one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// The kept part, with bytes that are not UTF-8 replaced by U+FFFD.
    pub text: String,
    /// How many bytes it wrote in all.
    pub bytes: u64,
    /// Whether `text` holds only the beginning and the end.
    pub truncated: bool,
    /// Whether all kept bytes were UTF-8.
    pub utf8: bool,
}

/// Collects one stream: the first half of the cap and the last half.
pub(crate) struct Collector<R> {
    stream: Option<R>,
    head: Vec<u8>,
    tail: Vec<u8>,
    half: usize,
    pub(crate) bytes: u64,
    copy: Option<File>,
}

impl<R: Read> Collector<R> {
    /// Collects from `stream`, which must not block, and keeps `cap` bytes.
    pub(crate) fn new(stream: R, cap: usize) -> Self {
        Self {
            stream: Some(stream),
            head: Vec::new(),
            tail: Vec::new(),
            half: cap / 2,
            bytes: 0,
            copy: None,
        }
    }

    /// Writes all that comes into `copy`, too.
    pub(crate) fn copied_to(self, copy: Option<File>) -> Self {
        Self { copy, ..self }
    }

    /// The stream, as long as its end has not been seen.
    pub(crate) fn stream(&self) -> Option<&R> {
        self.stream.as_ref()
    }

    /// Takes what is there, at most `limit` bytes in this call.
    pub(crate) fn drain(&mut self, limit: u64) {
        let mut buffer = [0; 16 * 1024];
        let start = self.bytes;
        while self.bytes - start < limit {
            let Some(stream) = &mut self.stream else {
                return;
            };
            match stream.read(&mut buffer) {
                Ok(0) => self.stream = None,
                Ok(count) => self.keep(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // Reading a pipe has no other error that could pass; the stream is as good as over.
                Err(_) => self.stream = None,
            }
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        // It is only looked at: where there is no room for it, what is captured is still whole.
        if self.copy.as_mut().is_some_and(|copy| copy.write_all(bytes).is_err()) {
            self.copy = None;
        }
        let (head, rest) = bytes.split_at(bytes.len().min(self.half - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend_from_slice(rest);
        // Cut seldom, so that a flood is not copied byte by byte.
        if self.tail.len() > 2 * self.half {
            self.tail.drain(..self.tail.len() - self.half);
        }
    }

    pub(crate) fn finish(mut self) -> Capture {
        if self.tail.len() > self.half {
            self.tail.drain(..self.tail.len() - self.half);
        }
        let kept = self.head.len() as u64 + self.tail.len() as u64;
        let truncated = kept < self.bytes;
        let mut all = self.head;
        if truncated {
            all.extend_from_slice(
                format!("\n[… {} bytes left out …]\n", self.bytes - kept).as_bytes(),
            );
        }
        all.extend_from_slice(&self.tail);
        let utf8 = std::str::from_utf8(&all).is_ok();
        Capture {
            text: String::from_utf8_lossy(&all).into_owned(),
            bytes: self.bytes,
            truncated,
            utf8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(input: &[u8], cap: usize) -> Capture {
        let mut collector = Collector::new(input, cap);
        collector.drain(u64::MAX);
        collector.finish()
    }

    #[test]
    fn short_output_is_kept_whole() {
        let capture = capture(b"abc", 10);
        assert_eq!((capture.text.as_str(), capture.truncated, capture.bytes), ("abc", false, 3));
    }

    #[test]
    fn long_output_keeps_both_ends() {
        let input: Vec<u8> = (0..100_000_u32).flat_map(|i| i.to_le_bytes()).collect();
        let capture = capture(&input, 8);
        assert!(capture.truncated);
        assert_eq!(capture.bytes, 400_000);
        assert!(capture.text.contains("399992 bytes left out"), "{}", capture.text);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced_and_said() {
        let capture = capture(b"a\xffb", 10);
        assert_eq!((capture.text.as_str(), capture.utf8), ("a\u{fffd}b", false));
    }
}
