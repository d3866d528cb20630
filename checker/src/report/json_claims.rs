//! A claim of the lecture notes in JSON.

use serde::Serialize;

use crate::findings::{ClaimFound, Seen, Trial, Whose};
use crate::verdict::Verdict;
use crate::workbook::curriculum::ClaimVerdict;

/// Its keys are told in `docs/claims.md`.
#[derive(Serialize)]
pub(super) struct JsonClaim<'a> {
    name: &'a str,
    says: &'a str,
    short: &'a str,
    verdict: Option<ClaimVerdict>,
    exercises: Vec<JsonTrial<'a>>,
}

#[derive(Serialize)]
struct JsonTrial<'a> {
    exercise: &'a str,
    name: &'a str,
    number: String,
    /// The last verdict on the learner's files; null if they have changed since.
    state: Option<Verdict>,
    /// Where the verdict on the claim stands.
    told_at: &'a str,
    /// `evidence`, `not_measured`, `failed`, `locked` or `not_run`.
    seen: &'static str,
    evidence: &'a [String],
    whose: Option<&'static str>,
    command: Option<&'a str>,
    why: Option<&'a str>,
}

impl<'a> JsonClaim<'a> {
    pub(super) fn new(found: &'a ClaimFound<'_>) -> Self {
        Self {
            name: &found.claim.name,
            says: &found.claim.says,
            short: &found.claim.short,
            verdict: found.claim.verdict,
            exercises: found.trials.iter().map(JsonTrial::new).collect(),
        }
    }
}

impl<'a> JsonTrial<'a> {
    fn new(trial: &'a Trial<'_>) -> Self {
        let whose = |whose: Whose| match whose {
            Whose::Yours => "yours",
            Whose::Reference => "reference",
        };
        let unseen = Self {
            exercise: &trial.exercise.directory,
            name: &trial.exercise.name,
            number: trial.exercise.number.to_string(),
            state: trial.verdict,
            told_at: &trial.told_at,
            seen: "not_run",
            evidence: &[],
            whose: None,
            command: None,
            why: None,
        };
        match &trial.seen {
            Seen::Evidence { lines, whose: it, command } => Self {
                seen: "evidence",
                evidence: lines,
                whose: Some(whose(*it)),
                command: Some(command),
                ..unseen
            },
            Seen::NotMeasured { why, whose: it } => {
                Self { seen: "not_measured", whose: Some(whose(*it)), why: Some(why), ..unseen }
            }
            Seen::Failed { why, whose: it } => {
                Self { seen: "failed", whose: Some(whose(*it)), why: Some(why), ..unseen }
            }
            Seen::Locked => Self { seen: "locked", ..unseen },
            Seen::NotRun => unseen,
        }
    }
}
