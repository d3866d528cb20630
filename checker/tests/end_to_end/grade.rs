//! Grading from outside: made submissions, and what the gradebook says of them.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rstest::rstest;

use crate::archives::{gzip, tar_of, zip_of};
use crate::class::{Class, judged};
use crate::miniature::{ANSWER, Finished, NEXT, outcome};

#[test]
fn the_gradebook_says_what_was_put_in() {
    let class = Class::new();
    class.student("ada", "right", Some("right"));
    class.student("bob", "wrong_answer", None);
    class.student("eve", "compile_error", Some("right"));
    let finished = class.grade(&["--format", "json"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(
        judged(&finished),
        [
            "ada answer passed",
            "ada next passed",
            "bob answer failed",
            "bob next not_started",
            "eve answer does_not_compile",
            "eve next passed",
        ]
    );
    let gradebook = class.gradebook();
    let lines: Vec<&str> = gradebook.lines().collect();
    assert_eq!(
        lines[0],
        "student,answer,next,total,maximum,bonus,days_late,late_percent,unreadable,open"
    );
    assert!(lines[1].starts_with("ada,") && lines[3].starts_with("eve,0,"), "{gradebook}");
}

#[test]
fn what_is_known_is_not_judged_again_but_what_has_changed_is() {
    let class = Class::new();
    class.student("ada", "wrong_answer", Some("right"));
    class.grade(&[]);
    let gradebook = class.gradebook();
    assert_eq!(judged(&class.grade(&["--format", "json"])), Vec::<String>::new());
    assert_eq!(class.gradebook(), gradebook);
    class.student("ada", "right", None);
    assert_eq!(judged(&class.grade(&["--format", "json"])), ["ada answer passed"]);
    let again = class.grade(&["--format", "json", "--rerun", "ada", "--only", "next"]);
    assert_eq!(judged(&again), ["ada next passed"]);
}

#[test]
fn an_untouched_answer_right_after_a_solution_in_the_same_place_is_none() {
    let class = Class::new();
    class.student("ada", "right", None);
    let stub = class.workbook.read(ANSWER);
    class.file("bob", ANSWER, &format!("{stub}\n// Not the stub, to a letter.\n"));
    class.student("eve", "right", None);
    // File times older than any build: the text decides.
    let file = File::options().append(true).open(class.submissions().join("bob").join(ANSWER));
    file.unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    let finished = class.grade(&["--format", "json", "--jobs", "1", "--only", "answer"]);
    assert_eq!(judged(&finished), ["ada answer passed", "bob answer failed", "eve answer passed"]);
}

#[test]
fn a_grader_that_is_killed_goes_on_where_it_was_and_ends_the_same() {
    let (whole, cut) = (Class::new(), Class::new());
    for class in [&whole, &cut] {
        for student in ["ada", "bob", "eve"] {
            class.student(student, "right", Some("wrong_answer"));
        }
    }
    whole.grade(&[]);
    let arguments = cut.arguments(&["--format", "json", "--jobs", "1"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    for nth in 1..=2 {
        let mut grader = cut.workbook.start(&arguments);
        let lines = BufReader::new(grader.stdout.as_mut().unwrap()).lines();
        let graded = lines.map(Result::unwrap).filter(|line| line.contains("\"graded\""));
        assert_eq!(graded.take(nth).count(), nth);
        kill(Pid::from_raw(grader.id() as i32), Signal::SIGKILL).unwrap();
        grader.wait().unwrap();
        while !cut.workbook.processes().is_empty() {
            std::thread::yield_now();
        }
    }
    let finished = cut.grade(&["--format", "json"]);
    let count = judged(&finished).len();
    assert!((1..=3).contains(&count), "{count} of 6 were left: {finished:?}");
    assert_eq!(cut.gradebook(), whole.gradebook());
}

/// A log that says what libtest would say of a test that passes, written by the code under test.
const FORGERY: &str = r#"
use std::io::Write;

/// Finds its own test's name and log file among the arguments, writes `ok`, and leaves.
pub fn answer() -> u32 {
    let arguments: Vec<String> = std::env::args().collect();
    let log = arguments.iter().position(|it| it == "--logfile").map(|it| &arguments[it + 1]);
    if let Some(log) = log {
        let mut log = std::fs::File::create(log).unwrap();
        writeln!(log, "ok {}", arguments[1]).unwrap();
        std::process::exit(0);
    }
    42
}
"#;

#[test]
fn a_log_that_says_ok_of_a_test_that_did_not_end_is_forged() {
    let class = Class::new();
    class.file("eve", ANSWER, FORGERY);
    class.student("fay", "right", None);
    let finished = class.grade(&["--format", "json", "--only", "answer", "--jobs", "1"]);
    assert_eq!(judged(&finished), ["eve answer forged", "fay answer passed"]);
    assert!(class.gradebook().contains("eve,0,"), "{}", class.gradebook());
}

#[test]
fn a_flagged_result_counts_only_once_it_is_approved() {
    let class = Class::new();
    let flagged = "pub fn answer() -> u32 { std::thread::sleep(std::time::Duration::ZERO); 42 }";
    class.file("ada", ANSWER, flagged);
    class.student("bob", "right", None);
    let (out, only) = (class.out(), ["--only", "answer"]);
    let finished = class.grade(&["--hold-flags", only[0], only[1]]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let held = "held until it is approved: ada/answer: src/lib.rs:1: `thread::sleep`";
    assert!(finished.stderr.contains(held), "{finished:?}");
    assert!(class.gradebook().contains("\nada,,"), "{}", class.gradebook());
    assert!(class.gradebook().contains("\nbob,3,"), "{}", class.gradebook());
    let out = out.to_str().unwrap();
    let report = class.workbook.checker(&["report", out, "--format", "csv", only[0], only[1]]);
    assert!(report.stderr.contains(held), "{report:?}");
    assert!(!report.stdout.contains("ada,answer,passed"), "{report:?}");
    let unknown = class.workbook.checker(&["score", out, "--approve", "eve/answer"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    let approved = class.workbook.checker(&["score", out, "--approve", "ada/answer"]);
    assert_eq!(approved.code, Some(0), "{approved:?}");
    assert!(class.gradebook().contains("\nada,3,"), "{}", class.gradebook());
    // Another text is another result, and held again.
    class.file("ada", ANSWER, &format!("// Anew.\n{flagged}"));
    class.grade(&only);
    assert!(class.gradebook().contains("\nada,,"), "{}", class.gradebook());
}

/// Gives the right answer where the secret cannot be read and nothing is left behind by doing so.
fn spy(secret: &Path, mark: &Path) -> String {
    format!(
        "/// The answer, which is 42.\npub fn answer() -> u32 {{\n    let _ = std::fs::write({mark:?}, \"x\");\n    \
         if std::fs::read({secret:?}).is_ok() {{ 0 }} else {{ 42 }}\n}}\n"
    )
}

#[test]
fn a_submission_reads_no_other_and_leaves_no_mark_on_the_host() {
    let class = Class::new();
    class.student("ada", "right", None);
    let secret = class.submissions().join("ada").join(ANSWER);
    let mark = PathBuf::from(format!("/dev/shm/shopfloor-mark-{}", std::process::id()));
    class.file("eve", ANSWER, &spy(&secret, &mark));
    let finished = class.grade(&["--format", "json", "--only", "answer"]);
    if finished.stdout.contains("layers of isolation are missing") {
        eprintln!("skipped: {}", finished.stdout.lines().next().unwrap());
        return;
    }
    assert_eq!(judged(&finished), ["ada answer passed", "eve answer passed"]);
    assert!(!mark.exists());
    // The same code, run by its author on his own machine, does what it says.
    class.workbook.write(ANSWER, &spy(&secret, &mark));
    assert_eq!(class.workbook.judge_answer()["verdict"], "failed");
    fs::remove_file(mark).unwrap();
}

#[test]
fn submissions_that_are_alike_are_marked_for_instructors_and_for_nobody_else() {
    let class = Class::new();
    let right = outcome("right");
    class.file("ada", ANSWER, &right);
    class.file("bob", ANSWER, &format!("// My own work.\n{}", right.replace("    ", "\t")));
    class.student("eve", "wrong_answer", None);
    for untouched in ["fay", "gus"] {
        class.file(untouched, ANSWER, &class.workbook.read(ANSWER));
    }
    let finished = class.grade(&["--only", "answer"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let said = "answer: the same but for comments and spaces: ada, bob\n";
    assert!(finished.stdout.contains(said), "{}", finished.stdout);
    assert_eq!(finished.stdout.matches("the same but for").count(), 1, "{}", finished.stdout);
    let gradebook = class.gradebook();
    assert!(gradebook.contains("ada,3,") && gradebook.contains("bob,3,"), "it is no score");

    let out = class.out();
    let report = |more: &[&str]| {
        let own = ["report", out.to_str().unwrap(), "--only", "answer", "--format"];
        class.workbook.checker(&[&own, more].concat())
    };
    assert!(report(&["csv"]).stdout.contains("ada,answer,passed,3,3,0,bob\n"));
    let pages = class.directory.path().join("pages");
    report(&["html", "--output", pages.to_str().unwrap()]);
    let page = |name: &str| fs::read_to_string(pages.join(name)).unwrap();
    assert!(page("index.html").contains("id=\"alike\""));
    assert!(!page("students/ada.html").contains("bob"));
    for format in ["gradescope", "moodle", "junit", "github"] {
        let one = report(&[format, "--student", "ada"]).stdout;
        assert!(!one.contains("bob"), "{format}: {one}");
    }
}

#[test]
fn the_reference_is_no_mark_of_copying() {
    let mut class = Class::new();
    class.workbook = crate::miniature::Miniature::with_solutions();
    class.student("ada", "right", None);
    class.student("bob", "right", None);
    let finished = class.grade(&["--only", "answer"]);
    assert!(!finished.stdout.contains("the same but for"), "{}", finished.stdout);
}

#[test]
fn new_points_need_no_new_run() {
    let class = Class::new();
    class.student("ada", "right", None);
    class.grade(&[]);
    let points = |class: &Class| {
        let gradebook = class.gradebook();
        gradebook.lines().nth(1).unwrap().split(',').nth(1).unwrap().parse::<u32>().unwrap()
    };
    let before = points(&class);
    let old = format!("points = {before}");
    class.workbook.replace("exercises/curriculum.toml", &old, "points = 77");
    let finished = class.workbook.checker(&["score", class.out().to_str().unwrap()]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(points(&class), 77);
}

#[test]
fn edited_tests_links_and_devices_are_named_and_have_no_effect() {
    let class = Class::new();
    class.student("ada", "wrong_answer", None);
    class.file("ada", "exercises/01_part/01_answer/tests/answer.rs", "#[test] fn easy() {}");
    class.file("ada", "exercises/01_part/01_answer/build.rs", "fn main() { panic!() }");
    class.file("ada", ".cargo/config.toml", "[build]\nrustc-wrapper = \"/bin/false\"");
    let next = class.submissions().join("ada").join(NEXT);
    fs::create_dir_all(next.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &next).unwrap();
    let pipe = next.with_file_name("pipe.rs");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let finished = class.grade(&["--format", "json"]);
    assert_eq!(judged(&finished), ["ada answer failed", "ada next unjudged"]);
    let student = finished.event("student");
    let notes: Vec<String> = student["no_effect"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| format!("{} {}", note["path"], note["why"]).replace('"', ""))
        .collect();
    assert_eq!(
        notes,
        [
            "exercises/01_part/01_answer/build.rs foreign",
            "exercises/01_part/01_answer/tests/answer.rs edited",
        ]
    );
    let why = "exercises/01_part/02_next/src/lib.rs is a symbolic link";
    assert!(finished_again(&class).contains(why), "{finished:?}");
}

/// What a person reads of a class that was graded before.
fn finished_again(class: &Class) -> String {
    let finished = class.grade(&[]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    finished.stdout
}

#[test]
fn an_archive_counts_as_much_as_a_directory_and_nothing_climbs_out_of_it() {
    let class = Class::new();
    fs::create_dir_all(class.submissions()).unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(class.submissions().join(name), bytes).unwrap();
    let right = outcome("right");
    put("fork.tar", &tar_of(ANSWER, &right));
    put("nested.tar.gz", &gzip(&tar_of(&format!("fork-main/{ANSWER}"), &right)));
    put("part.zip", &zip_of(ANSWER.strip_prefix("exercises/").unwrap(), &right));
    put("climbs.tar", &tar_of("../../../exercises/01_part/01_answer/src/../../climbed.rs", &right));
    put("noise.zip", b"this is no archive");
    let whole = tar_of(ANSWER, &right);
    put("torn.tgz", &gzip(&whole)[..60]);
    let finished = class.grade(&["--format", "json", "--only", "answer"]);
    assert_eq!(
        judged(&finished),
        [
            "climbs answer unjudged",
            "fork answer passed",
            "nested answer passed",
            "noise answer unjudged",
            "part answer passed",
            "torn answer unjudged",
        ]
    );
    let climbed = |directory: &Path| directory.join("climbed.rs").exists();
    assert!(!class.directory.path().ancestors().any(climbed));
    let gradebook = class.gradebook();
    assert!(
        gradebook.contains("it is none of zip, 7z, tar, tar.gz, tar.xz and tar.zst"),
        "{gradebook}"
    );
}

#[test]
fn a_bomb_is_a_submission_that_cannot_be_read() {
    let class = Class::new();
    class.student("ada", "right", None);
    // 2 GiB of zeros in one file that nobody wants, before the one that would count.
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(
        File::create(class.submissions().join("bomb.tgz")).unwrap(),
        flate2::Compression::fast(),
    ));
    let mut header = tar::Header::new_gnu();
    header.set_size(2 << 30);
    header.set_cksum();
    archive
        .append_data(&mut header, "zeros", std::io::Read::take(std::io::repeat(0), 2 << 30))
        .unwrap();
    archive.into_inner().unwrap().finish().unwrap();
    let finished = class.grade(&["--format", "json", "--only", "answer"]);
    assert_eq!(judged(&finished), ["ada answer passed", "bomb answer unjudged"]);
    assert!(class.gradebook().contains("unpacks to more than 1024 MiB"), "{}", class.gradebook());
}

/// A class with a roster beside the submissions, graded by it.
pub fn by_roster(class: &Class, roster: &[u8]) -> Finished {
    let path = class.submissions().join("roster.csv");
    fs::write(&path, roster).unwrap();
    let out = class.out();
    let arguments = ["grade", path.to_str().unwrap(), "--out", out.to_str().unwrap()];
    class.workbook.checker(&[&arguments[..], &["--format", "json"]].concat())
}

fn class_with_one_upload() -> Class {
    let class = Class::new();
    class.student("upload-1", "right", None);
    class
}

#[test]
fn a_roster_says_whose_is_where_and_how_late() {
    let class = class_with_one_upload();
    let roster = "\u{feff}student,submission,days_late\nAda L.,upload-1,2\nBob,,\n";
    assert_eq!(by_roster(&class, roster.as_bytes()).code, Some(0));
    let gradebook = class.gradebook();
    let lines: Vec<&str> = gradebook.lines().collect();
    assert!(lines[1].starts_with("Ada L.,3,0,3,5,0,2,"), "{gradebook}");
    assert_eq!(lines[2], "Bob,0,0,0,5,0,0,0,the roster names none,");
}

#[test]
fn how_late_somebody_was_stays_known_without_the_roster() {
    let class = class_with_one_upload();
    let roster = "student,submission,days_late\nupload-1,upload-1,3\n";
    by_roster(&class, roster.as_bytes());
    fs::remove_file(class.submissions().join("roster.csv")).unwrap();
    assert_eq!(class.grade(&[]).code, Some(0));
    assert!(class.gradebook().contains("upload-1,3,0,3,5,0,3,"), "{}", class.gradebook());
    by_roster(&class, roster.replace('3', "1").as_bytes());
    assert!(class.gradebook().contains("upload-1,3,0,3,5,0,1,"), "{}", class.gradebook());
}

#[rstest]
#[case::nowhere("student,submission\nAda,upload-1\nBob,nowhere\n", ":3: there is no")]
#[case::another_heading(
    "name,submission\nAda,upload-1\n",
    "the headings are `name` and `submission`"
)]
#[case::no_number(
    "student,submission,days_late\nAda,upload-1,two\n",
    ":2: days_late is `two`; expected a whole number"
)]
#[case::twice("student,submission\nAda,upload-1\nAda,upload-1\n", ":3: `Ada` is in line 2 already")]
#[case::the_roster_itself("student,submission\nAda,.\n", "holds the roster itself")]
#[case::nobody("student,submission\n", "there is no student")]
#[case::nameless("student,submission\n,upload-1\n", ":2: a student without a name")]
fn a_wrong_line_of_a_roster_is_named_and_nothing_is_judged(
    #[case] roster: &str,
    #[case] says: &str,
) {
    let class = class_with_one_upload();
    let finished = by_roster(&class, roster.as_bytes());
    assert_eq!(finished.code, Some(2), "{finished:?}");
    let error = finished.event("error");
    let text = error["message"].as_str().unwrap();
    assert!(text.contains(says) && text.contains("student,submission"), "{text}");
    assert!(!class.out().exists());
}

#[test]
fn a_roster_that_is_not_utf_8_says_so() {
    let class = class_with_one_upload();
    let finished = by_roster(&class, b"student,submission\nJ\xfcrgen,upload-1\n");
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.event("error")["message"].as_str().unwrap().contains("not UTF-8"));
}

#[test]
fn what_is_no_submission_is_named_and_the_results_may_lie_beside_them() {
    let class = class_with_one_upload();
    fs::write(class.submissions().join("notes.txt"), "").unwrap();
    let out = class.submissions().join("results");
    let arguments =
        ["grade", class.submissions().to_str().unwrap(), "--out", out.to_str().unwrap()]
            .map(str::to_owned);
    for _ in 0..2 {
        let finished = class.workbook.checker(&arguments.each_ref().map(String::as_str));
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(finished.stderr.contains("notes.txt is no submission"), "{}", finished.stderr);
    }
    let gradebook = fs::read_to_string(out.join("gradebook.csv")).unwrap();
    assert_eq!(gradebook.lines().count(), 2, "{gradebook}");
}

#[test]
fn a_submission_without_any_exercise_says_so() {
    let class = class_with_one_upload();
    class.file("kai", "answer/src/lib.rs", &outcome("right"));
    assert_eq!(class.grade(&[]).code, Some(1));
    assert!(class.gradebook().contains("there is no exercise in it; expected directories like"));
}

#[test]
fn a_damaged_database_is_called_so_and_stays_as_it_is() {
    let class = class_with_one_upload();
    fs::create_dir(class.out()).unwrap();
    let database = class.out().join("results.sqlite");
    fs::write(&database, "no database, but long enough to be looked at as one".repeat(100))
        .unwrap();
    let before = fs::read(&database).unwrap();
    let finished = class.grade(&[]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(finished.complaint().contains("the database is damaged"), "{finished:?}");
    assert!(finished.complaint().contains("grade again into a new directory"), "{finished:?}");
    assert_eq!(fs::read(&database).unwrap(), before);
}

#[test]
fn the_compilers_words_are_kept_without_colours() {
    let class = Class::new();
    class.student("eve", "compile_error", None);
    class.grade(&["--only", "answer"]);
    let document =
        class.workbook.checker(&["report", class.out().to_str().unwrap(), "--format", "json"]);
    assert!(
        document.stdout.contains("error[E") || document.stdout.contains("error: "),
        "{document:?}"
    );
    assert!(!document.stdout.contains("u001b"), "{document:?}");
}

#[test]
fn what_cannot_be_meant_is_refused_with_a_remedy() {
    let class = Class::new();
    fs::create_dir_all(class.submissions()).unwrap();
    let none = class.grade(&[]);
    assert_eq!(none.code, Some(2));
    assert!(none.complaint().contains("no submission"), "{}", none.complaint());
    class.student("ada", "right", None);
    fs::write(class.submissions().join("ada.tar"), tar_of(ANSWER, "")).unwrap();
    let twice = class.grade(&[]);
    assert_eq!(twice.code, Some(2));
    assert!(twice.complaint().contains("two submissions of `ada`"), "{}", twice.complaint());
    let nobody = class.workbook.checker(&["score", class.out().to_str().unwrap()]);
    assert_eq!(nobody.code, Some(2));
    assert!(nobody.complaint().contains("there are no results"), "{}", nobody.complaint());
}
