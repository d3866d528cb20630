//! What a known-wrong solution declares, and whether it was caught as declared.

use std::fmt::{self, Write};

use crate::verdict::{Judgement, Outcome, Verdict};

use super::{Kind, WrongFile};

/// What a known-wrong solution says of itself, in its first lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// What its author believed.
    pub misconception: String,
    /// What kind of mistake it is.
    pub kind: Kind,
    /// The test that must fail.
    pub caught_by: String,
    /// What that test's message must contain.
    pub message: String,
    /// The alternative that a patch is a difference from; `None` for the reference.
    pub against: Option<String>,
    /// How it is played as a warm-up.
    pub play: Option<Play>,
}

/// How a known-wrong solution is played: `TEST: what the player is to do`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Play {
    /// The test whose scenario it is. It fails.
    pub test: String,
    /// What the player is to do, in one sentence without its full stop.
    pub task: String,
}

/// The declaration's keys, in their order.
const KEYS: [&str; 6] = ["Misconception", "Kind", "Caught by", "Message", "Against", "Play"];

impl Declaration {
    /// The declaration in the first lines of a file, or what is missing.
    pub fn from_file(file: &WrongFile) -> Result<Self, String> {
        Self::parse(&file.text, if file.is_patch() { "" } else { COMMENT })
    }

    /// The declaration in the first lines of a Rust file, or what is missing.
    pub fn from_source(text: &str) -> Result<Self, String> {
        Self::parse(text, COMMENT)
    }

    fn parse(text: &str, prefix: &str) -> Result<Self, String> {
        let field = |name: &str| {
            let mut lines = text.lines().map_while(|line| key_and_value(line, prefix));
            let (_, value) = lines.find(|(key, _)| *key == name)?;
            Some(value.to_owned())
        };
        let needed = |name: &str| {
            field(name).filter(|value| !value.is_empty()).ok_or_else(|| {
                let keys = KEYS[..4].join(", ");
                format!("it must begin with {keys}; `{prefix}{name}: …` is missing")
            })
        };
        Ok(Self {
            misconception: needed("Misconception")?,
            kind: Kind::parse(&needed("Kind")?)?,
            caught_by: needed("Caught by")?,
            message: needed("Message")?,
            against: field("Against"),
            play: field("Play").map(|text| Play::parse(&text)).transpose()?,
        })
    }

    /// The first lines of a patch.
    pub fn as_lines(&self) -> String {
        self.lines("")
    }

    /// The first lines of a Rust file.
    pub fn as_comment(&self) -> String {
        self.lines(COMMENT)
    }

    fn lines(&self, prefix: &str) -> String {
        let against = self.against.as_deref().unwrap_or_default();
        let play = self.play.as_ref().map(Play::to_string).unwrap_or_default();
        let values = [
            self.misconception.as_str(),
            self.kind.name(),
            self.caught_by.as_str(),
            self.message.as_str(),
            against,
            &play,
        ];
        let mut text = String::new();
        for (key, value) in KEYS.iter().zip(values).filter(|(_, value)| !value.is_empty()) {
            writeln!(text, "{prefix}{key}: {value}").expect("a string takes everything");
        }
        text
    }

    /// The test that caught it, or why that is not as declared.
    pub fn check(&self, judgement: &Judgement) -> Result<String, String> {
        if judgement.verdict == Verdict::DoesNotCompile {
            let message = judgement.message().unwrap_or_default();
            return Err(format!("it does not compile:\n{message}"));
        }
        let failing: Vec<&str> = judgement
            .tests
            .iter()
            .filter(|test| test.outcome != Outcome::Passed)
            .map(|test| test.name.as_str())
            .collect();
        let test = judgement.tests.iter().find(|test| test.name == self.caught_by);
        let Some(test) = test.filter(|test| test.outcome != Outcome::Passed) else {
            return Err(match failing.as_slice() {
                [] => "it passes every test".to_owned(),
                names => {
                    format!("`{}` does not catch it; {} does", self.caught_by, names.join(", "))
                }
            });
        };
        let message = test.message().unwrap_or_default();
        if !message.contains(&self.message) {
            return Err(format!(
                "`{}` catches it without saying `{}`; it says:\n{message}",
                self.caught_by, self.message
            ));
        }
        Ok(test.name.clone())
    }
}

impl Play {
    fn parse(text: &str) -> Result<Self, String> {
        let Some((test, task)) = text.split_once(": ") else {
            return Err(format!("`Play: {text}`: expected `Play: TEST: what the player is to do`"));
        };
        let task = task.trim().trim_end_matches('.');
        Ok(Self { test: test.trim().to_owned(), task: task.to_owned() })
    }
}

impl fmt::Display for Play {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.test, self.task)
    }
}

/// What stands before each line of a declaration in a Rust file.
const COMMENT: &str = "//! ";

fn key_and_value<'a>(line: &'a str, prefix: &str) -> Option<(&'a str, &'a str)> {
    let (key, value) = line.strip_prefix(prefix)?.split_once(": ")?;
    KEYS.contains(&key).then_some((key, value.trim()))
}

/// A Rust file without the declaration that it begins with.
pub fn without_declaration(text: &str) -> &str {
    let declared = text
        .split_inclusive('\n')
        .take_while(|line| key_and_value(line.trim_end(), COMMENT).is_some());
    let length: usize = declared.map(str::len).sum();
    match length {
        0 => text,
        length => text[length..].trim_start_matches('\n'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str =
        "Misconception: a.\nKind: edge value\nCaught by: t::case_1\nMessage: wakes nobody\n";

    #[test]
    fn a_declaration_is_read_as_it_is_written() {
        let declaration = Declaration::parse(LINES, "").unwrap();
        assert_eq!(declaration.caught_by, "t::case_1");
        assert_eq!(declaration.message, "wakes nobody");
        assert_eq!(declaration.as_lines(), LINES);
        let commented = declaration.as_comment();
        assert_eq!(Declaration::from_source(&commented).unwrap(), declaration);
        assert_eq!(without_declaration(&format!("{commented}\n//! Docs.\n")), "//! Docs.\n");
    }

    #[test]
    fn a_game_is_a_test_and_a_task() {
        let text = format!("{LINES}Play: t::case_1: let both in\n");
        let declaration = Declaration::parse(&text, "").unwrap();
        let play = declaration.play.as_ref().unwrap();
        assert_eq!((play.test.as_str(), play.task.as_str()), ("t::case_1", "let both in"));
        assert_eq!(declaration.as_lines(), text);
        let problem = Declaration::parse(&format!("{LINES}Play: t::case_1\n"), "").unwrap_err();
        assert!(problem.contains("expected `Play: TEST: "), "{problem}");
    }

    #[test]
    fn what_is_missing_is_named() {
        for key in &KEYS[..4] {
            let others = LINES.lines().filter(|line| !line.starts_with(key));
            let text: String = others.map(|line| format!("{line}\n")).collect();
            let problem = Declaration::parse(&text, "").unwrap_err();
            assert!(problem.contains(&format!("`{key}: …` is missing")), "{problem}");
        }
        let unknown = LINES.replace("edge value", "edge of the world");
        assert!(Declaration::parse(&unknown, "").unwrap_err().contains("edge of the world"));
    }

    #[test]
    fn what_stands_further_down_declares_nothing() {
        let text = format!("fn f() {{}}\n{LINES}");
        assert!(Declaration::parse(&text, "").is_err());
    }
}
