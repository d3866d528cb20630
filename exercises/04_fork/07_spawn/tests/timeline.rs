//! What the kernel saw of the experiment: which processes were made, what they had open when they
//! became another program, and who waited for them. Needs ptrace(2).

use testkit::require;
use tracer::{Birth, Event, Process, Program, Timeline};

/// The experiment first starts four programs by fork and exec alone, then four by `spawn`.
const BY_FORK_AND_EXEC: usize = 4;

#[track_caller]
fn timeline() -> Timeline {
    let program = Program::new(env!("CARGO_BIN_EXE_spawn"));
    program
        .run_to_its_end(
            "the experiment to come to its end",
            "a write end of the pipe that brings the error is still open where nobody uses it",
            "pipe(7), I/O on pipes and FIFOs; hint 2",
        )
        .of_success()
}

/// The processes that `spawn` made.
#[track_caller]
fn spawned(timeline: &Timeline) -> Vec<&Process> {
    let children: Vec<_> = timeline.children_of("P1").skip(BY_FORK_AND_EXEC).collect();
    let seen = children.len();
    require!(seen == 4,
        expected: "four calls of `spawn` to make four children",
        seen: "{seen}",
        likely: "`spawn` makes none, or more than one",
        read: "README, the task",
    );
    children
}

#[test]
fn a_child_is_made_by_fork() {
    let timeline = timeline();
    for child in spawned(&timeline) {
        let (name, birth) = (&child.name, child.birth);
        require!(birth == Birth::Fork,
            expected: "{name} to be made by fork: what goes through exec, and what a child may do before \
                it, is what this exercise is about",
            seen: "{name} was made by {birth:?}",
            likely: "`posix_spawn`, or `std::process::Command`, which calls it: they make a child that \
                works in its parent's memory (CLONE_VFORK), and do for you what is to be written here. \
                vfork itself is the subject of 5.3",
            read: "README, the task; posix_spawn(3)",
        );
    }
}

#[test]
fn every_child_is_reaped() {
    let timeline = timeline();
    spawned(&timeline);
    let unreaped: Vec<_> = timeline.unreaped().iter().map(|child| child.name.as_str()).collect();
    let names = unreaped.join(", ");
    require!(unreaped.is_empty(),
        expected: "every child to be waited for, the one that could not exec by `spawn` itself",
        seen: "nobody has waited for {names}",
        likely: "the child that could not exec has ended, but is still a zombie",
        read: "wait(2), NOTES: zombies; hint 3",
        timeline: &timeline,
    );
}

#[test]
fn a_program_is_started_by_the_child_itself() {
    let timeline = timeline();
    for child in spawned(&timeline) {
        let children = timeline.children_of(&child.name).count();
        let name = &child.name;
        require!(children == 0,
            expected: "the child of `spawn` to become the program",
            seen: "{name} has {children} children of its own",
            likely: "fork is called twice: the pid that `spawn` returns is not the program's",
            read: "fork(2); README, the task",
            timeline: &timeline,
        );
    }
}

#[test]
fn a_program_starts_with_three_descriptors() {
    let timeline = timeline();
    for child in spawned(&timeline) {
        let Some(open) = child.descriptors_at_exec() else { continue };
        let listing = open.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let name = &child.name;
        require!(open.iter().map(|open| open.number).eq(0..3),
            expected: "{name} to have 0, 1 and 2 open when it becomes the program",
            seen: "{listing}",
            likely: "a descriptor that is not close-on-exec: of the caller, or of `spawn` itself",
            read: "execve(2); close_range(2); hint 4",
        );
    }
}

#[test]
fn every_pipe_is_born_close_on_exec() {
    let timeline = timeline();
    spawned(&timeline);
    for (name, events) in timeline.lists() {
        for event in events {
            let Event::Pipe { pipe, close_on_exec, .. } = event else { continue };
            require!(*close_on_exec,
                expected: "{pipe} of {name} to be close-on-exec from its first moment",
                seen: "{event}",
                likely: "`pipe`, and `fcntl` with FD_CLOEXEC afterwards: in between another thread of \
                    the caller may start a program, which then holds the pipe. `pipe2` does both at once",
                read: "pipe(2), O_CLOEXEC; open(2), O_CLOEXEC",
            );
        }
    }
}

#[test]
fn the_child_tells_nobody_but_its_parent() {
    let timeline = timeline();
    for child in spawned(&timeline) {
        for event in child.before_exec() {
            let Event::Write { what } = event else { continue };
            let name = &child.name;
            require!(!["stdin", "stdout", "stderr"].contains(&what.as_str()),
                expected: "{name} to write nothing to stdin, stdout or stderr before it becomes the program",
                seen: "{name}: {event}",
                likely: "the child prints or panics, or std::process::exit flushes what the parent \
                    had not yet written",
                read: "_exit(2); hints 3 and 6",
            );
        }
    }
}
