//! The claims of the lecture notes for a person: one line each, or one in full.

use crate::findings::{ClaimFound, Seen, Trial, Whose};
use crate::verdict::Verdict;
use crate::workbook::curriculum::{Claim, ClaimVerdict, SHORT};

use super::human::Human;
use super::text::{Paint, WIDTH, clean, wrap};

/// The columns before the claim in short: its name and a mark, the exercise's number, the verdict.
const BEFORE: usize = 5 + 5 + 12;

/// What is left of a line for the evidence.
const EVIDENCE: usize = WIDTH - BEFORE - SHORT - 1;

impl Human {
    /// `C1   1.1  with limits 2^32 bytes a process   addresses of 47 bits`.
    pub(super) fn claim_in_a_line(&self, found: &ClaimFound<'_>) {
        self.clear_transient();
        let speaker = found.speaker();
        let (mark, evidence, colour) = match speaker {
            None => (' ', "no exercise tries it yet".to_owned(), Paint::Faint),
            Some(trial) => in_a_line(trial),
        };
        let number = speaker.map(|trial| trial.exercise.number.to_string()).unwrap_or_default();
        let name = format!("{}{mark}", found.claim.name);
        let verdict = verdict_in_short(found.claim);
        self.line(&format!(
            "{name:<5}{number:<5}{verdict:<12}{:<SHORT$} {}",
            found.claim.short,
            self.paint(&evidence, colour)
        ));
    }

    /// What the marks of the lines mean, and what to do about them.
    pub(super) fn claims(&self, claims: &[ClaimFound<'_>]) {
        let [_, _, ..] = claims else { return };
        let seen = || claims.iter().filter_map(|claim| claim.speaker()).map(|trial| &trial.seen);
        let is_reference = |seen: &Seen| matches!(seen, Seen::Evidence { whose, .. } if *whose == Whose::Reference);
        let mut notes = Vec::new();
        if seen().any(is_reference) {
            notes.push("* The reference's evidence: solve the exercise, and it is yours.");
        }
        if seen().any(|it| matches!(it, Seen::Failed { .. } | Seen::NotMeasured { .. })) {
            notes.push("! There is no evidence: `checker claims NUMBER` says why.");
        }
        notes.push("A claim in full, with its evidence and sources: `checker claims 1`");
        for note in notes {
            for line in wrap(&self.with_commands(note), WIDTH) {
                self.line(&self.paint(&line, Paint::Faint));
            }
        }
    }

    /// A claim with everything that is known of it.
    pub(super) fn claim_in_full(&self, found: &ClaimFound<'_>) {
        self.clear_transient();
        let verdict = match found.claim.verdict {
            Some(verdict) => verdict.to_string(),
            None => "no exercise tries it yet".to_owned(),
        };
        let heading = format!("{}: {verdict}", found.claim.name);
        self.line(&self.paint(&heading, Paint::Strong));
        self.line("");
        self.lines(&wrap(&found.claim.says, WIDTH - 2), 2);
        for trial in &found.trials {
            self.line("");
            self.trial(trial);
        }
    }

    fn trial(&self, trial: &Trial<'_>) {
        let (name, number) = (&trial.exercise.name, trial.exercise.number);
        let state = trial.verdict.map_or("not checked since it changed", Verdict::in_words);
        self.line(&self.paint(&format!("{number} {name}: {state}"), Paint::Strong));
        let mut rows = Vec::new();
        match &trial.seen {
            Seen::Evidence { lines, whose, command } => {
                rows.extend(lines.iter().map(|line| ("evidence", clean(line))));
                rows.push(("of", of(*whose).to_owned()));
                rows.push(("command", command.clone()));
            }
            Seen::NotMeasured { why, whose } => {
                rows.push(("evidence", format!("not measured on this machine: {}", clean(why))));
                rows.push(("of", of(*whose).to_owned()));
            }
            Seen::Failed { why, whose } => {
                rows.push(("evidence", format!("none: {}", clean(why))));
                rows.push(("of", of(*whose).to_owned()));
            }
            Seen::Locked => rows.push((
                "evidence",
                format!(
                    "solve `{name}` to see it: this copy of the workbook has no solution of it"
                ),
            )),
            Seen::NotRun => {}
        }
        rows.push(("verdict", trial.told_at.clone()));
        for (label, text) in rows {
            for (index, line) in wrap(&text, WIDTH - 12).iter().enumerate() {
                let label = if index == 0 { label } else { "" };
                self.line(&format!("  {label:<10}{line}"));
            }
        }
    }
}

fn of(whose: Whose) -> &'static str {
    match whose {
        Whose::Yours => "your code",
        Whose::Reference => "the reference solution",
    }
}

/// Mark and evidence of a line. A line that is too long loses its beginning: what was counted stands at its end.
fn in_a_line(trial: &Trial<'_>) -> (char, String, Paint) {
    let (mark, text, colour) = match &trial.seen {
        Seen::Evidence { lines, whose, .. } => {
            let mark = if *whose == Whose::Reference { '*' } else { ' ' };
            return (mark, end_of(&clean(&lines[0])), Paint::Good);
        }
        Seen::NotMeasured { why, .. } => ('!', format!("not measured: {why}"), Paint::Open),
        Seen::Failed { .. } => ('!', "its experiment fails".to_owned(), Paint::Bad),
        Seen::Locked => (' ', format!("unlocked by {}", trial.exercise.name), Paint::Faint),
        Seen::NotRun => (' ', String::new(), Paint::Faint),
    };
    let text: String = clean(&text).chars().take(EVIDENCE).collect();
    (mark, text, colour)
}

fn end_of(text: &str) -> String {
    let length = text.chars().count();
    if length <= EVIDENCE {
        return text.to_owned();
    }
    let end: String = text.chars().skip(length - (EVIDENCE - 1)).collect();
    format!("…{end}")
}

fn verdict_in_short(claim: &Claim) -> &'static str {
    match claim.verdict {
        Some(ClaimVerdict::Holds) => "holds",
        Some(ClaimVerdict::HoldsWithLimits) => "with limits",
        Some(ClaimVerdict::HalfWrong) => "half wrong",
        Some(ClaimVerdict::Wrong) => "wrong",
        Some(ClaimVerdict::NothingToJudge) | None => "-",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_loses_its_beginning() {
        let text = "requests that came in before the first answer went out: 3";
        let shown = end_of(text);
        assert_eq!(shown.chars().count(), EVIDENCE);
        assert!(shown.starts_with('…') && shown.ends_with("went out: 3"), "{shown}");
        assert_eq!(end_of("3 of 3"), "3 of 3");
    }
}
