//! Scenes for the tests of `in_order`: each prints what it saw.
#![allow(unsafe_code)]

#[path = "turn_scenes/table.rs"]
mod table;

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::panic::{self, AssertUnwindSafe};
use std::process::Command;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::prctl;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, raise, sigaction};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, dup2_stdout, fork, getpid, getppid, pipe2, write};
use testkit::on_trial;
use testkit::quiescence::{Quiescence, await_quiescence, let_others_look};
use testkit::survey::Survey;
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
        ["survivor"] => survivor(),
        ["panic"] => panics(),
        ["on-trial", who] => on_a_bad_day(who),
        ["late-output"] => late_output(),
        ["short", first] => short(first),
        ["table", first, parents, childs] => table::row(first, parents, childs),
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

/// The pid that the parent's turn is given, if it is a child's. A process that is not our child is
/// not ours to signal.
fn checked(child: Pid) -> Pid {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    if child.as_raw() <= 0 || waitid(Id::Pid(child), flags) == Err(Errno::ECHILD) {
        println!("no child: the parent's turn was given the number {child}");
        let _ = io::stdout().flush();
        exit_now(0);
    }
    child
}

fn exit_now(code: i32) -> ! {
    // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
    unsafe { libc::_exit(code) }
}

/// The parent's turn lasts until the child has come to rest, or has gone ahead and ended.
fn parent_first() -> io::Result<()> {
    tell(in_order(
        First::Parent,
        |child| {
            println!("parent's turn; the child: {:?}", await_quiescence(checked(child).as_raw()))
        },
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
            println!("child's turn; the parent: {:?}", await_quiescence(getppid().as_raw()));
            5
        },
    )?)
}

/// The parent's turn leaves a process behind, with copies of all that the parent has open.
fn survivor() -> io::Result<()> {
    let (survivors_end, leave) = io::pipe()?;
    let mut kept = Some(leave);
    let status = in_order(
        First::Parent,
        |_| {
            // SAFETY: this process has one thread; the child reads, and leaves by _exit(2).
            match unsafe { fork() }.expect("a child can be made") {
                ForkResult::Child => {
                    drop(kept.take());
                    let _ = (&survivors_end).read(&mut [0]);
                    exit_now(0);
                }
                ForkResult::Parent { .. } => println!("parent's turn"),
            }
        },
        || {
            println!("child's turn");
            5
        },
    )?;
    drop(kept);
    tell(status)?;
    while waitpid(None, None) != Err(Errno::ECHILD) {}
    Ok(())
}

/// The parent's turn ends in a panic.
fn panics() -> io::Result<()> {
    let turns = AssertUnwindSafe(|| {
        in_order(
            First::Parent,
            |_| panic::resume_unwind(Box::new("on purpose")),
            || {
                println!("the child has its turn");
                5
            },
        )
    });
    let panicked = panic::catch_unwind(turns).is_err();
    let left = match waitpid(None, None) {
        Err(Errno::ECHILD) | Ok(WaitStatus::Exited(_, 5)) => "it has ended".to_owned(),
        other => format!("it has not ended by itself: {other:?}"),
    };
    println!("the caller has the panic: {panicked}; {left}");
    Ok(())
}

/// `in_order` on trial, with turns that do little; the one who waits does so asleep.
fn on_a_bad_day(who: &str) -> io::Result<()> {
    let_others_look();
    let parent = getpid().as_raw();
    // Whoever is first writes a byte at the end of the turn, where both see it.
    let mark = File::from(memfd_create("mark", MFdFlags::MFD_CLOEXEC)?);
    let marks = || (&mark).write_all(b".").is_ok();
    let is_marked = || mark.metadata().is_ok_and(|metadata| metadata.len() == 1);
    let status = on_trial(|| match who {
        "parent" => in_order(
            First::Parent,
            |child| {
                await_quiescence(child.as_raw());
                marks();
            },
            || if is_marked() { 5 } else { 6 },
        ),
        _ => in_order(
            First::Child,
            |_| println!("the child's turn is over: {}", is_marked()),
            || {
                await_quiescence(parent);
                if marks() { 5 } else { 6 }
            },
        ),
    });
    match status {
        Ok(status) => tell(status),
        Err(error) => {
            println!("error: {error}");
            Ok(())
        }
    }
}

