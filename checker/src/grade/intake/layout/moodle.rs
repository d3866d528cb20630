//! Moodle, "download all submissions": `Full Name_123456_assignsubmission_file_/work.zip`, or without
//! folders `Full Name_123456_assignsubmission_file_work.zip`.
//!
//! The number is the participant's. The folder of the feedback has the same name, so a student's key keeps
//! both: `Full Name_123456`.

use super::pieces::{Item, Piece, Pieces};

pub(super) fn recognise(items: &[Item]) -> Option<Pieces> {
    Pieces::new(items, |item| {
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::pieces::student_of;
    use super::recognise;

    #[rstest]
    #[case::folder("Ada Lovelace_123456_assignsubmission_file_", Some("Ada Lovelace_123456"))]
    #[case::without_folders("Ada L._17_assignsubmission_file_work.zip", Some("Ada L._17"))]
    #[case::text("Ada L._17_assignsubmission_onlinetext_onlinetext.html", Some("Ada L._17"))]
    #[case::old("Ada L._17_assignsubmission_file", Some("Ada L._17"))]
    #[case::blind("Participant_17_assignsubmission_file_", Some("Participant_17"))]
    #[case::underscores("van_der_Berg_17_assignsubmission_file_", Some("van_der_Berg_17"))]
    #[case::no_number("Ada_assignsubmission_file_", None)]
    #[case::nameless("_17_assignsubmission_file_", None)]
    #[case::another("Ada_17_work.zip", None)]
    fn a_name_says_whose_it_is(#[case] name: &str, #[case] student: Option<&str>) {
        assert_eq!(student_of(recognise, name).as_deref(), student);
    }
}
