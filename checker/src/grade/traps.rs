//! Tests under names that nobody can know, and among them some that must fail.
//!
//! Code that turns failures into passes in general (a forged log, a panic hook, an exit handler) cannot
//! tell a trap from a test: a trap does what some test does, so the learner's code runs, and then fails.
//! A trap that passes gives the forger away. No I/O here.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use proc_macro2::LineColumn;
use syn::{Attribute, File, Item, ItemFn, ReturnType};

use crate::pristine::Pristine;
use crate::verdict::{Judgement, TestResult};

/// An exercise's tests in disguise.
#[derive(Debug)]
pub struct Disguised {
    /// The exercise with other names for its tests, and with traps in its test files.
    pub pristine: Pristine,
    /// The same with the traps as the only tests.
    pub traps: Pristine,
    token: String,
}

impl Disguised {
    /// Disguises an exercise; the token is known to nobody and fits in an identifier.
    pub fn new(pristine: &Pristine, token: &str) -> Self {
        let mut disguised = pristine.clone();
        let mut traps = BTreeMap::new();
        for (target, tests) in &mut disguised.tests {
            let path = Path::new("tests").join(format!("{target}.rs"));
            let Some(text) = disguised.files.get_mut(&path) else { continue };
            let Ok(file) = syn::parse_file(text) else { continue };
            let (with_trap, trap) = with_trap(&file, text, token);
            let functions = functions(&file);
            *text = renamed(&with_trap, &functions, token);
            for test in tests.iter_mut() {
                *test = renamed_test(test, &functions, token);
            }
            traps.insert(target.clone(), vec![trap]);
        }
        let traps = Pristine { tests: traps, files: disguised.files.clone() };
        Self { pristine: disguised, traps, token: token.to_owned() }
    }

    /// The judgement with the names and messages as everybody knows them.
    pub fn undisguised(&self, judgement: Judgement) -> Judgement {
        let plain = |text: String| text.replace(&self.suffix(), "");
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

    fn suffix(&self) -> String {
        suffix(&self.token)
    }
}

fn suffix(token: &str) -> String {
    format!("_{token}")
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

/// The text with the suffix behind each of these names; the lines stay where they are.
fn renamed(text: &str, functions: &[(String, LineColumn)], token: &str) -> String {
    let mut places: Vec<usize> =
        functions.iter().map(|(name, place)| offset(text, *place) + name.len()).collect();
    places.sort_unstable();
    let mut renamed = text.to_owned();
    for place in places.into_iter().rev() {
        renamed.insert_str(place, &suffix(token));
    }
    renamed
}

/// `module::function::case_1`: the function has another name.
fn renamed_test(test: &str, functions: &[(String, LineColumn)], token: &str) -> String {
    let is_function = |segment: &&str| functions.iter().any(|(name, _)| name == segment);
    let segments: Vec<&str> = test.split("::").collect();
    let function = segments.iter().rposition(is_function);
    let rename = |(index, segment): (usize, &&str)| match Some(index) == function {
        true => format!("{segment}{}", suffix(token)),
        false => (*segment).to_owned(),
    };
    segments.iter().enumerate().map(rename).collect::<Vec<_>>().join("::")
}

/// The text with a trap behind its last line, and the trap's name.
///
/// It does what the first simple test does. A file that has none gets one that only fails.
fn with_trap(file: &File, text: &str, token: &str) -> (String, String) {
    let simple = file.items.iter().find_map(|item| match item {
        Item::Fn(function) if is_simple(function) => Some(function),
        _ => None,
    });
    let body = simple.map_or("", |function| &text[inside(text, function)]);
    let name = simple.map_or("it_holds".to_owned(), |function| function.sig.ident.to_string());
    // Longer than the token alone, so that the two tests of one function do not meet.
    let name = format!("{name}_too{}", suffix(token));
    let text = format!("{text}\n#[test]\nfn {name}() {{{body};\n    panic!(\"not so\");\n}}\n");
    (text, name)
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
}

fn inside(text: &str, function: &ItemFn) -> Range<usize> {
    let braces = function.block.brace_token.span;
    offset(text, braces.open().end())..offset(text, braces.close().start())
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

    #[test]
    fn every_test_has_another_name_and_helpers_keep_theirs() {
        let disguised = Disguised::new(&pristine(&["many::case_1_one", "plain"]), "x9");
        assert_eq!(disguised.pristine.tests["t"], ["many_x9::case_1_one", "plain_x9"]);
        let text = &disguised.pristine.files[Path::new("tests/t.rs")];
        assert!(text.contains("fn many_x9(#[case] n: u8) {\n    help();"), "{text}");
        assert!(text.contains("fn plain_x9() {") && text.contains("fn help() {}"), "{text}");
    }

    #[test]
    fn the_lines_of_the_tests_stay_where_they_are() {
        let disguised = Disguised::new(&pristine(&["plain"]), "x9");
        let text = &disguised.pristine.files[Path::new("tests/t.rs")];
        for (before, after) in TEXT.lines().zip(text.lines()) {
            assert_eq!(before, after.replace("_x9", ""));
        }
    }

    #[test]
    fn a_trap_does_what_a_test_does_and_fails() {
        let disguised = Disguised::new(&pristine(&["plain"]), "x9");
        assert_eq!(disguised.traps.tests["t"], ["plain_too_x9"]);
        let text = &disguised.traps.files[Path::new("tests/t.rs")];
        let trap = &text[text.find("fn plain_too_x9() {").unwrap()..];
        assert!(trap.contains("assert_eq!(\"}\", \"}\");") && trap.contains("panic!"), "{trap}");
        assert!(syn::parse_file(text).is_ok());
    }

    #[test]
    fn a_judgement_has_its_names_back() {
        let disguised = Disguised::new(&pristine(&["plain"]), "x9");
        let test = TestResult {
            name: "plain_x9".into(),
            target: "t".into(),
            outcome: crate::verdict::Outcome::Failed,
            message: Some("again: cargo test plain_x9".into()),
            place: None,
        };
        let judgement = disguised.undisguised(Judgement::of_tests(vec![test]));
        assert_eq!(judgement.tests[0].name, "plain");
        assert_eq!(judgement.tests[0].message.as_deref(), Some("again: cargo test plain"));
    }
}
