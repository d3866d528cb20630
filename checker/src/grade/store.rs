//! What was found out, kept so that no interruption loses more than what was being judged.
//!
//! One SQLite database in write-ahead mode with full synchronisation: each verdict is a transaction, and
//! when it is in, a crash of the machine does not take it away (as far as fsync(2) goes). Nothing in it
//! says when or in which order something was judged, so that an interrupted run ends in the same rows.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::intake::{Remark, Submission};
use super::partition::Partition;
use super::taken::Note;
use crate::Error;
use crate::flags::Flag;
use crate::system::files;
use crate::system::lock::Lock;
use crate::verdict::Judgement;

pub use sandbox::Layers;

/// The layout of the tables; another number is another program's.
const LAYOUT: i32 = 4;

/// The layouts before it, which become this one when they are opened: 2 has no parts, no `text` and no remarks,
/// and neither says what the tests drew their numbers from and which private ones there were.
const BEFORE: [i32; 2] = [2, 3];

/// The results of a grading, in its directory.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
    /// Held to the end, so that two graders do not share a directory.
    _turn: Lock,
}

/// What is known of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Who, where, how late.
    pub submission: Submission,
    /// Why nothing could be taken from it.
    pub unreadable: Option<String>,
    /// What in it has no effect.
    pub notes: Vec<Note>,
    /// What a person should know of the upload.
    pub remarks: Vec<Remark>,
}

/// What became of one exercise of one submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GradedExercise {
    pub student: String,
    /// The exercise's name.
    pub exercise: String,
    /// What was judged: the hash of sources, tests, tools.
    pub hash: String,
    /// What is true of it.
    pub judgement: Judgement,
    /// What a person may want to look at.
    pub flags: Vec<Flag>,
    /// What stood between it and the machine that judged it.
    pub layers: Layers,
    /// What else decided beside the hash, to grade it in the same way again.
    pub conditions: Conditions,
    /// What is the same for submissions that differ in comments and spaces only; `None` for what was given.
    pub text: Option<String>,
}

/// What a grading was done with besides the workbook.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// The seed that was chosen; `None` if the tests drew from their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// The hash of the private tests, if there were some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<String>,
}

