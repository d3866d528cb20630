//! Scenes for the tests of `fork_child` and `wait_for`: each prints what it saw.
//!
//! They are a program because the test binary has several threads, and a fork belongs in a process
//! with one.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Seek, Write, stdout};
use std::os::fd::{AsFd, AsRawFd};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, mpsc};
use std::{env, thread};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, raise, sigaction};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, dup2_stdout, getpid, getppid, pipe2, read, write};
use testkit::on_trial;
use testkit::quiescence::{Quiescence, await_quiescence, let_others_look};
use testkit::survey::Survey;
use two_returns::{First, fork_child, in_order, wait_for};

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["code", code] => code_scene(code.parse().expect("a code is a number")),
        ["killed"] => killed(),
        ["pids"] => pids(),
        ["memory"] => memory(),
        ["offset"] => offset(),
        ["output"] => output(),
        ["panic"] => panic_scene(),
        ["last-words"] => last_words(),
        ["bomb"] => bomb(),
        ["no-room"] => no_room(),
        ["full"] => full(),
        ["real-time"] => real_time(),
        ["short"] => short(),
        ["handlers"] => handlers(),
        ["sleep"] => sleep(),
        ["interrupted"] => interrupted(),
        ["siblings"] => siblings(),
        ["stopped"] => stopped(),
        ["reaped"] => reaped(),
        ["threads-uncounted"] => threads_uncounted(),
        ["threads", count] => threads(count.parse().expect("a number of threads")),
        ["named", name, call] => named(name, call),
        _ => panic!("no scene {args:?}"),
    }?;
    // WNOHANG: a child that still runs is left over, too.
    match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        Err(Errno::ECHILD) => println!("children left: none"),
        left => println!("children left: {left:?}"),
    }
    Ok(())
}

/// [`fork_child`], and a line on standard error if the child comes out of it.
fn fork(body: impl FnOnce() -> i32) -> io::Result<Pid> {
    let caller = getpid();
    // A panic is a way out, too.
    let result = panic::catch_unwind(AssertUnwindSafe(|| fork_child(body)));
    if getpid() != caller {
        println!("the child came back out of fork_child");
        exit_now(99);
    }
    let child = result.unwrap_or_else(|panic| panic::resume_unwind(panic))?;
    if !is_a_child(child) {
        // A process that is no child of this one is not for it to signal either.
        match child.as_raw() {
            number @ ..=0 => println!("no child: the number {number}"),
            _ if child == caller => println!("no child: the caller's own pid"),
            _ => println!("no child, or one that has been reaped by now"),
        }
        while waitpid(None, None) != Err(Errno::ECHILD) {}
        exit_now(0);
    }
    Ok(child)
}

/// Whether this is a child of this process, and has not been reaped.
fn is_a_child(pid: Pid) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    pid.as_raw() > 0 && waitid(Id::Pid(pid), flags) != Err(Errno::ECHILD)
}

fn wait_and_tell(child: Pid) -> io::Result<()> {
    match on_trial(|| wait_for(child)) {
        Ok(status) if status.pid() != Some(child) => println!("another child: {status:?}"),
        Ok(WaitStatus::Exited(_, code)) => println!("exited {code}"),
        Ok(WaitStatus::Signaled(_, signal, _)) => println!("killed by {signal}"),
        Ok(status) => println!("no end: {status:?}"),
        Err(error) => {
            println!("error: {error}");
            // Not to leave it behind: what remains is this scene's to clean up.
            if is_a_child(child) {
                kill(child, Signal::SIGKILL)?;
                waitpid(child, None)?;
            }
        }
    }
    Ok(())
}

fn code_scene(code: i32) -> io::Result<()> {
    wait_and_tell(fork(|| code)?)
}

fn killed() -> io::Result<()> {
    wait_and_tell(fork(|| raise(Signal::SIGKILL).map_or(1, |()| 0))?)
}

fn pids() -> io::Result<()> {
    let caller = getpid();
    let (mut answer, mut question) = io::pipe()?;
    let child = fork(move || {
        let own = getpid().as_raw().to_ne_bytes();
        let wrote = question.write_all(&own).is_ok();
        i32::from(wrote && getppid() == caller)
    })?;
    let mut own = [0; 4];
    answer.read_exact(&mut own)?;
    println!("the pid is the child's own: {}", i32::from_ne_bytes(own) == child.as_raw());
    wait_and_tell(child)
}

fn memory() -> io::Result<()> {
    let mut number = 1;
    let child = fork(|| {
        number = 2;
        number
    })?;
    wait_and_tell(child)?;
    println!("the parent sees {number}");
    Ok(())
}

