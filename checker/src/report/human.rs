//! The report for a person: plain text at 80 columns, colour only on a terminal.

use std::cmp::Reverse;
use std::io::{IsTerminal, Write};
use std::path::Path;

use similar::{ChangeTag, TextDiff};
use tracer::{Stuck, Timeline};

use crate::event::{Event, Sink};
use crate::evidence::{Body, Evidence, Words};
use crate::findings::{
    Earned, ExerciseStatus, Finding, Mutated, Soundness, Tally, Verified, WorkbookStatus,
};
use crate::judge::EXPERIMENT;
use crate::solutions::Kind;
use crate::timeline::{Marks, Reference, Traced};
use crate::verdict::{Judgement, Outcome, Place, TestResult, Verdict};
use crate::workbook::Workbook;
use crate::workbook::curriculum::Exercise;
use crate::{Error, Exit};

use super::text::{NAME_WIDTH, Paint, WIDTH, bar, clean, fill, labelled, paint, wrap};
use super::{Format, NewReporter, Report, Reporter, lanes, output};

/// How wide the names of kinds are in the table of `verify`, and its numbers.
const KIND: usize = 16;
const CELL: usize = 5;

/// Its value of `--format`.
pub(super) const FORMAT: Format<NewReporter> = Format {
    name: "human",
    help: "For a person, at a terminal or not",
    makes: || Box::new(Human::on_stdout()),
};

/// Reports on standard output.
pub(super) struct Human {
    colour: bool,
    /// Whether lines can be taken back: standard output is a terminal.
    pub(super) live: bool,
    /// How this program was called, for commands that the reader may copy.
    program: String,
}

