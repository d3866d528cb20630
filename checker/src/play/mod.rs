//! A game: the learner is the scheduler of a lock.
//!
//! A position is a prefix of decisions. The test program runs anew for each new one, so a step back is a shorter
//! prefix, and no state is kept between two runs.

mod column;
mod input;
mod line;
mod outcome;
mod sources;

use evidence::{Choice, Played, Position, Wish};

use crate::Error;
pub use column::{Column, Row, columns};
pub use input::{Input, KEYS};
use line::Line;
pub use outcome::Outcome;
pub use sources::Sources;

/// What is played.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The exercise's name.
    pub exercise: String,
    /// The test whose scenario it is.
    pub test: String,
    /// What the player is to do, if the code is given and known to be wrong.
    pub task: Option<String>,
}

/// Runs the test as it is wished.
pub trait Runs {
    /// The execution. Of a test that makes several programs, that of this one.
    fn run(&mut self, wish: &Wish, program: Option<usize>) -> Result<Played, Error>;
}

/// A game that goes on.
pub struct Game<'a> {
    /// What is played.
    pub subject: Subject,
    /// The code.
    pub sources: Sources,
    runs: Box<dyn Runs + 'a>,
    program: Option<usize>,
    line: Line,
    /// What the search of `check` finds, once that was asked for: the execution, or how many schedules it tried.
    found: Option<Result<Played, usize>>,
}

/// What a player can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// This thread goes on.
    Choose {
        /// Its index.
        thread: usize,
        /// It wakes, or fails, for no reason.
        without_reason: bool,
    },
    /// One step back.
    Back,
    /// One step on along what has been played already.
    On,
    /// Back to the first position.
    Restart,
    /// From here each thread runs until it waits or ends.
    ToTheEnd,
    /// To the start of the schedule that the search of `check` finds.
    Found,
}

impl<'a> Game<'a> {
    /// A game at its first position. Of a test that makes several programs it is the one that is asked for, else
    /// the first that the search finds a failing schedule of.
    pub fn start(
        subject: Subject,
        sources: Sources,
        mut runs: Box<dyn Runs + 'a>,
        program: Option<usize>,
    ) -> Result<Self, Error> {
        let mut played = runs.run(&Wish::Pause(Vec::new()), program)?;
        let mut game_program = program;
        let mut found = None;
        if let (Some(first), None) = (&played.program, program) {
            let search = runs.run(&Wish::Found, None)?;
            game_program = Some(search.program.as_ref().map_or(first.number, |it| it.number));
            if game_program != Some(first.number) {
                played = runs.run(&Wish::Pause(Vec::new()), game_program)?;
            }
            found = Some(as_found(search));
        }
        let line = Line::new(played);
        Ok(Self { subject, sources, runs, program: game_program, line, found })
    }

    /// What has been played, up to the position and perhaps beyond.
    pub fn played(&self) -> &Played {
        self.line.played()
    }

    /// Where the game stands.
    pub fn position(&self) -> &Position {
        self.line.position()
    }

    /// Which of the positions of [`Self::played`] that is.
    pub fn at(&self) -> usize {
        self.line.at()
    }

    /// Whether the schedule that the search has found is looked at.
    pub fn is_found(&self) -> bool {
        matches!(&self.found, Some(Ok(found)) if found == self.played())
    }

    /// How it ended, if this is the end.
    pub fn outcome(&self) -> Option<Outcome<'_>> {
        let known = self.found.as_ref().and_then(|found| found.as_ref().ok());
        Outcome::of(self.played(), self.at(), known.filter(|_| !self.is_found()))
    }

    /// How what has been played ended, wherever in it the game stands.
    pub fn outcome_of_all(&self) -> Option<Outcome<'_>> {
        Outcome::of(self.played(), self.played().positions.len().saturating_sub(1), None)
    }

    /// The thread that went on from here, in what has been played already.
    pub fn next_choice(&self) -> Option<&Choice> {
        self.line.next_choice()
    }

    /// Makes a move; a remark if it cannot be made.
    pub fn make(&mut self, wanted: Move) -> Result<Option<String>, Error> {
        match wanted {
            Move::Choose { thread, without_reason } => return self.choose(thread, without_reason),
            Move::Back if !self.line.back() => {
                return Ok(Some("This is the first position.".to_owned()));
            }
            Move::On if !self.line.on() => {
                return Ok(Some("Nothing more has been played: choose a thread.".to_owned()));
            }
            Move::Back | Move::On => {}
            Move::Restart => self.line.restart(),
            Move::ToTheEnd => {
                let wish = Wish::ToTheEnd(self.line.prefix().to_vec());
                let played = self.runs.run(&wish, self.program)?;
                self.line = Line::at_the_end(played);
                self.search_if_broken()?;
            }
            Move::Found => return self.show_found(),
        }
        Ok(None)
    }

    /// The schedule that the search finds, or how many schedules it tried. It takes as long as the test.
    pub fn search(&mut self) -> Result<&Result<Played, usize>, Error> {
        if self.found.is_none() {
            let found = self.runs.run(&Wish::Found, self.program)?;
            self.found = Some(as_found(found));
        }
        Ok(self.found.as_ref().expect("it was searched for"))
    }

    fn choose(&mut self, thread: usize, without_reason: bool) -> Result<Option<String>, Error> {
        let position = self.line.position();
        let is_it = |it: &&Choice| it.thread == thread && it.without_reason == without_reason;
        let Some(choice) = position.choices.iter().find(is_it) else {
            return Ok(Some(self.refusal(thread, without_reason)));
        };
        if self.line.next_choice() == Some(choice) {
            self.line.on();
            return Ok(None);
        }
        let wish = Wish::Pause(self.line.prefix_with(choice));
        self.line = Line::at_the_end(self.runs.run(&wish, self.program)?);
        self.search_if_broken()?;
        Ok(None)
    }

    /// Why a thread cannot be chosen.
    fn refusal(&self, thread: usize, without_reason: bool) -> String {
        let (played, position) = (self.played(), self.position());
        if position.choices.is_empty() {
            return "This is the end: b goes a step back, r to the start.".to_owned();
        }
        let Some(now) = position.threads.get(thread) else {
            return format!("There is no thread {thread}.");
        };
        let name = &played.threads[thread];
        match now.state {
            evidence::ThreadState::Ended => format!("{name} has ended."),
            evidence::ThreadState::Ready if without_reason => {
                format!("{name} is at no wait that could wake for no reason.")
            }
            _ => format!("{name} cannot go on: it {}.", column::waits(played, now)),
        }
    }

    fn show_found(&mut self) -> Result<Option<String>, Error> {
        match self.search()? {
            Ok(found) => self.line = Line::new(found.clone()),
            Err(tried) => {
                let remark = format!("The search tried {tried} schedules, and none of them fails.");
                return Ok(Some(remark));
            }
        }
        Ok(None)
    }

    /// A player who has broken it wants to know how well; the search is short then.
    fn search_if_broken(&mut self) -> Result<(), Error> {
        if matches!(self.played().ended, Some(evidence::Ended::Broken { .. })) {
            self.search()?;
        }
        Ok(())
    }
}

fn as_found(found: Played) -> Result<Played, usize> {
    if found.positions.is_empty() { Err(found.tried) } else { Ok(found) }
}
