//! Scenes for the tests: children that end in this way and that, and what the reaper says of them.
//!
//! They are a program because a fork belongs in a process with one thread, and a test binary has
//! several.
#![allow(unsafe_code)]

#[path = "death_scenes/kinds.rs"]
mod kinds;

use std::collections::BTreeMap;
use std::env;
use std::io::{self, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, kill, raise, sigaction, signal,
};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, getpid, getppid, setsid};
use reaper::{End, Reaper, adopt_orphans, has_ended, start};
use testkit::on_trial;
use testkit::procfs::open_descriptors;
use testkit::quiescence::{Quiescence, await_quiescence, interrupt, let_others_look};

fn main() -> io::Result<()> {
    let words: Vec<String> = env::args().skip(1).collect();
    let mut family = Family::default();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["peek", how] => peek(&mut family, how),
        ["end", how] => one_end(&mut family, how),
        ["core"] => core_dumped(&mut family),
        ["not-a-child", whose] => kinds::not_a_child(&mut family, whose),
        ["many", call, ..] => kinds::many(call, &words[2..]),
        ["every-signal"] => kinds::every_signal(),
        ["ring", from, place] => kinds::ring_for_nothing(&mut family, from, place),
        ["first-thread"] => kinds::first_thread_ends(&mut family),
        ["session"] => session(&mut family),
        ["after-wait"] => after_wait(&mut family),
        ["nobody"] => nobody(&mut family),
        ["living"] => living(&mut family),
        ["together", count] => together(&mut family, count.parse().expect("a number")),
        ["early"] => early(&mut family),
        ["sleep"] => sleep(&mut family),
        ["interrupted"] => interrupted(&mut family),
        ["stopped"] => stopped(&mut family),
        ["is-stopped"] => is_stopped(&mut family),
        ["others-blocked"] => others_blocked(&mut family),
        ["bell"] => bell(&mut family),
        ["errno"] => errno_after_rings(&mut family),
        ["ignored"] => ignored(&mut family),
        ["kept"] => without_zombies(&mut family),
        ["blocked"] => blocked(&mut family),
        ["on-trial"] => on_a_bad_day(&mut family),
        ["exec"] => across_exec(),
        ["orphan"] => orphan(&mut family),
        ["law", ..] => law(&mut family, &words[1..]),
        _ => panic!("no scene {words:?}"),
    }?;
    family.bury()
}

/// The children of a scene, each with a name.
#[derive(Default)]
struct Family {
    names: BTreeMap<Pid, String>,
}

impl Family {
    fn start(&mut self, name: &str, body: impl FnOnce() -> i32) -> io::Result<Pid> {
        let child = start(body)?;
        self.names.insert(child, name.to_owned());
        Ok(child)
    }

    /// A child that goes on when a byte is written for it.
    fn held(&mut self, name: &str, body: impl FnOnce() -> i32) -> io::Result<(Pid, PipeWriter)> {
        let (mut gate, open) = io::pipe()?;
        let child = self.start(name, || {
            gate.read_exact(&mut [0]).expect("the parent holds the other end");
            body()
        })?;
        Ok((child, open))
    }

    fn tell(&self, reaped: io::Result<Vec<(Pid, End)>>) {
        match reaped {
            Ok(reaped) => {
                let mut said: Vec<_> = reaped
                    .iter()
                    .map(|(pid, end)| {
                        let name = self.names.get(pid).map_or("a stranger", String::as_str);
                        match end {
                            End::Exited(code) => format!("{name} exited {code}"),
                            End::Killed(signal) => format!("{name} killed {signal}"),
                        }
                    })
                    .collect();
                said.sort();
                let said = if said.is_empty() { "nobody".to_owned() } else { said.join(", ") };
                println!("reaped: {said}");
            }
            Err(error) => println!("error: {}", errno(&error)),
        }
    }

    /// Waits until nobody is left, and tells of all in one line.
    fn tell_all(&self, reaper: &mut Reaper) {
        let mut all = Vec::new();
        loop {
            match reaper.wait() {
                Ok(reaped) if reaped.is_empty() => return self.tell(Ok(all)),
                Ok(reaped) => all.extend(reaped),
                Err(error) => return self.tell(Err(error)),
            }
        }
    }

