//! cargo's locks, and for whom it waits.
//!
//! One cargo at a time builds in a target directory, and one at a time downloads crates; the others wait
//! without a limit (flock(2)). A language server may build at every save. So the checker takes the lock of
//! the target directory itself before it starts cargo: it can say for whom it waits, nothing counts against
//! the deadline meanwhile, and under the lock it removes what cargo must not take for fresh. If another
//! cargo is quicker than ours all the same, it is said while ours waits, and ours gets its time anew.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use sandbox::{End, Observation, Program, Stop};

use super::cargo::{build_directory, forget_freshness};
use super::progress::{Progress, without_progress};
use crate::Error;
use crate::event::{Event, Sink};
use crate::judge::candidate::Candidate;
use crate::system::scratch::Scratch;
use crate::workbook::curriculum::Exercise;
use crate::workbook::settings;

/// How often a lock that somebody has is tried, and how often it is looked for whom cargo waits.
const PAUSE: Duration = Duration::from_millis(50);

/// So often in vain, and it is said: who only asks cargo something has given the lock back by then.
const UNSAID: usize = 5;

/// The files that cargo locks for a build.
pub(super) struct Locks {
    /// Those of the directories that it builds in.
    directories: Vec<PathBuf>,
    /// The one of the crates, which it needs for a moment, or to download them.
    crates: Option<PathBuf>,
}

impl Locks {
    /// Those that a run of `cargo` takes for the candidate.
    pub(super) fn new(candidate: &Candidate<'_>, cargo: &Program) -> Self {
        let mut directories = vec![candidate.target.join("debug/.cargo-lock")];
        directories.push(build_directory(candidate).join(".cargo-lock"));
        directories.dedup();
        let home = cargo.env.iter().find(|(name, _)| name == "CARGO_HOME");
        let home = home.map(|(_, home)| PathBuf::from(home)).or_else(settings::user_cargo_home);
        Self { directories, crates: home.map(|home| home.join(".package-cache")) }
    }

    /// Runs cargo once nobody else builds there, and has it look at the candidate anew.
    pub(super) fn run(
        &self,
        cargo: &Program,
        candidate: &Candidate<'_>,
        stop: &Stop,
        events: &mut dyn Sink,
    ) -> Result<Observation, Error> {
        loop {
            let held = self.take(stop, events)?;
            forget_freshness(candidate)?;
            drop(held);
            let (observation, has_waited) = self.watch(cargo, candidate.exercise, stop, events)?;
            if !(has_waited && matches!(observation.end, End::TimedOut(_))) {
                return Ok(observation);
            }
        }
    }

    /// Waits for the directories' locks. One whose file does not exist yet has no holder.
    fn take(&self, stop: &Stop, events: &mut dyn Sink) -> Result<Vec<Held>, Error> {
        let mut held = Vec::new();
        for path in &self.directories {
            let Ok(file) = File::open(path) else { continue };
            let mut tries = 0;
            loop {
                match file.try_lock() {
                    Ok(()) => break held.push(Held(file)),
                    Err(TryLockError::WouldBlock) => {}
                    // A file system without locks: cargo does without one, too.
                    Err(TryLockError::Error(_)) => break,
                }
                if stop.is_requested() {
                    return Err(Error::Interrupted);
                }
                tries += 1;
                if tries == UNSAID {
                    say(path, events);
                }
                thread::sleep(PAUSE);
            }
        }
        Ok(held)
    }

    /// Runs cargo, and says how far it is and for whom it waits. Whether it has waited is told, too.
    fn watch(
        &self,
        cargo: &Program,
        exercise: &Exercise,
        stop: &Stop,
        events: &mut dyn Sink,
    ) -> Result<(Observation, bool), Error> {
        let (done, is_done) = channel::<()>();
        let scratch = Scratch::new()?;
        let mut progress = Progress::new(scratch.directory()?.join("stderr"));
        let cargo = &Program { copy_of_stderr: Some(progress.file().to_owned()), ..cargo.clone() };
        let (observation, looks) = thread::scope(|scope| {
            let run = scope.spawn(|| {
                let observation = sandbox::run(cargo, stop);
                drop(done);
                observation
            });
            let mut looks = 0;
            while is_done.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                tell(&mut progress, exercise, events);
                let Some(path) = self.somebody_elses() else { continue };
                looks += 1;
                if looks == UNSAID {
                    say(path, events);
                }
            }
            (run.join().expect("a run does not panic"), looks)
        });
        // However short it was, something of it is told.
        tell(&mut progress, exercise, events);
        let mut observation = observation?;
        observation.stderr.text = without_progress(&observation.stderr.text);
        // Where /proc does not tell, cargo's last word does.
        let last = observation.stderr.text.trim_end().lines().next_back();
        let still_waits = last.is_some_and(|line| line.contains("waiting for file lock"));
        Ok((observation, looks > 0 || still_waits))
    }

    /// The lock that a process below this one waits for while none below this one has it.
    fn somebody_elses(&self) -> Option<&Path> {
        let table = fs::read_to_string("/proc/locks").unwrap_or_default();
        // Most builds wait for nobody.
        if !table.contains("->") {
            return None;
        }
        let all = self.directories.iter().chain(&self.crates).map(PathBuf::as_path);
        all.into_iter().find(|path| {
            let Ok(file) = fs::metadata(path) else { return false };
            let entries = table.lines().filter_map(Entry::parse).filter(|entry| entry.is_of(&file));
            let (waiting, holding): (Vec<Entry>, Vec<Entry>) =
                entries.partition(|entry| entry.waits);
            waiting.iter().any(|entry| is_below_this(entry.pid))
                && holding.iter().any(|entry| !is_below_this(entry.pid))
        })
    }
}

