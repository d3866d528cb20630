//! The experiment: what fork copies goes through exec, unless somebody stops it.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::io;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::{WaitStatus, wait, waitpid};
use nix::unistd::{ForkResult, Pid, execv, fork};
use spawn::{Stdio, spawn};

fn main() -> io::Result<()> {
    // A descriptor that is not close-on-exec, and a signal that is blocked. (That SIGPIPE is ignored
    // in this program is the work of Rust's runtime.)
    let (reader, _writer) = io::pipe()?;
    fcntl(&reader, FcntlArg::F_DUPFD(100))?;
    SigSet::from(Signal::SIGTERM).thread_block()?;

    println!("fork and exec alone");
    look_round(fork_and_exec)?;
    println!("spawn");
    look_round(|program, args| spawn(program, args, Stdio::default()))?;
    println!("children left: {}", if wait().is_err() { "none" } else { "some" });
    Ok(())
}

/// Starts programs, each of which looks at one thing that it was given.
fn look_round(start: impl Fn(&str, &[&str]) -> io::Result<Pid>) -> io::Result<()> {
    let shell =
        |script: &str| waitpid(start("/bin/sh", &["-c", script])?, None).map_err(io::Error::from);
    let open = shell("test -e /proc/$$/fd/100")?;
    println!("  descriptor 100 is {}", if exited(open, 0) { "open" } else { "closed" });
    for signal in ["PIPE", "TERM"] {
        let status = shell(&format!("kill -{signal} $$; exit 0"))?;
        println!("  SIG{signal} {}", if exited(status, 0) { "does nothing" } else { "ends it" });
    }
    match start("/no/such/workshop", &[]) {
        Ok(child) => match waitpid(child, None)? {
            WaitStatus::Exited(_, code) => {
                println!("  no such program: a child that exits with {code}")
            }
            status => println!("  no such program: {status:?}"),
        },
        Err(error) => println!("  no such program: {:?}", error.kind()),
    }
    Ok(())
}

fn exited(status: WaitStatus, code: i32) -> bool {
    matches!(status, WaitStatus::Exited(_, seen) if seen == code)
}

/// As it stands in many a book.
fn fork_and_exec(program: &str, args: &[&str]) -> io::Result<Pid> {
    let words = [program].into_iter().chain(args.iter().copied());
    let argv = words.map(CString::new).collect::<Result<Vec<_>, _>>()?;
    // SAFETY: this process has one thread, so the child may call any function.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let _ = execv(&argv[0], &argv);
            // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
            unsafe { libc::_exit(127) }
        }
    }
}
