//! An execution that is shown: where somebody decides, and what the threads are about to do there.
//!
//! A decision that changes nothing for anybody else (a thread begins, a thread that was woken comes to the
//! lock that it takes first) is nobody's to make: it is made at once.

use std::collections::{HashMap, VecDeque};

use evidence::{Choice, Position, ThreadNow, ThreadState};

use super::state;
use crate::failure;
use crate::recorder::{self, Action, Intent, ObjectId, Record, Wait};

/// A thread that has gone on for so long lets others go on, as it may wait for what they do.
const HOG: usize = 50;

/// Who decides where nothing was decided before.
#[derive(Debug, Clone)]
pub enum Beyond {
    /// Nobody: it pauses.
    Pause,
    /// Each thread runs until it waits or ends.
    ToTheEnd,
    /// What another execution did, thread by thread; then each runs until it waits or ends.
    Moves(Moves),
    /// The plan of a schedule.
    Plan,
}

/// What was decided in an execution that somebody could see: enough to repeat it.
#[derive(Debug, Clone, Default)]
pub struct Moves {
    /// The threads that went on, in order.
    threads: VecDeque<usize>,
    /// Whether waits woke for no reason, for each thread in order.
    chances: HashMap<usize, VecDeque<usize>>,
}

/// The positions of an execution, as it comes to them.
#[derive(Debug)]
pub struct Shown {
    beyond: Beyond,
    /// Whether somebody has to decide before it goes on.
    pub is_paused: bool,
    /// What it has come to; objects stand in the texts by their ids.
    pub positions: Vec<Position>,
    /// What was decided.
    pub moves: Moves,
    /// The task that was chosen last, and how often in a row.
    last: (usize, usize),
    /// The waits that did not wake for no reason and still could, by the thread: the decision, and how many
    /// steps it had taken then.
    spurious: HashMap<usize, (usize, usize)>,
}

/// What there is to choose at a decision.
#[derive(Debug)]
pub struct Options {
    /// The task that goes on without being asked for.
    unseen: Option<usize>,
    /// The tasks that can do something.
    offered: Vec<usize>,
}

impl Options {
    /// Of the tasks that are ready; one that has just yielded is not chosen again at once.
    pub fn new(ready: &[usize], yielding: Option<usize>) -> Self {
        let others = ready.iter().copied().filter(|&task| Some(task) != yielding);
        let others: Vec<usize> = if ready.len() > 1 { others.collect() } else { ready.to_vec() };
        recorder::look(|record| {
            let is_unseen = |&task: &usize| {
                let intent = record.intents.get(&state::thread_of(task));
                let is_unseen = |it: &Intent| matches!(it.action, Action::Unseen(_));
                !state::has_begun(task) || intent.is_none_or(is_unseen)
            };
            let can_do_something = |&task: &usize| {
                state::has_begun(task) && can_do_something(record, state::thread_of(task))
            };
            Self {
                unseen: others.iter().copied().find(is_unseen),
                offered: others.into_iter().filter(can_do_something).collect(),
            }
        })
    }
}

/// Whether a thread that could run would do more than wait.
fn can_do_something(record: &Record, thread: usize) -> bool {
    let is_locked_out = record.waiting.get(&thread).is_some_and(|waiting| match waiting.wait {
        Wait::Lock(lock) => record.objects[lock.0].holder.is_some(),
        _ => false,
    });
    let looks_in_vain = record.intents.get(&thread).is_some_and(|intent| match intent.action {
        Action::Settle(other) => !record.sleeps(other) && !record.ended.contains(&other),
        _ => false,
    });
    !is_locked_out && !looks_in_vain
}

impl Shown {
    /// Of an execution at whose beginning nothing is known.
    pub fn new(beyond: Beyond) -> Self {
        Self {
            beyond,
            is_paused: false,
            positions: Vec::new(),
            moves: Moves::default(),
            last: (0, 0),
            spurious: HashMap::new(),
        }
    }

    /// What is chosen at a decision: what was decided before, or what is nobody's to choose, or as it goes on beyond
    /// that; `None` if somebody has to choose now.
    pub fn choose(
        &mut self,
        at: usize,
        options: &Options,
        decided: Option<usize>,
        plain: usize,
    ) -> Option<usize> {
        let on = self.goes_on(options, plain);
        let chosen = decided.or_else(|| match &mut self.beyond {
            Beyond::Plan => Some(plain),
            _ if options.unseen.is_some() => options.unseen,
            Beyond::Pause => options.offered.is_empty().then_some(plain),
            Beyond::ToTheEnd => Some(on),
            Beyond::Moves(moves) => {
                let next = moves.threads.pop_front();
                let offered = options.offered.iter().copied();
                let mut wanted = offered.filter(|&task| Some(state::thread_of(task)) == next);
                Some(wanted.next().unwrap_or(on))
            }
        });
        match chosen {
            Some(chosen) if Some(chosen) == options.unseen => {}
            Some(chosen) if !options.offered.contains(&chosen) => {}
            _ => {
                self.note(at, options);
                self.moves.threads.extend(chosen.map(state::thread_of));
                let (last, times) = self.last;
                self.last =
                    (chosen.unwrap_or(last), if chosen == Some(last) { times + 1 } else { 0 });
            }
        }
        self.is_paused = chosen.is_none();
        chosen
    }

