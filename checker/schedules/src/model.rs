//! Programs of operations, and a model that says what they may answer.
//!
//! A program is a few operations of each of a few threads, and some more when all of them have ended. Its
//! answers must be those of *some* order in which the operations happen one after another, each thread's in
//! its own order: then nobody can tell that they overlapped. What is done afterwards finds what an outcome
//! alone does not show: a state that is wrong only for the next who uses it.

/// Something to do with an object of type `O`, and what it means for a model of type `M`.
pub struct Operation<M, O> {
    /// What a reader sees: `deposit(5)`.
    pub name: &'static str,
    /// Does it to the model and says the answer; `None` if it would wait now.
    pub model: fn(&mut M) -> Option<String>,
    /// Does it to the object and says the answer.
    pub call: fn(&O) -> String,
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
    /// What the threads may do.
    pub operations: &'static [Operation<M, O>],
    /// What is done when all threads have ended, in this order. None of it may wait.
    pub afterwards: &'static [Operation<M, O>],
}

/// A thread that sleeps in an operation, and what is done beside it.
pub(crate) struct BesideSleeper<M, O> {
    /// What leads to a state in which it sleeps.
    pub before: Vec<Operation<M, O>>,
    /// What it sleeps in.
    pub sleeper: Operation<M, O>,
    /// What another thread does meanwhile: none of it waits.
    pub meanwhile: Vec<Operation<M, O>>,
    /// What lets the sleeper on.
    pub lets_on: Vec<Operation<M, O>>,
}

/// What each thread does.
pub(crate) type Program<M, O> = Vec<Vec<Operation<M, O>>>;

/// The answers of each thread, and of what was done afterwards.
pub(crate) type Answers = Vec<Vec<String>>;

