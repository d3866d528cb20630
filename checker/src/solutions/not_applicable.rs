//! The kinds of mistakes that an exercise gives no occasion for, each with the reason.

use serde::Deserialize;

use super::Kind;
use crate::Error;
use crate::system::files;
use crate::workbook::Workbook;

/// Where they are listed in a workbook.
pub const FILE: &str = "solutions/kinds.toml";

/// The list of a workbook.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotApplicable {
    #[serde(default)]
    not_applicable: Vec<Entry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The exercises' names.
    exercises: Vec<String>,
    /// The kinds' names.
    kinds: Vec<String>,
    /// Why nobody would make such a mistake there.
    reason: String,
}

impl NotApplicable {
    /// The list of this workbook; `None` without the file: then nothing is asked about kinds.
    pub fn load(workbook: &Workbook) -> Result<Option<Self>, Error> {
        let path = workbook.root.join(FILE);
        let Some(text) = files::read_if_there(&path)? else { return Ok(None) };
        let wrong = |problem: String| Error::Format {
            path: path.clone(),
            problem,
            remedy: "Each [[not_applicable]] has exercises, kinds and reason.".to_owned(),
        };
        let list: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        for entry in &list.not_applicable {
            for name in &entry.exercises {
                workbook.curriculum.find(name).map_err(|error| wrong(error.to_string()))?;
            }
            for name in &entry.kinds {
                Kind::parse(name).map_err(&wrong)?;
            }
            if entry.reason.trim().is_empty() {
                return Err(wrong(format!("{:?} have no reason", entry.kinds)));
            }
        }
        Ok(Some(list))
    }

    /// The kinds that this exercise gives no occasion for.
    pub fn of(&self, exercise: &str) -> Vec<Kind> {
        let own = self
            .not_applicable
            .iter()
            .filter(|entry| entry.exercises.iter().any(|name| name == exercise));
        own.flat_map(|entry| &entry.kinds).filter_map(|name| Kind::parse(name).ok()).collect()
    }

    /// What does not fit the kinds that the exercise's known-wrong solutions make.
    pub fn problems(&self, exercise: &str, tried: &[Kind]) -> Vec<String> {
        let listed = self.of(exercise);
        let names =
            |kinds: Vec<Kind>| kinds.into_iter().map(Kind::name).collect::<Vec<_>>().join(", ");
        let all = Kind::ALL.map(|(kind, _)| kind);
        let holes = all.into_iter().filter(|kind| !tried.contains(kind) && !listed.contains(kind));
        let holes = names(holes.collect());
        let idle = names(listed.iter().copied().filter(|kind| tried.contains(kind)).collect());
        let mut problems = Vec::new();
        if !holes.is_empty() {
            problems.push(format!(
                "kinds of mistakes that no known-wrong solution makes, and no reason in {FILE}: {holes}"
            ));
        }
        if !idle.is_empty() {
            problems
                .push(format!("{FILE} says that these do not apply, and wrong/ has them: {idle}"));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> NotApplicable {
        let all = Kind::ALL.map(|(_, name)| name).into_iter();
        let kinds = all.filter(|name| !["leak", "deadlock"].contains(name)).map(str::to_owned);
        NotApplicable {
            not_applicable: vec![Entry {
                exercises: vec!["answer".to_owned()],
                kinds: kinds.collect(),
                reason: "It returns a number.".to_owned(),
            }],
        }
    }

    #[test]
    fn a_kind_is_tried_or_listed() {
        assert!(list().problems("answer", &[Kind::Leak, Kind::Deadlock]).is_empty());
        let hole = list().problems("answer", &[Kind::Deadlock]);
        assert!(hole.len() == 1 && hole[0].ends_with("kinds.toml: leak"), "{hole:?}");
    }

    #[test]
    fn what_is_tried_is_not_listed() {
        let idle = list().problems("answer", &[Kind::Leak, Kind::Deadlock, Kind::Ordering]);
        assert!(idle.len() == 1 && idle[0].ends_with("has them: ordering"), "{idle:?}");
    }
}
