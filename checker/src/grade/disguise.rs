//! Tests under names that nobody can know, each of which proves that it ran to its end.
//!
//! libtest's `ok` in the log is no proof against code that sets out to forge it: the submission runs in the
//! test's process and can write there. So each test is given a *seal*, a random number, and the last thing
//! that it does is to write the seal to a file beside the log. A test that panics, exits or never returns
//! does not get there. Only the test's own machine code has the seal, and every test has another one. An
//! `ok` without the seal is forged. No I/O here.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Ident, TokenTree};
use sha2::{Digest, Sha256};
use syn::{Attribute, Item, ItemFn, ItemMacro, ReturnType, Type};

use crate::Error;
use crate::evidence::Evidence;
use crate::judge::candidate::Seals;
use crate::system::hash;
use crate::verdict::{Judgement, TestResult};
use crate::workbook::pins::Pins;

/// An exercise's tests in disguise.
#[derive(Debug)]
pub struct Disguised {
    /// The exercise with other names for its tests, each of which writes its seal in the end.
    pub pins: Pins,
    /// What proves that a test ran to its end.
    pub seals: Seals,
    /// What stands in the disguised files, and what is shown instead: the true names, and nothing.
    shown: BTreeMap<String, String>,
}

impl Disguised {
    /// Disguises an exercise; the token is known to nobody. Fails if a test cannot be made to write its
    /// seal: the workbook's author has to write it in another way.
    pub fn new(pins: &Pins, token: &str) -> Result<Self, Error> {
        let mut disguised = pins.clone();
        let (mut seals, mut shown) = (Seals::new(), BTreeMap::new());
        for (target, tests) in &mut disguised.tests {
            let path = Path::new("tests").join(format!("{target}.rs"));
            let text = disguised.files.get_mut(&path);
            let text = text.ok_or_else(|| unsealable(&path, "the file is not there"))?;
            let functions = functions(text).map_err(|problem| unsealable(&path, &problem))?;
            let mut file = Disguise { token, target, edits: Vec::new(), shown: &mut shown };
            for function in &functions {
                file.seal(function);
            }
            file.apply(text);
            for test in tests {
                let function = function_of(test, &functions).ok_or_else(|| {
                    unsealable(&path, &format!("no test function belongs to the test `{test}`"))
                })?;
                let seal = seal(&function.name, target, token).concat();
                *test = renamed(test, &function.name, token);
                seals.insert((target.clone(), test.clone()), format!("{seal} {test}"));
            }
        }
        Ok(Self { pins: disguised, seals, shown })
    }

    /// The judgement with the names and messages as everybody knows them.
    pub fn undisguised(&self, judgement: Judgement) -> Judgement {
        let plain = |text: &str| {
            let replace =
                |text: String, (hidden, plain): (&String, &String)| text.replace(hidden, plain);
            // In this order, what is inserted goes before the names that are in it.
            self.shown.iter().fold(text.to_owned(), replace)
        };
        let undisguised = |evidence: Evidence| evidence.with_texts(&plain);
        let tests = judgement.tests.into_iter().map(|test| TestResult {
            name: plain(&test.name),
            evidence: test.evidence.map(undisguised),
            ..test
        });
        Judgement {
            tests: tests.collect(),
            evidence: judgement.evidence.map(undisguised),
            verdict: judgement.verdict,
            place: judgement.place,
        }
    }
}

fn unsealable(path: &Path, problem: &str) -> Error {
    Error::Format {
        path: PathBuf::from(path),
        problem: problem.to_owned(),
        remedy: "To grade, each test must be a function with #[test] or #[rstest] in this file, one in \
                 proptest!, or one with a table of testkit::cases!: not `async`, and without `impl Trait` as \
                 its result."
            .to_owned(),
    }
}

/// An identifier that says nothing; the same for the same name.
fn alias(name: &str, token: &str) -> String {
    let hash = hash::hex(&Sha256::digest(format!("{token} {name}")));
    format!("t{}", &hash[..20])
}

/// The seal of a test function, as two halves in hexadecimal.
fn seal(function: &str, target: &str, token: &str) -> [String; 2] {
    let hash = hash::hex(&Sha256::digest(format!("{token} seal {target} {function}")));
    [hash[..16].to_owned(), hash[16..32].to_owned()]
}

/// A test function and its places in the file's text.
struct Function {
    name: String,
    /// Where it is declared, and where a table says that its rows are this function's.
    named_at: Vec<Range<usize>>,
    form: Form,
}

