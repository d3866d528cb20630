//! A scene: what a program of the exercise prints when it is run with some arguments.
//!
//! The program has one thread, as a libtest binary has not, and prints as its last line what is left of the scene:
//! `changed: `, and then the changes of a [`crate::survey::Survey`].

use crate::program::{Ending, Observed, Program};
use crate::{Lesson, require};

/// The program of the scenes, and the lesson for one that leaves something behind.
pub struct Scenes<'a> {
    /// Its path.
    pub program: &'a str,
    /// What is not to be left.
    pub leaves: &'a str,
    /// Why something is left.
    pub likely: &'a str,
    /// Where to read about that.
    pub read: &'a str,
}

/// What a scene should print, and why it might not.
pub struct Scene<'a> {
    /// The arguments of the program.
    pub args: &'a [&'a str],
    /// The lines that it prints.
    pub prints: &'a [&'a str],
    /// Why it might print others.
    pub likely: &'a str,
    /// Where to read about that.
    pub read: &'a str,
}

impl Scene<'_> {
    /// Runs the scene; it has to print this, and the caller has to be left as it was.
    #[track_caller]
    pub fn require(&self, scenes: &Scenes<'_>) {
        let Self { args, prints, likely, read } = *self;
        let program = Program::new(scenes.program);
        let observed = args.iter().fold(program, |program, arg| program.arg(*arg)).run();
        let Observed { ending, stdout, stderr, stuck } = &observed;
        require!(!stderr.contains("not yet implemented"),
            expected: "the scene {args:?} to come to its end",
            seen: "{stderr}",
            likely: "a `todo!` is still there",
            read: "README, the task",
        );
        let mut lines = observed.lines();
        let left = lines.pop().unwrap_or_default();
        if *ending != Ending::Exited(0) || lines != prints {
            let seen = match ending {
                Ending::Exited(0) => lines.join("\n"),
                Ending::TimedOut => format!("it never ends, after\n{stdout}{stderr}{stuck}"),
                ending => format!("{ending:?}, after\n{stdout}{stderr}{stuck}"),
            };
            let expected = prints.join("\n");
            let likely = likely.to_owned();
            Lesson { expected, seen, likely, read: read.to_owned(), ..Lesson::default() }.fail();
        }
        if left != "changed: " {
            Lesson {
                expected: format!("nothing to be left in the caller: {}", scenes.leaves),
                seen: left.to_owned(),
                likely: scenes.likely.to_owned(),
                read: scenes.read.to_owned(),
                ..Lesson::default()
            }
            .fail();
        }
    }
}
