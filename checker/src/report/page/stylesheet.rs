//! How a verdict looks: a drawn mark, a tone, words.
//!
//! The marks are drawn and not taken from a font, so that they are the same everywhere, in print too.
//! Each has its own shape: nothing is said by colour alone.

use maud::{Markup, html};

use crate::verdict::Verdict;

/// What is shown for a verdict; `None` is an exercise that has not been judged.
pub(super) struct Look {
    /// Its name in the page, in links and in filters.
    pub name: &'static str,
    /// Which colours it has.
    pub tone: &'static str,
    /// Two or three words.
    pub words: &'static str,
    /// A sentence for the legend.
    pub meaning: &'static str,
    /// The mark's lines, on a square of 12.
    lines: &'static str,
}

/// Everything that can be shown, in the order of the legend.
pub(super) fn all() -> impl Iterator<Item = Option<Verdict>> {
    Verdict::ALL.into_iter().map(Some).chain([None])
}

/// How a verdict looks.
pub(super) fn look(verdict: Option<Verdict>) -> Look {
    let (name, tone, lines, meaning) = drawn(verdict);
    let words = verdict.map_or("not judged yet", Verdict::in_words);
    Look { name, tone, words, meaning, lines }
}

/// Name, tone, lines, meaning.
fn drawn(verdict: Option<Verdict>) -> (&'static str, &'static str, &'static str, &'static str) {
    let Some(verdict) = verdict else {
        let lines = "M6 2.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7";
        return ("open", "open", lines, "The machine failed or was interrupted; grade again.");
    };
    match verdict {
        Verdict::Passed => (
            "passed",
            "good",
            "M2 6.5 4.8 9.5 10 2.8",
            "Every test passes, and so does the experiment.",
        ),
        Verdict::NotStarted => {
            ("not_started", "none", "M4.5 6h3", "Not handed in, or still the stub.")
        }
        Verdict::TestsMissing => (
            "tests_missing",
            "alarm",
            "M2 10 2.8 7.2 8 2l2 2-5.2 5.2zM6.5 3.5l2 2",
            "A test file was edited or deleted.",
        ),
        Verdict::WorkbookEdited => (
            "workbook_edited",
            "alarm",
            "M2 10 2.8 7.2 8 2l2 2-5.2 5.2zM7 10h3",
            "Another given file was changed.",
        ),
        Verdict::DoesNotCompile => {
            ("does_not_compile", "bad", "M4 3 1.2 6 4 9M8 3l2.8 3L8 9", "The compiler refuses it.")
        }
        Verdict::Failed => ("failed", "bad", "M2.8 2.8 9.2 9.2M9.2 2.8 2.8 9.2", "A test says no."),
        Verdict::TimedOut => (
            "timed_out",
            "bad",
            "M6 1.8a4.2 4.2 0 1 0 0 8.4a4.2 4.2 0 1 0 0-8.4M6 3.8V6l1.8 1.2",
            "A test did not end before its deadline.",
        ),
        Verdict::Crashed => {
            ("crashed", "bad", "M7 1.2 3 6.6h3.2L5 10.8 9 5.4H5.8z", "A signal ended a test.")
        }
        Verdict::ExitedEarly => (
            "exited_early",
            "bad",
            "M5.5 2H2.5v8h3M5 6h5.5M8.3 3.8 10.5 6 8.3 8.2",
            "The process exited before its test had run to its end.",
        ),
        Verdict::TooMuchOutput => (
            "too_much_output",
            "bad",
            "M1.5 2.5h9M1.5 5h9M1.5 7.5h9M1.5 10h9",
            "It wrote without end.",
        ),
        Verdict::AttackedSupervisor => (
            "attacked_supervisor",
            "alarm",
            "M6 1.5 11 10.3H1zM6 4.8v2.6M6 8.6v.4",
            "A test killed or stopped its supervisor. Earns nothing.",
        ),
        Verdict::Forged => (
            "forged",
            "alarm",
            "M6 .8 11.2 6 6 11.2.8 6zM6 3.5v3M6 8.2v.4",
            "A test that must fail was reported as passed. Earns nothing.",
        ),
        Verdict::Leaked => (
            "leaked",
            "bad",
            "M6 1.3C8 4 9.3 5.6 9.3 7.4a3.3 3.3 0 0 1-6.6 0C2.7 5.6 4 4 6 1.3z",
            "A test left processes behind.",
        ),
        Verdict::OutputDiffers => (
            "output_differs",
            "bad",
            "M2 4.5h8M2 7.5h8M8 1.8 4 10.2",
            "The experiment prints something else than the reference's.",
        ),
        Verdict::Skipped => (
            "skipped",
            "open",
            "M2 2.8 5.2 6 2 9.2M6.2 2.8 9.4 6 6.2 9.2",
            "The machine lacks what the tests need. Open: grade on another one.",
        ),
        Verdict::Unjudged => (
            "unjudged",
            "open",
            "M3.8 4.2a2.2 2.2 0 1 1 3.2 2Q6 6.7 6 7.6M6 9.4v.4",
            "It cannot be judged as it was handed in. Open: a person has to look.",
        ),
    }
}

/// The mark alone; the words must stand beside it.
pub(super) fn mark(verdict: Option<Verdict>) -> Markup {
    let symbol = format!("#mark-{}", look(verdict).name);
    html! { svg class="mark" aria-hidden="true" { use href=(symbol) {} } }
}

/// All marks, drawn once for the page.
pub(super) fn symbols() -> Markup {
    html! {
        svg class="symbols" aria-hidden="true" {
            @for look in all().map(look) {
                symbol id=(format!("mark-{}", look.name)) viewBox="0 0 12 12" { path d=(look.lines) {} }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_a_name_and_a_mark_of_its_own() {
        for unique in [|look: Look| look.name, |look: Look| look.lines, |look: Look| look.meaning] {
            let mut all: Vec<&str> = all().map(look).map(unique).collect();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), Verdict::ALL.len() + 1);
        }
    }

    #[test]
    fn the_names_are_those_of_every_report() {
        for verdict in Verdict::ALL {
            let name = serde_json::to_value(verdict).unwrap();
            assert_eq!(name, look(Some(verdict)).name);
        }
    }
}
