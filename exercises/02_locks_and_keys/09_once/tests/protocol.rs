//! What holds in every schedule.
//!
//! `src/once.rs` is compiled here with a `crate::sync` in which a thread may be interrupted before each of
//! its steps, and in which a wait may wake up for no reason. Its `crate::slot` notices two threads in it, and
//! a second value. Scenarios are run under thousands of schedules; one that fails is shown.

#[path = "common/hook.rs"]
mod hook;
#[allow(dead_code)]
#[path = "../src/once.rs"]
mod once;
#[path = "common/slot.rs"]
mod slot;

#[allow(unused_imports)]
mod sync {
    pub use schedules::shuttle::sync::*;
}

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
// What the scenarios count is none of the steps between which a thread is interrupted.
use std::sync::atomic::{AtomicU32, Ordering};

use once::OnceCell;
use rstest::rstest;
use schedules::shuttle::{explore, explore_a_few_programs, unwind_through};
use schedules::{Expect, Explains, Operation, Trial};
use sync::UnsafeCell;
use sync::thread::{JoinHandle, spawn_as, yield_now};

/// A cell, what has run for it, and where only one closure may be at a time.
struct Scene {
    cell: OnceCell<u32>,
    room: UnsafeCell<u32>,
    returned: AtomicU32,
}

impl Scene {
    fn new() -> Arc<Self> {
        let (room, returned) = (UnsafeCell::new(0), AtomicU32::new(0));
        Arc::new(Self { cell: OnceCell::new(), room, returned })
    }

    /// A closure that returns this value, if it is alone.
    fn init(&self, value: u32) -> u32 {
        self.room.set(value);
        self.returned.fetch_add(1, Ordering::SeqCst);
        value
    }

    fn get_or_init(&self, value: u32) -> u32 {
        *self.cell.get_or_init(|| self.init(value))
    }

    /// Its value, or that of another thread.
    fn set(&self, value: u32) -> u32 {
        match self.cell.set(value) {
            Ok(()) => {
                self.returned.fetch_add(1, Ordering::SeqCst);
                value
            }
            Err(back) => {
                assert!(back == value, "set({value}) gave back {back}");
                let seen = self.cell.get().copied();
                seen.unwrap_or_else(|| panic!("set({value}) was refused, and get() returned None"))
            }
        }
    }

    /// A closure that panics, if it is alone; whether it was that panic.
    fn give_up(&self) -> bool {
        let init = || -> u32 {
            self.room.set(0);
            resume_unwind(Box::new(GivesUp))
        };
        let panic = catch_unwind(AssertUnwindSafe(|| *self.cell.get_or_init(init)));
        panic.is_err_and(|panic| panic.is::<GivesUp>())
    }

    /// Asserts that all have the same value, and that no other was made.
    fn assert_one(&self, seen: &[u32]) {
        let in_the_cell = self.cell.get().copied();
        assert!(
            seen.iter().all(|value| Some(*value) == in_the_cell),
            "the calls returned {seen:?}, and get() returns {in_the_cell:?}"
        );
        let returned = self.returned.load(Ordering::SeqCst);
        assert!(returned == 1, "{returned} closures and sets have given the cell a value");
    }
}

/// What a closure panics with.
struct GivesUp;

/// A thread that does one thing in the scene.
fn thread<T: Send + 'static>(
    name: &str,
    scene: &Arc<Scene>,
    body: impl FnOnce(&Scene) -> T + Send + 'static,
) -> JoinHandle<T> {
    let scene = Arc::clone(scene);
    spawn_as(name, move || body(&scene))
}

type Fill = fn(&Scene, u32) -> u32;

#[rstest]
#[case::get_or_init_and_get_or_init(Scene::get_or_init, Scene::get_or_init)]
#[case::get_or_init_and_set(Scene::get_or_init, Scene::set)]
#[case::set_and_set(Scene::set, Scene::set)]
fn of_two_values_one_gets_in(#[case] first: Fill, #[case] second: Fill) {
    let expect = Expect {
        expected: "one of two threads to put its value in, and both to have that value",
        likely: "the look whether there is a value, and whether somebody makes one, and the taking of the turn are not one step: the other thread came in between",
        explains: Explains::Invariants,
        read: "hint 2",
    };
    explore(expect, move || {
        let scene = Scene::new();
        let first = thread("T1", &scene, move |scene| first(scene, 1));
        let second = thread("T2", &scene, move |scene| second(scene, 2));
        scene.assert_one(&[first.join().unwrap(), second.join().unwrap()]);
    });
}

