//! The experiment: guests in the host's room, and what the host finds when they have left.
//!
//! With an argument it is a program that the experiment starts.

use std::env;
use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStringExt;
use std::process::{Command, ExitCode};

use nix::sys::wait::{WaitStatus, waitpid};
use vfork_exit::evidence::{self, Aftermath, Leaving, Who};
use vfork_exit::vfork::{self, Call, LEFT_BY_HOST};
use vfork_exit::{ask, spawn, visit};

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        None => experiment(),
        Some("_exit(2)") => host(Leaving::UnderscoreExit),
        Some("exit(3)") => host(Leaving::Exit),
        Some(errand) => ExitCode::from(errand.parse::<u8>().expect("an errand is an exit code")),
    }
}

/// A process that has left things to be done at its exit, receives a guest, and exits.
fn host(leaving: Leaving) -> ExitCode {
    evidence::lay_out();
    visit(leaving, 0).expect("a guest comes and leaves");
    evidence::host_goes_on();
    ExitCode::SUCCESS
}

fn experiment() -> ExitCode {
    println!("a guest works in the host's room:");
    let answer = ask(|| {
        evidence::write_now("    the guest answers\n");
        70_000
    });
    let answer = answer.expect("a guest comes and leaves");
    println!("    the host goes on, and finds {answer}");

    for way in ["_exit(2)", "exit(3)"] {
        println!("a guest leaves by {way}:");
        let output = Command::new(this_program()).arg(way).output().expect("it can be started");
        let stdout = String::from_utf8_lossy(&output.stdout);
        let aftermath = Aftermath::read(&stdout).expect("every piece of evidence is used up once");
        let (handlers, buffers) = (name(aftermath.handlers), name(aftermath.buffers));
        println!("    the host's exit handler is run by {handlers}");
        println!("    the host's buffer is flushed by {buffers}");
    }

    println!("a child returns from the function that made it; {LEFT_BY_HOST:#x} was there:");
    for (name, call) in [("fork", Call::Fork), ("vfork", Call::Vfork)] {
        let found = vfork::canary(call).expect("a child comes and leaves");
        println!("    after {name} its parent finds {found:#x}");
    }

    println!("a guest becomes another program:");
    let this = CString::new(this_program().into_os_string().into_vec()).expect("a path has no NUL");
    run_errand(&this);
    run_errand(c"/no/such/program");
    ExitCode::SUCCESS
}

fn run_errand(program: &CStr) {
    match spawn(program, &[c"errand", c"7"], &[]) {
        Err(errno) => println!("    it cannot: {errno}"),
        Ok(pid) => match waitpid(pid, None).expect("a child that was spawned can be waited for") {
            WaitStatus::Exited(_, code) => println!("    it ran, and exited with code {code}"),
            other => println!("    it ran, and ended in another way: {other:?}"),
        },
    }
}

fn this_program() -> std::path::PathBuf {
    env::current_exe().expect("/proc/self/exe names this program (proc(5))")
}

fn name(who: Who) -> &'static str {
    match who {
        Who::Guest => "the guest",
        Who::Host => "the host",
    }
}
