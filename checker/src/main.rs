//! `checker`: judges exercises. See `checker --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sandbox::supervise_if_asked();
    // A supervisor has set up the surroundings of the tracer.
    checker::timeline::trace_if_asked();
    if let Err(error) = sandbox::normalise() {
        eprintln!("error: {error}");
        return checker::Exit::Fault.into();
    }
    checker::cli::run().into()
}
