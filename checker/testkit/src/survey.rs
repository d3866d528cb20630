//! What a function must leave as it was: descriptors, children, signals, directory, umask.

use std::collections::BTreeMap;

use crate::quiescence::await_quiescence_of_other_threads;

/// The state of this process that a call might change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// By what it is called, in words.
    facts: BTreeMap<String, String>,
}

/// The lines of `/proc/self/status` that are of interest, and what they say (proc_pid_status(5)).
const STATUS: [(&str, &str); 5] = [
    ("SigBlk:", "blocked signals"),
    ("SigIgn:", "ignored signals"),
    ("SigCgt:", "handled signals"),
    ("Umask:", "umask"),
    ("Threads:", "threads"),
];

impl Survey {
    /// The state now.
    pub fn now() -> Self {
        let mut facts = BTreeMap::new();
        for (name, words) in STATUS {
            let value = procfs::own_status_field(name).unwrap_or_default();
            facts.insert(words.to_owned(), without_the_librarys(words, value));
        }
        let pid = std::process::id().cast_signed();
        for (number, target) in procfs::open_descriptors(pid).unwrap_or_default() {
            // The listing itself has one.
            if !target.starts_with("/proc/") {
                facts.insert(format!("descriptor {number}"), target);
            }
        }
        facts.insert("children".to_owned(), procfs::child_ids(pid).len().to_string());
        let directory = std::env::current_dir().unwrap_or_default();
        facts.insert("directory".to_owned(), directory.display().to_string());
        Self { facts }
    }

    /// What is different now, in words; empty if nothing is.
    pub fn changes(&self) -> Vec<String> {
        await_quiescence_of_other_threads();
        let now = Self::now();
        let names = self.facts.keys().chain(now.facts.keys());
        let names: std::collections::BTreeSet<&String> = names.collect();
        let change = |name: &String| {
            let (was, is) = (self.facts.get(name), now.facts.get(name));
            let text = |value: Option<&String>| value.map_or("none".to_owned(), String::clone);
            (was != is).then(|| format!("{name}: {} → {}", text(was), text(is)))
        };
        names.into_iter().filter_map(change).collect()
    }
}

/// A set of signals without the two that the threads library keeps for itself, and handles from its first thread
/// on (nptl(7)).
fn without_the_librarys(words: &str, value: String) -> String {
    const OF_THE_LIBRARY: u64 = 1 << (32 - 1) | 1 << (33 - 1);
    match u64::from_str_radix(&value, 16) {
        Ok(signals) if words.ends_with("signals") => format!("{:016x}", signals & !OF_THE_LIBRARY),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_more_is_a_change() {
        let before = Survey::now();
        let (reader, _writer) = std::io::pipe().unwrap();
        let changes = before.changes();
        assert!(changes.iter().any(|change| change.contains("none → pipe:")), "{changes:?}");
        drop(reader);
    }
}
