//! The checker's side of a run: start a supervisor, wait for its word.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use thiserror::Error;

use crate::descendants::descendants;
use crate::observation::{End, Observation};
use crate::request::Program;
use crate::stop::Stop;
use crate::supervise::{ARGUMENT, LAYERS_ARGUMENT, Reply};
use crate::{Capture, Confinement, Layers};

/// How much longer than the program the supervisor may take: to diagnose, kill and report.
const GRACE: Duration = Duration::from_secs(15);

/// A failure of the machine, not of the program that was to be run.
#[derive(Debug, Error)]
pub enum Error {
    /// The program could not be executed.
    #[error("cannot start {program}: {reason}")]
    Start {
        /// Its path.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// The confinement names a path that cannot be shown.
    #[error("cannot confine {program}: the path {} cannot be shown to it: {reason}", path.display())]
    Path {
        /// The program's path.
        program: String,
        /// The path in the confinement.
        path: PathBuf,
        /// What is wrong with it.
        reason: io::Error,
    },
    /// The supervisor could not be started or spoken to.
    #[error("cannot supervise: {0}")]
    Supervisor(#[from] io::Error),
    /// The supervisor said something that is not a report.
    #[error("the supervisor's report cannot be read: {0}")]
    Report(#[from] serde_json::Error),
}

/// Runs `program` to its end, its deadline or a stop. Afterwards nothing that it started is left.
///
/// The calling program must call [`crate::supervise_if_asked`] first thing in its `main`.
pub fn run(program: &Program, stop: &Stop) -> Result<Observation, Error> {
    let bad_path = program.confinement.as_ref().and_then(Confinement::bad_path);
    if let Some((path, reason)) = bad_path {
        let program = program.path.display().to_string();
        return Err(Error::Path { program, path: path.to_owned(), reason });
    }
    adopt_orphans();
    let started = Instant::now();
    let mut supervisor = Supervisor::start()?;
    let reply = supervisor.ask(program, started + program.limits.wall + GRACE, stop);
    let status = match &reply {
        Ok(reply) if !reply.is_empty() => supervisor.end()?,
        _ => supervisor.end_with_orphans()?,
    };
    let reply = reply?;
    match status.code() {
        // Only a supervisor that came to its own end has written what it says itself.
        Some(0) => serde_json::from_slice::<Reply>(&reply)?
            .map_err(|reason| Error::Start { program: program.path.display().to_string(), reason }),
        Some(code) => Err(io::Error::other(format!("the supervisor exited with code {code}")))?,
        None => Ok(Observation {
            end: if stop.is_requested() { End::Stopped } else { End::AttackedSupervisor },
            stdout: Capture::default(),
            stderr: Capture::default(),
            strays: Vec::new(),
            duration: started.elapsed(),
            cpu: Duration::ZERO,
            peak_memory: 0,
            layers: Layers::unconfined(),
        }),
    }
}

/// Which layers a confined program would have on this host, and why it would not have the others.
///
/// Each is tried as a run would do it, in processes that end afterwards. The calling program must
/// call [`crate::supervise_if_asked`] first thing in its `main`.
pub fn available_layers() -> Result<Layers, Error> {
    adopt_orphans();
    let mut supervisor = Supervisor::spawn(Command::new("/proc/self/exe").arg(LAYERS_ARGUMENT))?;
    let said = supervisor.listen(Instant::now() + GRACE, &Stop::never()?);
    let status = match &said {
        Ok(said) if !said.is_empty() => supervisor.end()?,
        _ => supervisor.end_with_orphans()?,
    };
    if !status.success() {
        Err(io::Error::other(format!("the layers cannot be found out: {status}")))?;
    }
    Ok(serde_json::from_slice(&said?)?)
}

/// Makes this process the parent of whatever a killed supervisor leaves behind.
fn adopt_orphans() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        nix::sys::prctl::set_child_subreaper(true).expect("Linux 3.4 and later have subreapers");
    });
}

/// The supervisors that run now: children of this process that are not orphans.
///
/// The lock is held while one is started, so that a sweep never takes a new one for an orphan.
static SUPERVISORS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

struct Supervisor {
    process: Child,
}

impl Supervisor {
    fn start() -> io::Result<Self> {
        Self::spawn(Command::new("/proc/self/exe").arg(ARGUMENT))
    }

    fn spawn(command: &mut Command) -> io::Result<Self> {
        let mut running = SUPERVISORS.lock().unwrap_or_else(PoisonError::into_inner);
        let process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Not in the terminal's foreground group: Ctrl-C reaches the checker only.
            .process_group(0)
            .spawn()
            .map_err(without_proc)?;
        running.insert(process.id());
        Ok(Self { process })
    }

