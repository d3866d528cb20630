//! Reading what a Rust program says when it panics.

use crate::evidence::Panic;

use crate::judge::compile::clean_paths;
use crate::verdict::Place;

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
    found
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
    fn output_without_a_panic_has_none() {
        assert_eq!(panics("all is well\n"), []);
    }
}
