//! A program on a bad day, systematically: each call of a marked part interrupted, or failed, one at a time.
//!
//! The program marks the part that is on trial (`testkit::on_trial`). It runs undisturbed first, which lists
//! the calls there, and then once for each of them and each error: the tracer skips the call and gives its
//! result instead, so the program cannot tell it from the kernel's.

use std::fmt;

use nix::errno::Errno;

use crate::probe::Probe;
pub use crate::probe::Site;
use crate::{Error, Program, Timeline};

/// A run in which one call was disturbed.
#[derive(Debug)]
pub struct Disturbed {
    /// Which.
    pub site: Site,
    /// What it returned instead.
    pub errno: Errno,
    /// What the program did then.
    pub timeline: Timeline,
}

impl fmt::Display for Disturbed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fails with {:?}", self.site, self.errno)
    }
}

/// A program run undisturbed, and then once for each way to disturb it.
#[derive(Debug)]
pub struct Trial {
    /// What it does when nothing happens.
    pub undisturbed: Timeline,
    /// What it did on each bad day.
    pub disturbed: Vec<Disturbed>,
}

/// A call, and the errors of its man page that it may have.
type Faults = (&'static str, &'static [Errno]);

/// Calls that a signal handler interrupts while they sleep (signal(7)). A call that does not sleep is left
/// alone.
const INTERRUPTIONS: &[Faults] = &[
    ("read", &[Errno::EINTR]),
    ("readv", &[Errno::EINTR]),
    ("wait4", &[Errno::EINTR]),
    ("waitid", &[Errno::EINTR]),
    ("poll", &[Errno::EINTR]),
    ("ppoll", &[Errno::EINTR]),
    ("epoll_wait", &[Errno::EINTR]),
    ("epoll_pwait", &[Errno::EINTR]),
    ("epoll_pwait2", &[Errno::EINTR]),
];

/// What fails when the machine has no more of something.
const SHORTAGES: &[Faults] = &[
    ("pipe2", &[Errno::EMFILE]),
    ("fork", &[Errno::EAGAIN]),
    ("vfork", &[Errno::EAGAIN]),
    ("clone", &[Errno::EAGAIN]),
    ("clone3", &[Errno::EAGAIN]),
    ("dup", &[Errno::EMFILE]),
    ("dup2", &[Errno::EMFILE]),
    ("dup3", &[Errno::EMFILE]),
    ("fcntl", &[Errno::EMFILE]),
    ("close_range", &[Errno::EMFILE]),
    ("epoll_create1", &[Errno::EMFILE]),
    ("epoll_ctl", &[Errno::ENOMEM]),
    ("timerfd_create", &[Errno::EMFILE]),
    ("eventfd2", &[Errno::EMFILE]),
    ("signalfd4", &[Errno::EMFILE]),
    ("execve", &[Errno::ENOMEM]),
];

impl Program {
    /// Interrupts each call of the marked part that may sleep, one at a time.
    pub fn interrupted(&self) -> Result<Trial, Error> {
        self.on_trial(INTERRUPTIONS, true)
    }

    /// Fails each call of the marked part that makes something, one at a time.
    pub fn short_of_everything(&self) -> Result<Trial, Error> {
        self.on_trial(SHORTAGES, false)
    }

    fn on_trial(&self, faults: &'static [Faults], by_a_signal: bool) -> Result<Trial, Error> {
        let with = |fault| {
            let calls = faults.iter().map(|(call, _)| *call).collect();
            let mut program = self.clone();
            program.probe = Some(Probe { calls, by_a_signal, fault });
            program.run_probed()
        };
        let (undisturbed, sites) = with(None)?;
        let mut disturbed = Vec::new();
        for site in sites {
            let errors = faults.iter().find(|(call, _)| *call == site.call);
            for &errno in errors.map_or(&[][..], |(_, errors)| errors) {
                let (timeline, _) = with(Some((site.clone(), errno)))?;
                disturbed.push(Disturbed { site: site.clone(), errno, timeline });
            }
        }
        Ok(Trial { undisturbed, disturbed })
    }
}
