//! What may happen in a turn: one row of the table for each run, with the order of the turns, the result and
//! what is left.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Seek, Write};
use std::panic::{self, AssertUnwindSafe};
use std::thread;

use nix::errno::Errno;
use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpid};
use testkit::procfs::open_descriptors;
use testkit::quiescence::{Quiescence, await_quiescence, let_others_look};
use two_returns::{First, in_order};

use super::{checked, exit_now};

/// Both turns, and what is there to see afterwards. The side that is first keeps its turn until the other sleeps.
pub fn row(first: &str, parents: &str, childs: &str) -> io::Result<()> {
    let_others_look();
    // Orphans become children of this process: a process that the child leaves is its to wait for.
    prctl::set_child_subreaper(true)?;
    let elder = another_child()?;
    let marks = File::from(memfd_create("marks", MFdFlags::MFD_CLOEXEC)?);
    let mark = |letter: &[u8]| (&marks).write_all(letter).expect("there is room in memory");
    let survivor = Survivor::prepared()?;
    let (caller, made) = (getpid().as_raw(), Cell::new(None));
    let before = descriptors()?;
    print!("[before]");
    let order = if first == "parent" { First::Parent } else { First::Child };
    let turns = AssertUnwindSafe(|| {
        in_order(
            order,
            |child| {
                mark(b"P");
                print!("[parent]");
                if first == "parent" {
                    await_quiescence(checked(child).as_raw());
                }
                made.set(Some(child));
                happens(parents, &survivor, child, || mark(b"p"));
            },
            || {
                mark(b"C");
                print!("[child]");
                if first == "child" {
                    await_quiescence(caller);
                }
                happens(childs, &survivor, getpid(), || mark(b"c"))
            },
        )
    });
    let result = panic::catch_unwind(turns);
    let result = match result {
        Ok(Ok(WaitStatus::Exited(_, code))) => format!("exited {code}"),
        Ok(Ok(WaitStatus::Signaled(_, signal, _))) => format!("killed by {signal}"),
        Ok(Ok(_)) => "no end".to_owned(),
        Ok(Err(error)) => error
            .raw_os_error()
            .map_or(error.to_string(), |number| format!("the error {:?}", Errno::from_raw(number))),
        Err(_) => {
            // The child is waited for or not.
            while made.get().is_some_and(|child| ends(child) == Err(Errno::EINTR)) {}
            while made.get().is_some_and(|child| waitpid(child, None) == Err(Errno::EINTR)) {}
            "the panic".to_owned()
        }
    };
    let left: Vec<i32> = descriptors()?.difference(&before).copied().collect();
    println!("\nturns: {}", read_from_the_start(marks)?);
    println!("result: {result}");
    println!("zombies: {}", i32::from(made.get().is_some_and(|child| ends(child).is_ok())));
    println!("descriptors left: {}", left.len());
    drop(survivor);
    // The elder child has been left to whoever made it.
    println!("another child: {:?}", waitpid(elder, None).map(|status| status.pid() == Some(elder)));
    while waitpid(None, None) != Err(Errno::ECHILD) {}
    Ok(())
}

/// What happens in a turn, `over` when all of it has.
fn happens(what: &str, survivor: &Survivor, child: Pid, over: impl Fn()) -> i32 {
    match what {
        "leaves a process" | "leaves a process and panics" => survivor.begins(),
        "leaves a thread" => drop(thread::spawn(|| {
            loop {
                thread::park();
            }
        })),
        "kills the child" => {
            kill(child, Signal::SIGKILL).expect("it is ours to signal");
            while await_quiescence(child.as_raw()) != Quiescence::Ended {}
        }
        "stops the child" => {
            kill(child, Signal::SIGSTOP).expect("it is ours to signal");
            while await_quiescence(child.as_raw()) == Quiescence::Asleep {}
            kill(child, Signal::SIGCONT).expect("it is ours to signal");
            while await_quiescence(child.as_raw()) == Quiescence::Stopped {}
        }
        _ => {}
    }
    over();
    match what {
        "panics" | "leaves a process and panics" => panic::resume_unwind(Box::new("on purpose")),
        "panics with a bomb" => panic::resume_unwind(Box::new(Bomb)),
        "exits" => exit_now(9),
        "is killed" => raise(Signal::SIGKILL).map_or(1, |()| 0),
        // SAFETY: raise(3) takes a number; this signal is at its default, which ends the process.
        "is killed by 40" => unsafe { libc::raise(40) },
        "returns 300" => 300,
        _ => 5,
    }
}

/// Its destructor panics, too.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic::resume_unwind(Box::new("on purpose, once more"));
    }
}

/// A process that a turn starts, and that lives until this is dropped by the process that has made it.
struct Survivor {
    hears: PipeReader,
    lets_go: RefCell<Option<PipeWriter>>,
}

impl Survivor {
    fn prepared() -> io::Result<Self> {
        let (hears, lets_go) = io::pipe()?;
        Ok(Self { hears, lets_go: RefCell::new(Some(lets_go)) })
    }

    fn begins(&self) {
        // SAFETY: this process has one thread; the child reads, and leaves by _exit(2).
        if let ForkResult::Child = unsafe { fork() }.expect("a process can be made") {
            drop(self.lets_go.take());
            let _ = (&self.hears).read(&mut [0]);
            exit_now(0);
        }
    }
}

/// A child that has ended, and that nobody but this process's own code waits for.
fn another_child() -> io::Result<Pid> {
    // SAFETY: this process has one thread, and the child leaves by _exit(2) at once.
    match unsafe { fork() }? {
        ForkResult::Child => exit_now(0),
        ForkResult::Parent { child } => {
            while ends(child) == Err(Errno::EINTR) {}
            Ok(child)
        }
    }
}

/// Waits until it has ended, and leaves it as it is. ECHILD if it has been waited for.
fn ends(child: Pid) -> nix::Result<()> {
    match waitid(Id::Pid(child), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
        // An end that `nix` has no name for.
        Err(Errno::EINVAL) => Ok(()),
        result => result.map(drop),
    }
}

fn descriptors() -> io::Result<BTreeSet<i32>> {
    Ok(open_descriptors(getpid().as_raw())?.into_keys().collect())
}

fn read_from_the_start(mut file: File) -> io::Result<String> {
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(text)
}
