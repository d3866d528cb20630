//! Rules about the repository that are tests and not prose.

use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use rstest::rstest;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.ends_with("target") {
            continue;
        }
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// Each exercise's name and directory, in order.
fn exercises() -> Vec<(String, PathBuf)> {
    let parts = directories(&root().join("exercises"));
    let all = parts.iter().flat_map(|part| directories(part)).map(|directory| {
        let name = directory.file_name().unwrap().to_str().unwrap()[3..].to_owned();
        (name, directory)
    });
    all.collect()
}

/// The directories in a directory, in order.
fn directories(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

/// The code of a file: its lines that are no comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[rstest]
#[case::reports_run_nothing("checker/src/report", &["Command::", "sandbox::", "std::fs", "fs::"])]
#[case::verdicts_do_no_io("checker/src/verdict.rs", &["Command::", "sandbox::run", "fs::", "io::"])]
#[case::edits_do_no_io("checker/src/workbook/edit.rs", &["Command::", "sandbox::", "fs::", "io::"])]
#[case::evidence_does_no_io("checker/src/evidence.rs", &["Command::", "sandbox::run", "fs::", "io::"])]
#[case::events_do_no_io("checker/src/event.rs", &["Command::", "sandbox::", "fs::", "io::"])]
#[case::scores_do_no_io("checker/src/grade/score.rs", &["Command::", "sandbox::", "fs::", "io::"])]
#[case::hiding_does_no_io("checker/src/grade/hidden.rs", &["Command::", "sandbox::", "fs::"])]
#[case::scans_do_no_io("checker/src/flags/scan.rs", &["files::", "sandbox::", "File::"])]
#[case::only_reports_print("checker/src/commands", &["println!", "print!", "eprintln!"])]
#[case::the_core_is_safe("checker/src", &["unsafe {", "unsafe fn", "allow(unsafe_code)"])]
fn a_stage_keeps_to_its_own(#[case] place: &str, #[case] forbidden: &[&str]) {
    let place = root().join(place);
    let files = if place.is_dir() { rust_files(&place) } else { vec![place] };
    assert!(!files.is_empty());
    for file in files {
        let code = code(&file);
        for word in forbidden {
            assert!(!code.contains(word), "{} contains {word}", file.display());
        }
    }
}

/// `docs/security.md` says for each target of tests whether the learner's code runs in the test's process.
#[test]
fn it_is_said_which_tests_run_the_learners_code() {
    let told = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let (_, table) = told.split_once("| exercise | judged from outside |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with("| "));
    let told: Vec<Vec<String>> = rows
        .map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect();
    let mut found = Vec::new();
    for (name, directory) in exercises() {
        let (mut outside, mut inside) = (Vec::new(), Vec::new());
        let common = rust_files(&directory.join("tests"));
        for file in common.iter().filter(|file| file.parent() == Some(&directory.join("tests"))) {
            let mut text = code(file);
            for other in common.iter().filter(|it| it.parent() != file.parent()) {
                let module = other.parent().unwrap().file_name().unwrap().to_str().unwrap();
                if text.contains(&format!("mod {module};")) {
                    text.push_str(&code(other));
                }
            }
            let is_linked = [format!("use {name}::"), format!("use {name};"), format!(" {name}::")]
                .iter()
                .any(|path| text.contains(path))
                || text.contains("\"../src/");
            let list = if is_linked { &mut inside } else { &mut outside };
            list.push(file.file_stem().unwrap().to_str().unwrap().to_owned());
        }
        outside.sort();
        inside.sort();
        found.push(vec![name, outside.join(", "), inside.join(", ")]);
    }
    let sorted = |mut rows: Vec<Vec<String>>| {
        rows.sort();
        rows
    };
    let (told, found) = (sorted(told), sorted(found));
    let lacking = |these: &[Vec<String>], those: &[Vec<String>]| -> Vec<String> {
        let rows = these.iter().filter(|row| !those.contains(row));
        rows.map(|row| format!("| {} |", row.join(" | "))).collect()
    };
    let (wanted, left) = (lacking(&found, &told), lacking(&told, &found));
    assert!(
        wanted.is_empty() && left.is_empty(),
        "the table of docs/security.md lacks {wanted:#?} and has {left:#?}"
    );
}

#[test]
fn no_exercise_sleeps_to_be_right() {
    for file in rust_files(&root().join("exercises")) {
        let code = code(&file);
        let is_test = file.components().any(|part| part.as_os_str() == "tests");
        assert!(!(is_test && code.contains("thread::sleep")), "{} sleeps", file.display());
        // tokio's clock may be paused: then such a sleep takes no time, and what comes after it is exact.
        let sleeps = code.contains("tokio::time") && code.contains("sleep(");
        let is_paused = |file: &PathBuf| self::code(file).contains("start_paused(true)");
        let of_the_target = rust_files(file.parent().unwrap());
        assert!(
            !(is_test && sleeps) || of_the_target.iter().any(is_paused),
            "{} sleeps by a clock that is not paused",
            file.display()
        );
    }
}

/// A test that compared two values of a learner's type would trust what their file says equality is:
/// `impl PartialEq` with `true` in it would pass. Each stub compiles with all tests (`checker verify`), so
/// where the stub has no such trait, no test can ask for it.
#[test]
fn no_test_can_ask_a_learners_type_whether_it_is_equal() {
    let mut looked_at = 0;
    let text = fs::read_to_string(root().join("exercises/curriculum.toml")).unwrap();
    let curriculum: toml::Table = text.parse().unwrap();
    for exercise in curriculum["exercise"].as_array().unwrap() {
        let directory = root().join("exercises").join(exercise["directory"].as_str().unwrap());
        for edited in exercise["edit"].as_array().unwrap() {
            let file = directory.join(edited.as_str().unwrap());
            for word in ["PartialEq", "Eq", "PartialOrd", "Ord", "Hash"] {
                let is_word = |it: &str| it == word;
                assert!(
                    !code(&file).split(|c: char| !c.is_alphanumeric()).any(is_word),
                    "{} has {word}; let the tests compare fields, with types of their own",
                    file.display()
                );
            }
            looked_at += 1;
        }
    }
    assert!(looked_at >= 16);
}

#[test]
fn the_workflow_of_forks_holds_no_secret_and_runs_no_script_of_theirs() {
    let text = fs::read_to_string(root().join(".github/workflows/workbook.yml")).unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let workflow: String = lines.map(|line| format!("{line}\n")).collect();
    assert!(workflow.contains("\npermissions:\n  contents: read\n"));
    assert_eq!(workflow.matches("permissions:").count(), 1);
    for word in ["secrets", "pull_request", "workflow_run", "write", "make ", ".ci/", "bash "] {
        assert!(!workflow.contains(word), "the workflow contains {word}");
    }
    for action in workflow.lines().filter_map(|line| line.split_once("uses: ")) {
        let version = action.1.split_once("@v").unwrap().1;
        assert_eq!(version.split('.').count(), 3, "{} is not pinned to a version", action.1);
    }
}

/// What is in the files of the upstream is in every copy, and a copy of a template is no fork.
#[test]
fn one_workflow_is_the_authors_and_one_everybody_elses() {
    let read =
        |name: &str| fs::read_to_string(root().join(".github/workflows").join(name)).unwrap();
    let condition = |name: &str| {
        let text = read(name);
        let job = text.split_once("\n    if: ").unwrap().1.split_once("}}").unwrap().0.to_owned();
        assert!(!job.contains("repository.fork"), "{name}: {job}");
        job
    };
    let (ci, workbook) = (condition("ci.yml"), condition("workbook.yml"));
    assert!(ci.contains("${{ vars.SHOPFLOOR_AUTHORS == 'true' ||"), "{ci}");
    assert!(workbook.contains("${{ vars.SHOPFLOOR_AUTHORS != 'true' ||"), "{workbook}");
}

#[test]
fn the_solutions_are_plain_files_and_no_workspace() {
    for entry in walk(&root().join("solutions")) {
        assert!(!entry.is_symlink(), "{} is a link", entry.display());
        assert!(!entry.ends_with("Cargo.toml"), "{} is a manifest", entry.display());
    }
}

fn walk(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(directory).unwrap().flatten().map(|entry| entry.path()) {
        if path.is_dir() && !path.is_symlink() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn what_the_solutions_do_that_would_be_flagged_is_recorded() {
    use checker::flags::Known;
    let workbook = checker::workbook::Workbook::open(&root()).unwrap();
    let now = Known::from_solutions(&workbook).unwrap().expect("this repository has solutions");
    assert_eq!(Known::load(&workbook).unwrap(), now, "run `checker pin address_space`");
}

#[test]
fn what_the_texts_link_to_in_this_repository_is_there() {
    let mut looked_at = 0;
    for text in texts(&root()) {
        for link in links(&text) {
            if link.contains("://") {
                continue;
            }
            let (path, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = match path {
                "" => text.clone(),
                path => text.parent().unwrap().join(path),
            };
            assert!(target.exists(), "{}: {link}: there is no such file", text.display());
            let is_there = heading.is_empty() || anchors(&target).iter().any(|it| it == heading);
            assert!(is_there, "{}: {link}: there is no such heading", text.display());
            looked_at += 1;
        }
    }
    assert!(looked_at > 0);
}

/// The Markdown files of the repository.
fn texts(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(directory).unwrap().flatten().map(|entry| entry.path()) {
        if path.is_dir()
            && !path.is_symlink()
            && !path.ends_with("target")
            && !path.ends_with(".git")
        {
            found.extend(texts(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found
}

fn links(text: &Path) -> Vec<String> {
    let markdown = fs::read_to_string(text).unwrap();
    Parser::new(&markdown)
        .filter_map(|event| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some(dest_url.into_string())
            }
            _ => None,
        })
        .collect()
}

/// What the headings of a file are called in links, by the rules of the sites that show it: in lower case,
/// words joined by hyphens, without other signs.
fn anchors(text: &Path) -> Vec<String> {
    let markdown = fs::read_to_string(text).unwrap();
    let (mut found, mut heading) = (Vec::new(), None::<String>);
    for event in Parser::new(&markdown) {
        match (event, &mut heading) {
            (Event::Start(Tag::Heading { .. }), _) => heading = Some(String::new()),
            (Event::Text(words) | Event::Code(words), Some(heading)) => heading.push_str(&words),
            (Event::End(TagEnd::Heading(_)), _) => {
                let heading = heading.take().unwrap().to_lowercase().replace(' ', "-");
                found.push(
                    heading.replace(|c: char| !c.is_alphanumeric() && c != '-' && c != '_', ""),
                );
            }
            _ => {}
        }
    }
    found
}

/// `docs/claims.md` has a row for each claim: what the notes say, and each exercise that tries it, with its verdict.
#[test]
fn the_table_of_claims_is_that_of_the_exercises() {
    let mut rows: Vec<(u32, String, Vec<String>)> = Vec::new();
    for (name, directory) in exercises() {
        let readme = fs::read_to_string(directory.join("README.md")).unwrap();
        for quoted in readme.split("> **Claim C").skip(1) {
            let (number, rest) = quoted.split_once(".** ").unwrap();
            let number: u32 = number.parse().unwrap();
            let lines = rest.split("\n\n").next().unwrap().split("\n>\n").next().unwrap();
            let says = lines.replace("\n> ", " ").trim().to_owned();
            let verdict = format!("[`{name}`]: {}", verdict(&readme, number));
            match rows.iter_mut().find(|row| row.0 == number) {
                Some(row) => row.2.push(verdict),
                None => rows.push((number, says, vec![verdict])),
            }
        }
    }
    rows.sort();
    let expected = rows.iter().map(|(number, says, verdicts)| {
        format!("| C{number} | {says} | {} |\n", verdicts.join(" · "))
    });
    let expected: String = expected.collect();
    let told = fs::read_to_string(root().join("docs/claims.md")).unwrap();
    assert!(told.contains(&expected), "docs/claims.md should contain\n{expected}");
}

/// The curriculum's claims are those that the READMEs quote, each with a verdict of an exercise that tries it; and
/// each of these exercises shows its evidence.
#[test]
fn the_claims_of_the_curriculum_are_those_of_the_exercises() {
    let curriculum = checker::workbook::Workbook::open(&root()).unwrap().curriculum;
    for claim in &curriculum.claims {
        let number: u32 = claim.name[1..].parse().unwrap();
        let mut verdicts = Vec::new();
        for exercise in curriculum.trying(claim) {
            let name = &exercise.name;
            let read = |file: &str| fs::read_to_string(exercise.path(&root()).join(file)).unwrap();
            let readme = read("README.md");
            let quoted = readme.replace("\n> ", " ");
            let quote = format!("**Claim {}.** {}", claim.name, claim.says);
            assert!(quoted.contains(&quote), "{name}: README.md does not quote `{quote}`");
            verdicts.push(verdict(&readme, number));
            let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
            match claim.shows.get(name) {
                Some(shown) => {
                    let snapshot = read("snapshots/experiment.snap");
                    let is_there = snapshot.lines().any(|line| words(line) == words(shown));
                    assert!(is_there, "{name}: the experiment does not print `{shown}`");
                }
                None => {
                    let main = read("src/main.rs");
                    let measures = main.contains("\"evidence\"")
                        && main.contains(&format!("\"{}: ", claim.name));
                    assert!(
                        measures,
                        "{name}: {} has no line for it in `shows`, and src/main.rs prints none with \
                         the argument `evidence`",
                        claim.name
                    );
                }
            }
        }
        let verdict = claim.verdict.map(|verdict| verdict.to_string());
        let is_told = verdict.as_ref().is_none_or(|verdict| verdicts.contains(verdict));
        assert!(is_told, "{}: {verdict:?} is none of {verdicts:?}", claim.name);
    }
}

/// What a README's last section says of a claim: `holds`.
fn verdict(readme: &str, claim: u32) -> String {
    let (_, section) = readme.split_once("## Verdict").unwrap();
    let of_this_claim = format!("**C{claim}: ");
    let begin = if section.contains(&of_this_claim) { &of_this_claim } else { "**" };
    let (_, text) = section.split_once(begin).unwrap();
    text.split_once(".**").unwrap().0.to_lowercase()
}

/// All exercises are built into one directory: a program of the same name would take the other's place.
#[test]
fn no_two_programs_have_the_same_name() {
    let mut owners: std::collections::BTreeMap<String, String> = Default::default();
    for (exercise, directory) in exercises() {
        let programs = fs::read_dir(directory.join("src/bin")).into_iter().flatten().flatten();
        let names = programs.map(|program| program.path()).filter(|path| {
            path.extension().is_some_and(|it| it == "rs") || path.join("main.rs").is_file()
        });
        let names = names.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned());
        for name in names.chain([exercise.clone()]) {
            if let Some(other) = owners.insert(name.clone(), exercise.clone()) {
                panic!("{exercise} and {other} both have a program `{name}`");
            }
        }
    }
    assert!(owners.len() > exercises().len(), "{owners:?}");
}
