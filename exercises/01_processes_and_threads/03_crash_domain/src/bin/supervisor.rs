//! A supervisor for the tests: runs the jobs that its arguments name, and reports.
//!
//! It is a program so that its children are its own: the test binary's threads have children, too.
#![allow(unsafe_code)]

#[path = "../job.rs"]
mod job;

use std::env;
use std::io;
use std::process::Command;

use crash_domain::{Ending, supervise};
use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::wait::{WaitPidFlag, waitpid};

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

    for outcome in supervise(jobs()?) {
        match outcome {
            Ok(Ending::Exited(code)) => println!("exited {code}"),
            // Whether these dump core depends on the machine: where core_pattern is a pipe, the job's
            // limit does not count (core(5)).
            Ok(Ending::Signalled {
                signal: signal @ (libc::SIGABRT | libc::SIGFPE | libc::SIGSEGV),
                ..
            }) => println!("signal {signal}"),
            Ok(Ending::Signalled { signal, core }) => println!("signal {signal}, core {core}"),
            Err(error) => println!("error: {}", error.kind()),
        }
    }
    match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        Err(Errno::ECHILD) => println!("children left: none"),
        left => println!("children left: {left:?}"),
    }
    Ok(())
}

fn jobs() -> io::Result<Vec<Command>> {
    // What one job says, another one hears.
    let (hears, says) = io::pipe()?;
    let (mut hears, mut says) = (Some(hears), Some(says));
    let commands = env::args().skip(1).map(|name| match name.as_str() {
        "missing" => Ok(Command::new("/nonexistent/program")),
        "directory" => Ok(Command::new("/")),
        name => {
            let mut command = job::command(name)?;
            match name {
                "listen" => drop(command.stdin(hears.take().expect("one job listens"))),
                "speak" => drop(command.stdout(says.take().expect("one job speaks"))),
                _ => {}
            }
            Ok(command)
        }
    });
    commands.collect()
}
