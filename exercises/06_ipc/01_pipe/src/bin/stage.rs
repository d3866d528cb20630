//! A stage for the tests: a program that looks at what it was started with, and says how it fares.
//!
//! It has a C `main`: before a Rust `main` the runtime sets SIGPIPE to ignored, and opens `/dev/null`
//! where 0, 1 or 2 are closed. This program shows what exec left it.

#![no_main]
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::fs;
use std::io::{stderr, stdin, stdout};
use std::os::fd::AsFd;
use std::thread;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, raise};
use nix::unistd::{ForkResult, close, fork, getpid, getppid, pause, read, write};
use testkit::procfs::{child_ids, process_state, thread_ids, threads};
use testkit::quiescence::{
    Quiescence, await_quiescence, await_quiescence_of_all_threads, await_quiescence_of_thread,
};

// SAFETY: this is the program's only `main`, with the type that the C library calls.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        // Copy to end-of-file.
        ["cat"] => copy(|_| {}),
        ["upper"] => copy(<[u8]>::make_ascii_uppercase),
        // Read to end-of-file, then speak.
        ["count"] => say(&format!("{}\n", drain())),
        ["exit", code] => {
            drain();
            code.parse().expect("an exit code")
        }
        ["die", signal] => {
            drain();
            raise(signal.parse::<Signal>().expect("a signal's name")).expect("a signal to raise");
            unreachable!("{signal} ends the process")
        }
        // Write without reading.
        ["endless"] => fill(usize::MAX),
        ["bytes"] => write_all(&Vec::from_iter(0..=255)).map_or_else(refused, |()| 0),
        ["fill", bytes] => fill(bytes.parse().expect("a number of bytes")),
        // Read one line, or nothing at all, and leave.
        ["first"] => first_line(),
        // Read nothing, and leave when the pipe is full.
        ["leave", "full"] => leave_when_full(),
        ["leave", code] => code.parse().expect("an exit code"),
        // Leave the pipeline at once, and end later than the others: a wrong pipeline takes the
        // endings as they come.
        ["late", code] => {
            close(0).expect("0 is open");
            close(1).expect("1 is open");
            outlive_the_others();
            code.parse().expect("an exit code")
        }
        // Say at once that no more will come, and read all the same: 0 if so many bytes came.
        ["silent", bytes] => {
            close(1).expect("1 is open");
            i32::from(drain() != bytes.parse().expect("a number of bytes"))
        }
        // Do nothing until the others have ended or sleep, and see how the caller waits; then read all, and say it.
        ["watch"] => watch(&[]),
        ["watch", "silent"] => watch(&[1]),
        ["watch", "apart"] => watch(&[0, 1]),
        // Take nothing before all that is fed is in the pipe, or the caller waits for room.
        ["slow"] => {
            await_quiescence_of_all_threads(getppid().as_raw());
            copy(|_| {})
        }
        // Leave a process behind that writes after the end of this one.
        ["behind", text] => leave_behind(text),
        // Look round, too.
        ["environment"] => environment(),
        // Never end.
        ["stay"] => loop {
            pause();
        },
        // Look round.
        ["descriptors", name] => descriptors(name),
        ["sigpipe"] => say(&format!("{}\n", disposition_of_sigpipe())),
        _ => unreachable!("no such stage: {words:?}"),
    }
}

/// Returns when every other child of the parent has ended and all threads of the parent sleep: then it
/// has started all that it will, has taken the endings that it wants, and waits for this process.
fn outlive_the_others() {
    let parent = getppid().as_raw();
    loop {
        let before = threads(parent);
        let others_run = child_ids(parent)
            .into_iter()
            .any(|pid| pid != getpid().as_raw() && !matches!(process_state(pid), None | Some('Z')));
        // Asleep at both looks and not switched to in between: it has done nothing meanwhile.
        let all_sleep = before.values().all(|status| status.state == 'S');
        let is_at_rest = all_sleep && threads(parent) == before;
        if is_at_rest && !others_run {
            return;
        }
        thread::yield_now();
    }
}

/// Closes these, and sees how the threads of the caller wait: it is in a pipeline where they have nothing to do.
fn watch(closed: &[i32]) -> i32 {
    for number in closed {
        close(*number).expect("it is open");
    }
    let parent = getppid().as_raw();
    // The others first: what they do is something to do for the caller.
    for other in child_ids(parent).into_iter().filter(|pid| *pid != getpid().as_raw()) {
        while !matches!(await_quiescence(other), Quiescence::Asleep | Quiescence::Ended) {}
    }
    let report = format!("the caller {}\n", how_it_waits(parent));
    write(stderr(), report.as_bytes()).expect("2 is open");
    if !closed.contains(&0) {
        drain();
    }
    0
}

/// How the threads of a process wait, when they have done nothing else for some looks.
fn how_it_waits(pid: i32) -> &'static str {
    const LOOKS: usize = 50;
    /// Who has not come to rest by then will not.
    const MOST: usize = 20_000;
    let mut before = threads(pid);
    let mut equal = 0;
    for _ in 0..MOST {
        for tid in thread_ids(pid) {
            if await_quiescence_of_thread(pid, tid) == Quiescence::Spinning {
                return "spins";
            }
        }
        thread::yield_now();
        let now = threads(pid);
        equal = if now == before { equal + 1 } else { 0 };
        before = now;
        if equal == LOOKS {
            return "sleeps";
        }
    }
    "wakes up again and again"
}

