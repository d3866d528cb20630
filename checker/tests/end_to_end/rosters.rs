//! Rosters as spreadsheets write them, and what is wrong in them.

use std::fs;

use rstest::rstest;

use crate::class::{Class, judged};
use crate::grade::by_roster;
use crate::miniature::{Finished, outcome};

/// Ada's and Bob's uploads, each right in one exercise.
fn class() -> Class {
    let class = Class::new();
    class.student("upload-1", "right", None);
    class.student("upload-2", "right", None);
    class
}

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
}

/// The message of a roster that is refused, without its last line, which says how one looks.
fn refused(class: &Class, roster: &[u8]) -> Vec<String> {
    let finished = by_roster(class, roster);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(!class.out().exists(), "nothing is judged");
    let message = finished.event("error")["message"].as_str().unwrap().to_owned();
    let mut lines: Vec<String> = message.lines().map(str::to_owned).collect();
    assert!(lines.pop().unwrap().contains("student,submission"));
    let without_path = |line: String| {
        line.split_once("roster.csv:").map_or(line.clone(), |(_, rest)| rest.to_owned())
    };
    lines.into_iter().map(without_path).collect()
}

fn warnings(finished: &Finished) -> Vec<String> {
    let events = finished.stdout.lines();
    let events = events.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let warnings = events.filter(|event| event["event"] == "warning");
    warnings.map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}

const COMMAS: &str = "student,submission,days_late\nAda,upload-1,2\nBob,upload-2,\n";

#[rstest]
#[case::commas(COMMAS.into())]
#[case::semicolons(COMMAS.replace(',', ";").into())]
#[case::tabs(COMMAS.replace(',', "\t").into())]
#[case::utf_16_little_endian(utf_16(&COMMAS.replace(',', "\t"), u16::to_le_bytes))]
#[case::utf_16_big_endian(utf_16(COMMAS, u16::to_be_bytes))]
#[case::byte_order_mark([b"\xef\xbb\xbf", COMMAS.as_bytes()].concat())]
#[case::windows_lines(COMMAS.replace('\n', "\r\n").into())]
#[case::old_mac_lines(COMMAS.replace('\n', "\r").into())]
#[case::any_case(COMMAS.replace("student", "Student").replace("days_late", "DAYS_LATE").into())]
#[case::empty_rows(format!(",,\n{}", COMMAS.replace("\nBob", "\n,,\n\n , ,\nBob")).into())]
#[case::empty_columns(COMMAS.replace('\n', ",,\n").into())]
#[case::excels_separator(format!("sep=;\r\n{}", COMMAS.replace(',', ";")).into())]
fn a_roster_is_read_as_spreadsheets_write_it(#[case] roster: Vec<u8>) {
    let class = class();
    let finished = by_roster(&class, &roster);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(warnings(&finished), Vec::<String>::new());
    let gradebook = class.gradebook();
    let lines: Vec<&str> = gradebook.lines().collect();
    assert!(lines[1].starts_with("Ada,3,0,3,5,0,2,"), "{gradebook}");
    assert!(lines[2].starts_with("Bob,3,0,3,5,0,0,"), "{gradebook}");
}

#[rstest]
#[case::plain("\n")]
#[case::windows("\r\n")]
fn every_mistake_is_said_at_once_with_its_line(#[case] end: &str) {
    let roster = [
        "student,submission,days_late,Submission",
        "Ada,upload-1,two,",
        ",,,",
        "",
        "Bob,nowhere,",
        "\"Eve,",
        "of two lines\",upload-2,,",
        ",upload-2,1,",
        "Ada,,,",
        "Lovelace, Ada,upload-1,0,1",
    ];
    let said = refused(&class(), roster.join(end).as_bytes());
    let starts = [
        "1: the heading `submission` is there twice",
        "2: days_late is `two`; expected a whole number of days",
        "5: it has 3 cells, and there are 4 headings",
        "8: a student without a name",
        "9: `Ada` is in line 2 already",
        "10: it has 5 cells, and there are 4 headings",
    ];
    assert_eq!(said.len(), starts.len(), "{said:#?}");
    for (said, start) in said.iter().zip(starts) {
        assert!(said.starts_with(start), "{said} is not {start}");
    }
}

