//! `checker play`: the learner decides which thread goes on.

use std::io::Write;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::miniature::{ANSWER, Finished, Miniature, outcome};

const PROTOCOL: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/played/protocol.rs"));

/// A known-wrong solution that is played as a warm-up.
pub const WRONG: &str = "//! Misconception: the order does not matter.\n//! Kind: check then act\n\
    //! Caught by: the_first_is_first\n//! Message: T2 was first\n\
    //! Play: the_first_is_first: let T2 be first\n\n//! Given.\n\n/// 41.\npub fn answer() -> u32 {\n    41\n}\n";

/// The miniature with a test that can be played.
pub fn with_a_game() -> Miniature {
    let miniature = Miniature::with_solutions();
    miniature.write("exercises/01_part/01_answer/tests/protocol.rs", PROTOCOL);
    assert_eq!(miniature.checker(&["pin"]).code, Some(0));
    miniature
}

fn with_a_game_of_ones_own() -> Miniature {
    let miniature = with_a_game();
    miniature.write(ANSWER, &outcome("right"));
    miniature
}

/// What is said when this is typed.
pub fn typed(miniature: &Miniature, args: &[&str], lines: &str) -> Finished {
    let mut command = miniature.command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut checker = command.spawn().unwrap();
    // A checker that has nothing to play does not read.
    let _ = checker.stdin.take().unwrap().write_all(lines.as_bytes());
    Finished::of(checker.wait_with_output().unwrap())
}

#[track_caller]
fn assert_says(finished: &Finished, phrases: &[&str]) {
    let words = finished.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rest = words.as_str();
    for phrase in phrases {
        let Some(at) = rest.find(phrase) else { panic!("`{phrase}` is missing: {finished:?}") };
        rest = &rest[at + phrase.len()..];
    }
}

#[test]
fn a_player_breaks_it_thread_by_thread() {
    let miniature = with_a_game_of_ones_own();
    let finished = typed(&miniature, &["play", "answer"], "2\n1\n");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_says(
        &finished,
        &[
            "answer: the_first_is_first",
            "It must hold: T1 to be first.",
            "── after 0 steps",
            "▸ 1 T1: next: look",
            "▸ 2 T2: next: look",
            "── after 1 step ──",
            "T2 did: look",
            "2 T2: has ended",
            "── after 2 steps",
            "You broke it in 2 steps with 1 switch; the shortest known has 1.",
            "a broken invariant: T2 was first.",
        ],
    );
    assert!(!finished.stdout.contains("warm-up"), "{finished:?}");
}

#[test]
fn the_line_of_the_next_step_is_marked_and_what_the_code_says_is_not_obeyed() {
    let miniature = with_a_game_of_ones_own();
    let finished = typed(&miniature, &["play", "answer"], "");
    let line = miniature.read(ANSWER).lines().nth(4).unwrap_or_default().to_owned();
    let marked = finished.stdout.lines().find(|line| line.contains("→"));
    assert_eq!(marked.map(str::trim_end), Some(format!("      →   5 {line}").trim_end()));
    assert!(!finished.stdout.contains('\x1b'), "{finished:?}");
    assert!(finished.stdout.lines().all(|line| line.chars().count() <= 80), "{finished:?}");
}

#[test]
fn a_step_back_another_way_and_all_threads_end() {
    let miniature = with_a_game_of_ones_own();
    let finished = typed(&miniature, &["play", "answer"], "2\nb\n1\n2\n");
    assert_says(
        &finished,
        &[
            "T2 did",
            "── after 0 steps",
            "T1 did",
            "All threads have ended, and the invariant held.",
        ],
    );
    assert!(!finished.stdout.contains("broke"), "{finished:?}");
}

#[test]
fn the_rest_is_played_and_the_command_repeats_it() {
    let miniature = with_a_game_of_ones_own();
    let finished = typed(&miniature, &["play", "answer"], "2\ne\nc\nr\n");
    let phrases =
        ["── after 2 steps", "You broke it", "SCHEDULE=0:3 cargo test", "── after 0 steps"];
    assert_says(&finished, &phrases);
}

#[test]
fn a_schedule_that_the_search_finds_is_stepped_along_and_back_and_left() {
    let miniature = with_a_game_of_ones_own();
    let finished = typed(&miniature, &["play", "answer"], "f\nn\nn\nn\nb\nb\n1\n");
    assert_says(
        &finished,
        &[
            "the schedule that the search found, after 0 steps",
            "after 1 step",
            "The search broke it in 2 steps with 1 switch.",
            "Nothing more has been played",
            "after 1 step",
            "after 0 steps",
            "── after 1 step ──",
            "T1 did: look",
        ],
    );
}