impl Store {
    /// Opens the results in `directory`, or begins with none.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        if directory.is_file() {
            return Err(Error::Refused(format!(
                "{}: it is a file; expected a directory for the results, which may be a new one",
                directory.display()
            )));
        }
        files::create_directory(directory)?;
        let store = Self::connect(directory, OpenFlags::default())?;
        store.prepare()?;
        Ok(store)
    }

    /// Opens results that were written elsewhere: there must be some, and every page of them whole.
    pub fn open_whole(directory: &Path) -> Result<Self, Error> {
        let store = Self::connect(directory, OpenFlags::default() - OpenFlags::SQLITE_OPEN_CREATE)?;
        // An empty file would be a database without tables. It is what a copy that broke off leaves.
        if store.layout()? == 0 {
            return Err(damaged(&store.path, "it is empty"));
        }
        store.prepare()?;
        let found: String = store
            .connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(failed(&store.path))?;
        match found.as_str() {
            "ok" => Ok(store),
            problem => Err(damaged(&store.path, problem)),
        }
    }

    fn connect(directory: &Path, flags: OpenFlags) -> Result<Self, Error> {
        let Some(turn) = Lock::try_take(&directory.join("grading.lock"))? else {
            return Err(Error::Refused(format!(
                "{}: another checker grades into this directory; wait for it, or take another one",
                directory.display()
            )));
        };
        let path = directory.join("results.sqlite");
        if flags.contains(OpenFlags::SQLITE_OPEN_CREATE) {
            files::create(&path)?;
        }
        let connection = Connection::open_with_flags(&path, flags).map_err(failed(&path))?;
        // The directory's lock keeps others out already. Alone, SQLite needs no memory shared between
        // processes for its write-ahead log, which a file system of a cluster may not have.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(failed(&path))?;
        Ok(Self { path, connection, _turn: turn })
    }

    /// Does `work` in one transaction: if it fails, or the machine does, nothing of it is kept.
    pub fn transaction<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let transaction = self.connection.unchecked_transaction().map_err(failed(&self.path))?;
        let done = work()?;
        transaction.commit().map_err(failed(&self.path))?;
        Ok(done)
    }

    fn layout(&self) -> Result<i32, Error> {
        self.connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(failed(&self.path))
    }

    fn prepare(&self) -> Result<(), Error> {
        let failed = || failed(&self.path);
        let layout = self.layout()?;
        if ![0, BEFORE[0], BEFORE[1], LAYOUT].contains(&layout) {
            return Err(Error::Format {
                path: self.path.clone(),
                problem: format!("its layout is number {layout}, not {LAYOUT}"),
                remedy:
                    "Another version of the checker wrote it: use that one, or grade into a new \
                         directory."
                        .to_owned(),
            });
        }
        const OF_LAYOUT_3: &str = "ALTER TABLE result ADD COLUMN text TEXT;
                 ALTER TABLE submission ADD COLUMN remarks TEXT NOT NULL DEFAULT '[]';";
        const OF_LAYOUT_4: &str =
            "ALTER TABLE result ADD COLUMN conditions TEXT NOT NULL DEFAULT '{}';";
        let new_columns = match layout {
            2 => format!("{OF_LAYOUT_3} {OF_LAYOUT_4}"),
            3 => OF_LAYOUT_4.to_owned(),
            _ => String::new(),
        };
        self.connection
            .execute_batch(&format!(
                "PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 BEGIN;
                 {new_columns}
                 PRAGMA user_version = {LAYOUT};
                 CREATE TABLE IF NOT EXISTS submission (
                     student TEXT PRIMARY KEY,
                     origin TEXT NOT NULL,
                     days_late INTEGER NOT NULL,
                     unreadable TEXT,
                     notes TEXT NOT NULL,
                     remarks TEXT NOT NULL
                 ) WITHOUT ROWID;
                 CREATE TABLE IF NOT EXISTS result (
                     student TEXT NOT NULL,
                     exercise TEXT NOT NULL,
                     hash TEXT NOT NULL,
                     judgement TEXT NOT NULL,
                     flags TEXT NOT NULL,
                     layers TEXT NOT NULL,
                     text TEXT,
                     conditions TEXT NOT NULL DEFAULT '{{}}',
                     PRIMARY KEY (student, exercise)
                 ) WITHOUT ROWID;
                 CREATE TABLE IF NOT EXISTS part (
                     number TEXT PRIMARY KEY
                 ) WITHOUT ROWID;
                 COMMIT;"
            ))
            .map_err(failed())
    }

    /// Keeps what is known of a submission.
    pub fn put_submission(&self, stored: &Stored) -> Result<(), Error> {
        let submission = &stored.submission;
        self.connection
            .execute(
                // What is not said this time, how late it came, stays as it is known.
                "INSERT INTO submission VALUES (?1, ?2, coalesce(?3, 0), ?4, ?5, ?6)
                 ON CONFLICT (student) DO UPDATE SET
                     origin = ?2, days_late = coalesce(?3, days_late), unreadable = ?4, notes = ?5,
                     remarks = ?6",
                params![
                    submission.student,
                    submission.origin.to_string_lossy(),
                    submission.days_late,
                    stored.unreadable,
                    json(&stored.notes),
                    json(&stored.remarks)
                ],
            )
            .map(drop)
            .map_err(failed(&self.path))
    }

    /// The parts of the class that these results are of; none, if nothing was graded yet.
    pub fn parts(&self) -> Result<BTreeSet<Partition>, Error> {
        let failed = || failed(&self.path);
        let mut query = self.connection.prepare("SELECT number FROM part").map_err(failed())?;
        let rows = query.query_map([], |row| row.get::<_, String>(0)).map_err(failed())?;
        rows.map(|row| {
            row.map_err(failed())?.parse().map_err(|problem: String| self.unread(&problem))
        })
        .collect()
    }

    /// Keeps which parts of the class these results are of.
    pub fn put_parts(&self, parts: &BTreeSet<Partition>) -> Result<(), Error> {
        let execute = |statement: &str, part: &[String]| {
            let parameters = rusqlite::params_from_iter(part);
            self.connection.execute(statement, parameters).map(drop).map_err(failed(&self.path))
        };
        execute("DELETE FROM part", &[])?;
        let insert =
            |part: &Partition| execute("INSERT INTO part VALUES (?1)", &[part.to_string()]);
        parts.iter().try_for_each(insert)
    }

    /// Keeps a result; when this returns, it is on the disk.
    pub fn put(&self, result: &GradedExercise) -> Result<(), Error> {
        self.connection
            .execute(
                "INSERT OR REPLACE INTO result VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    result.student,
                    result.exercise,
                    result.hash,
                    json(&result.judgement),
                    json(&result.flags),
                    json(&result.layers),
                    result.text,
                    json(&result.conditions)
                ],
            )
            .map(drop)
            .map_err(failed(&self.path))
    }

    /// The hash of what was judged, if a result is known. One that lacks something of the machine is not:
    /// another machine may have it.
    pub fn hash(&self, student: &str, exercise: &str) -> Result<Option<String>, Error> {
        let known: Option<(String, String)> = self
            .connection
            .query_row(
                "SELECT hash, judgement FROM result WHERE student = ?1 AND exercise = ?2",
                params![student, exercise],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(failed(&self.path))?;
        let Some((hash, judgement)) = known else { return Ok(None) };
        let judgement: Judgement = self.parsed(&judgement)?;
        Ok(Some(hash).filter(|_| !judgement.has_skipped()))
    }

    /// Removes a result.
    pub fn forget(&self, student: &str, exercise: &str) -> Result<(), Error> {
        self.connection
            .execute(
                "DELETE FROM result WHERE student = ?1 AND exercise = ?2",
                params![student, exercise],
            )
            .map(drop)
            .map_err(failed(&self.path))
    }

    /// Every submission, in the order of the students.
    pub fn submissions(&self) -> Result<Vec<Stored>, Error> {
        let failed = || failed(&self.path);
        let mut query = self
            .connection
            .prepare(
                "SELECT student, origin, days_late, unreadable, notes, remarks FROM submission
                 ORDER BY student",
            )
            .map_err(failed())?;
        let rows = query
            .query_map([], |row| {
                Ok((
                    Submission {
                        student: row.get(0)?,
                        origin: row.get::<_, String>(1)?.into(),
                        days_late: Some(row.get(2)?),
                    },
                    row.get(3)?,
                    [row.get::<_, String>(4)?, row.get::<_, String>(5)?],
                ))
            })
            .map_err(failed())?;
        rows.map(|row| {
            let (submission, unreadable, [notes, remarks]) = row.map_err(failed())?;
            let (notes, remarks) = (self.parsed(&notes)?, self.parsed(&remarks)?);
            Ok(Stored { submission, unreadable, notes, remarks })
        })
        .collect()
    }

    /// Every result, by student and exercise.
    pub fn results(&self) -> Result<Vec<GradedExercise>, Error> {
        let failed = || failed(&self.path);
        let mut query = self
            .connection
            .prepare(
                "SELECT student, exercise, hash, judgement, flags, layers, text, conditions FROM result
                 ORDER BY student, exercise",
            )
            .map_err(failed())?;
        let rows = query
            .query_map([], |row| {
                let text = |column| row.get::<_, String>(column);
                let json = [text(3)?, text(4)?, text(5)?, text(7)?];
                Ok((text(0)?, text(1)?, text(2)?, json, row.get(6)?))
            })
            .map_err(failed())?;
        rows.map(|row| {
            let (student, exercise, hash, [judgement, flags, layers, conditions], text) =
                row.map_err(failed())?;
            Ok(GradedExercise {
                student,
                exercise,
                hash,
                judgement: self.parsed(&judgement)?,
                flags: self.parsed(&flags)?,
                layers: self.parsed(&layers)?,
                conditions: self.parsed(&conditions)?,
                text,
            })
        })
        .collect()
    }

    fn parsed<T: serde::de::DeserializeOwned>(&self, text: &str) -> Result<T, Error> {
        serde_json::from_str(text).map_err(|error| self.unread(&error.to_string()))
    }

    fn unread(&self, problem: &str) -> Error {
        Error::Format {
            path: self.path.clone(),
            problem: format!("a row cannot be read: {problem}"),
            remedy: "Somebody has changed it: restore it from a backup, or grade again.".to_owned(),
        }
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("what is stored is plain data")
}

fn failed(path: &Path) -> impl FnOnce(rusqlite::Error) -> Error {
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            damaged(path, &error.to_string())
        }
        _ => Error::Results { path: path.to_owned(), problem: error.to_string() },
    }
}

