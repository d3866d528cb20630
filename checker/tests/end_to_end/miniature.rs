//! A miniature workbook in a directory of its own, and the checker run on it.

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nix::sys::signal::{SigHandler, Signal, signal};
use serde_json::Value;
use tempfile::TempDir;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/miniature");
const OUTCOMES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/outcomes");

/// The learner's file of the first exercise.
pub const ANSWER: &str = "exercises/01_part/01_answer/src/lib.rs";
/// The learner's file of the second exercise.
pub const NEXT: &str = "exercises/01_part/02_next/src/lib.rs";

/// Of the miniature's tests these pass on code that returns defaults.
pub const ALLOWED: &str = r#"[[allowed]]
exercise = "answer"
does = "returns defaults"
tests = ["answer::it_is_even"]
reason = "0 is an even number."

[[allowed]]
exercise = "next"
does = "returns defaults"
tests = ["next::it_is_even"]
reason = "0 is an even number."
"#;

/// The reference solution of the first exercise.
pub const SOLUTION: &str = "solutions/01_part/01_answer/lib.rs";

/// A copy of the miniature workbook. When it is dropped, no process of it may be left.
pub struct Miniature {
    directory: TempDir,
    root: PathBuf,
}

impl Miniature {
    /// As a learner finds it.
    pub fn new() -> Self {
        Self::below("workbook")
    }

    /// As a learner finds it, below a directory of this name.
    pub fn below(name: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join(name);
        copy(Path::new(FIXTURE), &root);
        Self { directory, root }
    }

    /// With the first exercise solved as `tests/outcomes/NAME.rs` has it.
    pub fn with_answer(name: &str) -> Self {
        let miniature = Self::new();
        miniature.write(ANSWER, &outcome(name));
        miniature
    }

    /// With solutions, as authors have it.
    pub fn with_solutions() -> Self {
        let miniature = Self::new();
        for exercise in ["01_answer", "02_next"] {
            let right = outcome("right").replace("answer()", &format!("{}()", &exercise[3..]));
            miniature.write(&format!("solutions/01_part/{exercise}/lib.rs"), &right);
        }
        miniature.write("solutions/degenerate.toml", ALLOWED);
        miniature
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn write(&self, path: &str, text: &str) {
        let file = self.root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap()
    }

    pub fn replace(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert!(text.contains(old), "{path} does not contain {old}");
        self.write(path, &text.replace(old, new));
    }

    pub fn remove(&self, path: &str) {
        fs::remove_file(self.root.join(path)).unwrap();
    }

    /// Gives the first exercise the number 1.3, and so another directory: everywhere but in what is
    /// remembered of it.
    pub fn renumber_answer(&self) {
        for (part, end) in [("exercises", ""), ("solutions", ""), ("checker/pins", ".toml")] {
            let place = |name: &str| self.root.join(part).join("01_part").join(name);
            let old = place(&format!("01_answer{end}"));
            if old.exists() {
                fs::rename(old, place(&format!("03_answer{end}"))).unwrap();
            }
        }
        self.replace("exercises/curriculum.toml", "01_answer", "03_answer");
        self.replace("exercises/curriculum.toml", "\"1.1\"", "\"1.3\"");
    }

    /// Runs the checker in the workbook.
    pub fn checker(&self, args: &[&str]) -> Finished {
        Finished::of(self.command(args).output().unwrap())
    }

    /// Starts the checker in the workbook.
    pub fn start(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The checker in the workbook, not yet started.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_checker"));
        command.args(args).current_dir(&self.root).stdin(Stdio::null());
        // No crate is needed: the network must not be either.
        command.env("CARGO_NET_OFFLINE", "true").env_remove("NO_COLOR");
        end_by_ctrl_c(&mut command);
        command
    }

    /// The verdict on the first exercise.
    pub fn judge_answer(&self) -> Value {
        self.checker(&["check", "answer", "--format", "json"]).event("verdict")
    }

    /// Whether a test program of the first exercise runs: its file lies in debug/deps.
    pub fn tests_run(&self) -> bool {
        self.processes().iter().any(|process| {
            fs::read_link(format!("{process}/exe"))
                .is_ok_and(|exe| exe.to_string_lossy().contains("/debug/deps/answer-"))
        })
    }

    /// The processes whose program lies in this workbook.
    pub fn processes(&self) -> Vec<String> {
        let root = fs::canonicalize(&self.root).unwrap();
        let entries = fs::read_dir("/proc").unwrap().flatten();
        entries
            .filter(|entry| {
                fs::read_link(entry.path().join("exe")).is_ok_and(|exe| exe.starts_with(&root))
                    || fs::read_link(entry.path().join("cwd"))
                        .is_ok_and(|cwd| cwd.starts_with(&root))
            })
            .map(|entry| entry.path().display().to_string())
            .collect()
    }
}

/// Who starts the tests in the background of a shell has them ignore SIGINT, and an ignored signal is inherited.
#[allow(unsafe_code)]
pub fn end_by_ctrl_c(command: &mut Command) {
    let by_default = || {
        // SAFETY: SIG_DFL is no function that would have to be sound; sigaction(2) is async-signal-safe.
        unsafe { signal(Signal::SIGINT, SigHandler::SigDfl) }?;
        Ok(())
    };
    // SAFETY: between fork and exec it calls sigaction(2) alone, which is async-signal-safe.
    unsafe { command.pre_exec(by_default) };
}

impl Drop for Miniature {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let left = self.processes();
            assert!(
                left.is_empty(),
                "{} left processes: {left:?}",
                self.directory.path().display()
            );
        }
    }
}

/// A checker that has ended.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    pub fn of(output: Output) -> Self {
        assert_eq!(output.status.signal(), None, "the checker itself was killed");
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Standard error with its line breaks taken back.
    pub fn complaint(&self) -> String {
        self.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The only event of this kind.
    pub fn event(&self, kind: &str) -> Value {
        let lines = self.stdout.lines();
        let events: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut found = events.into_iter().filter(|event| event["event"] == kind);
        let event = found.next().unwrap_or_else(|| panic!("no event {kind} in {self:?}"));
        assert!(found.next().is_none(), "more than one event {kind} in {self:?}");
        event
    }
}

/// The text of `tests/outcomes/NAME.rs`.
pub fn outcome(name: &str) -> String {
    fs::read_to_string(Path::new(OUTCOMES).join(format!("{name}.rs"))).unwrap()
}

/// Copies a directory, without what was built and remembered in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_name() == "target" || entry.file_name() == ".shopfloor" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
