//! The experiment: three jobs on one CPU, and two policies.

mod board;
mod job;

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use one_cpu::{Feedback, News, Policy, RoundRobin, run};

use crate::board::Board;

/// A job that computes, one that gives the CPU up before its slice is over, and one that is done soon; each step `use-up` uses up a slice, whatever its length.
const JOBS: [(&str, &str); 3] = [
    ("long", "use-up use-up use-up exit=1"),
    ("polite", "work+block work+block exit=2"),
    ("short", "exit=3"),
];

fn main() -> io::Result<()> {
    if job::is_wanted() {
        job::run();
    }
    let (quick, slow) = (Duration::from_millis(30), Duration::from_millis(40));
    show("round robin", RoundRobin::new(quick))?;
    show("feedback", Feedback::new(quick, slow))?;
    Ok(())
}

fn show(name: &str, policy: impl Policy) -> io::Result<()> {
    let (board, fd) = Board::create()?;
    let commands = JOBS.iter().enumerate();
    let commands: io::Result<Vec<_>> =
        commands.map(|(number, (_, turns))| job::command(fd, number, turns)).collect();
    println!("{name}");
    let mut told = Told { policy, board };
    let endings = run(&mut told, commands?)?;
    for ((name, _), ending) in JOBS.iter().zip(endings) {
        match (ending.code(), ending.signal()) {
            (Some(code), _) => println!("  {name} exited with {code}"),
            (None, signal) => println!("  {name} was killed: {signal:?}"),
        }
    }
    let reports = board.reports();
    println!("  at some moment two were not stopped: {}", !reports.is_empty());
    for report in reports {
        println!("    {report}");
    }
    Ok(())
}

/// A policy whose turns are printed.
struct Told<P> {
    policy: P,
    board: &'static Board,
}

impl<P: Policy> Policy for Told<P> {
    fn note(&mut self, job: usize, news: News) {
        let what = match news {
            News::Arrived => None,
            News::Expired { .. } => Some("has used its slice up"),
            News::Blocked { .. } => Some("has stopped by itself"),
            News::Ended => Some("has ended"),
        };
        if let Some(what) = what {
            println!("  {:<8}{what}", JOBS[job].0);
        }
        self.policy.note(job, news);
    }

    fn next(&mut self) -> Option<(usize, Duration)> {
        self.board.require_that_all_are_stopped();
        let (job, slice) = self.policy.next()?;
        self.board.places[job].give_turn();
        Some((job, slice))
    }
}
