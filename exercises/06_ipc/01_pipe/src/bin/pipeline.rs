//! Runs your `spawn` or `run` for the tests, and reports what is true afterwards.
//!
//! `pipeline spawn PROGRAM ARG…` and `pipeline run PROGRAM ARG… '|' PROGRAM ARG… …`; the input is
//! standard input. The report is a line a fact, then a line `output`, then the output.
//!
//! `pipeline text` spawns a file that is no program. Before `spawn` or `run` may stand
//! - `elder`: the caller has another child, which has ended;
//! - `deaf`: what it starts ignores SIGTERM at first;
//! - `unfinished`: the caller has an exit handler, and lines in its buffers that it has not finished;
//! - `foster`: what a stage leaves behind becomes the caller's child;
//! - `crowd`: the caller has more than a thousand descriptors, so new ones have numbers beyond select(2)'s;
//! - `environment`: the caller's environment is a strange one;
//! - `without` and some of the digits 0 and 1: the caller has closed these descriptors; `without crossed`: they
//!   are the ends of the stage, each in the other's place.

#![allow(unsafe_code)]

use std::ffi::{CString, c_char};
use std::fs::File;
use std::io::{self, Read, Write, stderr, stdin, stdout};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::process::{Child, Command, Stdio};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, close, getpid, pipe2};
use pipe::{Ending, Outcome, run, spawn};
use testkit::on_trial;
use testkit::procfs::open_descriptors;
use testkit::quiescence::let_others_look;

fn main() {
    close_on_exec_what_was_inherited();
    let_others_look();
    let mut words = std::env::args().skip(1);
    let mut command = words.next().expect("spawn or run");
    let (mut elder, mut is_unfinished, mut closed) = (None, false, String::new());
    let mut takes_orphans = false;
    let mut crowd = Vec::new();
    if command == "crowd" {
        crowd = many_descriptors().expect("descriptors can be had");
        command = words.next().expect("spawn or run");
    }
    if command == "elder" {
        elder = Some(child_that_has_ended().expect("a child can be started"));
        command = words.next().expect("spawn or run");
    } else if command == "deaf" {
        // What is ignored stays ignored across exec (signal(7)).
        // SAFETY: SIG_IGN is no function of ours that could be called at a bad moment.
        unsafe { signal(Signal::SIGTERM, SigHandler::SigIgn) }.expect("SIGTERM can be ignored");
        command = words.next().expect("spawn or run");
    } else if command == "unfinished" {
        leave_unfinished();
        is_unfinished = true;
        command = words.next().expect("spawn or run");
    }
    if command == "foster" {
        set_child_subreaper(true).expect("it is a flag");
        takes_orphans = true;
        command = words.next().expect("spawn or run");
    }
    if command == "environment" {
        set_environment();
        command = words.next().expect("spawn or run");
    }
    if command == "without" {
        closed = words.next().expect("the descriptors to close");
        command = words.next().expect("spawn or run");
    }
    let stages: Vec<Vec<CString>> = words
        .collect::<Vec<_>>()
        .split(|word| word == "|")
        .map(|stage| stage.iter().map(|word| CString::new(&word[..]).expect("no NUL")).collect())
        .collect();
    let text = text().expect("a file in memory");
    let mut input = Vec::new();
    stdin().read_to_end(&mut input).expect("standard input can be read");

    let pid = getpid();
    let _kept_open = crowd;
    let before = open_descriptors(pid.as_raw()).expect("/proc is there");
    let result = match command.as_str() {
        "spawn" => spawn_one(&stages[0], &input, &closed),
        "run" => without(&closed, || run(&stages, &input)),
        "text" => spawn_one(&[path(&text)], &input, &closed),
        _ => panic!("spawn, run or text, not {command}"),
    };
    if getpid() != pid {
        // The copy that fork made came back from the call: it should have become the stage.
        stderr().write_all(b"returned twice\n").expect("2 is open");
        // SAFETY: ends this copy and runs nothing of the original's (_exit(2)).
        unsafe { nix::libc::_exit(0) }
    }
    let after = open_descriptors(pid.as_raw()).expect("/proc is there");

    if is_unfinished {
        finish();
    }
    let mut report = Vec::new();
    for (fd, target) in after.iter().filter(|(fd, _)| !before.contains_key(fd)) {
        let end = fcntl_mode(*fd);
        writeln!(report, "left open {fd} {end} {target}").expect("a Vec takes all");
    }
    if let Some(mut elder) = elder {
        let fact = match elder.try_wait() {
            Ok(Some(status)) => status.to_string(),
            Ok(None) => "it lives".to_owned(),
            Err(error) => errno(&error),
        };
        writeln!(report, "elder {fact}").expect("a Vec takes all");
    }
    if takes_orphans {
        // What a stage has left behind has ended or is about to.
        let _ = waitpid(None, None);
    }
    let children = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        Err(Errno::ECHILD) => "none",
        Ok(WaitStatus::StillAlive) => "running",
        _ => "unreaped",
    };
    writeln!(report, "children {children}").expect("a Vec takes all");
    report_result(&mut report, result);
    stdout().write_all(&report).expect("1 is open");
}

