//! What an instructor should know of an upload, beside the verdicts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something about an upload that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Remark {
    /// Canvas marks it as late; it does not say how late.
    Late,
    /// There is a newer upload of the same student, which counts.
    Superseded {
        /// The older file.
        file: String,
        /// The newer one.
        by: String,
    },
    /// The platform's list does not have it.
    NotListed { list: String },
    /// A group has handed it in: each of its members is graded by it.
    Group { with: Vec<String> },
    /// A part of it cannot be read, and counts nothing.
    Closed { path: String, why: String },
    /// There is another copy of the workbook in it.
    OtherTree {
        /// The one that was taken.
        taken: String,
        /// The other one.
        other: String,
        /// What is in the other one.
        holds: OtherHolds,
    },
    /// An exercise lies where it is not expected.
    Elsewhere { exercise: String, path: String },
    /// It was made with another version of the workbook.
    OtherVersion {
        /// How many exercises have given files with another text.
        differ: usize,
        /// Of how many.
        of: usize,
    },
    /// A branch that is not checked out holds work that the files do not.
    Branch {
        name: String,
        /// The exercises that only it has work in.
        exercises: Vec<String>,
    },
    /// There are more branches, or `git` cannot read them.
    BranchesNotRead { names: Vec<String>, why: String },
}

/// What another copy of the workbook has in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherHolds {
    /// The stubs only.
    Stubs,
    /// The same work.
    TheSame,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remark::Late => write!(
                f,
                "Canvas marks it as late, without saying how late: give the days in a roster"
            ),
            Remark::Superseded { file, by } => write!(f, "{file} does not count: {by} is newer"),
            Remark::NotListed { list } => write!(f, "it is not listed in {list}"),
            Remark::Group { with } => write!(f, "handed in together with {}", with.join(", ")),
            Remark::Closed { path, why } => write!(f, "{path} cannot be read: {why}"),
            Remark::OtherTree { taken, other, holds } => {
                let holds = match holds {
                    OtherHolds::Stubs => "has no work in it",
                    OtherHolds::TheSame => "has the same work in it",
                };
                write!(f, "{taken} counts; {other} {holds}")
            }
            Remark::Elsewhere { exercise, path } => {
                write!(f, "{path} looks like `{exercise}`, but is not where the exercise belongs")
            }
            Remark::OtherVersion { differ, of } => write!(
                f,
                "another version of the workbook: the given files of {differ} of its {of} exercises \
                 differ from this one's"
            ),
            Remark::Branch { name, exercises } => write!(
                f,
                "the branch `{name}`, which is not checked out, has work in it: {}",
                exercises.join(", ")
            ),
            Remark::BranchesNotRead { names, why } => {
                write!(f, "branches that were not looked into: {} ({why})", names.join(", "))
            }
        }
    }
}
