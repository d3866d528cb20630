//! Tests under names that nobody can know, and among them some that must fail.
//!
//! Code that turns failures into passes in general (a forged log, a panic hook, an exit handler) has to
//! tell a trap from a test, and what it can easily learn is the same for both: a trap does what some
//! test does, on the same lines, under a name of the same kind, and then fails. A trap that passes gives
//! the forger away. No I/O here.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use proc_macro2::LineColumn;
use sha2::{Digest, Sha256};
use syn::{Attribute, File, Item, ItemFn, ReturnType, Visibility};

use crate::fingerprint;
use crate::pristine::Pristine;
use crate::verdict::{Judgement, TestResult};

/// An exercise's tests in disguise.
#[derive(Debug)]
pub struct Disguised {
    /// The exercise with other names for its tests, and with traps in its test files.
    pub pristine: Pristine,
    /// The same with the traps as the only tests.
    pub traps: Pristine,
    /// The true names by those that were given.
    names: BTreeMap<String, String>,
}

impl Disguised {
    /// Disguises an exercise; the token is known to nobody.
    pub fn new(pristine: &Pristine, token: &str) -> Self {
        let mut disguised = pristine.clone();
        let mut traps = BTreeMap::new();
        let mut names = BTreeMap::new();
        for (target, tests) in &mut disguised.tests {
            let path = Path::new("tests").join(format!("{target}.rs"));
            let Some(text) = disguised.files.get_mut(&path) else { continue };
            let Ok(file) = syn::parse_file(text) else { continue };
            let functions = functions(&file);
            for (name, _) in &functions {
                names.insert(alias(name, token), name.clone());
            }
            let model = model(&file);
            let trapped = model.map_or("it_holds".to_owned(), |model| model.sig.ident.to_string());
            let trap = alias(&format!("trap {target}"), token);
            names.insert(trap.clone(), trapped);
            *text = with_trap(text, &functions, model, &trap, token);
            for test in tests.iter_mut() {
                *test = renamed_test(test, &functions, token);
            }
            traps.insert(target.clone(), vec![trap]);
        }
        let traps = Pristine { tests: traps, files: disguised.files.clone() };
        Self { pristine: disguised, traps, names }
    }

    /// The judgement with the names and messages as everybody knows them.
    pub fn undisguised(&self, judgement: Judgement) -> Judgement {
        let plain = |text: String| {
            let replace =
                |text: String, (alias, name): (&String, &String)| text.replace(alias, name);
            self.names.iter().fold(text, replace)
        };
        let tests = judgement.tests.into_iter().map(|test| TestResult {
            name: plain(test.name),
            message: test.message.map(plain),
            ..test
        });
        Judgement {
            tests: tests.collect(),
            message: judgement.message.map(plain),
            verdict: judgement.verdict,
            place: judgement.place,
        }
    }
}

/// An identifier that says nothing; the same for the same name.
fn alias(name: &str, token: &str) -> String {
    let hash = fingerprint::hex(&Sha256::digest(format!("{token} {name}")));
    format!("t{}", &hash[..20])
}

/// The test functions of a file, by their names' places in it.
fn functions(file: &File) -> Vec<(String, LineColumn)> {
    let mut found = Vec::new();
    collect(&file.items, &mut found);
    found
}

fn collect(items: &[Item], found: &mut Vec<(String, LineColumn)>) {
    for item in items {
        match item {
            Item::Fn(function) if function.attrs.iter().any(is_test) => {
                let name = &function.sig.ident;
                found.push((name.to_string(), name.span().start()));
            }
            Item::Mod(module) => {
                collect(module.content.as_ref().map_or(&[], |(_, items)| items), found);
            }
            _ => {}
        }
    }
}

/// `#[test]`, `#[rstest]`, `#[tokio::test]`.
fn is_test(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|segment| segment.ident == "test" || segment.ident == "rstest")
}

/// `module::function::case_1`: the function has another name.
fn renamed_test(test: &str, functions: &[(String, LineColumn)], token: &str) -> String {
    let is_function = |segment: &str| functions.iter().any(|(name, _)| name == segment);
    let segments: Vec<&str> = test.split("::").collect();
    let function = segments.iter().rposition(|segment| is_function(segment));
    let rename = |(index, segment): (usize, &&str)| match Some(index) == function {
        true => alias(segment, token),
        false => (*segment).to_owned(),
    };
    segments.iter().enumerate().map(rename).collect::<Vec<_>>().join("::")
}

/// The test that a trap does the same as: the last simple one. It is the hardest, and who turns its
/// failure into a pass does the same to the trap, which fails in the same place.
fn model(file: &File) -> Option<&ItemFn> {
    file.items.iter().rev().find_map(|item| match item {
        Item::Fn(function) if is_simple(function) => Some(function),
        _ => None,
    })
}