/// `in_order` on trial, when something is not to be had: what comes of it, and what it has changed.
fn short(first: &str) -> io::Result<()> {
    let mut turns = String::new();
    let before = Survey::now();
    let order = if first == "parent" { First::Parent } else { First::Child };
    match on_trial(|| in_order(order, |_| turns.push_str("the parent's"), || 7)) {
        Ok(status) => tell(status)?,
        Err(error) => {
            let errno = error.raw_os_error().map(Errno::from_raw);
            println!("error: {errno:?}; turns: {turns}");
        }
    }
    println!("changed: {}", before.changes().join(", "));
    Ok(())
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
        await_quiescence(checked(child).as_raw());
        kill(child, Signal::SIGUSR1).expect("the child is ours to signal");
        // A child that went ahead and ended before the signal came has not handled it.
        if await_quiescence(child.as_raw()) != Quiescence::Ended {
            handled.read_exact(&mut [0]).expect("the handler writes a byte");
        }
        println!("parent's turn; the child: {:?}", await_quiescence(child.as_raw()));
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
        await_quiescence(child.as_raw());
        let _ = raise(Signal::SIGKILL);
    };
    let childs_turn = || {
        println!("child's turn");
        0
    };
    tell(in_order(First::Parent, parents_turn, childs_turn)?)
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

/// The child prints in its turn, and there is no room for it in the pipe that is its standard output. A
/// helper makes room when child and parent have come to rest. Whose turn is it until then?
fn late_output() -> io::Result<()> {
    let_others_look();
    let parent = getpid();
    let kept = io::stdout().as_fd().try_clone_to_owned()?;
    let (room, full) = full_pipe()?;
    let (mut child_is, mut tell_child) = io::pipe()?;
    let (mut begun, mut begin) = io::pipe()?;
    // SAFETY: this process has one thread, so the child may call any function.
    let helper = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop((full, tell_child, begin));
            let mut pid = [0; 4];
            let told = child_is.read_exact(&mut pid).is_ok();
            await_quiescence(i32::from_ne_bytes(pid));
            await_quiescence(parent.as_raw());
            let flags = fcntl(&begun, FcntlArg::F_SETFL(OFlag::O_NONBLOCK));
            let has_begun = begun.read(&mut [0]).is_ok_and(|count| count == 1);
            let _ = io::copy(&mut File::from(room), &mut io::sink());
            exit_now(if told && flags.is_ok() { i32::from(has_begun) } else { 2 })
        }
    };
    drop((room, child_is, begun));
    dup2_stdout(&full)?;
    drop(full);
    let parents_turn = |_| begin.write_all(&[0]).expect("the helper holds the other end");
    let childs_turn = || {
        let_others_look();
        print!("[child]");
        let told = tell_child.write_all(&getpid().as_raw().to_ne_bytes());
        i32::from(told.is_err())
    };
    let status = in_order(First::Child, parents_turn, childs_turn);
    dup2_stdout(&kept)?;
    drop((tell_child, begin));
    match waitpid(helper, None)? {
        WaitStatus::Exited(_, 0) => println!("first: the child's output"),
        WaitStatus::Exited(_, 1) => println!("first: the parent's turn"),
        status => println!("the helper: {status:?}"),
    }
    tell(status?)
}

/// A pipe into which not one byte more can be written.
fn full_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (room, full) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
    while write(&full, &[b'.'; 4096]).is_ok() {}
    for end in [&room, &full] {
        fcntl(end, FcntlArg::F_SETFL(OFlag::empty()))?;
    }
    Ok((room, full))
}