enum Form {
    /// `#[test] fn f() { … }`: its body with the braces, and the type of its result.
    Plain { body: Range<usize>, result: String },
    /// A function of `proptest!`, whose body runs many times: its `#[test]`, and the end of the macro.
    Property { attribute: Range<usize>, end: usize },
}

/// The test functions of a file, or why one of them cannot be sealed.
fn functions(text: &str) -> Result<Vec<Function>, String> {
    let file = syn::parse_file(text).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    collect(&file.items, text, &mut found)?;
    Ok(found)
}

fn collect(items: &[Item], text: &str, found: &mut Vec<Function>) -> Result<(), String> {
    let tables: Vec<Ident> = items.iter().filter_map(table).collect();
    for item in items {
        match item {
            Item::Fn(function) => {
                let tables = tables.iter().filter(|name| **name == function.sig.ident);
                let tables: Vec<_> = tables.map(|name| name.span().byte_range()).collect();
                if !tables.is_empty() || function.attrs.iter().any(is_test) {
                    let mut function = plain(function, text)?;
                    function.named_at.extend(tables);
                    found.push(function);
                }
            }
            Item::Macro(properties) if properties.mac.path.is_ident("proptest") => {
                collect_properties(properties, found);
            }
            Item::Mod(module) => {
                let items = module.content.as_ref().map_or(&[][..], |(_, items)| items);
                collect(items, text, found)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The function that the rows of a `testkit::cases!` call: its name begins the table.
fn table(item: &Item) -> Option<Ident> {
    let Item::Macro(table) = item else { return None };
    let is_table = table.mac.path.segments.last().is_some_and(|last| last.ident == "cases");
    match table.mac.tokens.clone().into_iter().next() {
        Some(TokenTree::Ident(name)) if is_table => Some(name),
        _ => None,
    }
}

/// `#[test]`, `#[rstest]`.
fn is_test(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|segment| segment.ident == "test" || segment.ident == "rstest")
}

fn plain(function: &ItemFn, text: &str) -> Result<Function, String> {
    let name = function.sig.ident.to_string();
    let body = function.block.brace_token.span.join().byte_range();
    let result = match &function.sig.output {
        ReturnType::Default => "()".to_owned(),
        ReturnType::Type(_, result) if matches!(**result, Type::ImplTrait(_)) => {
            return Err(format!("the result of `{name}` has no name"));
        }
        ReturnType::Type(arrow, _) => {
            text[arrow.spans[1].byte_range().end..body.start].trim().to_owned()
        }
    };
    if function.sig.asyncness.is_some() {
        return Err(format!("`{name}` is async"));
    }
    let named_at = vec![function.sig.ident.span().byte_range()];
    Ok(Function { name, named_at, form: Form::Plain { body, result } })
}

/// Each `#[test] … fn NAME` among the tokens of a `proptest!`.
fn collect_properties(properties: &ItemMacro, found: &mut Vec<Function>) {
    let end = properties.mac.delimiter.span().close().byte_range().end;
    let end =
        properties.semi_token.as_ref().map_or(end, |semicolon| semicolon.span.byte_range().end);
    let (mut attribute, mut previous) = (None, None);
    for token in properties.mac.tokens.clone() {
        match (&previous, &token) {
            (Some(TokenTree::Punct(sign)), TokenTree::Group(group))
                if sign.as_char() == '#'
                    && group.delimiter() == Delimiter::Bracket
                    && group.stream().to_string() == "test" =>
            {
                let start = sign.span().byte_range().start;
                attribute = Some(start..group.span().byte_range().end);
            }
            (Some(TokenTree::Ident(keyword)), TokenTree::Ident(name)) if keyword == "fn" => {
                if let Some(attribute) = attribute.take() {
                    found.push(Function {
                        name: name.to_string(),
                        named_at: vec![name.span().byte_range()],
                        form: Form::Property { attribute, end },
                    });
                }
            }
            _ => {}
        }
        previous = Some(token);
    }
}

/// The function of `module::function::case_1`.
fn function_of<'a>(test: &str, functions: &'a [Function]) -> Option<&'a Function> {
    let named = |segment: &str| functions.iter().find(|function| function.name == segment);
    test.rsplit("::").find_map(named)
}

/// `module::function::case_1`: the function has another name.
fn renamed(test: &str, function: &str, token: &str) -> String {
    let mut segments: Vec<String> = test.split("::").map(str::to_owned).collect();
    if let Some(segment) = segments.iter_mut().rfind(|segment| *segment == function) {
        *segment = alias(function, token);
    }
    segments.join("::")
}

/// The changes to one file of tests. The lines stay where they are.
struct Disguise<'a> {
    token: &'a str,
    target: &'a str,
    edits: Vec<(Range<usize>, String)>,
    shown: &'a mut BTreeMap<String, String>,
}

