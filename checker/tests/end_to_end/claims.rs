//! `checker claims`: the claims of the notes, with the evidence that runs now.

use serde_json::Value;

use crate::miniature::{ANSWER, Finished, Miniature, outcome};

const CURRICULUM: &str = "exercises/curriculum.toml";

const CLAIMS: &str = r#"
[[claim]]
name = "M1"
says = "The answer to everything is 42, and it is known to be even."
short = "the answer is 42"
verdict = "holds"
shows = { answer = "the answer is 42" }

[[claim]]
name = "M2"
says = "The next answer can be measured, if the machine can count."
short = "the next is measured"
verdict = "holds with limits"

[[claim]]
name = "M3"
says = "There is a last answer."
short = "there is a last one"
"#;

/// A workbook whose curriculum tells what the claims of its exercises are.
fn with_claims(miniature: Miniature) -> Miniature {
    let curriculum = miniature.read(CURRICULUM);
    miniature.write(CURRICULUM, &format!("{curriculum}{CLAIMS}"));
    miniature
}

/// An experiment that measures: what it prints with the argument `evidence` is `printed`.
fn measures(miniature: &Miniature, printed: &str) {
    let main = format!(
        "fn main() {{\n    if std::env::args().nth(1).as_deref() == Some(\"evidence\") {{\n        \
         {printed}\n    }} else {{\n        println!(\"the answer is {{}}\", next::next());\n    }}\n}}\n"
    );
    miniature.write("exercises/01_part/02_next/src/main.rs", &main);
    let pinned = miniature.checker(&["pin", "next"]);
    assert_eq!(pinned.code, Some(0), "{pinned:?}");
}

/// With solutions, and a second experiment that measures.
fn with_measure(printed: &str) -> Miniature {
    let miniature = with_claims(Miniature::with_solutions());
    measures(&miniature, printed);
    miniature
}

/// The only exercise that tries a claim, as JSON tells it.
fn trial(finished: &Finished, claim: &str) -> Value {
    let lines = finished.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut claims = lines.filter(|line| line["event"] == "claim" && line["name"] == claim);
    claims.next().unwrap_or_else(|| panic!("no claim {claim} in {finished:?}"))["exercises"][0]
        .take()
}