impl Human {
    pub(super) fn on_stdout() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            colour: terminal && !no_colour && !dumb,
            live: terminal && !dumb,
            program: std::env::args().next().unwrap_or_else(|| "checker".to_owned()),
        }
    }

    /// For a log that a program reads.
    pub(super) fn in_a_log() -> Self {
        Self { colour: false, live: false, ..Self::on_stdout() }
    }

    pub(super) fn line(&self, text: &str) {
        output::print(&format!("{text}\n"));
    }

    pub(super) fn lines(&self, lines: &[String], indent: usize) {
        for line in lines {
            self.line(format!("{:indent$}{line}", "").trim_end());
        }
    }

    /// A line that is gone when the next one comes.
    pub(super) fn transient(&self, text: &str) {
        if self.live {
            output::print(&format!("\r\x1b[K{}", paint(text, Paint::Faint, self.colour)));
            output::flush();
        }
    }

    pub(super) fn clear_transient(&self) {
        if self.live {
            output::print("\r\x1b[K");
            // What comes next may go to standard error.
            output::flush();
        }
    }

    pub(super) fn paint(&self, text: &str, colour: Paint) -> String {
        paint(text, colour, self.colour)
    }

    /// Commands in the texts of the core are written as `checker …`.
    pub(super) fn with_program(&self, text: &str) -> String {
        text.replace("`checker ", &format!("`{} ", self.program))
    }

    fn header(&self, workbook: &Workbook, statuses: &[ExerciseStatus<'_>]) {
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
        &self,
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
            let marks = in_part().map(|status| {
                let (mark, colour) = mark(status.judgement.verdict);
                self.paint(mark, colour)
            });
            let marks = marks.collect::<Vec<_>>().join(" ");
            self.line(&format!(" {} {:<width$}  {marks}", part.number, part.title));
            let is_of_next = next.is_some_and(|next| next.part == part.number);
            for status in in_part().filter(|status| is_of_next || is_wrong(status)) {
                self.status(status, next == Some(status.exercise.number));
            }
        }
    }

    fn status(&self, status: &ExerciseStatus<'_>, is_next: bool) {
        let (mark, colour) = mark(status.judgement.verdict);
        let state = status.judgement.in_words();
        let exercise = status.exercise;
        let arrow = if is_next { self.paint("▸", Paint::Strong) } else { " ".to_owned() };
        self.line(&format!(
            " {arrow} {} {:<4} {:<NAME_WIDTH$} {}",
            self.paint(mark, colour),
            exercise.number.to_string(),
            exercise.name,
            self.paint(&state, colour)
        ));
    }

    /// How many known-wrong solutions of each kind an exercise has; a dash where the kind does not apply, a dot where
    /// it was not tried.
    fn kinds(&self, verified: &[Verified<'_>]) {
        if verified.iter().all(|one| one.wrong.is_empty()) {
            return;
        }
        for some in verified.chunks((WIDTH - KIND) / CELL) {
            self.line("");
            let numbers =
                some.iter().map(|one| format!("{:>CELL$}", one.exercise.number.to_string()));
            self.line(&format!("{:KIND$}{}", "wrong by kind", numbers.collect::<String>()));
            for (kind, name) in Kind::ALL {
                let cells = some.iter().map(|one| match one.count_of(kind) {
                    0 if one.not_applicable.contains(&kind) => format!("{:>CELL$}", "–"),
                    0 => format!("{:>CELL$}", "·"),
                    count => format!("{count:>CELL$}"),
                });
                self.line(&format!("{name:KIND$}{}", cells.collect::<String>()));
            }
        }
    }

    /// What there is to say about one exercise that does not pass: what fails, why, where to go on. The
    /// evidence may be taller than the screen: what is to be done about it comes last.
    fn details(&self, status: &ExerciseStatus<'_>) {
        let exercise = status.exercise;
        let judgement = &status.judgement;
        self.heading(status);
        self.line("");
        match judgement.verdict {
            Verdict::NotStarted => {
                let begin =
                    "  Not started. Read the task, then write your code where the stub says todo!.";
                self.line(begin);
            }
            _ => {
                self.why(judgement);
                self.lines(&stage(status).map(|it| wrap(&it, WIDTH - 2)).unwrap_or_default(), 2);
            }
        }
        self.line("");
        let label = match judgement.verdict {
            // A given file, which is not the learner's to edit.
            Verdict::TestsMissing | Verdict::WorkbookEdited => "look",
            _ => "edit",
        };
        self.line(&format!("  {label}  {}", line_of(&status.line_to_open)));
        self.line(&format!("  read  exercises/{}/README.md", exercise.directory));
        let hints = format!("({} of {} given)", status.hints_given, status.hints);
        self.line(&format!("  hint  {} hint {}   {hints}", self.program, exercise.name));
        if is_about_processes(status) {
            let what = "(what its processes did)";
            self.line(&format!("  trace {} trace {}   {what}", self.program, exercise.name));
        }
    }

    fn heading(&self, status: &ExerciseStatus<'_>) {
        let (mark, colour) = mark(status.judgement.verdict);
        let heading = self.paint(&heading(status.exercise), Paint::Strong);
        self.line("");
        self.line(&format!("{} {heading}", self.paint(mark, colour)));
    }

    fn why(&self, judgement: &Judgement) {
        if let Some(evidence) = &judgement.evidence {
            self.words(&self.worded(evidence), 2);
        }
        let Some(test) = judgement.first_unpassed() else {
            return;
        };
        let mut words = test.evidence.as_ref().map_or_else(Words::default, |it| self.worded(it));
        // What is drawn may be taller than the screen: the words come last.
        if let Body::Columns(drawn) = &words.body {
            self.lines(&drawn.lines().map(str::to_owned).collect::<Vec<_>>(), 4);
            self.line("");
            words.body = Body::None;
        }
        if judgement.verdict == Verdict::Skipped {
            let is_skipped = |test: &&TestResult| test.outcome == Outcome::Skipped;
            for test in judgement.tests.iter().filter(is_skipped) {
                self.line(&format!("  {} {}", self.paint("-", Paint::Open), clean(&test.name)));
            }
        } else {
            self.line(&format!("  {} {}", self.paint("✗", Paint::Bad), clean(&test.name)));
        }
        self.words(&words, 4);
        if let Some(place) = &test.place {
            self.line(&format!("    at {}", at(place)));
        }
        self.line("");
        self.line(&format!("  {}", beside_the_first(&judgement.tests)));
    }

    /// Evidence in words that can be printed.
    fn worded(&self, evidence: &Evidence) -> Words {
        evidence.words().map(|text| self.with_program(&clean(text)))
    }

    fn words(&self, words: &Words, indent: usize) {
        for (label, text) in &words.paragraphs {
            self.lines(&labelled(*label, text, WIDTH - indent), indent);
        }
        match &words.body {
            Body::None => {}
            Body::Text(text) => self.lines(&wrap(text, WIDTH - indent), indent),
            Body::Columns(text) => {
                self.lines(&text.lines().map(str::to_owned).collect::<Vec<_>>(), indent);
            }
        }
    }

    /// A timeline, and why it has no end.
    fn timeline(&self, timeline: &Timeline, marks: &Marks, sign: char) {
        self.lines(&lanes::lines(timeline, marks, sign, self.colour), 0);
        if let Some(stuck) = &timeline.stuck {
            self.line("");
            self.lines(&wrap(&clean(&stuck_text(stuck)), WIDTH), 0);
        }
        if let Some(what) = &timeline.too_much {
            self.line(&self.paint(&format!("\nIt was cut off: {what}."), Paint::Bad));
        }
    }

    /// An exercise that passes, and where the README says what that means for the claim.
    fn passed(&self, status: &ExerciseStatus<'_>) {
        let is_test = |test: &&TestResult| test.target != EXPERIMENT;
        let tests = status.judgement.tests.iter().filter(is_test).count();
        self.heading(status);
        self.line("");
        let passed = "tests pass, and the experiment prints what the reference's prints.";
        self.lines(&wrap(&format!("All {tests} {passed}"), WIDTH - 2), 2);
        self.line("  The README's section Verdict says what that means for the claim.");
        self.line("");
        self.line(&format!("  verdict  {}", verdict_of_claim(status)));
        self.line(&format!("  compare  {} solution {}", self.program, status.exercise.name));
    }

    /// Where to go on after a pass.
    fn coming(&self, next: &ExerciseStatus<'_>) {
        self.line(&format!("  next     {}", self.paint(&heading(next.exercise), Paint::Strong)));
        self.line(&format!("  edit     {}", line_of(&next.line_to_open)));
        self.line(&format!("  read     exercises/{}/README.md", next.exercise.directory));
    }

    fn all_pass(&self, count: usize) {
        self.line("");
        let done = format!("All {count} exercises pass. The workshop is yours.");
        self.line(&self.paint(&done, Paint::Good));
    }

    /// What was asked for by name: first what passes, last what is next.
    fn named(&self, workbook: &Workbook, status: &WorkbookStatus<'_>) {
        let next = status.next.as_ref();
        let is_next = |status: &ExerciseStatus<'_>| {
            next.is_some_and(|next| next.exercise.number == status.exercise.number)
        };
        let (passes, mut open): (Vec<_>, Vec<_>) = status.asked.iter().partition(|s| has_passed(s));
        open.sort_by_key(|status| is_next(status));
        passes.iter().for_each(|status| self.passed(status));
        open.iter().for_each(|status| self.details(status));
        match next {
            _ if !open.is_empty() => {}
            Some(next) => self.coming(next),
            None => self.all_pass(workbook.curriculum.exercises.len()),
        }
    }
}