/// The text with other names for the tests and with a trap; the lines stay where they are.
///
/// A macro makes the model and the trap of the same tokens, so that a caller's line and column
/// (`#[track_caller]`) are the same in both. A file without a model gets a trap that only fails.
fn with_trap(
    text: &str,
    functions: &[(String, LineColumn)],
    model: Option<&ItemFn>,
    trap: &str,
    token: &str,
) -> String {
    let renamed = |(name, place): &(String, LineColumn)| {
        let start = offset(text, *place);
        (start..start + name.len(), alias(name, token))
    };
    let mut edits: Vec<(Range<usize>, String)> = functions.iter().map(renamed).collect();
    match model {
        Some(model) => {
            let twice = alias("twice", token);
            let (start, end) = (item_start(text, model), item_end(text, model));
            let makes_both = format!(
                "macro_rules! {twice} {{ ($(#[$attribute:meta])* fn $name:ident() $body:block) => {{ \
                 $(#[$attribute])* fn $name() $body \
                 #[test] #[allow(unreachable_code)] fn {trap}() {{ $body; panic!(\"not so\") }} }}; }} \
                 {twice}! {{ "
            );
            edits.push((start..start, makes_both));
            edits.push((end..end, " }".to_owned()));
        }
        None => {
            let only_fails = format!("\n#[test]\nfn {trap}() {{\n    panic!(\"not so\");\n}}\n");
            edits.push((text.len()..text.len(), only_fails));
        }
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut text = text.to_owned();
    for (range, new) in edits.into_iter().rev() {
        text.replace_range(range, &new);
    }
    text
}

/// A test without parameters, result or further conditions.
fn is_simple(function: &ItemFn) -> bool {
    function
        .attrs
        .iter()
        .filter(|it| !it.path().is_ident("doc"))
        .all(|it| it.path().is_ident("test"))
        && function.attrs.iter().any(is_test)
        && function.sig.inputs.is_empty()
        && function.sig.asyncness.is_none()
        && matches!(function.sig.output, ReturnType::Default)
        && matches!(function.vis, Visibility::Inherited)
}

/// Where its first attribute begins; a simple test has one.
fn item_start(text: &str, function: &ItemFn) -> usize {
    let place = |attribute: &Attribute| offset(text, attribute.pound_token.span.start());
    function.attrs.iter().map(place).min().unwrap_or_default()
}

fn item_end(text: &str, function: &ItemFn) -> usize {
    offset(text, function.block.brace_token.span.close().end())
}

/// Where in the text a place is; lines count from 1, columns in characters from 0.
fn offset(text: &str, place: LineColumn) -> usize {
    let line: usize = text.split_inclusive('\n').take(place.line - 1).map(str::len).sum();
    let columns = text[line..].chars().take(place.column).map(char::len_utf8).sum::<usize>();
    line + columns
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "//! ä\nuse rstest::rstest;\nfn help() {}\n#[rstest]\n#[case::one(1)]\nfn many(#[case] n: u8) {\n    help();\n}\n#[test]\nfn plain() {\n    help();\n    assert_eq!(\"}\", \"}\");\n}\n";

    fn pristine(tests: &[&str]) -> Pristine {
        let tests = tests.iter().map(|test| (*test).to_owned()).collect();
        Pristine {
            tests: BTreeMap::from([("t".to_owned(), tests)]),
            files: BTreeMap::from([("tests/t.rs".into(), TEXT.to_owned())]),
        }
    }

    fn text_of(pristine: &Pristine) -> &str {
        &pristine.files[Path::new("tests/t.rs")]
    }

    #[test]
    fn every_test_has_another_name_and_helpers_keep_theirs() {
        let disguised = Disguised::new(&pristine(&["many::case_1_one", "plain"]), "x9");
        let (many, plain) = (alias("many", "x9"), alias("plain", "x9"));
        assert_eq!(disguised.pristine.tests["t"], [format!("{many}::case_1_one"), plain.clone()]);
        let text = text_of(&disguised.pristine);
        assert!(text.contains(&format!("fn {many}(#[case] n: u8) {{\n    help();")), "{text}");
        assert!(
            text.contains(&format!("fn {plain}() {{")) && text.contains("fn help() {}"),
            "{text}"
        );
        assert!(!text.contains("plain()") && !text.contains("many("), "{text}");
    }

    #[test]
    fn the_lines_of_the_tests_stay_where_they_are() {
        let disguised = Disguised::new(&pristine(&["plain"]), "x9");
        let text = text_of(&disguised.pristine);
        assert_eq!(TEXT.lines().count(), text.lines().count());
        let body = |text: &str| text.lines().position(|line| line.contains("assert_eq!"));
        assert_eq!(body(TEXT), body(text));
    }

    #[test]
    fn a_trap_does_what_a_test_does_and_fails() {
        let disguised = Disguised::new(&pristine(&["plain"]), "x9");
        let [trap] = disguised.traps.tests["t"].as_slice() else { panic!("one trap") };
        let text = text_of(&disguised.traps);
        let made = format!("fn {trap}() {{ $body; panic!");
        assert!(text.contains(&made) && syn::parse_file(text).is_ok(), "{text}");
        assert_eq!(trap.len(), disguised.pristine.tests["t"][0].len());
    }

    #[test]
    fn a_judgement_has_its_names_back() {
        let disguised = Disguised::new(&pristine(&["plain"]), "x9");
        let plain = alias("plain", "x9");
        let test = TestResult {
            name: plain.clone(),
            target: "t".into(),
            outcome: crate::verdict::Outcome::Failed,
            message: Some(format!("again: cargo test {plain}")),
            place: None,
        };
        let judgement = disguised.undisguised(Judgement::of_tests(vec![test]));
        assert_eq!(judgement.tests[0].name, "plain");
        assert_eq!(judgement.tests[0].message.as_deref(), Some("again: cargo test plain"));
    }
}
