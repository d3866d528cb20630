//! A supervisor for the tests: runs the jobs that its arguments name, and reports.
//!
//! It is a program so that its children are its own: the test binary's threads have children, too.
#![allow(unsafe_code)]

#[path = "../job.rs"]
mod job;

use std::env;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use crash_domain::{Ending, supervise};
use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction, signal};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::{Pid, getpid, getppid};
use testkit::on_trial;
use testkit::procfs;
use testkit::survey::Survey;

extern "C" fn nothing(_: libc::c_int) {}

fn main() -> io::Result<()> {
    if job::is_wanted() {
        job::run();
        return Ok(());
    }
    testkit::quiescence::let_others_look();
    // No SA_RESTART: a wait that the signal interrupts fails with EINTR (signal(7)).
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing at all, so it does nothing that a handler may not do.
    unsafe { sigaction(Signal::SIGUSR1, &action) }?;

    let keeps_no_status = env::args().any(|arg| arg == KEEPS_NO_STATUS);
    if keeps_no_status {
        // SAFETY: SIG_IGN is no function that would have to be sound.
        unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }?;
    }
    // The caller has blocked a signal, and it stays so.
    SigSet::from_iter([Signal::SIGUSR2]).thread_block()?;

    let before = Survey::now();
    let others = if env::args().any(|arg| arg == OTHERS) { others()? } else { Vec::new() };
    let jobs = jobs()?;
    for outcome in on_trial(|| supervise(jobs)) {
        match outcome {
            Ok(Ending::Exited(code)) => println!("exited {code}"),
            // Whether these dump core depends on the machine: where core_pattern is a pipe, the job's
            // limit does not count (core(5)).
            Ok(Ending::Signalled {
                signal: signal @ (libc::SIGABRT | libc::SIGFPE | libc::SIGSEGV),
                ..
            }) => println!("signal {signal}"),
            Ok(Ending::Signalled { signal, core }) => println!("signal {signal}, core {core}"),
            Err(_) if keeps_no_status => println!("error"),
            Err(error) => println!("error: {}", error.kind()),
        }
    }
    for mut other in others {
        // Closes its standard input first, which is what it waits for.
        match other.wait() {
            Ok(status) => println!("another child: {status}"),
            Err(error) => println!("another child: {error}"),
        }
    }
    println!("changed: {}", before.changes().join(", "));
    match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        Err(Errno::ECHILD) => println!("children left: none"),
        left => println!("children left: {left:?}"),
    }
    Ok(())
}

/// The argument that gives the supervisor other children.
const OTHERS: &str = "--others";

/// The argument that has the supervisor ignore SIGCHLD: the kernel then keeps no status of a child (wait(2)).
const KEEPS_NO_STATUS: &str = "--keeps-no-status";

/// Children that are no jobs: one that has ended, one that runs until it is waited for.
fn others() -> io::Result<Vec<Child>> {
    let ended = job::command("exit 9")?.spawn()?;
    let pid = Pid::from_raw(ended.id().cast_signed());
    waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    Ok(vec![ended, job::command("listen-to-the-end")?.stdin(Stdio::piped()).spawn()?])
}

/// In the child, before it is a job: EBUSY if the speaker has been waited for already.
fn see_that_the_speaker_is_not_reaped() -> io::Result<()> {
    let (is_reaped, _) = job::await_the_end_of_the_speaker();
    if is_reaped {
        return Err(io::Error::from_raw_os_error(libc::EBUSY));
    }
    Ok(())
}

/// In the child, before it is a job: EEXIST if the supervisor still has what the speaker's command or that of a
/// job that could not be started had; EADDRINUSE if it has its end of the speaker's standard input.
fn see_that_nothing_of_the_speaker_is_kept(of_the_commands: &str) -> io::Result<()> {
    let (_, input) = job::await_the_end_of_the_speaker();
    let kept = procfs::open_descriptors(getppid().as_raw())?;
    let is_kept = |target: &str| kept.values().any(|open| open == target);
    match (is_kept(of_the_commands), is_kept(&input)) {
        (true, _) => Err(io::Error::from_raw_os_error(libc::EEXIST)),
        (_, true) => Err(io::Error::from_raw_os_error(libc::EADDRINUSE)),
        _ => Ok(()),
    }
}

fn jobs() -> io::Result<Vec<Command>> {
    // What one job says, another one hears.
    let (hears, says) = io::pipe()?;
    let (mut hears, mut says) = (Some(hears), Some(says));
    // Two commands have an end of this one, and nobody else.
    let (_, marks) = io::pipe()?;
    let mark = procfs::descriptor(getpid().as_raw(), marks.as_raw_fd()).unwrap_or_default();
    let names = env::args().skip(1).filter(|name| name != OTHERS && name != KEEPS_NO_STATUS);
    let commands = names.map(|name| match name.as_str() {
        "missing" => Ok(Command::new("/nonexistent/program")),
        "directory" => Ok(Command::new("/")),
        "missing-marked" => {
            let mut command = Command::new("/nonexistent/program");
            command.stdout(marks.try_clone()?);
            Ok(command)
        }
        "late-looking" => {
            let mut command = job::command("exit 2")?;
            command.stdin(hears.take().expect("one job listens"));
            let mark = mark.clone();
            // SAFETY: as below.
            unsafe { command.pre_exec(move || see_that_nothing_of_the_speaker_is_kept(&mark)) };
            Ok(command)
        }
        "late" => {
            let mut command = job::command("exit 2")?;
            command.stdin(hears.take().expect("one job listens"));
            // SAFETY: it allocates, which a child of a program of one thread may do (fork(2)); with several, glibc
            // keeps its allocator usable in the child.
            unsafe { command.pre_exec(see_that_the_speaker_is_not_reaped) };
            Ok(command)
        }
        name => {
            let mut command = job::command(name)?;
            match name {
                "listen" | "listen-to-the-end" => {
                    command.stdin(hears.take().expect("one job listens"));
                }
                "speak-and-listen" => {
                    command.stdin(Stdio::piped());
                    command.stdout(says.take().expect("one job speaks"));
                }
                "speak-of-its-input" => {
                    command.stdin(Stdio::piped()).stderr(marks.try_clone()?);
                    command.stdout(says.take().expect("one job speaks"));
                }
                name if name.starts_with("as-its-command-says") => {
                    command.process_group(0).current_dir("/");
                    command.env("SHIFT", "night").env_remove("PATH");
                }
                "pour" | "pour-errors" => {
                    command.stdout(Stdio::piped()).stderr(Stdio::piped());
                }
                "speak" => drop(command.stdout(says.take().expect("one job speaks"))),
                _ => {}
            }
            Ok(command)
        }
    });
    commands.collect()
}