/// Whether it was begun and does not pass.
fn is_wrong(status: &ExerciseStatus<'_>) -> bool {
    !matches!(status.judgement.verdict, Verdict::Passed | Verdict::NotStarted)
}

fn line_of(place: &Place) -> String {
    clean(&format!("{}:{}", place.file.display(), place.line)).replace('\n', " ")
}

/// Where the README says what is true about the claim.
fn verdict_of_claim(status: &ExerciseStatus<'_>) -> String {
    let line = status.claim.map(|line| format!(":{line}")).unwrap_or_default();
    format!("exercises/{}/README.md{line}", status.exercise.directory)
}

/// Whether what fails can be seen in the timeline of the experiment.
fn is_about_processes(status: &ExerciseStatus<'_>) -> bool {
    let needs = &status.exercise.needs;
    let failed = status.judgement.first_unpassed().filter(|t| t.outcome != Outcome::Skipped);
    failed.is_some_and(|test| {
        needs.contains_key(&test.target) || (!needs.is_empty() && test.target == EXPERIMENT)
    })
}

fn stuck_text(stuck: &Stuck) -> String {
    let what = if stuck.for_ever {
        "It is stuck: nothing can happen any more."
    } else {
        "It was still there, and was ended:"
    };
    format!("{what}\n{stuck}")
}

