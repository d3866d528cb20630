//! Programs of operations, and a model that says what they may answer.
//!
//! A program is a few operations of each of a few threads, and some more when all of them have ended. Its
//! answers must be those of *some* order in which the operations happen one after another, each thread's in
//! its own order: then nobody can tell that they overlapped. What is done afterwards finds what an outcome
//! alone does not show: a state that is wrong only for the next who uses it.

/// Something to do with an object of type `O`, and what it means for a model of type `M`.
pub struct Operation<M, O> {
    /// What a reader sees: `deposit(5)`.
    pub(crate) name: &'static str,
    /// What the call changes for others while it waits.
    arrives: Option<fn(&mut M)>,
    /// Does it to the model and says the answer; `None` if it would wait now.
    model: fn(&mut M) -> Option<String>,
    /// Does it to the object and says the answer.
    call: fn(&O) -> String,
    /// The answer after which the next operation of the sequence is left out.
    refusal: Option<&'static str>,
}

impl<M, O> Operation<M, O> {
    /// An operation: what a reader sees (`deposit(5)`), what it does to the model (`None` if it would wait now), what
    /// it does to the object. Both say its answer.
    pub const fn new(
        name: &'static str,
        model: fn(&mut M) -> Option<String>,
        call: fn(&O) -> String,
    ) -> Self {
        Self { name, arrives: None, model, call, refusal: None }
    }

    /// The same with what the call changes for others while it waits: a writer that waits keeps readers out.
    pub const fn arriving(self, arrives: fn(&mut M)) -> Self {
        Self { arrives: Some(arrives), ..self }
    }

    /// The same; if it answers this, the next operation of its sequence is left out: an `unlock()` after a
    /// `try_lock()` that was refused.
    pub const fn or_not_the_next(self, refusal: &'static str) -> Self {
        Self { refusal: Some(refusal), ..self }
    }

    /// The answer, or `None` if it waits after its arrival.
    pub(crate) fn on(&self, model: &mut M) -> Option<String> {
        if let Some(arrives) = self.arrives {
            arrives(model);
        }
        (self.model)(model)
    }
}

/// What stands for the answer of an operation that was left out.
const LEFT_OUT: &str = "left out";

/// Does operations one after the other, and gives their answers; `None` if one has none.
fn in_turn<M, O>(
    operations: &[Operation<M, O>],
    mut answer: impl FnMut(&Operation<M, O>) -> Option<String>,
) -> Option<Vec<String>> {
    let mut answers: Vec<String> = Vec::new();
    let mut is_refused = false;
    for operation in operations {
        let given = if is_refused { LEFT_OUT.to_owned() } else { answer(operation)? };
        is_refused = operation.refusal == Some(given.as_str());
        answers.push(given);
    }
    Some(answers)
}

/// What these calls answer when they are made of the object, one after the other.
pub(crate) fn call_in_turn<M, O>(operations: &[Operation<M, O>], object: &O) -> Vec<String> {
    in_turn(operations, |operation| Some((operation.call)(object)))
        .expect("every call has an answer")
}

impl<M, O> Clone for Operation<M, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, O> Copy for Operation<M, O> {}

/// An object, its model, and what can be done with both.
pub struct Trial<M: 'static, O: 'static> {
    /// The model of a new object.
    pub start: M,
    /// A new object.
    pub make: fn() -> O,
    /// What the threads may do: sequences of operations that belong together, such as a `lock()` and its
    /// `unlock()`.
    pub sequences: &'static [&'static [Operation<M, O>]],
    /// What is done when all threads have ended, in this order. None of it may wait.
    pub afterwards: &'static [Operation<M, O>],
}

/// A thread that sleeps in an operation, and what is done beside it.
pub(crate) struct BesideSleeper<M: 'static, O: 'static> {
    /// What leads to a state in which it sleeps.
    pub before: Vec<Operation<M, O>>,
    /// What the sleeper does: it sleeps in one of them.
    pub sleeper: &'static [Operation<M, O>],
    /// Which one it sleeps in.
    pub sleeps_in: usize,
    /// What another thread does meanwhile: none of it waits.
    pub meanwhile: Vec<Operation<M, O>>,
    /// What lets the sleeper on.
    pub lets_on: Vec<Operation<M, O>>,
}

