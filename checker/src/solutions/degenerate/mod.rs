//! Degenerate candidates: solutions that do nothing of what the task asks for.
//!
//! A test about what does *not* happen must first see that its scene ran to its end; otherwise it passes on
//! code that does nothing at all. So `checker verify` makes such code of every stub, and no test may pass on
//! it. One text is all of them: each function of the stub that is a `todo!` looks at a mark in the program
//! and does as it says. The mark is changed in the compiled programs, so that an exercise's candidates cost
//! one run of the compiler. A variable of the environment would not do: scenes run without one, too. No I/O
//! here.

mod allowed;
mod items;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::judge::candidate::Sources;
use crate::workbook::curriculum::Exercise;
use crate::workbook::pins::Pins;

pub use allowed::{Allowed, FILE as ALLOWED, MayPass};

use items::{Function, Items};
use values::{MODULE, Values};

/// What every function of a candidate does in place of its task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Degenerate {
    /// The process ends before `main`, with success.
    ExitsBeforeMain,
    /// The process ends where a function is called, with success.
    Exits,
    /// Each function returns a default and does nothing: `false`, 0, `None`, `Ok` of a default.
    ReturnsDefaults,
    /// Whoever calls sleeps for ever.
    NeverReturns,
    /// The process prints what the experiment should print, and ends before `main`, with success.
    PrintsTheSnapshot,
}

impl Degenerate {
    /// Each of them.
    pub const ALL: [Degenerate; 5] = [
        Degenerate::ExitsBeforeMain,
        Degenerate::Exits,
        Degenerate::ReturnsDefaults,
        Degenerate::NeverReturns,
        Degenerate::PrintsTheSnapshot,
    ];

    /// What it is called in a report.
    pub fn in_words(self) -> &'static str {
        match self {
            Degenerate::ExitsBeforeMain => "exits with 0 before main",
            Degenerate::Exits => "exits with 0 in each function",
            Degenerate::ReturnsDefaults => "returns defaults",
            Degenerate::NeverReturns => "never returns",
            Degenerate::PrintsTheSnapshot => "prints the expected text and exits with 0",
        }
    }

    fn letter(self) -> char {
        match self {
            Degenerate::ExitsBeforeMain => 'b',
            Degenerate::Exits => 'e',
            Degenerate::ReturnsDefaults => 'd',
            Degenerate::NeverReturns => 'r',
            Degenerate::PrintsTheSnapshot => 'p',
        }
    }
}

/// The mark's length and alignment in a program.
const MARK: usize = 64;

/// What a given file says of a learner's; code that runs before `main` has to be `unsafe`.
const FORBIDDEN: &str = "#[forbid(unsafe_code)]";

/// What the mark begins with; its last byte says which candidate the program is.
const BEGINNING: &str = "shopfloor: a degenerate candidate, which one says the last byte";

/// Where the mark lies in a program: the places of the bytes that say which candidate it is.
pub fn marks(program: &[u8]) -> Vec<usize> {
    let blocks = program.chunks_exact(MARK).enumerate();
    let is_mark = |block: &[u8]| &block[..MARK - 1] == BEGINNING.as_bytes();
    blocks.filter(|(_, block)| is_mark(block)).map(|(nth, _)| nth * MARK + MARK - 1).collect()
}

impl Degenerate {
    /// The byte of the mark.
    pub fn byte(self) -> u8 {
        self.letter() as u8
    }
}

/// The stub of an exercise as all degenerate candidates in one; an error names the file that is no Rust.
pub fn sources(exercise: &Exercise, pins: &Pins) -> Result<Sources, String> {
    let mut types = BTreeMap::new();
    let mut stubs = BTreeMap::new();
    let mut given = Sources::new();
    for (path, text) in &pins.files {
        let Some(module) = module(path) else { continue };
        let items = Items::parse(text);
        let items = items.ok_or_else(|| format!("{} cannot be read as Rust", path.display()))?;
        let is_edited = exercise.edit.contains(path);
        for (name, definition) in &items.types {
            let place = if is_edited { name.clone() } else { format!("crate::{module}{name}") };
            types.insert(name.clone(), (place, is_edited, definition.clone()));
        }
        if is_edited {
            stubs.insert(path.clone(), (text, items.functions));
        } else if text.contains(FORBIDDEN) {
            given.insert(path.clone(), text.replace(FORBIDDEN, ""));
        }
    }
    let snapshot = pins.snapshot().unwrap_or_default();
    let snapshot = crate::judge::compare::snapshot_text(snapshot).unwrap_or(snapshot);
    let source = |(path, (text, functions)): (PathBuf, (&String, Vec<Function>))| {
        (path, source(text, functions, &Values { types: &types }, snapshot))
    };
    Ok(stubs.into_iter().map(source).chain(given).collect())
}

