//! A program for the tests to start: it says what it was started with.
//!
//! It has a C `main`: before a Rust `main` the runtime sets SIGPIPE to ignored, and opens `/dev/null`
//! where 0, 1 or 2 are closed. This program shows what exec left it.

#![no_main]
#![allow(unsafe_code)]

use std::fs;
use std::io::{stderr, stdin, stdout};
use std::os::fd::BorrowedFd;

use nix::fcntl::{FcntlArg, fcntl};
use nix::unistd::{getpid, read, write};
use testkit::procfs::open_descriptors;

// SAFETY: this is the program's only `main`, with the type that the C library calls.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let words: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[1..] {
        ["exit", code] => code.parse().expect("an exit code"),
        // Copy to end-of-file.
        ["copy"] => copy(),
        ["say", text] => say(text),
        ["arguments", ..] => say(&format!("guest {words:?}\n")),
        ["variable", name] => say(&format!("guest {name}={:?}\n", std::env::var_os(name))),
        ["environment"] => environment(),
        ["directory"] => {
            let directory = std::env::current_dir().expect("/proc is there");
            say(&format!("guest {}\n", directory.display()))
        }
        // On descriptor 2, for the others may be anything.
        ["descriptors"] => report(&descriptors()),
        ["signals"] => report(&signals()),
        _ => unreachable!("no such guest: {words:?}"),
    }
}

fn copy() -> i32 {
    let mut buffer = [0; 4096];
    loop {
        match read(stdin(), &mut buffer) {
            Ok(0) => return 0,
            Ok(count) if write(stdout(), &buffer[..count]) == Ok(count) => {}
            _ => return 1,
        }
    }
}

fn say(text: &str) -> i32 {
    write(stdout(), text.as_bytes()).map_or(1, |_| 0)
}

fn report(text: &str) -> i32 {
    write(stderr(), text.as_bytes()).map_or(1, |_| 0)
}

/// What exec was given, string by string (proc_pid_environ(5)).
fn environment() -> i32 {
    let environment = fs::read("/proc/self/environ").expect("/proc is there");
    let strings = environment.split_inclusive(|byte| *byte == 0);
    let lines = strings.map(|string| format!("guest entry {}\n", string.escape_ascii()));
    say(&(lines.collect::<String>() + "guest entries end\n"))
}

fn descriptors() -> String {
    let mut open = open_descriptors(getpid().as_raw()).expect("/proc is there");
    // The descriptor of the listing itself is closed by now.
    open.retain(|&fd, _| {
        // SAFETY: borrowed for one call on a number; EBADF is an answer.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        fcntl(fd, FcntlArg::F_GETFD).is_ok()
    });
    open.iter().map(|(fd, target)| format!("guest {fd} {target}\n")).collect()
}

/// The numbers of the signals in the masks of proc_pid_status(5), without those that the C library
/// keeps to itself (nptl(7)): by its functions a program cannot change these, only inherit them.
fn signals() -> String {
    let status = fs::read_to_string("/proc/self/status").expect("/proc is there");
    let mask = |label: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(label)).expect("a line");
        let mask = u64::from_str_radix(line.trim(), 16).expect("a bit mask");
        // Signal n is bit n - 1.
        let set: Vec<_> =
            (1..=64).filter(|n| mask & (1 << (n - 1)) != 0 && ![32, 33].contains(n)).collect();
        format!("{set:?}")
    };
    format!("guest blocked {}\nguest ignored {}\n", mask("SigBlk:"), mask("SigIgn:"))
}
