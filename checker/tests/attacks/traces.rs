//! What a grading could leave behind: processes, files, names of IPC, mounts.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::class::Class;
use crate::graded::files_below;

/// In every name that an attack of this process leaves.
pub fn mark() -> String {
    format!("shopfloor-attack-{}", std::process::id())
}

/// The key of System V IPC that its attacks use.
pub fn key() -> i32 {
    0x5f00_0000 | (std::process::id() as i32 & 0xff_ffff)
}

/// What was there before.
pub struct Traces {
    workbook: BTreeSet<PathBuf>,
}

impl Traces {
    pub fn now(class: &Class) -> Self {
        Self { workbook: workbook(class) }
    }

    /// What there is more than before, in words.
    pub fn differences(&self, class: &Class) -> Vec<String> {
        let mut found = Vec::new();
        found.extend(class.workbook.processes().into_iter().map(|it| format!("process {it}")));
        found.extend(processes_with_mark());
        let new = |path: &PathBuf| !self.workbook.contains(path);
        found.extend(workbook(class).iter().filter(|it| new(it)).map(|it| format!("file {it:?}")));
        let scratch = files_below(&class.directory.path().join("tmp"));
        found.extend(scratch.iter().map(|it| format!("scratch {it:?}")));
        let scratch = fs::read_dir(class.directory.path().join("tmp")).unwrap();
        found.extend(scratch.flatten().map(|it| format!("scratch directory {it:?}")));
        let stands = files_below(&class.workbook.root().join("target/judge/stands"));
        found.extend(stands.iter().map(|it| format!("in the stand {it:?}")));
        found.extend(names());
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let ours = class.directory.path().to_str().unwrap();
        let root = class.workbook.root().to_str().unwrap();
        found.extend(
            mounts
                .lines()
                .filter(|line| line.contains(ours) || line.contains(root))
                .map(|line| format!("mount {line}")),
        );
        found
    }
}

/// The workbook's files, less what the checker builds and remembers.
fn workbook(class: &Class) -> BTreeSet<PathBuf> {
    let root = class.workbook.root();
    let own = ["target", ".shopfloor"].map(|name| root.join(name));
    let is_own = |path: &PathBuf| own.iter().any(|own| path.starts_with(own));
    files_below(root).into_iter().filter(|path| !is_own(path)).collect()
}

/// Processes that have the mark in their environment or arguments, this one aside.
fn processes_with_mark() -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let read = |name: &str| fs::read(entry.path().join(name)).unwrap_or_default();
        let text = [read("environ"), read("cmdline")].concat();
        if String::from_utf8_lossy(&text).contains(&mark()) {
            found.push(format!("process {}", entry.path().display()));
        }
    }
    found
}

/// Names in shared memory, System V IPC and message queues.
fn names() -> Vec<String> {
    let mut found = Vec::new();
    for directory in ["/dev/shm", "/dev/mqueue"] {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().contains(&mark()) {
                found.push(format!("{:?}", entry.path()));
            }
        }
    }
    for kind in ["shm", "msg", "sem"] {
        let table = fs::read_to_string(format!("/proc/sysvipc/{kind}")).unwrap_or_default();
        let ours = key().to_string();
        let lines = table.lines().filter(|line| line.split_whitespace().next() == Some(&ours));
        found.extend(lines.map(|line| format!("System V {kind}: {line}")));
    }
    found
}
