//! What `in_order` promises. Nothing promises an order of two processes until they agree on one.
//!
//! No test waits and hopes: the side that is first keeps its turn until the kernel says that the
//! other is asleep, or has gone ahead and ended.

use rstest::rstest;
use testkit::program::{Ending, Observed, Program};
use testkit::require;

#[track_caller]
fn scene(name: &str) -> Observed {
    let observed = Program::new(env!("CARGO_BIN_EXE_turn_scenes")).arg(name).run();
    let Observed { ending, stdout, stderr, stuck } = &observed;
    let timed_out = *ending == Ending::TimedOut;
    require!(!timed_out || !stuck.is_empty(),
        expected: "the scene \"{name}\" to come to its end",
        seen: "nothing for 10 s, and nobody asleep in read, write or wait, after\n{stdout}{stderr}",
        likely: "a call that fails at once is made again for ever: only EINTR asks for that",
        read: "wait(2), ERRORS; hint 4",
    );
    require!(!timed_out || stuck.contains("waits in read("),
        expected: "the scene \"{name}\" to come to its end",
        seen: "nothing for 10 s, after\n{stdout}{stderr}{stuck}",
        likely: "the child does not end: a signal has stopped it, or it sleeps in another call than read",
        read: "README, the task; hint 5",
    );
    require!(!timed_out,
        expected: "the scene \"{name}\" to come to its end",
        seen: "nothing for 10 s, after\n{stdout}{stderr}{stuck}",
        likely: "a read from a pipe sees end-of-file only when every copy of the write end is \
            closed: fork made a copy, which the reader closes first, and so may a process that the parent starts in its turn",
        read: "pipe(7), I/O on pipes and FIFOs; hint 5",
    );
    let no_child = stdout.lines().find(|line| line.starts_with("no child")).unwrap_or_default();
    require!(no_child.is_empty(),
        expected: "the parent's turn to be given the pid of the child, which nobody has reaped yet",
        seen: "{no_child}",
        likely: "the pid is of another process, or the child has been waited for before the turn",
        read: "fork(2), RETURN VALUE; README, the task",
    );
    require!(*ending == Ending::Exited(0),
        expected: "the scene \"{name}\" to end well",
        seen: "{ending:?}\n{stdout}{stderr}",
        likely: "a panic or a `todo!`, whose text stands above, or a call that fails",
        read: "README, the task",
    );
    observed
}

#[test]
fn the_child_goes_first_if_it_is_to() {
    let observed = scene("child-first");
    let seen = &observed.stdout;
    require!(seen.starts_with("child's turn; the parent: Asleep\nparent's turn\n"),
        expected: "the child's turn, the parent asleep meanwhile, then the parent's turn",
        seen: "{seen}",
        likely: "nothing makes the parent wait (no order is promised after a fork), or it waits \
            by the clock, or it spins",
        read: "fork(3p), DESCRIPTION; hint 5",
    );
    require_end(&observed, "exited 5");
}

#[test]
fn the_parent_goes_first_if_it_is_to() {
    let observed = scene("parent-first");
    let seen = &observed.stdout;
    require!(!seen.contains("Stopped"),
        expected: "the parent's turn, the child asleep meanwhile",
        seen: "{seen}",
        likely: "SIGSTOP and SIGCONT give the turn: a process that is stopped does not sleep, and nobody \
            makes it go on if its parent dies",
        read: "signal(7); README, the task; hint 5",
    );
    require!(seen.starts_with("parent's turn; the child: Asleep\nchild's turn\n"),
        expected: "the parent's turn, the child asleep meanwhile, then the child's turn",
        seen: "{seen}",
        likely: "nothing makes the child wait (no order is promised after a fork), or it waits \
            by the clock (AsleepByTheClock), or it spins",
        read: "fork(3p), DESCRIPTION; pipe(7); hint 5",
    );
    require_end(&observed, "exited 5");
}

#[test]
fn a_signal_is_not_the_end_of_a_turn() {
    let observed = scene("interrupted");
    let seen = &observed.stdout;
    require!(seen.starts_with("parent's turn; the child: Asleep\nchild's turn\n"),
        expected: "the child to go back to sleep after a signal: the parent's turn is not over",
        seen: "{seen}",
        likely: "a read that a signal interrupts (EINTR) is taken for the end of the parent's turn",
        read: "signal(7), Interruption of system calls; hint 5",
    );
    require_end(&observed, "exited 5");
}

#[test]
fn a_child_that_dies_in_its_turn_gives_the_turn_on() {
    let observed = scene("child-dies");
    let seen = &observed.stdout;
    require!(seen.starts_with("parent's turn\n"),
        expected: "the parent's turn after the child, which is first, was killed",
        seen: "{seen}",
        likely: "a child that did not end well is treated as an error",
        read: "README, the task",
    );
    require_end(&observed, "killed by SIGKILL");
}