    /// Says who has not been reaped, and clears up.
    fn bury(self) -> io::Result<()> {
        let mut left = Vec::new();
        for (pid, name) in self.names {
            let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
            match waitid(Id::Pid(pid), flags) {
                Err(Errno::ECHILD) => continue,
                Ok(WaitStatus::StillAlive) => left.push(format!("{name} lives")),
                _ => left.push(format!("{name} is a zombie")),
            }
            kill(pid, Signal::SIGKILL)?;
            while waitpid(pid, None) == Err(Errno::EINTR) {}
        }
        let left = if left.is_empty() { "none".to_owned() } else { left.join(", ") };
        println!("left: {left}");
        Ok(())
    }
}

fn errno(error: &io::Error) -> String {
    error.raw_os_error().map_or(error.to_string(), |raw| format!("{:?}", Errno::from_raw(raw)))
}

/// Waits until the child has ended. It is not reaped.
fn until_it_ends(child: Pid) {
    // ECHILD: somebody has reaped it; then it has ended, too.
    while waitid(Id::Pid(child), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) == Err(Errno::EINTR) {
    }
}

/// `e7` exits with 7, `k9` ends by signal 9.
fn end(how: &str) -> i32 {
    let number = how[1..].parse().expect("a number");
    if how.starts_with('e') {
        return number;
    }
    // SAFETY: raise(3) takes an integer and touches no memory of ours.
    unsafe { libc::raise(number) };
    unreachable!("signal {number} ends the process")
}

fn peek(family: &mut Family, how: &str) -> io::Result<()> {
    let mut reaper = Reaper::new()?;
    let (child, mut open) = family.held("a", || end(how))?;
    let look = || has_ended(child).map_or_else(|error| errno(&error), |ended| ended.to_string());
    let living = look();
    open.write_all(&[0])?;
    until_it_ends(child);
    println!("has it ended: {living}, {}, {}", look(), look());
    family.tell(reaper.collect());
    println!("and now: {}", look());
    Ok(())
}

fn one_end(family: &mut Family, how: &str) -> io::Result<()> {
    let mut reaper = Reaper::new()?;
    let child = family.start("a", || end(how))?;
    until_it_ends(child);
    family.tell(reaper.collect());
    Ok(())
}

/// The child dumps core, by what this program's wait functions say.
fn core_dumped(family: &mut Family) -> io::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    dumped_core::says_so();
    peek(family, "k6")
}

/// The functions of wait(2), which a program may bring itself. They ask the kernel, and may say of a
/// child that was killed that it dumped core; whether one does depends on the machine (core(5)).
mod dumped_core {
    use std::sync::atomic::{AtomicBool, Ordering};

    use nix::libc::{self, c_int, id_t, idtype_t, pid_t, rusage, siginfo_t};

    static SAYS_SO: AtomicBool = AtomicBool::new(false);

    /// The flag beside the signal in a status (wait(2), WCOREDUMP).
    const DUMPED: c_int = 0x80;

    pub fn says_so() {
        SAYS_SO.store(true, Ordering::Relaxed);
    }

    // SAFETY: the name and the type of waitpid(2), and the system call behind it.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn waitpid(pid: pid_t, status: *mut c_int, options: c_int) -> pid_t {
        let nobody: *mut rusage = std::ptr::null_mut();
        // SAFETY: the caller's promise about `status`, passed on (wait4(2)).
        let child = unsafe { libc::syscall(libc::SYS_wait4, pid, status, options, nobody) };
        if child > 0
            && SAYS_SO.load(Ordering::Relaxed)
            // SAFETY: null, or the caller's, and the kernel has written to it.
            && let Some(status) = unsafe { status.as_mut() }
            && libc::WIFSIGNALED(*status)
        {
            *status |= DUMPED;
        }
        child as pid_t
    }

    // SAFETY: the name and the type of waitid(2), and the system call behind it.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn waitid(
        whom: idtype_t,
        id: id_t,
        info: *mut siginfo_t,
        options: c_int,
    ) -> c_int {
        let nobody: *mut rusage = std::ptr::null_mut();
        // SAFETY: the caller's promise about `info`, passed on.
        let result = unsafe { libc::syscall(libc::SYS_waitid, whom, id, info, options, nobody) };
        if result == 0
            && SAYS_SO.load(Ordering::Relaxed)
            // SAFETY: null, or the caller's, and the kernel has written to it.
            && let Some(info) = unsafe { info.as_mut() }
            && info.si_code == libc::CLD_KILLED
        {
            info.si_code = libc::CLD_DUMPED;
        }
        result as c_int
    }
}

