//! What stands in the source at a place: names for objects, lines for the legend.

use std::fs;
use std::path::{Path, PathBuf};

use crate::recorder::{Kind, OBJECT_BEGINS, OBJECT_ENDS, Object, Place, Record};

/// Whether a panic in this file is a scenario's own.
pub fn is_test(file: &str) -> bool {
    !file.contains("/src/") && !file.starts_with("src/")
}

/// The text of a line, without its indentation; `None` if the source is not at hand.
pub fn line(place: Place) -> Option<String> {
    raw_line(place).map(|line| line.trim().to_owned())
}

fn raw_line(place: Place) -> Option<String> {
    let text = fs::read_to_string(locate(place.file())?).ok()?;
    text.lines().nth(place.line() as usize - 1).map(str::to_owned)
}

/// The compiler names files from the workspace's root, and a test runs in its package.
fn locate(file: &str) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|directory| directory.join(file)).find(|path| path.is_file())
}

/// The text with each object's name in place of its mark.
pub fn with_names(text: &str, names: &[String]) -> String {
    let mut parts = text.split(OBJECT_BEGINS);
    let mut named = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, rest) = part.split_once(OBJECT_ENDS).unwrap_or(("", part));
        let name = number.parse().ok().and_then(|number: usize| names.get(number));
        named.push_str(name.map_or("?", String::as_str));
        named.push_str(rest);
    }
    named
}

/// A name for each object: the field or variable it was made for, else its kind and a number.
pub fn names(record: &Record) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for object in &record.objects {
        let name = declared_name(object).unwrap_or_else(|| kind(object.kind).to_owned());
        let same = |other: &&String| {
            other.as_str() == name || other.strip_prefix(&name).is_some_and(is_numbered)
        };
        let count = names.iter().filter(same).count();
        names.push(if count == 0 { name } else { format!("{name}#{}", count + 1) });
    }
    names
}

fn is_numbered(rest: &str) -> bool {
    rest.starts_with('#')
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Mutex => "mutex",
        Kind::Condvar => "condvar",
        Kind::Atomic => "atomic",
        Kind::Cell => "cell",
    }
}

/// `state` of `state: AtomicU32::new(0)` and of `let state = Arc::new(AtomicU32::new(0))`.
fn declared_name(object: &Object) -> Option<String> {
    let line = raw_line(object.created_at)?;
    let before: String = line.chars().take(object.created_at.column() as usize - 1).collect();
    let mut before = before.trim_end();
    while let Some(outer) = before.strip_suffix('(') {
        // `Arc::new(`, `Box::new(` and the like around it.
        before =
            outer.trim_end_matches(|c: char| c.is_alphanumeric() || "_:<>".contains(c)).trim_end();
    }
    let before = before.strip_suffix(':').or_else(|| before.strip_suffix('='))?.trim_end();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let name: String = before.chars().rev().take_while(|&c| is_word(c)).collect();
    let name: String = name.chars().rev().collect();
    (!name.is_empty()).then_some(name)
}

/// Whether a file is the learner's, as the tests include it.
pub fn is_learners(file: &str) -> bool {
    Path::new(file).components().any(|part| part.as_os_str() == "src")
}
