//! What a known-wrong solution declares, and whether it was caught as declared.

use crate::verdict::{Judgement, Outcome, Verdict};

/// What a known-wrong solution says of itself, in its first lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Declaration {
    /// The test that must fail.
    pub(super) caught_by: String,
    /// What its message must contain.
    message: String,
}

impl Declaration {
    /// The declaration in the first lines of a file; `None` if it is not complete.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let field = |name: &str| {
            let prefix = format!("//! {name}: ");
            let line = text.lines().take(6).find_map(|line| line.strip_prefix(prefix.as_str()))?;
            Some(line.trim().to_owned())
        };
        field("Misconception")?;
        Some(Self { caught_by: field("Caught by")?, message: field("Message")? })
    }

    /// The test that caught it, or why that is not as declared.
    pub(super) fn check(&self, judgement: &Judgement) -> Result<String, String> {
        if judgement.verdict == Verdict::DoesNotCompile {
            let message = judgement.message.as_deref().unwrap_or_default();
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
        let message = test.message.as_deref().unwrap_or_default();
        if !message.contains(&self.message) {
            return Err(format!(
                "`{}` catches it without saying `{}`; it says:\n{message}",
                self.caught_by, self.message
            ));
        }
        Ok(test.name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_has_three_lines() {
        let text = "//! Misconception: a.\n//! Caught by: t::case_1\n//! Message: wakes nobody\n";
        let declaration = Declaration::parse(text).unwrap();
        assert_eq!(declaration.caught_by, "t::case_1");
        assert_eq!(declaration.message, "wakes nobody");
        assert_eq!(Declaration::parse("//! Caught by: t\n"), None);
    }
}
