//! Flags for a person: places in a submission that may have no business in the exercise.
//!
//! A flag is a note to the instructor and never a score. What the stub or the reference solution does,
//! too, is no flag. The scan reads tokens and not a tree of expressions: so it sees into macros, and code
//! that is nested without end costs it no stack. It looks at names, so that whoever wants to hide
//! something from it can.

mod kind;
mod names;
mod scan;
mod tokens;

pub use kind::Kind;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::judge::candidate::Sources;
use crate::solutions::Solutions;
use crate::system::files;
use crate::workbook::Workbook;
use crate::workbook::curriculum::Exercise;
use crate::workbook::pins::Pins;

/// So many places of one kind are named in an exercise. The limit is for each kind, so that many harmless
/// ones cannot crowd out another.
const PLACES: usize = 5;

/// The most characters of what stands there.
const TEXT: usize = 60;

/// A place that a person may want to look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Flag {
    /// The file, from the exercise's directory.
    pub file: String,
    /// One-based.
    pub line: u32,
    /// What is of interest.
    pub kind: Kind,
    /// What stands there.
    pub what: String,
}

impl Flag {
    /// Why a source with this flag is not compiled, in words for the learner; `None` if it is. What the
    /// exercise itself asks for is no flag.
    pub fn refusal(&self) -> Option<String> {
        let Flag { file, line, kind, what } = self;
        let why = match kind {
            Kind::Linkage => "it puts code before the tests or in the place of another function",
            Kind::Assembly => "no scan can read it",
            Kind::Embedding | Kind::PathAttribute => "it reads other files",
            _ => return None,
        };
        Some(format!("{file}:{line}: `{what}` is not compiled when grading: {why}. Remove it"))
    }
}

/// What a scan of sources came to.
#[derive(Debug, Default)]
pub struct Scanned {
    /// The places of interest, in the order of the files.
    pub flags: Vec<Flag>,
    /// The files that are no Rust to the scan: what is in them is not known.
    pub unread: Vec<PathBuf>,
}

/// What the reference solutions do, by exercise: it is no flag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Known(BTreeMap<String, BTreeSet<Kind>>);

impl Known {
    /// What was recorded, so that a workbook without solutions has it; a workbook may have no record.
    pub fn load(workbook: &Workbook) -> Result<Self, Error> {
        let path = record(workbook);
        let Some(text) = files::read_if_there(&path)? else { return Ok(Self::default()) };
        toml::from_str(&text).map_err(|error| Error::Format {
            path,
            problem: error.to_string(),
            remedy: "Restore the file (git checkout), or as an author run `checker pin`."
                .to_owned(),
        })
    }

    /// What would be recorded now, from the solutions; `None` if this workbook has none.
    pub fn from_solutions(workbook: &Workbook) -> Result<Option<Self>, Error> {
        let mut known = BTreeMap::new();
        for exercise in &workbook.curriculum.exercises {
            let solutions = Solutions::new(workbook, exercise);
            if !solutions.are_there() {
                return Ok(None);
            }
            let kinds = kinds(&solutions.reference()?);
            if !kinds.is_empty() {
                known.insert(exercise.name.clone(), kinds);
            }
        }
        Ok(Some(Self(known)))
    }

    /// Records it beside the pins.
    pub fn save(&self, workbook: &Workbook) -> Result<(), Error> {
        let text = toml::to_string(self).expect("names of kinds are plain text");
        let header = "# What the reference solutions do that would be flagged in a submission.\n\
                      # Written by `checker pin`. Do not edit.\n\n";
        files::write_atomically(&record(workbook), &format!("{header}{text}"))
    }

    /// What the reference solution of an exercise does, and its stub.
    pub fn of(&self, exercise: &Exercise, pins: &Pins) -> BTreeSet<Kind> {
        let stub = |file: &PathBuf| Some((file.clone(), pins.stub(file)?.to_owned()));
        let mut known = kinds(&exercise.edit.iter().filter_map(stub).collect());
        known.extend(self.0.get(&exercise.name).into_iter().flatten());
        known
    }
}

fn record(workbook: &Workbook) -> PathBuf {
    workbook.root.join("checker/pins/uses.toml")
}

fn kinds(sources: &Sources) -> BTreeSet<Kind> {
    scan(sources, &BTreeSet::new()).flags.into_iter().map(|flag| flag.kind).collect()
}

