//! What authors see: what was verified, how sound it is, which mutants survive.

use std::cmp::Reverse;

use crate::Exit;
use crate::findings::{Earned, Mutated, Soundness, Tally, Verified};
use crate::solutions::Kind;

use super::human::Human;
use super::text::{NAME_WIDTH, Paint, WIDTH, clean};

/// How wide the names of kinds are in the table of `verify`, and its numbers.
const KIND: usize = 16;
const CELL: usize = 5;

impl Human {
    pub(super) fn verified(&mut self, verified: &Verified<'_>) {
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
            let text = self.with_commands(&clean(problem));
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

    pub(super) fn verification(&mut self, verified: &[Verified<'_>], general: &[String], _: Exit) {
        for problem in general {
            self.line(&format!("{} {}", self.paint("✗", Paint::Bad), self.with_commands(problem)));
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

    pub(super) fn soundness(&mut self, soundness: &Soundness<'_>) {
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
            let text = self.with_commands(&clean(&text));
            self.lines(&text.lines().map(str::to_owned).collect::<Vec<_>>(), 4);
        }
    }

    pub(super) fn soundness_of_all(&mut self, all: &[Soundness<'_>], _: Exit) {
        let (passed, judged) = as_it_must_be(all.iter().flat_map(Soundness::right));
        let (caught, tried) = as_it_must_be(all.iter().flat_map(|one| &one.wrong));
        let (false_failures, escapes) = (judged - passed, tried - caught);
        self.line(&format!(
            "{false_failures} false failures in {judged} runs, {escapes} escapes in {tried} runs"
        ));
    }

    pub(super) fn mutated(&mut self, mutated: &Mutated<'_>) {
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
}

/// How many runs were as they must be, and how many there were.
fn as_it_must_be<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> (usize, usize) {
    tallies.into_iter().fold((0, 0), |(sound, runs), tally| {
        (sound + tally.runs - tally.unsound, runs + tally.runs)
    })
}
