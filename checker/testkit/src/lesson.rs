//! A failure that teaches: what was expected, what was seen, why it probably happened, where to read.

use std::fmt;

/// The four things a learner needs to hear when a test fails.
///
/// Usually made by [`require!`](crate::require).
#[derive(Debug, Clone)]
pub struct Lesson {
    /// What a right solution does.
    pub expected: String,
    /// What this one did.
    pub seen: String,
    /// The mistake that most often has this effect.
    pub likely: String,
    /// Where to read about it: a README section, a man page.
    pub read: String,
}

impl Lesson {
    /// Fails the test with this lesson.
    #[track_caller]
    pub fn fail(self) -> ! {
        panic!("{self}")
    }
}

impl fmt::Display for Lesson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            ("expected", &self.expected),
            ("seen", &self.seen),
            ("likely", &self.likely),
            ("read", &self.read),
        ];
        for (i, (label, text)) in lines.into_iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{:<10}", format!("{label}:"))?;
            for (j, line) in text.lines().enumerate() {
                if j > 0 {
                    write!(f, "\n{:10}", "")?;
                }
                write!(f, "{line}")?;
            }
        }
        Ok(())
    }
}

/// Asserts a condition and, where it does not hold, fails the test with a [`Lesson`].
///
/// Without a condition it fails always. The texts are format strings with captured variables.
///
/// ```should_panic
/// let left = 3;
/// testkit::require!(left == 0,
///     expected: "no permit to be left",
///     seen: "{left} permits",
///     likely: "acquire does not count down",
///     read: "README, the task",
/// );
/// ```
#[macro_export]
macro_rules! require {
    (expected: $expected:literal, seen: $seen:literal, likely: $likely:literal, read: $read:literal $(,)?) => {
        $crate::Lesson {
            expected: format!($expected),
            seen: format!($seen),
            likely: format!($likely),
            read: format!($read),
        }
        .fail()
    };
    ($condition:expr, expected: $expected:literal, seen: $seen:literal, likely: $likely:literal, read: $read:literal $(,)?) => {
        if !$condition {
            $crate::require!(expected: $expected, seen: $seen, likely: $likely, read: $read)
        }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_lesson_prints_four_aligned_paragraphs() {
        let lesson = crate::Lesson {
            expected: "a".into(),
            seen: "b\nc".into(),
            likely: "d".into(),
            read: "e".into(),
        };
        assert_eq!(
            lesson.to_string(),
            "expected: a\nseen:     b\n          c\nlikely:   d\nread:     e"
        );
    }

    #[test]
    fn require_lets_a_true_condition_pass() {
        require!(1 + 1 == 2, expected: "two", seen: "not two", likely: "-", read: "-");
    }

    #[test]
    #[should_panic(expected = "seen:     3 permits")]
    fn require_captures_variables() {
        let left = 3;
        require!(left == 0, expected: "none", seen: "{left} permits", likely: "-", read: "-");
    }
}
