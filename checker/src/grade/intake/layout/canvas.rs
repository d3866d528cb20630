//! Canvas, "download submissions": files `lovelaceada_LATE_4711_98765_work-2.zip`. `_LATE` is there if it
//! was late; then come the user's id, the submission's id and the name that the student gave the file,
//! with a number for all but the first upload.

use super::pieces::{Item, Piece, Pieces};
use crate::grade::intake::remark::Remark;

pub(super) fn recognise(items: &[Item]) -> Option<Pieces> {
    Pieces::new(items, |item| {
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
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

/// `work-2.zip` is the third upload of `work.zip`.
fn numbered(file: &str) -> (String, u64) {
    let (stem, extension) = file.split_once('.').unwrap_or((file, ""));
    match stem.rsplit_once('-').and_then(|(stem, digits)| Some((stem, number(digits)?))) {
        Some((stem, nth)) => (format!("{stem}.{extension}"), nth),
        None => (file.to_owned(), 0),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::pieces::student_of;
    use super::*;

    #[rstest]
    #[case::plain("lovelaceada_4711_98765_work.zip", Some("4711"))]
    #[case::late("lovelaceada_LATE_4711_98765_work.zip", Some("4711"))]
    #[case::underscores("lovelaceada_4711_98765_my_work_2.tar.gz", Some("4711"))]
    #[case::no_number("lovelaceada_one_two_work.zip", None)]
    #[case::nothing_after("lovelaceada_4711_98765", None)]
    #[case::another("work.zip", None)]
    fn a_name_says_whose_it_is(#[case] name: &str, #[case] student: Option<&str>) {
        assert_eq!(student_of(recognise, name).as_deref(), student);
    }

    #[rstest]
    #[case("work.zip", ("work.zip", 0))]
    #[case("work-2.zip", ("work.zip", 2))]
    #[case("work-2.tar.gz", ("work.tar.gz", 2))]
    #[case("my-work.zip", ("my-work.zip", 0))]
    #[case("work-.zip", ("work-.zip", 0))]
    fn a_number_says_which_upload_it_is(#[case] file: &str, #[case] parts: (&str, u64)) {
        assert_eq!(numbered(file), (parts.0.to_owned(), parts.1));
    }
}
