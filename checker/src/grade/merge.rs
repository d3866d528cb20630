//! Joins the results of several machines in one directory.
//!
//! Rows are compared whole, as the store reads them: what is the same in two places is kept once, and what
//! differs is a *conflict*. Nothing decides between the two sides of a conflict, so nothing is written
//! then. Otherwise all that is new is written in one transaction, and merging again writes nothing.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::approval::Approvals;
use super::grading::{has_results, results_in};
use super::partition::{Partition, missing};
use super::private;
use super::scheme;
use super::store::{GradedExercise, Store, Stored};
use crate::Error;
use crate::system::files;

/// What came of merging.
#[derive(Debug, PartialEq, Eq)]
pub enum Merged {
    /// All is in the target.
    Whole {
        /// How many submissions were not there before.
        submissions: usize,
        /// How many results were not there before.
        results: usize,
        /// The parts of the class that are in none of the places.
        missing: Vec<Partition>,
    },
    /// Two places say different things of the same; the target is as it was. One sentence for each.
    Conflicts(Vec<String>),
}

/// Joins the results in the directories `parts` with those in `target`, if there are some, or in a new
/// directory of this name.
pub fn merge(target: &Path, parts: &[PathBuf]) -> Result<Merged, Error> {
    let before = if has_results(target) { Some(results_in(target)?) } else { None };
    let mut rows = Rows::default();
    if let Some(store) = &before {
        rows.add(target, store)?;
    }
    for part in parts {
        refuse_target(target, part)?;
        rows.add(part, &results_in(part)?)?;
        if before.is_none() {
            rows.add_scheme(part)?;
            rows.add_private(part)?;
        }
    }
    if !rows.conflicts.is_empty() {
        return Ok(Merged::Conflicts(rows.conflicts));
    }
    let store = match before {
        Some(store) => store,
        None => {
            // First, so that a target that has results has had its scheme from the beginning.
            if let Some((Some(scheme), _)) = &rows.scheme {
                files::write_atomically(&target.join(scheme::FILE), scheme)?;
            }
            if let Some((Some(private), _)) = &rows.private {
                files::write_atomically(&target.join(private::FILE), private)?;
            }
            Store::open(target)?
        }
    };
    // Before the results, so that none of them counts that was held.
    let mut approvals = Approvals::load(target)?;
    for part in parts {
        approvals.join(Approvals::load(part)?);
    }
    approvals.save(target)?;
    store.transaction(|| rows.write(target, &store))
}

/// The target is read anyway; as a part it would be a mistake of another kind, such as a pattern too wide.
fn refuse_target(target: &Path, part: &Path) -> Result<(), Error> {
    // What cannot be found is not the target, or is not there yet.
    let is_target = matches!(
        (fs::canonicalize(target), fs::canonicalize(part)),
        (Ok(target), Ok(part)) if target == part
    );
    if is_target {
        Err(Error::Refused(format!(
            "{}: it is to be merged into itself\nName the other directories, and this one as --out only",
            part.display()
        )))
    } else {
        Ok(())
    }
}