/// The places of interest of kinds that are not known.
pub fn scan(sources: &Sources, known: &BTreeSet<Kind>) -> Scanned {
    let mut flags: Vec<Flag> = Vec::new();
    let mut unread = Vec::new();
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for (path, text) in sources {
        let Some(all) = found_in(path, text) else {
            unread.push(path.clone());
            continue;
        };
        for found in all {
            let count = counts.entry(found.kind).or_default();
            let said = |flag: &Flag| {
                (flag.kind, flag.line, &flag.file) == (found.kind, found.line, &found.file)
            };
            if !known.contains(&found.kind) && *count < PLACES && !flags.iter().any(said) {
                *count += 1;
                flags.push(found);
            }
        }
    }
    flags.sort();
    Scanned { flags, unread }
}

/// In a thread of its own: the lexer keeps every text that it has read until its thread ends.
/// `None` if it cannot be read, whatever the lexer does with it.
fn found_in(path: &Path, text: &str) -> Option<Vec<Flag>> {
    let file = path.to_string_lossy();
    let flag = |(line, kind, what): (u32, Kind, String)| Flag {
        file: file.to_string(),
        line,
        kind,
        what: what.chars().take(TEXT).collect(),
    };
    std::thread::scope(|scope| {
        let found = scope.spawn(|| Some(scan::scan(text)?.into_iter().map(flag).collect())).join();
        found.ok().flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(text: &str) -> Vec<Flag> {
        let sources = Sources::from([("src/lib.rs".into(), text.to_owned())]);
        scan(&sources, &BTreeSet::new()).flags
    }

    #[test]
    fn what_is_known_is_no_flag_and_a_place_is_named_once() {
        let text = "fn f() { std::process::exit(1); unsafe{ libc::_exit(2) } }\nfn g() { std::process::abort() }";
        let found = flags(text);
        let places: Vec<(u32, Kind)> = found.iter().map(|flag| (flag.line, flag.kind)).collect();
        assert_eq!(places, [(1, Kind::Exit), (1, Kind::UnsafeCode), (2, Kind::Exit)]);
        let sources = Sources::from([("src/lib.rs".into(), text.to_owned())]);
        let known = BTreeSet::from([Kind::Exit]);
        assert_eq!(scan(&sources, &known).flags.len(), 1);
    }

    #[test]
    fn many_harmless_places_crowd_out_no_other() {
        let text = "fn f() { std::thread::sleep(d) }\n".repeat(1000);
        let found = flags(&format!("{text}\nfn g() {{ std::process::exit(0) }}"));
        assert_eq!(found.len(), PLACES + 1);
        assert_eq!(found.last().unwrap().kind, Kind::Exit);
    }

    #[test]
    fn what_is_no_rust_is_named() {
        for text in ["fn f( {", "\"", "}}}}", "\u{0}", "'\u{10ffff}"] {
            let path = PathBuf::from("src/lib.rs");
            let sources = Sources::from([(path.clone(), text.to_owned())]);
            let scanned = scan(&sources, &BTreeSet::new());
            assert_eq!((scanned.flags, scanned.unread), (Vec::new(), vec![path]), "{text:?}");
        }
    }

    #[test]
    fn what_no_exercise_needs_is_refused_with_its_place() {
        let refused = |text: &str| flags(text).iter().find_map(Flag::refusal);
        for text in [
            "\nconst A: &str = include_str!(\"a\");",
            "\nuse std::include_bytes as get;",
            "\n#[path = \"a.rs\"] mod a;",
            "\n#[unsafe(export_name = \"write\")] fn f() {}",
            "\ncore::arch::global_asm!(\"\");",
            "\n#[global_allocator] static A: B = B;",
        ] {
            assert!(refused(text).unwrap().starts_with("src/lib.rs:2: `"), "{text}");
        }
        assert_eq!(refused("fn f() { std::process::exit(env!(\"A\")) } // include_str!"), None);
    }

    #[test]
    fn hostile_texts_cost_neither_stack_nor_hours() {
        let deep = |open: &str, close: &str, depth: usize| {
            format!("fn f() {{ {}exit(0){} }}", open.repeat(depth), close.repeat(depth))
        };
        for text in [
            deep("(", ")", 100_000),
            deep("[{(", ")}]", 40_000),
            deep("cfg!(", ")", 40_000),
            deep("!", "", 200_000),
            format!("use {}exit{};", "a::{".repeat(50_000), "}".repeat(50_000)),
            format!("use std::process{};", "::a".repeat(80_000)),
            "use a as b; use b as a;".repeat(10_000),
            "use , ".repeat(40_000) + ";",
            "extern crate , ".repeat(15_000) + ";",
            format!("use {}{{{}}};", "a::".repeat(30), "b,".repeat(100_000)),
        ] {
            assert_eq!(flags(&format!("{text} fn g() {{ std::process::abort() }}")).len(), 1);
        }
    }
}
