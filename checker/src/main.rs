//! `checker`: judges exercises. See `checker --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sandbox::supervise_if_asked();
    checker::timeline::trace_if_asked();
    checker::cli::run().into()
}
