//! Lines from standard input, and the wish to stop beside them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::read;
use sandbox::Stop;

use crate::Error;

/// Lines from a descriptor. std's reader would go on waiting after a Ctrl-C.
pub struct Lines<'a> {
    from: BorrowedFd<'a>,
    stop: &'a Stop,
    read: Vec<u8>,
    is_at_end: bool,
}

impl<'a> Lines<'a> {
    pub fn new(from: &'a io::Stdin, stop: &'a Stop) -> Self {
        Self { from: from.as_fd(), stop, read: Vec::new(), is_at_end: false }
    }

    /// The next line; `None` at the end.
    pub fn next(&mut self) -> Result<Option<String>, Error> {
        loop {
            if let Some(end) = self.read.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
            }
            if self.is_at_end {
                let rest = std::mem::take(&mut self.read);
                let rest = String::from_utf8_lossy(&rest).into_owned();
                return Ok(Some(rest).filter(|rest| !rest.is_empty()));
            }
            self.wait()?;
            let mut bytes = [0; 512];
            match read(self.from, &mut bytes) {
                Ok(0) => self.is_at_end = true,
                Ok(count) => self.read.extend(&bytes[..count]),
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                // A terminal that is gone.
                Err(_) => self.is_at_end = true,
            }
        }
    }

    fn wait(&self) -> Result<(), Error> {
        let mut polled = [
            PollFd::new(self.stop.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.from, PollFlags::POLLIN),
        ];
        loop {
            match poll(&mut polled, PollTimeout::NONE) {
                Err(Errno::EINTR) => {}
                _ if self.stop.is_requested() => return Err(Error::Interrupted),
                _ => return Ok(()),
            }
        }
    }
}
