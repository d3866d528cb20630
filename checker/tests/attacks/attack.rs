//! An attack: what is handed in, and what the grader has to say of it.

/// A submission that is hostile, or an accident that looks like one.
#[derive(Clone, Copy)]
pub struct Attack {
    /// Its name in `docs/security.md`.
    pub name: &'static str,
    /// The rows of the table in `docs/security.md` that it belongs to.
    pub rows: &'static [u8],
    /// What is handed in.
    pub hands_in: Source,
    /// The verdict that it has to get.
    pub verdict: &'static str,
    /// The layers that stop it, of which one is enough. Where the host has none of them it is not
    /// handed in at all: some of these would hurt.
    pub needs: &'static [&'static str],
}

/// Rust text in which `@CANARY@`, `@SECRET@`, `@WORKBOOK@` and `@PORT@` stand for what a host has.
#[derive(Clone, Copy)]
pub enum Source {
    /// The body of `pub fn answer() -> u32`, with [`PRELUDE`] before it.
    Body(&'static str),
    /// The whole of `src/lib.rs`.
    Text(&'static str),
    /// `src/lib.rs` and other files of the exercise.
    Files(&'static str, &'static [(&'static str, &'static str)]),
}

impl Source {
    /// The files of the exercise, by path in it.
    pub fn files(&self) -> Vec<(&'static str, String)> {
        let lib = |text: &str| ("src/lib.rs", text.to_owned());
        match self {
            Source::Body(body) => vec![lib(&format!(
                "{PRELUDE}\n/// The answer, which is 42.\npub fn answer() -> u32 {{\n{body}\n}}\n"
            ))],
            Source::Text(text) => vec![lib(text)],
            Source::Files(text, more) => {
                let more = more.iter().map(|(path, text)| (*path, (*text).to_owned()));
                [lib(text)].into_iter().chain(more).collect()
            }
        }
    }
}

/// Stopped by nothing that a host may lack.
pub const ALWAYS: &[&str] = &[];

/// What keeps files of the host out of sight.
pub const FILES: &[&str] = &["private-root", "landlock"];

/// A wrong answer and nothing else.
pub const WRONG: &str = "/// The answer.\npub fn answer() -> u32 {\n    41\n}\n";

/// A right answer and nothing else.
pub const RIGHT: &str = "/// The answer.\npub fn answer() -> u32 {\n    42\n}\n";

/// What the bodies use. The numbers are those of x86-64 and aarch64 alike.
const PRELUDE: &str = r#"//! An attack.
#![allow(dead_code, unused_imports, deprecated)]
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;
use std::{env, hint, panic, thread};

unsafe extern "C" {
    safe fn getpid() -> i32;
    safe fn getppid() -> i32;
    safe fn kill(pid: i32, signal: i32) -> i32;
    safe fn fork() -> i32;
    safe fn setsid() -> i32;
    safe fn pause() -> i32;
    safe fn _exit(code: i32) -> !;
    safe fn close(descriptor: i32) -> i32;
    safe fn umask(mode: u32) -> u32;
    safe fn signal(number: i32, action: usize) -> usize;
    safe fn atexit(handler: extern "C" fn()) -> i32;
    safe fn waitpid(pid: i32, status: usize, options: i32) -> i32;
    safe fn ptrace(request: i64, pid: i32, address: usize, data: usize) -> i64;
    safe fn shmget(key: i32, size: usize, flags: i32) -> i32;
    safe fn msgget(key: i32, flags: i32) -> i32;
    safe fn semget(key: i32, count: i32, flags: i32) -> i32;
    fn setrlimit(resource: i32, limit: *const [u64; 2]) -> i32;
    fn mq_open(name: *const std::ffi::c_char, flags: i32, mode: u32, attributes: usize) -> i32;
    fn sem_open(name: *const std::ffi::c_char, flags: i32, mode: u32, value: u32) -> usize;
    fn mknod(path: *const std::ffi::c_char, mode: u32, device: u64) -> i32;
}

/// libtest's log file, by the arguments.
fn log() -> Option<PathBuf> {
    let arguments: Vec<String> = env::args().collect();
    let place = arguments.iter().position(|it| it == "--logfile")?;
    Some(arguments[place + 1].clone().into())
}

/// The file for what the test finds out.
fn evidence() -> PathBuf {
    env::var_os("SHOPFLOOR_EVIDENCE").unwrap_or_default().into()
}

/// The name of the test that runs.
fn test() -> String {
    env::args().nth(1).unwrap_or_default()
}

/// Writes what libtest would write, and leaves.
fn forge() {
    if let Some(log) = log() {
        fs::write(log, format!("ok {}\n", test())).unwrap();
        process::exit(0);
    }
}
"#;
