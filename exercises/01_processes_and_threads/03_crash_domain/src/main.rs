//! The experiment: a day on which every job ends in another way.

mod job;

use std::io;
use std::process::{Command, Stdio};

use crash_domain::{Ending, supervise};
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::wait;

const DAY: [(&str, &str); 12] = [
    ("exits with 0", "exit 0"),
    ("exits with 3", "exit 3"),
    ("a thread returns", "thread-returns"),
    ("a thread panics", "thread-panics"),
    ("a thread exits with 7", "thread-exits"),
    ("a thread segfaults", "thread-segfaults"),
    ("the main thread panics", "panic"),
    ("the main thread aborts", "abort"),
    ("divides by zero", "divide"),
    ("is stopped and continued", "stop"),
    ("is killed for its memory", "signal 9"),
    ("gets a real-time signal", "signal 37"),
];

fn main() -> io::Result<()> {
    if job::is_wanted() {
        job::run();
        return Ok(());
    }
    let mut jobs = Vec::new();
    for (_, job) in DAY {
        let mut command = job::command(job)?;
        // Their last words are many.
        command.stderr(Stdio::null());
        jobs.push(command);
    }
    jobs.push(Command::new("/nonexistent/program"));

    let names = DAY.iter().map(|(name, _)| *name).chain(["is no program"]);
    for (name, outcome) in names.zip(supervise(jobs)) {
        println!("{name:<26}{}", in_words(outcome));
    }
    println!("the supervisor is alive; no child left: {}", wait() == Err(Errno::ECHILD));
    Ok(())
}

fn in_words(outcome: io::Result<Ending>) -> String {
    match outcome {
        Ok(Ending::Exited(code)) => format!("exited with {code}"),
        // Whether core was dumped is left out: that differs from machine to machine (core(5)).
        Ok(Ending::Signalled { signal, .. }) => {
            let name = Signal::try_from(signal).map_or("no name", Signal::as_str);
            format!("killed by signal {signal} ({name})")
        }
        Err(error) => format!("was not started: {}", error.kind()),
    }
}