fn has_passed(status: &ExerciseStatus<'_>) -> bool {
    status.judgement.verdict == Verdict::Passed
}

fn heading(exercise: &Exercise) -> String {
    format!("{} {}: {}", exercise.number, exercise.name, exercise.title)
}

fn at(place: &Place) -> String {
    clean(&place.to_string()).replace('\n', " ")
}

fn mark(verdict: Verdict) -> (&'static str, Paint) {
    match verdict {
        Verdict::Passed => ("✓", Paint::Good),
        Verdict::NotStarted => ("·", Paint::Faint),
        Verdict::Skipped => ("-", Paint::Open),
        _ => ("✗", Paint::Bad),
    }
}

/// The stage of the task that the shown test belongs to.
fn stage(status: &ExerciseStatus<'_>) -> Option<String> {
    let exercise = status.exercise;
    let test = status.judgement.first_unpassed().filter(|_| exercise.groups.len() > 1)?;
    let group = exercise.group_of(&test.target, &test.name)?;
    let (number, of, name) = (group + 1, exercise.groups.len(), &exercise.groups[group].name);
    Some(format!("Stage {number} of {of}: {name}."))
}

/// How the tests stand beside the one that does not pass and is shown.
fn beside_the_first(tests: &[TestResult]) -> String {
    let count = |is: fn(Outcome) -> bool| tests.iter().filter(|test| is(test.outcome)).count();
    let passed = count(|outcome| outcome == Outcome::Passed);
    let not_run = count(|outcome| outcome == Outcome::NotRun);
    // The shown one is a test that was run, if there is one.
    let others = (tests.len() - passed - not_run).saturating_sub(1);
    let do_not = match others {
        0 if not_run == 0 => Some("this is the only one that does not".to_owned()),
        0 => None,
        1 => Some("1 other does not".to_owned()),
        count => Some(format!("{count} others do not")),
    };
    let were_not = match not_run {
        0 => None,
        1 => Some("1 was not run".to_owned()),
        count => Some(format!("{count} were not run")),
    };
    let passed = format!("{passed} of {} tests pass", tests.len());
    let parts: Vec<String> = [Some(passed), do_not, were_not].into_iter().flatten().collect();
    format!("{}.", parts.join("; "))
}

/// How many runs were as they must be, and how many there were.
fn as_it_must_be<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> (usize, usize) {
    tallies.into_iter().fold((0, 0), |(sound, runs), tally| {
        (sound + tally.runs - tally.unsound, runs + tally.runs)
    })
}

impl Sink for Human {
    fn emit(&mut self, event: &Event<'_>) {
        match event {
            Event::Compiling { exercise } => {
                self.transient(&format!("compiling {} …", exercise.name));
            }
            Event::Running { exercise } => self.transient(&format!("testing {} …", exercise.name)),
            Event::Judged { .. } => self.clear_transient(),
            Event::Warning { text } => {
                self.clear_transient();
                let text = self.with_program(text);
                let lines = wrap(&format!("warning: {text}"), WIDTH);
                let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
            }
        }
    }
}

