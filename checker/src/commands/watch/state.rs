//! What is known and shown, and what follows when something happens: no I/O here.
//!
//! ```text
//! happening → State::update → effects, which the loop carries out
//!                   └───────→ State, which is drawn or printed
//! ```

use crate::findings::{Listed, State as Standing, WorkbookStatus};
use crate::report::Kept;
use crate::verdict::Place;
use crate::workbook::Workbook;
use crate::workbook::curriculum::Exercise;
use crate::{Error, Exit};

use super::happening::{Happening, Progress};
use super::job::{Job, Outcome, Task};
use super::key::{Command, Key};
use super::list::{Chosen, List};
use super::standing::passes;

/// Something that is to be done.
#[derive(Debug)]
pub(super) enum Effect<'w> {
    /// Start a job. None runs.
    Start(Job<'w>),
    /// End the job that runs. It will be told how it ended.
    Cancel,
    /// Answer at once.
    Ask(Question, &'w Exercise),
    /// Open the editor.
    Edit(Place),
    /// Something else is to be seen than before, and where there is no screen it is printed.
    Show,
    /// Something is to be said in a line.
    Say(String),
    /// Draw everything again, also what should be there.
    DrawAnew,
    /// Take the terminal again, which somebody else had.
    TakeTerminal,
    /// Stop this process until it is continued.
    Suspend,
    /// Leave.
    Quit(Exit),
}

/// What is answered at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Hint,
    Solution,
    /// Put the stub back. It was asked whether it should.
    Reset,
}

/// What is shown.
#[derive(Debug)]
pub(super) enum View<'w> {
    /// The exercise.
    Page,
    /// What a command has said, below its name.
    Said { title: String, said: Vec<Kept<'w>> },
    /// All exercises.
    List(List),
    /// Whether the stub is to be put back.
    ConfirmReset,
    /// The keys.
    Help,
}

/// All that is known.
#[derive(Debug)]
pub(super) struct State<'w> {
    pub workbook: &'w Workbook,
    /// How all exercises stand.
    pub standing: Vec<Listed<'w>>,
    /// The exercise that is worked on.
    pub exercise: &'w Exercise,
    /// Its page, as it was judged last.
    pub page: Option<Kept<'w>>,
    /// Of the judgement that is being made, what is known already.
    pub failing: Option<Kept<'w>>,
    /// What `check` would go on with.
    coming: Option<&'w Exercise>,
    /// The line of it to look at.
    line_to_open: Option<Place>,
    pub view: View<'w>,
    /// The first line and the first column that are seen.
    pub scroll: (usize, usize),
    /// How many lines a page of the screen has.
    pub page_height: usize,
    /// What runs.
    pub running: Option<Job<'w>>,
    pub progress: Option<Progress>,
    /// What is to run after that, in this order.
    queue: Vec<Job<'w>>,
    /// What has been prepared, or was tried to.
    prepared: Vec<&'w Exercise>,
    pub is_editing: bool,
    /// An answer to the last key.
    message: Option<String>,
    /// What the job that runs warns of, until it goes on.
    warning: Option<String>,
    is_suspending: bool,
}

impl<'w> State<'w> {
    /// At an exercise of which nothing is known yet.
    pub(super) fn new(
        workbook: &'w Workbook,
        exercise: &'w Exercise,
        standing: Vec<Listed<'w>>,
    ) -> Self {
        Self {
            workbook,
            standing,
            exercise,
            page: None,
            failing: None,
            coming: None,
            line_to_open: None,
            view: View::Page,
            scroll: (0, 0),
            page_height: 20,
            running: None,
            progress: None,
            queue: Vec::new(),
            prepared: Vec::new(),
            is_editing: false,
            message: None,
            warning: None,
            is_suspending: false,
        }
    }