impl<M: Clone, O> BesideSleeper<M, O> {
    /// What the other thread's calls answer, after all that came before them.
    pub fn answers_of_meanwhile(&self, start: &M) -> Vec<String> {
        let mut model = start.clone();
        in_turn(&self.before, |operation| operation.on(&mut model));
        // The last one of them waits.
        in_turn(&self.sleeper[..=self.sleeps_in], |operation| operation.on(&mut model));
        in_turn(&self.meanwhile, |operation| operation.on(&mut model)).expect("none of it waits")
    }

    /// What each of [`WHO_IS_WHO`] does.
    pub fn program(&self) -> Program<M, O> {
        let of_main = self.before.iter().chain(&self.lets_on).copied().collect();
        vec![of_main, self.sleeper.to_vec(), self.meanwhile.clone()]
    }
}

/// The threads of a program with a sleeper.
pub(crate) const WHO_IS_WHO: [&str; 3] = ["main", "sleeper", "beside"];

/// A state in which somebody sleeps.
struct Asleep<M, O> {
    /// What leads there.
    before: Vec<Operation<M, O>>,
    /// What was begun in it and is not done yet.
    rest: Vec<Operation<M, O>>,
    sleeps_in: usize,
    model: M,
}

/// What each thread does.
pub(crate) type Program<M, O> = Vec<Vec<Operation<M, O>>>;

/// The answers of each thread, and of what was done afterwards.
pub(crate) type Answers = Vec<Vec<String>>;

/// The threads of a program in which nobody is to sleep.
pub(crate) const THREADS: [&str; 3] = ["T1", "T2", "T3"];

/// Some threads of few sequences: few find most, and many would take long.
const SHAPES: [&[usize]; 6] = [&[1, 1], &[2, 1], &[2, 2], &[3, 1], &[1, 1, 1], &[2, 1, 1]];

impl<M: Clone, O> Trial<M, O> {
    /// The programs to try, as many as asked for; `below` gives a number below its argument.
    ///
    /// None of them can get stuck: whatever the order, every operation that waits is let on in the end.
    pub(crate) fn programs(
        &self,
        count: usize,
        mut below: impl FnMut(usize) -> usize,
    ) -> Vec<Program<M, O>> {
        let mut programs = Vec::new();
        // A trial in which every program gets stuck would never end.
        for _ in 0..count * 50 {
            if programs.len() == count {
                break;
            }
            let shape = SHAPES[below(SHAPES.len())];
            let mut thread = |length: &usize| -> Vec<Operation<M, O>> {
                let sequence = |_| self.sequences[below(self.sequences.len())];
                (0..*length).flat_map(sequence).copied().collect()
            };
            let program: Program<M, O> = shape.iter().map(&mut thread).collect();
            if always_ends(&self.start, &program, &vec![Done::default(); program.len()]) {
                programs.push(program);
            }
        }
        assert_eq!(programs.len(), count, "too many programs of this trial get stuck");
        programs
    }

    /// What a thread can do while another one sleeps in an operation: up to two sequences that leave the
    /// sleeper asleep, and then what lets it on.
    pub(crate) fn beside_sleepers(&self) -> Vec<BesideSleeper<M, O>> {
        let mut found = Vec::new();
        for &sleeper in self.sequences {
            let Some(Asleep { before, rest, sleeps_in, model }) = self.asleep_in(sleeper) else {
                continue;
            };
            let sleeps = |model: &M| (sleeper[sleeps_in].model)(&mut model.clone()).is_none();
            for (meanwhile, model) in self.ways(&model, 2, sleeps).into_iter().skip(1) {
                // What was begun before is done to its end.
                let mut after = model.clone();
                if in_turn(&rest, |operation| operation.on(&mut after)).is_none() {
                    continue;
                }
                let ways = self.ways(&after, 2, |_| true);
                if let Some((way, _)) = ways.into_iter().find(|(_, model)| !sleeps(model)) {
                    let before = before.clone();
                    let lets_on = rest.iter().copied().chain(way).collect();
                    found.push(BesideSleeper { before, sleeper, sleeps_in, meanwhile, lets_on });
                }
            }
        }
        found
    }

