//! An assertion whose failure teaches.

/// Asserts a condition and, where it does not hold, fails the test with a [`Lesson`](crate::Lesson).
///
/// Without a condition it fails always. The texts are format strings with captured variables. Two more may
/// follow: `about`, the name of the learner's function that the test is about, where the checker would open
/// another one; and `timeline`, a value that becomes an [`evidence::Timeline`] by `into`.
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
    (
        expected: $expected:literal, seen: $seen:literal, likely: $likely:literal, read: $read:literal
        $(, about: $about:literal)? $(, timeline: $timeline:expr)? $(,)?
    ) => {
        $crate::Lesson {
            expected: format!($expected),
            seen: format!($seen),
            likely: format!($likely),
            read: format!($read),
            ..$crate::Lesson::default()
        }
        $(.about($about))?
        $(.timeline($timeline))?
        .fail()
    };
    ($condition:expr, expected: $($lesson:tt)*) => {
        if !$condition {
            $crate::require!(expected: $($lesson)*)
        }
    };
}

#[cfg(test)]
mod tests {
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

    #[test]
    #[should_panic(expected = "P1\n  exit 0\n\nexpected: -")]
    fn require_may_name_a_function_and_show_a_timeline() {
        let lane = evidence::Lane { name: "P1".into(), events: vec!["exit 0".into()] };
        let timeline = evidence::Timeline { lanes: vec![lane], stuck: Vec::new() };
        require!(expected: "-", seen: "-", likely: "-", read: "-", about: "acquire", timeline: timeline);
    }
}
