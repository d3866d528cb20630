//! Uploads as platforms hand them out: every student once, with the right points, and every fault named.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rstest::rstest;
use serde_json::Value;

use crate::archives::{Files, gzip, tar_with, zip_with};
use crate::class::Class;
use crate::made_uploads::{
    Becomes, Content, Handed, everything, files_of, given, otherwise, put, solved,
};
use crate::miniature::{ANSWER, Finished, outcome};

/// Some upload of a class.
struct Student {
    key: String,
    becomes: Becomes,
    said: &'static str,
}

impl Student {
    fn of(key: &str, handed: &Handed) -> Self {
        Self { key: key.to_owned(), becomes: handed.becomes, said: handed.said }
    }

    fn right(key: &str, said: &'static str) -> Self {
        Self { key: key.to_owned(), becomes: Becomes::Right, said }
    }
}

fn intake(class: &Class, place: &Path, more: &[&str]) -> Finished {
    let place = place.to_str().unwrap();
    class.workbook.checker(&[&["intake", place, "--format", "json"][..], more].concat())
}

/// What `intake` says, by student; each may be there once.
fn uploads(finished: &Finished) -> BTreeMap<String, Value> {
    let lines = finished.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut uploads = BTreeMap::new();
    for upload in lines.filter(|event| event["event"] == "upload") {
        let student = upload["student"].as_str().unwrap().to_owned();
        assert!(uploads.insert(student.clone(), upload).is_none(), "{student} is there twice");
    }
    uploads
}

/// The remarks and reasons of an upload, in one text.
fn said(upload: &Value) -> String {
    let remarks = upload["remarks"].as_array().unwrap().iter();
    let remarks = remarks.map(|remark| remark["text"].as_str().unwrap().to_owned());
    let open = [&upload["unreadable"], &upload["unjudged"]].map(Value::to_string);
    remarks.chain(open).collect::<Vec<_>>().join("\n")
}

/// Asserts that `intake` finds each of them once and says why, and that `grade` finds the same.
fn assert_class(class: &Class, place: &Path, students: &[Student]) {
    let finished = intake(class, place, &[]);
    let found = uploads(&finished);
    let keys: Vec<&String> = found.keys().collect();
    let mut expected: Vec<&String> = students.iter().map(|student| &student.key).collect();
    expected.sort();
    assert_eq!(keys, expected, "{finished:?}");
    for student in students {
        let said = said(&found[&student.key]);
        assert!(said.contains(student.said), "{}: {} is not in {said}", student.key, student.said);
        let is_plain = student.said.is_empty();
        assert!(!is_plain || said == "null\n{}", "{}: {said}", student.key);
    }
    assert_graded(class, place, students);
}

