//! The scan of one file: its tokens in a row, held against the names of interest.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use super::kind::Kind;
use super::names::{alone, behind, is_failing_macro, is_shell, of_macro, qualifier};
use super::tokens::tokens;

/// How far the end of a `cfg(…)` is looked for.
const CFG: usize = 64;

/// The longest path and the deepest nesting of a `use`; one that has more is passed over.
const USE: usize = 32;

/// How many renames of renames are followed.
const RENAMES: usize = 4;

/// A token, without what is in it.
enum Piece {
    Ident(String),
    Punct(char),
    /// A literal's text between its quotes.
    Literal(String),
    Open(Delimiter),
    Close(Delimiter),
}

/// A file as a row of tokens.
struct Row {
    pieces: Vec<(Piece, Span)>,
    /// What else a name stands for: the qualifiers that were imported under it.
    renames: BTreeMap<String, BTreeSet<&'static str>>,
    /// The qualifiers whose names were all imported: `use std::process::*`.
    globs: BTreeSet<&'static str>,
    found: Vec<(u32, Kind, String)>,
}

/// A name that a `use` brings in.
struct Import {
    is_std: bool,
    /// The last names of its path.
    before: Option<String>,
    last: String,
    /// What it is called here; `*` for everything.
    name: String,
    at: usize,
}

impl Import {
    fn new(mut path: Vec<String>, name: Option<String>, at: usize) -> Option<Self> {
        if path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let is_std = path.first().is_some_and(|it| ["std", "core", "alloc"].contains(&it.as_str()));
        let last = path.pop()?;
        Some(Self { is_std, before: path.pop(), name: name.unwrap_or(last.clone()), last, at })
    }
}

/// Line, kind and text of each place of interest; `None` if the text is no Rust.
pub(super) fn scan(text: &str) -> Option<Vec<(u32, Kind, String)>> {
    let tokens = tokens(text)?;
    let mut row = Row {
        pieces: flattened(tokens),
        renames: BTreeMap::new(),
        globs: BTreeSet::new(),
        found: Vec::new(),
    };
    row.imports();
    for at in 0..row.pieces.len() {
        row.look_at(at);
    }
    Some(row.found)
}

/// Without recursion: a stack of our own holds what is open.
fn flattened(tokens: TokenStream) -> Vec<(Piece, Span)> {
    let mut pieces = Vec::new();
    let mut open = vec![(tokens.into_iter(), None)];
    while let Some((tokens, group)) = open.last_mut() {
        match tokens.next() {
            Some(TokenTree::Group(inner)) => {
                let (delimiter, span) = (inner.delimiter(), inner.delim_span());
                pieces.push((Piece::Open(delimiter), span.open()));
                open.push((inner.stream().into_iter(), Some((delimiter, span.close()))));
            }
            Some(TokenTree::Ident(ident)) => {
                let name = ident.to_string();
                let name = name.strip_prefix("r#").unwrap_or(&name).to_owned();
                pieces.push((Piece::Ident(name), ident.span()));
            }
            Some(TokenTree::Punct(punct)) => {
                pieces.push((Piece::Punct(punct.as_char()), punct.span()));
            }
            Some(TokenTree::Literal(literal)) => {
                let text = literal.to_string();
                let inside = text.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"'));
                let inside = inside.map_or("", |(inside, _)| inside).to_owned();
                pieces.push((Piece::Literal(inside), literal.span()));
            }
            None => {
                pieces.extend(group.map(|(delimiter, span)| (Piece::Close(delimiter), span)));
                open.pop();
            }
        }
    }
    pieces
}

impl Row {
    fn ident(&self, at: usize) -> Option<&str> {
        match self.pieces.get(at) {
            Some((Piece::Ident(name), _)) => Some(name),
            _ => None,
        }
    }

    fn is(&self, at: usize, sign: char) -> bool {
        matches!(self.pieces.get(at), Some((Piece::Punct(it), _)) if *it == sign)
    }

    fn opens(&self, at: usize) -> Option<Delimiter> {
        match self.pieces.get(at) {
            Some((Piece::Open(delimiter), _)) => Some(*delimiter),
            _ => None,
        }
    }

