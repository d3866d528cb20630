//! A request to stop: Ctrl-C, or the end of the terminal.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::inherited::is_ignored;

/// Tells everyone who waits that the user wants to stop.
///
/// It is a pipe that becomes readable at the first request and stays so until its owner takes the request back:
/// any number of threads may poll it beside what they wait for.
#[derive(Debug)]
pub struct Stop {
    requested: OwnedFd,
    /// As long as it is open, the pipe is not at end-of-file, which would read as a request.
    writer: OwnedFd,
}

impl Stop {
    /// Requested by SIGINT, SIGTERM or SIGHUP. The signals no longer end this process.
    ///
    /// One that is ignored stays so: the user wants the process to go on, by nohup(1) for example.
    pub fn on_signals() -> io::Result<Self> {
        let stop = Self::never()?;
        for signal in [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal)) {
            signal_hook::low_level::pipe::register(signal, stop.writer.try_clone()?)?;
        }
        Ok(stop)
    }

    /// Requested by [`Self::request`] only.
    pub fn never() -> io::Result<Self> {
        let (requested, writer) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
        Ok(Self { requested, writer })
    }

    /// Has everyone who waits stop.
    pub fn request(&self) {
        // A second request would add nothing, and the pipe cannot be full.
        if !self.is_requested() {
            let _ = nix::unistd::write(&self.writer, b"!");
        }
    }

    /// Takes a request back, so that something new can begin. For the one who requests: it must know that all
    /// who were to stop have done so.
    pub fn take_back(&self) {
        while self.is_requested() {
            if nix::unistd::read(&self.requested, &mut [0; 64]).is_err() {
                break;
            }
        }
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

#[cfg(test)]
mod tests {
    use super::Stop;

    #[test]
    fn a_request_stands_until_it_is_taken_back() {
        let stop = Stop::never().unwrap();
        assert!(!stop.is_requested());
        stop.request();
        stop.request();
        assert!(stop.is_requested());
        assert!(stop.is_requested(), "asking takes nothing away");
        stop.take_back();
        assert!(!stop.is_requested());
        stop.request();
        assert!(stop.is_requested());
    }
}
