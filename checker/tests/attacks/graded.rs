//! Attacks, each followed by an honest answer in the same place, graded in one run.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::attack::{Attack, RIGHT};
use crate::class::{Class, judged};
use crate::miniature::{ANSWER, Finished};
use crate::traces::Traces;

/// A grading that is under attack.
pub struct Graded {
    pub class: Class,
    /// Nothing may be written here.
    canary: PathBuf,
    /// An honest submission.
    secret: PathBuf,
    /// Nobody may call here.
    listener: TcpListener,
    traces: Traces,
}

impl Graded {
    /// A grading within these limits, as the curriculum has them.
    pub fn within(limits: &str) -> Self {
        let class = Class::new();
        let given = "limits = { test_seconds = 10 }";
        class.workbook.replace(
            "exercises/curriculum.toml",
            given,
            &format!("limits = {{ {limits} }}"),
        );
        let canary = class.directory.path().join("canary");
        fs::create_dir(&canary).unwrap();
        fs::write(canary.join("lock"), "").unwrap();
        // Who gets this far may write.
        fs::set_permissions(&canary, fs::Permissions::from_mode(0o777)).unwrap();
        fs::create_dir(class.directory.path().join("tmp")).unwrap();
        class.file("000 honest", ANSWER, RIGHT);
        let secret = class.submissions().join("000 honest").join(ANSWER);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let traces = Traces::now(&class);
        Self { class, canary, secret, listener, traces }
    }

    /// The text with what it asks for.
    pub fn filled_in(&self, text: &str) -> String {
        let port = self.listener.local_addr().unwrap().port().to_string();
        let nested =
            format!("pub fn answer() -> u32 {{ {}42{} }}", "(".repeat(60_000), ")".repeat(60_000));
        text.replace("@CANARY@", self.canary.to_str().unwrap())
            .replace("@SECRET@", self.secret.to_str().unwrap())
            .replace("@WORKBOOK@", self.class.workbook.root().to_str().unwrap())
            .replace("@PORT@", &port)
            .replace("@MARK@", &self.traces.mark)
            .replace("@KEY@", &self.traces.key.to_string())
            .replace("@NESTED@", &nested)
    }

    pub fn hand_in(&self, student: &str, attack: &Attack) {
        for (path, text) in attack.hands_in.files() {
            let path = format!("exercises/01_part/01_answer/{path}");
            self.class.file(student, &path, &self.filled_in(&text));
        }
    }

    /// Grades what was handed in, one after the other in one place.
    pub fn grade(&self) -> Finished {
        let arguments =
            self.class.arguments(&["--format", "json", "--only", "answer", "--jobs", "1"]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut grader = self.class.workbook.command(&arguments);
        grader.env("TMPDIR", self.class.directory.path().join("tmp"));
        grader.env("GRADER_SECRET", "42").env("CARGO_REGISTRY_TOKEN", "42");
        grader.env("LOGNAME", &self.traces.mark);
        Finished::of(grader.output().unwrap())
    }

    /// What is not as it should be after the grading.
    pub fn traces(&self) -> Vec<String> {
        let mut found = self.traces.differences(&self.class);
        if self.listener.accept().is_ok() {
            found.push("somebody has called the host".to_owned());
        }
        let canary: Vec<_> = fs::read_dir(&self.canary).unwrap().flatten().collect();
        if canary.len() != 1 {
            found.push(format!("files in the canary's directory: {canary:?}"));
        }
        found
    }
}

/// Hands in these attacks, with honest answers between them, and holds the grader to its promises.
pub fn withstands(attacks: &[Attack], limits: &str) {
    let graded = Graded::within(limits);
    let layers = layers(&graded.class);
    let mut expected = vec!["000 honest answer passed".to_owned()];
    for (number, attack) in attacks.iter().enumerate() {
        if !attack.needs.is_empty() && !attack.needs.iter().any(|need| layers.contains(*need)) {
            eprintln!("skipped: {:?}: the host has none of {:?}", attack.name, attack.needs);
            continue;
        }
        let students = ["attacks", "honest"].map(|part| format!("{:03} {part}", number + 1));
        graded.hand_in(&students[0], attack);
        graded.class.file(&students[1], ANSWER, RIGHT);
        expected.push(format!("{} answer {}", students[0], attack.verdict));
        expected.push(format!("{} answer passed", students[1]));
    }
    let finished = graded.grade();
    let named = |line: &String| {
        let number: usize = line[..3].parse().unwrap();
        let name = attacks.get(number.wrapping_sub(1)).map_or("", |attack| attack.name);
        format!("{line} ({name})")
    };
    let seen = judged(&finished);
    let wrong: Vec<String> = (expected.iter().filter(|line| !seen.contains(line)))
        .map(|line| {
            let student = line.split(" answer ").next().unwrap();
            let event = finished.stdout.lines().find(|it| it.contains(&format!("\"{student}\"")));
            format!("expected {}\nseen     {}", named(line), event.unwrap_or("nothing"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), finished.stderr);
    assert_eq!(seen.len(), expected.len());
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    nothing_is_left(&graded);
    honest_have_all_points(&graded.class);
}

pub fn nothing_is_left(graded: &Graded) {
    let left = graded.traces();
    assert!(left.is_empty(), "left behind: {left:#?}");
}

pub fn honest_have_all_points(class: &Class) {
    let gradebook = class.gradebook();
    let honest: Vec<&str> = gradebook.lines().filter(|line| line.contains(" honest")).collect();
    assert!(!honest.is_empty());
    for line in honest {
        assert_eq!(line.split(',').nth(1), Some("3"), "{line}");
    }
}

/// The layers of isolation that this host has, by name.
pub fn layers(class: &Class) -> BTreeSet<String> {
    let finished = class.workbook.checker(&["doctor", "--format", "json"]);
    let line = finished.stdout.lines().find(|line| line.contains("\"isolation\"")).unwrap();
    let finding: serde_json::Value = serde_json::from_str(line).unwrap();
    finding["found"].as_str().unwrap().split(", ").map(str::to_owned).collect()
}

/// Every file below a directory.
pub fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files_below(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found.sort();
    found
}