/// All rows, each with the directory that it was first found in.
#[derive(Default)]
struct Rows<'a> {
    submissions: BTreeMap<String, (Stored, &'a Path)>,
    results: BTreeMap<(String, String), (GradedExercise, &'a Path)>,
    /// What counts in a new target; a target that has results keeps what it has.
    scheme: Option<(Option<String>, &'a Path)>,
    /// Which private tests there are, in the same way.
    private: Option<(Option<String>, &'a Path)>,
    /// Which parts of the class these are.
    parts: BTreeSet<Partition>,
    conflicts: Vec<String>,
}

impl<'a> Rows<'a> {
    fn add_scheme(&mut self, place: &'a Path) -> Result<(), Error> {
        let text = files::read_if_there(&place.join(scheme::FILE))?;
        match &self.scheme {
            None => self.scheme = Some((text, place)),
            Some((known, there)) if *known != text => {
                self.conflicts.push(conflict(scheme::FILE, "another scheme counts", there, place));
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn add_private(&mut self, place: &'a Path) -> Result<(), Error> {
        let text = files::read_if_there(&place.join(private::FILE))?;
        match &self.private {
            None => self.private = Some((text, place)),
            Some((known, there)) if *known != text => {
                let what = "other private tests were run";
                self.conflicts.push(conflict(private::FILE, what, there, place));
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn add(&mut self, place: &'a Path, store: &Store) -> Result<(), Error> {
        self.parts.extend(store.parts()?);
        for stored in store.submissions()? {
            match self.submissions.entry(stored.submission.student.clone()) {
                Entry::Vacant(free) => drop(free.insert((stored, place))),
                Entry::Occupied(other) if other.get().0 == stored => {}
                Entry::Occupied(other) => {
                    let (known, there) = other.get();
                    let what = two_submissions(known, &stored);
                    let student = other.key();
                    self.conflicts.push(conflict(student, &what, there, place));
                }
            }
        }
        for result in store.results()? {
            match self.results.entry((result.student.clone(), result.exercise.clone())) {
                Entry::Vacant(free) => drop(free.insert((result, place))),
                Entry::Occupied(other) if is_same(&other.get().0, &result) => {}
                Entry::Occupied(other) => {
                    let (known, there) = other.get();
                    let what = two_results(known, &result);
                    let whose = format!("{}, {}", result.student, result.exercise);
                    self.conflicts.push(conflict(&whose, &what, there, place));
                }
            }
        }
        Ok(())
    }

    /// Writes what is not in the target yet.
    fn write(self, target: &Path, store: &Store) -> Result<Merged, Error> {
        let (mut submissions, mut results) = (0, 0);
        for (stored, _) in self.submissions.values().filter(|(_, place)| *place != target) {
            store.put_submission(stored)?;
            submissions += 1;
        }
        for (result, _) in self.results.values().filter(|(_, place)| *place != target) {
            store.put(result)?;
            results += 1;
        }
        let missing = missing(&self.parts);
        // What was whole once stays so, whichever of its parts is merged again.
        let is_whole = missing.is_empty() && !self.parts.is_empty();
        store.put_parts(&if is_whole { [Partition::WHOLE].into() } else { self.parts })?;
        Ok(Merged::Whole { submissions, results, missing })
    }
}

/// Whether two results are the same. Which text is none of the student's own, a workbook without
/// solutions does not know.
fn is_same(one: &GradedExercise, other: &GradedExercise) -> bool {
    let without_text = |result: &GradedExercise| GradedExercise { text: None, ..result.clone() };
    without_text(one) == without_text(other)
}

fn conflict(whose: &str, what: &str, one: &Path, other: &Path) -> String {
    format!("{whose}: {what} ({} and {})", one.display(), other.display())
}

fn two_submissions(one: &Stored, other: &Stored) -> String {
    let (here, there) = (&one.submission, &other.submission);
    if here.origin != there.origin {
        let (here, there) = (here.origin.display(), there.origin.display());
        return format!("two submissions, {here} and {there}");
    }
    if here.days_late != there.days_late {
        return format!("{} and {} days late", here.days_late(), there.days_late());
    }
    "the submission has changed in between".to_owned()
}

fn two_results(one: &GradedExercise, other: &GradedExercise) -> String {
    let (here, there) = (one.judgement.verdict.in_words(), other.judgement.verdict.in_words());
    if one.hash != other.hash {
        return format!("{here} and {there}, of another text or by another checker");
    }
    if here == there {
        format!("{here} in both, with other details")
    } else {
        format!("{here} and {there}, of the same text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grade::intake::Submission;
    use crate::grade::store::Conditions;
    use crate::grade::store::Layers;
    use crate::verdict::{Judgement, Verdict};

    struct Places(tempfile::TempDir);

    impl Places {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        /// Results of `ada`, whose submission lies in `origin`.
        fn ada(&self, name: &str, origin: &str, results: &[(&str, &str, Verdict)]) -> PathBuf {
            let store = Store::open(&self.path(name)).unwrap();
            let submission =
                Submission { student: "ada".into(), origin: origin.into(), days_late: Some(0) };
            let (notes, remarks) = (Vec::new(), Vec::new());
            let stored = Stored { submission, unreadable: None, notes, remarks };
            store.put_submission(&stored).unwrap();
            for (exercise, hash, verdict) in results {
                store.put(&result(exercise, hash, *verdict)).unwrap();
            }
            self.path(name)
        }
    }

    fn result(exercise: &str, hash: &str, verdict: Verdict) -> GradedExercise {
        GradedExercise {
            student: "ada".into(),
            exercise: exercise.into(),
            hash: hash.into(),
            judgement: Judgement::without_tests(verdict, None, None),
            flags: Vec::new(),
            layers: Layers::default(),
            conditions: Conditions::default(),
            text: None,
        }
    }

    #[test]
    fn a_student_whose_exercises_were_shared_out_becomes_whole() {
        let places = Places::new();
        let parts = [
            places.ada("1", "in/ada", &[("pipe", "h", Verdict::Passed)]),
            places.ada("2", "in/ada", &[("spawn", "h", Verdict::Failed)]),
        ];
        let target = places.path("out");
        let merged = merge(&target, &parts).unwrap();
        assert_eq!(merged, Merged::Whole { submissions: 1, results: 2, missing: Vec::new() });
        let results = Store::open(&target).unwrap().results().unwrap();
        assert_eq!(
            results,
            [result("pipe", "h", Verdict::Passed), result("spawn", "h", Verdict::Failed)]
        );
        let again = merge(&target, &parts).unwrap();
        assert_eq!(again, Merged::Whole { submissions: 0, results: 0, missing: Vec::new() });
    }

    #[test]
    fn every_conflict_is_named_and_the_target_is_left_alone() {
        let places = Places::new();
        let target = places.ada("out", "in/ada", &[("pipe", "h", Verdict::Passed)]);
        let parts = [
            places.ada("1", "in/ada", &[("pipe", "h", Verdict::Failed)]),
            places.ada("2", "late/ada", &[("pipe", "i", Verdict::Passed)]),
            places.ada("3", "in/ada", &[("spawn", "h", Verdict::Passed)]),
        ];
        let Merged::Conflicts(conflicts) = merge(&target, &parts).unwrap() else {
            panic!("no conflict was found")
        };
        let of = |what: &str, part: &str| {
            let (target, part) = (target.display(), places.path(part));
            format!("{what} ({target} and {})", part.display())
        };
        assert_eq!(
            conflicts,
            [
                of("ada, pipe: passed and failed, of the same text", "1"),
                of("ada: two submissions, in/ada and late/ada", "2"),
                of("ada, pipe: passed and passed, of another text or by another checker", "2"),
            ]
        );
        let results = Store::open(&target).unwrap().results().unwrap();
        assert_eq!(results, [result("pipe", "h", Verdict::Passed)]);
    }

    #[test]
    fn parts_that_contradict_each_other_make_no_target() {
        let places = Places::new();
        let parts = [
            places.ada("1", "in/ada", &[("pipe", "h", Verdict::Passed)]),
            places.ada("2", "in/ada", &[("pipe", "h", Verdict::Failed)]),
        ];
        assert!(matches!(merge(&places.path("out"), &parts).unwrap(), Merged::Conflicts(_)));
        assert!(!places.path("out").exists());
    }

    #[test]
    fn a_new_target_counts_as_the_parts_do_and_another_one_as_before() {
        let places = Places::new();
        let part = places.ada("1", "in/ada", &[("pipe", "h", Verdict::Passed)]);
        let other = places.ada("2", "in/ada", &[("pipe", "h", Verdict::Passed)]);
        fs::write(part.join(scheme::FILE), "one").unwrap();
        let parts = [part.clone(), other.clone()];
        let Merged::Conflicts(conflicts) = merge(&places.path("out"), &parts).unwrap() else {
            panic!("no conflict was found")
        };
        let (one, two) = (part.display(), other.display());
        assert_eq!(conflicts, [format!("scheme.toml: another scheme counts ({one} and {two})")]);
        let scheme = || fs::read_to_string(places.path("out").join(scheme::FILE)).unwrap();
        merge(&places.path("out"), &[part]).unwrap();
        assert_eq!(scheme(), "one");
        merge(&places.path("out"), &[other]).unwrap();
        assert_eq!(scheme(), "one");
    }

    #[test]
    fn what_is_missing_or_damaged_is_named_before_anything_is_written() {
        let places = Places::new();
        let whole = places.ada("1", "in/ada", &[("pipe", "h", Verdict::Passed)]);
        let refused = |part: &Path, words: &str| {
            let error = merge(&places.path("out"), &[whole.clone(), part.to_owned()]).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(&part.display().to_string()) && text.contains(words), "{text}");
            assert!(!places.path("out").exists());
            error.exit()
        };
        assert_eq!(refused(&places.path("none"), "there are no results"), crate::Exit::Usage);
        assert!(!places.path("none").exists());
        let torn = |name: &str, cut: usize| {
            let directory = places.path(name);
            fs::create_dir(&directory).unwrap();
            let bytes = fs::read(whole.join("results.sqlite")).unwrap();
            fs::write(directory.join("results.sqlite"), &bytes[..cut.min(bytes.len())]).unwrap();
            directory
        };
        assert_eq!(refused(&torn("empty", 0), "it is empty"), crate::Exit::Fault);
        assert_eq!(refused(&torn("torn", 5000), "malformed"), crate::Exit::Fault);
        let other = torn("other", usize::MAX);
        fs::write(other.join("results.sqlite"), "no database, but text ".repeat(500)).unwrap();
        assert_eq!(refused(&other, "not a database"), crate::Exit::Fault);
    }

    #[test]
    fn a_merge_that_breaks_off_leaves_nothing() {
        let places = Places::new();
        let store = Store::open(&places.path("out")).unwrap();
        let broken = store.transaction(|| {
            store.put(&result("pipe", "h", Verdict::Passed))?;
            Err::<(), _>(Error::Interrupted)
        });
        assert!(matches!(broken, Err(Error::Interrupted)));
        assert_eq!(store.results().unwrap(), []);
    }

    #[test]
    fn the_target_is_no_part_of_itself() {
        let places = Places::new();
        let target = places.ada("out", "in/ada", &[("pipe", "h", Verdict::Passed)]);
        let same = places.path("1").join("../out");
        fs::create_dir(places.path("1")).unwrap();
        let error = merge(&target, &[same]).unwrap_err();
        assert!(error.to_string().contains("into itself"), "{error}");
    }
}
