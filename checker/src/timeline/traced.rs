//! Tracing an experiment: this program starts itself once more, under supervision, as its tracer.
//!
//! The tracer is a process of its own so that it has a supervisor, a deadline and limits like
//! everything that a learner's code runs in.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use sandbox::{End, Stop};
use serde::{Deserialize, Serialize};
use tracer::Timeline;

use crate::Error;
use crate::judge::candidate::Candidate;
use crate::judge::run_tests::{run_experiment_as, unnatural_end};

/// The argument that makes this program a tracer; then come seconds, a program, its arguments.
const ARGUMENT: &str = "__trace";

/// How much longer the tracer may take than the program: to explain, kill and tell.
const GRACE: Duration = Duration::from_secs(15);

/// What the tracer says.
type Reply = Result<Timeline, Failure>;

#[derive(Serialize, Deserialize)]
struct Failure {
    unsupported: bool,
    message: String,
}

/// Becomes the tracer, and never returns, if this process was started as one.
pub fn trace_if_asked() {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|argument| argument == ARGUMENT) {
        std::process::exit(match answer(args) {
            Ok(()) => 0,
            Err(error) => {
                eprintln!("tracer: {error}");
                1
            }
        });
    }
}

fn answer(mut args: impl Iterator<Item = OsString>) -> io::Result<()> {
    let missing = || io::Error::other("it is started by the checker only");
    let seconds = args.next().and_then(|text| text.to_str()?.parse().ok()).ok_or_else(missing)?;
    let program = args.next().ok_or_else(missing)?;
    let deadline = Duration::from_secs(seconds);
    let reply: Reply =
        tracer::Program::new(program).args(args).deadline(deadline).run().map_err(|error| {
            let unsupported = matches!(error, tracer::Error::Unsupported(_));
            Failure { unsupported, message: error.to_string() }
        });
    let mut stdout = io::stdout().lock();
    serde_json::to_writer(&mut stdout, &reply)?;
    stdout.flush()
}

/// Runs the experiment `program` of a candidate and returns what its processes did.
pub fn trace(
    candidate: &Candidate<'_>,
    program: &Path,
    args: &[OsString],
    stop: &Stop,
) -> Result<Timeline, Error> {
    let this = std::env::current_exe().map_err(Error::reading(Path::new("/proc/self/exe")))?;
    let deadline = candidate.exercise.test_deadline;
    let mut own_args: Vec<OsString> =
        vec![ARGUMENT.into(), deadline.as_secs().to_string().into(), program.into()];
    own_args.extend(args.iter().cloned());
    let observation = run_experiment_as(candidate, &this, own_args, None, stop, |limits| {
        limits.wall = deadline + GRACE;
        limits.kept_output = 256 << 20;
        limits.total_output = 256 << 20;
    })?;
    let failed = |message: String| Error::Untraced { message };
    match &observation.end {
        End::Exited(0) => {
            let reply: Reply = serde_json::from_str(&observation.stdout.text)
                .map_err(|error| failed(format!("the tracer's report cannot be read: {error}")))?;
            reply.map_err(|Failure { unsupported, message }| {
                if unsupported { Error::Untraceable { message } } else { failed(message) }
            })
        }
        End::Exited(_) => Err(failed(observation.stderr.text.trim_end().to_owned())),
        _ => {
            let (_, evidence) = unnatural_end(candidate, &observation, None);
            Err(failed(evidence.map(|it| it.to_string()).unwrap_or_default()))
        }
    }
}
