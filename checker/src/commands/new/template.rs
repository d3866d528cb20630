//! The files of a new exercise. They are whole ones, for an exercise 0.0 `new_exercise` on claim C0.

use clap::ValueEnum;

/// What the tests of the exercise look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// What functions return
    Plain,
    /// Threads in every schedule: tests under shuttle and loom
    Lock,
    /// Processes as the kernel saw them: a test of the timeline
    Processes,
}

/// What is written into the templates.
#[derive(Debug)]
pub(super) struct Values<'a> {
    pub number: String,
    pub name: &'a str,
    pub title: &'a str,
    pub claims: &'a [String],
    /// The exercise's directory below `exercises/`.
    pub directory: &'a str,
}

/// The title where none was given.
pub(super) const NO_TITLE: &str = "TODO: a title";

/// A file's path and its text.
type File = (&'static str, &'static str);

macro_rules! files {
    ($($path:literal = $file:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../templates/exercise/", $file)))),*]
    };
}

const CURRICULUM: &str = include_str!("../../../templates/exercise/curriculum.toml");

const TEXTS: &[File] = files! { "README.md" = "README.md", "hints.md" = "hints.md" };

impl Kind {
    /// The exercise's files, in its directory.
    fn exercise(self) -> &'static [File] {
        match self {
            Kind::Plain => files! {
                "Cargo.toml" = "plain/Cargo.toml",
                "src/lib.rs" = "plain/src/lib.rs",
                "src/main.rs" = "plain/src/main.rs",
                "tests/new_exercise.rs" = "plain/tests/new_exercise.rs",
                "snapshots/experiment.snap" = "plain/experiment.snap",
            },
            Kind::Lock => files! {
                "Cargo.toml" = "lock/Cargo.toml",
                "src/lib.rs" = "lock/src/lib.rs",
                "src/new_exercise.rs" = "lock/src/new_exercise.rs",
                "src/main.rs" = "lock/src/main.rs",
                "tests/new_exercise.rs" = "lock/tests/new_exercise.rs",
                "tests/protocol.rs" = "lock/tests/protocol.rs",
                "tests/orderings.rs" = "lock/tests/orderings.rs",
                "snapshots/experiment.snap" = "lock/experiment.snap",
            },
            Kind::Processes => files! {
                "Cargo.toml" = "processes/Cargo.toml",
                "src/lib.rs" = "processes/src/lib.rs",
                "src/main.rs" = "processes/src/main.rs",
                "tests/new_exercise.rs" = "processes/tests/new_exercise.rs",
                "tests/timeline.rs" = "processes/tests/timeline.rs",
                "snapshots/experiment.snap" = "processes/experiment.snap",
            },
        }
    }

    /// Its solutions, in their directory.
    fn solutions(self) -> &'static [File] {
        match self {
            Kind::Plain => files! {
                "lib.rs" = "plain/solution/lib.rs",
                "wrong/example.patch" = "plain/solution/wrong.patch",
            },
            Kind::Lock => files! {
                "new_exercise.rs" = "lock/solution/new_exercise.rs",
                "wrong/example.patch" = "lock/solution/wrong.patch",
            },
            Kind::Processes => files! {
                "lib.rs" = "processes/solution/lib.rs",
                "wrong/example.patch" = "processes/solution/wrong.patch",
            },
        }
    }

    /// The file that the learner edits.
    fn edited(self) -> &'static str {
        match self {
            Kind::Lock => "src/new_exercise.rs",
            Kind::Plain | Kind::Processes => "src/lib.rs",
        }
    }

    fn needs(self) -> &'static str {
        match self {
            Kind::Processes => "{ timeline = \"ptrace\" }",
            Kind::Plain | Kind::Lock => "{}",
        }
    }
}

impl Values<'_> {
    /// The files of the exercise's directory.
    pub(super) fn exercise(&self, kind: Kind) -> Vec<(String, String)> {
        self.filled(kind, &[TEXTS, kind.exercise()].concat())
    }

    /// The files of its solutions' directory.
    pub(super) fn solutions(&self, kind: Kind) -> Vec<(String, String)> {
        self.filled(kind, kind.solutions())
    }

    /// Its entry in the curriculum.
    pub(super) fn entry(&self, kind: Kind) -> String {
        let claims: Vec<String> = self.claims.iter().map(|claim| format!("{claim:?}")).collect();
        let text = CURRICULUM
            .replace("[\"C0\"]", &format!("[{}]", claims.join(", ")))
            .replace("needs = {}", &format!("needs = {}", kind.needs()))
            .replace("\"TODO: a title\"", &format!("{:?}", self.title));
        self.fill(kind, &text)
    }

    fn filled(&self, kind: Kind, files: &[File]) -> Vec<(String, String)> {
        let fill = |(path, text): &File| (self.fill(kind, path), self.fill(kind, text));
        files.iter().map(fill).collect()
    }

    fn fill(&self, kind: Kind, text: &str) -> String {
        let line = |claim: &String| {
            format!(
                "> **Claim {claim}.** TODO: its sentence, as another exercise on it quotes it.\n"
            )
        };
        let claims: Vec<String> = self.claims.iter().map(line).collect();
        text.replace(&line(&"C0".to_owned()), &claims.join(">\n"))
            .replace("00_part/00_new_exercise", self.directory)
            .replace("src/edited.rs", kind.edited())
            .replace(NO_TITLE, self.title)
            .replace("0.0 ", &format!("{} ", self.number))
            .replace("\"0.0\"", &format!("\"{}\"", self.number))
            .replace("new_exercise", self.name)
            .replace("NewExercise", &camel_case(self.name))
    }
}

/// `read_lock` as a type is called: `ReadLock`.
fn camel_case(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>()
    };
    name.split('_').map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_templates_own_names_is_left() {
        let claims = ["C6".to_owned(), "C7".to_owned()];
        let values = Values {
            number: "2.9".to_owned(),
            name: "read_lock",
            title: "The \"one\" time",
            claims: &claims,
            directory: "02_locks/09_read_lock",
        };
        for kind in [Kind::Plain, Kind::Lock, Kind::Processes] {
            let mut files = values.exercise(kind);
            files.extend(values.solutions(kind));
            files.push(("entry".to_owned(), values.entry(kind)));
            for (path, text) in files {
                for left in ["new_exercise", "NewExercise", "0.0", "C0", "edited.rs", "00_"] {
                    assert!(!text.contains(left) && !path.contains(left), "{path}: {left}\n{text}");
                }
            }
            assert!(values.entry(kind).contains("claims = [\"C6\", \"C7\"]"));
            let entry: toml::Table = values.entry(kind).parse().unwrap();
            assert_eq!(entry["exercise"][0]["title"].as_str(), Some("The \"one\" time"));
        }
    }
}