    /// The shortest way to a state in which somebody who does this sequence sleeps: nothing, a sequence or two, or
    /// one that is only begun.
    fn asleep_in(&self, sleeper: &[Operation<M, O>]) -> Option<Asleep<M, O>> {
        let ways = self.ways(&self.start, 2, |_| true);
        let whole = ways.iter().map(|(way, model)| (way.clone(), Vec::new(), model.clone()));
        let begun = self.sequences.iter().flat_map(|sequence| {
            (1..sequence.len()).filter_map(|length| {
                let (begun, rest) = sequence.split_at(length);
                let mut model = self.start.clone();
                in_turn(begun, |operation| operation.on(&mut model))?;
                Some((begun.to_vec(), rest.to_vec(), model))
            })
        });
        whole.chain(begun).find_map(|(before, rest, mut model)| {
            let mut sleeps_in = 0;
            let goes = |it: &Operation<M, O>| {
                let answer = it.on(&mut model);
                sleeps_in += usize::from(answer.is_some());
                answer
            };
            if in_turn(sleeper, goes).is_some() {
                return None;
            }
            Some(Asleep { before, rest, sleeps_in, model })
        })
    }

    /// All that can be done from here without waiting, in so many sequences at most, with where it leads; each
    /// state on the way is one to `keep`. Short ones first, and first of all nothing.
    fn ways(
        &self,
        from: &M,
        length: usize,
        keep: impl Fn(&M) -> bool,
    ) -> Vec<(Vec<Operation<M, O>>, M)> {
        let mut ways = vec![(Vec::new(), from.clone())];
        let mut of_this_length = 0;
        for _ in 0..length {
            let mut longer = Vec::new();
            for (way, model) in &ways[of_this_length..] {
                for sequence in self.sequences {
                    let mut after = model.clone();
                    let goes = |it: &Operation<M, O>| it.on(&mut after).filter(|_| keep(&after));
                    if in_turn(sequence, goes).is_some() {
                        longer.push((way.iter().chain(*sequence).copied().collect(), after));
                    }
                }
            }
            of_this_length = ways.len();
            ways.extend(longer);
        }
        ways
    }

    /// Whether some order of the operations has these answers.
    pub(crate) fn explains(&self, program: &Program<M, O>, answers: &Answers) -> bool {
        let done = vec![Done::default(); program.len()];
        self.explains_the_rest(self.start.clone(), program, answers, &done)
    }

    fn explains_the_rest(
        &self,
        model: M,
        program: &Program<M, O>,
        answers: &Answers,
        done: &[Done],
    ) -> bool {
        if all_done(program, done) {
            return self.explains_what_comes_afterwards(model, answers);
        }
        (0..program.len()).any(|thread| {
            let Some((after, further, answer)) = step(&model, program, done, thread) else {
                return false;
            };
            let as_given = match &answer {
                Some(answer) => *answer == answers[thread][done[thread].operations],
                None => true,
            };
            as_given && self.explains_the_rest(after, program, answers, &further)
        })
    }

    fn explains_what_comes_afterwards(&self, mut model: M, answers: &Answers) -> bool {
        let right = in_turn(self.afterwards, |operation| operation.on(&mut model));
        right.as_ref() == answers.last()
    }

    /// The program's calls, for the reader.
    pub(crate) fn calls(&self, threads: &[&str], program: &Program<M, O>) -> String {
        let lines = threads.iter().zip(program.iter().map(Vec::as_slice));
        let lines = lines.chain([(&"afterwards", self.afterwards)]);
        let lines = lines.filter(|(_, operations)| !operations.is_empty());
        let lines = lines.map(|(name, operations)| {
            let calls: Vec<&str> = operations.iter().map(|operation| operation.name).collect();
            format!("{name}: {}", calls.join(", "))
        });
        lines.collect::<Vec<_>>().join("; ")
    }

