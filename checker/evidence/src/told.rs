//! What a test tells the checker: by a file, and by the panic that ends it if it fails.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

use crate::{Lesson, Schedule, Words};

/// The variable of the environment that names the file, which is there already.
pub const VARIABLE: &str = "SHOPFLOOR_EVIDENCE";

/// What a test can find out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(Serialize, Deserialize),
    serde(tag = "kind", rename_all = "snake_case")
)]
pub enum Told {
    /// A lesson.
    Lesson(Lesson),
    /// A schedule that breaks a lock.
    Schedule(Schedule),
}

impl Told {
    /// Fails the test with this.
    #[track_caller]
    pub fn fail(self) -> ! {
        write(&self.to_json());
        panic!("{}", self.words().for_terminal())
    }

    /// It in words.
    pub fn words(&self) -> Words {
        match self {
            Self::Lesson(lesson) => lesson.words(),
            Self::Schedule(schedule) => schedule.words(),
        }
    }
}

/// Leaves a document where the checker asks for it. If that fails, a failing test's words are still there.
fn write(document: &str) {
    let Some(path) = std::env::var_os(VARIABLE) else { return };
    let file = OpenOptions::new().write(true).truncate(true).open(path);
    let _ = file.and_then(|mut file| file.write_all(document.as_bytes()));
}

/// What a test has explored without finding anything: how many schedules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct Explored {
    /// How many.
    pub schedules: usize,
}

impl Explored {
    /// Tells of so many more, in this test's process.
    pub fn add(schedules: usize) {
        static SCHEDULES: AtomicUsize = AtomicUsize::new(0);
        let before = SCHEDULES.fetch_add(schedules, Ordering::Relaxed);
        write(&Self { schedules: before + schedules }.to_json());
    }
}

impl Lesson {
    /// Fails the test with this lesson.
    #[track_caller]
    pub fn fail(self) -> ! {
        Told::Lesson(self).fail()
    }
}
