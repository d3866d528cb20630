//! What the kernel saw of the experiment: who was reaped, and by whom. Needs ptrace(2).

use testkit::require;
use tracer::{End, Event, Program, Reaped, Timeline};

#[track_caller]
fn timeline() -> Timeline {
    let program = Program::new(env!("CARGO_BIN_EXE_reaper"));
    program
        .run_to_its_end(
            "the experiment to come to its end",
            "wait: a wait without WNOHANG for a child that lives; another call: a sleep \
                although a child has ended, whose ring was swallowed or came before the bell",
            "wait(2), WNOHANG; hints 2 and 3",
        )
        .of_success()
}

#[test]
fn every_child_is_reaped() {
    let timeline = timeline();
    let made = timeline.processes.len() - 1;
    require!(made == 10,
        expected: "the experiment to start nine children, one of which has a child",
        seen: "{made} processes",
        likely: "a call makes no child, or more than one",
        read: "README, the task",
    );
    let unreaped: Vec<_> = timeline.unreaped().iter().map(|child| child.name.as_str()).collect();
    let names = unreaped.join(", ");
    require!(unreaped.is_empty(),
        expected: "every child to be waited for",
        seen: "nobody has waited for {names}",
        likely: "a call with WNOWAIT does not reap, or a status is reported and its child is left",
        read: "wait(2), NOTES: zombies; hint 2",
        timeline: &timeline,
    );
}

#[test]
fn the_orphan_is_reaped_by_its_grandparent() {
    let timeline = timeline();
    let orphan = timeline.processes.iter().find(|process| process.end == End::Exited(42));
    let seen = orphan.map_or("there is none".to_owned(), |orphan| format!("{:?}", orphan.reaped));
    require!(seen == format!("{:?}", Reaped::By("P1".into())),
        expected: "the process that exits with 42, an orphan, to be reaped by P1",
        seen: "{seen}",
        likely: "it went to init: no ancestor is a subreaper",
        read: "PR_SET_CHILD_SUBREAPER(2const), in older manuals prctl(2); hint 5",
        timeline: &timeline,
    );
}

#[test]
fn the_reaper_has_no_thread_and_no_helper() {
    let timeline = timeline();
    let children = timeline.children_of("P1").count();
    let left = timeline.unreaped().len();
    require!(children > 0 && left == 0,
        expected: "the experiment to start children, and each of them to be reaped",
        seen: "{children} children, of whom nobody has waited for {left}",
        likely: "the experiment has not run to its end",
        read: "README, the task",
    );
    for (name, events) in timeline.lists() {
        for event in events {
            require!(!matches!(event, Event::Thread { .. }),
                expected: "processes of one thread: `start` forks, and its children run any code",
                seen: "{name}: {event}",
                likely: "a thread that waits for children where a signal tells of them",
                read: "fork(2), DESCRIPTION; signalfd(2); README, the task",
            );
        }
    }
    let others: Vec<_> =
        timeline.children_of("P1").filter(|child| !is_of_the_experiment(child.end)).collect();
    let names = others.iter().map(|child| format!("{} ({})", child.name, child.end));
    let names = names.collect::<Vec<_>>().join(", ");
    require!(names.is_empty(),
        expected: "no children but those of the experiment",
        seen: "{names}",
        likely: "a helper process, or a child that was killed before it ended by itself",
        read: "README, the task",
    );
}

fn is_of_the_experiment(end: End) -> bool {
    matches!(end, End::Exited(0..5 | 7 | 9) | End::Signalled(9))
}
