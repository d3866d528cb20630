//! The claims of the lecture notes that the exercises put to the test.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Curriculum, Exercise};
use crate::Error;

/// The longest text of a claim in short: it is a column of a list.
pub const SHORT: usize = 22;

/// A claim of the lecture notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its name, by which exercises refer to it: `C7`.
    pub name: String,
    /// What the notes say.
    pub says: String,
    /// The same in at most [`SHORT`] characters.
    pub short: String,
    /// Whether it holds, and what is true instead in the README of each exercise; `None` if no exercise tries it.
    pub verdict: Option<ClaimVerdict>,
    /// By exercise, the line of its experiment that is the evidence. An exercise that is not named here measures:
    /// it prints its evidence when it is run with the argument `evidence`.
    pub shows: BTreeMap<String, String>,
}

/// What is true of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClaimVerdict {
    #[serde(rename = "holds")]
    Holds,
    #[serde(rename = "holds with limits")]
    HoldsWithLimits,
    #[serde(rename = "half wrong")]
    HalfWrong,
    #[serde(rename = "wrong")]
    Wrong,
    /// The notes have a heading there and no sentence.
    #[serde(rename = "nothing to judge")]
    NothingToJudge,
}

impl fmt::Display for ClaimVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Holds => "holds",
            Self::HoldsWithLimits => "holds with limits",
            Self::HalfWrong => "half wrong",
            Self::Wrong => "wrong",
            Self::NothingToJudge => "nothing to judge",
        })
    }
}

/// A claim as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenClaim {
    pub(super) name: Spanned<String>,
    says: String,
    short: Spanned<String>,
    verdict: Option<ClaimVerdict>,
    #[serde(default)]
    pub(super) shows: BTreeMap<Spanned<String>, Spanned<String>>,
}

impl WrittenClaim {
    /// The claim, or the place of its text that is too long.
    pub(super) fn claim(&self) -> Result<Claim, std::ops::Range<usize>> {
        if self.short.get_ref().chars().count() > SHORT {
            return Err(self.short.span());
        }
        let shows = self.shows.iter();
        Ok(Claim {
            name: self.name.get_ref().clone(),
            says: self.says.clone(),
            short: self.short.get_ref().clone(),
            verdict: self.verdict,
            shows: shows
                .map(|(exercise, line)| (exercise.get_ref().clone(), line.get_ref().clone()))
                .collect(),
        })
    }
}

impl Curriculum {
    /// The claim with this name, `C7`, in upper or lower case, or with this number, `7`.
    pub fn find_claim(&self, asked: &str) -> Result<&Claim, Error> {
        let number = |name: &str| name.trim_start_matches(char::is_alphabetic).to_owned();
        let is_asked =
            |claim: &&Claim| claim.name.eq_ignore_ascii_case(asked) || number(&claim.name) == asked;
        self.claims.iter().find(is_asked).ok_or_else(|| {
            let known: Vec<&str> = self.claims.iter().map(|claim| claim.name.as_str()).collect();
            let known = match known.as_slice() {
                [] => "the curriculum of this workbook has no claims".to_owned(),
                [one] => format!("there is {one}"),
                [first, .., last] => format!("there are {first} to {last}: `checker claims`"),
            };
            Error::Refused(format!("no claim is called `{asked}`; {known}"))
        })
    }

    /// The exercises that put a claim to the test, in order.
    pub fn trying<'a>(&'a self, claim: &Claim) -> impl Iterator<Item = &'a Exercise> {
        self.exercises.iter().filter(move |exercise| exercise.claims.contains(&claim.name))
    }
}
