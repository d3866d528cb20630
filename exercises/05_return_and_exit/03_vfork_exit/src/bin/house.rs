//! A host that the tests start: it receives one guest and tells what it finds. Given.

// It counts allocations, which takes an unsafe trait.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::env;
use std::ffi::{CStr, CString};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::sync::atomic::{AtomicIsize, Ordering};

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, getpid, pipe, read, write};
use testkit::on_trial;
use testkit::survey::Survey;
use vfork_exit::evidence::{self, Leaving};
use vfork_exit::vfork::{self, Call};
use vfork_exit::{ask, spawn, visit};

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["ask", number] => {
            let number = number.parse().unwrap();
            println!("{}", ask(|| number).unwrap());
            tell_of_children();
        }
        ["ask-where"] => {
            let host = getpid();
            let elsewhere = ask(|| i32::from(getpid() != host)).unwrap();
            println!("{}", if elsewhere == 1 { "in a child" } else { "in the host" });
        }
        ["ask-slowly"] => ask_slowly(),
        ["ask-killed", signal] => ask_killed(signal.parse().unwrap()),
        ["visit-beside-a-word", leaving] => visit_beside_a_word(leaving_by(leaving)),
        ["on-trial", program] => alone_on_trial(program),
        ["two-spawn", program] => two_spawn(program),
        ["two-ask"] => two_ask(),
        ["two-visit"] => two_visit(),
        ["visit", leaving, code] => {
            println!("{}", visit(leaving_by(leaving), code.parse().unwrap()).unwrap());
            tell_of_children();
        }
        ["visit-with-evidence", leaving] => {
            evidence::lay_out();
            visit(leaving_by(leaving), 0).unwrap();
            evidence::host_goes_on();
        }
        ["canary", "fork"] => println!("{}", vfork::canary(Call::Fork).unwrap()),
        ["canary", "vfork"] => println!("{}", vfork::canary(Call::Vfork).unwrap()),
        ["spawn", program, args @ ..] => {
            tell_of(run(program, args));
            tell_of_children();
        }
        ["spawn-masked", program, args @ ..] => {
            SigSet::from(Signal::SIGUSR1).thread_block().unwrap();
            tell_of(run(program, args));
        }
        ["spawn-with-errno", program, args @ ..] => {
            Errno::set_raw(libc::EEXIST);
            tell_of(run(program, args));
        }
        ["spawn-again", program, args @ ..] => {
            tell_of(run("/no/such/program", args));
            tell_of(run(program, args));
        }
        ["spawn-bare", program, args @ ..] => tell_of(run_in(program, args, &[])),
        ["elder-child", program] => elder_child(program),
        ["spawn-with-evidence", program] => {
            evidence::lay_out();
            let _ = run(program, &[]);
            evidence::host_goes_on();
        }
        ["spawn-and-go-on", program] => spawn_and_go_on(program),
        ["spawn-and-count", program, args @ ..] => spawn_and_count(program, args),
        _ => panic!("no such house: {args:?}"),
    }
}

fn leaving_by(name: &str) -> Leaving {
    match name {
        "_exit" => Leaving::UnderscoreExit,
        "exit" => Leaving::Exit,
        _ => panic!("no such way to leave: {name}"),
    }
}

/// A guest that a signal ends at its work, and one after it.
fn ask_killed(signal: i32) {
    // A core file would be left in the directory (core(5)).
    // SAFETY: setrlimit(2) only reads the structure, which lives until it returns.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &libc::rlimit { rlim_cur: 0, rlim_max: 0 }) };
    let answer = ask(|| {
        // Rust has a handler for SIGSEGV, and which signals are ignored is inherited. SIGKILL cannot be set.
        // SAFETY: SIG_DFL is no function that would have to be sound (signal(2)).
        unsafe { libc::signal(signal, libc::SIG_DFL) };
        // SAFETY: kill(2) takes two integers and touches no memory.
        unsafe { libc::kill(getpid().as_raw(), signal) }
    });
    println!("{answer:?}");
    println!("{:?}", ask(|| 70_000));
    tell_of_children();
}

/// A guest that leaves only when the test lets it.
fn ask_slowly() {
    ask(|| {
        evidence::write_now("guest-works\n");
        // Returns when the test writes, and also when it goes away.
        let _ = read(std::io::stdin(), &mut [0]);
        evidence::write_now("guest-leaves\n");
        0
    })
    .unwrap();
    evidence::write_now("host-goes-on\n");
}

/// Spawns a program named `errand` with these arguments, in an environment of one variable.
fn run(program: &str, args: &[&str]) -> Result<Pid, Errno> {
    run_in(program, args, &[c"GREETING=hello"])
}

fn run_in(program: &str, args: &[&str], env: &[&CStr]) -> Result<Pid, Errno> {
    let owned = |s: &str| CString::new(s).expect("an argument has no NUL in it");
    let program = owned(program);
    let args: Vec<CString> = [&["errand"], args].concat().into_iter().map(owned).collect();
    let args: Vec<&CStr> = args.iter().map(CString::as_c_str).collect();
    spawn(&program, &args, env)
}

