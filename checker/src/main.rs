//! `checker`: judges exercises. See `checker --help`.
//!
//! One binary plays three parts, so that a copy of it is whole:
//!
//! - the **checker**, which a person starts;
//! - the **supervisor** of one program, which the checker starts with a hidden argument;
//! - the **tracer** of one experiment, which a supervisor starts with another: ptrace(2) and waitpid(2)
//!   would take other children of a process that does anything else.

use std::process::ExitCode;

fn main() -> ExitCode {
    sandbox::supervise_if_asked();
    // Its supervisor has set up what it inherits.
    checker::timeline::trace_if_asked();
    if let Err(error) = sandbox::normalise() {
        eprintln!("error: {error}");
        return checker::Exit::Fault.into();
    }
    checker::cli::run().into()
}