    /// The program with its answers, for the reader.
    pub(crate) fn told(
        &self,
        threads: &[&str],
        program: &Program<M, O>,
        answers: &Answers,
    ) -> String {
        let lines = threads.iter().zip(program.iter().map(Vec::as_slice));
        let lines = lines.chain([(&"afterwards", self.afterwards)]).zip(answers);
        let lines = lines.map(|((name, operations), answers)| {
            let calls = operations.iter().zip(answers).map(|(operation, answer)| {
                let arrow = if answer.is_empty() { "" } else { " → " };
                format!("{}{arrow}{answer}", operation.name)
            });
            format!("{name}: {}", calls.collect::<Vec<_>>().join(", "))
        });
        let lines: Vec<String> = lines.collect();
        format!("no order of these calls has these answers: {}", lines.join("; "))
    }
}

/// How far a thread has come.
#[derive(Clone, Default)]
pub(crate) struct Done {
    operations: usize,
    /// Whether the next operation has arrived, and now waits or goes on.
    has_arrived: bool,
}

fn all_done<M, O>(program: &Program<M, O>, done: &[Done]) -> bool {
    program.iter().zip(done).all(|(thread, done)| thread.len() == done.operations)
}

/// Where a thread's next step leads, and its answer; an arrival has none. `None` if the thread waits or has ended.
fn step<M: Clone, O>(
    model: &M,
    program: &Program<M, O>,
    done: &[Done],
    thread: usize,
) -> Option<(M, Vec<Done>, Option<String>)> {
    let operation = program[thread].get(done[thread].operations)?;
    let (mut model, mut done) = (model.clone(), done.to_vec());
    if let (Some(arrives), false) = (operation.arrives, done[thread].has_arrived) {
        arrives(&mut model);
        done[thread].has_arrived = true;
        return Some((model, done, None));
    }
    let answer = (operation.model)(&mut model)?;
    let is_refused = operation.refusal == Some(answer.as_str());
    let operations = done[thread].operations + if is_refused { 2 } else { 1 };
    done[thread] = Done { operations, has_arrived: false };
    Some((model, done, Some(answer)))
}

