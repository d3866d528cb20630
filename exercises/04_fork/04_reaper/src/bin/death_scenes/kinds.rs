//! Scenes by kinds: numbers of children, every signal, rings for nothing, processes that are no children, and a
//! process whose first thread ends first.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::thread;

use nix::errno::Errno;
use nix::libc;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getpgrp, getpid, getppid, gettid};
use reaper::{End, Reaper, has_ended, start};
use testkit::procfs::process_state;
use testkit::quiescence::{Quiescence, await_quiescence, let_others_look};

use super::{Family, errno, until_it_ends};

/// So many have ended, for each of the numbers, before the one call.
pub fn many(call: &str, counts: &[String]) -> io::Result<()> {
    let mut reaper = Reaper::new()?;
    for count in counts {
        let count: usize = count.parse().expect("a number");
        // A machine that does not let this user have so many has fewer.
        let mut codes: BTreeMap<Pid, i32> = (0..count)
            .map_while(|i| start(|| (i % 256) as i32).ok().map(|child| (child, (i % 256) as i32)))
            .collect();
        let made = codes.len();
        codes.keys().copied().for_each(until_it_ends);
        let reaped = if call == "wait" { reaper.wait()? } else { reaper.collect()? };
        let mut right = 0;
        for (pid, end) in &reaped {
            if let End::Exited(code) = end
                && codes.remove(pid) == Some(*code)
            {
                right += 1;
            }
        }
        let mut left = 0;
        while waitpid(None, Some(WaitPidFlag::WNOHANG)).is_ok_and(|status| status.pid().is_some()) {
            left += 1;
        }
        let is_all = right == made && reaped.len() == made;
        let told = if is_all { "all".to_owned() } else { format!("{right} of {made}") };
        println!("{count}: {told}, {left} left");
    }
    Ok(())
}

/// A child for each signal that ends a process.
pub fn every_signal() -> io::Result<()> {
    let mut reaper = Reaper::new()?;
    // The two below SIGRTMIN are the threads library's.
    for number in (1..=31).chain(libc::SIGRTMIN()..=libc::SIGRTMAX()).filter(|number| ends(*number))
    {
        let child = start(|| ended_by(number))?;
        until_it_ends(child);
        let look = has_ended(child).map_or_else(|error| errno(&error), |ended| ended.to_string());
        let told = match reaper.collect() {
            Ok(reaped) => match reaped[..] {
                [(pid, End::Killed(signal))] if pid == child => format!("killed {signal}"),
                [(pid, End::Exited(code))] if pid == child => format!("exited {code}"),
                _ => format!("{} children", reaped.len()),
            },
            Err(error) => errno(&error),
        };
        while waitpid(child, None) == Err(Errno::EINTR) {}
        if look != "true" || told != format!("killed {number}") {
            println!("signal {number}: has it ended: {look}; {told}");
        }
    }
    println!("all signals have been looked at");
    Ok(())
}

/// The others stop a process, make it go on, or do nothing by default (signal(7)).
fn ends(number: i32) -> bool {
    use libc::{SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH};
    ![SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH].contains(&number)
}

fn ended_by(number: i32) -> i32 {
    // No core, whatever the machine does with one (core(5)).
    let _ = prctl::set_dumpable(false);
    // SAFETY: the default is no function of ours. SIGKILL cannot be set, and need not be.
    unsafe { libc::signal(number, libc::SIG_DFL) };
    // SAFETY: raise(3) takes an integer and touches no memory of ours.
    unsafe { libc::raise(number) };
    1
}

/// SIGCHLD comes, and nobody has ended: `from` says why, `place` where the reaper is then.
pub fn ring_for_nothing(family: &mut Family, from: &str, place: &str) -> io::Result<()> {
    let_others_look();
    let mut reaper = Reaper::new()?;
    let parent = getpid();
    let (mut gate, mut open) = io::pipe()?;
    let (mut hears, mut tells) = io::pipe()?;
    let is_asleep = place == "during wait";
    let a = family.start("a", || {
        if is_asleep {
            await_quiescence(parent.as_raw());
        }
        let rung = match from {
            "kill" => kill(parent, Signal::SIGCHLD).is_ok(),
            "sigqueue" => queued(parent),
            "stop" => raise(Signal::SIGSTOP).is_ok(),
            _ => true,
        };
        let told = tells.write_all(&[0]).is_ok();
        let let_go = is_asleep || gate.read_exact(&mut [0]).is_ok();
        await_quiescence(parent.as_raw());
        if rung && told && let_go { 7 } else { 1 }
    })?;
    if from == "stop" {
        // In time it goes on: when its parent has been told of the stop, or sleeps once more.
        until_it_stops(a);
        if place == "before collect" {
            family.tell(reaper.collect());
        }
        family.start("b", || {
            await_quiescence(parent.as_raw());
            kill(a, Signal::SIGCONT).map_or(1, |()| 8)
        })?;
        open.write_all(&[0])?;
        family.tell_all(&mut reaper);
        return Ok(());
    }
    if !is_asleep {
        hears.read_exact(&mut [0])?;
        if from == "itself" {
            raise(Signal::SIGCHLD)?;
        }
        if place == "before collect" {
            family.tell(reaper.collect());
        }
        open.write_all(&[0])?;
    }
    family.tell_all(&mut reaper);
    Ok(())
}