/// So many descriptors that new ones have numbers of four digits, or as many as the machine allows.
fn many_descriptors() -> io::Result<Vec<OwnedFd>> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let count = most.saturating_sub(100).min(1_100);
    (0..count).map(|_| Ok(File::open("/dev/null")?.into())).collect()
}

/// What `make`, `cargo` or a terminal left open is not what the tests are about.
fn close_on_exec_what_was_inherited() {
    for (&fd, _) in open_descriptors(getpid().as_raw()).expect("/proc is there").range(3..) {
        // SAFETY: borrowed for one call on a number; EBADF (the listing's own) is harmless.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        let _ = fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC));
    }
}

/// What is on trial, called with the ends as the caller's descriptors 1 and 0: each has the number that the other one
/// shall have in the child.
fn crossed<T>(
    stdin: &OwnedFd,
    stdout: &OwnedFd,
    call: impl FnOnce(BorrowedFd<'_>, BorrowedFd<'_>) -> T,
) -> T {
    without("01", || {
        for (fd, number) in [(stdout, 0), (stdin, 1)] {
            // SAFETY: dup2 takes two numbers; this one is closed in this program.
            unsafe { libc::dup2(fd.as_raw_fd(), number) };
        }
        // SAFETY: both were opened in the lines above, and stay open during the call.
        let [stdin, stdout] = [1, 0].map(|number| unsafe { BorrowedFd::borrow_raw(number) });
        call(stdin, stdout)
    })
}

/// What is on trial, called while these of 0 and 1 are closed.
fn without<T>(closed: &str, call: impl FnOnce() -> T) -> T {
    let kept = close_and_keep(closed).expect("descriptors can be copied");
    let result = on_trial(call);
    for (number, copy) in kept {
        // SAFETY: dup2 takes two numbers; this one is 0 or 1 of this program.
        unsafe { libc::dup2(copy.as_raw_fd(), number) };
    }
    result
}

/// Closes these of 0 and 1, and keeps copies with high numbers.
fn close_and_keep(digits: &str) -> io::Result<Vec<(i32, OwnedFd)>> {
    let number = |digit: char| digit.to_digit(10).expect("0 or 1") as i32;
    let copied = digits.chars().map(number).map(|number| {
        // SAFETY: 0 and 1 are open in every program of Rust's.
        let fd = unsafe { BorrowedFd::borrow_raw(number) };
        let copy = fcntl(fd, FcntlArg::F_DUPFD_CLOEXEC(100))?;
        // SAFETY: the number is new and nobody else's.
        Ok((number, unsafe { OwnedFd::from_raw_fd(copy) }))
    });
    let copied: Vec<_> = copied.collect::<io::Result<_>>()?;
    for (number, _) in &copied {
        close(*number)?;
    }
    Ok(copied)
}

/// A child that exits with 3 and has done so. Nobody has waited for it.
fn child_that_has_ended() -> io::Result<Child> {
    let stage = std::env::current_exe()?.with_file_name("stage");
    let child = Command::new(stage).args(["leave", "3"]).stdin(Stdio::null()).spawn()?;
    waitid(Id::Pid(Pid::from_raw(child.id() as i32)), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    Ok(child)
}

unsafe extern "C" {
    /// environ(7): the strings, and null behind the last.
    static mut environ: *const *const c_char;
}

/// The environment of this caller: the strings that a program may be started with are any (execve(2)).
fn set_environment() {
    let strings =
        [c"SHOPFLOOR=bolt", c"no_equals_sign", c"=no_name", c"", c"TWICE=1", c"TWICE=2", c"A=\xff"];
    let ends = strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]);
    let array: &'static [*const c_char] = Vec::leak(ends.collect());
    // SAFETY: this process has one thread, and the array and the strings live to its end.
    unsafe { environ = array.as_ptr() };
}

