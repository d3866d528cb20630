//! What a test tells the checker: by a file, and by the panic that ends it.

use std::fs::OpenOptions;
use std::io::Write;

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
        self.write();
        panic!("{}", self.words())
    }

    /// It in words.
    pub fn words(&self) -> Words {
        match self {
            Self::Lesson(lesson) => lesson.words(),
            Self::Schedule(schedule) => schedule.words(),
        }
    }

    /// Leaves it where the checker asks for it. If that fails, the words are still there.
    fn write(&self) {
        let Some(path) = std::env::var_os(VARIABLE) else { return };
        let file = OpenOptions::new().write(true).truncate(true).open(path);
        let _ = file.and_then(|mut file| file.write_all(self.to_json().as_bytes()));
    }
}

impl Lesson {
    /// Fails the test with this lesson.
    #[track_caller]
    pub fn fail(self) -> ! {
        Told::Lesson(self).fail()
    }
}
