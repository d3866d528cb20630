//! One execution as its player decides: the same engine, decision by decision.

use std::process::Command;
use std::sync::Arc;

use evidence::{Ended, Failure, PLAY, PLAYED, Played, Position, ThreadState, Wish};
use schedules::{Expect, Explains, shuttle};

const EXPECT: Expect = Expect {
    expected: "both to end",
    likely: "two orders",
    explains: Explains::AllThatIsStuck,
    read: "r",
};

struct Table {
    left: shuttle::sync::Mutex<()>,
    right: shuttle::sync::Mutex<()>,
}

/// Two threads take two locks, in different orders.
#[test]
#[ignore = "a scene that other tests play"]
fn scene_of_two_locks() {
    use shuttle::sync::{Mutex, thread};
    shuttle::explore(EXPECT, || {
        let table = Arc::new(Table { left: Mutex::new(()), right: Mutex::new(()) });
        for (name, takes_left_first) in [("T1", true), ("T2", false)] {
            let table = Arc::clone(&table);
            thread::spawn_as(name, move || {
                let (first, second) = match takes_left_first {
                    true => (&table.left, &table.right),
                    false => (&table.right, &table.left),
                };
                let _first = first.lock().unwrap();
                let _second = second.lock().unwrap();
            });
        }
    });
}

/// A thread waits once, whatever woke it.
#[test]
#[ignore = "a scene that other tests play"]
fn scene_of_a_wait() {
    use shuttle::sync::{Condvar, Mutex, thread};
    shuttle::explore(EXPECT, || {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let waiter = thread::spawn_as("waiter", {
            let pair = Arc::clone(&pair);
            move || {
                let set = pair.0.lock().unwrap();
                if !*set { *pair.1.wait(set).unwrap() } else { *set }
            }
        });
        *pair.0.lock().unwrap() = true;
        pair.1.notify_one();
        assert!(waiter.join().unwrap(), "the flag is not set");
    });
}

/// Two threads are in a cell; no lock keeps them out.
#[test]
#[ignore = "a scene that other tests play"]
fn scene_of_a_race() {
    use shuttle::sync::{UnsafeCell, thread};
    shuttle::explore(EXPECT, || {
        let cell = Arc::new(UnsafeCell::new(0));
        for name in ["T1", "T2"] {
            let cell = Arc::clone(&cell);
            thread::spawn_as(name, move || cell.set(1));
        }
    });
}

/// What a scene comes to, and what its test said.
fn ran(scene: &str, wish: Option<&Wish>, schedule: Option<&str>) -> (Option<Played>, bool) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([scene, "--exact", "--ignored"]).env_remove("SCHEDULE").env(PLAYED, file.path());
    command.envs(wish.map(|wish| (PLAY, wish.to_value())));
    command.envs(schedule.map(|schedule| ("SCHEDULE", schedule)));
    let output = command.output().unwrap();
    let text = std::fs::read_to_string(file.path()).unwrap();
    (serde_json::from_str(&text).ok(), output.status.success())
}

fn play(scene: &str, wish: Wish) -> Played {
    let (played, passed) = ran(scene, Some(&wish), None);
    assert!(passed, "a play is no verdict");
    played.expect("it is written")
}

fn last(played: &Played) -> &Position {
    played.positions.last().expect("a position")
}

/// Plays by the names of the threads.
fn choose(scene: &str, names: &[&str]) -> Played {
    let mut played = play(scene, Wish::Pause(Vec::new()));
    for name in names {
        let (name, without_reason) = match name.strip_suffix('!') {
            Some(name) => (name, true),
            None => (*name, false),
        };
        let is_it = |choice: &&evidence::Choice| {
            played.threads[choice.thread] == name && choice.without_reason == without_reason
        };
        let choice = last(&played).choices.iter().find(is_it);
        let choice = choice.unwrap_or_else(|| panic!("{name} cannot go on: {played:#?}"));
        let mut decisions = played.decisions.clone();
        decisions.resize(decisions.len().max(choice.at + 1), 0);
        decisions[choice.at] = choice.decision;
        played = play(scene, Wish::Pause(decisions));
    }
    played
}

#[test]
fn at_first_each_thread_is_before_its_first_step() {
    let played = choose("scene_of_two_locks", &[]);
    assert_eq!(played.positions.len(), 1);
    let threads = &last(&played).threads;
    assert_eq!(played.threads, ["main", "T1", "T2"]);
    assert_eq!(threads[0].state, ThreadState::Ended);
    for (thread, text) in threads[1..].iter().zip(["lock left", "lock right"]) {
        assert_eq!((thread.state, thread.text.as_str()), (ThreadState::Ready, text));
    }
    assert_eq!(played.ended, None);
}

#[test]
fn a_lock_is_held_and_keeps_others_out() {
    let played = choose("scene_of_two_locks", &["T1", "T2"]);
    let threads = &last(&played).threads;
    assert_eq!(threads[1].holds, ["left"]);
    assert_eq!(threads[2].holds, ["right"]);
    // Neither can go on: that is the end.
    assert!(last(&played).choices.is_empty());
    assert_eq!((threads[1].holder, threads[2].holder), (Some(2), Some(1)));
    let Some(Ended::Broken { failure: Failure::Deadlock, waiting }) = &played.ended else {
        panic!("{played:#?}")
    };
    assert_eq!(waiting.len(), 2);
    assert_eq!((played.steps.len(), played.switches), (2, 1));
}

