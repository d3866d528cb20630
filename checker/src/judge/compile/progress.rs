//! How far cargo is: `Building [==>   ] 87/143: hyper, tokio(build)`, which it writes on standard error and writes
//! over each time.
//!
//! It is for whoever waits: what cannot be read is not said, and no verdict depends on it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The variables by which cargo says how far it is without a terminal. Crates' names have to fit into the width.
pub(super) const VARIABLES: [(&str, &str); 2] =
    [("CARGO_TERM_PROGRESS_WHEN", "always"), ("CARGO_TERM_PROGRESS_WIDTH", "120")];

/// What a line of progress begins with, behind blanks.
const LINE: &str = "Building [";

/// What has been seen of a file that cargo's standard error is written to.
pub(super) struct Progress {
    file: PathBuf,
    seen: u64,
    last: (usize, usize),
}

impl Progress {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, seen: 0, last: (0, 0) }
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// How many crates are compiled, of how many, and one that is being compiled; `None` if that is no news.
    pub(super) fn new_since(&mut self) -> Option<(usize, usize, String)> {
        let mut file = File::open(&self.file).ok()?;
        file.seek(SeekFrom::Start(self.seen)).ok()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        // A line that is being written has no end yet: it is read the next time.
        let ended = bytes.iter().rposition(|byte| matches!(byte, b'\r' | b'\n'))? + 1;
        bytes.truncate(ended);
        self.seen += ended as u64;
        let text = String::from_utf8_lossy(&bytes);
        let (done, of, next) = text.rsplit(['\r', '\n']).find_map(parse)?;
        let is_news = self.last != (done, of);
        self.last = (done, of);
        is_news.then_some((done, of, next))
    }
}

/// Reads `    Building [=>  ] 12/98: libc(build.rs), hyper`. While it builds, a part of it may be there.
fn parse(line: &str) -> Option<(usize, usize, String)> {
    let (_, counts) = line.trim().strip_prefix(LINE)?.split_once(']')?;
    let (counts, names) = counts.trim_start().split_once(": ")?;
    let (done, of) = counts.split_once('/')?;
    let first = names.split(", ").next()?;
    let name = first.split('(').next()?.trim_end_matches('.');
    if name.is_empty() {
        return None;
    }
    Some((done.parse().ok()?, of.parse().ok()?, name.to_owned()))
}

/// Standard error as cargo writes it when nobody waits.
pub(super) fn without_progress(stderr: &str) -> String {
    let clean = |line: &str| {
        let said = line.split('\r').filter(|part| !part.trim_start().starts_with(LINE));
        said.collect::<Vec<_>>().join("\r")
    };
    stderr.split('\n').map(clean).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn lines_of_progress_are_read() {
        let read = |line| parse(line).map(|(done, of, next)| format!("{done} of {of}: {next}"));
        let line = "    Building [=>          ]  5/98: zerocopy, libc(build)        ";
        assert_eq!(read(line).as_deref(), Some("5 of 98: zerocopy"));
        assert_eq!(read("Building [> ] 0/9: libc(build.rs), a").as_deref(), Some("0 of 9: libc"));
        assert_eq!(read("Building [=> ] 8/9: answer(test)").as_deref(), Some("8 of 9: answer"));
        assert_eq!(read("Building [=> ] 8/9: a_long_na...").as_deref(), Some("8 of 9: a_long_na"));
        for other in ["   Compiling libc v0.2", "Building [=> ] 5/98", "Building [=> ] 5/98: ", ""]
        {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn what_was_told_is_not_told_again() {
        let directory = tempfile::tempdir().unwrap();
        let mut progress = Progress::new(directory.path().join("stderr"));
        assert_eq!(progress.new_since(), None, "there is no file yet");
        let mut file = File::create(progress.file()).unwrap();
        write!(file, "   Compiling a v1\n Building [> ] 0/2: a  \r Building [=> ] 1/2: b\r")
            .unwrap();
        assert_eq!(progress.new_since(), Some((1, 2, "b".to_owned())));
        assert_eq!(progress.new_since(), None);
        write!(file, " Building [=> ] 1/2: b, c\r Building [==> ] 2/2: c").unwrap();
        assert_eq!(progress.new_since(), None, "the last line has no end yet");
        write!(file, "at  \r").unwrap();
        assert_eq!(progress.new_since(), Some((2, 2, "cat".to_owned())));
    }

    #[test]
    fn nothing_of_it_stays_in_what_cargo_says() {
        let stderr = "    Building [> ] 0/2: a  \r   Compiling a v1\n    Building [=> ] 1/2: b\r\
                      error: no\nby somebody\r\nelse\n";
        assert_eq!(without_progress(stderr), "   Compiling a v1\nerror: no\nby somebody\r\nelse\n");
    }
}
