//! Rows 5 and 6: what hostile submissions say, in the reports for machines.

use std::fs;

use crate::class::Class;
use crate::rows::ON_THE_VERDICT;

/// What no report may contain as it is.
const RAW: [&str; 4] = ["\u{1b}", "\u{202e}", "\u{0}", "<script>alert"];

fn graded() -> Class {
    let class = Class::new();
    let speakers = ON_THE_VERDICT.iter().filter(|attack| attack.name.starts_with("speaks to"));
    for (attack, student) in
        speakers.zip(["=cmd|' /C calc'!A0", "<script>alert(1)</script>\n::notice::100"])
    {
        for (path, text) in attack.hands_in.files() {
            class.file(
                &student.replace('/', "\u{2215}"),
                &format!("exercises/01_part/01_answer/{path}"),
                &text,
            );
        }
    }
    let evil =
        "exercises/01_part/01_answer/tests/\n::notice::100\u{1b}[2J\u{202e}<script>alert(1).rs";
    class.file("=cmd|' /C calc'!A0".replace('/', "\u{2215}").as_str(), evil, "");
    class.grade(&[]);
    class
}

#[test]
fn no_report_carries_what_submissions_say_unescaped() {
    let class = graded();
    let out = class.out();
    let report = |format: &str| {
        let finished =
            class.workbook.checker(&["report", out.to_str().unwrap(), "--format", format]);
        assert_eq!(finished.code, Some(0), "{format}: {finished:?}");
        finished.stdout
    };
    let (junit, csv, github) = (report("junit"), report("csv"), report("github"));
    for (format, text) in [("junit", &junit), ("csv", &csv), ("github", &github)] {
        assert!(text.contains("calc"), "{format} does not name the student: {text}");
        for raw in RAW {
            // Only a page for a browser takes HTML for HTML.
            let is_data = format != "junit" && raw == "<script>alert";
            assert!(is_data || !text.contains(raw), "{format} contains {raw:?}: {text}");
        }
    }
    roxmltree::Document::parse(&junit).unwrap();
    for record in csv::Reader::from_reader(csv.as_bytes()).records() {
        let formula =
            |cell: &str| cell.len() > 1 && cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let record = record.unwrap();
        assert!(!record.iter().any(formula), "{record:?}");
    }
    assert_eq!(commands(&github), Vec::<&str>::new());
    let human = class.grade(&["--rerun", "=cmd|' \u{2215}C calc'!A0"]);
    assert!(!human.stdout.contains('\u{1b}') && !human.stdout.contains('\u{202e}'), "{human:?}");
    fs::remove_dir_all(out).unwrap();
}

/// The lines that GitHub's runner takes for commands and that the checker has not meant.
fn commands(log: &str) -> Vec<&str> {
    let mut end = None;
    let mut found = Vec::new();
    for line in log.lines() {
        match &end {
            Some(token) if line == token => end = None,
            Some(_) => {}
            None => match line.strip_prefix("::stop-commands::") {
                Some(token) => end = Some(format!("::{token}::")),
                None if line.starts_with("::notice::100") || line.starts_with("::set-output") => {
                    found.push(line);
                }
                None => {}
            },
        }
    }
    found
}
