//! A failure that teaches: what was expected, what was seen, why it probably happened, where to read.

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

/// What a learner needs to hear when a test fails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct Lesson {
    /// What a right solution does.
    pub expected: String,
    /// What this one did.
    pub seen: String,
    /// The mistake that most often has this effect.
    pub likely: String,
    /// Where to read about it: a README section, a man page.
    pub read: String,
    /// The function of the learner's that the test is about, if the test says so.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub about: Option<String>,
    /// What processes did, if the test looked at that.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub timeline: Option<Timeline>,
}

impl Lesson {
    /// It is about this function of the learner's.
    pub fn about(self, function: &str) -> Self {
        Self { about: Some(function.to_owned()), ..self }
    }

    /// With what processes did.
    pub fn timeline(self, timeline: impl Into<Timeline>) -> Self {
        Self { timeline: Some(timeline.into()), ..self }
    }
}

/// What processes did, one list for each of them and for each of their other threads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct Timeline {
    /// Parents before their children.
    pub lanes: Vec<Lane>,
    /// If it did not come to its end: who waits for what, and why it was cut off.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub stuck: Vec<String>,
}

/// What one process or thread did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct Lane {
    /// `P1`, `P1.2`, `P1/t1`.
    pub name: String,
    /// What it did, in order.
    pub events: Vec<String>,
}
