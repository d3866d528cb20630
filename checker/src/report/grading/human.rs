//! What a person sees of a grading: how far it is, and the gradebook.

use std::path::{Path, PathBuf};

use super::GradingReport;
use super::open::what_is_open;
use crate::Error;
use crate::grade::gradebook::{Alike, Gradebook, Line};
use crate::grade::grading::{Progress, Unit};
use crate::grade::intake::Intake;
use crate::grade::points::Points;
use crate::report::human::Human;
use crate::report::text::{Paint, WIDTH, bar, clean, wrap};
use crate::verdict::Judgement;

/// The most students that are listed; the others are in the file.
const LISTED: usize = 50;

/// The most groups of submissions that are alike and are listed.
const ALIKE: usize = 10;

impl Human {
    pub(in crate::report) fn grading(&self, report: &GradingReport<'_>) {
        match *report {
            GradingReport::Intake { intakes, curriculum } => {
                self.show_intakes(intakes, curriculum.exercises.len());
            }
            GradingReport::Graded(progress) => self.show_progress(progress),
            GradingReport::Gradebook { gradebook, path } => self.show_gradebook(gradebook, path),
        }
    }

    /// A bar with rate and time left on a terminal, lines otherwise.
    fn show_progress(&self, progress: &Progress<'_>) {
        match *progress {
            Progress::Prepares => self.transient("building what all submissions need …"),
            Progress::Begins { total } => self.show_bar(0, total, ""),
            Progress::Ended { unit, result, done, total, elapsed } => {
                self.show_result(unit, result, done, total);
                let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
                let left = in_words((total - done) as f64 / rate);
                let rate = rate * 60.0;
                self.show_bar(done, total, &format!("  {rate:.0} a minute, {left} left"));
            }
        }
    }

    fn show_bar(&self, done: usize, total: usize, text: &str) {
        let (filled, rest) = bar(done, total);
        self.transient(&format!("{filled}{rest} {done}/{total}{text}"));
    }

    /// What has to be said of a unit: on a terminal only that the machine failed.
    fn show_result(
        &self,
        unit: Unit<'_>,
        result: &Result<Judgement, Error>,
        done: usize,
        total: usize,
    ) {
        let (student, exercise) = (clean(unit.student), &unit.exercise.name);
        match result {
            Err(error) => {
                self.clear_transient();
                let open = self.paint("open", Paint::Open);
                self.line(&format!("{open} {student} {exercise}: {error}"));
            }
            Ok(_) if self.live => {}
            Ok(judgement) => {
                let verdict = judgement.verdict.in_words();
                self.line(&format!("{done}/{total} {student} {exercise} {verdict}"));
            }
        }
    }

    /// A line for each student: what was found where. Below it, what a person should know.
    fn show_intakes(&self, intakes: &[Intake], exercises: usize) {
        for intake in intakes {
            self.line(&format!(
                "{:<24} {:>2} of {exercises} begun  {}",
                clean(&intake.submission.student),
                intake.work.len(),
                clean(&place_of(intake)).trim_end()
            ));
            let unreadable = intake.taken.as_ref().err().map(|why| why.0.clone());
            let unjudged = intake.taken.as_ref().ok().into_iter().flat_map(|it| &it.unjudged);
            let reasons = unjudged.flat_map(|(exercise, reasons)| {
                reasons.iter().map(move |reason| format!("{exercise}: {reason}"))
            });
            for open in unreadable.into_iter().chain(reasons) {
                self.detail(&format!("{} {}", self.paint("open", Paint::Open), clean(&open)));
            }
            for remark in &intake.remarks {
                self.detail(&clean(&remark.to_string()));
            }
            let notes = intake.taken.as_ref().map_or(0, |taken| taken.notes.len());
            if notes > 0 {
                self.detail(&no_effect(notes));
            }
        }
        let open = intakes.iter().filter(|intake| intake.taken.is_err()).count();
        self.line(&format!(
            "{}, {open} of them cannot be read",
            count(intakes.len(), "submission")
        ));
    }

    fn detail(&self, text: &str) {
        self.lines(&wrap(text, WIDTH - 4), 4);
    }