#[test]
fn each_claim_is_a_line_with_verdict_exercise_and_evidence() {
    let finished = with_measure("println!(\"M2: counted to 7\")").checker(&["claims"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let lines: Vec<&str> = finished.stdout.lines().collect();
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words(lines[0]), "M1* 1.1 holds the answer is 42 the answer is 42");
    assert_eq!(words(lines[1]), "M2* 1.2 with limits the next is measured counted to 7");
    assert_eq!(words(lines[2]), "M3 - there is a last one no exercise tries it yet");
    assert!(finished.stdout.contains("* The reference's evidence"), "{finished:?}");
    // Below them stands the path of this checker, which may be any.
    assert!(lines[..3].iter().all(|line| line.chars().count() <= 80), "{finished:?}");
}

#[test]
fn code_of_the_learners_that_passes_gives_the_evidence() {
    let miniature = with_claims(Miniature::with_answer("right"));
    miniature.checker(&["check", "answer"]);
    let finished = miniature.checker(&["claims", "1", "--format", "json"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let trial = trial(&finished, "M1");
    assert_eq!(
        (&trial["seen"], &trial["whose"], &trial["state"]),
        (&"evidence".into(), &"yours".into(), &"passed".into())
    );
    assert_eq!(trial["evidence"], serde_json::json!(["the answer is 42"]));
    assert_eq!(trial["command"], "target/debug/answer");
}

#[test]
fn code_that_does_not_pass_gives_no_evidence() {
    let miniature = with_claims(Miniature::with_solutions());
    miniature.write(ANSWER, &outcome("wrong_answer"));
    miniature.checker(&["check", "answer"]);
    let finished = miniature.checker(&["claims", "1", "--format", "json"]);
    let trial = trial(&finished, "M1");
    assert_eq!((&trial["whose"], &trial["state"]), (&"reference".into(), &"failed".into()));
}

#[test]
fn without_a_solution_the_exercise_unlocks_its_claim() {
    let miniature = with_claims(Miniature::new());
    let finished = miniature.checker(&["claims"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stdout.contains("unlocked by answer"), "{finished:?}");
    assert!(!miniature.root().join("target").exists(), "nothing was compiled");
    let finished = miniature.checker(&["claims", "m1"]);
    assert!(finished.stdout.contains("solve `answer` to see it"), "{finished:?}");
}

#[test]
fn what_the_machine_cannot_measure_is_no_evidence() {
    let miniature = with_measure("println!(\"M2 not measured: it cannot count\")");
    let finished = miniature.checker(&["claims", "M2"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let text = "not measured on this machine: it cannot count";
    assert!(finished.stdout.contains(text), "{finished:?}");
}

#[test]
fn an_experiment_that_fails_hides_no_other() {
    let miniature = with_claims(Miniature::with_solutions());
    // The first claim's line never comes, and the second one's experiment panics.
    let line = "shows = { answer = \"the answer is 42\" }";
    miniature.replace(CURRICULUM, line, "shows = { answer = \"it is 43\" }");
    measures(&miniature, "panic!(\"no counting\")");
    let finished = miniature.checker(&["claims", "--format", "json"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let why = |claim| {
        let trial = trial(&finished, claim);
        assert_eq!(trial["seen"], "failed");
        trial["why"].as_str().unwrap().to_owned()
    };
    assert!(why("M1").contains("did not print `it is 43`"), "{finished:?}");
    assert!(why("M2").contains("no counting"), "{finished:?}");
    assert_eq!(finished.event("claims")["without_evidence"], 2);
}

#[test]
fn a_claim_in_full_has_what_the_notes_say_and_where_the_sources_are() {
    let finished = with_claims(Miniature::with_solutions()).checker(&["claims", "M1"]);
    for phrase in [
        "M1: holds\n",
        "The answer to everything is 42, and it is known to be even.",
        "1.1 answer: not started",
        "the reference solution",
        "target/judge/solution/target/debug/answer",
        "exercises/01_part/01_answer/README.md",
    ] {
        assert!(finished.stdout.contains(phrase), "{phrase}: {}", finished.stdout);
    }
}

#[test]
fn evidence_runs_now_and_not_when_it_was_compiled() {
    let printed = "let now = std::fs::read_to_string(\"/proc/sys/kernel/random/uuid\").unwrap(); \
                   println!(\"M2: {now}\")";
    let miniature = with_measure(printed);
    let evidence = || {
        let finished = miniature.checker(&["claims", "2", "--format", "json"]);
        trial(&finished, "M2")["evidence"][0].as_str().unwrap().to_owned()
    };
    assert_ne!(evidence(), evidence());
}

#[test]
fn a_claim_that_is_not_there_is_wrong_usage() {
    let finished = with_claims(Miniature::new()).checker(&["claims", "M9"]);
    assert_eq!(finished.code, Some(2));
    assert!(
        finished.complaint().contains("no claim is called `M9`; there are M1 to M3"),
        "{finished:?}"
    );
}

#[test]
fn a_curriculum_without_claims_says_so() {
    let finished = Miniature::new().checker(&["claims"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.complaint().contains("has no claims"), "{finished:?}");
}

/// What is wrong with the claims of a curriculum is told with its line.
#[rstest::rstest]
#[case::unknown("claims = [\"M1\"]", "claims = [\"M9\"]", "no claim has the name `M9`")]
#[case::no_verdict(
    "claims = [\"M1\"]",
    "claims = [\"M3\"]",
    "`M3` is tried here, and has no verdict"
)]
#[case::twice("name = \"M2\"", "name = \"M1\"", "two claims have the name `M1`")]
#[case::key("short = \"the answer", "brief = \"the answer", "unknown field `brief`")]
#[case::verdict("\"holds\"", "\"perhaps\"", "unknown variant `perhaps`")]
#[case::too_long("is measured\"", "is measured and more\"", "`short` has more than 22 characters")]
#[case::not_its_exercise("{ answer =", "{ next =", "no exercise `next` tries the claim `M1`")]
fn a_curriculum_with_wrong_claims_is_refused(
    #[case] old: &str,
    #[case] new: &str,
    #[case] problem: &str,
) {
    let miniature = with_claims(Miniature::new());
    miniature.replace(CURRICULUM, old, new);
    let finished = miniature.checker(&["list"]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    let complaint = finished.complaint();
    assert!(complaint.contains(problem), "{complaint}");
    assert!(complaint.contains("exercises/curriculum.toml:"), "{complaint}");
}

/// All of the real workbook's claims name their exercises; nothing of it is compiled here.
#[test]
fn the_real_workbook_has_the_claims_of_the_notes_in_order() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let workbook = checker::workbook::Workbook::open(root.as_ref()).unwrap();
    let curriculum = workbook.curriculum;
    let names: Vec<String> = curriculum.claims.iter().map(|claim| claim.name.clone()).collect();
    let expected: Vec<String> = (1..=20).map(|number| format!("C{number}")).collect();
    assert_eq!(names, expected);
    for claim in &curriculum.claims {
        assert_eq!(claim.verdict.is_some(), curriculum.trying(claim).next().is_some());
    }
}