/// `evidence::` of `src/evidence.rs`, nothing of `src/lib.rs`; `None` of what is no module of the library.
fn module(path: &Path) -> Option<String> {
    let path = path.strip_prefix("src").ok()?.with_extension("");
    if path.starts_with("bin") || path == Path::new("main") {
        return None;
    }
    let names = path.iter().map(|name| name.to_string_lossy());
    Some(
        names.filter(|name| *name != "lib" && *name != "mod").map(|it| format!("{it}::")).collect(),
    )
}

fn source(text: &str, mut functions: Vec<Function>, values: &Values<'_>, snapshot: &str) -> String {
    let mut text = text.to_owned();
    functions.sort_by_key(|function| function.body.start);
    for function in functions.iter().rev() {
        let degenerate = format!("{}{MODULE}", "super::".repeat(function.depth));
        let arm = |which: Degenerate, does: &str| format!("b'{}' => {does}, ", which.letter());
        let default = match values.default_of(function) {
            Some(value) => format!("{{ {value} }}"),
            None => "panic!(\"its result has no default\")".to_owned(),
        };
        let body = format!(
            "{{ match {degenerate}::which() {{ {}{}_ => {degenerate}::never() }} }}",
            arm(Degenerate::Exits, "::std::process::exit(0)"),
            arm(Degenerate::ReturnsDefaults, &default),
        );
        text.replace_range(function.body.clone(), &body);
    }
    let constructor = constructor(snapshot);
    format!("#![allow(warnings, unsafe_code, clippy::all)]\n{text}\n{constructor}")
}

/// The mark, what looks at it, and what runs before `main`.
fn constructor(snapshot: &str) -> String {
    let letter = |which: Degenerate| which.letter().to_string();
    let words = [
        ("MODULE", MODULE.to_owned()),
        ("BEGINNING", BEGINNING.to_owned()),
        ("NEVER", letter(Degenerate::NeverReturns)),
        ("PRINTS", letter(Degenerate::PrintsTheSnapshot)),
        ("EXITS", letter(Degenerate::ExitsBeforeMain)),
        // The last: what it stands for may have any words.
        ("SNAPSHOT", format!("{snapshot:?}")),
    ];
    let template = include_str!("../../../templates/degenerate.rs.txt").to_owned();
    words.iter().fold(template, |text, (word, is)| text.replace(word, is))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_found_where_it_is_aligned() {
        assert_eq!(BEGINNING.len(), MARK - 1);
        let mut program = vec![0; 3 * MARK];
        assert_eq!(marks(&program), Vec::<usize>::new());
        program[MARK..2 * MARK - 1].copy_from_slice(BEGINNING.as_bytes());
        assert_eq!(marks(&program), [2 * MARK - 1]);
    }

    #[test]
    fn each_candidate_has_a_mark_and_words_of_its_own() {
        for (nth, one) in Degenerate::ALL.iter().enumerate() {
            for other in &Degenerate::ALL[nth + 1..] {
                assert_ne!(one.byte(), other.byte());
                assert_ne!(one.in_words(), other.in_words());
            }
        }
    }

    #[test]
    fn modules_of_the_library_are_named_and_programs_are_passed_over() {
        let module = |path: &str| module(Path::new(path));
        assert_eq!(module("src/lib.rs").as_deref(), Some(""));
        assert_eq!(module("src/evidence.rs").as_deref(), Some("evidence::"));
        assert_eq!(module("src/a/mod.rs").as_deref(), Some("a::"));
        for other in ["src/main.rs", "src/bin/scene.rs", "tests/laws.rs", "README.md"] {
            assert_eq!(module(other), None, "{other}");
        }
    }
}
