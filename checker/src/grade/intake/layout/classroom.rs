//! GitHub Classroom and Classroom 50: clones `assignment-login`, each with `.git`, often in a directory
//! `assignment-submissions`.
//!
//! What the students' repositories say is not executed: only the address that they were cloned from is read.

use std::path::Path;

use super::pieces::{Item, Piece, Pieces};
use crate::system::files;

/// The most bytes of a clone's configuration that are read.
const CONFIG: u64 = 64 << 10;

pub(super) fn recognise(directory: &Path, items: &[Item]) -> Option<Pieces> {
    let is_clone = |item: &&Item| item.is_directory && is_clone(&directory.join(&item.path));
    let clones: Vec<&Item> = items.iter().filter(is_clone).collect();
    let names: Vec<&str> = clones.iter().map(|item| item.name.as_str()).collect();
    let named_after =
        directory.file_name().and_then(|it| it.to_str()?.strip_suffix("-submissions"));
    let prefix = match named_after {
        Some(assignment) => format!("{assignment}-"),
        None => common_prefix(&names)?.to_owned(),
    };
    let is_there = names.iter().any(|name| login(name, &prefix).is_some());
    is_there.then(|| {
        Pieces::new(items, |item| {
            let is_its = clones.iter().any(|clone| clone.name == item.name);
            let login = login(&item.name, &prefix).filter(|_| is_its)?;
            Some(Piece { student: login.to_owned(), ..Piece::default() })
        })
    })?
}

fn login<'n>(name: &'n str, prefix: &str) -> Option<&'n str> {
    name.strip_prefix(prefix).filter(|login| !login.is_empty())
}

/// The longest beginning of all names that ends in a hyphen: the assignment.
fn common_prefix<'n>(names: &[&'n str]) -> Option<&'n str> {
    let [first, others @ ..] = names else { return None };
    if others.is_empty() {
        return None;
    }
    // The name of the assignment alone is nobody's.
    let ends = first.match_indices('-').filter(|(at, _)| at + 1 < first.len());
    let ends = ends.map(|(at, _)| &first[..=at]);
    ends.rev().find(|prefix| others.iter().all(|name| login(name, prefix).is_some()))
}

/// Whether a directory was cloned from a repository of the same name on GitHub.
fn is_clone(directory: &Path) -> bool {
    let config = files::read_regular(&directory.join(".git/config"), CONFIG).ok().flatten();
    let config = String::from_utf8(config.unwrap_or_default()).unwrap_or_default();
    let mut urls = config.lines().filter_map(|line| line.trim().strip_prefix("url = "));
    let name = directory.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    urls.any(|url| {
        let repository =
            url.trim_end_matches('/').trim_end_matches(".git").rsplit(['/', ':']).next();
        url.contains("github.com") && repository == Some(&*name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_assignment_is_what_all_names_begin_with_up_to_a_hyphen() {
        let names = |names: &[&'static str]| common_prefix(names);
        assert_eq!(names(&["ws-1-ada", "ws-1-bob-b"]), Some("ws-1-"));
        assert_eq!(names(&["ws-ada", "ws-adele"]), Some("ws-"));
        assert_eq!(names(&["ws-ada"]), None);
        assert_eq!(names(&["ada", "bob"]), None);
        assert_eq!(names(&["ws-", "ws-ada"]), None);
    }
}
