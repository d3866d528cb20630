//! A checkout with CRLF and a byte order mark, as git and editors on Windows make it.

use std::fs;
use std::path::Path;

use crate::miniature::{ANSWER, Miniature, outcome};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The text as Windows has it.
fn of_windows(text: &str) -> String {
    format!("{BYTE_ORDER_MARK}{}", text.replace('\n', "\r\n"))
}

/// Every text of the workbook as git checks it out with `core.autocrlf`, and with a byte order mark.
///
/// TOML files get none: cargo does not take a lock file with one.
fn checked_out_on_windows() -> Miniature {
    let miniature = Miniature::with_solutions();
    for directory in ["exercises", "checker", "solutions"] {
        convert(&miniature.root().join(directory));
    }
    miniature
}

fn convert(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            convert(&path);
        } else if kind.is_file() {
            let text = of_windows(&fs::read_to_string(&path).unwrap());
            let is_toml = path.extension().is_some_and(|extension| extension == "toml");
            fs::write(
                &path,
                if is_toml { text.trim_start_matches(BYTE_ORDER_MARK) } else { &text },
            )
            .unwrap();
        }
    }
}

#[test]
fn a_checkout_with_crlf_is_as_it_was_given() {
    let miniature = checked_out_on_windows();
    assert_eq!(miniature.judge_answer()["verdict"], "not_started");
    let finished = miniature.checker(&["list"]);
    assert!(finished.stdout.contains("not started"), "{finished:?}");
    let finished = miniature.checker(&["reset", "answer", "--given"]);
    assert!(finished.stdout.contains("nothing to restore"), "{finished:?}");
}

#[test]
fn a_solution_with_crlf_and_a_byte_order_mark_is_judged_as_any_other() {
    let miniature = checked_out_on_windows();
    miniature.write(ANSWER, &of_windows(&outcome("right")));
    assert_eq!(miniature.judge_answer()["verdict"], "passed");
    miniature.write(ANSWER, &of_windows(&outcome("panic")));
    let judged = miniature.judge_answer();
    assert_eq!(judged["verdict"], "failed");
    let line = outcome("panic").lines().position(|line| line.contains("panic!(")).unwrap() + 1;
    assert_eq!(judged["tests"][0]["place"]["line"], line, "{judged:#}");
}

#[test]
fn an_edit_in_a_checkout_with_crlf_is_found_at_its_line() {
    let miniature = checked_out_on_windows();
    miniature.write(ANSWER, &of_windows(&outcome("right")));
    miniature.replace("exercises/01_part/01_answer/tests/answer.rs", "42, \"the", "44, \"the");
    let judged = miniature.judge_answer();
    assert_eq!(judged["verdict"], "tests_missing", "{judged:#}");
    assert!(judged["message"].as_str().unwrap().contains("answer.rs:10 is not"), "{judged:#}");
}

#[test]
fn reset_writes_lf() {
    let stub = Miniature::new().read(ANSWER);
    let miniature = checked_out_on_windows();
    miniature.write(ANSWER, &of_windows(&outcome("right")));
    assert_eq!(miniature.checker(&["reset", "answer"]).code, Some(0));
    assert_eq!(miniature.read(ANSWER), stub);
}

#[test]
fn hints_are_shown_without_carriage_returns() {
    let miniature = checked_out_on_windows();
    let hints = "# Hints\n\n## 1\n\nThe first\nhint.\n\n- a list\n\n## 2\n\nThe second hint.\n";
    miniature.write("exercises/01_part/01_answer/hints.md", &of_windows(hints));
    let finished = miniature.checker(&["hint", "answer"]);
    assert!(finished.stdout.contains("The first hint.\n\n- a list"), "{finished:?}");
    assert!(!finished.stdout.contains('␍') && !finished.stdout.contains('\r'), "{finished:?}");
}

#[test]
fn pins_are_the_same_from_any_checkout() {
    let pins = ["01_part/01_answer.toml", "01_part/02_next.toml", "workbook.toml"];
    let miniature = checked_out_on_windows();
    let finished = miniature.checker(&["pin"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for pin in pins.map(|pin| format!("checker/pins/{pin}")) {
        assert_eq!(miniature.read(&pin), Miniature::new().read(&pin), "{pin}");
    }
}

#[test]
fn verify_takes_a_checkout_with_crlf() {
    let finished = checked_out_on_windows().checker(&["verify"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[cfg(feature = "grade")]
#[test]
fn a_submission_with_crlf_has_neither_begun_nor_edited_anything() {
    let class = crate::class::Class::new();
    let given = |path: &str| of_windows(&class.workbook.read(path));
    for file in ["Cargo.toml", "src/lib.rs", "src/main.rs", "tests/answer.rs"] {
        let path = format!("exercises/01_part/01_answer/{file}");
        class.file("ada", &path, &given(&path));
        class.file("bob", &path, &given(&path));
    }
    class.file("bob", ANSWER, &of_windows(&outcome("right")));
    let finished = class.grade(&["--format", "json", "--only", "answer"]);
    assert_eq!(crate::class::judged(&finished), ["ada answer not_started", "bob answer passed"]);
    assert!(!finished.stdout.contains("differs from the given file"), "{finished:?}");
    assert!(!class.gradebook().contains("differs"), "{}", class.gradebook());
}
