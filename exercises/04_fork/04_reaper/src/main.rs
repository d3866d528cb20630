//! The experiment: is a process's death its own affair?

use std::io::{self, Read, Write};

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{Pid, getpid, getppid};
use reaper::{End, Reaper, adopt_orphans, has_ended, start};
use testkit::procfs::process_state;

fn main() -> io::Result<()> {
    let mut reaper = five_in_one_night()?;
    one_alone(&mut reaper)?;
    ways_to_end(&mut reaper)?;
    an_orphan(&mut reaper)?;
    println!("nobody is left to wait for: {}", reaper.wait()?.is_empty());
    Ok(())
}

fn five_in_one_night() -> io::Result<Reaper> {
    println!("five end in one night");
    let sigchld = SigSet::from(Signal::SIGCHLD);
    let before = sigchld.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let signals = SignalFd::with_flags(&sigchld, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
    for code in 0..5 {
        until_it_ends(start(move || code)?)?;
    }
    let mut rings = 0;
    while signals.read_signal()?.is_some() {
        rings += 1;
    }
    println!("  SIGCHLDs that came: {rings}");
    // As it was: what happens to SIGCHLD from here on is for the reaper to say.
    before.thread_set_mask()?;
    let mut reaper = Reaper::new()?;
    println!("  reaped: {}", reaper.wait()?.len());
    Ok(reaper)
}

fn one_alone(reaper: &mut Reaper) -> io::Result<()> {
    println!("one ends, and nobody asks");
    let child = start(|| 7)?;
    until_it_ends(child)?;
    for _ in 0..2 {
        let state = process_state(child.as_raw()).unwrap_or('-');
        println!("  has it ended: {}, its state: {state}", has_ended(child)?);
    }
    tell(&reaper.wait()?);
    println!("  is there such a process: {}", process_state(child.as_raw()).is_some());
    Ok(())
}

fn ways_to_end(reaper: &mut Reaper) -> io::Result<()> {
    println!("two ways to end, and a number that is the same");
    start(|| 9)?;
    tell(&reaper.wait()?);
    start(|| raise(Signal::SIGKILL).map_or(1, |()| 0))?;
    tell(&reaper.wait()?);
    Ok(())
}

fn an_orphan(reaper: &mut Reaper) -> io::Result<()> {
    println!("a child ends and leaves a child of its own");
    adopt_orphans()?;
    let grandparent = getpid();
    let (mut gate, mut open) = io::pipe()?;
    start(|| {
        let orphan = start(|| {
            let opened = gate.read_exact(&mut [0]).is_ok();
            if opened && getppid() == grandparent { 42 } else { 1 }
        });
        i32::from(orphan.is_err())
    })?;
    tell(&reaper.wait()?);
    open.write_all(&[0])?;
    tell(&reaper.wait()?);
    Ok(())
}

/// Waits until it has ended, and leaves it as it is.
fn until_it_ends(child: Pid) -> io::Result<()> {
    loop {
        match waitid(Id::Pid(child), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
            Err(Errno::EINTR) => {}
            result => return Ok(result.map(drop)?),
        }
    }
}

fn tell(ended: &[(Pid, End)]) {
    for (_, end) in ended {
        match end {
            End::Exited(code) => println!("  reaped: exited with {code}"),
            End::Killed(signal) => println!("  reaped: killed by signal {signal}"),
        }
    }
}