fn damaged(path: &Path, problem: &str) -> Error {
    Error::Format {
        path: path.to_owned(),
        problem: format!("the database is damaged: {problem}"),
        remedy: "Copy it again from where it was graded, when no grader runs there, or grade again into \
                 a new directory."
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Outcome, TestResult, Verdict};

    #[test]
    fn results_of_the_layout_before_are_taken_over() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let before = GradedExercise {
            student: "ada".into(),
            exercise: "pipe".into(),
            hash: "h".into(),
            judgement: Judgement::without_tests(Verdict::Passed, None, None),
            flags: Vec::new(),
            layers: Layers::default(),
            conditions: Conditions::default(),
            text: None,
        };
        store.put(&before).unwrap();
        let submission =
            Submission { student: "ada".into(), origin: "in/ada".into(), days_late: Some(1) };
        let (notes, remarks) = (Vec::new(), Vec::new());
        let stored = Stored { submission, unreadable: None, notes, remarks };
        store.put_submission(&stored).unwrap();
        let undo = "ALTER TABLE result DROP COLUMN text; ALTER TABLE result DROP COLUMN conditions;
                    ALTER TABLE submission DROP COLUMN remarks;
                    DROP TABLE part; PRAGMA user_version = 2";
        store.connection.execute_batch(undo).unwrap();
        drop(store);
        for _ in 0..2 {
            let store = Store::open_whole(directory.path()).unwrap();
            assert_eq!(store.results().unwrap(), std::slice::from_ref(&before));
            assert_eq!(store.submissions().unwrap(), std::slice::from_ref(&stored));
            assert_eq!(store.parts().unwrap(), BTreeSet::new());
        }
    }

    #[test]
    fn what_a_machine_had_to_skip_is_not_known() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let skipped = |outcome| {
            let (name, target) = ("a".to_owned(), "t".to_owned());
            let test =
                TestResult { name, target, outcome, evidence: None, place: None, schedules: None };
            store
                .put(&GradedExercise {
                    student: "ada".into(),
                    exercise: "pipe".into(),
                    hash: "h".into(),
                    judgement: Judgement::from_tests(vec![test]),
                    flags: Vec::new(),
                    layers: Layers::default(),
                    conditions: Conditions::default(),
                    text: None,
                })
                .unwrap();
            store.hash("ada", "pipe").unwrap()
        };
        assert_eq!(skipped(Outcome::Skipped), None);
        assert_eq!(skipped(Outcome::Failed).as_deref(), Some("h"));
    }

    #[test]
    fn another_layout_is_refused_with_a_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        store.connection.execute_batch("PRAGMA user_version = 1").unwrap();
        drop(store);
        let error = Store::open(directory.path()).unwrap_err().to_string();
        assert!(error.contains("its layout is number 1, not 4"), "{error}");
        assert!(error.contains("grade into a new directory"), "{error}");
    }
}
