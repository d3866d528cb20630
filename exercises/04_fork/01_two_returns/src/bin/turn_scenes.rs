//! Scenes for the tests of `in_order`: each prints what it saw.
#![allow(unsafe_code)]

use std::env;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::process::Command;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::libc;
use nix::sys::prctl;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, raise, sigaction};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getppid};
use testkit::rest::{Rest, let_others_look, rest};
use two_returns::{First, in_order};

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["parent-first"] => parent_first(),
        ["child-first"] => child_first(),
        ["interrupted"] => interrupted(),
        ["child-dies"] => child_dies(),
        ["parent-dies"] => parent_dies(),
        ["parent-dies", "inner"] => parent_that_dies(),
        ["output"] => output(),
        _ => panic!("no scene {args:?}"),
    }?;
    match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        Err(Errno::ECHILD) => println!("children left: none"),
        left => println!("children left: {left:?}"),
    }
    Ok(())
}

fn tell(status: WaitStatus) -> io::Result<()> {
    match status {
        WaitStatus::Exited(_, code) => println!("exited {code}"),
        WaitStatus::Signaled(_, signal, _) => println!("killed by {signal}"),
        status => println!("no end: {status:?}"),
    }
    Ok(())
}

/// The parent's turn lasts until the child has come to rest, or has gone ahead and ended.
fn parent_first() -> io::Result<()> {
    tell(in_order(
        First::Parent,
        |child| println!("parent's turn; the child: {:?}", rest(child.as_raw())),
        || {
            println!("child's turn");
            5
        },
    )?)
}

/// The child's turn lasts until the parent has come to rest.
fn child_first() -> io::Result<()> {
    let_others_look();
    tell(in_order(
        First::Child,
        |_| println!("parent's turn"),
        || {
            println!("child's turn; the parent: {:?}", rest(getppid().as_raw()));
            5
        },
    )?)
}

/// Where the signal handler reports that it has run.
static HANDLED: AtomicI32 = AtomicI32::new(-1);

extern "C" fn report(_: libc::c_int) {
    let byte = [0_u8];
    // SAFETY: the buffer is one byte long and lives; write(2) is async-signal-safe.
    unsafe { libc::write(HANDLED.load(Ordering::Relaxed), byte.as_ptr().cast(), 1) };
}

/// In the parent's turn a signal wakes the child up, for nothing.
fn interrupted() -> io::Result<()> {
    let (mut handled, report_handled) = io::pipe()?;
    HANDLED.store(report_handled.as_raw_fd(), Ordering::Relaxed);
    // No SA_RESTART: the interrupted call fails with EINTR (signal(7)).
    let action = SigAction::new(SigHandler::Handler(report), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler calls write(2) and reads an atomic: both are async-signal-safe.
    unsafe { sigaction(Signal::SIGUSR1, &action) }?;
    let parents_turn = |child: Pid| {
        rest(child.as_raw());
        kill(child, Signal::SIGUSR1).expect("the child is ours to signal");
        // A child that went ahead and ended before the signal came has not handled it.
        if rest(child.as_raw()) != Rest::Ended {
            handled.read_exact(&mut [0]).expect("the handler writes a byte");
        }
        println!("parent's turn; the child: {:?}", rest(child.as_raw()));
    };
    let childs_turn = || {
        println!("child's turn");
        5
    };
    tell(in_order(First::Parent, parents_turn, childs_turn)?)
}

/// The child, which is first, dies in its turn.
fn child_dies() -> io::Result<()> {
    tell(in_order(
        First::Child,
        |_| println!("parent's turn"),
        || raise(Signal::SIGKILL).map_or(1, |()| 0),
    )?)
}

/// Starts a program whose parent's turn never ends, and waits for it and for its orphan.
fn parent_dies() -> io::Result<()> {
    // The orphan becomes a child of this process, which can then wait for it (prctl(2)).
    prctl::set_child_subreaper(true)?;
    let program = Command::new(env::current_exe()?).args(["parent-dies", "inner"]).spawn()?;
    let mut ended = 0;
    while waitpid(None, None).is_ok() {
        ended += 1;
    }
    drop(program);
    println!("ended: {ended}");
    Ok(())
}

fn parent_that_dies() -> io::Result<()> {
    let parents_turn = |child: Pid| {
        rest(child.as_raw());
        let _ = raise(Signal::SIGKILL);
    };
    tell(in_order(First::Parent, parents_turn, || 0)?)
}

/// Unfinished lines on both sides.
fn output() -> io::Result<()> {
    print!("[before]");
    let status = in_order(
        First::Child,
        |_| print!("[parent]"),
        || {
            print!("[child]");
            0
        },
    )?;
    io::stdout().flush()?;
    println!();
    tell(status)
}
