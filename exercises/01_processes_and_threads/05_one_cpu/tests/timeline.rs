//! What the kernel saw of the experiment. Needs ptrace(2).

use testkit::require;
use tracer::{Program, Timeline};

#[track_caller]
fn timeline() -> Timeline {
    let program = Program::new(env!("CARGO_BIN_EXE_one_cpu"));
    program
        .run_to_its_end(
            "the experiment to come to its end",
            "TODO: the one mistake that usually has this effect",
            "README, the task",
        )
        .of_success()
}

#[test]
fn every_child_is_waited_for() {
    let timeline = timeline();
    // Nobody has waited in vain if there was nobody: first it has to be seen that the scene took place.
    let children = timeline.children_of(&timeline.root().name).count();
    require!(children == 2,
        expected: "the experiment to start two programs",
        seen: "{children}\n{timeline}",
        likely: "TODO: the one mistake that usually has this effect",
        read: "README, the task",
    );
    let unreaped: Vec<_> = timeline.unreaped().iter().map(|child| child.name.as_str()).collect();
    let names = unreaped.join(", ");
    require!(unreaped.is_empty(),
        expected: "every child to be waited for",
        seen: "nobody has waited for {names}\n{timeline}",
        likely: "TODO: the one mistake that usually has this effect",
        read: "wait(2), NOTES: zombies",
    );
}