/// The child leaves its parent's session and process group, as a daemon does.
fn session(family: &mut Family) -> io::Result<()> {
    let mut reaper = Reaper::new()?;
    let child = family.start("a", || setsid().map_or(1, |_| 7))?;
    until_it_ends(child);
    family.tell(reaper.collect());
    Ok(())
}

/// The only child has ended, and `wait` finds it.
fn after_wait(family: &mut Family) -> io::Result<()> {
    let mut reaper = Reaper::new()?;
    let child = family.start("a", || 7)?;
    until_it_ends(child);
    family.tell(reaper.wait());
    println!("the bell rings: {}", rings(&reaper)?);
    Ok(())
}

fn nobody(family: &mut Family) -> io::Result<()> {
    let mut reaper = Reaper::new()?;
    family.tell(reaper.collect());
    family.tell(reaper.wait());
    Ok(())
}

/// One has ended, one lives.
fn living(family: &mut Family) -> io::Result<()> {
    let mut reaper = Reaper::new()?;
    let (_, mut open) = family.held("b", || 8)?;
    let child = family.start("a", || 7)?;
    until_it_ends(child);
    family.tell(reaper.wait());
    family.tell(reaper.collect());
    open.write_all(&[0])?;
    family.tell(reaper.wait());
    Ok(())
}

/// All of them end while SIGCHLD is blocked: of any number of signals, one is left.
fn together(family: &mut Family, count: usize) -> io::Result<()> {
    let mut reaper = Reaper::new()?;
    let mask = SigSet::from(Signal::SIGCHLD).thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    for name in ["a", "b", "c", "d", "e"].into_iter().take(count) {
        let child = family.start(name, || 0)?;
        until_it_ends(child);
    }
    mask.thread_set_mask()?;
    family.tell(reaper.collect());
    Ok(())
}

/// One has ended before there is a reaper.
fn early(family: &mut Family) -> io::Result<()> {
    let child = family.start("a", || 7)?;
    until_it_ends(child);
    let mut reaper = Reaper::new()?;
    family.tell(reaper.wait());
    Ok(())
}

/// The child ends when its parent has come to rest.
fn sleep(family: &mut Family) -> io::Result<()> {
    let_others_look();
    let mut reaper = Reaper::new()?;
    family.start("a", || {
        println!("the parent: {:?}", await_quiescence(getppid().as_raw()));
        7
    })?;
    family.tell(reaper.wait());
    Ok(())
}

extern "C" fn nothing(_: libc::c_int) {}

/// The child wakes its parent by another signal, and ends when the parent waits again.
fn interrupted(family: &mut Family) -> io::Result<()> {
    let_others_look();
    // No SA_RESTART: the interrupted call fails with EINTR (signal(7)).
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing at all, so it does nothing that a handler may not do.
    unsafe { sigaction(Signal::SIGUSR1, &action) }?;
    let mut reaper = Reaper::new()?;
    let parent = getpid();
    family.start("a", || interrupt(parent.as_raw()).map_or(1, |()| 7))?;
    family.tell(reaper.wait());
    Ok(())
}