/// Whether every order comes to the end of every thread.
fn always_ends<M: Clone, O>(model: &M, program: &Program<M, O>, done: &[Done]) -> bool {
    let mut steps = (0..program.len()).filter_map(|it| step(model, program, done, it)).peekable();
    if steps.peek().is_none() {
        return all_done(program, done);
    }
    steps.all(|(model, done, _)| always_ends(&model, program, &done))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A counter that can be taken from only when something is there.
    const TRIAL: Trial<u32, ()> = Trial {
        start: 0,
        make: || (),
        sequences: &[&[PUT], &[TAKE], &[LOOK]],
        afterwards: &[LOOK],
    };

    const PUT: Operation<u32, ()> = Operation::new(
        "put",
        |count| {
            *count += 1;
            Some(String::new())
        },
        |()| String::new(),
    );

    const TAKE: Operation<u32, ()> = Operation::new(
        "take",
        |count| {
            *count = count.checked_sub(1)?;
            Some(String::new())
        },
        |()| String::new(),
    );

    const LOOK: Operation<u32, ()> =
        Operation::new("look", |count| Some(count.to_string()), |()| String::new());

    fn program(threads: &[&[usize]]) -> Program<u32, ()> {
        let operation = |&index: &usize| TRIAL.sequences[index][0];
        threads.iter().map(|thread| thread.iter().map(operation).collect()).collect()
    }

    fn ends(program: &Program<u32, ()>) -> bool {
        always_ends(&0, program, &vec![Done::default(); program.len()])
    }

    fn answers(threads: &[&[&str]]) -> Answers {
        threads.iter().map(|thread| thread.iter().map(|&it| it.to_owned()).collect()).collect()
    }

    #[test]
    fn answers_of_some_order_are_explained() {
        let program = program(&[&[0, 0], &[2, 2]]);
        for looks in [["0", "0"], ["0", "1"], ["1", "2"], ["2", "2"], ["0", "2"]] {
            assert!(TRIAL.explains(&program, &answers(&[&["", ""], &looks, &["2"]])), "{looks:?}");
        }
    }

    #[test]
    fn answers_of_no_order_are_not() {
        let program = program(&[&[0, 0], &[2, 2]]);
        for (looks, last) in [(["1", "0"], "2"), (["3", "3"], "2"), (["0", "0"], "1")] {
            assert!(!TRIAL.explains(&program, &answers(&[&["", ""], &looks, &[last]])));
        }
    }

    #[test]
    fn a_program_that_may_wait_for_ever_is_left_out() {
        assert!(!ends(&program(&[&[1], &[2]])));
        assert!(!ends(&program(&[&[1, 0], &[0, 1, 1]])));
        assert!(ends(&program(&[&[1], &[0]])));
        let mut next = 0;
        let programs = TRIAL.programs(30, |bound| {
            next += 7;
            next % bound
        });
        assert!(programs.iter().all(ends));
    }

    #[test]
    fn beside_a_sleeper_only_what_leaves_it_asleep_is_done() {
        let told = |operations: &[Operation<u32, ()>]| {
            operations.iter().map(|it| it.name).collect::<Vec<_>>().join(" ")
        };
        let found = TRIAL.beside_sleepers();
        let found = found.iter().map(|it| {
            let (before, name) = (told(&it.before), it.sleeper[it.sleeps_in].name);
            format!("{before}({name}) {} | {}", told(&it.meanwhile), told(&it.lets_on))
        });
        let found: Vec<String> = found.collect();
        assert_eq!(found, ["(take) look | put", "(take) look look | put"]);
    }

    /// A lock that lets whoever has arrived go before those who only try.
    #[derive(Clone)]
    struct Lock {
        is_held: bool,
        waiting: u32,
    }

    const HELD_BY_TURNS: Trial<Lock, ()> = {
        const LOCK: Operation<Lock, ()> = Operation::new(
            "lock",
            |lock| {
                if lock.is_held {
                    return None;
                }
                *lock = Lock { is_held: true, waiting: lock.waiting - 1 };
                Some(String::new())
            },
            |()| String::new(),
        );
        const UNLOCK: Operation<Lock, ()> = Operation::new(
            "unlock",
            |lock| {
                lock.is_held = false;
                Some(String::new())
            },
            |()| String::new(),
        );
        const IS_WANTED: Operation<Lock, ()> = Operation::new(
            "is_wanted",
            |lock| Some((lock.is_held || lock.waiting > 0).to_string()),
            |()| String::new(),
        );
        Trial {
            start: Lock { is_held: false, waiting: 0 },
            make: || (),
            sequences: &[&[LOCK.arriving(|lock| lock.waiting += 1), UNLOCK], &[IS_WANTED]],
            afterwards: &[IS_WANTED],
        }
    };

    #[test]
    fn a_sequence_stays_together_and_what_was_begun_lets_the_sleeper_on() {
        let found = HELD_BY_TURNS.beside_sleepers();
        let told = |operations: &[Operation<Lock, ()>]| {
            operations.iter().map(|it| it.name).collect::<Vec<_>>().join(" ")
        };
        let found: Vec<String> = found
            .iter()
            .map(|it| {
                format!("{} / {} / {}", told(&it.before), told(&it.meanwhile), told(&it.lets_on))
            })
            .collect();
        assert_eq!(found, ["lock / is_wanted / unlock", "lock / is_wanted is_wanted / unlock"]);
    }

    #[test]
    fn who_has_arrived_may_be_noticed_before_its_turn() {
        let [lock, unlock] = HELD_BY_TURNS.sequences[0] else { panic!("two operations") };
        let [is_wanted] = HELD_BY_TURNS.sequences[1] else { panic!("one operation") };
        let program = vec![vec![*lock, *unlock], vec![*is_wanted]];
        let explains = |seen, afterwards| {
            HELD_BY_TURNS.explains(&program, &answers(&[&["", ""], &[seen], &[afterwards]]))
        };
        assert!(explains("true", "false") && explains("false", "false"));
        assert!(!explains("true", "true"));
    }

    #[test]
    fn a_reader_sees_each_call_with_its_answer() {
        let told =
            TRIAL.told(&["T1", "T2"], &program(&[&[0], &[2]]), &answers(&[&[""], &["7"], &["1"]]));
        assert_eq!(
            told,
            "no order of these calls has these answers: T1: put; T2: look → 7; afterwards: look → 1"
        );
    }
}