impl Reporter for Human {
    fn report(&mut self, report: Report<'_>) {
        match report {
            Report::Status { workbook, status, exit } => {
                self.status_of_workbook(workbook, status, exit)
            }
            Report::Claim { claim, in_full: true } => self.claim_in_full(claim),
            Report::Claim { claim, in_full: false } => self.claim_in_a_line(claim),
            Report::Claims { claims, .. } => self.claims(claims),
            Report::Machine(findings) => self.findings(findings),
            Report::Verified(verified) => self.verified(verified),
            Report::Verification { verified, general, exit } => {
                self.verification(verified, general, exit)
            }
            Report::Timeline { traced, svg } => self.traced(traced, svg),
            Report::Soundness(soundness) => self.soundness(soundness),
            Report::SoundnessOfAll { all, exit } => self.soundness_of_all(all, exit),
            Report::Mutated(mutated) => self.mutated(mutated),
            #[cfg(feature = "grade")]
            Report::Grading(report) => self.grading(&report),
            Report::Document(text) => self.document(text),
            Report::Note(text) => self.note(text),
            Report::Markdown(text) => self.markdown(text),
            Report::SideBySide { yours, reference } => self.side_by_side(yours, reference),
            Report::Error(error) => self.error(error),
        }
    }
}

impl Human {
    fn status_of_workbook(&mut self, workbook: &Workbook, status: &WorkbookStatus<'_>, _: Exit) {
        self.clear_transient();
        if !status.all {
            self.named(workbook, status);
            return;
        }
        let (asked, next) = (&status.asked, status.next.as_ref());
        self.header(workbook, asked);
        self.parts(workbook, asked, next);
        let new: Vec<&ExerciseStatus<'_>> = asked.iter().filter(|it| it.is_new_pass).collect();
        match next {
            // The lesson comes last, beside which a pass is one line.
            Some(next) if is_wrong(next) && !new.is_empty() => {
                self.line("");
                for pass in new {
                    let mark = self.paint("✓", Paint::Good);
                    self.line(&format!("{mark} {} passes. Its verdict:", pass.exercise.name));
                    self.line(&format!("  {}", verdict_of_claim(pass)));
                }
                self.details(next);
            }
            Some(next) if new.is_empty() => self.details(next),
            Some(next) => {
                new.iter().for_each(|pass| self.passed(pass));
                self.coming(next);
            }
            None => {
                new.iter().for_each(|pass| self.passed(pass));
                self.all_pass(asked.len());
            }
        }
    }