fn offset() -> io::Result<()> {
    let mut file = File::from(memfd_create("offset", MFdFlags::MFD_CLOEXEC)?);
    wait_and_tell(fork(|| file.write_all(b"seven b").map_or(1, |()| 0))?)?;
    println!("the parent's offset is {}", file.stream_position()?);
    Ok(())
}

fn output() -> io::Result<()> {
    print!("[unfinished]");
    let child = fork(|| {
        print!("[child]");
        0
    })?;
    wait_and_tell(child)
}

fn panic_scene() -> io::Result<()> {
    wait_and_tell(fork(|| panic!("the child panics (on purpose)"))?)
}

/// What a child has printed before it panics, and not finished.
fn last_words() -> io::Result<()> {
    wait_and_tell(fork(|| {
        print!("[last words]");
        panic::resume_unwind(Box::new("the child panics (on purpose)"))
    })?)
}

/// The destructor of what the child panics with panics, too.
fn bomb() -> io::Result<()> {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic::resume_unwind(Box::new("the payload panics (on purpose)"));
        }
    }
    wait_and_tell(fork(|| panic::resume_unwind(Box::new(Bomb)))?)
}

/// Standard output is a pipe that is full and does not wait, when something lies in the buffer. Later there is room.
fn no_room() -> io::Result<()> {
    let terminal = stdout().as_fd().try_clone_to_owned()?;
    let (reader, writer) = pipe2(OFlag::O_NONBLOCK | OFlag::O_CLOEXEC)?;
    while write(&writer, &[b'.'; 512]).is_ok() {}
    while write(&writer, b".").is_ok() {}
    dup2_stdout(&writer)?;
    print!("[said once]");
    // The child ends when there is room.
    let (mut is_room, mut room) = io::pipe()?;
    let forked = fork(|| is_room.read_exact(&mut [0]).map_or(1, |()| 7));
    let made = forked.is_ok();
    let mut heard = Vec::new();
    let mut hear = || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = read(&reader, &mut bytes) {
            heard.extend_from_slice(&bytes[..count]);
        }
    };
    hear();
    room.write_all(&[0])?;
    if let Ok(child) = forked {
        wait_for(child)?;
    }
    hear();
    stdout().flush()?;
    hear();
    dup2_stdout(&terminal)?;
    let times = String::from_utf8_lossy(&heard).matches("[said once]").count();
    println!("said {times} times, {}", if made { "forked" } else { "an error" });
    Ok(())
}

/// The child's standard output takes nothing: `/dev/full`.
fn full() -> io::Result<()> {
    let full = File::options().write(true).open("/dev/full")?;
    wait_and_tell(fork(|| {
        let put = dup2_stdout(&full).is_ok();
        print!("nobody will read this");
        if put { 7 } else { 1 }
    })?)
}

/// A signal that `nix` has no name for ends the child.
fn real_time() -> io::Result<()> {
    let child = fork(|| {
        // SAFETY: raise(3) takes a number; SIGRTMIN is at its default, which ends the process.
        unsafe { libc::raise(libc::SIGRTMIN()) }
    })?;
    let seen = match wait_for(child) {
        Ok(status) => format!("{status:?}"),
        Err(error) => format!("{:?}", error.raw_os_error().map(Errno::from_raw)),
    };
    println!("{seen}; reaped: {}", !is_a_child(child));
    while waitpid(None, None) != Err(Errno::ECHILD) {}
    Ok(())
}

/// `fork_child` on trial: what comes of it, and what it has changed in the caller.
fn short() -> io::Result<()> {
    let before = Survey::now();
    match on_trial(|| fork(|| 7)) {
        Ok(child) => wait_and_tell(child)?,
        Err(error) => println!("error: {:?}", error.raw_os_error().map(Errno::from_raw)),
    }
    println!("changed: {}", before.changes().join(", "));
    Ok(())
}

extern "C" fn say_handler() {
    say(b"an exit handler ran\n");
}

struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        say(b"a destructor ran\n");
    }
}

unsafe extern "C" {
    /// C11, 7.22.4.3: a handler for quick_exit.
    fn at_quick_exit(handler: extern "C" fn()) -> libc::c_int;
}

/// What a child of a right solution leaves alone: a destructor and an exit handler of the parent.
fn handlers() -> io::Result<()> {
    // SAFETY: the handler is a function of the program, and only writes (atexit(3)).
    let refused = unsafe { libc::atexit(say_handler) };
    assert_eq!(refused, 0, "atexit takes at least 32 handlers");
    // SAFETY: as above; these are for quick_exit(3).
    let refused = unsafe { at_quick_exit(say_handler) };
    assert_eq!(refused, 0, "at_quick_exit takes at least 32 handlers");
    let _guard = Guard;
    wait_and_tell(fork(|| 0)?)
}

/// The child ends when its parent has come to rest.
fn sleep() -> io::Result<()> {
    let_others_look();
    let child = fork(|| {
        println!("the parent: {:?}", await_quiescence(getppid().as_raw()));
        0
    })?;
    wait_and_tell(child)
}

