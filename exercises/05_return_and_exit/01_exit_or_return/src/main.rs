//! The experiment: sends a process out in every way there is, and tells what was done on the way.
//!
//! With the name of a way as its argument it is that process.

#![allow(unsafe_code)] // signal(2) and pthread_sigmask(3)

mod nested;

use std::env;
use std::os::unix::process::ExitStatusExt;
use std::panic::{self, panic_any};
use std::process::{Command, ExitCode, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use exit_or_return::evidence::{self, Guard, Trace, Way};
use exit_or_return::{leave, run, unwinding_exit};

/// The exit code that every way gets.
const CODE: u8 = 3;

/// How many frames, each with a destructor to run, lie between `run` and the exit.
const DEPTH: u32 = 3;

/// Whether a body has run.
static HAS_RUN: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        None => experiment(),
        Some("evidence") => evidence_of_claims(),
        Some(way) => {
            let _guard = evidence::lay_out();
            take(way)
        }
    }
}

fn take(way: &str) -> ExitCode {
    match way {
        "unwinding exit" => run(|| go_down(DEPTH, || unwinding_exit(CODE))),
        "panic below run" => {
            run(|| go_down(DEPTH, || panic!("a panic that is no exit")));
            eprintln!("and run came back");
            ExitCode::FAILURE
        }
        // Their payloads are what anybody may panic with.
        "panic with a u8 below run" => run(|| go_down(DEPTH, || panic_any(CODE))),
        "panic with an i32 below run" => run(|| go_down(DEPTH, || panic_any(i32::from(CODE)))),
        "panic with an ExitCode below run" => {
            run(|| go_down(DEPTH, || panic_any(ExitCode::from(CODE))))
        }
        "panic after an unwinding exit" => {
            // The first run is over, and with it the exit that it has caught.
            run(|| go_down(DEPTH, || unwinding_exit(CODE)));
            run(|| panic!("a panic that is no exit"))
        }
        "panic under a hook of somebody else" => {
            panic::set_hook(Box::new(|info| eprintln!("the hook of somebody else: {info}")));
            let code = run(|| go_down(DEPTH, || unwinding_exit(CODE)));
            if !is(code, CODE) {
                eprintln!("run returned another code than {CODE}");
            }
            panic!("a panic that is no exit")
        }
        "exit with 0" => {
            let code = run(|| {
                HAS_RUN.store(true, Ordering::Relaxed);
                go_down(DEPTH, || unwinding_exit(0))
            });
            let is_right = HAS_RUN.load(Ordering::Relaxed) && is(code, 0);
            // Not 0 at the end: that would be what a program says that has done nothing.
            if is_right { ExitCode::from(CODE) } else { ExitCode::FAILURE }
        }
        "exits of two threads" => {
            let code = run(|| {
                let _other = OtherExits;
                go_down(DEPTH, || unwinding_exit(CODE))
            });
            if is(code, CODE) { ExitCode::from(CODE) } else { ExitCode::FAILURE }
        }
        "panic after an exit that was caught on the way" => run(|| {
            let caught = panic::catch_unwind(|| -> ExitCode { unwinding_exit(CODE) });
            if caught.is_ok() {
                eprintln!("unwinding_exit came back");
            }
            panic!("a panic that is no exit")
        }),
        "exit under a hook that was set below run" => {
            // A run before, in which nobody has set a hook.
            run(|| unwinding_exit(0));
            run(|| {
                panic::set_hook(Box::new(|info| eprintln!("the hook of somebody else: {info}")));
                go_down(DEPTH, || unwinding_exit(CODE))
            })
        }
        "abort although SIGABRT is ignored and blocked" => {
            // SAFETY: SIG_IGN is no function of ours that could be called at a bad moment.
            unsafe { libc::signal(libc::SIGABRT, libc::SIG_IGN) };
            let mut set = std::mem::MaybeUninit::uninit();
            // SAFETY: the set lives and is filled in (sigsetops(3)).
            unsafe { libc::sigfillset(set.as_mut_ptr()) };
            // SAFETY: the set was filled in; no old one is asked for (pthread_sigmask(3)).
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut()) };
            leave(Way::Abort, CODE)
        }
        "nests of runs" => nested::try_every_nest(CODE),
        "exits with every code" => nested::exit_with_every_code(CODE),
        "panics with every payload" => nested::panic_with_every_payload(CODE),
        "return to run" => run(|| go_down(DEPTH, || ExitCode::from(CODE))),
        way => leave(way.parse().expect("the argument names a way out"), CODE),
    }
}

/// Whether it is the exit code of this number: std compares none, but shows them.
fn is(code: ExitCode, number: u8) -> bool {
    format!("{code:?}") == format!("{:?}", ExitCode::from(number))
}

/// While its frame is unwound, another thread leaves by an exit of its own.
struct OtherExits;

impl Drop for OtherExits {
    fn drop(&mut self) {
        let other = thread::spawn(|| is(run(|| unwinding_exit(99)), 99));
        if !other.join().unwrap_or(false) {
            eprintln!("the other thread's run returned another code than 99");
        }
    }
}

/// Calls `at_the_bottom` below so many frames, each of which has a destructor to run.
fn go_down(depth: u32, at_the_bottom: fn() -> ExitCode) -> ExitCode {
    if depth == 0 {
        return at_the_bottom();
    }
    let _guard = Guard::new();
    go_down(depth - 1, at_the_bottom)
}

fn experiment() -> ExitCode {
    for name in Way::ALL.map(Way::name).into_iter().chain(["unwinding exit"]) {
        let output = output_of(name);
        let traces = Trace::read_all(&String::from_utf8_lossy(&output.stdout));
        let ending = match (output.status.code(), output.status.signal()) {
            (Some(code), _) => format!("exit code {code}"),
            (None, signal) => format!("signal {}", signal.expect("no code, so a signal")),
        };
        println!("{name}: {ending}");
        if traces.is_empty() {
            println!("    nothing was done on the way");
        }
        for trace in traces {
            println!("    {}", describe(trace));
        }
    }
    ExitCode::SUCCESS
}

fn output_of(way: &str) -> Output {
    let program = env::current_exe().expect("/proc/self/exe names this program (proc(5))");
    Command::new(program).arg(way).output().expect("this program can be started")
}

/// What two ways out have done here and now: `checker claims` shows it.
fn evidence_of_claims() -> ExitCode {
    let count = |way: Way, wanted: Trace| {
        let traces = Trace::read_all(&String::from_utf8_lossy(&output_of(way.name()).stdout));
        traces.into_iter().filter(|trace| *trace == wanted).count()
    };
    println!("C16: destructors that exit(3) ran: {}", count(Way::Exit, Trace::Destructor));
    println!("C16: handlers that exit(3) ran: {}", count(Way::Exit, Trace::AtexitHandler));
    println!("C17: destructors that return ran: {}", count(Way::Return, Trace::Destructor));
    println!("C18: handlers that return ran: {}", count(Way::Return, Trace::AtexitHandler));
    ExitCode::SUCCESS
}

fn describe(trace: Trace) -> &'static str {
    match trace {
        Trace::Destructor => "a destructor ran",
        Trace::RustStdout => "Rust's standard output was flushed",
        Trace::AtexitHandler => "the atexit handler ran",
        Trace::CStdio => "C's standard output was flushed",
    }
}