/// Some threads of few operations: few find most, and many would take long.
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
                (0..*length).map(|_| self.operations[below(self.operations.len())]).collect()
            };
            let program: Program<M, O> = shape.iter().map(&mut thread).collect();
            if always_ends(&self.start, &program, &mut vec![0; program.len()]) {
                programs.push(program);
            }
        }
        assert_eq!(programs.len(), count, "too many programs of this trial get stuck");
        programs
    }

    /// What a thread can do while another one sleeps in an operation: up to two operations that leave the
    /// sleeper asleep, and then what lets it on.
    pub(crate) fn beside_sleepers(&self) -> Vec<BesideSleeper<M, O>> {
        let mut found = Vec::new();
        for &sleeper in self.operations {
            let sleeps = |model: &M| (sleeper.model)(&mut model.clone()).is_none();
            // The shortest way to a state in which it sleeps: at the start, or after an operation or two.
            let ways = self.ways(&self.start, 2, |_| true);
            let Some((before, asleep)) = ways.into_iter().find(|(_, model)| sleeps(model)) else {
                continue;
            };
            for (meanwhile, model) in self.ways(&asleep, 2, sleeps).into_iter().skip(1) {
                let ways = self.ways(&model, 2, |_| true);
                let lets_on = ways.into_iter().find(|(_, model)| !sleeps(model));
                if let Some((lets_on, _)) = lets_on {
                    let before = before.clone();
                    found.push(BesideSleeper { before, sleeper, meanwhile, lets_on });
                }
            }
        }
        found
    }

    /// All that can be done from here without waiting, in so many operations at most, with where it leads; each
    /// state on the way is one to `keep`. Short ones first, and first of all nothing.
    fn ways(
        &self,
        from: &M,
        length: usize,
        keep: impl Fn(&M) -> bool,
    ) -> Vec<(Vec<Operation<M, O>>, M)> {
        let mut ways = vec![(Vec::new(), from.clone())];
        let mut next = 0;
        while let Some((way, model)) = ways.get(next).cloned() {
            next += 1;
            if way.len() == length {
                continue;
            }
            for &operation in self.operations {
                let mut after = model.clone();
                if (operation.model)(&mut after).is_some() && keep(&after) {
                    ways.push((way.iter().copied().chain([operation]).collect(), after));
                }
            }
        }
        ways
    }

    /// Whether some order of the operations has these answers.
    pub(crate) fn explains(&self, program: &Program<M, O>, answers: &Answers) -> bool {
        let done = vec![0; program.len()];
        self.explains_the_rest(self.start.clone(), program, answers, &done)
    }

    fn explains_the_rest(
        &self,
        model: M,
        program: &Program<M, O>,
        answers: &Answers,
        done: &[usize],
    ) -> bool {
        if program.iter().zip(done).all(|(thread, done)| thread.len() == *done) {
            return self.explains_what_comes_afterwards(model, answers);
        }
        (0..program.len()).any(|thread| {
            let Some(operation) = program[thread].get(done[thread]) else { return false };
            let mut after = model.clone();
            let answer = (operation.model)(&mut after);
            let mut further = done.to_vec();
            further[thread] += 1;
            answer.as_ref() == Some(&answers[thread][done[thread]])
                && self.explains_the_rest(after, program, answers, &further)
        })
    }

    fn explains_what_comes_afterwards(&self, mut model: M, answers: &Answers) -> bool {
        let given = answers.last().expect("what is done afterwards comes last");
        let mut pairs = self.afterwards.iter().zip(given);
        pairs.all(|(operation, given)| (operation.model)(&mut model).as_ref() == Some(given))
    }

    /// The program with its answers, for the reader.
    pub(crate) fn told(&self, program: &Program<M, O>, answers: &Answers) -> String {
        let afterwards = [("afterwards".to_owned(), self.afterwards)];
        let threads = program.iter().enumerate();
        let threads = threads.map(|(index, thread)| (format!("T{}", index + 1), thread.as_slice()));
        let lines = threads.chain(afterwards).zip(answers).map(|((name, operations), answers)| {
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

/// Whether every order comes to the end of every thread.
fn always_ends<M: Clone, O>(model: &M, program: &Program<M, O>, done: &mut [usize]) -> bool {
    let mut can_go_on = false;
    for thread in 0..program.len() {
        let Some(operation) = program[thread].get(done[thread]) else { continue };
        let mut after = model.clone();
        if (operation.model)(&mut after).is_some() {
            can_go_on = true;
            done[thread] += 1;
            let ends = always_ends(&after, program, done);
            done[thread] -= 1;
            if !ends {
                return false;
            }
        }
    }
    can_go_on || program.iter().zip(done.iter()).all(|(thread, done)| thread.len() == *done)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A counter that can be taken from only when something is there.
    const TRIAL: Trial<u32, ()> = Trial {
        start: 0,
        make: || (),
        operations: &[
            Operation {
                name: "put",
                model: |count| {
                    *count += 1;
                    Some(String::new())
                },
                call: |()| String::new(),
            },
            Operation {
                name: "take",
                model: |count| {
                    *count = count.checked_sub(1)?;
                    Some(String::new())
                },
                call: |()| String::new(),
            },
            Operation {
                name: "look",
                model: |count| Some(count.to_string()),
                call: |()| String::new(),
            },
        ],
        afterwards: &[Operation {
            name: "look",
            model: |count| Some(count.to_string()),
            call: |()| String::new(),
        }],
    };

    fn program(threads: &[&[usize]]) -> Program<u32, ()> {
        let operation = |&index: &usize| TRIAL.operations[index];
        threads.iter().map(|thread| thread.iter().map(operation).collect()).collect()
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
        assert!(!always_ends(&0, &program(&[&[1], &[2]]), &mut [0, 0]));
        assert!(!always_ends(&0, &program(&[&[1, 0], &[0, 1, 1]]), &mut [0, 0]));
        assert!(always_ends(&0, &program(&[&[1], &[0]]), &mut [0, 0]));
        let mut next = 0;
        let programs = TRIAL.programs(30, |bound| {
            next += 7;
            next % bound
        });
        assert!(programs.iter().all(|it| always_ends(&0, it, &mut vec![0; it.len()])));
    }

    #[test]
    fn beside_a_sleeper_only_what_leaves_it_asleep_is_done() {
        let told = |operations: &[Operation<u32, ()>]| {
            operations.iter().map(|it| it.name).collect::<Vec<_>>().join(" ")
        };
        let found: Vec<String> = TRIAL
            .beside_sleepers()
            .iter()
            .map(|it| {
                let (before, name) = (told(&it.before), it.sleeper.name);
                format!("{before}({name}) {} | {}", told(&it.meanwhile), told(&it.lets_on))
            })
            .collect();
        assert_eq!(found, ["(take) look | put", "(take) look look | put"]);
    }

    #[test]
    fn a_reader_sees_each_call_with_its_answer() {
        let told = TRIAL.told(&program(&[&[0], &[2]]), &answers(&[&[""], &["7"], &["1"]]));
        assert_eq!(
            told,
            "no order of these calls has these answers: T1: put; T2: look → 7; afterwards: look → 1"
        );
    }
}