/// A child stops while its parent waits; a second one makes it go on when the parent waits again.
fn stopped(family: &mut Family) -> io::Result<()> {
    let mut reaper = Reaper::new()?;
    let parent = getpid().as_raw();
    let a = family.start("a", || {
        await_quiescence(parent);
        raise(Signal::SIGSTOP).map_or(1, |()| 7)
    })?;
    family.start("b", || {
        while await_quiescence(a.as_raw()) != Quiescence::Stopped {}
        await_quiescence(parent);
        kill(a, Signal::SIGCONT).map_or(1, |()| 8)
    })?;
    family.tell_all(&mut reaper);
    Ok(())
}

/// Is a child that is stopped, or has just been continued, one that has ended?
fn is_stopped(family: &mut Family) -> io::Result<()> {
    let (child, mut gate) = family.held("a", || 7)?;
    kill(child, Signal::SIGSTOP)?;
    while await_quiescence(child.as_raw()) != Quiescence::Stopped {}
    println!("stopped: {}", has_ended(child)?);
    kill(child, Signal::SIGCONT)?;
    println!("continued: {}", has_ended(child)?);
    gate.write_all(&[0])?;
    until_it_ends(child);
    println!("ended: {}", has_ended(child)?);
    Ok(())
}

/// A reaper is made in a program that has blocked other signals.
fn others_blocked(family: &mut Family) -> io::Result<()> {
    let others = [Signal::SIGUSR1, Signal::SIGTERM];
    SigSet::from_iter(others).thread_block()?;
    one_and_the_bell(family)?;
    let blocked = SigSet::thread_get_mask()?;
    let still = others.iter().filter(|signal| blocked.contains(**signal)).count();
    println!("still blocked: {still} of 2");
    Ok(())
}

fn rings(reaper: &Reaper) -> io::Result<bool> {
    let mut bell = [PollFd::new(reaper.as_fd(), PollFlags::POLLIN)];
    loop {
        match poll(&mut bell, PollTimeout::ZERO) {
            Err(Errno::EINTR) => {}
            ready => return Ok(ready? == 1),
        }
    }
}

/// One lives all the time, three end.
fn bell(family: &mut Family) -> io::Result<()> {
    let mut reaper = Reaper::new()?;
    let (_, mut open) = family.held("b", || 8)?;
    let living = rings(&reaper)?;
    for (name, code) in [("a", 7), ("c", 9), ("d", 10)] {
        let child = family.start(name, || code)?;
        until_it_ends(child);
    }
    let ended = rings(&reaper)?;
    family.tell(reaper.collect());
    println!("the bell rings: {living}, {ended}, {}", rings(&reaper)?);
    open.write_all(&[0])?;
    family.tell_all(&mut reaper);
    Ok(())
}

/// The bell rings until no more rings fit into it, if it is a pipe. What does each do to errno?
fn errno_after_rings(family: &mut Family) -> io::Result<()> {
    let mut reaper = Reaper::new()?;
    // A small pipe is full soon. Another descriptor is left as it is, with an error.
    let size = fcntl(reaper.as_fd(), FcntlArg::F_SETPIPE_SZ(1)).unwrap_or(4096);
    let mut after_each = (0..=size).map(|_| {
        Errno::set_raw(libc::EDOM);
        // SAFETY: raise(3) takes an integer and touches no memory of ours.
        unsafe { libc::raise(libc::SIGCHLD) };
        Errno::last()
    });
    let spoilt = after_each.find(|errno| *errno != Errno::EDOM);
    println!("errno after a ring: {:?}", spoilt.unwrap_or(Errno::EDOM));
    family.tell(reaper.collect());
    println!("the bell rings: {}", rings(&reaper)?);
    Ok(())
}

/// As if this program had been started by one that ignores SIGCHLD: exec keeps that.
fn ignored(family: &mut Family) -> io::Result<()> {
    // SAFETY: SIG_IGN is no function of ours that could be called at a bad moment.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }?;
    one_and_the_bell(family)
}

