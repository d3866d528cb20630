//! Files that are saved, however an editor or git does it.
//!
//! An event says only that something may have changed. What has is told by content: each exercise is read again
//! and compared with what it was. So it does not matter whether a file was written, renamed over another, or
//! came with a whole folder, and neither do the files that editors keep beside.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, SystemTime};

use nix::sys::statfs::{self, FsType, statfs};
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{Config, RecommendedWatcher, RecursiveMode, Watcher};
use sha2::{Digest, Sha256};

use crate::system::files;
use crate::system::hash::add;
use crate::workbook::Workbook;
use crate::workbook::curriculum::Exercise;

use super::happening::{Happening, Mailbox};

/// An editor writes a file in several steps; this long after the last one it is read. If it was too early, the
/// next step is one more save.
const QUIET: Duration = Duration::from_millis(40);

/// How often files are looked at where the kernel does not tell of them.
const POLL: Duration = Duration::from_millis(700);

/// File systems whose files change without this kernel's knowledge, statfs(2): on another machine, or on the
/// other side of WSL, of a virtual machine, or of a container's host.
const FOREIGN: [FsType; 9] = [
    statfs::NFS_SUPER_MAGIC,
    statfs::SMB_SUPER_MAGIC,
    FsType(0xff53_4d42), // CIFS
    FsType(0xfe53_4d42), // SMB2
    statfs::CODA_SUPER_MAGIC,
    FsType(0x0102_1997), // 9p, WSL 2
    FsType(0x5346_4846), // WSL 1
    statfs::FUSE_SUPER_MAGIC,
    FsType(0x786f_4256), // VirtualBox
];

/// How saves are noticed, as long as it is there.
pub(super) struct Saves(Sender<Told>);

impl Drop for Saves {
    fn drop(&mut self) {
        // Who is gone already need not be told.
        let _ = self.0.send(Told::End);
    }
}

/// What the thread that notices is told.
enum Told {
    /// Something may have changed.
    Event(notify::Result<notify::Event>),
    /// It is no longer needed.
    End,
}

/// What tells it.
struct Watching {
    watcher: RecommendedWatcher,
    root: PathBuf,
    exercises: PathBuf,
}

impl Saves {
    /// Puts what is saved into the mailbox. `poll` has files looked at from time to time in any case.
    pub(super) fn watch<'scope, 'w: 'scope>(
        workbook: &'w Workbook,
        poll: bool,
        mailbox: Mailbox<'w>,
        scope: &'scope thread::Scope<'scope, '_>,
    ) -> Self {
        // First what they say now: what is saved after that is another text.
        let known = known(workbook);
        let (sender, told) = mpsc::channel();
        let polls = poll || is_foreign(&workbook.root.join("exercises"));
        let watching = if polls {
            None
        } else {
            Watching::start(workbook, sender.clone())
                .inspect_err(|error| {
                    // No watches are left, or none are allowed.
                    let text = format!(
                        "the kernel does not tell of saved files ({error}); they are looked at every {} ms",
                        POLL.as_millis()
                    );
                    mailbox.put(Happening::Warning(text));
                })
                .ok()
        };
        scope.spawn(move || match watching {
            Some(watching) => notice(workbook, known, watching, &told, &mailbox),
            None => look(workbook, known, &told, &mailbox),
        });
        Self(sender)
    }
}

impl Watching {
    fn start(workbook: &Workbook, told: Sender<Told>) -> notify::Result<Self> {
        let tell = move |event| {
            let _ = told.send(Told::Event(event));
        };
        let watcher = RecommendedWatcher::new(tell, Config::default())?;
        let root = workbook.root.clone();
        let mut watching = Self { watcher, exercises: root.join("exercises"), root };
        watching.watcher.watch(&watching.exercises, RecursiveMode::Recursive)?;
        // Only this one tells when the folder of the exercises is replaced itself.
        watching.watcher.watch(&watching.root, RecursiveMode::NonRecursive)?;
        Ok(watching)
    }

    /// Follows the name of the folder where another one has it now.
    fn follow(&mut self, event: &notify::Event) {
        let is_made =
            matches!(event.kind, EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(_)));
        if is_made && event.paths.contains(&self.exercises) {
            // The old one may be gone; the new one comes with the next event if it is not there yet.
            let _ = self.watcher.unwatch(&self.exercises);
            let _ = self.watcher.watch(&self.exercises, RecursiveMode::Recursive);
        }
    }

    /// Whether an event may be of a file of an exercise. An error or an overflow may have hidden one. Reading is
    /// no change, and we read ourselves.
    fn is_change(&self, event: &notify::Result<notify::Event>) -> bool {
        let Ok(event) = event else { return true };
        let is_of_an_exercise = |path: &PathBuf| path.starts_with(&self.exercises);
        let is_read = matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write));
        !is_read && (event.need_rescan() || event.paths.iter().any(is_of_an_exercise))
    }
}