    /// Begins: the exercise is judged.
    pub(super) fn begin(&mut self) -> Vec<Effect<'w>> {
        self.want(Job::new(Task::Judge, self.exercise))
    }

    /// Takes note of what happened, and says what is to be done.
    pub(super) fn update(&mut self, happening: Happening<'w>) -> Vec<Effect<'w>> {
        match happening {
            Happening::Saved(exercises) => self.saved(&exercises),
            Happening::Warning(text) => {
                self.message = Some(text.clone());
                vec![Effect::Say(text)]
            }
            Happening::Progress(progress) => self.progresses(progress),
            Happening::Ended { job, result, standing } => {
                self.standing = standing;
                self.running = None;
                self.progress = None;
                self.failing = None;
                let mut effects = self.ended(job, result);
                effects.extend(self.start_next());
                effects
            }
            Happening::WorkerGone => vec![Effect::Quit(Exit::Fault)],
            Happening::Key(key) => self.key(key),
            Happening::Redraw => vec![Effect::DrawAnew],
            Happening::Signal(signal) => self.signal(signal),
            Happening::TerminalGone => vec![Effect::Quit(Exit::Interrupted)],
            Happening::EditorLeft(result) => {
                self.is_editing = false;
                self.message = result.err();
                let news = self.message.clone().map(Effect::Say);
                [Effect::TakeTerminal, Effect::Show].into_iter().chain(news).collect()
            }
            Happening::Resumed => {
                self.is_suspending = false;
                let mut effects = self.want(Job::new(Task::Judge, self.exercise));
                effects.push(Effect::TakeTerminal);
                effects
            }
        }
    }

    /// What a question was answered with.
    pub(super) fn answered(
        &mut self,
        question: Question,
        result: Result<Vec<Kept<'w>>, Error>,
    ) -> Vec<Effect<'w>> {
        match (question, result) {
            (_, Err(error)) => self.fault(&error),
            // The file was saved, which has it judged.
            (Question::Reset, Ok(_)) => {
                let text = "The stub is back; what was there is kept in .shopfloor/backups.";
                self.view = View::Page;
                self.message = Some(text.to_owned());
                vec![Effect::Say(text.to_owned())]
            }
            (Question::Hint, Ok(said)) => self.show("hint", said),
            (Question::Solution, Ok(said)) => self.show("solution", said),
        }
    }

    /// The place to open in an editor: the line to look at, or the beginning of the learner's file.
    pub(super) fn place_to_open(&self) -> Place {
        let beginning = || Place { file: self.exercise.main_file(), line: 1, column: None };
        self.line_to_open.clone().unwrap_or_else(beginning)
    }

    /// What there is to say in one line.
    pub(super) fn news(&self) -> &str {
        let news = self.message.as_ref().or(self.warning.as_ref());
        // Of several lines the first one says what it is about.
        news.and_then(|text| text.lines().next()).unwrap_or_default()
    }

    /// Whether the page is of what is being judged anew.
    pub(super) fn is_old(&self) -> bool {
        let is_judged = |job: &Job<'_>| job.is(Task::Judge, self.exercise);
        self.failing.is_none() && self.running.iter().chain(&self.queue).any(is_judged)
    }

    /// The exercise of a file that was saved becomes the one that is worked on, and is judged from the start.
    fn saved(&mut self, exercises: &[&'w Exercise]) -> Vec<Effect<'w>> {
        let is_current = |it: &&&Exercise| it.number == self.exercise.number;
        let Some(exercise) = exercises.iter().find(is_current).or(exercises.first()) else {
            return Vec::new();
        };
        self.queue.clear();
        self.go_to(exercise)
    }

    fn go_to(&mut self, exercise: &'w Exercise) -> Vec<Effect<'w>> {
        if exercise.number != self.exercise.number {
            self.exercise = exercise;
            self.page = None;
            self.coming = None;
            self.line_to_open = None;
        }
        self.look_at(View::Page);
        self.want(Job::new(Task::Judge, exercise))
    }

    fn look_at(&mut self, view: View<'w>) {
        self.view = view;
        self.scroll = (0, 0);
    }

    /// Has a job done. A newer judgement makes an older one idle; everything else waits for a judgement.
    fn want(&mut self, job: Job<'w>) -> Vec<Effect<'w>> {
        let is_judging = |task: Task| matches!(task, Task::Judge | Task::JudgeAll);
        // What was wanted before is not wanted any more, but for a judgement that others wait for.
        self.queue.retain(|queued| is_judging(queued.task) && !is_judging(job.task));
        self.queue.push(job);
        match self.running {
            None => self.start_next(),
            Some(running) if is_judging(running.task) && !is_judging(job.task) => Vec::new(),
            Some(_) => vec![Effect::Cancel],
        }
    }

    fn start_next(&mut self) -> Vec<Effect<'w>> {
        if self.is_suspending {
            return vec![Effect::Suspend];
        }
        if self.queue.is_empty() {
            let idle = self.idle_job();
            self.queue.extend(idle);
        }
        if self.queue.is_empty() {
            return Vec::new();
        }
        let job = self.queue.remove(0);
        self.running = Some(job);
        vec![Effect::Start(job)]
    }

    /// What can be built while nothing else is to be done: this exercise, and then the one that comes.
    fn idle_job(&mut self) -> Option<Job<'w>> {
        let exercise = [Some(self.exercise), self.after()].into_iter().flatten().find(|it| {
            let is_stub = |listed: &Listed<'_>| {
                listed.exercise.number == it.number && matches!(listed.state, Standing::NotStarted)
            };
            self.standing.iter().any(is_stub)
                && !self.prepared.iter().any(|other| other.number == it.number)
        })?;
        self.prepared.push(exercise);
        Some(Job::new(Task::Prepare, exercise))
    }

    fn progresses(&mut self, progress: Progress) -> Vec<Effect<'w>> {
        let text = progress.in_words();
        if let Progress::Warning(_) = progress {
            self.warning = Some(text.clone());
            return vec![Effect::Say(text)];
        }
        // What it waited for is over.
        self.warning = None;
        match progress {
            // Of what was saved again meanwhile it says nothing.
            Progress::Failed(name, test) if name == self.exercise.name && self.queue.is_empty() => {
                self.failing = Some(Kept::Failing { exercise: self.exercise, test });
                self.scroll = (0, 0);
                Vec::new()
            }
            Progress::Failed(..) => Vec::new(),
            // Each phase is said once.
            Progress::Further(_) => {
                self.progress = Some(progress);
                Vec::new()
            }
            _ => {
                self.progress = Some(progress);
                vec![Effect::Say(text)]
            }
        }
    }

    fn ended(&mut self, job: Job<'w>, result: Result<Outcome<'w>, Error>) -> Vec<Effect<'w>> {
        match (job.task, result) {
            // It was cancelled for something else. What could not be prepared now may be so later.
            (Task::Prepare, Err(Error::Interrupted)) => {
                self.prepared.retain(|it| it.number != job.exercise.number);
                Vec::new()
            }
            (_, Err(Error::Interrupted)) => Vec::new(),
            // Its first check will say the same, when it is asked for.
            (Task::Prepare, _) => Vec::new(),
            (_, Err(error)) => self.fault(&error),
            (Task::Judge, Ok(Outcome::Status(status))) => self.judged(job.exercise, *status),
            (Task::JudgeAll, Ok(Outcome::Status(status))) => {
                let said = vec![Kept::Status { workbook: self.workbook, status }];
                self.show("all exercises", said)
            }
            (Task::Run, Ok(Outcome::Said(said))) => self.show("run", said),
            (Task::Trace, Ok(Outcome::Said(said))) => self.show("trace", said),
            (Task::Again, Ok(Outcome::Said(said))) => self.show("again", said),
            (_, Ok(_)) => Vec::new(),
        }
    }

    fn judged(&mut self, exercise: &Exercise, status: WorkbookStatus<'w>) -> Vec<Effect<'w>> {
        // The learner has gone on meanwhile.
        if exercise.number != self.exercise.number {
            return Vec::new();
        }
        self.coming = status.next.as_ref().map(|next| next.exercise);
        let asked = status.asked.first();
        self.line_to_open = asked.map(|asked| asked.line_to_open.clone());
        self.page = Some(Kept::Status { workbook: self.workbook, status: Box::new(status) });
        self.scroll = (0, 0);
        if matches!(self.view, View::Page) { vec![Effect::Show] } else { Vec::new() }
    }

    /// Shows what was said of this exercise.
    fn show(&mut self, title: &str, said: Vec<Kept<'w>>) -> Vec<Effect<'w>> {
        let title = format!("{title}: {}", self.exercise.name);
        self.look_at(View::Said { title, said });
        vec![Effect::Show]
    }

    fn fault(&mut self, error: &Error) -> Vec<Effect<'w>> {
        self.show("not done", vec![Kept::Note(error.to_string())])
    }

    fn signal(&mut self, signal: i32) -> Vec<Effect<'w>> {
        use signal_hook::consts::{SIGCONT, SIGINT, SIGTSTP, SIGWINCH};
        match signal {
            SIGWINCH => vec![Effect::DrawAnew],
            SIGCONT => vec![Effect::TakeTerminal],
            SIGTSTP => self.suspend(),
            // The terminal sends it to the editor, too: it is meant for that one.
            SIGINT if self.is_editing => Vec::new(),
            _ => vec![Effect::Quit(Exit::Interrupted)],
        }
    }

    /// Nothing may run while this process is stopped.
    fn suspend(&mut self) -> Vec<Effect<'w>> {
        self.is_suspending = true;
        self.queue.clear();
        if self.running.is_some() { vec![Effect::Cancel] } else { vec![Effect::Suspend] }
    }

    fn key(&mut self, key: Key) -> Vec<Effect<'w>> {
        self.message = None;
        match key {
            Key::Interrupt => return vec![Effect::Quit(Exit::Interrupted)],
            Key::Suspend => return self.suspend(),
            _ => {}
        }
        if let View::List(list) = &mut self.view {
            return match list.key(key, &self.standing, self.page_height) {
                Chosen::Nothing => vec![Effect::Show],
                Chosen::Left => {
                    self.look_at(View::Page);
                    vec![Effect::Show]
                }
                Chosen::Exercise(index) => self.go_to(self.standing[index].exercise),
            };
        }
        if let View::ConfirmReset = self.view {
            self.look_at(View::Page);
            return match key {
                Key::Char('y' | 'Y') => vec![Effect::Ask(Question::Reset, self.exercise)],
                _ => vec![Effect::Show],
            };
        }
        match Command::of(key) {
            Some(command) => self.command(command),
            None => self.moves(key),
        }
    }

    fn command(&mut self, command: Command) -> Vec<Effect<'w>> {
        let exercise = self.exercise;
        match command {
            Command::Next => match self.after() {
                Some(next) => self.go_to(next),
                None => self.say("This is the last exercise."),
            },
            Command::Previous => match self.index().checked_sub(1) {
                Some(index) => self.go_to(&self.workbook.curriculum.exercises[index]),
                None => self.say("This is the first exercise."),
            },
            Command::List => {
                self.look_at(View::List(List::at(self.index())));
                vec![Effect::Show]
            }
            Command::Hint => vec![Effect::Ask(Question::Hint, exercise)],
            Command::Solution => vec![Effect::Ask(Question::Solution, exercise)],
            Command::Run => self.want(Job::new(Task::Run, exercise)),
            Command::Trace => self.want(Job::new(Task::Trace, exercise)),
            Command::Again => self.want(Job::new(Task::Again, exercise)),
            Command::Check => self.go_to(exercise),
            Command::CheckAll => self.want(Job::new(Task::JudgeAll, exercise)),
            Command::Reset => {
                self.look_at(View::ConfirmReset);
                vec![Effect::Show]
            }
            Command::Edit => vec![Effect::Edit(self.place_to_open())],
            Command::Help => {
                self.look_at(View::Help);
                vec![Effect::Show]
            }
            Command::Quit => vec![Effect::Quit(Exit::Passed)],
        }
    }

    fn say(&mut self, text: &str) -> Vec<Effect<'w>> {
        self.message = Some(text.to_owned());
        vec![Effect::Say(text.to_owned())]
    }

    /// The one that is next after a pass; otherwise the one behind this one.
    fn after(&self) -> Option<&'w Exercise> {
        let is_current = |it: &&Listed<'_>| it.exercise.number == self.exercise.number;
        let passes = self.standing.iter().find(is_current).is_some_and(passes);
        let coming = self.coming.filter(|it| passes && it.number != self.exercise.number);
        coming.or_else(|| self.workbook.curriculum.exercises.get(self.index() + 1))
    }

    fn index(&self) -> usize {
        let exercises = &self.workbook.curriculum.exercises;
        exercises.iter().position(|it| it.number == self.exercise.number).unwrap_or(0)
    }

    /// Looks at another part of what is shown, or goes back to the page.
    fn moves(&mut self, key: Key) -> Vec<Effect<'w>> {
        let (line, column) = &mut self.scroll;
        match key {
            Key::Up | Key::Char('k') => *line = line.saturating_sub(1),
            Key::Down | Key::Char('j') => *line += 1,
            Key::PageUp | Key::Char('b') => *line = line.saturating_sub(self.page_height),
            Key::PageDown | Key::Char(' ') => *line += self.page_height,
            Key::Home | Key::Char('g') => *line = 0,
            // Drawing takes it back to what there is.
            Key::End | Key::Char('G') => *line = usize::MAX / 2,
            Key::Left => *column = column.saturating_sub(COLUMNS),
            Key::Right => *column += COLUMNS,
            Key::Escape | Key::Enter if !matches!(self.view, View::Page) => {
                self.look_at(View::Page);
                return vec![Effect::Show];
            }
            _ => {}
        }
        Vec::new()
    }
}

/// How far the arrows to the left and to the right go.
const COLUMNS: usize = 8;