/// Where the signal handler reports that it has run.
static HANDLED: AtomicI32 = AtomicI32::new(-1);

extern "C" fn report(_: libc::c_int) {
    let byte = [0_u8];
    // SAFETY: the buffer is one byte long and lives; write(2) is async-signal-safe.
    unsafe { libc::write(HANDLED.load(Ordering::Relaxed), byte.as_ptr().cast(), 1) };
}

/// The child interrupts its parent's wait by a signal, and ends only after the handler has run.
fn interrupted() -> io::Result<()> {
    let (mut handled, report_handled) = io::pipe()?;
    HANDLED.store(report_handled.as_raw_fd(), Ordering::Relaxed);
    // No SA_RESTART: the interrupted call fails with EINTR (signal(7)).
    let action = SigAction::new(SigHandler::Handler(report), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler calls write(2) and reads an atomic: both are async-signal-safe.
    unsafe { sigaction(Signal::SIGUSR1, &action) }?;
    let parent = getpid();
    let child = fork(|| {
        await_quiescence(parent.as_raw());
        let sent = kill(parent, Signal::SIGUSR1).is_ok();
        let heard = handled.read_exact(&mut [0]).is_ok();
        if sent && heard { 7 } else { 1 }
    })?;
    wait_and_tell(child)
}

/// Two children, the elder dead for long when the younger is waited for.
fn siblings() -> io::Result<()> {
    let elder = fork(|| 1)?;
    waitid(Id::Pid(elder), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    let younger = fork(|| 2)?;
    waitid(Id::Pid(younger), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    wait_and_tell(younger)?;
    wait_and_tell(elder)
}

/// The child stops while its parent waits for it; a second one makes it go on.
fn stopped() -> io::Result<()> {
    let_others_look();
    let parent = getpid().as_raw();
    let child = fork(|| raise(Signal::SIGSTOP).map_or(1, |()| 7))?;
    let sibling = fork(|| {
        while !matches!(await_quiescence(child.as_raw()), Quiescence::Stopped | Quiescence::Ended) {
        }
        await_quiescence(parent);
        kill(child, Signal::SIGCONT).map_or(1, |()| 0)
    })?;
    wait_and_tell(child)?;
    // If that was no end, the end is still to come.
    while waitpid(child, None) == Err(Errno::EINTR) {}
    wait_and_tell(sibling)
}

/// Somebody else has waited for the child.
fn reaped() -> io::Result<()> {
    let child = fork(|| 7)?;
    waitpid(child, None)?;
    wait_and_tell(child)
}

/// So many threads are there: this one, and others that sleep.
fn threads(count: usize) -> io::Result<()> {
    among(count, || match fork(|| 0) {
        Ok(child) => {
            println!("forked");
            waitpid(child, None).map(drop)
        }
        Err(_) => {
            println!("refused");
            Ok(())
        }
    })?;
    Ok(())
}

/// Two threads, and no descriptor left by which they could be counted.
fn threads_uncounted() -> io::Result<()> {
    setrlimit(Resource::RLIMIT_NOFILE, 3, 3)?;
    threads(2)
}

/// One thread, then more and more, in a process of this name (PR_SET_NAME(2const)).
fn named(name: &str, call: &str) -> io::Result<()> {
    prctl::set_name(&CString::new(name)?)?;
    for count in [1, 2, 10, 12, 100] {
        let made = among(count, || match call {
            "fork_child" => {
                fork(|| 0).and_then(|child| Ok(waitpid(child, None).map(drop)?)).is_ok()
            }
            "in_order, parent first" => in_order(First::Parent, |_| {}, || 0).is_ok(),
            _ => in_order(First::Child, |_| {}, || 0).is_ok(),
        });
        println!("{count}: {}", if made { "forked" } else { "refused" });
    }
    Ok(())
}

/// Calls `act` in a process with so many threads: this one, and others that sleep.
fn among<T>(count: usize, act: impl FnOnce() -> T) -> T {
    let (stop, stopped) = mpsc::channel::<()>();
    let stopped = Mutex::new(stopped);
    thread::scope(|scope| {
        for _ in 1..count {
            scope.spawn(|| stopped.lock().map(|stopped| stopped.recv()).is_ok());
        }
        let result = act();
        drop(stop);
        result
    })
}

/// Writes without a buffer: in a child that is not meant to run this, it shows all the same.
fn say(text: &[u8]) {
    // SAFETY: the buffer lives and is as long as said (write(2)).
    unsafe { libc::write(1, text.as_ptr().cast(), text.len()) };
}

fn exit_now(code: i32) -> ! {
    let _ = io::stdout().flush();
    // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
    unsafe { libc::_exit(code) }
}
