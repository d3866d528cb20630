//! The tracer's ends of the standard streams: nothing blocks, and what is too long is cut.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// How much of a stream is kept.
const KEPT: usize = 1 << 20;

/// A stream that the program writes.
pub(crate) struct Collector {
    pipe: Option<File>,
    kept: Vec<u8>,
    pub(crate) bytes: usize,
}

impl Collector {
    pub(crate) fn new(pipe: OwnedFd) -> nix::Result<Self> {
        do_not_block(&pipe)?;
        Ok(Self { pipe: Some(File::from(pipe)), kept: Vec::new(), bytes: 0 })
    }

    /// The pipe, until its end has been seen.
    pub(crate) fn pipe(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(File::as_fd)
    }

    /// Takes what is there.
    pub(crate) fn drain(&mut self) {
        let mut buffer = [0; 64 * 1024];
        while let Some(pipe) = &mut self.pipe {
            match pipe.read(&mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(count) => {
                    self.bytes += count;
                    let room = KEPT - self.kept.len();
                    self.kept.extend_from_slice(&buffer[..count.min(room)]);
                    // A writer that is faster than this reader must not keep it here.
                    if count < buffer.len() {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // Reading a pipe has no error that could pass: the stream is as good as over.
                Err(_) => self.pipe = None,
            }
        }
    }

    /// What has come, with what is still in the pipe. Nobody writes any more.
    pub(crate) fn finish(mut self) -> String {
        let mut before = None;
        while before != Some(self.bytes) {
            before = Some(self.bytes);
            self.drain();
        }
        String::from_utf8_lossy(&self.kept).into_owned()
    }
}

/// The stream that the program reads.
pub(crate) struct Feeder<'a> {
    pipe: Option<File>,
    left: &'a [u8],
}

impl<'a> Feeder<'a> {
    pub(crate) fn new(pipe: Option<OwnedFd>, input: &'a [u8]) -> nix::Result<Self> {
        if let Some(pipe) = &pipe {
            do_not_block(pipe)?;
        }
        Ok(Self { pipe: pipe.map(File::from), left: input })
    }

    /// The pipe, until all has been fed.
    pub(crate) fn pipe(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(File::as_fd)
    }

    /// Gives what there is room for, and in the end end-of-file.
    pub(crate) fn feed(&mut self) {
        while let Some(pipe) = &mut self.pipe {
            if self.left.is_empty() {
                self.pipe = None;
                return;
            }
            match pipe.write(self.left) {
                Ok(count) => self.left = &self.left[count..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // EPIPE: the program does not want it. (SIGPIPE is ignored in Rust programs.)
                Err(_) => self.pipe = None,
            }
        }
    }
}

fn do_not_block(pipe: &OwnedFd) -> nix::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(pipe, FcntlArg::F_GETFL)?);
    fcntl(pipe, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).map(drop)
}