#[rstest]
#[case("dayslate", "days_late")]
#[case("Days Late", "days_late")]
#[case("lateness", "days_late")]
#[case("studnet", "student")]
#[case("submissions", "submission")]
fn a_heading_that_is_nearly_known_is_named_with_the_known_one(
    #[case] heading: &str,
    #[case] known: &str,
) {
    let roster = format!("student,submission,{heading}\nAda,upload-1,2\n");
    let said = refused(&class(), roster.as_bytes());
    let expected = format!("1: the heading `{heading}` is not known; did you mean `{known}`?");
    assert_eq!(said, [expected]);
}

#[test]
fn a_column_that_has_no_effect_is_named() {
    let class = class();
    let roster = "student,submission,e-mail,name\nAda,upload-1,ada@example.org,Ada L.\n";
    let finished = by_roster(&class, format!("{roster}Bob,upload-2,,\n").as_bytes());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let warnings = warnings(&finished);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("the column `e-mail` has no effect"), "{warnings:?}");
}

#[test]
fn two_students_with_one_submission_are_named() {
    let roster = "student,submission\nAda,upload-1\nBob,./upload-1\n";
    let said = refused(&class(), roster.as_bytes());
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("3: "), "{said:?}");
    assert!(said[0].contains("upload-1 is the submission of `Ada` in line 2 already"), "{said:?}");
}

const COMPOSED: &str = "Jos\u{e9}";
const DECOMPOSED: &str = "Jose\u{301}";

#[test]
fn a_name_in_two_unicode_forms_is_one_student() {
    let roster = format!("student,submission\n{COMPOSED},upload-1\n{DECOMPOSED},upload-2\n");
    let said = refused(&class(), roster.as_bytes());
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("is in line 2 already, in another Unicode form"), "{said:?}");

    let class = Class::new();
    class.student(COMPOSED, "right", None);
    class.student(DECOMPOSED, "right", None);
    let finished = class.grade(&[]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.complaint().contains(&format!("two submissions of `{COMPOSED}`")));
}

#[test]
fn a_submission_is_found_in_another_unicode_form_and_said_so() {
    let class = Class::new();
    class.student(DECOMPOSED, "right", None);
    let roster = format!("student,submission\nJ,{COMPOSED}\n");
    let finished = by_roster(&class, roster.as_bytes());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(judged(&finished), ["J answer passed", "J next not_started"]);
    let warnings = warnings(&finished);
    assert!(warnings[0].contains("roster.csv:2:"), "{warnings:?}");
    assert!(warnings[0].contains("is named in another Unicode form"), "{warnings:?}");
    // The student is the same without the roster, and is asked for in either form.
    fs::remove_file(class.submissions().join("roster.csv")).unwrap();
    let again = class.grade(&["--format", "json", "--only", "answer", "--rerun", DECOMPOSED]);
    assert_eq!(judged(&again), [format!("{COMPOSED} answer passed")]);
}

#[test]
fn a_submission_that_no_line_names_is_named() {
    let class = class();
    class.file("upload-3", "fork-main/exercises/01_part/01_answer/src/lib.rs", &outcome("right"));
    fs::write(class.submissions().join("zoe.zip"), "").unwrap();
    fs::write(class.submissions().join("notes.txt"), "").unwrap();
    fs::create_dir(class.submissions().join("pictures")).unwrap();
    let finished = by_roster(&class, COMMAS.as_bytes());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let warnings = warnings(&finished);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("upload-3 is not graded: no line of"), "{warnings:?}");
    assert!(warnings[1].contains("zoe.zip is not graded: no line of"), "{warnings:?}");
}