    /// The task that goes on where each runs until it waits or ends.
    fn goes_on(&self, options: &Options, plain: usize) -> usize {
        let offered = &options.offered;
        let (last, times) = self.last;
        if offered.contains(&last) && times < HOG {
            return last;
        }
        let next = offered.iter().copied().find(|&task| task > last);
        next.or(offered.first().copied()).unwrap_or(plain)
    }

    /// Whether a wait wakes for no reason, where that was not decided before.
    pub fn wakes(&mut self, thread: usize) -> usize {
        match &mut self.beyond {
            Beyond::Moves(moves) => {
                moves.chances.get_mut(&thread).and_then(VecDeque::pop_front).unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// A wait of a thread might have woken for no reason; whether it did.
    pub fn might_wake(&mut self, thread: usize, at: usize, did: usize) {
        self.moves.chances.entry(thread).or_default().push_back(did);
        if did == 0 {
            self.spurious.insert(thread, (at, recorder::look(|record| steps_of(record, thread))));
        }
    }

    /// The execution is over.
    pub fn ends(&mut self, record: &Record, at: usize) {
        self.positions.push(position(record, at, Vec::new()));
    }

    fn note(&mut self, at: usize, options: &Options) {
        recorder::look(|record| {
            let with_reason = options.offered.iter().map(|&task| {
                let thread = state::thread_of(task);
                Choice { thread, without_reason: false, at, decision: task }
            });
            let mut choices: Vec<Choice> = with_reason.collect();
            let threads: Vec<usize> = choices.iter().map(|choice| choice.thread).collect();
            for thread in threads {
                if let Some(&(at, steps)) = self.spurious.get(&thread)
                    && steps == steps_of(record, thread)
                {
                    choices.push(Choice { thread, without_reason: true, at, decision: 1 });
                }
            }
            choices.sort_by_key(|choice| (choice.thread, choice.without_reason));
            self.positions.push(position(record, at, choices));
        });
    }
}

fn steps_of(record: &Record, thread: usize) -> usize {
    record.steps.iter().filter(|step| step.thread == thread).count()
}

fn position(record: &Record, decisions: usize, choices: Vec<Choice>) -> Position {
    let can_go_on = |thread| choices.iter().any(|choice| choice.thread == thread);
    let threads = (0..record.threads.len()).map(|thread| now(record, thread, can_go_on(thread)));
    Position { decisions, steps: record.steps.len(), threads: threads.collect(), choices }
}

/// A thread as the record has it; objects stand in the texts by their ids.
fn now(record: &Record, thread: usize, can_go_on: bool) -> ThreadNow {
    let held = record.objects.iter().enumerate().filter(|(_, it)| it.holder == Some(thread));
    let holds = held.map(|(id, _)| ObjectId(id).to_string()).collect();
    let intent = record.intents.get(&thread);
    let waiting = record.waiting.get(&thread).filter(|_| !can_go_on);
    let place = waiting.map(|it| it.place).or(intent.map(|it| it.place));
    let text = match (waiting, intent) {
        (Some(waiting), _) => waiting.text.clone(),
        (None, Some(intent)) => {
            let object = intent.object.map_or_else(String::new, |object| format!(" {object}"));
            match intent.action {
                // Its place is that of the lock: a drop has no line.
                Action::Operation("unlock") => format!("unlock{object}, which it locked here"),
                Action::Operation(name) | Action::Unseen(name) => format!("{name}{object}"),
                Action::Settle(other) => {
                    format!("go on once {} sleeps or has ended", record.threads[other])
                }
            }
        }
        (None, None) => String::new(),
    };
    let holder = waiting.and_then(|waiting| match waiting.wait {
        Wait::Lock(lock) => record.objects[lock.0].holder,
        _ => None,
    });
    let state = match can_go_on {
        true => ThreadState::Ready,
        false if record.ended.contains(&thread) => ThreadState::Ended,
        false => ThreadState::Waits,
    };
    ThreadNow { state, place: place.map(failure::at), text, holds, holder }
}