    fn findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            let (mark, colour) = match &finding.shortfall {
                None => ("✓", Paint::Good),
                Some(short) if short.fatal => ("✗", Paint::Bad),
                Some(_) => ("-", Paint::Open),
            };
            let mark = self.paint(mark, colour);
            self.line(&format!("{mark} {:<11} {}", finding.name, clean(&finding.found)));
            if let Some(short) = &finding.shortfall {
                self.lines(&wrap(&format!("lost:   {}", short.lost), WIDTH - 14), 14);
                self.lines(&wrap(&format!("remedy: {}", short.remedy), WIDTH - 14), 14);
            }
        }
    }

    fn verified(&mut self, verified: &Verified<'_>) {
        let (mark, colour) =
            if verified.problems.is_empty() { ("✓", Paint::Good) } else { ("✗", Paint::Bad) };
        let caught = verified.wrong.iter().filter(|wrong| wrong.caught_by.is_some()).count();
        let right = verified.alternatives.iter().filter(|it| it.passes).count();
        let others = match verified.alternatives.len() {
            0 => String::new(),
            tried => format!(", alternatives {right}/{tried}"),
        };
        let wrong = match verified.wrong.len() {
            0 => "no wrong one tried".to_owned(),
            tried => format!("wrong caught {caught}/{tried}"),
        };
        let nothing = match verified.degenerate.len() {
            0 => String::new(),
            tried => {
                let caught = verified.degenerate.iter().filter(|it| it.passing.is_empty()).count();
                format!(", degenerate caught {caught}/{tried}")
            }
        };
        self.line(&format!(
            "{} {:<4} {:<NAME_WIDTH$} stub fails {}/{}, solution passes {}{others}, {wrong}{nothing}",
            self.paint(mark, colour),
            verified.exercise.number.to_string(),
            verified.exercise.name,
            verified.stub.0,
            verified.stub.1,
            verified.solution
        ));
        for problem in &verified.problems {
            let text = self.with_program(&clean(problem));
            self.lines(&text.lines().map(str::to_owned).collect::<Vec<_>>(), 4);
        }
        let earn = verified.wrong.iter().filter_map(|wrong| Some((wrong.earned?, &wrong.name)));
        let mut earn: Vec<(Earned, &String)> = earn.collect();
        earn.sort_by_key(|(earned, _)| Reverse(earned.hundredths));
        for (earned, name) in earn {
            self.line(&format!("    {:>12}  {name}", earned.to_string()));
        }
    }

    /// Which known-wrong solutions earn more than two thirds, if that was asked.
    fn much(&mut self, verified: &[Verified<'_>]) {
        let all = || {
            let of = |one: &'_ Verified<'_>| one.exercise.name.clone();
            let wrong =
                verified.iter().flat_map(move |one| one.wrong.iter().map(move |it| (of(one), it)));
            wrong.filter_map(|(exercise, wrong)| Some((exercise, &wrong.name, wrong.earned?)))
        };
        let much: Vec<String> = all()
            .filter(|(.., earned)| earned.is_much())
            .map(|(exercise, name, earned)| format!("{exercise}/{name} ({earned})"))
            .collect();
        if all().next().is_some() {
            let count = all().count();
            self.line("");
            self.line(&format!(
                "{} of {count} wrong solutions earn more than two thirds",
                much.len()
            ));
            self.lines(&much, 4);
        }
    }

    fn verification(&mut self, verified: &[Verified<'_>], general: &[String], _: Exit) {
        for problem in general {
            self.line(&format!("{} {}", self.paint("✗", Paint::Bad), self.with_program(problem)));
        }
        let clean = verified.iter().filter(|one| one.problems.is_empty()).count();
        let wrong = || verified.iter().flat_map(|one| &one.wrong);
        let caught = wrong().filter(|wrong| wrong.caught_by.is_some()).count();
        self.line(&format!(
            "{clean} of {} exercises verified, {caught} of {} wrong solutions caught",
            verified.len(),
            wrong().count()
        ));
        self.kinds(verified);
        self.much(verified);
    }

    fn traced(&mut self, traced: &Traced<'_>, svg: Option<&Path>) {
        self.clear_transient();
        self.line(&self.paint(&heading(traced.exercise), Paint::Strong));
        self.line("");
        let (only_yours, only_reference) = traced.marks();
        self.timeline(&traced.yours, &only_yours, '+');
        self.line("");
        match &traced.reference {
            Reference::None(why) => {
                self.lines(&wrap(&format!("These are yours alone: {why}."), WIDTH), 0);
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
                self.lines(&wrap(note, WIDTH), 0);
            }
        }
        if let Some(file) = svg {
            self.line(&format!("\nThe picture is in {}.", clean(&file.display().to_string())));
        }
    }

    fn soundness(&mut self, soundness: &Soundness<'_>) {
        let sound = soundness.tallies().all(|tally| tally.unsound == 0);
        let (mark, colour) = if sound { ("✓", Paint::Good) } else { ("✗", Paint::Bad) };
        let (caught, tried) = as_it_must_be(&soundness.wrong);
        self.line(&format!(
            "{} {:<4} {:<NAME_WIDTH$} solution passes {}/{}, {} wrong ones caught {caught}/{tried}",
            self.paint(mark, colour),
            soundness.exercise.number.to_string(),
            soundness.exercise.name,
            soundness.solution.runs - soundness.solution.unsound,
            soundness.solution.runs,
            soundness.wrong.len(),
        ));
        for tally in soundness.tallies() {
            let Some(first) = &tally.first else { continue };
            let Tally { name, runs, unsound, .. } = tally;
            let text = format!("{name}: {unsound} of {runs} runs; the first is {first}");
            let text = self.with_program(&clean(&text));
            self.lines(&text.lines().map(str::to_owned).collect::<Vec<_>>(), 4);
        }
    }

    fn soundness_of_all(&mut self, all: &[Soundness<'_>], _: Exit) {
        let (passed, judged) = as_it_must_be(all.iter().flat_map(Soundness::right));
        let (caught, tried) = as_it_must_be(all.iter().flat_map(|one| &one.wrong));
        let (false_failures, escapes) = (judged - passed, tried - caught);
        self.line(&format!(
            "{false_failures} false failures in {judged} runs, {escapes} escapes in {tried} runs"
        ));
    }

    fn mutated(&mut self, mutated: &Mutated<'_>) {
        let (mark, colour) =
            if mutated.problems() == 0 { ("✓", Paint::Good) } else { ("✗", Paint::Bad) };
        let survivors = mutated.survivors.len();
        self.line(&format!(
            "{} {:<4} {:<NAME_WIDTH$} mutants {}: {} caught, {} never end, {survivors} survive ({} listed), {} do \
             not compile",
            self.paint(mark, colour),
            mutated.exercise.number.to_string(),
            mutated.exercise.name,
            mutated.operators.in_words(),
            mutated.killed,
            mutated.endless,
            survivors - mutated.unlisted().count(),
            mutated.not_compiled,
        ));
        for survivor in mutated.unlisted() {
            let text = format!(
                "survives and is not listed: {} | {} (line {})",
                survivor.mutant, survivor.text, survivor.line
            );
            self.lines(&[clean(&text)], 4);
        }
        for gone in &mutated.gone {
            self.lines(&[clean(&format!("listed and no survivor: {gone}"))], 4);
        }
    }

    fn document(&mut self, text: &str) {
        self.clear_transient();
        output::print(text);
        output::flush();
    }

    fn note(&mut self, text: &str) {
        self.clear_transient();
        self.line(&self.with_program(&clean(text)));
    }

    fn markdown(&mut self, text: &str) {
        self.clear_transient();
        self.lines(&fill(&self.with_program(&clean(text)), WIDTH), 0);
    }

    fn side_by_side(&mut self, yours: (&str, &str), reference: (&str, &str)) {
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

    fn error(&mut self, error: &Error) {
        self.clear_transient();
        let text = self.with_program(&clean(&error.to_string()));
        let label = if matches!(error, Error::Interrupted) { "" } else { "error: " };
        let lines = wrap(&format!("{label}{text}"), WIDTH);
        let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_was_not_run_is_not_said_to_fail() {
        let beside = |outcomes: &[(Outcome, usize)]| {
            let test = |outcome| TestResult {
                name: "a".into(),
                target: "t".into(),
                outcome,
                evidence: None,
                place: None,
            };
            let tests = outcomes.iter().flat_map(|&(outcome, count)| vec![test(outcome); count]);
            beside_the_first(&tests.collect::<Vec<_>>())
        };
        use Outcome::{Failed, NotRun, Passed, TimedOut};
        for (outcomes, said) in [
            (
                vec![(Passed, 2), (Failed, 1)],
                "2 of 3 tests pass; this is the only one that does not.",
            ),
            (vec![(Passed, 1), (Failed, 2)], "1 of 3 tests pass; 1 other does not."),
            (vec![(Failed, 4)], "0 of 4 tests pass; 3 others do not."),
            (vec![(Failed, 1), (NotRun, 1)], "0 of 2 tests pass; 1 was not run."),
            (
                vec![(Passed, 11), (TimedOut, 2), (NotRun, 33)],
                "11 of 46 tests pass; 1 other does not; 33 were not run.",
            ),
        ] {
            assert_eq!(beside(&outcomes), said);
        }
    }
}
