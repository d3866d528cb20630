//! Runs a pipeline in a program of its own (`src/bin/pipeline.rs`) and reads its report.

#![allow(dead_code)] // not every test target uses all of it

use testkit::program::{Ending, Observed, Program};
use testkit::require;

/// What the program with the pipeline said, and what its stages said on descriptor 2.
#[derive(Debug)]
pub struct Report {
    facts: Vec<String>,
    pub output: String,
    pub stderr: String,
}

/// `spawn`, then input, output and the wait by the given program.
#[track_caller]
pub fn spawn(stage: &str, input: &str) -> Report {
    let stuck_because = "`spawn` waits for end-of-file on a pipe of its own whose write end it \
                         still holds: drop that before you read";
    report(&[&["spawn"], &words(stage)[..]].concat(), input, stuck_because)
}

/// `run`, with stages such as `cat | upper`.
#[track_caller]
pub fn run(stages: &str, input: &str, stuck_because: &str) -> Report {
    report(&[&["run"], &words(stages)[..]].concat(), input, stuck_because)
}

/// `spawn` or `run`, called by a process that has another child, which has ended. Its fact is `elder`.
#[track_caller]
pub fn beside_an_elder(call: &str, stages: &str) -> Report {
    let stuck_because = "a child that `spawn` has started is waited for, and does not end";
    report(&[&["elder", call], &words(stages)[..]].concat(), "", stuck_because)
}

/// `run`, with stages that ignore SIGTERM unless they or you change that.
#[track_caller]
pub fn run_deaf(stages: &str, stuck_because: &str) -> Report {
    report(&[&["deaf", "run"], &words(stages)[..]].concat(), "", stuck_because)
}

/// `spawn` or `run`, called by a process that has an exit handler and unfinished lines in its buffers.
#[track_caller]
pub fn with_lines_unfinished(call: &str, stages: &str) -> Report {
    let stuck_because =
        "`spawn` returns an error, and its child lives on with the ends of its pipes";
    report(&[&["unfinished", call], &words(stages)[..]].concat(), "", stuck_because)
}

/// `spawn` or `run`, called by a process that has closed these of its descriptors 0 and 1.
#[track_caller]
pub fn without(closed: &str, call: &str, stages: &str, input: &str) -> Report {
    let stuck_because = "a pipe got the number 0 or 1 in the caller, and `dup2` in the child has written over it, \
                         or has left it as it is, close-on-exec";
    report(&[&["without", closed, call], &words(stages)[..]].concat(), input, stuck_because)
}

/// `run`, called by a process that has more than a thousand descriptors.
#[track_caller]
pub fn in_a_crowd(stages: &str, input: &str) -> Report {
    let stuck_because = "the end of a pipe is not watched, for its number is too large";
    report(&[&["crowd", "run"], &words(stages)[..]].concat(), input, stuck_because)
}

/// `run`, called by a process that takes what a stage leaves behind as its child, and waits for it after `run`.
#[track_caller]
pub fn with_orphans(stages: &str) -> Report {
    let stuck_because =
        "the orphan, which becomes a child of the caller, is waited for like a stage";
    report(&[&["foster", "run"], &words(stages)[..]].concat(), "", stuck_because)
}

/// `spawn`, called by a process with a strange environment.
#[track_caller]
pub fn with_a_strange_environment(stage: &str) -> Report {
    let stuck_because =
        "`spawn` returns an error, and its child lives on with the ends of its pipes";
    report(&[&["environment", "spawn"], &words(stage)[..]].concat(), "", stuck_because)
}

/// `spawn` with these words as they are; `None`: with the path of a text.
#[track_caller]
pub fn spawn_no_path(name: Option<&str>) -> Report {
    let words = name.map_or(vec!["text"], |name| vec!["spawn", name]);
    report(&words, "", "a shell runs, and reads what you do not close")
}

/// The command line: `cat` stands for the given program `stage` with the argument `cat`; what begins
/// with a slash is a path.
fn words(stages: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for (i, stage) in stages.split(" | ").enumerate() {
        if i > 0 {
            words.push("|");
        }
        if !stage.starts_with('/') {
            words.push(env!("CARGO_BIN_EXE_stage"));
        }
        words.extend(stage.split(' '));
    }
    words
}

#[track_caller]
fn report(words: &[&str], input: &str, stuck_because: &str) -> Report {
    let mut program = Program::new(env!("CARGO_BIN_EXE_pipeline")).stdin(input);
    for &word in words {
        program = program.arg(word);
    }
    let Observed { ending, stdout, stderr, stuck } = program.run();
    require!(ending != Ending::TimedOut,
        expected: "the pipeline to come to its end",
        seen: "it hangs\n{stuck}",
        likely: "{stuck_because}",
        read: "pipe(7), \"I/O on pipes and FIFOs\"; hints 2 and 3",
    );
    require!(!stderr.contains("returned twice"),
        expected: "the call to return once, in the process that made it",
        seen: "it returned in the child too: two processes now run the rest of the program",
        likely: "`?` or `return` in the child after fork; it must exec, or tell and `_exit`",
        read: "fork(2); _exit(2); hint 4",
    );
    require!(ending != Ending::Signalled(nix::sys::signal::Signal::SIGPIPE),
        expected: "the process that runs the pipeline to live on when a stage wants no more input",
        seen: "SIGPIPE ended it",
        likely: "SIGPIPE is set to its default in the parent; only the child needs that, after fork",
        read: "signal(7), \"Signal dispositions\"",
    );
    require!(ending == Ending::Exited(0),
        expected: "the program that calls your function to exit with 0",
        seen: "{ending:?}\n{stderr}",
        likely: "a panic or a `todo!`: its text stands above",
        read: "README, the task",
    );
    let (facts, output) = stdout.split_once("output\n").unwrap_or((&stdout, ""));
    Report { facts: facts.lines().map(str::to_owned).collect(), output: output.to_owned(), stderr }
}

impl Report {
    /// The facts that begin with this word, without it.
    pub fn all(&self, word: &str) -> Vec<&str> {
        let after = |line: &'_ String| line.strip_prefix(word).is_some_and(|l| l.starts_with(' '));
        self.facts.iter().filter(|line| after(line)).map(|line| &line[word.len() + 1..]).collect()
    }

    /// How often this text stands on a line that the caller printed itself.
    pub fn printed(&self, text: &str) -> usize {
        self.facts.iter().map(|line| line.matches(text).count()).sum()
    }

    /// Ended well: no error, and no stage left behind.
    #[track_caller]
    pub fn require_no_error(&self) {
        let errors = self.all("error").join(", ");
        require!(errors.is_empty(),
            expected: "the pipeline to run",
            seen: "the error {errors}",
            likely: "a descriptor that was closed too early, or an errno that is no failure here",
            read: "README, the task",
        );
    }

    /// No child and no descriptor is left.
    #[track_caller]
    pub fn require_nothing_left(&self) {
        let children = self.all("children").join(", ");
        require!(children == "none",
            expected: "every stage to have been waited for (waitpid returns ECHILD)",
            seen: "a child is still {children}",
            likely: "not every stage that was started is reaped, here or on the way of an error",
            read: "wait(2), \"Notes\", on zombies; hint 4",
        );
        let open = self.all("left").join("\n");
        require!(open.is_empty(),
            expected: "the same descriptors to be open as before",
            seen: "{open}",
            likely: "an end is kept by `into_raw_fd`, `forget` or a path that does not drop it",
            read: "close(2); hint 2",
        );
    }
}
