//! A reaper on a bad day: each of its calls interrupted, one at a time. Needs ptrace(2).

use testkit::require;
use tracer::Program;

#[test]
fn an_interrupted_call_is_made_again() {
    let program = Program::new(env!("CARGO_BIN_EXE_death_scenes")).arg("on-trial");
    let trial = program.interrupted().expect("this machine allows tracing");
    let expected = "reaped: a exited 7, b exited 8\nleft: none\n";
    let seen = trial.undisturbed.stdout.trim_end();
    require!(trial.undisturbed.stdout == expected,
        expected: "two children to be reaped, each once",
        seen: "{seen}",
        likely: "see tests/reaper.rs first",
        read: "README, the task",
    );
    trial.comes_to_the_same_when_interrupted(
        "two children that are reaped",
        "EINTR is taken for the answer: look again, and go on",
    );
}