    fn closes(&self, at: usize) -> bool {
        matches!(self.pieces.get(at), Some((Piece::Close(_), _)))
    }

    /// The name before the `::` before this place.
    fn qualifier_of(&self, at: usize) -> Option<&str> {
        let is_path = at >= 3 && self.is(at - 1, ':') && self.is(at - 2, ':');
        is_path.then(|| self.ident(at - 3)).flatten()
    }

    /// What a name may stand for as a qualifier.
    fn meanings(&self, name: &str) -> impl Iterator<Item = &'static str> {
        let renamed = self.renames.get(name).into_iter().flatten().copied();
        qualifier(name).into_iter().chain(renamed)
    }

    fn flag(&mut self, at: usize, kind: Kind, what: impl Into<String>) {
        let line = u32::try_from(self.pieces[at].1.start().line).unwrap_or(u32::MAX);
        self.found.push((line, kind, what.into()));
    }

    fn look_at(&mut self, at: usize) {
        match &self.pieces[at].0 {
            Piece::Ident(name) => {
                let name = name.clone();
                self.look_at_name(at, &name);
            }
            Piece::Literal(text) if text.contains("/proc") && !self.is_doc(at) => {
                let text = text.clone();
                self.flag(at, Kind::Surroundings, text);
            }
            Piece::Literal(text)
                if is_shell(text) && (text.contains('/') || self.is_program(at)) =>
            {
                let text = text.clone();
                self.flag(at, Kind::Shell, text);
            }
            _ => {}
        }
    }

    fn look_at_name(&mut self, at: usize, name: &str) {
        if let Some(kind) = alone(name) {
            return self.flag(at, kind, name);
        }
        let meant = self.qualifier_of(at).map(|it| self.meanings(it).collect::<Vec<_>>());
        for qualifier in meant.into_iter().flatten() {
            if let Some(kind) = behind(qualifier, name) {
                return self.flag(at, kind, format!("{qualifier}::{name}"));
            }
        }
        let is_macro = self.is(at + 1, '!') && self.opens(at + 2).is_some();
        if let Some(kind) = of_macro(name).filter(|_| is_macro) {
            return self.flag(at, kind, format!("{name}!"));
        }
        let imported = self.globs.iter().find_map(|glob| behind(glob, name));
        let is_call = self.opens(at + 1) == Some(Delimiter::Parenthesis);
        let is_free = self.qualifier_of(at).is_none() && (at == 0 || !self.is(at - 1, '.'));
        if let Some(kind) = imported.filter(|_| is_call && is_free) {
            return self.flag(at, kind, name);
        }
        self.look_at_keyword(at, name);
    }

    fn look_at_keyword(&mut self, at: usize, name: &str) {
        let is_first_of_attribute = at >= 2
            && self.opens(at - 1) == Some(Delimiter::Bracket)
            && (self.is(at - 2, '#') || self.is(at - 2, '!'));
        match name {
            // `#[unsafe(no_mangle)]` says itself what it is.
            "unsafe" if self.opens(at + 1) != Some(Delimiter::Parenthesis) => {
                self.flag(at, Kind::UnsafeCode, name);
            }
            "extern" => {
                let abi = matches!(self.pieces.get(at + 1), Some((Piece::Literal(_), _)));
                if self.opens(at + 1 + usize::from(abi)) == Some(Delimiter::Brace) {
                    self.flag(at, Kind::Foreign, "extern { … }");
                }
            }
            "macro_rules" if self.is(at + 1, '!') => {
                let defined = self.ident(at + 2).unwrap_or_default().to_owned();
                if is_failing_macro(&defined) {
                    self.flag(at, Kind::ShadowedMacro, format!("macro_rules! {defined}"));
                }
            }
            "path" if self.is(at + 1, '=') && self.is_in_attribute(at) => {
                self.flag(at, Kind::PathAttribute, "#[path]");
            }
            "link" | "used" | "ctor" if is_first_of_attribute => {
                self.flag(at, Kind::Linkage, format!("#[{name}]"));
            }
            "naked" if self.closes(at + 1) && self.opens(at.wrapping_sub(1)).is_some() => {
                self.flag(at, Kind::Assembly, "#[naked]");
            }
            "cfg" | "cfg_attr" if self.depends_on_test(at) => {
                self.flag(at, Kind::CfgTest, format!("{name}(test)"));
            }
            _ => {}
        }
    }

    /// The text of a doc comment, which the lexer turns into `#[doc = "…"]`.
    fn is_doc(&self, at: usize) -> bool {
        at >= 2 && self.is(at - 1, '=') && self.ident(at - 2) == Some("doc")
    }

    /// `Command::new("…")`
    fn is_program(&self, at: usize) -> bool {
        at >= 2
            && self.ident(at - 2) == Some("new")
            && self
                .qualifier_of(at - 2)
                .is_some_and(|it| self.meanings(it).any(|it| it == "Command"))
    }

    fn is_in_attribute(&self, at: usize) -> bool {
        at >= 1 && (self.opens(at - 1) == Some(Delimiter::Bracket) || self.is(at - 1, ','))
    }

    /// `cfg(…test…)`, but for what everybody writes: `#[cfg(test)] mod tests`.
    fn depends_on_test(&self, at: usize) -> bool {
        let start = at + 1 + usize::from(self.is(at + 1, '!'));
        if self.opens(start) != Some(Delimiter::Parenthesis) {
            return false;
        }
        let is_usual = self.ident(start + 1) == Some("test")
            && self.closes(start + 2)
            && self.closes(start + 3)
            && self.ident(start + 4) == Some("mod");
        let mut depth = 0;
        for (piece, _) in self.pieces[start..].iter().take(CFG) {
            match piece {
                Piece::Open(_) => depth += 1,
                Piece::Close(_) => depth -= 1,
                Piece::Ident(name) if name == "test" => return !is_usual,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        false
    }

    /// Notes what the `use`s of the file bring in, and flags what is of interest among it.
    fn imports(&mut self) {
        let mut imports = Vec::new();
        for at in 0..self.pieces.len() {
            match self.ident(at) {
                Some("use") => self.read_use(at + 1, &mut imports),
                Some("crate") if at >= 1 && self.ident(at - 1) == Some("extern") => {
                    self.read_use(at + 1, &mut imports);
                }
                _ => {}
            }
        }
        for _ in 0..RENAMES {
            for import in &imports {
                let meanings: Vec<&'static str> = self.meanings(&import.last).collect();
                if import.last != import.name && import.name != "*" && !meanings.is_empty() {
                    self.renames.entry(import.name.clone()).or_default().extend(meanings);
                }
            }
        }
        for import in imports {
            self.look_at_import(&import);
        }
    }

    fn look_at_import(&mut self, import: &Import) {
        let Import { is_std, before, last, name, at } = import;
        if name == "*" {
            let meanings: Vec<&'static str> = self.meanings(last).collect();
            return self.globs.extend(meanings);
        }
        let before = before.as_deref();
        let mut meanings = before.into_iter().flat_map(|it| self.meanings(it));
        let function = meanings.find_map(|it| behind(it, last));
        drop(meanings);
        let shadowed = (is_failing_macro(name) && !is_std).then_some(Kind::ShadowedMacro);
        // As a module `env` is imported every day.
        let of_std = of_macro(last).filter(|_| *is_std && last != "env");
        if let Some(kind) = function.or(shadowed).or(of_std) {
            let before = before.map(|it| format!("{it}::")).unwrap_or_default();
            self.flag(*at, kind, format!("{before}{last}"));
        }
    }

    /// Reads the tree of a `use` up to its `;`.
    fn read_use(&self, start: usize, imports: &mut Vec<Import>) {
        let (mut open, mut path, mut name) = (Vec::<Vec<String>>::new(), Vec::new(), None);
        let mut at = start;
        let mut leaf = |path: Vec<String>, name: Option<String>, at: usize| {
            imports.extend(Import::new(path, name, at));
        };
        while let Some((piece, _)) = self.pieces.get(at) {
            match piece {
                Piece::Ident(word) if word == "as" => {
                    at += 1;
                    name = self.ident(at).map(str::to_owned);
                }
                // Another item begins: what was read cannot be meant, and is not read twice.
                Piece::Ident(word) if word == "use" || word == "extern" => return,
                Piece::Ident(word) => path.push(word.clone()),
                Piece::Punct(':') => {}
                Piece::Punct('*') => name = Some("*".to_owned()),
                Piece::Punct(',') => {
                    leaf(path, name.take(), at - 1);
                    path = open.last().cloned().unwrap_or_default();
                }
                Piece::Open(Delimiter::Brace) => open.push(path.clone()),
                Piece::Close(Delimiter::Brace) if !open.is_empty() => {
                    leaf(path, name.take(), at - 1);
                    path = Vec::new();
                    open.pop();
                }
                _ => return leaf(path, name, (at - 1).max(start)),
            }
            if path.len() > USE || open.len() > USE {
                return;
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::exit("fn f() { std::process::exit(0) }", Kind::Exit)]
    #[case::a_value("const F: fn(i32) -> ! = std::process::exit;", Kind::Exit)]
    #[case::renamed("use std::process::exit as x; fn f() { x(0) }", Kind::Exit)]
    #[case::renamed_in_a_tree("use std::{fs, process::{Command as C, exit as x}};", Kind::Exit)]
    #[case::renamed_module("use std::process as p; fn f() { p::exit(0) }", Kind::Exit)]
    #[case::renamed_twice(
        "use std as s; use s::process as p; use p as q; fn f() { q::abort() }",
        Kind::Exit
    )]
    #[case::its_self("use std::process::{self as p}; fn f() { p::exit(0) }", Kind::Exit)]
    #[case::a_crate("extern crate libc as c; fn f() { c::exit(0) }", Kind::Exit)]
    #[case::all_names("use std::process::*; fn f() { exit(0) }", Kind::Exit)]
    #[case::system_call("fn f() { libc::syscall(libc::SYS_exit_group, 0) }", Kind::Exit)]
    #[case::in_a_macro("macro_rules! m { () => { std::process::exit(0) } }", Kind::Exit)]
    #[case::as_an_argument("fn f() { m!(a, [std::process::exit(0)]) }", Kind::Exit)]
    #[case::handler("fn f() { libc::atexit(g) }", Kind::ExitHandler)]
    #[case::hook("fn f() { std::panic::set_hook(g) }", Kind::Hook)]
    #[case::caught("use std::panic::catch_unwind;", Kind::Hook)]
    #[case::section("#[link_section = \".init_array\"] static F: fn() = f;", Kind::Linkage)]
    #[case::unsafe_attribute("#[unsafe(no_mangle)] pub fn write() {}", Kind::Linkage)]
    #[case::in_cfg_attr("#[cfg_attr(all(), export_name = \"x\")] fn f() {}", Kind::Linkage)]
    #[case::constructor("#[ctor] fn f() {}", Kind::Linkage)]
    #[case::assembly("fn f() { core::arch::asm!(\"nop\") }", Kind::Assembly)]
    #[case::renamed_assembly("use std::arch::asm as a;", Kind::Assembly)]
    #[case::naked("#[unsafe(naked)] fn f() {}", Kind::Assembly)]
    #[case::included("const A: &str = include_str!(\"../tests/a.rs\");", Kind::Embedding)]
    #[case::included_as_code("mod a { include!(\"a.rs\"); }", Kind::Embedding)]
    #[case::included_by_a_macro("m!(r#include_bytes);", Kind::Embedding)]
    #[case::included_as_documentation("#![doc = include_str!(\"a\")]", Kind::Embedding)]
    #[case::variable("const A: &str = env!(\"HOME\");", Kind::Surroundings)]
    #[case::allocator("#[global_allocator] static A: B = B;", Kind::Linkage)]
    #[case::by_a_condition("#[cfg_attr(all(), no_mangle)] fn write() {}", Kind::Linkage)]
    #[case::by_a_macro(
        "macro_rules! m { ($a:ident) => { #[$a] fn write() {} } } m!(no_mangle);",
        Kind::Linkage
    )]
    #[case::assembly_by_a_macro("m!(core::arch, global_asm);", Kind::Assembly)]
    #[case::behind_a_shebang("#!/usr/bin/env run\n#[no_mangle] fn f() {}", Kind::Linkage)]
    #[case::path("#[path = \"/etc/passwd\"] mod a;", Kind::PathAttribute)]
    #[case::path_by_condition("#[cfg_attr(unix, path = \"a.rs\")] mod a;", Kind::PathAttribute)]
    #[case::shadowed("macro_rules! assert_eq { ($($t:tt)*) => {} }", Kind::ShadowedMacro)]
    #[case::shadowed_by_name("use crate::nothing as assert;", Kind::ShadowedMacro)]
    #[case::foreign("extern \"C\" { fn ptrace(r: i32) -> i64; }", Kind::Foreign)]
    #[case::foreign_without_abi("extern { fn prctl(); }", Kind::Foreign)]
    #[case::loaded("fn f() { libc::dlopen(a, b) }", Kind::Foreign)]
    #[case::proc("fn f() { std::fs::read(\"/proc/self/maps\") }", Kind::Surroundings)]
    #[case::raw_proc("fn f() { g(r#\"/proc/self\"#) }", Kind::Surroundings)]
    #[case::arguments("use std::env; fn f() { env::args() }", Kind::Surroundings)]
    #[case::shell("use std::process::Command as C; fn f() { C::new(\"sh\") }", Kind::Shell)]
    #[case::shell_by_path("fn f() { execv(c\"/bin/bash\") }", Kind::Shell)]
    #[case::parent("fn f() { kill(getppid(), 9) }", Kind::Parent)]
    #[case::sleep("use std::thread; fn f() { thread::sleep(d) }", Kind::Sleep)]
    #[case::unsafe_block("fn f() { unsafe{ g() } }", Kind::UnsafeCode)]
    #[case::unsafe_impl("unsafe impl Send for A {}", Kind::UnsafeCode)]
    #[case::not_test("#[cfg(not(test))] fn f() {}", Kind::CfgTest)]
    #[case::test_function("#[cfg(test)] fn f() {}", Kind::CfgTest)]
    #[case::asked("fn f() -> bool { cfg!(test) }", Kind::CfgTest)]
    fn it_is_seen(#[case] text: &str, #[case] kind: Kind) {
        let kinds: Vec<Kind> = scan(text).unwrap().into_iter().map(|(_, kind, _)| kind).collect();
        assert!(kinds.contains(&kind), "{text}: {kinds:?}");
        let others = kinds.iter().filter(|it| **it != kind && **it != Kind::UnsafeCode);
        assert_eq!(others.count(), 0, "{text}: {kinds:?}");
    }

    #[rstest]
    #[case::own_function("fn exit() {} fn f() { exit(); a.exit(); self::exit() }")]
    #[case::own_method("impl Thread { fn sleep(&self) {} } fn f() { worker::sleep() }")]
    #[case::text(
        "/// process::exit, unsafe, /proc/self\nfn f() { g(\"process::exit unsafe\") } // asm!()"
    )]
    #[case::own_tests("#[cfg(test)] mod tests { #[test] fn f() { assert!(true) } }")]
    #[case::not_equal("fn f(env: u8) -> bool { env != (1) }")]
    #[case::module("use std::env; use std::process::{Command, ExitCode}; use std::thread;")]
    #[case::macros_of_std("use std::{assert_eq, panic, matches};")]
    #[case::function("use nix::unistd::{read, write};")]
    #[case::callback("extern \"C\" fn f() {} extern crate alloc;")]
    #[case::a_path("fn f(path: &str) { let path = \"a\"; }")]
    #[case::program("fn f() { Command::new(\"ls\"); Path::new(\"sh\") }")]
    #[case::other_condition("#[cfg(target_os = \"linux\")] fn f(test: u8) {}")]
    fn it_is_not_seen(#[case] text: &str) {
        assert_eq!(scan(text), Some(Vec::new()));
    }

    #[test]
    fn a_line_is_that_of_the_name() {
        assert_eq!(scan("\n\nfn f() {\n  std::process::exit(0)\n}").unwrap()[0].0, 4);
    }
}