#[test]
fn a_child_does_not_wait_for_a_parent_that_has_died() {
    let observed = scene("parent-dies");
    let seen = &observed.stdout;
    require!(seen.lines().any(|line| line == "ended: 2"),
        expected: "the parent, which is killed in its turn, and then its child to end",
        seen: "{seen}",
        likely: "the child waits for a byte that nobody will write any more",
        read: "pipe(7): end-of-file; hint 5",
    );
}

#[test]
fn a_parent_that_dies_in_its_turn_gives_the_turn_on() {
    let observed = scene("parent-dies");
    let seen = &observed.stdout;
    require!(seen.starts_with("child's turn\n"),
        expected: "the child's turn after the parent, which is first, was killed in its own",
        seen: "{seen}",
        likely: "the child expects a byte from the parent: end-of-file without one also says that \
            the parent's turn is over",
        read: "README, the task; pipe(7): end-of-file; hint 5",
    );
}

#[test]
fn what_the_child_prints_belongs_to_its_turn() {
    let observed = scene("late-output");
    let seen = observed.lines()[0];
    require!(seen == "first: the child's output",
        expected: "the parent's turn to begin when what the child has printed is written",
        seen: "{seen}",
        likely: "the child ends its turn when its body has returned, and flushes only afterwards",
        read: "hint 3",
    );
    let seen = observed.lines()[1];
    require!(seen == "exited 0",
        expected: "in_order to return the status of the child: exited 0",
        seen: "{seen}",
        likely: "what `wait_for` says is not what `in_order` returns",
        read: "README, the task",
    );
}

#[test]
fn in_order_writes_output_once_too() {
    let seen = scene("output").lines()[0].to_owned();
    require!(seen == "[before][child][parent]",
        expected: "\"[before][child][parent]\"",
        seen: "\"{seen}\"",
        likely: "in_order has a fork of its own, without the flushes of fork_child",
        read: "hint 3",
    );
}

#[rstest]
#[case::child_first("child-first")]
#[case::parent_first("parent-first")]
fn in_order_reaps_its_child(#[case] name: &str) {
    let observed = scene(name);
    require_end(&observed, "exited 5");
    let stdout = observed.stdout;
    let left = stdout.lines().last().unwrap_or("nothing printed");
    require!(left == "children left: none",
        expected: "in_order to wait for its child in either order",
        seen: "{left}",
        likely: "only one of the two orders ends with wait_for",
        read: "wait(2), NOTES: zombies",
    );
}

#[track_caller]
fn require_end(observed: &Observed, expected: &str) {
    let seen = observed.lines().get(2).copied().unwrap_or("nothing");
    let seen = if expected.starts_with("killed") { observed.lines()[1] } else { seen };
    require!(seen == expected,
        expected: "in_order to return the status of the child: {expected}",
        seen: "{seen}",
        likely: "what `wait_for` says is not what `in_order` returns",
        read: "README, the task",
    );
}

#[test]
fn a_process_that_the_parent_has_started_does_not_keep_the_child_waiting() {
    let observed = scene("survivor");
    let seen = observed.stdout.trim_end();
    require!(observed.stdout.starts_with("parent's turn\nchild's turn\nexited 5\n"),
        expected: "the child's turn after the parent's, although a process that the parent has forked in its turn lives on",
        seen: "{seen}",
        likely: "end-of-file is the only message that the turn is over, and the other process has a copy of the write end",
        read: "pipe(7); src/lib.rs, in_order",
    );
}

#[test]
fn a_parents_turn_that_panics_is_over() {
    let observed = scene("panic");
    let seen = observed.stdout.trim_end();
    let right = "the child has its turn\nthe caller has the panic: true; it has ended\n";
    require!(observed.stdout.starts_with(right),
        expected: "the caller to have the panic of the parent's turn, and the child to take its turn and exit with 5",
        seen: "{seen}",
        likely: "the panic is caught, or the pipe's write end is kept where unwinding does not drop it",
        read: "src/lib.rs, in_order",
    );
}

/// What happens in the parent's turn, what in the child's, and what `in_order` returns then.
const TURNS: [(&str, &str, &str); 16] = [
    ("returns", "returns", "exited 5"),
    ("returns", "returns 300", "exited 44"),
    ("returns", "panics", "exited 101"),
    ("returns", "panics with a bomb", "exited 101"),
    ("returns", "exits", "exited 9"),
    ("returns", "is killed", "killed by SIGKILL"),
    ("returns", "is killed by 40", "the error EINVAL"),
    ("returns", "leaves a thread", "exited 5"),
    ("returns", "leaves a process", "exited 5"),
    ("returns", "leaves a process and panics", "exited 101"),
    ("leaves a thread", "returns", "exited 5"),
    ("leaves a process", "returns", "exited 5"),
    ("panics", "returns", "the panic"),
    ("leaves a process and panics", "returns", "the panic"),
    ("stops the child", "returns", "exited 5"),
    ("kills the child", "never begins", "killed by SIGKILL"),
];

