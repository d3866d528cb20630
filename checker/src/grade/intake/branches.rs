//! Branches of a clone that are not checked out: work may lie there.
//!
//! The clone may be hostile: an unpacked upload has its student's configuration, which can name programs.
//! So the names of the branches are read from its files, and `git` gets a repository of our own, which
//! shares nothing with the clone but the objects.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::archive::Broken;
use super::collector::Collector;
use super::remark::Remark;
use super::trees::{Chosen, choose};
use super::upload::Rules;
use crate::Error;
use crate::grade::taken::Reason;
use crate::system::files;
use crate::system::scratch::Scratch;

/// The most branches that are looked into.
const BRANCHES: usize = 8;

/// The most bytes of a file of references.
const REFERENCES: u64 = 4 << 20;

/// The most directories and files of references that are visited.
const VISITED: usize = 2000;

/// Looks for work on the branches of the clone that an upload's directory is, or that its tree lies in. If
/// nothing else was begun, what a branch has is for a person to look at.
pub(super) fn look(rules: &Rules<'_>, upload: &Path, chosen: &mut Chosen) -> Result<(), Error> {
    let root = chosen.root.clone().unwrap_or_default();
    let mut places = root.ancestors().map(|above| upload.join(above).join(".git"));
    let Some(git) = places.find(|git| git.join("objects").is_dir()) else { return Ok(()) };
    let mut branches = Branches::new(&git).elsewhere().into_iter();
    let is_begun = !chosen.work.is_empty();
    let mut not_read: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (commit, name) in branches.by_ref().take(BRANCHES) {
        match work_of(rules, &git, &commit) {
            Ok(work) => {
                let exercises: Vec<String> = work.difference(&chosen.work).cloned().collect();
                if !exercises.is_empty() {
                    chosen.remarks.push(Remark::Branch { name, exercises });
                }
            }
            Err(Broken::Machine(error)) => return Err(error),
            Err(Broken::Archive(why)) => not_read.entry(why).or_default().push(name),
        }
    }
    let more: Vec<String> = branches.map(|(_, name)| name).collect();
    if !more.is_empty() {
        not_read.insert(format!("only {BRANCHES} are"), more);
    }
    let not_read = not_read.into_iter();
    chosen.remarks.extend(not_read.map(|(why, names)| Remark::BranchesNotRead { names, why }));
    if !is_begun {
        leave(chosen);
    }
    Ok(())
}

/// Leaves the exercises open that a branch has work in.
fn leave(chosen: &mut Chosen) {
    let Ok(taken) = &mut chosen.taken else { return };
    for remark in &chosen.remarks {
        if let Remark::Branch { exercises, .. } = remark {
            for exercise in exercises {
                taken.leave(exercise, Reason::Submission(remark.to_string()));
            }
        }
    }
}

/// What a clone's references say.
struct Branches {
    /// What is checked out: a commit, or the name of a reference.
    head: String,
    /// The commits, by the names of the references.
    commits: BTreeMap<String, String>,
}

impl Branches {
    fn new(git: &Path) -> Self {
        let text = |path: &Path| {
            let bytes = files::read_regular(path, REFERENCES).ok().flatten().unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let mut commits = BTreeMap::new();
        for line in text(&git.join("packed-refs")).lines() {
            if let Some((commit, name)) = line.split_once(' ') {
                commits.insert(name.to_owned(), commit.to_owned());
            }
        }
        // A loose reference is newer than a packed one.
        for name in loose(git) {
            let commit = text(&git.join(&name)).trim().to_owned();
            commits.insert(name.to_string_lossy().into_owned(), commit);
        }
        commits.retain(|name, commit| is_branch(name) && is_commit(commit));
        Self { head: text(&git.join("HEAD")).trim().to_owned(), commits }
    }

    /// The commits that are not checked out, each with the shortest of its branches' names.
    fn elsewhere(self) -> BTreeMap<String, String> {
        let head =
            self.head.strip_prefix("ref: ").map_or(Some(&self.head), |it| self.commits.get(it));
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for (name, commit) in self.commits.iter().filter(|(_, commit)| Some(*commit) != head) {
            let name = name.trim_start_matches("refs/heads/").trim_start_matches("refs/remotes/");
            let known = names.entry(commit.clone()).or_insert_with(|| name.to_owned());
            if name.len() < known.len() {
                *known = name.to_owned();
            }
        }
        names
    }
}

fn is_branch(name: &str) -> bool {
    let is_local = name.starts_with("refs/heads/");
    is_local || (name.starts_with("refs/remotes/") && !name.ends_with("/HEAD"))
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The paths of the loose references.
fn loose(git: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::from("refs/heads"), PathBuf::from("refs/remotes")];
    let mut visited = 0;
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(git.join(&directory)).into_iter().flatten().flatten() {
            visited += 1;
            if visited > VISITED {
                return found;
            }
            let path = directory.join(entry.file_name());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                Ok(kind) if kind.is_file() => found.push(path),
                _ => {}
            }
        }
    }
    found
}

/// The exercises that a commit has work in.
fn work_of(rules: &Rules<'_>, git: &Path, commit: &str) -> Result<BTreeSet<String>, Broken> {
    let scratch = Scratch::new().map_err(Broken::Machine)?;
    let own = scratch.directory().map_err(Broken::Machine)?;
    let archive = archive_of(&own, git, commit, rules.reading.limits.unpacked)?;
    let mut collector = Collector::new(rules);
    rules.reading.walk(&archive, Path::new(""), &mut collector)?;
    Ok(choose(collector.finish(), rules).work)
}

/// A tar of a commit, at most so large.
fn archive_of(own: &Path, git: &Path, commit: &str, size: u64) -> Result<File, Broken> {
    fs::create_dir_all(own.join("refs"))?;
    fs::create_dir_all(own.join("objects"))?;
    fs::write(own.join("HEAD"), "ref: refs/heads/none\n")?;
    let objects = fs::canonicalize(git.join("objects"))?;
    let mut command = Command::new("git");
    command.env_clear().args(["archive", "--format=tar", commit]).current_dir(own);
    command.envs([
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_ATTR_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ]);
    command.env("GIT_DIR", own).env("GIT_OBJECT_DIRECTORY", objects).env("HOME", own);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| Broken::Archive(format!("git: {error}")))?;
    let place = own.join("archive");
    let mut file = File::options().read(true).write(true).create_new(true).open(place)?;
    let output = child.stdout.take().expect("it was asked for");
    let copied = io::copy(&mut output.take(size + 1), &mut file);
    if !matches!(copied, Ok(copied) if copied <= size) {
        // It would go on writing.
        let _ = child.kill();
    }
    let ended = child.wait()?;
    match copied? {
        copied if copied > size => Err(Broken::Archive("too much is in them".to_owned())),
        _ if !ended.success() => Err(Broken::Archive("git cannot read them".to_owned())),
        _ => Ok(file),
    }
}