    fn show_gradebook(&self, gradebook: &Gradebook<'_>, path: Option<&Path>) {
        self.clear_transient();
        let maximum = gradebook.worth_of_all();
        for line in gradebook.lines.iter().take(LISTED) {
            self.line(&self.line_of(line, gradebook.exercises.len(), &maximum.to_string()));
        }
        if let Some(more) = gradebook.lines.len().checked_sub(LISTED).filter(|more| *more > 0) {
            self.line(&format!("… and {more} more"));
        }
        for text in what_is_open(gradebook) {
            self.line(&format!("{} {text}", self.paint("open", Paint::Open)));
        }
        self.show_what_to_look_at(gradebook);
        if let Some(path) = path {
            self.line(&format!("The gradebook is in {}.", path.display()));
        }
    }

    /// The flags in one line, and what held.
    fn show_what_to_look_at(&self, gradebook: &Gradebook<'_>) {
        let flags = gradebook.flags();
        if flags > 0 {
            let students = gradebook.lines.iter().filter(|it| it.flags().next().is_some()).count();
            let (flags, students) = (count(flags, "flag"), count(students, "submission"));
            self.line(&format!(
                "{} {flags} in {students}; `checker report DIR --format html` lists them",
                self.paint("to look at", Paint::Open)
            ));
        }
        let alike = gradebook.alike();
        for Alike { exercise, students } in alike.iter().take(ALIKE) {
            let students: Vec<String> = students.iter().map(|student| clean(student)).collect();
            self.line(&format!(
                "{} {exercise}: the same but for comments and spaces: {}",
                self.paint("to look at", Paint::Open),
                students.join(", ")
            ));
        }
        if alike.len() > ALIKE {
            let more = alike.len() - ALIKE;
            self.line(&format!("… and {more} more; `checker report DIR --format html` lists them"));
        }
        let isolation = gradebook.isolation();
        for (layers, results) in &isolation {
            let whose = match isolation.len() {
                1 => "Isolation".to_owned(),
                _ => format!("Isolation of {results} results"),
            };
            self.line(&format!("{whose}: {}", layers.held_in_words()));
            if !layers.missing.is_empty() {
                let missing = clean(&layers.missing_in_words());
                self.line(&format!("  {} {missing}", self.paint("missing:", Paint::Open)));
            }
        }
        if isolation.len() > 1 {
            self.line(&format!(
                "{} not all results were found out behind the same layers",
                self.paint("warning", Paint::Open)
            ));
        }
    }

    fn line_of(&self, line: &Line<'_>, exercises: usize, maximum: &str) -> String {
        let student = clean(&line.stored.submission.student);
        let mut text = format!(
            "{student:<24} {:>7} of {maximum}  {} of {exercises} pass",
            line.total_in_words(),
            line.passed()
        );
        if line.open() > 0 {
            text.push_str(&format!("  {} open", line.open()));
        }
        if line.bonus() > Points::default() {
            text.push_str(&format!("  {} of it a bonus", line.bonus()));
        }
        if line.late_percent > 0 {
            text.push_str(&format!("  {} % off for lateness", line.late_percent));
        }
        if let Some(why) = &line.stored.unreadable {
            text.push_str(&format!("  {}", self.paint(&clean(why), Paint::Bad)));
        } else if !line.stored.notes.is_empty() {
            text.push_str(&format!("  {}", no_effect(line.stored.notes.len())));
        }
        text
    }
}

/// Where an upload lies, and its exercises in it.
fn place_of(intake: &Intake) -> String {
    let origin = &intake.submission.origin;
    let tree = intake.tree.as_deref().map(Path::new);
    // In an archive of the class, the tree's path begins with the student's directory, too.
    let below = |tree: &'_ Path| -> PathBuf {
        let own = origin.file_name().and_then(|name| tree.strip_prefix(name).ok());
        own.unwrap_or(tree).to_owned()
    };
    match tree {
        None => origin.display().to_string(),
        Some(tree) if tree == Path::new(".") => origin.display().to_string(),
        Some(tree) => format!("{}: {}", origin.display(), below(tree).display()),
    }
}

/// How many files differ from what was given.
fn no_effect(files: usize) -> String {
    match files {
        1 => "1 file has no effect".to_owned(),
        files => format!("{files} files have no effect"),
    }
}

/// `50 s`, `3 min`, `2 h 5 min`.
fn in_words(seconds: f64) -> String {
    let minutes = (seconds / 60.0).ceil() as u64;
    match minutes {
        _ if seconds < 100.0 => format!("{seconds:.0} s"),
        0..=99 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// `1 flag`, `2 flags`.
fn count(number: usize, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}
