//! A program on a bad day, systematically: each call of a marked part interrupted, failed or cut short, one at a
//! time; and what the part changes meanwhile that other threads can see.
//!
//! The program marks the part that is on trial (`testkit::on_trial`). It runs undisturbed first, which lists
//! the calls there, and then once for each of them and each error: the tracer skips the call and gives its
//! result instead, so the program cannot tell it from the kernel's.

use std::fmt;

use nix::errno::Errno;

use crate::changes;
pub use crate::probe::Site;
use crate::probe::{Fault, Probe, Purpose};
use crate::probing::Probing;
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

/// A run in which one read or write transferred one byte only.
#[derive(Debug)]
pub struct Shortened {
    /// Which.
    pub site: Site,
    /// What the program did then.
    pub timeline: Timeline,
}

/// A program run undisturbed, and then once for each read or write that can be short.
#[derive(Debug)]
pub struct ShortTransfers {
    /// What it does when nothing is short.
    pub undisturbed: Timeline,
    /// What it did when one was.
    pub shortened: Vec<Shortened>,
}

/// A program run undisturbed.
#[derive(Debug)]
pub struct Meanwhile {
    /// What it did.
    pub timeline: Timeline,
    /// What its marked part changed that all threads of the process share, in words: dispositions, the
    /// directory, the umask, descriptors that were there before. What it set back is told, too: other threads
    /// may have seen it.
    pub changes: Vec<String>,
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
        self.on_trial(INTERRUPTIONS, Purpose::Interrupt, Fault::Fails)
    }

    /// Fails each call of the marked part that makes something, one at a time.
    pub fn short_of_everything(&self) -> Result<Trial, Error> {
        self.on_trial(SHORTAGES, Purpose::Fail, Fault::Fails)
    }

    /// Fails each call of the marked part that makes something, and with it all later ones of its name: what the
    /// machine has no more of does not come back.
    pub fn short_for_good(&self) -> Result<Trial, Error> {
        self.on_trial(SHORTAGES, Purpose::Fail, Fault::FailsFromNowOn)
    }

    /// Cuts each read or write of the marked part on a pipe down to one byte, one at a time.
    ///
    /// Only what can be short: a write of more than PIPE_BUF bytes, and a read from a pipe that carries more than
    /// messages of at most so many, which come in one piece (pipe(7)).
    pub fn short_transfers(&self) -> Result<ShortTransfers, Error> {
        const TRANSFERS: &[&str] = &["read", "write"];
        let (undisturbed, probing) = self.probed(TRANSFERS, Purpose::Shorten, None)?;
        let mut shortened = Vec::new();
        for site in probing.sites() {
            let fault = Some((site.clone(), Fault::OneByte));
            let (timeline, _) = self.probed(TRANSFERS, Purpose::Shorten, fault)?;
            shortened.push(Shortened { site, timeline });
        }
        Ok(ShortTransfers { undisturbed, shortened })
    }

    /// Watches what the marked part changes that all threads of its process share. Its children are not looked
    /// at: what they change is their own.
    pub fn meanwhile(&self) -> Result<Meanwhile, Error> {
        let (timeline, probing) = self.probed(changes::CALLS, Purpose::Watch, None)?;
        Ok(Meanwhile { timeline, changes: probing.changes })
    }

    fn on_trial(
        &self,
        faults: &'static [Faults],
        purpose: Purpose,
        fault: impl Fn(Errno) -> Fault,
    ) -> Result<Trial, Error> {
        let calls: Vec<_> = faults.iter().map(|(call, _)| *call).collect();
        let (undisturbed, probing) = self.probed(&calls, purpose, None)?;
        let mut disturbed = Vec::new();
        for site in probing.sites() {
            let errors = faults.iter().find(|(call, _)| *call == site.call);
            for &errno in errors.map_or(&[][..], |(_, errors)| errors) {
                let fault = Some((site.clone(), fault(errno)));
                let (timeline, _) = self.probed(&calls, purpose, fault)?;
                disturbed.push(Disturbed { site: site.clone(), errno, timeline });
            }
        }
        Ok(Trial { undisturbed, disturbed })
    }

    fn probed(
        &self,
        calls: &[&'static str],
        purpose: Purpose,
        fault: Option<(Site, Fault)>,
    ) -> Result<(Timeline, Probing), Error> {
        let mut program = self.clone();
        let probe = Probe { calls: calls.to_vec(), purpose, fault };
        program.probe = Some(probe.clone());
        let (timeline, probing) = program.run_probed()?;
        Ok((timeline, probing.unwrap_or_else(|| Probing::new(probe))))
    }
}