#[rstest]
#[case::get_or_init(Scene::get_or_init)]
#[case::set(Scene::set)]
fn a_reader_sees_nothing_or_the_whole_value(#[case] fill: Fill) {
    let expect = Expect {
        expected: "get() to return None, or the value that is completely in the slot",
        likely: "the flag that says that there is a value is set before the value is in the slot",
        explains: Explains::Invariants,
        read: "hint 2",
    };
    explore(expect, move || {
        let scene = Scene::new();
        let filler = thread("filler", &scene, move |scene| fill(scene, 1));
        let seen = thread("reader", &scene, |scene| [(); 2].map(|()| scene.cell.get().copied()));
        let seen = seen.join().unwrap();
        let in_order = matches!(seen, [None, None | Some(1)] | [Some(1), Some(1)]);
        assert!(in_order, "two calls of get() returned {seen:?}");
        scene.assert_one(&[filler.join().unwrap()]);
    });
}

#[rstest]
#[case::get_or_init_beside_get_or_init(Scene::get_or_init, Scene::get_or_init)]
#[case::get_or_init_beside_set(Scene::get_or_init, Scene::set)]
#[case::set_beside_set(Scene::set, Scene::set)]
fn all_that_wait_for_a_value_are_woken(#[case] first: Fill, #[case] second: Fill) {
    let expect = Expect {
        expected: "the threads that wait to go on when the closure has returned, at whatever moment that is",
        likely: "only one of the sleepers is woken; or the closure ends between a waiter's look and its sleep",
        explains: Explains::LostWakeUps,
        read: "hint 3",
    };
    explore(expect, move || {
        let scene = Scene::new();
        let filler = thread("filler", &scene, |scene| scene.get_or_init(1));
        let first = thread("T1", &scene, move |scene| first(scene, 2));
        let second = thread("T2", &scene, move |scene| second(scene, 3));
        let seen = [filler, first, second].map(|thread| thread.join().unwrap());
        scene.assert_one(&seen);
    });
}

#[rstest]
#[case::get_or_init_beside_get_or_init(Scene::get_or_init, Scene::get_or_init)]
#[case::get_or_init_beside_set(Scene::get_or_init, Scene::set)]
#[case::set_beside_set(Scene::set, Scene::set)]
fn a_panic_of_the_closure_lets_the_next_one_try(#[case] first: Fill, #[case] second: Fill) {
    let expect = Expect {
        expected: "one of the threads that wait to put its value in when the closure has panicked, and all to have it",
        likely: "after the panic nobody is woken, or the state still says that a closure runs; or a woken thread takes the turn without looking again",
        explains: Explains::AllThatIsStuck,
        read: "hint 4",
    };
    explore(expect, move || {
        let scene = Scene::new();
        let filler = thread("filler", &scene, Scene::give_up);
        let first = thread("T1", &scene, move |scene| first(scene, 2));
        let second = thread("T2", &scene, move |scene| second(scene, 3));
        filler.join().unwrap();
        scene.assert_one(&[first, second].map(|thread| thread.join().unwrap()));
    });
}

#[test]
fn closures_that_panic_run_one_at_a_time() {
    let expect = Expect {
        expected: "three closures that panic to run one after the other, each panic at its own caller, and the cell to be empty",
        likely: "a woken thread takes the turn without looking whether another one has been faster; or one of the panics leaves the state as it was",
        explains: Explains::AllThatIsStuck,
        read: "hint 4",
    };
    explore(expect, || {
        let scene = Scene::new();
        let threads = ["T1", "T2", "T3"].map(|name| thread(name, &scene, Scene::give_up));
        let panics = threads.map(|thread| thread.join().unwrap());
        assert!(
            panics == [true; 3],
            "whose call of get_or_init ended in the panic of its closure: {panics:?}"
        );
        let empty = scene.cell.get().is_none();
        assert!(empty, "get() returned a value");
        let seen = scene.get_or_init(1);
        scene.assert_one(&[seen]);
    });
}

#[rstest]
#[case::get_or_init(Scene::get_or_init)]
#[case::set(Scene::set)]
fn a_re_entrant_call_lets_nobody_else_in(#[case] other: Fill) {
    let expect = Expect {
        expected: "a closure that has caught the panic of a re-entrant call to be alone until it returns",
        likely: "the call that panics puts the state back or wakes others, as if the turn were its own",
        explains: Explains::AllThatIsStuck,
        read: "hint 5",
    };
    explore(expect, move || {
        hook::passes_over_what_is_caught();
        let scene = Scene::new();
        let filler = thread("filler", &scene, |scene| {
            let init = || {
                let refused = catch_unwind(AssertUnwindSafe(|| scene.cell.set(9))).is_err();
                assert!(refused, "set returned inside the closure");
                scene.init(1)
            };
            *scene.cell.get_or_init(init)
        });
        let other = thread("other", &scene, move |scene| other(scene, 2));
        scene.assert_one(&[filler.join().unwrap(), other.join().unwrap()]);
    });
}

