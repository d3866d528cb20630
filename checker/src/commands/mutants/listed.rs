//! `solutions/mutants.toml`: mutants that nobody can tell from the solution.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::Error;
use crate::findings::{Mutated, Operators, Survivor};
use crate::system::files;
use crate::workbook::Workbook;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    #[serde(default)]
    equivalent: Vec<Equivalent>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Equivalent {
    /// The exercise's name.
    exercise: String,
    /// The file in the exercise, and what was done to it.
    mutant: String,
    /// The line that was mutated, as it stands in the solution.
    line: String,
    /// Whose operator it is; by default of the language.
    #[serde(default = "of_the_language")]
    operators: Operators,
    /// Why nobody can tell the difference; for readers.
    #[serde(rename = "reason")]
    _reason: String,
}

fn of_the_language() -> Operators {
    Operators::OfTheLanguage
}

impl Listed {
    pub(super) fn load(workbook: &Workbook) -> Result<Self, Error> {
        let path = workbook.root.join("solutions/mutants.toml");
        let text = files::read_if_there(&path)?.unwrap_or_default();
        toml::from_str(&text).map_err(|error| Error::Format {
            path,
            problem: error.to_string(),
            remedy:
                "Each [[equivalent]] has exercise, mutant, line and reason; of an operator of the \
                     field also operators = \"field\"."
                    .to_owned(),
        })
    }

    /// Marks the survivors that are listed, and adds the entries that no survivor has.
    pub(super) fn mark(&self, mutated: &mut Mutated<'_>) {
        let is_of_it = |entry: &&Equivalent| {
            entry.exercise == mutated.exercise.name && entry.operators == mutated.operators
        };
        let known: BTreeSet<(&str, &str)> = (self.equivalent.iter().filter(is_of_it))
            .map(|entry| (entry.mutant.as_str(), entry.line.as_str()))
            .collect();
        let key = |survivor: &Survivor| (survivor.mutant.clone(), survivor.text.clone());
        let seen: BTreeSet<(String, String)> = mutated.survivors.iter().map(key).collect();
        let has_survived =
            |entry: &(&str, &str)| seen.contains(&(entry.0.to_owned(), entry.1.to_owned()));
        for survivor in &mut mutated.survivors {
            survivor.is_listed = known.contains(&(&*survivor.mutant, &*survivor.text));
        }
        let gone = known.iter().filter(|entry| !has_survived(entry));
        mutated.gone = gone.map(|(mutant, line)| format!("{mutant} | {line}")).collect();
    }
}