/// Says how far cargo is, if that is news.
fn tell(progress: &mut Progress, exercise: &Exercise, events: &mut dyn Sink) {
    if let Some((done, of, next)) = progress.new_since() {
        events.emit(&Event::CompilingCrates { exercise, done, of, next: &next });
    }
}

/// Says for whom somebody waits who needs the lock on `path`.
fn say(path: &Path, events: &mut dyn Sink) {
    let text = format!("{} Waiting for it to finish.", holder_in_words(path));
    events.emit(&Event::Warning { text: &text });
}

/// A lock that is given back when it is dropped.
struct Held(File);

impl Drop for Held {
    /// Closing would not do while a process that was just forked has the descriptor, too.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// A line of `/proc/locks` about flock(2), proc_locks(5):
/// `1: FLOCK  ADVISORY  WRITE 30708 fe:00:5816346 0 EOF`, and with `->` of one who waits.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    waits: bool,
    pid: i32,
    inode: u64,
}

impl Entry {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().skip(1).peekable();
        let waits = words.next_if_eq(&"->").is_some();
        if words.next() != Some("FLOCK") {
            return None;
        }
        let pid = words.nth(2)?.parse().ok()?;
        let inode = words.next()?.rsplit(':').next()?.parse().ok()?;
        Some(Self { waits, pid, inode })
    }

    /// By its inode alone: the device is another one than stat(2) says on btrfs and overlayfs.
    fn is_of(&self, file: &fs::Metadata) -> bool {
        self.inode == file.ino()
    }
}

/// Who has the lock on a file: `cargo (process 12, started by rust-analyzer)`, as far as `/proc` tells.
fn holder_in_words(path: &Path) -> String {
    let table = fs::read_to_string("/proc/locks").unwrap_or_default();
    let file = fs::metadata(path).ok();
    let holders = table.lines().filter_map(Entry::parse).filter(|entry| {
        !entry.waits
            && file.as_ref().is_some_and(|file| entry.is_of(file))
            && has_open(entry.pid, path)
    });
    let who = holders.filter_map(|entry| process_in_words(entry.pid)).next();
    let who = who.unwrap_or_else(|| "another cargo (which one, /proc does not tell)".to_owned());
    format!("{who} has cargo's lock {}.", path.display())
}

fn has_open(pid: i32, path: &Path) -> bool {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    descriptors.filter_map(|it| fs::read_link(it.path()).ok()).any(|open| open == path)
}

fn process_in_words(pid: i32) -> Option<String> {
    let name = |pid| {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        Some(name.trim_end().to_owned())
    };
    let starter = parent(pid).and_then(name).map(|name| format!(", started by {name}"));
    Some(format!("{} (process {pid}{})", name(pid)?, starter.unwrap_or_default()))
}

/// The fourth field of `/proc/PID/stat`, behind a name that may hold anything, proc_pid_stat(5).
fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn is_below_this(pid: i32) -> bool {
    let this = std::process::id() as i32;
    std::iter::successors(Some(pid), |pid| parent(*pid)).any(|pid| pid == this)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_and_those_who_wait_are_read() {
        let entry = |line| Entry::parse(line);
        let holder = Entry { waits: false, pid: 30708, inode: 5816346 };
        assert_eq!(entry("1: FLOCK  ADVISORY  WRITE 30708 fe:00:5816346 0 EOF"), Some(holder));
        let waiter = Entry { waits: true, pid: 7, inode: 12 };
        assert_eq!(entry("1: -> FLOCK  ADVISORY  READ  7 fe:00:12 0 EOF"), Some(waiter));
        assert_eq!(entry("2: POSIX  ADVISORY  WRITE 30708 fe:00:1 0 EOF"), None);
        assert_eq!(entry(""), None);
    }

    #[test]
    fn a_child_is_below_this_process_and_its_parent_is_not() {
        assert!(is_below_this(std::process::id() as i32));
        assert!(!is_below_this(1));
    }

    #[test]
    fn this_process_is_named_as_the_holder_of_its_lock() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".cargo-lock");
        let file = File::create(&path).unwrap();
        file.lock().unwrap();
        let words = holder_in_words(&path);
        assert!(
            words.contains(&format!("(process {}, started by ", std::process::id())),
            "{words}"
        );
    }
}
