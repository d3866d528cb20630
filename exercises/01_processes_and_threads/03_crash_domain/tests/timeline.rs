//! What the kernel saw of the experiment: who died of what, with whom, and who took note. Needs
//! ptrace(2).

use nix::libc;
use testkit::require;
use tracer::{End, Event, Process, Program, Timeline};

/// The jobs of the experiment that are programs, as their arguments.
const JOBS: [&str; 12] = [
    "exit 0",
    "exit 3",
    "thread-returns",
    "thread-panics",
    "thread-exits",
    "thread-segfaults",
    "panic",
    "abort",
    "divide",
    "stop",
    "signal 9",
    "signal 37",
];

#[track_caller]
fn timeline() -> Timeline {
    let program = Program::new(env!("CARGO_BIN_EXE_crash_domain"));
    program
        .run_to_its_end(
            "the experiment to come to its end",
            "a wait for a child that has been waited for already, or for one that does not end",
            "wait(2); README, the task",
        )
        .of_success()
}

/// The child of the supervisor that did this job.
#[track_caller]
fn job<'a>(timeline: &'a Timeline, job: &str) -> &'a Process {
    let words: Vec<&str> = ["job"].into_iter().chain(job.split(' ')).collect();
    let did_it = |process: &&Process| {
        process
            .events
            .iter()
            .any(|event| matches!(event, Event::Exec { args, .. } if *args == words))
    };
    let mut found = timeline.children_of("P1").filter(did_it);
    let (first, others) = (found.next(), found.count());
    let count = others + usize::from(first.is_some());
    require!(count == 1,
        expected: "the job `{job}` to be done by one child of the supervisor",
        seen: "{count} children",
        likely: "a job is not started, or twice",
        read: "README, the task",
    );
    first.expect("it was counted")
}

#[test]
fn every_job_is_done_once_and_reaped() {
    let timeline = timeline();
    for name in JOBS {
        job(&timeline, name);
    }
    let unreaped: Vec<_> = timeline.unreaped().iter().map(|child| child.name.as_str()).collect();
    let names = unreaped.join(", ");
    require!(unreaped.is_empty(),
        expected: "every job to be waited for",
        seen: "nobody has waited for {names}",
        likely: "supervise returns at the first error and leaves the others as zombies",
        read: "wait(2), NOTES: zombies",
        timeline: &timeline,
    );
}

#[test]
fn a_thread_that_faults_takes_its_process_along_and_no_other() {
    let timeline = timeline();
    let (panicked, faulted) = (job(&timeline, "thread-panics"), job(&timeline, "thread-segfaults"));
    let ends = [panicked, faulted, timeline.root()].map(|process| process.end);
    let seen = ends.map(|end| end.to_string()).join(", ");
    require!(ends == [End::Exited(0), End::Signalled(libc::SIGSEGV), End::Exited(0)],
        expected: "the thread's panic to leave its process (exit 0), the thread's fault to kill it \
            (SIGSEGV), and the supervisor to live (exit 0)",
        seen: "{seen}",
        likely: "a job does not run in a process of its own, or the supervisor ends with it",
        read: "signal(7); README, the picture",
    );
}

#[test]
fn the_supervisor_only_watches() {
    let timeline = timeline();
    let jobs = timeline.children_of("P1").count();
    let most = JOBS.len();
    require!(jobs >= most,
        expected: "the supervisor to start {most} jobs or more",
        seen: "{jobs} children",
        likely: "the jobs are not started, or not by the supervisor itself",
        read: "README, the task",
    );
    for (name, events) in
        timeline.lists().filter(|(name, _)| *name == "P1" || name.starts_with("P1/"))
    {
        for event in events {
            require!(!matches!(event, Event::Kill { .. } | Event::Signal { .. }),
                expected: "the supervisor to send no signal to its jobs: it starts, waits, reports",
                seen: "{name}: {event}",
                likely: "it kills or continues a job. When a job has been waited for, its number may \
                    be another process's; and one that is stopped has not ended",
                read: "kill(2); wait(2), NOTES; README, the task",
            );
        }
    }
}