impl Disguise<'_> {
    /// Has a test write its seal after it has returned, and not from a destructor, which an unwinding
    /// stack would run as well.
    fn seal(&mut self, function: &Function) {
        let name = &function.name;
        let given = alias(name, self.token);
        self.shown.insert(given.clone(), name.clone());
        let [process, result, write] =
            ["process", "result", "write"].map(|word| alias(&format!(" {word}"), self.token));
        let begin = format!("let {process} = ::std::process::id();");
        let [one, two] = seal(name, self.target, self.token);
        let end = format!("crate::{write}({process}, 0x{one}, 0x{two});");
        match &function.form {
            Form::Plain { body, result: of_type } => {
                let named_at = function.named_at.iter().cloned();
                self.edits.extend(named_at.map(|place| (place, given.clone())));
                let (open, close) = (body.start + 1, body.end - 1);
                self.insert(open, format!(" {begin} let {result} = (move || -> {of_type} {{"));
                self.insert(close, format!("}})(); {end} {result} "));
            }
            Form::Property { attribute, end: end_of_macro } => {
                let property = alias(&format!(" property {name}"), self.token);
                self.shown.insert(property.clone(), name.clone());
                self.edits.push((attribute.clone(), String::new()));
                let named_at = function.named_at.iter().cloned();
                self.edits.extend(named_at.map(|place| (place, property.clone())));
                let test = format!(" #[test] fn {given}() {{ {begin} {property}(); {end} }}");
                self.insert(*end_of_macro, test);
            }
        }
    }

    /// Inserts what nobody is to read: a compiler's error shows the line.
    fn insert(&mut self, at: usize, text: String) {
        self.shown.insert(text.clone(), String::new());
        self.edits.push((at..at, text));
    }

    fn apply(mut self, text: &mut String) {
        // Several functions of one macro are sealed at the same place: there the order is of no matter.
        self.edits.sort_by_key(|(range, _)| range.start);
        for (range, new) in self.edits.into_iter().rev() {
            text.replace_range(range, &new);
        }
        text.push_str(&writer(&alias(" write", self.token)));
    }
}