/// An earlier part of the program has asked for no zombies: SIGCHLD at its default, and SA_NOCLDWAIT.
fn without_zombies(family: &mut Family) -> io::Result<()> {
    let action = SigAction::new(SigHandler::SigDfl, SaFlags::SA_NOCLDWAIT, SigSet::empty());
    // SAFETY: SIG_DFL is no function of ours that could be called at a bad moment.
    unsafe { sigaction(Signal::SIGCHLD, &action) }?;
    one_and_the_bell(family)
}

/// Two children that end one after the other while the reaper sleeps; a trial may disturb its calls.
fn on_a_bad_day(family: &mut Family) -> io::Result<()> {
    let_others_look();
    let mut reaper = Reaper::new()?;
    let parent = getpid().as_raw();
    let (_, mut second) = family.held("b", || 8)?;
    family.start("a", move || {
        await_quiescence(parent);
        second.write_all(&[0]).map_or(1, |()| 7)
    })?;
    on_trial(|| family.tell_all(&mut reaper));
    Ok(())
}

/// As if this program had been started by one that blocks SIGCHLD: exec keeps that, too.
fn blocked(family: &mut Family) -> io::Result<()> {
    SigSet::from(Signal::SIGCHLD).thread_block()?;
    one_and_the_bell(family)
}

fn one_and_the_bell(family: &mut Family) -> io::Result<()> {
    let mut reaper = Reaper::new()?;
    let child = family.start("a", || 7)?;
    until_it_ends(child);
    println!("the bell rings: {}", rings(&reaper)?);
    family.tell(reaper.collect());
    Ok(())
}

/// Which of the descriptors that a reaper makes would a program find that this one turns into?
fn across_exec() -> io::Result<()> {
    let before = kept_across_exec()?;
    let _reaper = Reaper::new()?;
    let mut kept = kept_across_exec()?;
    kept.retain(|fd| !before.contains(fd));
    println!("descriptors kept across exec: {}", kept.len());
    Ok(())
}

fn kept_across_exec() -> io::Result<Vec<i32>> {
    let mut kept: Vec<i32> = open_descriptors(getpid().as_raw())?.into_keys().collect();
    kept.retain(|&fd| {
        // SAFETY: borrowed for one call on a number.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        // The descriptor of the listing itself is closed by now: EBADF.
        let flags = fcntl(fd, FcntlArg::F_GETFD);
        flags.is_ok_and(|flags| !FdFlag::from_bits_retain(flags).contains(FdFlag::FD_CLOEXEC))
    });
    Ok(kept)
}

/// A child leaves a child of its own behind.
fn orphan(family: &mut Family) -> io::Result<()> {
    adopt_orphans()?;
    let mut reaper = Reaper::new()?;
    let (mut gate, mut open) = io::pipe()?;
    let (mut hears, mut tells) = io::pipe()?;
    let a = family.start("a", || {
        let orphan = start(|| {
            let opened = gate.read_exact(&mut [0]).is_ok();
            if opened { 42 } else { 1 }
        });
        let pid = orphan.map_or(0, Pid::as_raw);
        i32::from(tells.write_all(&pid.to_ne_bytes()).is_err())
    })?;
    let mut pid = [0; 4];
    hears.read_exact(&mut pid)?;
    family.names.insert(Pid::from_raw(i32::from_ne_bytes(pid)), "the orphan".to_owned());
    until_it_ends(a);
    family.tell(reaper.wait());
    open.write_all(&[0])?;
    family.tell(reaper.wait());
    Ok(())
}

/// Any number of children: those marked with a `+` live until the others are reaped.
fn law(family: &mut Family, ends: &[String]) -> io::Result<()> {
    let mut reaper = Reaper::new()?;
    let mut held = Vec::new();
    let mut ended = Vec::new();
    for (i, how) in ends.iter().enumerate() {
        let name = format!("{i}");
        match how.strip_prefix('+') {
            Some(how) => held.push(family.held(&name, || end(how))?.1),
            None => ended.push(family.start(&name, || end(how))?),
        }
    }
    ended.into_iter().for_each(until_it_ends);
    family.tell(reaper.collect());
    for mut open in held {
        open.write_all(&[0])?;
    }
    family.tell_all(&mut reaper);
    Ok(())
}