#[test]
fn what_cannot_be_done_is_said() {
    let miniature = with_a_game_of_ones_own();
    let finished = typed(&miniature, &["play", "answer"], "x\nb\n0\n7\n2\n2\n1w\n?\nq\n");
    assert_says(
        &finished,
        &[
            "Type the number of a thread",
            "This is the first position.",
            "main has ended.",
            "There is no thread 7.",
            "T2 has ended.",
            "T1 is at no wait that could wake for no reason.",
            "one step back",
        ],
    );
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[test]
fn before_there_is_code_a_known_wrong_solution_is_played() {
    let miniature = with_a_game();
    miniature.write("solutions/01_part/01_answer/wrong/late.rs", WRONG);
    let finished = typed(&miniature, &["play", "answer"], "2\n1\n");
    assert_says(
        &finished,
        &[
            "`answer` is not started: this is a warm-up.",
            "Your task: let T2 be first.",
            "You broke it",
        ],
    );
    // The given code is shown, and not the stub.
    assert!(finished.stdout.contains("   5     41"), "{finished:?}");
}

#[test]
fn code_that_does_not_compile_is_said_and_the_warm_up_is_played() {
    let miniature = with_a_game();
    miniature.write("solutions/01_part/01_answer/wrong/late.rs", WRONG);
    miniature.write(ANSWER, "pub fn answer() -> u32 { \"42\" }\n");
    let finished = typed(&miniature, &["play", "answer"], "");
    assert_says(&finished, &["mismatched types", "Your code does not compile", "Your task"]);
}

#[test]
fn the_warm_up_is_there_for_those_who_have_code_too() {
    let miniature = with_a_game_of_ones_own();
    miniature.write("solutions/01_part/01_answer/wrong/late.rs", WRONG);
    let finished = typed(&miniature, &["play", "answer", "--warm-up"], "");
    assert_says(&finished, &["Your task: let T2 be first."]);
    assert!(!finished.stdout.contains("not started"), "{finished:?}");
}

#[test]
fn without_solutions_there_is_no_warm_up() {
    let miniature = with_a_game();
    std::fs::remove_dir_all(miniature.root().join("solutions")).unwrap();
    let finished = typed(&miniature, &["play", "answer"], "");
    assert_eq!(finished.code, Some(2), "{finished:?}");
    let said = finished.complaint();
    assert!(said.contains("has no solutions") && said.contains("Write some code"), "{said}");
}

#[test]
fn an_exercise_without_schedules_names_those_that_can_be_played() {
    let miniature = with_a_game();
    let finished = typed(&miniature, &["play", "next"], "");
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.complaint().contains("these can: answer"), "{finished:?}");
}

#[test]
fn a_test_is_named_by_a_part_of_its_name() {
    let miniature = with_a_game_of_ones_own();
    let finished = typed(&miniature, &["play", "answer", "first_is"], "");
    assert_says(&finished, &["answer: the_first_is_first"]);
    let finished = typed(&miniature, &["play", "answer", "th"], "");
    assert!(finished.complaint().contains("more than one test has `th`"), "{finished:?}");
    let finished = typed(&miniature, &["play", "answer", "zebra"], "");
    assert!(finished.complaint().contains("no test that can be played"), "{finished:?}");
}

#[test]
fn a_test_that_explores_nothing_is_no_game() {
    let miniature = with_a_game_of_ones_own();
    let finished = typed(&miniature, &["play", "answer", "another"], "");
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.complaint().contains("explores no schedules"), "{finished:?}");
}

#[test]
fn verify_wants_a_warm_up_that_can_be_broken() {
    let miniature = with_a_game();
    let file = "solutions/01_part/01_answer/wrong/late.rs";
    miniature.write(file, &WRONG.replace("Play: the_first_is_first", "Play: it_is_42"));
    let finished = miniature.checker(&["verify", "answer"]);
    let said = finished.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("`it_is_42` cannot be played"), "{finished:?}");
    // The stand-in fails with words only, which is no schedule.
    miniature.write(file, WRONG);
    let finished = miniature.checker(&["verify", "answer"]);
    let said = finished.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("finds no schedule"), "{finished:?}");
}

#[test]
fn a_page_of_the_schedule_that_breaks_it_asks_for_nothing_and_obeys_nothing() {
    let miniature = with_a_game_of_ones_own();
    let finished = typed(&miniature, &["play", "answer", "--html", "game.html"], "");
    assert_says(&finished, &["The page is in game.html."]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let page = miniature.read("game.html");
    for phrase in ["The search broke it in 2 steps", "SCHEDULE=0:3", "default-src 'none'"] {
        assert!(page.contains(phrase), "{phrase}: {page}");
    }
    // Without a script there is a row for each step, which leads to its line.
    assert_eq!(page.matches("<tr id=\"s").count(), 2, "{page}");
    assert!(page.contains("<a href=\"#L-lib-rs-5\">lib.rs:5</a> look"), "{page}");
    assert!(page.contains("<li id=\"L-lib-rs-5\">"), "{page}");
    assert_eq!(page.matches("</script>").count(), 2, "what a thread says ends no script: {page}");
    for request in ["http:", "https:", "src=", "url(", "@import", "<link"] {
        assert!(!page.contains(request), "{request}: {page}");
    }
}

#[test]
fn ctrl_c_ends_a_game_that_waits_for_a_line() {
    let miniature = with_a_game_of_ones_own();
    let mut command = miniature.command(&["play", "answer"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut checker = command.spawn().unwrap();
    let _stdin = checker.stdin.take();
    let mut lines =
        std::io::BufRead::lines(std::io::BufReader::new(checker.stdout.as_mut().unwrap()));
    while !lines.next().unwrap().unwrap().contains("q quit") {}
    drop(lines);
    kill(Pid::from_raw(checker.id() as i32), Signal::SIGINT).unwrap();
    assert_eq!(Finished::of(checker.wait_with_output().unwrap()).code, Some(130));
}