#[test]
fn one_after_the_other_both_come_to_their_ends() {
    let played = choose("scene_of_two_locks", &["T1"; 4]);
    assert_eq!(last(&played).threads[1].state, ThreadState::Ended);
    let played = choose("scene_of_two_locks", &["T1", "T1", "T1", "T1", "T2", "T2", "T2", "T2"]);
    assert_eq!(played.ended, Some(Ended::Held));
    assert!(last(&played).choices.is_empty());
}

#[test]
fn a_prefix_is_a_step_back() {
    let two = choose("scene_of_two_locks", &["T1", "T1"]);
    let before = two.positions[two.positions.len() - 2].decisions;
    let back = play("scene_of_two_locks", Wish::Pause(two.decisions[..before].to_vec()));
    assert_eq!(back, choose("scene_of_two_locks", &["T1"]));
}

#[test]
fn what_was_played_is_repeated_by_its_command() {
    let played = choose("scene_of_two_locks", &["T1", "T2"]);
    let schedule = played.again.strip_prefix("SCHEDULE=").unwrap();
    let (schedule, command) = schedule.split_once(' ').unwrap();
    assert!(command.starts_with("cargo test "), "{command}");
    assert!(!ran("scene_of_two_locks", None, Some(schedule)).1, "{schedule}");
    let held = choose("scene_of_two_locks", &["T1", "T1", "T1", "T1", "T2", "T2", "T2", "T2"]);
    let schedule = held.again.strip_prefix("SCHEDULE=").unwrap().split_once(' ').unwrap().0;
    assert!(ran("scene_of_two_locks", None, Some(schedule)).1, "{schedule}");
}

#[test]
fn the_rest_runs_plainly() {
    let start = choose("scene_of_two_locks", &["T2"]);
    let played = play("scene_of_two_locks", Wish::ToTheEnd(start.decisions));
    assert_eq!(played.ended, Some(Ended::Held));
    assert_eq!(played.switches, 1);
}

#[test]
fn the_schedule_that_the_search_finds_is_shown() {
    let found = play("scene_of_two_locks", Wish::Found);
    assert!(matches!(found.ended, Some(Ended::Broken { failure: Failure::Deadlock, .. })));
    assert_eq!(found.switches, 1);
    assert!(found.tried > 1);
    // Each step is a position, and they can be played on from.
    let steps: Vec<usize> = found.positions.iter().map(|position| position.steps).collect();
    assert_eq!(steps, [0, 1, 2], "{found:#?}");
    let second = found.positions[1].decisions;
    let paused = play("scene_of_two_locks", Wish::Pause(found.decisions[..second].to_vec()));
    assert_eq!(last(&paused).threads, found.positions[1].threads);
}

#[test]
fn before_the_first_step_of_what_was_found_all_threads_are_there() {
    let found = play("scene_of_two_locks", Wish::Found);
    let ready: Vec<usize> = found.positions[0].choices.iter().map(|choice| choice.thread).collect();
    assert_eq!(ready, [1, 2], "{found:#?}");
    let found = play("scene_of_a_wait", Wish::Found);
    let texts: Vec<&str> = found.steps.iter().map(|step| step.text.as_str()).collect();
    assert!(texts.iter().any(|text| text.contains("wakes for no reason")), "{texts:?}");
    assert_eq!(found.positions[0].choices.len(), 2, "{found:#?}");
}

#[test]
fn a_thread_that_waits_wakes_for_no_reason_if_the_player_wants_it() {
    let played = choose("scene_of_a_wait", &["waiter"]);
    let choices = &last(&played).choices;
    assert!(choices.iter().any(|choice| choice.without_reason), "{played:#?}");
    let played = choose("scene_of_a_wait", &["waiter", "waiter!"]);
    let texts: Vec<&str> = played.steps.iter().map(|step| step.text.as_str()).collect();
    assert!(texts.last().unwrap().contains("wakes for no reason"), "{texts:?}");
    let rest = play("scene_of_a_wait", Wish::ToTheEnd(played.decisions));
    assert!(matches!(rest.ended, Some(Ended::Broken { .. })), "{rest:#?}");
}

#[test]
fn a_thread_that_sleeps_cannot_go_on_until_it_is_woken() {
    let played = choose("scene_of_a_wait", &["waiter", "waiter"]);
    let threads = &last(&played).threads;
    assert_eq!((threads[1].state, threads[1].holder), (ThreadState::Waits, None));
    assert!(threads[1].text.starts_with("wait "), "{threads:#?}");
    let played = choose("scene_of_a_wait", &["waiter", "waiter", "main", "main", "main"]);
    let waiter = &last(&played).threads[1];
    assert_eq!(waiter.state, ThreadState::Ready, "{played:#?}");
    assert!(waiter.text.starts_with("lock "), "{waiter:#?}");
}

#[test]
fn two_threads_meet_in_a_cell() {
    let played = choose("scene_of_a_race", &["T1", "T2"]);
    let Some(Ended::Broken { failure: Failure::DataRace { .. }, .. }) = &played.ended else {
        panic!("{played:#?}")
    };
    let played = choose("scene_of_a_race", &["T1", "T1", "T2", "T2"]);
    assert_eq!(played.ended, Some(Ended::Held));
}
