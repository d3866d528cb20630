//! A scene, and what it has to come to.

use testkit::Lesson;
use testkit::program::{Ending, Observed, Program};
use testkit::require;

/// What may be amiss in any scene, each with the sign by which it is known.
const EVERYWHERE: &str = "\
another signal mask => a mask is inherited: what `run` blocks for itself is to be set back in the child (pre_exec)
another process group => something is set for the job that its command does not say
several CPUs => the affinity of the jobs is not set: sched_setaffinity(2), which children inherit
may not use => CPU 0 is taken for granted: the caller may be bound to others
was started while => the jobs are started together, and stopped later: stop each before the next is started
had a turn while => two jobs are continued at the same time: a job stops some time after SIGSTOP was sent, and `waitpid` \
tells when (WUNTRACED)
far more than its slice => nobody looks at the job's meter while it computes: its slice has to end the sleep, too
heard or was asked while => the policy hears, or is asked, before `waitpid` has told of the stop (WUNTRACED)
no ending => a stop is taken for an end: WIFSTOPPED
left: Ok => a job is left: it is to be killed (SIGKILL, which reaches it though it is stopped) and waited for
changed: affinity => the caller has bound itself, and is not set free again
changed: => something of the caller's is not set back: a guard with a destructor does it on each way out";

/// Runs the scene with these arguments.
pub fn observe(args: &[&str]) -> Observed {
    let program = Program::new(env!("CARGO_BIN_EXE_cpu_scenes"));
    let observed = args.iter().fold(program, |program, arg| program.arg(*arg)).run();
    let stderr = observed.stderr.trim_start();
    require!(!stderr.contains("not yet implemented"),
        expected: "jobs {args:?} to be run",
        seen: "{stderr}",
        likely: "a `todo!` is still there",
        read: "README, the task",
    );
    observed
}

/// What it has printed; and how it ended, and where it was stuck, if it did not end well.
pub fn in_words(observed: &Observed) -> String {
    match observed.ending {
        Ending::Exited(0) => observed.stdout.trim_end().to_owned(),
        ending => {
            let parts = [&observed.stdout, &observed.stuck, &observed.stderr];
            let parts = parts.map(|part| part.trim_end());
            format!("the caller: {ending:?}\n{}", parts.join("\n")).trim_end().to_owned()
        }
    }
}

/// The scene ends by itself, and these lines are what it prints. Of the causes, a line each that begins with the
/// sign by which it is known, the one whose sign was seen is told; the last line is without.
#[track_caller]
pub fn require_lines(args: &[&str], expected: &str, likely: &str, read: &str) {
    let seen = in_words(&observe(args));
    if seen != expected {
        let known = |cause: &str| {
            let (sign, cause) = cause.split_once(" => ")?;
            seen.contains(sign).then(|| cause.to_owned())
        };
        let cause = likely.lines().chain(EVERYWHERE.lines()).find_map(known);
        let last = likely.lines().last().filter(|line| !line.contains(" => "));
        let likely = cause.or(last.map(str::to_owned)).unwrap_or_else(|| {
            "a step of the rules is left out, or comes at another place: where do the two texts part?".to_owned()
        });
        Lesson {
            expected: format!("jobs {args:?} to come to this:\n{expected}"),
            likely,
            seen,
            read: read.to_owned(),
            ..Lesson::default()
        }
        .about("run")
        .fail();
    }
}
