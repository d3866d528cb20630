//! The tests that may pass on a degenerate candidate, each with the reason.

use serde::Deserialize;

use super::Degenerate;
use crate::Error;
use crate::system::files;
use crate::workbook::Workbook;
use crate::workbook::curriculum::Pattern;

/// Where they are listed in a workbook.
pub const FILE: &str = "solutions/degenerate.toml";

/// Tests that nothing needs to be done for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    #[serde(default)]
    allowed: Vec<Entry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The exercise's name.
    exercise: String,
    /// The candidate that they may pass on.
    does: String,
    /// Patterns, as in the curriculum.
    tests: Vec<String>,
    /// Why they may.
    reason: String,
    /// Whether they pass now and then only, as a race without a lock does.
    #[serde(default)]
    by_luck: bool,
}

impl Allowed {
    /// The list of this workbook; empty without the file.
    pub fn load(workbook: &Workbook) -> Result<Self, Error> {
        let path = workbook.root.join(FILE);
        let wrong = |problem: String| Error::Format {
            path: path.clone(),
            problem,
            remedy: "Each [[allowed]] has exercise, does, tests (TARGET::NAME) and reason."
                .to_owned(),
        };
        let text = files::read_if_there(&path)?.unwrap_or_default();
        let list: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        for entry in &list.allowed {
            workbook.curriculum.find(&entry.exercise).map_err(|error| wrong(error.to_string()))?;
            if !Degenerate::ALL.iter().any(|it| it.in_words() == entry.does) {
                let all: Vec<&str> = Degenerate::ALL.iter().map(|it| it.in_words()).collect();
                return Err(wrong(format!("`{}` is none of: {}", entry.does, all.join("; "))));
            }
            if entry.reason.trim().is_empty() {
                return Err(wrong(format!("{:?} have no reason", entry.tests)));
            }
        }
        Ok(list)
    }

    /// The tests of an exercise that may pass on a candidate.
    pub fn on(&self, exercise: &str, candidate: Degenerate) -> Vec<MayPass> {
        let own = self
            .allowed
            .iter()
            .filter(|entry| entry.exercise == exercise && entry.does == candidate.in_words());
        let tests = own.flat_map(|entry| entry.tests.iter().map(|test| (test, entry.by_luck)));
        tests.map(|(test, by_luck)| MayPass { tests: Pattern(test.clone()), by_luck }).collect()
    }
}

/// Tests that may pass on a candidate.
#[derive(Debug, Clone)]
pub struct MayPass {
    pub tests: Pattern,
    /// Whether they pass now and then only.
    pub by_luck: bool,
}
