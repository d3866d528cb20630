//! One run: a thread traces, the caller's thread takes the output and watches for quiescence.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::panic;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{gettid, pipe2};

use crate::command::Program;
use crate::descriptors::Streams;
use crate::fork_exec::{Child, ForkExec};
use crate::probing::Probing;
use crate::recording::{Recording, lock};
use crate::streams::{Collector, Feeder};
use crate::survey::{survey, survey_if_quiescent};
use crate::tracees::trace;
use crate::{Error, Timeline, normalise};

/// How much a program may write to both streams.
const MOST_OUTPUT: usize = 16 << 20;

/// How long the kernel and init get to take away what has ended.
const PATIENCE: Duration = Duration::from_secs(1);

impl Program {
    /// Runs it until it and everything that it started has ended, or can go no further.
    ///
    /// Afterwards no process of it is left.
    pub fn run(&self) -> Result<Timeline, Error> {
        run(self).map(|(timeline, _)| timeline)
    }

    /// As [`run`](Self::run), with what the probe has found.
    pub(crate) fn run_probed(&self) -> Result<(Timeline, Option<Probing>), Error> {
        run(self)
    }
}

fn run(program: &Program) -> Result<(Timeline, Option<Probing>), Error> {
    let start = ForkExec::new(program)?;
    let (stdin, feeder) = stdin(program)?;
    let (stdout_reader, stdout) = pipe2(OFlag::O_CLOEXEC)?;
    let (stderr_reader, stderr) = pipe2(OFlag::O_CLOEXEC)?;
    let mut streams = Streams::new();
    for (name, stream) in [("stdin", &stdin), ("stdout", &stdout), ("stderr", &stderr)] {
        let link = fs::read_link(format!("/proc/self/fd/{}", stream.as_raw_fd()))?;
        if name != "stdin" || program.stdin.is_some() {
            streams.insert(link.to_string_lossy().into_owned(), name);
        }
    }
    let probing = program.probe.clone().map(Probing::new);
    let mut recording = Recording::new(streams, probing);
    recording.small_pipes = program.small_pipes;
    let recording = Mutex::new(recording);
    let (over, over_writer) = pipe2(OFlag::O_CLOEXEC)?;
    let tracer_id = AtomicI32::new(0);
    let mut watch = Watch {
        recording: &recording,
        tracer: &tracer_id,
        over,
        feeder: Feeder::new(feeder, program.stdin.as_deref().unwrap_or_default())?,
        stdout: Collector::new(stdout_reader)?,
        stderr: Collector::new(stderr_reader)?,
        deadline: Instant::now() + program.deadline,
    };
    let work = || {
        // Closed when this thread is done, however it is done: then the watch ends.
        let _over = over_writer;
        tracer_id.store(gettid().as_raw(), Ordering::Relaxed);
        let child = start.fork([&stdin, &stdout, &stderr])?;
        // The copies of this process must not keep the pipes open.
        drop((stdin, stdout, stderr));
        trace(&child, &recording)?;
        Ok(child)
    };
    let child = thread::scope(|scope| {
        let tracer = thread::Builder::new().name("tracer".to_owned()).spawn_scoped(scope, work);
        let watched = watch.until_over();
        let traced: Result<Child, Error> =
            tracer?.join().unwrap_or_else(|payload| panic::resume_unwind(payload));
        watched?;
        traced
    })?;
    started(program, child.news)?;
    bury(&lock(&recording));
    let (stdout, stderr) = (watch.stdout.finish(), watch.stderr.finish());
    let mut recording = recording.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    let probing = recording.probing.take();
    Ok((normalise::timeline(recording, stdout, stderr), probing))
}

/// The program's standard input, and the end to feed it from.
fn stdin(program: &Program) -> Result<(OwnedFd, Option<OwnedFd>), Error> {
    match program.stdin {
        None => Ok((File::open("/dev/null")?.into(), None)),
        Some(_) => {
            let (reader, writer) = pipe2(OFlag::O_CLOEXEC)?;
            Ok((reader, Some(writer)))
        }
    }
}

/// The child said nothing if its execve worked.
fn started(program: &Program, news: OwnedFd) -> Result<(), Error> {
    let mut errno = [0; 4];
    match File::from(news).read_exact(&mut errno) {
        Err(_) => Ok(()),
        Ok(()) => Err(Error::Start {
            program: program.path.clone(),
            source: std::io::Error::from_raw_os_error(i32::from_le_bytes(errno)),
        }),
    }
}

/// Waits until whoever inherited the orphans has taken them away: as zombies they would be taken for
/// something that was left behind. Nothing depends on it.
fn bury(recording: &Recording) {
    let patience = Instant::now() + PATIENCE;
    for record in &recording.processes {
        while fs::exists(format!("/proc/{}", record.pid)).unwrap_or(false) {
            if Instant::now() > patience {
                return;
            }
            thread::sleep(Duration::from_micros(200));
        }
    }
}

/// What the caller's thread does meanwhile.
struct Watch<'a> {
    recording: &'a Mutex<Recording>,
    tracer: &'a AtomicI32,
    /// At end-of-file when the tracer is done.
    over: OwnedFd,
    feeder: Feeder<'a>,
    stdout: Collector,
    stderr: Collector,
    deadline: Instant,
}

impl Watch<'_> {
    fn until_over(&mut self) -> Result<(), Error> {
        const SHORTEST: Duration = Duration::from_millis(1);
        const LONGEST: Duration = Duration::from_millis(50);
        let mut pause = SHORTEST;
        let mut stops = None;
        loop {
            if self.wait(pause)? {
                return Ok(());
            }
            self.feeder.feed();
            self.stdout.drain();
            self.stderr.drain();
            let mut recording = lock(self.recording);
            if recording.is_over {
                continue;
            }
            if self.stdout.bytes + self.stderr.bytes > MOST_OUTPUT {
                recording.give_up_because(format!("more than {} MiB of output", MOST_OUTPUT >> 20));
            } else if Instant::now() > self.deadline {
                recording.stuck = Some(survey(&recording).stuck);
                recording.kill_all();
            } else if stops.replace(recording.stops) != Some(recording.stops) {
                pause = SHORTEST;
            } else {
                self.end_if_quiescent(&mut recording);
                pause = (pause * 2).min(LONGEST);
            }
        }
    }

    /// Waits for the end or for something to do; returns whether it is the end.
    fn wait(&self, pause: Duration) -> Result<bool, Error> {
        let mut polled = vec![PollFd::new(self.over.as_fd(), PollFlags::POLLIN)];
        for pipe in [self.stdout.pipe(), self.stderr.pipe()].into_iter().flatten() {
            polled.push(PollFd::new(pipe, PollFlags::POLLIN));
        }
        polled.extend(self.feeder.pipe().map(|pipe| PollFd::new(pipe, PollFlags::POLLOUT)));
        match poll(&mut polled, PollTimeout::try_from(pause).unwrap_or(PollTimeout::MAX)) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(polled[0].any().unwrap_or(false)),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Ends a program that can go no further, and what a program has left behind that sleeps.
    fn end_if_quiescent(&self, recording: &mut Recording) {
        if recording.tasks.is_empty() || !recording.started {
            return;
        }
        let tracer = self.tracer.load(Ordering::Relaxed);
        let Some(survey) = survey_if_quiescent(recording, tracer) else { return };
        let program_has_ended = recording.processes.first().is_some_and(|root| root.end.is_some());
        if survey.stuck.for_ever || program_has_ended {
            recording.stuck = Some(survey.stuck);
            recording.kill_all();
        }
    }
}