#[rstest]
#[case::the_parents("parent", "PpCc")]
#[case::the_childs("child", "CcPp")]
fn whatever_happens_in_a_turn_the_other_begins_when_it_is_over(
    #[case] first: &str,
    #[case] in_turn: &str,
) {
    // A child that was first has ended: nobody stops or kills it any more.
    let is_possible = |parents: &str| {
        first == "parent" || !["stops the child", "kills the child"].contains(&parents)
    };
    for (parents, childs, result) in TURNS.into_iter().filter(|row| is_possible(row.0)) {
        let row = format!("{first} first: the parent {parents}, the child {childs}");
        let program = Program::new(env!("CARGO_BIN_EXE_turn_scenes"));
        let observed = program.arg("table").arg(first).arg(parents).arg(childs).run();
        let Observed { ending, stdout, stderr, stuck } = &observed;
        let leaves_a_process = format!("{parents}{childs}").contains("process");
        require!(*ending != Ending::TimedOut || !stuck.is_empty(),
            expected: "({row}) both to end",
            seen: "nothing for 10 s, and nobody asleep in read, write or wait, after\n{stdout}{stderr}",
            likely: "a call that fails at once is made again for ever: only EINTR asks for that",
            read: "wait(2), ERRORS; src/lib.rs, wait_for; hint 4",
        );
        require!(*ending != Ending::TimedOut || !leaves_a_process,
            expected: "({row}) the other's turn to begin although the process that was left lives on",
            seen: "nothing for 10 s, after\n{stdout}{stderr}{stuck}",
            likely: "the turn's end is told by end-of-file alone, and the process that was left has a \
                copy of the write end",
            read: "pipe(7), I/O on pipes and FIFOs; src/lib.rs, in_order",
        );
        require!(*ending != Ending::TimedOut,
            expected: "({row}) both to end",
            seen: "nothing for 10 s, after\n{stdout}{stderr}{stuck}",
            likely: "this end of a turn is not told to the other side",
            read: "src/lib.rs, in_order; hint 5",
        );
        let line = |name: &str| {
            let value = stdout.lines().find_map(|line| line.strip_prefix(name));
            value.unwrap_or("nothing").to_owned()
        };
        let right = if parents == "kills the child" { "Pp" } else { in_turn };
        // The child does not come to its last mark if it never gets to run on.
        let seen = line("turns: ");
        require!(seen == right,
            expected: "({row}) the turns {right}: a capital where one begins, a small letter where it ends",
            seen: "{seen}\n{stderr}",
            likely: "this end of a turn is taken for an error, or what is no end is taken for one",
            read: "src/lib.rs, in_order; hint 5",
        );
        let seen = line("result: ");
        require!(seen == result,
            expected: "({row}) {result} from in_order",
            seen: "{seen}",
            likely: "an error on the way (EPIPE, when nobody hears of the turn's end) is returned \
                instead of the child's status, or the call has not waited for this child",
            read: "src/lib.rs, in_order; pipe(7), EPIPE",
        );
        let said = ["[before]", "[parent]", "[child]"].map(|word| stdout.matches(word).count());
        // What a child has in its buffer when it is killed, or calls _exit, is lost.
        let says_all = !["exits", "is killed", "is killed by 40", "never begins"].contains(&childs);
        let right = [1, 1, if says_all { 1 } else { said[2].min(1) }];
        require!(said == right,
            expected: "({row}) the output before, of the parent and of the child, {right:?} times",
            seen: "{said:?} times:\n{stdout}",
            likely: "one of the two orders has a fork of its own, without the flushes of fork_child",
            read: "hint 3",
        );
        let seen = ["zombies: ", "descriptors left: ", "another child: "].map(line).join(", ");
        require!(seen == "0, 0, Ok(true)",
            expected: "({row}) no zombie, no descriptor left, and another child still to be waited \
                for: 0, 0, Ok(true)",
            seen: "{seen}",
            likely: "this way out skips wait_for or the close of an end, or waits for any child",
            read: "wait(2); src/lib.rs, in_order",
        );
        require!(*ending == Ending::Exited(0),
            expected: "({row}) the scene to end well",
            seen: "{ending:?}\n{stdout}{stderr}",
            likely: "a panic, whose text stands above",
            read: "README, the task",
        );
    }
}
