//! Two files, and what differs.

use similar::{ChangeTag, TextDiff};

use crate::report::text::{Paint, clean};

use super::Screen;

impl Screen<'_> {
    pub(in crate::report) fn side_by_side(&mut self, yours: (&str, &str), reference: (&str, &str)) {
        self.line(&self.paint(&format!("- {}", yours.0), Paint::Bad));
        self.line(&self.paint(&format!("+ {}", reference.0), Paint::Good));
        self.line("");
        let diff = TextDiff::from_lines(yours.1, reference.1);
        for change in diff.iter_all_changes() {
            let (sign, colour) = match change.tag() {
                ChangeTag::Delete => ("-", Some(Paint::Bad)),
                ChangeTag::Insert => ("+", Some(Paint::Good)),
                ChangeTag::Equal => (" ", None),
            };
            let line = format!("{sign} {}", clean(change.value().trim_end_matches('\n')));
            self.line(&colour.map_or(line.clone(), |colour| self.paint(&line, colour)));
        }
    }
}
