//! Canvas, "download submissions": files `lovelaceada_LATE_4711_98765_work-2.zip`. `_LATE` is there if it
//! was late; then come the user's id, the submission's id and the name that the student gave the file,
//! with a number for all but the first upload.

use super::{Item, Piece, Pieces};
use crate::grade::intake::remark::Remark;

pub(super) fn recognise(items: &[Item]) -> Option<Pieces> {
    Pieces::of(items, |item| {
        if item.is_directory {
            return None;
        }
        let (name, rest) = item.name.split_once('_')?;
        let (late, rest) = match rest.strip_prefix("LATE_") {
            Some(rest) => (vec![Remark::Late], rest),
            None => (Vec::new(), rest),
        };
        let (user, rest) = rest.split_once('_')?;
        let (submission, file) = rest.split_once('_')?;
        let (submission_id, _) = (number(submission)?, number(user)?);
        let (stem, attempt) = numbered(file);
        Some(Piece {
            student: user.to_owned(),
            name: Some(name.to_owned()),
            attempt: Some((submission_id, String::new())),
            file: Some((stem, attempt)),
            remarks: late,
            ..Piece::default()
        })
    })
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// `work-2.zip` is the third upload of `work.zip`.
fn numbered(file: &str) -> (String, u64) {
    let (stem, extension) = file.split_once('.').unwrap_or((file, ""));
    match stem.rsplit_once('-').and_then(|(stem, digits)| Some((stem, number(digits)?))) {
        Some((stem, nth)) => (format!("{stem}.{extension}"), nth),
        None => (file.to_owned(), 0),
    }
}
