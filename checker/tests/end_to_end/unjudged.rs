//! What was handed in and cannot be judged as it is: it stays open, and nothing gives it 0 points.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rstest::rstest;
use serde_json::Value;

use crate::class::{Class, judged};
use crate::miniature::{ANSWER, Finished, outcome};

fn utf16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

/// A class in which `ada` has handed in these bytes as her answer, and a right one as the next.
fn class_with(bytes: &[u8]) -> Class {
    let class = Class::new();
    class.student("ada", "right", Some("right"));
    fs::write(class.submissions().join("ada").join(ANSWER), bytes).unwrap();
    class
}

fn report(class: &Class, more: &[&str]) -> Finished {
    let out = class.out();
    let mut command = class.workbook.command(&[&["report", out.to_str().unwrap()], more].concat());
    let variables = ["CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL"];
    command.envs(variables.map(|variable| (variable, "x")));
    Finished::of(command.output().unwrap())
}

/// Asserts that ada's answer is open, for this reason, wherever it is shown.
fn assert_open(class: &Class, why: &str) {
    let finished = class.grade(&["--format", "json"]);
    assert_eq!(judged(&finished), ["ada answer unjudged", "ada next passed"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let why = format!("{ANSWER} {why}");
    let document: Value =
        serde_json::from_str(&report(class, &["--format", "json"]).stdout).unwrap();
    let result = &document["students"][0]["results"][0];
    assert!(result["message"].as_str().unwrap().contains(&why), "{result}");
    assert_eq!(result["points"], Value::Null);
    assert_eq!(document["students"][0]["open"], 1);
    let gradebook = class.gradebook();
    assert!(gradebook.contains("ada,,2,,5,,0,0,,answer\n"), "{gradebook}");
    // What is known is not looked at again, and is as open as before.
    let again = class.grade(&["--format", "json"]);
    assert_eq!(judged(&again), Vec::<String>::new());
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(report(class, &[]).stdout.contains(&why), "a person reads it, too");
}

#[rstest]
#[case::latin_1(b"// J\xfcrgen\npub fn answer() -> u32 { 42 }\n".to_vec(), "is not UTF-8")]
#[case::utf_16(utf16("pub fn answer() -> u32 { 42 }\n"), "is UTF-16")]
#[case::nul(b"pub fn answer() -> u32 { 42 }\n\0\0\0\0".to_vec(), "has NUL bytes")]
#[case::large([&b"//"[..], &[b'x'; 257 << 10]].concat(), "has more than 256 KiB")]
fn a_source_that_cannot_be_read_as_text_leaves_the_result_open(
    #[case] bytes: Vec<u8>,
    #[case] why: &str,
) {
    assert_open(&class_with(&bytes), why);
}

#[test]
fn a_link_or_a_fifo_in_the_place_of_a_source_leaves_the_result_open() {
    let class = class_with(b"");
    let file = class.submissions().join("ada").join(ANSWER);
    let elsewhere = class.directory.path().join("right.rs");
    fs::write(&elsewhere, outcome("right")).unwrap();
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    assert_open(&class, "is a symbolic link");
    fs::remove_file(&file).unwrap();
    nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let finished = class.grade(&["--format", "json"]);
    assert_eq!(judged(&finished), ["ada answer unjudged"]);
    assert!(report(&class, &[]).stdout.contains("is not a regular file"));
}

#[test]
fn what_the_grader_may_not_read_leaves_the_result_open() {
    let class = class_with(outcome("right").as_bytes());
    let file = class.submissions().join("ada").join(ANSWER);
    fs::set_permissions(&file, Permissions::from_mode(0o000)).unwrap();
    if fs::read(&file).is_ok() {
        eprintln!("skipped: root may read everything");
        return;
    }
    assert_open(&class, "has permissions that forbid the grader to read it");
    let directory = file.parent().unwrap();
    fs::set_permissions(directory, Permissions::from_mode(0o000)).unwrap();
    let finished = class.grade(&["--format", "json"]);
    fs::set_permissions(directory, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(judged(&finished), ["ada answer unjudged"]);
}

#[test]
fn a_byte_order_mark_is_taken_off() {
    let class = class_with(&[b"\xef\xbb\xbf", outcome("right").as_bytes()].concat());
    assert_eq!(
        judged(&class.grade(&["--format", "json"])),
        ["ada answer passed", "ada next passed"]
    );
    let stub = format!("\u{feff}{}", class.workbook.read(ANSWER));
    class.file("ada", ANSWER, &stub);
    assert_eq!(judged(&class.grade(&["--format", "json"])), ["ada answer not_started"]);
}

/// Old points must not stand for a text that was never judged, whatever ends the grader.
#[test]
fn a_result_of_an_older_text_is_forgotten_before_the_new_one_is_judged() {
    let class = Class::new();
    class.student("ada", "right", Some("right"));
    class.grade(&[]);
    class.student("ada", "wrong_answer", Some("wrong_answer"));
    let arguments = class.arguments(&["--format", "json", "--jobs", "1"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut grader = class.workbook.start(&arguments);
    let lines = BufReader::new(grader.stdout.as_mut().unwrap()).lines();
    let mut graded = lines.map(Result::unwrap).filter(|line| line.contains("\"graded\""));
    assert!(graded.next().is_some());
    kill(Pid::from_raw(grader.id() as i32), Signal::SIGKILL).unwrap();
    grader.wait().unwrap();
    while !class.workbook.processes().is_empty() {
        std::thread::yield_now();
    }
    let score = class.workbook.checker(&["score", class.out().to_str().unwrap()]);
    assert_eq!(score.code, Some(0), "{score:?}");
    let gradebook = class.gradebook();
    let next = gradebook.lines().nth(1).unwrap().split(',').nth(2).unwrap().to_owned();
    assert!(next.is_empty() || next == "0", "not the 2 points of before: {gradebook}");
}

#[test]
fn a_source_that_is_mended_is_judged() {
    let class = class_with(b"// J\xfcrgen\n");
    assert_eq!(class.grade(&[]).code, Some(1));
    class.student("ada", "right", None);
    let finished = class.grade(&["--format", "json"]);
    assert_eq!(judged(&finished), ["ada answer passed"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[test]
fn one_unusable_file_leaves_the_whole_exercise_open_and_one_too_many_does() {
    let class = Class::new();
    class.student("ada", "right", None);
    let file = class.submissions().join("ada").join(ANSWER).with_file_name("more.rs");
    fs::write(file, b"// J\xfcrgen\n").unwrap();
    class.student("bob", "right", None);
    for nth in 0..64 {
        class.file("bob", &format!("exercises/01_part/01_answer/src/m{nth}.rs"), "");
    }
    let finished = class.grade(&["--format", "json", "--only", "answer"]);
    assert_eq!(judged(&finished), ["ada answer unjudged", "bob answer unjudged"]);
    let said = report(&class, &["--only", "answer"]).stdout;
    assert!(said.contains("src/more.rs is not UTF-8"), "{said}");
    assert!(said.contains("is one file too many"), "{said}");
}

#[test]
fn work_in_the_wrong_place_is_not_taken_for_a_stub() {
    let class = Class::new();
    class.file("ada", "exercises/01_part/01_answer/lib.rs", &outcome("right"));
    class.file("bob", ANSWER, &class.workbook.read(ANSWER));
    class.file("bob", "exercises/01_part/01_answer/src/lib (1).rs", &outcome("right"));
    class.file("eve", "exercises/01_part/01_answer/src/Lib.rs", &outcome("right"));
    let finished = class.grade(&["--format", "json", "--only", "answer"]);
    assert_eq!(
        judged(&finished),
        ["ada answer unjudged", "bob answer unjudged", "eve answer unjudged"]
    );
    let said = report(&class, &["--only", "answer"]).stdout;
    for word in [
        "src/lib.rs is missing, but there is exercises/01_part/01_answer/lib.rs",
        "src/lib.rs is still the stub, but there is exercises/01_part/01_answer/src/lib (1).rs",
        "src/lib.rs is missing, but there is exercises/01_part/01_answer/src/Lib.rs",
    ] {
        assert!(said.contains(word), "{word} is not in {said}");
    }
}

#[test]
fn links_of_an_archive_leave_their_exercises_open() {
    let class = Class::new();
    fs::create_dir_all(class.submissions()).unwrap();
    let mut archive = tar::Builder::new(Vec::new());
    let mut link = |path: &str, to: &str, kind| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        archive.append_link(&mut header, path, to).unwrap();
    };
    link(ANSWER, "elsewhere.rs", tar::EntryType::Link);
    link("exercises/01_part/02_next/src", "../../elsewhere", tar::EntryType::Symlink);
    fs::write(class.submissions().join("ada.tar"), archive.into_inner().unwrap()).unwrap();
    let finished = class.grade(&["--format", "json"]);
    assert_eq!(judged(&finished), ["ada answer unjudged", "ada next unjudged"]);
    let said = report(&class, &[]).stdout;
    assert!(said.contains("01_answer/src/lib.rs is a hard link to another file"), "{said}");
    assert!(said.contains("02_next/src is a symbolic link"), "{said}");
    assert!(said.contains("– of 5  0 of 2 pass  2 open"), "no 0 points: {said}");
    let document: Value =
        serde_json::from_str(&report(&class, &["--format", "json"]).stdout).unwrap();
    assert!(document["students"][0]["points"].is_null(), "{document}");
    assert!(class.gradebook().contains("ada,,,,5,,"), "{}", class.gradebook());
}

#[test]
fn a_link_above_an_exercise_leaves_what_is_below_it_open() {
    let class = Class::new();
    class.student("bob", "right", None);
    class.file("ada", "exercises/README.md", "");
    let part = class.submissions().join("ada/exercises/01_part");
    std::os::unix::fs::symlink(class.submissions().join("bob/exercises/01_part"), part).unwrap();
    let finished = class.grade(&["--format", "json", "--only", "answer"]);
    assert_eq!(judged(&finished), ["ada answer unjudged", "bob answer passed"]);
}

#[test]
fn no_format_makes_0_points_of_what_is_open() {
    let class = class_with(b"// J\xfcrgen\n");
    class.student("bob", "right", Some("right"));
    class.grade(&[]);
    let said = |format: &str| report(&class, &["--format", format]).stdout;
    let canvas = said("canvas");
    assert!(canvas.contains("bob,,,bob,,5") && !canvas.contains("ada"), "{canvas}");
    let moodle = said("moodle");
    assert!(moodle.contains("ada,-,") && moodle.contains("1.1 answer: needs a person"), "{moodle}");
    let csv = said("csv");
    assert!(csv.contains("ada,answer,unjudged,,3,,\n"), "{csv}");
    let junit = said("junit");
    assert!(junit.contains("type=\"unjudged\""), "{junit}");

    let path = class.directory.path().join("report");
    let to = |format: &str| {
        let _ = fs::remove_dir_all(&path);
        report(&class, &["--format", format, "--output", path.to_str().unwrap()])
    };
    assert_eq!(to("gradescope").code, Some(0));
    let document = fs::read_to_string(path.join("ada/results.json")).unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["tests"][0].get("score"), None, "{document}");
    assert_eq!(document["tests"][1]["score"], 2.0);
    assert_eq!(to("html").code, Some(0));
    let page = fs::read_to_string(path.join("index.html")).unwrap();
    assert!(page.contains("data-value=\"-1\" data-verdict=\"unjudged\""));
    let page = fs::read_to_string(path.join("students/ada.html")).unwrap();
    assert!(page.contains("no points yet, of 3"), "{page}");
}

#[rstest]
#[case::classroom("classroom", "results.base64")]
#[case::classroom50("classroom50", "result.json")]
fn a_format_of_scores_alone_gets_no_file_of_who_is_open(#[case] format: &str, #[case] name: &str) {
    let class = class_with(outcome("right").as_bytes());
    class.student("bob", "right", Some("right"));
    class.grade(&[]);
    let path = class.directory.path().join("report");
    let to = |path: &Path, more: &[&str]| {
        let arguments = ["--format", format, "--output", path.to_str().unwrap()];
        report(&class, &[&arguments[..], more].concat())
    };
    assert_eq!(to(&path, &[]).code, Some(0));
    fs::write(class.submissions().join("ada").join(ANSWER), b"// J\xfcrgen\n").unwrap();
    class.grade(&[]);
    let finished = to(&path, &[]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished.complaint().contains("ada: 1 result is open, and this format has only scores")
    );
    assert!(!path.join("ada").join(name).exists(), "the file of before is no longer true");
    assert!(path.join("bob").join(name).exists());
    let alone = report(&class, &["--format", format, "--student", "ada"]);
    assert_eq!((alone.code, alone.stdout.as_str()), (Some(1), ""), "{alone:?}");
    assert_eq!(to(&path, &["--only", "next"]).code, Some(0));
}