/// What writes a seal beside libtest's log. A child that comes back from the tested code is not the test.
fn writer(name: &str) -> String {
    format!(
        "\n#[doc(hidden)]\nfn {name}(process: u32, one: u64, two: u64) {{\n    \
             if process != ::std::process::id() {{\n        return;\n    }}\n    \
             let mut arguments = ::std::env::args_os().skip_while(|it| it != \"--logfile\");\n    \
             let mut place = arguments.nth(1).expect(\"there is a log\");\n    \
             place.push({:?});\n    \
             let thread = ::std::thread::current();\n    \
             let test = thread.name().unwrap_or_default();\n    \
             ::std::fs::write(&place, ::std::format!(\"{{one:016x}}{{two:016x}} {{test}}\"))\
             .expect(\"the end of the test can be recorded: has your code used up all descriptors?\");\n}}\n",
        crate::judge::run_tests::SEAL
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Outcome;

    const TEXT: &str = "//! ä\nuse rstest::rstest;\nfn help() {}\n#[rstest]\n#[case::one(1)]\nfn many(#[case] n: u8) {\n    help();\n}\n#[test]\nfn plain() -> Result<(), String> {\n    help();\n    assert_eq!(\"}\", \"}\"); Ok(())\n}\nproptest! {\n    #![config(x)]\n    #[test]\n    fn law(n in 0..9) { help(); }\n}\n";

    fn pins(text: &str, tests: &[&str]) -> Pins {
        let tests = tests.iter().map(|test| (*test).to_owned()).collect();
        Pins {
            tests: BTreeMap::from([("t".to_owned(), tests)]),
            files: BTreeMap::from([("tests/t.rs".into(), text.to_owned())]),
        }
    }

    fn disguised(tests: &[&str]) -> (Disguised, String) {
        let disguised = Disguised::new(&pins(TEXT, tests), "x9").unwrap();
        let text = disguised.pins.files[Path::new("tests/t.rs")].clone();
        syn::parse_file(&text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
        (disguised, text)
    }

    #[test]
    fn every_test_has_another_name_and_helpers_keep_theirs() {
        let (disguised, text) = disguised(&["many::case_1_one", "plain", "law"]);
        let [many, plain, law] = ["many", "plain", "law"].map(|name| alias(name, "x9"));
        let expected = [format!("{many}::case_1_one"), plain.clone(), law.clone()];
        assert_eq!(disguised.pins.tests["t"], expected);
        for (test, seal) in &disguised.seals {
            assert!(seal.ends_with(&format!(" {}", test.1)), "{test:?}: {seal}");
        }
        for signature in [
            format!("fn {many}(#[case] n: u8) {{ let "),
            format!("fn {plain}() -> Result<(), String> {{ let "),
            format!("#[test] fn {law}() {{ let "),
            "fn help() {}".to_owned(),
        ] {
            assert!(text.contains(&signature), "{signature} is not in\n{text}");
        }
        assert!(!text.contains("plain") && !text.contains("many") && !text.contains("law"));
    }

    #[test]
    fn the_lines_of_the_tests_stay_where_they_are() {
        let (_, text) = disguised(&["plain"]);
        let place = |text: &str, what: &str| text.lines().position(|line| line.contains(what));
        for what in ["assert_eq!", "proptest!", "n in 0..9"] {
            assert_eq!(place(TEXT, what), place(&text, what), "{what}");
        }
    }

    #[test]
    fn each_function_of_each_target_has_a_seal_of_its_own_that_only_its_end_writes() {
        let (disguised, text) = disguised(&["many::case_1_one", "plain", "law"]);
        let mut seals: Vec<&str> = disguised.seals.values().map(|seal| &seal[..32]).collect();
        for seal in &seals {
            let call = format!(", 0x{}, 0x{});", &seal[..16], &seal[16..]);
            assert_eq!(text.matches(&call).count(), 1, "{text}");
        }
        seals.sort_unstable();
        seals.dedup();
        assert_eq!(seals.len(), 3);
        assert_ne!(seal("plain", "t", "x9"), seal("plain", "u", "x9"));
    }

    #[test]
    fn a_row_of_a_table_has_the_seal_of_the_function_that_it_calls() {
        let table =
            "testkit::cases! {\n    many:\n    case_1_one(1);\n}\nfn many(n: u8) { help(n); }\n";
        let disguised = Disguised::new(&pins(table, &["many::case_1_one"]), "x9").unwrap();
        let (text, many) = (&disguised.pins.files[Path::new("tests/t.rs")], alias("many", "x9"));
        assert_eq!(disguised.pins.tests["t"], [format!("{many}::case_1_one")]);
        assert!(text.contains(&format!("    {many}:\n    case_1_one(1);")), "{text}");
        assert!(text.contains(&format!("fn {many}(n: u8) {{ let ")), "{text}");
        assert!(!text.contains("many"), "{text}");
    }

    #[test]
    fn a_test_that_cannot_be_sealed_is_the_workbooks_fault() {
        for (text, test) in [
            ("#[test]\nfn a() {}\n", "b"),
            ("#[tokio::test]\nasync fn a() {}\n", "a"),
            ("#[test]\nfn a() -> impl Sized {}\n", "a"),
            ("#[test]\nfn a( {}\n", "a"),
        ] {
            let error = Disguised::new(&pins(text, &[test]), "x9").unwrap_err().to_string();
            assert!(error.contains("tests/t.rs") && error.contains("proptest!"), "{error}");
        }
    }

    #[test]
    fn a_judgement_has_its_names_back_and_a_compilers_error_its_line() {
        let (disguised, text) = disguised(&["plain", "law"]);
        let plain = alias("plain", "x9");
        let test = TestResult {
            name: plain.clone(),
            target: "t".into(),
            outcome: Outcome::Failed,
            evidence: Some(Evidence::text(format!("again: cargo test {plain}"))),
            place: None,
            schedules: None,
        };
        let judgement = disguised.undisguised(Judgement::from_tests(vec![test]));
        assert_eq!(judgement.tests[0].name, "plain");
        assert_eq!(judgement.tests[0].message().as_deref(), Some("again: cargo test plain"));
        let mut errors = Judgement::from_tests(Vec::new());
        errors.evidence = Some(Evidence::text(text));
        let shown = disguised.undisguised(errors).message().unwrap();
        for line in TEXT.lines().filter(|line| !line.contains("#[test]")) {
            assert!(shown.lines().any(|it| it == line), "{line:?} is not in\n{shown}");
        }
    }
}
