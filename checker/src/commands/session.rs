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
    /// The exercises that were asked for, in the order of the curriculum; all if none was named.
    pub(super) fn asked(&self, names: &[String]) -> Result<Vec<&Exercise>, Error> {
        let curriculum = &self.workbook.curriculum;
        if names.is_empty() {
            return Ok(curriculum.exercises.iter().collect());
        }
        let mut asked: Vec<&Exercise> =
            names.iter().map(|name| curriculum.find(name)).collect::<Result<_, _>>()?;
        asked.sort_by_key(|exercise| exercise.number);
        asked.dedup_by_key(|exercise| exercise.number);
        Ok(asked)
    }
}
