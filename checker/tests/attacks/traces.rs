//! What a grading could leave behind: processes, files, names of IPC, mounts.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::class::Class;
use crate::graded::files_below;

/// What was there before, and by what one knows what came.
pub struct Traces {
    /// In every name that an attack leaves.
    pub mark: String,
    /// The key of System V IPC that the attacks use.
    pub key: i32,
    workbook: BTreeSet<PathBuf>,
}

impl Traces {
    pub fn now(class: &Class) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self {
            mark: format!("shopfloor-attack-{process}-{count}-"),
            key: 0x4000_0000 | (process as i32 & 0x3f_ffff) << 8 | count as i32 & 0xff,
            workbook: workbook(class),
        }
    }

    /// What there is more than before, in words.
    pub fn differences(&self, class: &Class) -> Vec<String> {
        let mut found = Vec::new();
        found.extend(class.workbook.processes().into_iter().map(|it| format!("process {it}")));
        found.extend(self.processes());
        let new = |path: &PathBuf| !self.workbook.contains(path);
        found.extend(workbook(class).iter().filter(|it| new(it)).map(|it| format!("file {it:?}")));
        let scratch = files_below(&class.directory.path().join("tmp"));
        found.extend(scratch.iter().map(|it| format!("scratch {it:?}")));
        let scratch = fs::read_dir(class.directory.path().join("tmp")).unwrap();
        found.extend(scratch.flatten().map(|it| format!("scratch directory {it:?}")));
        let work_dirs = files_below(&class.workbook.root().join("target/judge/work"));
        found.extend(work_dirs.iter().map(|it| format!("in the stand {it:?}")));
        found.extend(self.names());
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

    /// Processes that have the mark in their environment or arguments.
    fn processes(&self) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let read = |name: &str| fs::read(entry.path().join(name)).unwrap_or_default();
            let text = [read("environ"), read("cmdline")].concat();
            if String::from_utf8_lossy(&text).contains(&self.mark) {
                found.push(format!("process {}", entry.path().display()));
            }
        }
        found
    }

    /// Names in shared memory, System V IPC and message queues.
    fn names(&self) -> Vec<String> {
        let mut found = Vec::new();
        for directory in ["/dev/shm", "/dev/mqueue"] {
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                if entry.file_name().to_string_lossy().contains(&self.mark) {
                    found.push(format!("{:?}", entry.path()));
                }
            }
        }
        for kind in ["shm", "msg", "sem"] {
            let table = fs::read_to_string(format!("/proc/sysvipc/{kind}")).unwrap_or_default();
            let ours = self.key.to_string();
            let lines = table.lines().filter(|line| line.split_whitespace().next() == Some(&ours));
            found.extend(lines.map(|line| format!("System V {kind}: {line}")));
        }
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