fn assert_graded(class: &Class, place: &Path, students: &[Student]) {
    let out = class.out();
    let arguments = ["grade", place.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let finished = class.workbook.checker(&arguments);
    let is_open = |student: &Student| student.becomes == Becomes::Open;
    let code = if students.iter().any(is_open) { 1 } else { 0 };
    assert_eq!(finished.code, Some(code), "{finished:?}");
    let gradebook = class.gradebook();
    for student in students {
        let line = gradebook.lines().find(|line| line.starts_with(&format!("{},", student.key)));
        let line = line.unwrap_or_else(|| panic!("{} is not in {gradebook}", student.key));
        let points = match student.becomes {
            Becomes::Right => ",3,0,",
            Becomes::Untouched => ",0,0,",
            Becomes::Open => ",,",
        };
        assert!(line[student.key.len()..].starts_with(points), "{line}, {points}: {finished:?}");
    }
    assert_eq!(gradebook.lines().count(), students.len() + 1, "{gradebook}");
    assert_kept(class, students);
}

/// Asserts that a report written later says the same.
fn assert_kept(class: &Class, students: &[Student]) {
    let report =
        class.workbook.checker(&["report", class.out().to_str().unwrap(), "--format", "json"]);
    let document: Value = serde_json::from_str(&report.stdout).unwrap();
    let lines = document["students"].as_array().unwrap();
    for student in students {
        let line = lines.iter().find(|line| line["student"] == student.key.as_str()).unwrap();
        let said = line.to_string();
        assert!(said.contains(student.said), "{} is not in {said}", student.said);
    }
}

#[test]
fn a_directory_of_moodle() {
    let class = Class::new();
    let mut students = Vec::new();
    for (nth, handed) in everything().iter().enumerate() {
        let key = format!("Ada Müller-{nth}_{}", 1000 + nth);
        let folder = class.submissions().join(format!("{key}_assignsubmission_file_"));
        put(&folder.join(&handed.name), &handed.content);
        students.push(Student::of(&key, handed));
    }
    let text = class.submissions().join("Eve Text_77_assignsubmission_onlinetext_/onlinetext.html");
    put(&text, &Content::File(b"<p>see my other file".to_vec()));
    students.push(Student {
        key: "Eve Text_77".into(),
        becomes: Becomes::Open,
        said: "no exercise",
    });
    assert_class(&class, &class.submissions(), &students);
    let found = uploads(&intake(&class, &class.submissions(), &[]));
    assert_eq!(found["Eve Text_77"]["name"], "Eve Text");
}

/// What is handed in as one file; a directory cannot be.
fn as_files() -> Vec<Handed> {
    let all = everything().into_iter();
    all.filter(|handed| matches!(handed.content, Content::File(_))).collect()
}

#[rstest]
#[case::zip("class.zip", "", "_assignsubmission_file_/")]
#[case::in_a_directory("class.zip", "Exercise 1/", "_assignsubmission_file_/")]
#[case::without_folders("class.zip", "", "_assignsubmission_file_")]
#[case::tar_gz("class.tar.gz", "", "_assignsubmission_file_/")]
fn a_class_archive_of_moodle(#[case] name: &str, #[case] around: &str, #[case] between: &str) {
    let class = Class::new();
    let (mut students, mut files) = (Vec::new(), Files::new());
    for (nth, handed) in as_files().iter().enumerate() {
        let key = format!("Ada M_{}", 1000 + nth);
        files.extend(files_of(&format!("{around}{key}{between}"), handed));
        students.push(Student::of(&key, handed));
    }
    let bytes = if name.ends_with(".zip") { zip_with(&files) } else { gzip(&tar_with(&files)) };
    let place = class.directory.path().join(name);
    fs::write(&place, bytes).unwrap();
    assert_class(&class, &place, &students);
}

#[test]
fn a_roster_of_what_was_found_finds_the_same() {
    let class = Class::new();
    let (mut students, mut files) = (Vec::new(), Files::new());
    for (nth, handed) in as_files().iter().enumerate() {
        let key = format!("Ada M_{}", 1000 + nth);
        files.extend(files_of(&format!("{key}_assignsubmission_file_/"), handed));
        students.push(Student::of(&key, handed));
    }
    let place = class.directory.path().join("class.zip");
    fs::write(&place, zip_with(&files)).unwrap();
    let roster = class.directory.path().join("roster.csv");
    let before = uploads(&intake(&class, &place, &["--roster", roster.to_str().unwrap()]));
    let text = fs::read_to_string(&roster).unwrap();
    assert!(
        text.contains("Ada M_1000,class.zip/Ada M_1000_assignsubmission_file_,,Ada M"),
        "{text}"
    );
    let after = uploads(&intake(&class, &roster, &[]));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (student, upload) in &before {
        for key in ["begun", "unjudged", "unreadable"] {
            assert_eq!(upload[key], after[student][key], "{student}");
        }
    }
}

/// Right and wrong work in zips.
fn right() -> Vec<u8> {
    zip_with(&solved("workbook"))
}

fn wrong() -> Vec<u8> {
    zip_with(&otherwise("workbook"))
}

/// Writes files beside each other, as a directory and as a zip.
fn both(class: &Class, files: &Files) -> [PathBuf; 2] {
    for (path, bytes) in files {
        put(&class.submissions().join(path), &Content::File(bytes.clone()));
    }
    let zip = class.directory.path().join("export.zip");
    fs::write(&zip, zip_with(files)).unwrap();
    [class.submissions(), zip]
}

#[test]
fn canvas_says_who_is_late_and_the_newest_upload_counts() {
    let files = [
        ("lovelaceada_4711_100_work.zip", right()),
        ("boolegeorge_LATE_4712_101_work.zip", right()),
        ("turingalan_4713_102_work.zip", wrong()),
        ("turingalan_4713_102_work-2.zip", right()),
        ("turingalan_4713_102_work-1.zip", wrong()),
        ("hoaretony_4714_103_work.tar.gz", gzip(&tar_with(&solved("w")))),
        ("hoaretony_4714_103_report.pdf", b"%PDF".to_vec()),
        ("allenfran_4715_104_work.zip", wrong()),
        ("allenfran_4715_105_again.zip", right()),
    ];
    let files: Files = files.map(|(path, bytes)| (path.to_owned(), bytes)).into();
    let class = Class::new();
    for place in both(&class, &files) {
        let students = [
            Student::right("4711", ""),
            Student::right("4712", "Canvas marks it as late"),
            Student::right(
                "4713",
                "turingalan_4713_102_work.zip does not count: turingalan_4713_102_work-2.zip",
            ),
            Student::right("4714", ""),
            Student::right("4715", "allenfran_4715_104_work.zip does not count"),
        ];
        assert_class(&class, &place, &students);
        assert_eq!(uploads(&intake(&class, &place, &[]))["4711"]["name"], "lovelaceada");
        fs::remove_dir_all(class.out()).unwrap();
    }
}

const METADATA: &str = "---
submission_1:
  :submitters:
  - :name: Ada Lovelace
    :sid: '0017'
    :email: ada@example.org
  :created_at: 2026-11-25 10:00:00.000000000 Z
  :score: 0.0
submission_2:
  :submitters:
  - :name: Bob
    :sid: ''
    :email: bob@example.org
  - :name: Eve
    :sid: 19
    :email: eve@example.org
  :created_at: 2026-11-25 11:00:00.000000000 Z
submission_3:
  :submitters:
  - :name: Gone
    :sid: '20'
    :email: gone@example.org
";

#[test]
fn gradescope_says_whose_is_which_in_its_metadata() {
    let mut files: Files = vec![("submission_metadata.yml".to_owned(), METADATA.into())];
    let directory = |nth: u32, made: Files| {
        made.into_iter().map(move |(path, bytes)| (format!("submission_{nth}/{path}"), bytes))
    };
    files.extend(directory(1, solved("workbook")));
    files.push(("submission_2/work.zip".to_owned(), right()));
    files.extend(directory(9, given("workbook")));
    let class = Class::new();
    for place in both(&class, &files) {
        let students = [
            Student::right("0017", ""),
            Student::right("bob@example.org", "handed in together with 19"),
            Student::right("19", "handed in together with bob@example.org"),
            Student { key: "20".into(), becomes: Becomes::Open, said: "there is no submission_3" },
            Student {
                key: "submission_9".into(),
                becomes: Becomes::Untouched,
                said: "not listed in submission_metadata.yml",
            },
        ];
        assert_class(&class, &place, &students);
        fs::remove_dir_all(class.out()).unwrap();
    }
    let list = class.submissions().join("submission_metadata.yml");
    fs::write(list, "submission_1: [}").unwrap();
    let finished = intake(&class, &class.submissions(), &[]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(finished.stdout.contains("it is not the list of a Gradescope export"), "{finished:?}");
}

#[test]
fn blackboard_says_who_and_when_and_the_newest_attempt_counts() {
    let files = [
        ("Locks_ada17_attempt_2026-11-25-10-00-00_work.zip", right()),
        ("Locks_ada17_attempt_2026-11-25-10-00-00.txt", b"Name: Ada".to_vec()),
        ("Locks_bob_attempt_2026-11-25-10-00-00_work.zip", wrong()),
        ("Locks_bob_attempt_2026-11-25-10-00-00.txt", b"Name: Bob".to_vec()),
        ("Locks_bob_attempt_2026-11-26-09-00-00_work.zip", right()),
        ("Locks_bob_attempt_2026-11-26-09-00-00.txt", b"Name: Bob".to_vec()),
        ("Locks_eve_attempt_2026-11-25-10-00-00.txt", b"Name: Eve".to_vec()),
    ];
    let files: Files = files.map(|(path, bytes)| (path.to_owned(), bytes)).into();
    let class = Class::new();
    for place in both(&class, &files) {
        let students = [
            Student::right("ada17", ""),
            Student::right(
                "bob",
                "Locks_bob_attempt_2026-11-25-10-00-00_work.zip does not count: \
                 Locks_bob_attempt_2026-11-26-09-00-00_work.zip is newer",
            ),
            Student { key: "eve".into(), becomes: Becomes::Open, said: "no exercise" },
        ];
        assert_class(&class, &place, &students);
        fs::remove_dir_all(class.out()).unwrap();
    }
}

#[test]
fn every_upload_of_a_plain_directory_is_judged_or_named() {
    let class = Class::new();
    let mut students = Vec::new();
    for (nth, handed) in everything().iter().enumerate() {
        let key = format!("student-{nth:02}");
        let place = match &handed.content {
            // The archive itself is named after the student.
            Content::File(_) => {
                let (_, extension) = handed.name.split_once('.').unwrap();
                class.submissions().join(format!("{key}.{extension}"))
            }
            Content::Directory(_) => class.submissions().join(&key).join(&handed.name),
        };
        put(&place, &handed.content);
        students.push(Student::of(&key, handed));
    }
    std::os::unix::fs::symlink("nowhere", class.submissions().join("zoe.zip")).unwrap();
    let said = "No such file";
    students.push(Student { key: "zoe".into(), becomes: Becomes::Open, said });
    assert_class(&class, &class.submissions(), &students);
}

#[test]
fn an_archive_of_a_class_that_no_platform_made() {
    let class = Class::new();
    let mut files: Files = vec![("class/ada.zip".to_owned(), right())];
    files.extend(solved("class/bob"));
    files.extend(given("class/eve/workbook"));
    let place = class.directory.path().join("all.zip");
    fs::write(&place, zip_with(&files)).unwrap();
    let untouched = Student { key: "eve".into(), becomes: Becomes::Untouched, said: "" };
    let students = [Student::right("ada", ""), Student::right("bob", ""), untouched];
    assert_class(&class, &place, &students);
}

#[test]
fn a_directory_one_level_too_high_is_refused_and_never_merges_students() {
    let class = Class::new();
    for section in ["monday", "tuesday"] {
        for student in ["ada", "bob"] {
            class.student(&format!("{section}/{student}"), "right", None);
        }
    }
    for command in ["intake", "grade"] {
        let out = class.out();
        let mut arguments = vec![command, class.directory.path().to_str().unwrap()];
        arguments[1] = Box::leak(class.submissions().display().to_string().into_boxed_str());
        if command == "grade" {
            arguments.extend(["--out", out.to_str().unwrap()]);
        }
        let finished = class.workbook.checker(&arguments);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        let complaint = finished.complaint();
        assert!(complaint.contains("each of these holds several copies"), "{complaint}");
        assert!(complaint.contains("in/monday") && complaint.contains("in/tuesday"), "{complaint}");
        assert!(!out.exists());
    }
    let place = class.submissions().join("monday");
    assert_class(&class, &place, &[Student::right("ada", ""), Student::right("bob", "")]);
}

#[test]
fn three_students_in_one_upload_are_nobodys() {
    let class = Class::new();
    class.student("ada", "right", None);
    for student in ["bob", "eve", "fay"] {
        class.file(&format!("section/{student}"), ANSWER, &class.workbook.read(ANSWER));
    }
    class.student("section/gus", "right", None);
    let open = Student {
        key: "section".into(),
        becomes: Becomes::Open,
        said: "it has 4 copies of the workbook: bob/exercises",
    };
    assert_class(&class, &class.submissions(), &[Student::right("ada", ""), open]);
}

#[test]
fn another_version_can_be_judged_all_the_same_and_is_one_sentence() {
    let class = Class::new();
    for (nth, handed) in everything().iter().filter(|it| it.name == "version.zip").enumerate() {
        put(&class.submissions().join(format!("{nth}.zip")), &handed.content);
    }
    let finished = intake(&class, &class.submissions(), &["--other-versions"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let upload = &uploads(&finished)["0"];
    assert!(said(upload).contains("given files of 2 of its 2 exercises differ"), "{upload}");
    assert_eq!(upload["no_effect"], Value::Array(Vec::new()));
    let one = class.grade(&[]);
    assert_eq!(one.code, Some(2), "{one:?}");
    assert!(one.complaint().contains("--other-versions judges it"), "{}", one.complaint());
    assert_eq!(class.grade(&["--other-versions"]).code, Some(0));
    assert!(class.gradebook().contains("0,3,0,3,5,"), "{}", class.gradebook());
}

#[test]
fn other_ends_of_lines_are_no_change() {
    let class = Class::new();
    let windows = |files: Files| -> Files {
        let crlf = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace('\n', "\r\n");
        files.into_iter().map(|(path, bytes)| (path, crlf(bytes).into_bytes())).collect()
    };
    let put_zip = |name: &str, files: Files| {
        put(&class.submissions().join(name), &Content::File(zip_with(&windows(files))));
    };
    put_zip("ada.zip", given("workbook"));
    put_zip("bob.zip", otherwise("workbook"));
    let found = uploads(&intake(&class, &class.submissions(), &[]));
    assert_eq!(found["ada"]["begun"], Value::Array(Vec::new()), "{found:?}");
    assert_eq!(found["bob"]["begun"][0], "answer");
    assert!(found.values().all(|upload| upload["no_effect"] == Value::Array(Vec::new())));
    let finished = class.grade(&[]);
    assert!(class.gradebook().contains("ada,0,0,"), "{finished:?}");
}

/// Whoever may not read everything: root reads what it likes.
fn as_nobody(command: &mut Command) {
    if nix::unistd::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
}

/// Lets everybody read what is there.
fn open_to_all(path: &Path) {
    let metadata = fs::symlink_metadata(path).unwrap();
    if metadata.is_symlink() {
        return;
    }
    let mode = metadata.permissions().mode();
    let all = if metadata.is_dir() { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode | all)).unwrap();
    if metadata.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| open_to_all(&entry.unwrap().path()));
    }
}

#[test]
fn what_may_not_be_read_is_open_and_stops_nobody_else() {
    let class = Class::new();
    class.student("ada", "right", None);
    class.student("bob", "right", None);
    class.student("eve", "right", None);
    class.student("fay", "right", None);
    let at = |path: &str| class.submissions().join(path);
    fs::write(at("gus.zip"), right()).unwrap();
    let locked = [at("gus.zip"), at("bob").join(ANSWER), at("eve/exercises/01_part"), at("fay")];
    let set =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    // Under a strict umask nobody else could read any of it.
    open_to_all(class.directory.path());
    open_to_all(class.workbook.root().parent().unwrap());
    locked.iter().for_each(|path| set(path, 0));
    let place = class.submissions();
    let mut command =
        class.workbook.command(&["intake", place.to_str().unwrap(), "--format", "json"]);
    // The test's own program may lie where only its owner goes.
    let program = class.directory.path().join("checker");
    fs::copy(env!("CARGO_BIN_EXE_checker"), &program).unwrap();
    set(&program, 0o755);
    let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    command = Command::new(program);
    command.args(arguments).current_dir(class.workbook.root());
    as_nobody(&mut command);
    let finished = Finished::of(command.output().unwrap());
    locked.iter().for_each(|path| set(path, 0o755));
    let found = uploads(&finished);
    assert_eq!(found["ada"]["begun"][0], "answer");
    for student in ["bob", "eve", "fay", "gus"] {
        assert!(said(&found[student]).contains("forbid the grader to read it"), "{found:?}");
    }
    assert_eq!(finished.code, Some(1), "{finished:?}");
}

#[test]
fn a_submission_of_which_nothing_counts_is_no_grading() {
    let class = Class::new();
    class.file("kai", "notes/lib.rs", &outcome("right"));
    for more in [&["--format", "json"][..], &[]] {
        let finished = class.grade(more);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        let said = format!("{}{}", finished.stdout, finished.complaint());
        assert!(said.contains("no submission has an exercise that can be judged"), "{said}");
        assert!(said.contains("kai: there is no exercise in it"), "{said}");
    }
    assert!(!class.out().exists());
}

/// A clone `NAME` as GitHub Classroom's tools make it; `branches` in this order, the first is checked out.
fn clone(class: &Class, name: &str, branches: &[(&str, Files)]) {
    let place = class.submissions().join(name);
    fs::create_dir_all(&place).unwrap();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(&place).args(["-c", "user.name=A", "-c", "user.email=a@b"]);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    git(&["init", "-q", "-b", branches[0].0]);
    git(&["remote", "add", "origin", &format!("git@github.com:course/{name}.git")]);
    for (nth, (branch, files)) in branches.iter().enumerate() {
        if nth > 0 {
            git(&["checkout", "-q", "-b", branch]);
        }
        for (path, bytes) in files.iter().filter(|(path, _)| !path.contains(".git/")) {
            put(&place.join(path.strip_prefix("w/").unwrap()), &Content::File(bytes.clone()));
        }
        git(&["add", "-A"]);
        git(&["commit", "-q", "--allow-empty", "-m", branch]);
    }
    git(&["checkout", "-q", branches[0].0]);
}

/// As they are in the repository: a student's `target/` is ignored there.
fn committed(files: Files) -> Files {
    let is_ours = |path: &str| path.starts_with("w/") && !path.contains("target/");
    files.into_iter().filter(|(path, _)| is_ours(path)).collect()
}

#[test]
fn clones_of_a_classroom_have_a_login_and_other_branches_are_named() {
    let class = Class::new();
    clone(&class, "locks-ada", &[("main", committed(solved("w")))]);
    clone(&class, "locks-bob-b", &[("main", given("w")), ("solution", committed(solved("w")))]);
    let more = committed(solved("w"));
    clone(&class, "locks-eve", &[("main", committed(solved("w"))), ("experiments", more)]);
    clone(&class, "locks-fay", &[("main", given("w")), ("feedback", Files::new())]);
    let untouched = Student { key: "fay".into(), becomes: Becomes::Untouched, said: "" };
    let finished = intake(&class, &class.submissions(), &[]);
    let found = uploads(&finished);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["ada", "bob-b", "eve", "fay"], "{finished:?}");
    let bob = &found["bob-b"];
    assert!(said(bob).contains("the branch `solution`, which is not checked out"), "{bob}");
    assert!(bob["unjudged"]["answer"].is_array() && bob["unjudged"]["next"].is_null(), "{bob}");
    for student in ["ada", "eve", "fay"] {
        assert_eq!(said(&found[student]), "null\n{}");
    }
    assert_eq!(
        uploads(&intake(&class, &class.submissions(), &[]))["fay"]["begun"],
        found["fay"]["begun"]
    );
    let bob = Student { key: "bob-b".into(), becomes: Becomes::Open, said: "" };
    let students = [Student::right("ada", ""), bob, Student::right("eve", ""), untouched];
    assert_graded(&class, &class.submissions(), &students);
}

#[test]
fn what_a_clone_has_configured_is_not_executed() {
    let class = Class::new();
    class.student("ada", "right", None);
    clone(&class, "bob", &[("main", given("w")), ("work", committed(solved("w")))]);
    let mark = class.directory.path().join("mark");
    let run = format!("touch {}", mark.display());
    let config = class.submissions().join("bob/.git/config");
    let text = format!(
        "{}\n[core]\n\tfsmonitor = {run}\n\thooksPath = /tmp\n\tpager = {run}\n\
         [filter \"x\"]\n\tsmudge = {run}\n\tprocess = {run}\n\trequired = true\n[tar \"tar\"]\n\tcommand = {run}\n",
        fs::read_to_string(&config).unwrap()
    );
    fs::write(config, text).unwrap();
    let attributes = class.submissions().join("bob/.git/info/attributes");
    fs::create_dir_all(attributes.parent().unwrap()).unwrap();
    fs::write(attributes, "* filter=x\n").unwrap();
    let found = uploads(&intake(&class, &class.submissions(), &[]));
    assert!(said(&found["bob"]).contains("the branch `work`"), "{found:?}");
    assert!(!mark.exists());
}
