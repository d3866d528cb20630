//! How the exercises stand: the progress bar, and the parts.

use crate::findings::{ExerciseStatus, WorkbookStatus};
use crate::report::text::{NAME_WIDTH, Paint, bar};
use crate::workbook::Workbook;
use crate::workbook::curriculum::Part;

use super::Screen;
use super::fold::{Instead, Rank};
use super::words::{has_passed, is_wrong, mark};

impl Screen<'_> {
    /// How the asked exercises stand, and what is next.
    pub(in crate::report) fn status_of_workbook(
        &mut self,
        workbook: &Workbook,
        status: &WorkbookStatus<'_>,
    ) {
        self.root = Some(workbook.root.clone());
        if !status.all {
            self.named(workbook, status);
            return;
        }
        let (asked, next) = (&status.asked, status.next.as_ref());
        self.header(workbook, asked);
        let part = next.and_then(|next| {
            let is_of_next = |part: &&Part| part.number == next.exercise.number.part;
            workbook.curriculum.parts.iter().find(is_of_next)
        });
        // Of all the parts, that of the next one.
        let short = part.map(|part| self.part(part, part.title.chars().count(), asked));
        self.folding(Rank::Others, Instead::Lines(short.into_iter().collect()), |screen| {
            screen.parts(workbook, asked, next);
        });
        let new: Vec<&ExerciseStatus<'_>> = asked.iter().filter(|it| it.is_new_pass).collect();
        match next {
            // The lesson comes last, beside which a pass is one line.
            Some(next) if is_wrong(next) && !new.is_empty() => {
                self.line("");
                for pass in new {
                    self.line(&self.pass(pass));
                    self.line(&format!("  {}", self.verdict_of_claim(pass)));
                }
                self.details(next);
            }
            Some(next) if new.is_empty() => self.details(next),
            Some(next) => {
                self.passes(&new);
                self.coming(next);
            }
            None => {
                self.passes(&new);
                self.all_pass(asked.len());
            }
        }
    }

    fn header(&mut self, workbook: &Workbook, statuses: &[ExerciseStatus<'_>]) {
        let passed = statuses.iter().filter(|s| has_passed(s)).count();
        let total = statuses.len();
        let (filled, rest) = bar(passed, total);
        let bar = self.paint(&filled, Paint::Good) + &self.paint(&rest, Paint::Faint);
        let title = &workbook.curriculum.title;
        self.line(&format!(
            "{}  {bar}  {passed} of {total} pass",
            self.paint(title, Paint::Strong)
        ));
    }

    /// A line for each part with a mark for each exercise; in full only the part of the next one, and what
    /// was begun and does not pass.
    fn parts(
        &mut self,
        workbook: &Workbook,
        statuses: &[ExerciseStatus<'_>],
        next: Option<&ExerciseStatus<'_>>,
    ) {
        let parts = &workbook.curriculum.parts;
        let width = parts.iter().map(|part| part.title.chars().count()).max().unwrap_or(0);
        let next = next.map(|next| next.exercise.number);
        self.line("");
        for part in parts {
            let in_part = || statuses.iter().filter(|s| s.exercise.number.part == part.number);
            if in_part().next().is_none() {
                continue;
            }
            let is_of_next = next.is_some_and(|next| next.part == part.number);
            self.folding_but_for(is_of_next, Vec::new(), |screen| {
                screen.line(&screen.part(part, width, statuses));
                for status in in_part().filter(|status| is_of_next || is_wrong(status)) {
                    screen.line(&screen.row(status, next == Some(status.exercise.number)));
                }
            });
        }
    }

    /// A part's title, and a mark for each of its exercises.
    fn part(&self, part: &Part, width: usize, statuses: &[ExerciseStatus<'_>]) -> String {
        let in_part = statuses.iter().filter(|it| it.exercise.number.part == part.number);
        let marks = in_part.map(|status| {
            let (mark, colour) = mark(status.judgement.verdict);
            self.paint(mark, colour)
        });
        let marks = marks.collect::<Vec<_>>().join(" ");
        format!(" {} {:<width$}  {marks}", part.number, part.title)
    }

    /// What passes; with several, the others give way to the last one.
    fn passes(&mut self, passes: &[&ExerciseStatus<'_>]) {
        for (nth, status) in passes.iter().enumerate() {
            let short = vec![self.pass(status)];
            let is_last = nth + 1 == passes.len();
            self.folding_but_for(is_last, short, |screen| screen.passed(status));
        }
    }

    /// Lets what is written give way, unless it is to stay.
    fn folding_but_for(&mut self, stays: bool, short: Vec<String>, write: impl FnOnce(&mut Self)) {
        if stays {
            write(self);
        } else {
            self.folding(Rank::Others, Instead::Lines(short), write);
        }
    }

    fn row(&self, status: &ExerciseStatus<'_>, is_next: bool) -> String {
        let (mark, colour) = mark(status.judgement.verdict);
        let state = status.judgement.in_words();
        let exercise = status.exercise;
        let arrow = if is_next { self.paint("▸", Paint::Strong) } else { " ".to_owned() };
        format!(
            " {arrow} {} {:<4} {:<NAME_WIDTH$} {}",
            self.paint(mark, colour),
            exercise.number.to_string(),
            exercise.name,
            self.paint(&state, colour)
        )
    }

    /// What was asked for by name: first what passes, last what is next. Of several a row for each, and more only
    /// of what has just passed or does not pass.
    fn named(&mut self, workbook: &Workbook, status: &WorkbookStatus<'_>) {
        let next = status.next.as_ref();
        let is_next = |status: &ExerciseStatus<'_>| {
            next.is_some_and(|next| next.exercise.number == status.exercise.number)
        };
        let (mut passes, mut open): (Vec<_>, Vec<_>) =
            status.asked.iter().partition(|s| has_passed(s));
        open.sort_by_key(|status| is_next(status));
        let is_all_passed = open.is_empty();
        if status.asked.len() > 1 {
            for one in &status.asked {
                self.line(&self.row(one, is_next(one)));
            }
            passes.retain(|pass| pass.is_new_pass);
            let last = open.last().copied();
            open.retain(|it| is_wrong(it) || last.is_some_and(|last| std::ptr::eq(*it, last)));
        }
        self.passes(&passes);
        let last = open.last().map(|status| status.exercise.number);
        for status in &open {
            let is_last = last == Some(status.exercise.number);
            // Its row stands above.
            self.folding_but_for(is_last, Vec::new(), |screen| screen.details(status));
        }
        match next {
            _ if !is_all_passed => {}
            Some(next) => self.coming(next),
            None => self.all_pass(workbook.curriculum.exercises.len()),
        }
    }
}
