//! Blackboard: files `Assignment_login_attempt_2026-11-25-10-00-00_work.zip`, and for each attempt a text
//! `Assignment_login_attempt_2026-11-25-10-00-00.txt`. The newest attempt counts.

use super::pieces::{Item, Piece, Pieces};

/// `2026-11-25-10-00-00`.
const TIME: &str = "dddd-dd-dd-dd-dd-dd";

pub(super) fn recognise(items: &[Item]) -> Option<Pieces> {
    Pieces::new(items, |item| {
        let (left, right) = item.name.rsplit_once("_attempt_")?;
        let (_, login) = left.rsplit_once('_')?;
        let time = right.get(..TIME.len()).filter(|time| is_time(time))?;
        let is_receipt = &right[TIME.len()..] == ".txt";
        (!login.is_empty()).then(|| Piece {
            student: login.to_owned(),
            handed_in: Some(time.to_owned()),
            attempt: Some((0, time.to_owned())),
            is_receipt,
            ..Piece::default()
        })
    })
}

fn is_time(text: &str) -> bool {
    let fits = |(form, byte)| match form {
        b'd' => u8::is_ascii_digit(&byte),
        other => byte == other,
    };
    text.len() == TIME.len() && TIME.bytes().zip(text.bytes()).all(fits)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::pieces::student_of;
    use super::recognise;

    #[rstest]
    #[case::file("Locks_ada17_attempt_2026-11-25-10-00-00_work.zip", Some("ada17"))]
    #[case::receipt("Locks_ada17_attempt_2026-11-25-10-00-00.txt", Some("ada17"))]
    #[case::title("Locks_and_Keys_ada17_attempt_2026-11-25-10-00-00_a_b.zip", Some("ada17"))]
    #[case::no_time("Locks_ada17_attempt_yesterday_work.zip", None)]
    #[case::nobody("Locks__attempt_2026-11-25-10-00-00_work.zip", None)]
    #[case::another("work.zip", None)]
    fn a_name_says_whose_it_is(#[case] name: &str, #[case] student: Option<&str>) {
        assert_eq!(student_of(recognise, name).as_deref(), student);
    }
}
