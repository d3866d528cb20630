//! Blackboard: files `Assignment_login_attempt_2026-11-25-10-00-00_work.zip`, and for each attempt a text
//! `Assignment_login_attempt_2026-11-25-10-00-00.txt`. The newest attempt counts.

use super::{Item, Piece, Pieces};

/// `2026-11-25-10-00-00`.
const TIME: &str = "dddd-dd-dd-dd-dd-dd";

pub(super) fn recognise(items: &[Item]) -> Option<Pieces> {
    Pieces::of(items, |item| {
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
