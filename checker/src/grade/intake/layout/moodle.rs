//! Moodle, "download all submissions": `Full Name_123456_assignsubmission_file_/work.zip`, or without
//! folders `Full Name_123456_assignsubmission_file_work.zip`.
//!
//! The number is the participant's. The folder of the feedback has the same name, so a student's key keeps
//! both: `Full Name_123456`.

use super::{Item, Piece, Pieces};

pub(super) fn recognise(items: &[Item]) -> Option<Pieces> {
    Pieces::of(items, |item| {
        let (student, _) = item.name.split_once("_assignsubmission_")?;
        let (name, number) = student.rsplit_once('_')?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        (is_number && !name.is_empty()).then(|| Piece {
            student: student.to_owned(),
            name: Some(name.to_owned()),
            ..Piece::default()
        })
    })
}
