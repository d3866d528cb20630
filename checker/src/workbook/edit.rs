//! Given files that are not as they were given. No I/O here.

use std::fmt;
use std::path::PathBuf;

/// A given file that is not as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The file, from the workbook's root.
    pub file: PathBuf,
    /// What was done to it.
    pub kind: EditKind,
}

/// What was done to a given file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditKind {
    /// It is gone.
    Deleted,
    /// It has no text any more.
    Emptied,
    /// Its text differs, from this line on if that is known.
    Changed {
        /// One-based.
        line: Option<u32>,
    },
    /// It was not given at all, and the build obeys it.
    Added {
        /// The key in it that changes what is built or run.
        decides: Option<String>,
    },
}

impl EditKind {
    /// What was done to a file that was given with the text `given`; `None` if nothing. Line ends and a
    /// byte order mark do not count: the caller has taken them out of `now`.
    pub fn between(given: &str, now: Option<&[u8]>) -> Option<Self> {
        let Some(now) = now else {
            return Some(Self::Deleted);
        };
        if now == given.as_bytes() {
            return None;
        }
        if now.trim_ascii().is_empty() {
            return Some(Self::Emptied);
        }
        let same = given.bytes().zip(now).take_while(|(a, b)| a == *b).count();
        let line = given.as_bytes()[..same].iter().filter(|byte| **byte == b'\n').count();
        Some(Self::Changed { line: Some(line as u32 + 1) })
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match &self.kind {
            EditKind::Deleted => write!(f, "{file} is missing"),
            EditKind::Emptied => write!(f, "{file} was emptied"),
            EditKind::Changed { line: Some(line) } => {
                write!(f, "{file}:{line} is not as it was given")
            }
            EditKind::Changed { line: None } => write!(f, "{file} is not as it was given"),
            EditKind::Added { decides: Some(key) } => {
                write!(f, "{file} sets `{key}`, which changes what is built or run")
            }
            EditKind::Added { decides: None } => {
                write!(f, "{file} changes how the exercise is built")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_names_the_first_line_that_differs() {
        assert_eq!(
            EditKind::between("a\nb\nc\n", Some(b"a\nb\nx\n")),
            Some(EditKind::Changed { line: Some(3) })
        );
        assert_eq!(EditKind::between("a\n", Some(b" \n")), Some(EditKind::Emptied));
        assert_eq!(EditKind::between("a\n", None), Some(EditKind::Deleted));
        assert_eq!(EditKind::between("a\n", Some(b"a\n")), None);
    }
}
