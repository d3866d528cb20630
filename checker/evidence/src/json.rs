//! What a test tells, as JSON, without serde: that would add a seventh to the first build of an exercise.

use std::fmt::Write;
use std::path::Path;

use crate::{Explored, Failure, Lane, Place, SourceLine, Step, Timeline, Told, Waiting};

/// What can be written as JSON.
pub(crate) trait Json {
    /// Appends it.
    fn json(&self, out: &mut String);

    /// Whether an object is written without it.
    fn is_absent(&self) -> bool {
        false
    }
}

/// Appends an object of these fields.
fn object(out: &mut String, fields: &[(&str, &dyn Json)]) {
    let present = fields.iter().filter(|(_, value)| !value.is_absent());
    for (i, (name, value)) in present.enumerate() {
        out.push(if i == 0 { '{' } else { ',' });
        name.json(out);
        out.push(':');
        value.json(out);
    }
    out.push('}');
}

impl Json for &str {
    fn json(&self, out: &mut String) {
        out.push('"');
        for character in self.chars() {
            match character {
                '"' | '\\' => out.extend(['\\', character]),
                '\0'..='\x1f' => {
                    let _ = write!(out, "\\u{:04x}", character as u32);
                }
                other => out.push(other),
            }
        }
        out.push('"');
    }
}

impl Json for String {
    fn json(&self, out: &mut String) {
        self.as_str().json(out);
    }
}

impl Json for &Path {
    fn json(&self, out: &mut String) {
        (&*self.to_string_lossy()).json(out);
    }
}

impl Json for usize {
    fn json(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
}

impl Json for u32 {
    fn json(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
}

impl<T: Json> Json for Option<T> {
    fn json(&self, out: &mut String) {
        if let Some(value) = self {
            value.json(out);
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Json> Json for Vec<T> {
    fn json(&self, out: &mut String) {
        out.push('[');
        for (i, value) in self.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            value.json(out);
        }
        out.push(']');
    }
}

impl Told {
    /// As the checker reads it.
    pub fn to_json(&self) -> String {
        let mut text = String::new();
        self.json(&mut text);
        text
    }
}

impl Explored {
    /// As the checker reads it.
    pub fn to_json(self) -> String {
        let mut text = String::new();
        object(&mut text, &[("schedules", &self.schedules)]);
        text
    }
}

impl Json for Told {
    fn json(&self, out: &mut String) {
        match self {
            Self::Lesson(it) => object(
                out,
                &[
                    ("kind", &"lesson"),
                    ("expected", &it.expected),
                    ("seen", &it.seen),
                    ("likely", &it.likely),
                    ("read", &it.read),
                    ("about", &it.about),
                    ("timeline", &it.timeline),
                ],
            ),
            Self::Schedule(it) => object(
                out,
                &[
                    ("kind", &"schedule"),
                    ("expected", &it.expected),
                    ("failure", &it.failure),
                    ("likely", &it.likely),
                    ("blamed", &it.blamed),
                    ("read", &it.read),
                    ("again", &it.again),
                    ("number", &it.number),
                    ("switches", &it.switches),
                    ("threads", &it.threads),
                    ("left_out", &it.left_out),
                    ("steps", &it.steps),
                    ("waiting", &it.waiting),
                    ("lines", &it.lines),
                ],
            ),
        }
    }
}

impl Json for Failure {
    fn json(&self, out: &mut String) {
        match self {
            Self::Deadlock => object(out, &[("kind", &"deadlock")]),
            Self::LostWakeUp { sleepers } => {
                object(out, &[("kind", &"lost_wake_up"), ("sleepers", sleepers)]);
            }
            Self::Starvation => object(out, &[("kind", &"starvation")]),
            Self::DataRace { accesses } => {
                object(out, &[("kind", &"data_race"), ("accesses", accesses)]);
            }
            Self::BrokenInvariant { message } => {
                object(out, &[("kind", &"broken_invariant"), ("message", message)]);
            }
            Self::Panic { message, place } => {
                object(out, &[("kind", &"panic"), ("message", message), ("place", place)]);
            }
        }
    }
}

impl Json for Place {
    fn json(&self, out: &mut String) {
        let fields: [(&str, &dyn Json); 3] =
            [("file", &self.file.as_path()), ("line", &self.line), ("column", &self.column)];
        object(out, &fields);
    }
}

impl Json for Step {
    fn json(&self, out: &mut String) {
        let thread: (&str, &dyn Json) = ("thread", &self.thread);
        object(
            out,
            &[thread, ("place", &self.place), ("text", &self.text), ("times", &self.times)],
        );
    }
}

impl Json for Waiting {
    fn json(&self, out: &mut String) {
        let thread: (&str, &dyn Json) = ("thread", &self.thread);
        object(
            out,
            &[thread, ("place", &self.place), ("text", &self.text), ("holder", &self.holder)],
        );
    }
}

impl Json for SourceLine {
    fn json(&self, out: &mut String) {
        object(out, &[("place", &self.place), ("text", &self.text)]);
    }
}

impl Json for Timeline {
    fn json(&self, out: &mut String) {
        object(out, &[("lanes", &self.lanes), ("stuck", &self.stuck)]);
    }
}

impl Json for Lane {
    fn json(&self, out: &mut String) {
        object(out, &[("name", &self.name), ("events", &self.events)]);
    }
}
