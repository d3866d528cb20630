//! A supervisor on a bad day: each of its calls interrupted, or failed, one at a time. Needs ptrace(2).

use testkit::require;
use tracer::Program;
use tracer::trials::Disturbed;

/// Two jobs and what is left of them.
const WHOLE: [&str; 4] = ["exited 3", "exited 4", "changed: ", "children left: none"];

fn supervisor() -> Program {
    Program::new(env!("CARGO_BIN_EXE_supervisor")).args(["exit 3", "exit 4"])
}

#[test]
fn an_interrupted_call_is_made_again() {
    let trial = supervisor().interrupted().expect("this machine allows tracing");
    let seen = trial.undisturbed.stdout.trim_end();
    require!(seen.lines().eq(WHOLE),
        expected: "two jobs to be supervised, which exit with 3 and 4",
        seen: "{seen}",
        likely: "see tests/supervisor.rs first",
        read: "README, the task",
    );
    trial.comes_to_the_same_when_interrupted(
        "two jobs that are supervised",
        "EINTR is taken for the answer: the call is to be made again",
    );
}

#[test]
fn what_cannot_be_done_is_an_error_of_its_job_and_nothing_is_left() {
    let trial = supervisor().short_of_everything().expect("this machine allows tracing");
    trial.has_calls(2, "two jobs to be started", "see tests/supervisor.rs first");
    for disturbed in &trial.disturbed {
        let seen = disturbed.timeline.stdout.trim_end();
        let lines: Vec<&str> = seen.lines().collect();
        let of_the_jobs = lines.iter().zip(WHOLE).take(2);
        let told = of_the_jobs.filter(|(line, whole)| line != &whole).map(|(line, _)| line);
        let (told, rest): (Vec<_>, _) = (told.collect(), lines.get(2..).unwrap_or_default());
        let in_order = told.len() <= 1 && told.iter().all(|line| line.starts_with("error: "));
        require!(in_order && rest == &WHOLE[2..],
            expected: "an error of at most one job, the other one supervised, and nothing changed in the caller",
            seen: "when {disturbed}: {seen}",
            likely: "a job that was started is not waited for after an error, or what was opened for it stays; or the error ends the round",
            read: "the stub",
            timeline: &disturbed.timeline,
        );
    }
}

#[test]
fn what_the_machine_has_no_more_of_is_not_asked_for_again_and_again() {
    let trial = supervisor().short_for_good().expect("this machine allows tracing");
    trial.has_calls(2, "two jobs to be started", "see tests/supervisor.rs first");
    for disturbed in &trial.disturbed {
        let Disturbed { site, errno, timeline } = disturbed;
        let seen = timeline.stdout.trim_end();
        let lines: Vec<&str> = seen.lines().collect();
        let (jobs, rest) = lines.split_at(lines.len().min(2));
        let of_a_job = |(line, whole): (&&str, _)| *line == whole || line.starts_with("error: ");
        let is_told = jobs.len() == 2 && jobs.iter().zip(WHOLE).all(of_a_job);
        require!(is_told && rest == &WHOLE[2..],
            expected: "an error of each job that cannot be started, the others supervised, and nothing changed in the caller",
            seen: "when {site} and all later ones fail with {errno:?}: {seen}",
            likely: "a start that fails is tried again until it succeeds, while what could make room is not waited for; or what was opened for it stays",
            read: "the stub",
            timeline: timeline,
        );
    }
}
