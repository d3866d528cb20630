//! What an experiment's processes did, beside what the reference's did.

use std::path::Path;

use tracer::{Stuck, Timeline};

use crate::report::lanes::{self, Drawn};
use crate::report::text::{Paint, clean, wrap};
use crate::timeline::{Marks, Reference, Traced};

use super::Screen;
use super::words::heading;

impl Screen<'_> {
    pub(in crate::report) fn traced(&mut self, traced: &Traced<'_>, svg: Option<&Path>) {
        self.line(&self.paint(&heading(traced.exercise), Paint::Strong));
        self.line("");
        let (only_yours, only_reference) = traced.marks();
        self.timeline(&traced.yours, &only_yours, '+');
        self.line("");
        match &traced.reference {
            Reference::None(why) => {
                self.lines(
                    &wrap(&format!("These are yours alone: {why}."), self.style.text_width()),
                    0,
                );
            }
            Reference::Timeline(_) if only_yours.is_empty() && only_reference.is_empty() => {
                self.line("The reference's processes do the same.");
            }
            Reference::Timeline(reference) => {
                self.line("The reference's processes do something else:");
                self.line("");
                self.timeline(reference, &only_reference, '-');
                self.line("");
                self.line("+ only yours   - only the reference's");
                let note = "The difference is no error in itself: a close may come earlier or later. \
                            The numbers of pipes and of descriptors above 2 are not compared.";
                self.lines(&wrap(note, self.style.text_width()), 0);
            }
        }
        if let Some(file) = svg {
            self.line(&format!("\nThe picture is in {}.", clean(&file.display().to_string())));
        }
    }

    /// A timeline, and why it has no end.
    fn timeline(&mut self, timeline: &Timeline, marks: &Marks, sign: char) {
        let drawn = Drawn { width: self.style.width, colour: self.style.colour, sign };
        self.lines(&lanes::lines(timeline, marks, drawn), 0);
        if let Some(stuck) = &timeline.stuck {
            self.line("");
            self.lines(&wrap(&clean(&stuck_text(stuck)), self.style.text_width()), 0);
        }
        if let Some(what) = &timeline.too_much {
            self.line(&self.paint(&format!("\nIt was cut off: {what}."), Paint::Bad));
        }
    }
}

fn stuck_text(stuck: &Stuck) -> String {
    let what = if stuck.for_ever {
        "It is stuck: nothing can happen any more."
    } else {
        "It was still there, and was ended:"
    };
    format!("{what}\n{stuck}")
}
