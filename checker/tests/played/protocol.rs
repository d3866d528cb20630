//! Stands in for a test that explores schedules (`schedules::shuttle`), without an explorer to build: two threads
//! take one step each, and it is wrong if the second one is first.

use std::{env, fs};

const FILE: &str = "exercises/01_part/01_answer/src/lib.rs";

fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(","))
}

fn place() -> String {
    format!("{{\"file\":\"{FILE}\",\"line\":5}}")
}

/// A task is a thread and one more.
fn position(before: &[usize]) -> String {
    let left = [2, 3].into_iter().filter(|task| !before.contains(task));
    let choice = |task: usize| {
        let (thread, at) = (task - 1, before.len());
        format!("{{\"thread\":{thread},\"without_reason\":false,\"at\":{at},\"decision\":{task}}}")
    };
    let thread = |task: usize| {
        let state = if before.contains(&task) || task == 1 { "ended" } else { "ready" };
        let place = place();
        format!("{{\"state\":\"{state}\",\"place\":{place},\"text\":\"look\\u001b[2J\",\"holds\":[]}}")
    };
    let (count, choices) = (before.len(), list(left.map(choice)));
    let threads = list([1, 2, 3].map(thread));
    format!("{{\"decisions\":{count},\"steps\":{count},\"choices\":{choices},\"threads\":{threads}}}")
}

fn played(decisions: &[usize], tried: usize) -> String {
    let positions = list((0..=decisions.len()).map(|length| position(&decisions[..length])));
    let step = |task: &usize| {
        let place = place();
        format!("{{\"thread\":{},\"place\":{place},\"text\":\"look\",\"times\":1}}", task - 1)
    };
    let failure = "{\"kind\":\"broken_invariant\",\"message\":\"T2 was first\"}";
    let ended = match decisions {
        [2, 3] => ",\"ended\":{\"kind\":\"held\"}".to_owned(),
        [3, 2] => format!(",\"ended\":{{\"kind\":\"broken\",\"failure\":{failure},\"waiting\":[]}}"),
        _ => String::new(),
    };
    let steps = list(decisions.iter().map(step));
    let decided = list(decisions.iter().map(usize::to_string));
    format!(
        "{{\"expected\":\"T1 to be first\",\"likely\":\"luck\",\"threads\":[\"main\",\"T1\",\"T2\"],\
         \"steps\":{steps},\"positions\":{positions},\"decisions\":{decided}{ended},\"switches\":1,\
         \"again\":\"SCHEDULE=0:3 cargo test\",\"tried\":{tried}}}"
    )
}

#[test]
fn the_first_is_first() {
    let Ok(wish) = env::var("SHOPFLOOR_PLAY") else { panic!("T2 was first") };
    let mut decisions: Vec<usize> =
        wish.trim_end_matches('+').split(',').filter_map(|it| it.parse().ok()).collect();
    if wish.ends_with('+') {
        decisions.extend([2, 3].into_iter().filter(|task| !decisions.contains(task)).collect::<Vec<_>>());
    }
    let document = if wish == "found" { played(&[3, 2], 7) } else { played(&decisions, 0) };
    fs::write(env::var("SHOPFLOOR_PLAYED").unwrap(), document).unwrap();
}

#[test]
fn another_that_explores_nothing() {
    let _ = answer::answer();
}
