//! What every command needs.

use sandbox::Stop;

use crate::Error;
use crate::workbook::Workbook;
use crate::workbook::curriculum::Exercise;

/// What every command needs.
#[derive(Debug)]
pub struct Session {
    /// The workbook.
    pub workbook: Workbook,
    /// The user's wish to stop.
    pub stop: Stop,
}

impl Session {
    /// The exercises that were asked for, or whose part was, in the order of the curriculum; all if nothing
    /// was named.
    pub(super) fn asked(&self, names: &[String]) -> Result<Vec<&Exercise>, Error> {
        let curriculum = &self.workbook.curriculum;
        if names.is_empty() {
            return Ok(curriculum.exercises.iter().collect());
        }
        let mut asked: Vec<&Exercise> = Vec::new();
        for name in names {
            match curriculum.part(name) {
                Some(part) => asked.extend(curriculum.exercises_of(part)),
                None => asked.push(curriculum.find(name)?),
            }
        }
        if asked.is_empty() {
            let names = names.join(", ");
            return Err(Error::Refused(format!("there is no exercise in {names} yet")));
        }
        asked.sort_by_key(|exercise| exercise.number);
        asked.dedup_by_key(|exercise| exercise.number);
        Ok(asked)
    }
}
