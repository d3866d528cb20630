//! A request to stop: Ctrl-C, or the end of the terminal.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::inherited::is_ignored;

/// Tells everyone who waits that the user wants to stop.
///
/// It is a pipe that becomes readable at the first signal and stays so: any number of threads may
/// poll it beside what they wait for.
#[derive(Debug)]
pub struct Stop {
    requested: OwnedFd,
    /// Keeps the pipe from being at end-of-file, which would read as a request.
    _writer: OwnedFd,
}

impl Stop {
    /// Requested by SIGINT, SIGTERM or SIGHUP. The signals no longer end this process.
    ///
    /// One that is ignored stays so: the user wants the process to go on, by nohup(1) for example.
    pub fn on_signals() -> io::Result<Self> {
        let stop = Self::never()?;
        for signal in [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal)) {
            signal_hook::low_level::pipe::register(signal, stop._writer.try_clone()?)?;
        }
        Ok(stop)
    }

    /// Never requested.
    pub fn never() -> io::Result<Self> {
        let (requested, writer) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
        Ok(Self { requested, _writer: writer })
    }

    /// Whether it has been requested.
    pub fn is_requested(&self) -> bool {
        let mut polled = [PollFd::new(self.as_fd(), PollFlags::POLLIN)];
        poll(&mut polled, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }
}

impl AsFd for Stop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.requested.as_fd()
    }
}
