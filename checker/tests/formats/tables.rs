//! CSV for Canvas, Moodle and spreadsheets: read by the csv crate with other settings than it was written
//! with, and by Python's csv module where there is a Python.

use std::io::Write;
use std::process::{Command, Stdio};

use checker::report::formats::{Key, canvas, gradebook, moodle, table};

use crate::fixture::{Class, FORMULA, Graded, assert_harmless};

type Rows = Vec<Vec<String>>;

fn rows(text: &str) -> Rows {
    assert_harmless(text);
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.has_headers(false).flexible(true).from_reader(text.as_bytes());
    let rows: Rows = reader
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect();
    let width = rows[0].len();
    assert!(rows.iter().all(|row| row.len() == width), "each line has {width} cells: {rows:?}");
    for cell in rows.iter().flatten().filter(|cell| *cell != "-") {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "a formula: {cell}");
    }
    if let Some(read) = read_by_python(text) {
        assert_eq!(read, rows);
    }
    rows
}

fn read_by_python(text: &str) -> Option<Rows> {
    let program = "import csv, io, json, sys; \
                   text = io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8', newline=''); \
                   print(json.dumps(list(csv.reader(text))))";
    let mut command = Command::new("python3");
    let piped = command.args(["-c", program]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = piped.spawn().ok()?;
    let mut stdin = python.stdin.take().unwrap();
    let text = text.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = python.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
}

fn row<'a>(rows: &'a Rows, start: &str) -> &'a [String] {
    rows.iter().find(|row| row[0].starts_with(start)).unwrap()
}

#[test]
fn canvas_gets_an_assignment_with_its_points_and_a_line_for_each_student() {
    let graded = Graded::new(Class::new());
    let rows = rows(&canvas::import(&graded.gradebook(), "Shopfloor (4711)"));
    let headings = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Shopfloor (4711)"];
    assert_eq!(rows[0], headings);
    assert_eq!(rows[1], ["    Points Possible", "", "", "", "", "8"]);
    assert_eq!(row(&rows, "bob"), ["bob", "", "", "bob", "", "1.66"]);
    let has_open =
        rows.iter().any(|row| row[0].contains("Zo") || ["hal", "ida"].contains(&row[0].as_str()));
    assert!(!has_open, "an empty cell would take a grade away from a student with an open result");
    assert_eq!(rows.len(), 2 + 5);
}

/// Canvas takes each line whose first cell contains "Points Possible" for that line (canvas-lms,
/// lib/gradebook_importer.rb).
#[test]
fn a_student_called_points_possible_sets_no_points() {
    let mut class = Class::new();
    class.0[0].0 = "Points Possible";
    let rows = rows(&canvas::import(&Graded::new(class).gradebook(), "Shopfloor (4711)"));
    let setting: Vec<_> = rows.iter().filter(|row| row[0].contains("Points Possible")).collect();
    assert_eq!(setting.len(), 1);
    assert_eq!(setting[0][5], "8");
    assert_eq!(row(&rows, "points possible")[3], "Points Possible", "the login stays");
}

#[test]
fn moodle_gets_a_key_a_grade_and_feedback() {
    let graded = Graded::new(Class::new());
    let rows = rows(&moodle::import(&graded.gradebook(), "Shopfloor", Key::Email));
    assert_eq!(rows[0], ["email", "Shopfloor", "feedback"]);
    let feedback = "2.1 mutex: failed: 1 of 4 tests pass\n2.2 semaphore: not started";
    assert_eq!(row(&rows, "bob"), ["bob", "1.66", feedback]);
    assert!(row(&rows, "gus")[2].starts_with("The submission cannot be read: it is none of"));
    assert_eq!(row(&rows, "'=Zo")[1], "-", "no grade");
    let feedback = "2.1 mutex: needs a person: exercises/02_locks/01_mutex/src/lib.rs is UTF-16; \
                    expected UTF-8\n2.2 semaphore: passed";
    assert_eq!(row(&rows, "hal"), ["hal", "-", feedback]);
}

#[test]
fn the_long_form_has_a_line_for_each_student_and_exercise() {
    let graded = Graded::new(Class::new());
    let rows = rows(&table::long(&graded.gradebook()));
    let headings = ["student", "exercise", "verdict", "points", "possible", "bonus", "alike"];
    assert_eq!(rows[0], headings);
    assert_eq!(rows[1], ["ada", "mutex", "passed", "5", "5", "0", "eve"]);
    assert_eq!(rows.len(), 1 + 8 * 2);
    assert_eq!(rows[3], ["bob", "mutex", "failed", "1.66", "5", "0", ""]);
    assert_eq!(rows[6], ["eve", "semaphore", "forged", "0", "3", "0", ""]);
    let name = format!("'{FORMULA}");
    assert_eq!(rows[12], [name.as_str(), "semaphore", "", "", "3", "", ""]);
    assert_eq!(rows[13], ["hal", "mutex", "unjudged", "", "5", "", ""]);
    assert_eq!(rows[15], ["ida", "mutex", "skipped", "", "5", "", ""]);
}

#[test]
fn the_gradebook_is_guarded_as_well() {
    let graded = Graded::new(Class::new());
    let rows = rows(&gradebook::document(&graded.gradebook()));
    assert_eq!(rows.len(), 1 + 8);
    let hal = ["hal", "", "3", "", "8", "", "1", "0", "", "mutex"];
    assert_eq!(row(&rows, "hal"), hal);
    assert_eq!(row(&rows, "'=Zo")[0], format!("'{FORMULA}"));
}