fn queued(whom: Pid) -> bool {
    let value = libc::sigval { sival_ptr: std::ptr::null_mut() };
    // SAFETY: sigqueue(3) takes numbers, and a value that is not used here.
    unsafe { libc::sigqueue(whom.as_raw(), libc::SIGCHLD, value) == 0 }
}

fn until_it_stops(child: Pid) {
    while await_quiescence(child.as_raw()) != Quiescence::Stopped {}
}

/// Asks about a process that is none of the caller's children.
pub fn not_a_child(family: &mut Family, whose: &str) -> io::Result<()> {
    let (mut hears, mut tells) = io::pipe()?;
    let mut told = || -> io::Result<Pid> {
        let mut number = [0; 4];
        hears.read_exact(&mut number)?;
        Ok(Pid::from_raw(i32::from_ne_bytes(number)))
    };
    let mut open = None;
    let pid = match whose {
        "its own" => getpid(),
        "its parent's" => getppid(),
        "the first process's" => Pid::from_raw(1),
        "its process group's, negative" => Pid::from_raw(-getpgrp().as_raw()),
        "a grandchild's" => {
            // It has ended, and its own parent has not waited for it yet.
            let (mut goes_on, let_on) = io::pipe()?;
            family.start("a", || {
                let Ok(grandchild) = start(|| 7) else { return 1 };
                until_it_ends(grandchild);
                let said = tells.write_all(&grandchild.as_raw().to_ne_bytes()).is_ok();
                let heard = goes_on.read_exact(&mut [0]).is_ok();
                while waitpid(grandchild, None) == Err(Errno::EINTR) {}
                i32::from(!said || !heard)
            })?;
            open = Some(let_on);
            told()?
        }
        "a thread's, of a child" => {
            let (mut goes_on, let_on) = io::pipe()?;
            family.start("a", || {
                let mut say = tells;
                thread::spawn(move || {
                    let _ = say.write_all(&gettid().as_raw().to_ne_bytes());
                    loop {
                        thread::park();
                    }
                });
                i32::from(goes_on.read_exact(&mut [0]).is_err())
            })?;
            open = Some(let_on);
            told()?
        }
        number => Pid::from_raw(number.parse().expect("a number")),
    };
    ask(pid);
    if let Some(mut open) = open {
        open.write_all(&[0])?;
    }
    for child in family.names.keys() {
        until_it_ends(*child);
        while waitpid(*child, None) == Err(Errno::EINTR) {}
    }
    Ok(())
}

fn ask(pid: Pid) {
    let seen = has_ended(pid).map_or_else(|error| errno(&error), |ended| ended.to_string());
    println!("has it ended: {seen}");
}

/// The first thread of a child ends, by a call that ends a thread; another one lives.
pub fn first_thread_ends(family: &mut Family) -> io::Result<()> {
    let_others_look();
    let mut reaper = Reaper::new()?;
    let parent = getpid().as_raw();
    let (mut gate, mut open) = io::pipe()?;
    let (mut hears, mut tells) = io::pipe()?;
    let a = family.start("a", move || {
        let own = getpid().as_raw();
        thread::spawn(move || {
            // It looks like a zombie (proc_pid_stat(5)), and the process is none.
            while process_state(own) != Some('Z') {
                thread::yield_now();
            }
            let told = tells.write_all(&[0]).is_ok() && gate.read_exact(&mut [0]).is_ok();
            await_quiescence(parent);
            // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
            unsafe { libc::_exit(if told { 7 } else { 1 }) }
        });
        // SAFETY: exit(2) of the kernel ends the calling thread only, and takes an integer.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
        unreachable!("the thread has ended")
    })?;
    hears.read_exact(&mut [0])?;
    ask(a);
    family.tell(reaper.collect());
    open.write_all(&[0])?;
    family.tell(reaper.wait());
    Ok(())
}