fn is_foreign(directory: &Path) -> bool {
    statfs(directory).is_ok_and(|it| FOREIGN.contains(&it.filesystem_type()))
}

/// Tells of exercises with another text than before, until it is told to end.
fn notice<'w>(
    workbook: &'w Workbook,
    mut known: BTreeMap<PathBuf, Content>,
    mut watching: Watching,
    told: &Receiver<Told>,
    mailbox: &Mailbox<'w>,
) {
    // What was saved before the kernel was asked to tell.
    let changed_before = changed(workbook, &mut known);
    if !changed_before.is_empty() {
        mailbox.put(Happening::Saved(changed_before));
    }
    let mut next = told.recv().ok();
    while let Some(Told::Event(event)) = next {
        let mut may_have_changed = false;
        let mut following = Some(Told::Event(event));
        while let Some(Told::Event(event)) = following {
            may_have_changed |= watching.is_change(&event);
            if let Ok(event) = &event {
                watching.follow(event);
            }
            following = told.recv_timeout(QUIET).ok();
        }
        if may_have_changed {
            let changed = changed(workbook, &mut known);
            if !changed.is_empty() {
                mailbox.put(Happening::Saved(changed));
            }
        }
        next = following.or_else(|| told.recv().ok());
    }
}

/// The same where nobody tells. Times of files are not compared: they are too coarse, and of another clock.
fn look<'w>(
    workbook: &'w Workbook,
    mut known: BTreeMap<PathBuf, Content>,
    told: &Receiver<Told>,
    mailbox: &Mailbox<'w>,
) {
    while matches!(told.recv_timeout(POLL), Err(RecvTimeoutError::Timeout)) {
        let changed = changed(workbook, &mut known);
        if !changed.is_empty() {
            mailbox.put(Happening::Saved(changed));
        }
    }
}

/// The exercises that say something else than was known, the one that was edited last first.
fn changed<'w>(
    workbook: &'w Workbook,
    known: &mut BTreeMap<PathBuf, Content>,
) -> Vec<&'w Exercise> {
    let mut changed: Vec<(SystemTime, &Exercise)> = Vec::new();
    for exercise in &workbook.curriculum.exercises {
        let directory = workbook.exercise_path(exercise);
        let now = Content::of(&directory);
        // What is not there is on its way: a folder is being replaced.
        if now.files == 0 || known.get(&directory).is_some_and(|before| before.hash == now.hash) {
            continue;
        }
        changed.push((now.edited, exercise));
        known.insert(directory, now);
    }
    // Those that were edited at the same time stay in the order of the curriculum.
    changed.sort_by_key(|(edited, _)| std::cmp::Reverse(*edited));
    changed.into_iter().map(|(_, exercise)| exercise).collect()
}

fn known(workbook: &Workbook) -> BTreeMap<PathBuf, Content> {
    let exercises = workbook.curriculum.exercises.iter();
    let directories = exercises.map(|exercise| workbook.exercise_path(exercise));
    directories.map(|directory| (directory.clone(), Content::of(&directory))).collect()
}

/// What the files of an exercise say.
#[derive(Debug)]
struct Content {
    hash: [u8; 32],
    files: usize,
    /// When one of them was edited last.
    edited: SystemTime,
}

impl Content {
    /// Of all that can decide a verdict: what editors keep beside a file does not.
    fn of(directory: &Path) -> Self {
        let mut hasher = Sha256::new();
        let mut edited = SystemTime::UNIX_EPOCH;
        let files = files::files_below(directory).unwrap_or_default();
        let files: Vec<PathBuf> = files.into_iter().filter(|file| is_source(file)).collect();
        for file in &files {
            let path = directory.join(file);
            let time = fs::metadata(&path).and_then(|it| it.modified());
            edited = edited.max(time.unwrap_or(SystemTime::UNIX_EPOCH));
            add(&mut hasher, file.as_os_str().as_encoded_bytes());
            add(&mut hasher, &fs::read(&path).unwrap_or_default());
        }
        Self { hash: hasher.finalize().into(), files: files.len(), edited }
    }
}

fn is_source(file: &Path) -> bool {
    let is_hidden =
        file.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."));
    let ends = ["rs", "toml", "snap", "lock"];
    !is_hidden && file.extension().is_some_and(|end| ends.iter().any(|known| end == *known))
}
