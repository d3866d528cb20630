//! Results with flags that count only once a person has approved them.
//!
//! The file `approved.csv` beside the results says both: that flagged results are held, because it is
//! there, and which of them were approved. An approval is of one text: what is handed in anew is held again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::csv::csv;
use super::store::GradedExercise;
use crate::Error;
use crate::system::files;

/// The file's name in the directory of the results.
const FILE: &str = "approved.csv";

/// What was approved; `None` if flagged results count like the others.
#[derive(Debug, Default)]
pub struct Approvals(Option<BTreeSet<Approval>>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {
    student: String,
    exercise: String,
    hash: String,
}

impl Approval {
    fn new(result: &GradedExercise) -> Self {
        let GradedExercise { student, exercise, hash, .. } = result;
        Self { student: student.clone(), exercise: exercise.clone(), hash: hash.clone() }
    }
}

impl Approvals {
    /// The words beside the results.
    pub fn load(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(FILE);
        let Some(text) = files::read_if_there(&path)? else { return Ok(Self(None)) };
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let approvals: Result<_, csv::Error> = reader.deserialize().collect();
        approvals.map(|all| Self(Some(all))).map_err(|error| Error::Format {
            path,
            problem: error.to_string(),
            remedy: "Each line is a student, an exercise and a hash; `checker score DIR --approve \
                     STUDENT/EXERCISE` writes them. If the file goes, flagged results are no longer held."
                .to_owned(),
        })
    }

    /// Holds results with flags from now on.
    pub fn hold(&mut self) {
        self.0.get_or_insert_default();
    }

    /// Approves the result that is named as `STUDENT/EXERCISE`.
    pub fn approve(&mut self, results: &[GradedExercise], name: &str) -> Result<(), Error> {
        let (student, exercise) = name.rsplit_once('/').unwrap_or((name, ""));
        let is_named = |it: &&GradedExercise| it.student == student && it.exercise == exercise;
        let result = results.iter().find(is_named).ok_or_else(|| {
            Error::Refused(format!(
                "there is no result `{name}`; expected STUDENT/EXERCISE with the exercise's name, such as \
                 ada/semaphore"
            ))
        })?;
        self.0.get_or_insert_default().insert(Approval::new(result));
        Ok(())
    }

    /// Takes what others have approved; if they hold results, these are held here, too.
    pub fn join(&mut self, other: Self) {
        if let Some(other) = other.0 {
            self.0.get_or_insert_default().extend(other);
        }
    }

    /// Writes it beside the results.
    pub fn save(&self, directory: &Path) -> Result<(), Error> {
        let Some(approvals) = &self.0 else { return Ok(()) };
        let headings = ["student", "exercise", "hash"];
        let rows = approvals.iter().map(|it| [&it.student, &it.exercise, &it.hash]);
        let text = csv(std::iter::once(headings).chain(rows.map(|row| row.map(String::as_str))));
        files::write_atomically(&PathBuf::from(directory).join(FILE), &text)
    }

    /// The results that count, and those that are held.
    pub fn divide(
        &self,
        results: Vec<GradedExercise>,
    ) -> (Vec<GradedExercise>, Vec<GradedExercise>) {
        let counts = |result: &GradedExercise| match &self.0 {
            Some(approved) => result.flags.is_empty() || approved.contains(&Approval::new(result)),
            None => true,
        };
        results.into_iter().partition(counts)
    }
}

/// What to say of a result that is held.
pub fn in_words(result: &GradedExercise) -> String {
    let GradedExercise { student, exercise, flags, .. } = result;
    let flags: Vec<String> = (flags.iter())
        .map(|flag| format!("{}:{}: `{}` {}", flag.file, flag.line, flag.what, flag.kind.why()))
        .collect();
    format!("held until it is approved: {student}/{exercise}: {}", flags.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::{Flag, Kind};
    use crate::grade::store::Conditions;
    use crate::grade::store::Layers;
    use crate::verdict::{Judgement, Verdict};

    fn result(hash: &str, flags: usize) -> GradedExercise {
        let flag =
            Flag { file: "src/lib.rs".into(), line: 3, kind: Kind::Exit, what: "exit".into() };
        GradedExercise {
            student: "Lovelace, Ada/x".into(),
            exercise: "pipe".into(),
            hash: hash.into(),
            judgement: Judgement::without_tests(Verdict::Passed, None, None),
            flags: vec![flag; flags],
            layers: Layers::default(),
            conditions: Conditions::default(),
            text: None,
        }
    }

    fn held(approvals: &Approvals, result: GradedExercise) -> bool {
        approvals.divide(vec![result]).0.is_empty()
    }

    #[test]
    fn nothing_is_held_unless_it_is_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let mut approvals = Approvals::load(directory.path()).unwrap();
        assert!(!held(&approvals, result("h", 1)));
        approvals.hold();
        approvals.save(directory.path()).unwrap();
        let approvals = Approvals::load(directory.path()).unwrap();
        assert!(held(&approvals, result("h", 1)) && !held(&approvals, result("h", 0)));
    }

    #[test]
    fn an_approval_is_kept_and_is_of_one_text() {
        let directory = tempfile::tempdir().unwrap();
        let mut approvals = Approvals::default();
        approvals.approve(&[result("h", 1)], "Lovelace, Ada/x/pipe").unwrap();
        approvals.save(directory.path()).unwrap();
        let approvals = Approvals::load(directory.path()).unwrap();
        assert!(!held(&approvals, result("h", 1)) && held(&approvals, result("i", 1)));
        let error = Approvals::default().approve(&[result("h", 1)], "ada/pipe").unwrap_err();
        assert!(error.to_string().contains("expected STUDENT/EXERCISE"), "{error}");
    }

    #[test]
    fn joined_directories_hold_if_one_of_them_does() {
        let mut joined = Approvals::default();
        joined.join(Approvals::default());
        assert!(!held(&joined, result("h", 1)));
        let mut other = Approvals::default();
        other.approve(&[result("h", 1)], "Lovelace, Ada/x/pipe").unwrap();
        joined.join(other);
        assert!(!held(&joined, result("h", 1)) && held(&joined, result("i", 1)));
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(FILE), "who\nada\n").unwrap();
        let error = Approvals::load(directory.path()).unwrap_err().to_string();
        assert!(error.contains(FILE) && error.contains("--approve"), "{error}");
    }

    #[test]
    fn the_words_name_every_flag() {
        let words = in_words(&result("h", 2));
        assert!(words.contains("Ada/x/pipe: src/lib.rs:3: `exit` ends the process"), "{words}");
        assert_eq!(words.matches("src/lib.rs:3").count(), 2, "{words}");
    }
}
