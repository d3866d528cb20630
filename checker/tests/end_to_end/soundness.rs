//! `checker soundness`, on solutions that are right or wrong at times only.

use std::thread::available_parallelism;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::miniature::{Finished, Miniature, SOLUTION, outcome};

const WRONG: &str = "solutions/01_part/01_answer/wrong/at_times.rs";

/// `soundness` on the first exercise of a workbook with this solution.
fn soundness(miniature: &Miniature, solution_runs: &str, wrong_runs: &str) -> Finished {
    miniature.checker(&[
        "soundness",
        "answer",
        "--solution-runs",
        solution_runs,
        "--wrong-runs",
        wrong_runs,
        "--format",
        "json",
    ])
}

/// A solution that gives one answer at its nth call, in whichever process that is, and else another.
///
/// Each call takes the next number by making a file that nobody has made before.
fn at_call(nth: usize, answer: u32, otherwise: u32) -> String {
    format!(
        "//! At times.\n\n/// {otherwise}, nearly always.\npub fn answer() -> u32 {{\n    \
         let mut numbers = 1..;\n    let taken = |n: &u32| {{\n        \
         let file = format!(\"{{}}/call-{{n}}\", env!(\"CARGO_MANIFEST_DIR\"));\n        \
         std::fs::File::create_new(file).is_ok()\n    }};\n    \
         if numbers.find(taken) == Some({nth}) {{ {answer} }} else {{ {otherwise} }}\n}}\n"
    )
}

#[test]
fn a_sound_workbook_has_no_false_failure_and_no_escape() {
    let miniature = Miniature::with_solutions();
    let wrong = "//! Misconception: any even number will do.\n//! Kind: wrong result\n//! Caught by: it_is_42\n\
                 //! Message: the answer is 42\n\n/// 44.\npub fn answer() -> u32 {\n    44\n}\n";
    miniature.write(WRONG, wrong);
    let finished = miniature.checker(&["soundness", "--solution-runs", "4", "--wrong-runs", "3"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for phrase in [
        "answer               solution passes 4/4, 1 wrong ones caught 3/3",
        "next                 solution passes 4/4, 0 wrong ones caught 0/0",
        "0 false failures in 8 runs, 0 escapes in 3 runs",
    ] {
        assert!(finished.stdout.contains(phrase), "{phrase}: {}", finished.stdout);
    }
}

#[test]
fn a_solution_that_fails_one_time_is_found() {
    let miniature = Miniature::with_solutions();
    // Two tests and the experiment call it in each run: the tenth call is one of the fourth run.
    miniature.write(SOLUTION, &at_call(10, 7, 42));
    let finished = soundness(&miniature, "12", "1");
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let solution = &finished.event("soundness")["solution"];
    assert_eq!((&solution["runs"], &solution["unsound"]), (&12.into(), &1.into()), "{solution:#}");
    let first = solution["first"].as_str().unwrap();
    assert!(first.starts_with("run 4, with all cores busy: failed\nit_is_"), "{first}");
    assert_eq!(finished.event("soundness_of_all")["false_failures"], 1);
}

#[test]
fn a_wrong_solution_that_escapes_one_time_is_found() {
    let miniature = Miniature::with_solutions();
    let declaration = "//! Misconception: it is 44.\n//! Kind: wrong result\n//! Caught by: it_is_42\n\
                       //! Message: is 42\n";
    miniature.write(WRONG, &format!("{declaration}{}", at_call(5, 42, 44)));
    let finished = soundness(&miniature, "1", "8");
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let wrong = &finished.event("soundness")["wrong"][0];
    assert_eq!((&wrong["runs"], &wrong["unsound"]), (&8.into(), &1.into()), "{wrong:#}");
    assert!(wrong["first"].as_str().unwrap().contains("`it_is_42` does not catch it"), "{wrong:#}");
    assert_eq!(finished.event("soundness_of_all")["escapes"], 1);
}

#[test]
fn half_of_the_runs_have_one_core() {
    let miniature = Miniature::with_solutions();
    let alone = "//! Counts cores.\n\n/// 42, with more than one core.\npub fn answer() -> u32 {\n    \
                 let cores = std::thread::available_parallelism();\n    \
                 if cores.is_ok_and(|cores| cores.get() > 1) { 42 } else { 7 }\n}\n";
    miniature.write(SOLUTION, alone);
    let solution = soundness(&miniature, "6", "1").event("soundness")["solution"].clone();
    let expected = if available_parallelism().unwrap().get() > 1 { 3 } else { 6 };
    assert_eq!(solution["unsound"], expected, "{solution:#}");
}

#[test]
fn a_solution_that_does_not_compile_is_no_sound_one() {
    let miniature = Miniature::with_solutions();
    miniature.write(SOLUTION, &outcome("compile_error"));
    let finished = soundness(&miniature, "5", "1");
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let solution = &finished.event("soundness")["solution"];
    assert_eq!(solution["first"], "it does not compile");
}

#[test]
fn ctrl_c_ends_the_load_and_every_test() {
    let miniature = Miniature::with_solutions();
    miniature.write(SOLUTION, &outcome("busy_loop"));
    let checker = miniature.start(&["soundness", "answer"]);
    while !miniature.tests_run() {
        std::thread::yield_now();
    }
    kill(Pid::from_raw(checker.id() as i32), Signal::SIGINT).unwrap();
    let finished = Finished::of(checker.wait_with_output().unwrap());
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert_eq!(miniature.processes(), Vec::<String>::new());
}