/// The start of a line in Rust's buffer, one in the C library's, and a handler for the end of the program.
fn leave_unfinished() {
    print!("[unfinished]");
    // SAFETY: the format is a C string without conversions, so printf(3) reads no arguments.
    unsafe { libc::printf(c"[unfinished in C]".as_ptr()) };
    // SAFETY: the handler lives as long as the program (atexit(3)).
    let refused = unsafe { libc::atexit(say_handler) };
    assert_eq!(refused, 0, "atexit takes at least 32 handlers");
}

extern "C" fn say_handler() {
    // The process that ends has nothing better to do if this fails.
    let _ = stderr().write_all(b"an exit handler ran\n");
}

/// The caller ends its own lines.
fn finish() {
    println!();
    // SAFETY: the format is a C string without conversions, so printf(3) reads no arguments.
    unsafe { libc::printf(c"\n".as_ptr()) };
    // SAFETY: null stands for all streams of the C library (fflush(3)).
    unsafe { libc::fflush(std::ptr::null_mut()) };
}

/// A file that may be executed and is no program: a text without `#!`.
fn text() -> io::Result<File> {
    let flags = MFdFlags::MFD_CLOEXEC;
    // The flag is for machines where files in memory are not executable, and older than others.
    let executable = MFdFlags::from_bits_retain(libc::MFD_EXEC);
    let file = memfd_create("text", flags | executable).or_else(|_| memfd_create("text", flags))?;
    let mut file = File::from(file);
    file.write_all(b"exit 7\n")?;
    // As long as somebody has it open to write, exec fails with ETXTBSY.
    File::open(path(&file).to_str().expect("digits"))
}

fn path(file: &File) -> CString {
    let path = format!("/proc/{}/fd/{}", getpid(), file.as_raw_fd());
    CString::new(path).expect("no NUL")
}

/// One stage between two pipes, fed and collected here; the input and the output are small.
fn spawn_one(argv: &[CString], input: &[u8], closed: &str) -> io::Result<Outcome> {
    let (stdin, feed) = pipe2(OFlag::O_CLOEXEC)?;
    let (collect, stdout) = pipe2(OFlag::O_CLOEXEC)?;
    let caller = getpid();
    // The ends have numbers already; what `spawn` opens gets those that are closed.
    let started = match closed {
        "crossed" => crossed(&stdin, &stdout, |stdin, stdout| spawn(argv, stdin, stdout)),
        _ => without(closed, || spawn(argv, stdin.as_fd(), stdout.as_fd())),
    };
    drop((stdin, stdout));
    let child = match started {
        Ok(child) => child,
        // Not for the copy that fork made: it has a write end itself, and would wait for ever.
        Err(error) if getpid() != caller => return Err(error),
        Err(error) => {
            let mut stray = Vec::new();
            File::from(collect).read_to_end(&mut stray)?;
            for line in String::from_utf8_lossy(&stray).lines() {
                writeln!(stderr(), "in the pipe: {line}")?;
            }
            return Err(error);
        }
    };
    // A stage that reads nothing has closed the pipe: its affair.
    let _ = File::from(feed).write_all(input);
    let mut output = Vec::new();
    File::from(collect).read_to_end(&mut output)?;
    let ending = match waitpid(child, None)? {
        WaitStatus::Exited(_, code) => Ending::Exited(code),
        WaitStatus::Signaled(_, signal, _) => Ending::Signalled(signal),
        other => unreachable!("waitpid without WUNTRACED reports an end, not {other:?}"),
    };
    Ok(Outcome { output, endings: vec![ending] })
}

fn fcntl_mode(fd: i32) -> &'static str {
    // SAFETY: borrowed for one call on a number; EBADF is an answer too.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    match fcntl(fd, FcntlArg::F_GETFL) {
        Ok(flags) if flags & OFlag::O_ACCMODE.bits() == OFlag::O_RDONLY.bits() => "read",
        _ => "write",
    }
}

fn report_result(report: &mut Vec<u8>, result: io::Result<Outcome>) {
    let mut line = |text: String| writeln!(report, "{text}").expect("a Vec takes all");
    match result {
        Err(error) => line(format!("error {}", errno(&error))),
        Ok(Outcome { output, endings }) => {
            for ending in endings {
                match ending {
                    Ending::Exited(code) => line(format!("ending exited {code}")),
                    Ending::Signalled(signal) => line(format!("ending {signal}")),
                }
            }
            line(format!("bytes {}", output.len()));
            line("output".into());
            report.extend(output);
        }
    }
}

fn errno(error: &io::Error) -> String {
    error.raw_os_error().map_or(error.to_string(), |raw| format!("{:?}", Errno::from_raw(raw)))
}