/// Fills the cell when it is dropped.
struct FillsOnDrop(Arc<Scene>, Fill);

impl Drop for FillsOnDrop {
    fn drop(&mut self) {
        (self.1)(&self.0, 1);
    }
}

#[rstest]
#[case::get_or_init(Scene::get_or_init)]
#[case::set(Scene::set)]
fn a_value_that_is_made_while_a_panic_unwinds_wakes_all(#[case] fill: Fill) {
    let expect = Expect {
        expected: "a thread that waits to have the value, though its maker's thread unwinds from a panic of its own",
        likely: "while a panic unwinds, a turn that ends does less: it asks thread::panicking",
        explains: Explains::AllThatIsStuck,
        read: "hint 4",
    };
    explore(expect, move || {
        let scene = Scene::new();
        let filler = thread("filler", &scene, {
            let scene = Arc::clone(&scene);
            move |_| unwind_through(FillsOnDrop(scene, fill))
        });
        let other = thread("other", &scene, |scene| scene.get_or_init(2));
        filler.join().unwrap();
        scene.assert_one(&[other.join().unwrap()]);
    });
}

/// The value.
type Model = Option<u32>;

const GET: Operation<Model, OnceCell<u32>> = Operation::new(
    "get()",
    |model| Some(format!("{model:?}")),
    |cell| format!("{:?}", cell.get().copied()),
);

const SET_1: Operation<Model, OnceCell<u32>> =
    Operation::new("set(1)", |model| Some(set_model(model, 1)), |cell| set(cell, 1));

const SET_2: Operation<Model, OnceCell<u32>> =
    Operation::new("set(2)", |model| Some(set_model(model, 2)), |cell| set(cell, 2));

const GET_OR_INIT: Operation<Model, OnceCell<u32>> = Operation::new(
    "get_or_init(|| 3)",
    |model| Some(model.get_or_insert(3).to_string()),
    |cell| {
        let init = || {
            yield_now();
            3
        };
        cell.get_or_init(init).to_string()
    },
);

const GIVE_UP: Operation<Model, OnceCell<u32>> = Operation::new(
    "get_or_init(|| panic)",
    |model| Some(model.map_or("panic".to_owned(), |value| value.to_string())),
    |cell| {
        let init = || -> u32 {
            yield_now();
            resume_unwind(Box::new(GivesUp))
        };
        match catch_unwind(AssertUnwindSafe(|| *cell.get_or_init(init))) {
            Ok(value) => value.to_string(),
            Err(panic) if panic.is::<GivesUp>() => "panic".to_owned(),
            Err(_) => "another panic".to_owned(),
        }
    },
);

/// A closure that calls its own cell, catches the panic of that, and returns a value.
const RE_ENTER: Operation<Model, OnceCell<u32>> = Operation::new(
    "get_or_init(|| set(9), 4)",
    |model| {
        let refused = if model.is_none() { "refused, " } else { "" };
        Some(format!("{refused}{}", model.get_or_insert(4)))
    },
    |cell| {
        let mut refused = "";
        let init = || {
            let set = catch_unwind(AssertUnwindSafe(|| cell.set(9)));
            refused = if set.is_err() { "refused, " } else { "not refused, " };
            4
        };
        let value = *cell.get_or_init(init);
        format!("{refused}{value}")
    },
);

fn set_model(model: &mut Model, value: u32) -> String {
    let answer = if model.is_some() { Err(value) } else { Ok(()) };
    model.get_or_insert(value);
    format!("{answer:?}")
}

fn set(cell: &OnceCell<u32>, value: u32) -> String {
    format!("{:?}", cell.set(value))
}

#[test]
fn every_answer_is_that_of_some_order() {
    let expect = Expect {
        expected: "the answers of some order in which the calls happen one after another, also of those that come later",
        likely: "an answer is given before the value is in the cell, or another thread's call comes in between two steps of one: two of those that end a turn, for example",
        explains: Explains::Invariants,
        read: "README, the task",
    };
    hook::passes_over_what_is_caught();
    let trial = Trial {
        start: None,
        make: OnceCell::new,
        sequences: &[&[GET], &[SET_1], &[GET_OR_INIT], &[GIVE_UP], &[RE_ENTER]],
        afterwards: &[GET, GIVE_UP, GET, SET_1, GET, GET_OR_INIT, SET_2, GET],
    };
    explore_a_few_programs(expect, trial);
}
