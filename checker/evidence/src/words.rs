//! Evidence in words: the one place where they are chosen.

use std::fmt;

use crate::{Failure, Lesson, Schedule, Timeline, picture};

/// Who shows what a test says indents it; with that, a line has 80 columns at most.
const WIDTH: usize = 74;

/// Labelled paragraphs, and what is shown beside them.
///
/// Displays as plain text, the labels in a column of [`Label::WIDTH`]: what is said first, as the reader of a
/// document wants it, whose end may be cut. [`Words::for_terminal`] is the other way round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// One labelled text each.
    pub paragraphs: Vec<(Label, String)>,
    /// The rest.
    pub body: Body,
}

/// What a paragraph is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// What a right solution does.
    Expected,
    /// What this one did.
    Seen,
    /// The mistake that most often has this effect.
    Likely,
    /// The learner's line to look at.
    LookAt,
    /// Where to read about it.
    Read,
    /// A command that shows it again.
    Again,
}

/// What is shown beside the paragraphs, or instead of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// Text, whose lines may be broken.
    Text(String),
    /// What is drawn in columns, or was printed so: no line may be broken.
    Columns(String),
}

impl Label {
    /// How wide the column of the labels is.
    pub const WIDTH: usize = 10;

    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Seen => "seen",
            Self::Likely => "likely",
            Self::LookAt => "look at",
            Self::Read => "read",
            Self::Again => "again",
        }
    }
}

impl Words {
    /// Words without paragraphs.
    pub fn text(text: impl Into<String>) -> Self {
        Self { paragraphs: Vec::new(), body: Body::Text(text.into()) }
    }

    /// As [`Words::text`], but its lines may not be broken.
    pub fn columns(text: impl Into<String>) -> Self {
        Self { paragraphs: Vec::new(), body: Body::Columns(text.into()) }
    }

    /// As plain text for a terminal, where what comes last is read first: below what is drawn.
    pub fn for_terminal(&self) -> String {
        let Body::Columns(drawn) = &self.body else { return self.to_string() };
        let said = Self { paragraphs: self.paragraphs.clone(), body: Body::None };
        format!("{}\n\n{said}", drawn.trim_end()).trim_end().to_owned()
    }

    /// The words with each text changed.
    pub fn map(self, change: impl Fn(&str) -> String) -> Self {
        let paragraphs = self.paragraphs.into_iter();
        Self {
            paragraphs: paragraphs.map(|(label, text)| (label, change(&text))).collect(),
            body: match self.body {
                Body::None => Body::None,
                Body::Text(text) => Body::Text(change(&text)),
                Body::Columns(text) => Body::Columns(change(&text)),
            },
        }
    }
}

impl Body {
    /// The text, without regard to how it is shown.
    pub fn as_str(&self) -> &str {
        match self {
            Self::None => "",
            Self::Text(text) | Self::Columns(text) => text,
        }
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (label, text)) in self.paragraphs.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            let indent = " ".repeat(Label::WIDTH);
            let label = format!("{}:", label.name());
            write!(f, "{label:<width$}", width = Label::WIDTH)?;
            f.write_str(&text.lines().collect::<Vec<_>>().join(&format!("\n{indent}")))?;
        }
        let body = self.body.as_str();
        if !self.paragraphs.is_empty() && !body.is_empty() {
            f.write_str("\n\n")?;
        }
        f.write_str(body)
    }
}

impl Lesson {
    /// It in words.
    pub fn words(&self) -> Words {
        let paragraphs = [
            (Label::Expected, &self.expected),
            (Label::Seen, &self.seen),
            (Label::Likely, &self.likely),
            (Label::Read, &self.read),
        ];
        let timeline = self.timeline.as_ref();
        Words {
            paragraphs: paragraphs.map(|(label, text)| (label, text.clone())).into(),
            body: timeline.map_or(Body::None, |it| Body::Columns(it.to_string())),
        }
    }
}

/// A line for each process, and below it one for each thing that it did.
impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for lane in &self.lanes {
            writeln!(f, "{}", lane.name)?;
            lane.events.iter().try_for_each(|event| writeln!(f, "  {event}"))?;
        }
        self.stuck.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl Schedule {
    /// It in words, drawn for 80 columns.
    pub fn words(&self) -> Words {
        self.words_within(WIDTH)
    }

    /// It in words; what is drawn has lines of at most so many characters.
    pub fn words_within(&self, width: usize) -> Words {
        let blamed = self.blamed.as_ref().map(|place| (Label::LookAt, place.short()));
        let mut paragraphs = vec![
            (Label::Expected, self.expected.clone()),
            (Label::Seen, self.failure.words()),
            (Label::Likely, self.likely.clone()),
        ];
        paragraphs.extend(blamed);
        paragraphs.push((Label::Read, self.read.clone()));
        paragraphs.push((Label::Again, self.again.clone()));
        let times = if self.switches == 1 { "switch" } else { "switches" };
        let (number, switches) = (self.number, self.switches);
        let heading = format!("schedule {number}, {switches} {times} between threads");
        let drawn = format!("{heading}\n{}", picture::draw(self, width));
        Words { paragraphs, body: Body::Columns(drawn) }
    }
}

impl Failure {
    /// The failure's name and what it says, in a sentence or two.
    fn words(&self) -> String {
        match self {
            Self::Deadlock => "a deadlock: each thread waits for what another one holds".to_owned(),
            Self::LostWakeUp { sleepers } => {
                let (sleep, whom) = match sleepers.as_slice() {
                    [one] => (format!("{one} sleeps"), "it"),
                    many => (format!("{} sleep", many.join(" and ")), "them"),
                };
                format!("a lost wake-up: {sleep} for ever, and nobody is left to wake {whom}")
            }
            Self::Starvation => {
                "a starved waiter: threads run on and on, and nobody gets what it waits for"
                    .to_owned()
            }
            Self::DataRace { accesses } => format!("a data race: {accesses}"),
            Self::BrokenInvariant { message } => format!("a broken invariant: {message}"),
            Self::Panic { message, place } => format!("a panic at {}: {message}", place.short()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lane;

    #[test]
    fn a_lesson_is_four_aligned_paragraphs() {
        let lesson = Lesson {
            expected: "a".into(),
            seen: "b\nc".into(),
            likely: "d".into(),
            read: "e".into(),
            ..Lesson::default()
        };
        assert_eq!(
            lesson.words().to_string(),
            "expected: a\nseen:     b\n          c\nlikely:   d\nread:     e"
        );
    }

    #[test]
    fn a_timeline_stands_below_the_lesson_and_keeps_its_columns() {
        let lane = Lane { name: "P1".into(), events: vec!["fork P1.1".into()] };
        let timeline = Some(Timeline { lanes: vec![lane], stuck: vec!["P1 waits".into()] });
        let words = Lesson { timeline, ..Lesson::default() }.words();
        assert_eq!(words.body, Body::Columns("P1\n  fork P1.1\nP1 waits\n".into()));
        assert!(words.to_string().contains("read:     \n\nP1\n"), "{words}");
        assert!(
            words.for_terminal().starts_with("P1\n  fork P1.1\nP1 waits\n\nexpected: "),
            "{words}"
        );
    }
}