    /// Asks for a run of `program`, and reads what the supervisor says of it.
    fn ask(&mut self, program: &Program, deadline: Instant, stop: &Stop) -> Result<Vec<u8>, Error> {
        let mut request = serde_json::to_vec(program)?;
        request.push(b'\n');
        let lifeline = self.process.stdin.as_mut().expect("standard input is a pipe until the end");
        lifeline.write_all(&request)?;
        Ok(self.listen(deadline, stop)?)
    }

    /// Reads what the supervisor says, to its end. Empty if it dies or falls silent.
    fn listen(&mut self, mut deadline: Instant, stop: &Stop) -> io::Result<Vec<u8>> {
        let mut reply = Vec::new();
        let mut stop_passed_on = false;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let stdout = self.process.stdout.as_mut().expect("standard output is a pipe");
            let mut polled = vec![PollFd::new(stdout.as_fd(), PollFlags::POLLIN)];
            if !stop_passed_on {
                polled.push(PollFd::new(stop.as_fd(), PollFlags::POLLIN));
            }
            match poll(&mut polled, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)) {
                // Only silence is held against it: what it said while this process was stopped
                // (Ctrl-Z) waits in the pipe, however late it is read.
                Ok(0) if left.is_zero() => return Ok(Vec::new()),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            let can_read = polled[0].any().unwrap_or(false);
            let stop_requested = polled.get(1).is_some_and(|fd| fd.any().unwrap_or(false));
            if stop_requested {
                // End-of-file on its standard input tells the supervisor to kill and report.
                drop(self.process.stdin.take());
                stop_passed_on = true;
                deadline = deadline.min(Instant::now() + GRACE);
            }
            if can_read {
                if reply.is_empty() {
                    deadline = deadline.max(Instant::now() + GRACE);
                } else if left.is_zero() {
                    return Ok(Vec::new());
                }
                let mut buffer = [0; 64 * 1024];
                match stdout.read(&mut buffer)? {
                    0 => return Ok(reply),
                    count => reply.extend_from_slice(&buffer[..count]),
                }
            }
        }
    }

    /// Waits for a supervisor that has said all, and ends what it should have ended if it was killed.
    fn end(mut self) -> io::Result<ExitStatus> {
        drop(self.process.stdin.take());
        // It has closed its standard output as the last thing it did: this wait is short.
        let status = self.process.wait();
        self.forget();
        if !status.as_ref().is_ok_and(ExitStatus::success) {
            sweep_orphans();
        }
        status
    }

    /// Ends a supervisor that was killed or stopped, and everything that it should have ended.
    fn end_with_orphans(self) -> io::Result<ExitStatus> {
        let below = descendants(self.pid()).into_iter().map(|(pid, _)| pid);
        for pid in below.chain([self.pid()]) {
            let _ = kill(pid, Signal::SIGKILL);
        }
        self.end()
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.process.id() as i32)
    }

    fn forget(&self) {
        let mut running = SUPERVISORS.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.process.id());
    }
}

/// A supervisor is this program again, which `/proc` names.
fn without_proc(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => io::Error::other("/proc/self/exe is not there: mount /proc"),
        _ => error,
    }
}

/// Kills every child of this process that is no supervisor, and its descendants.
fn sweep_orphans() {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let running = SUPERVISORS.lock().unwrap_or_else(PoisonError::into_inner);
        let orphans: Vec<Pid> = children()
            .into_iter()
            .filter(|pid| !running.contains(&(pid.as_raw() as u32)))
            .collect();
        drop(running);
        if orphans.is_empty() || Instant::now() > deadline {
            return;
        }
        for orphan in orphans {
            for (pid, _) in descendants(orphan) {
                let _ = kill(pid, Signal::SIGKILL);
            }
            let _ = kill(orphan, Signal::SIGKILL);
            let _ = waitpid(orphan, Some(WaitPidFlag::WNOHANG));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The children of this process, whichever thread of it started them.
fn children() -> Vec<Pid> {
    let this = Pid::this();
    let below = descendants(this).into_iter();
    below.filter(|(_, stat)| stat.parent == this.as_raw()).map(|(pid, _)| pid).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that stands for a supervisor: a shell with a script.
    fn supervisor(script: &str) -> Supervisor {
        Supervisor::spawn(Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn what_was_said_in_time_is_heard_however_late() {
        let mut supervisor = supervisor("echo report");
        supervisor.process.wait().unwrap();
        let reply = supervisor.listen(Instant::now(), &Stop::never().unwrap()).unwrap();
        assert_eq!(reply, b"report\n");
    }

    #[test]
    fn silence_ends_at_the_deadline() {
        let mut supervisor = supervisor("read line");
        let reply = supervisor.listen(Instant::now(), &Stop::never().unwrap()).unwrap();
        assert_eq!(reply, b"");
        supervisor.end().unwrap();
    }
}