/// When there is something in the pipe, and no more comes although the caller has come to rest.
fn leave_when_full() -> i32 {
    let parent = getppid().as_raw();
    loop {
        let before = unread();
        how_it_waits(parent);
        if before > 0 && unread() == before {
            return 0;
        }
    }
}

/// The bytes that wait in 0 (FIONREAD(2const)).
fn unread() -> c_int {
    let mut count: c_int = 0;
    // SAFETY: there is room for the number.
    let result = unsafe { nix::libc::ioctl(0, nix::libc::FIONREAD, &raw mut count) };
    Errno::result(result).expect("0 is a pipe");
    count
}

/// A process of its own, which nobody of the pipeline waits for. It writes when this one is gone and the caller has
/// come to rest, whatever that waits for.
fn leave_behind(text: &str) -> i32 {
    let (stage, caller) = (getpid(), getppid().as_raw());
    // SAFETY: this process has one thread, so the child may do whatever this one may.
    match unsafe { fork() }.expect("a child can be made") {
        ForkResult::Parent { .. } => 0,
        ForkResult::Child => {
            while getppid() == stage {
                thread::yield_now();
            }
            how_it_waits(caller);
            say(text)
        }
    }
}

/// What exec was given, string by string (proc_pid_environ(5)).
fn environment() -> i32 {
    let environment = fs::read("/proc/self/environ").expect("/proc is there");
    let strings = environment.split_inclusive(|byte| *byte == 0);
    say(&strings.map(|string| format!("{}\n", string.escape_ascii())).collect::<String>())
}

fn copy(change: impl Fn(&mut [u8])) -> i32 {
    let mut buffer = [0; 4096];
    loop {
        let count = read(stdin(), &mut buffer).expect("0 can be read");
        if count == 0 {
            return 0;
        }
        change(&mut buffer[..count]);
        if let Err(errno) = write_all(&buffer[..count]) {
            return refused(errno);
        }
    }
}

fn drain() -> usize {
    let mut buffer = [0; 4096];
    let mut total = 0;
    loop {
        match read(stdin(), &mut buffer).expect("0 can be read") {
            0 => return total,
            count => total += count,
        }
    }
}

fn fill(bytes: usize) -> i32 {
    let block = [b'.'; 4096];
    let mut left = bytes;
    while left > 0 {
        let count = left.min(block.len());
        if let Err(errno) = write_all(&block[..count]) {
            return refused(errno);
        }
        left -= count;
    }
    0
}

fn first_line() -> i32 {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\n") && read(stdin(), &mut byte).expect("0 can be read") == 1 {
        line.push(byte[0]);
        if line.len() == 8 {
            break;
        }
    }
    write_all(&line).map_or_else(refused, |()| 0)
}

/// One line a descriptor on 2, which is not a pipe of the pipeline: name, number, mode, target.
fn descriptors(name: &str) -> i32 {
    let open = testkit::procfs::open_descriptors(getpid().as_raw()).expect("/proc is there");
    let mut report = String::new();
    for (fd, target) in open {
        let fdinfo = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
        let flags = fdinfo.lines().find_map(|line| line.strip_prefix("flags:"));
        // The descriptor of the listing itself is closed by now: it has no flags.
        let Some(flags) = flags else { continue };
        let flags = OFlag::from_bits_retain(i32::from_str_radix(flags.trim(), 8).expect("octal"));
        let mode = match flags & OFlag::O_ACCMODE {
            OFlag::O_RDONLY => "read",
            OFlag::O_WRONLY => "write",
            _ => "both",
        };
        report += &format!("{name} {fd} {mode} {target}\n");
    }
    // Shorter than PIPE_BUF, so that the lines of two stages do not mix (pipe(7)).
    write(stderr(), report.as_bytes()).map_or_else(refused, |_| 0)
}

fn disposition_of_sigpipe() -> &'static str {
    let status = fs::read_to_string("/proc/self/status").expect("/proc is there");
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a line");
    let ignored = u64::from_str_radix(ignored.trim(), 16).expect("a bit mask");
    // Signal n is bit n - 1 (proc_pid_status(5)).
    if ignored & (1 << (Signal::SIGPIPE as u64 - 1)) == 0 { "default" } else { "ignored" }
}

fn say(text: &str) -> i32 {
    write_all(text.as_bytes()).map_or_else(refused, |()| 0)
}

fn write_all(mut bytes: &[u8]) -> nix::Result<()> {
    while !bytes.is_empty() {
        bytes = &bytes[write(stdout(), bytes)?..];
    }
    Ok(())
}

/// A write failed and this program is still there to tell: SIGPIPE did not end it.
fn refused(errno: Errno) -> i32 {
    let one = fcntl(stdout().as_fd(), FcntlArg::F_GETFD);
    let report =
        format!("write: {errno:?} (1 is {})\n", if one.is_ok() { "open" } else { "closed" });
    let _ = write(stderr(), report.as_bytes());
    errno as i32
}
