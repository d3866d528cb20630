//! Reading what a Rust program says when it panics.

use crate::evidence::Panic;

use crate::judge::compile::clean_paths;
use crate::verdict::Place;

/// What the standard library says, at a place of its own, when it gives up on a panic that cannot unwind; and what
/// that means for the panic before it, which is the program's.
const GIVES_UP: [(&str, &str); 2] = [
    (
        "panic in a destructor during cleanup",
        "This was in a destructor that ran because of an earlier panic:",
    ),
    ("panic in a function that cannot unwind", "This left a function that no panic may leave."),
];

/// The panics in `stderr`, in order.
pub fn panics(stderr: &str) -> Vec<Panic> {
    let mut found: Vec<Panic> = Vec::new();
    let mut in_message = false;
    for line in stderr.lines() {
        if let Some(panic) = header(line) {
            found.push(panic);
            in_message = true;
        } else if line.starts_with("note: run with `RUST_BACKTRACE") || line == "stack backtrace:" {
            in_message = false;
        } else if in_message && let Some(panic) = found.last_mut() {
            panic.message.push_str(line);
            panic.message.push('\n');
        }
    }
    for panic in &mut found {
        panic.message.truncate(panic.message.trim_end().len());
    }
    without_the_librarys(found)
}

/// The program's own panics, each with what became of it.
fn without_the_librarys(panics: Vec<Panic>) -> Vec<Panic> {
    let mut own: Vec<Panic> = Vec::new();
    for panic in panics {
        let gives_up = GIVES_UP.iter().find(|(says, _)| panic.message.starts_with(says));
        match (gives_up, own.as_mut_slice()) {
            (Some(&(_, meaning)), [before @ .., last]) => {
                let earlier = before.last().filter(|_| meaning.ends_with(':'));
                let lines = [Some(meaning), earlier.map(|it| it.message.as_str())];
                for line in lines.into_iter().flatten() {
                    last.message.push_str(&format!("\n{line}"));
                }
            }
            _ => own.push(panic),
        }
    }
    own
}

/// The panics that a text quotes, which may begin behind other words in a line.
pub fn quoted(text: &str) -> Vec<Panic> {
    let lines = text.lines().filter_map(|line| line.find("thread '").map(|at| &line[at..]));
    panics(&lines.collect::<Vec<_>>().join("\n"))
}

/// `thread 'name' (4711) panicked at file:line:column:`
fn header(line: &str) -> Option<Panic> {
    let (before, place) = line.strip_suffix(':')?.split_once(" panicked at ")?;
    let name = before.strip_prefix("thread '")?;
    let name = name.rsplit_once('\'').map_or(name, |(name, _)| name);
    Some(Panic { thread: name.to_owned(), place: parse_place(place), message: String::new() })
}

fn parse_place(text: &str) -> Option<Place> {
    let mut parts = text.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some(Place { file: clean_paths(parts.next()?).into(), line, column: Some(column) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STDERR: &str = "\
noise
thread 'worker' (12) panicked at exercises/a/tests/../src/s.rs:3:5:
first
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace

thread 'tests::it's' (13) panicked at tests/s.rs:9:1:
expected: a
seen:     b
";

    #[test]
    fn each_panic_has_its_thread_place_and_whole_message() {
        let panics = panics(STDERR);
        assert_eq!(panics[0].thread, "worker");
        assert_eq!(panics[0].place.as_ref().unwrap().to_string(), "exercises/a/src/s.rs:3:5");
        assert_eq!(panics[0].message, "first");
        assert_eq!(panics[1].thread, "tests::it's");
        assert_eq!(panics[1].message, "expected: a\nseen:     b");
    }

    #[test]
    fn a_panic_in_a_destructor_is_the_programs_and_tells_of_the_earlier_one() {
        let given_up = "thread 'worker' (12) panicked at library/core/src/panicking.rs:233:5:\n\
                        panic in a destructor during cleanup\n\
                        thread caused non-unwinding panic. aborting.\n";
        let panics = panics(&format!("{STDERR}{given_up}"));
        assert_eq!(panics.len(), 2);
        assert_eq!(panics[1].place.as_ref().unwrap().line, 9);
        let message = "expected: a\nseen:     b\n\
                       This was in a destructor that ran because of an earlier panic:\nfirst";
        assert_eq!(panics[1].message, message);
    }

    #[test]
    fn output_without_a_panic_has_none() {
        assert_eq!(panics("all is well\n"), []);
    }
}