/// Spawns a program that waits for a word of this one.
fn spawn_and_go_on(program: &str) {
    let (theirs, ours) = pipe().unwrap();
    let child = run(program, &["waits", &theirs.as_raw_fd().to_string()]).unwrap();
    write(&ours, b"x").unwrap();
    tell_of(Ok(child));
}

/// Receives guests while another child of the host has ended and waits to be waited for.
fn elder_child(program: &str) {
    let mut elder = Command::new(program).args(["exits", "5"]).spawn().unwrap();
    // WNOWAIT: it has ended, and stays a zombie (wait(2)).
    let ended = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    waitid(Id::Pid(Pid::from_raw(elder.id().cast_signed())), ended).unwrap();
    println!("ask: {:?}", ask(|| 70_000));
    println!("visit: {:?}", visit(Leaving::UnderscoreExit, 3));
    println!("spawn: {:?}", run("/no/such/program", &[]));
    match elder.wait() {
        Ok(status) => println!("elder: {:?}", status.code()),
        Err(error) => println!("elder: {:?}", error.raw_os_error().map(Errno::from_raw)),
    }
    tell_of_children();
}

/// Receives a guest while a word lies in the buffer of Rust's standard output, of which the C library does not know.
fn visit_beside_a_word(leaving: Leaving) {
    evidence::lay_out();
    print!("word-in-rusts-buffer ");
    visit(leaving, 0).unwrap();
    evidence::host_goes_on();
    std::io::stdout().flush().unwrap();
    // SAFETY: _exit(2) touches no memory; how a host ends whose guest has called exit(3), nobody knows.
    unsafe { libc::_exit(0) }
}

/// Every function in turn, each of its calls on trial, and what has changed then.
fn alone_on_trial(program: &str) {
    let before = Survey::now();
    println!("ask: {:?}", on_trial(|| ask(|| 70_000)));
    println!("visit: {:?}", on_trial(|| visit(Leaving::UnderscoreExit, 3)));
    println!("spawn nothing: {:?}", on_trial(|| run("/no/such/program", &[])));
    let started = on_trial(|| run(program, &["exits", "7"]));
    print!("spawn: ");
    tell_of(started);
    println!("changed: {}", before.changes().join(", "));
    tell_of_children();
}

/// Two threads spawn at the same time, one of them a program that is not there.
fn two_spawn(program: &str) {
    const ROUNDS: usize = 100;
    let wrong = |right: &dyn Fn() -> bool| (0..ROUNDS).filter(|_| !right()).count();
    let (wrong_in_vain, wrong_in_earnest) = std::thread::scope(|scope| {
        let in_vain = scope.spawn(|| wrong(&|| run("/no/such/program", &[]) == Err(Errno::ENOENT)));
        let in_earnest = wrong(&|| {
            let child = run(program, &["exits", "7"]);
            child.is_ok_and(|child| waitpid(child, None) == Ok(WaitStatus::Exited(child, 7)))
        });
        (in_vain.join().unwrap(), in_earnest)
    });
    println!("{wrong_in_vain} and {wrong_in_earnest}");
    tell_of_children();
}

/// Two threads ask at the same time, each something else.
fn two_ask() {
    const ROUNDS: i32 = 1000;
    let wrong = |sign: i32| {
        (1..=ROUNDS).filter(|number| ask(|| sign * number) != Ok(sign * number)).count()
    };
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(|| wrong(-1));
        (wrong(1), other.join().unwrap())
    });
    println!("{one} and {other}");
    tell_of_children();
}

/// Two threads receive visits at the same time, each of guests with another code.
fn two_visit() {
    const ROUNDS: usize = 1000;
    let wrong = |code: u8| {
        let is_wrong = |_: &usize| visit(Leaving::UnderscoreExit, code) != Ok(code.into());
        (0..ROUNDS).filter(is_wrong).count()
    };
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(|| wrong(4));
        (wrong(3), other.join().unwrap())
    });
    println!("{one} and {other}");
    tell_of_children();
}

fn tell_of(spawned: Result<Pid, Errno>) {
    match spawned.map(|pid| waitpid(pid, None)) {
        Ok(Ok(WaitStatus::Exited(_, code))) => println!("exit code {code}"),
        Ok(other) => println!("waiting for the child gave {other:?}"),
        Err(errno) => println!("error {errno:?}"),
    }
}

fn tell_of_children() {
    match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        Err(Errno::ECHILD) => println!("no child is left"),
        other => println!("a child is left: {other:?}"),
    }
}

/// What a spawn leaves on the heap of the host, once anything has been set up by a first one.
fn spawn_and_count(program: &str, args: &[&str]) {
    let mut kept = 0;
    for _ in 0..2 {
        let before = LIVE.load(Ordering::Relaxed);
        let child = run(program, args).unwrap();
        kept = LIVE.load(Ordering::Relaxed) - before;
        waitpid(child, None).unwrap();
    }
    println!("{kept}");
}

/// Bytes that are allocated and not yet freed.
static LIVE: AtomicIsize = AtomicIsize::new(0);

/// The system's allocator, counted.
struct Counted;

#[global_allocator]
static COUNTED: Counted = Counted;

// SAFETY: all work is done by the system's allocator, with the arguments as they came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) }
    }
}
