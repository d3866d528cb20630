//! What a cell promises, easiest first.
//!
//! `src/once.rs` is compiled here with a `crate::sync` whose waits wake up for no reason, and with a
//! `crate::slot` that checks what it asks for.

#![allow(clippy::drop_non_drop)] // the cell of the stub has no `Drop` yet

#[path = "common/hook.rs"]
mod hook;
#[allow(dead_code)]
#[path = "../src/once.rs"]
mod once;
#[path = "common/slot.rs"]
mod slot;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::spurious::*;

    /// What the slot notices races with: here are none, tests/protocol.rs is for that.
    pub struct UnsafeCell<T>(T);

    impl<T: Copy> UnsafeCell<T> {
        pub const fn new(value: T) -> Self {
            Self(value)
        }

        pub fn get(&self) -> T {
            self.0
        }

        pub fn set(&self, _: T) {}
    }
}

use std::any::Any;
use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use once::OnceCell;
use rstest::rstest;
use sync::futex::calls;
use testkit::growth::{Growth, growth};
use testkit::require;
use testkit::threads::{Settled, Thread, Threads};

testkit::count_allocations!();

/// Something that can neither be copied nor cloned.
#[derive(Debug)]
struct Item(u32);

/// Runs `body` on a thread of its own, so that a call that never returns is seen to.
#[track_caller]
fn on_a_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    Threads::new().spawn("worker", body).join(
        "a call waits although no other thread is at the cell: is a mutex locked twice, is the state put back when `init` has ended or panicked, or does the thread wait for itself?",
        "hints 3 and 4",
    )
}

/// A closure's panic, of which no hook hears.
fn give_up() -> ! {
    resume_unwind(Box::new("the closure gives up"));
}

/// What a call has come to: its value, or the text of its panic.
fn outcome<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    hook::passes_over_what_is_caught();
    let outside = hook::CATCHES.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    hook::CATCHES.set(outside);
    result.map_err(|panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
    })
}

fn value(cell: &OnceCell<Item>) -> Option<u32> {
    cell.get().map(|item| item.0)
}

fn value_or_init(cell: &OnceCell<Item>) -> Option<u32> {
    Some(cell.get_or_init(|| Item(8)).0)
}

/// A test that would pass on a cell that does nothing begins with this.
fn assert_takes_a_value() {
    let seen = on_a_thread(|| {
        let cell = OnceCell::new();
        let set = cell.set(Item(7)).is_ok();
        (set, value(&cell))
    });
    assert_eq!(seen, (true, Some(7)), "what a_set_value_is_there looks at");
}

#[test]
fn a_new_cell_is_empty() {
    let seen = on_a_thread(|| value(&OnceCell::new()));
    require!(seen.is_none(),
        expected: "get() of a new cell to return None",
        seen: "{seen:?}",
        likely: "the flag that says that there is a value begins as true",
        read: "README, the task",
    );
}

#[test]
fn a_set_value_is_there() {
    let (set, seen) = on_a_thread(|| {
        let cell = OnceCell::new();
        let set = cell.set(Item(7)).map_err(|item| item.0);
        (set, value(&cell))
    });
    require!((set, seen) == (Ok(()), Some(7)),
        expected: "set(7) of an empty cell to return Ok(()), and get() to return Some(7) then",
        seen: "{set:?}, and {seen:?}",
        likely: "the value does not go into the slot, or the flag that `get` looks at is not set",
        read: "hint 1",
    );
}

#[test]
fn the_value_lies_in_the_slot_and_an_atomic_says_so() {
    let (puts, uses) = on_a_thread(|| {
        let cell = OnceCell::new();
        let set = cell.set(Item(7)).is_ok();
        let (puts, before) = (slot::puts(), sync::uses());
        assert!(set && value(&cell) == Some(7), "what a_set_value_is_there looks at");
        (puts, sync::uses() - before)
    });
    require!(puts == 1 && uses > 0,
        expected: "set to call Slot::put once, and get to look at an atomic of crate::sync",
        seen: "{puts} calls of Slot::put; {uses} uses of atomics and mutexes of crate::sync in get",
        likely: "something of `std` does the work: take the slot from `crate::slot` and the rest from `crate::sync`, so that the other tests can stop a thread at any step",
        read: "README, the task",
    );
}

#[rstest]
#[case::that_was_set(|cell: &OnceCell<Item>| drop(cell.set(Item(7))))]
#[case::that_was_initialised(|cell: &OnceCell<Item>| { cell.get_or_init(|| Item(7)); })]
fn a_cell_with_a_value_gives_another_one_back(#[case] fill: fn(&OnceCell<Item>)) {
    let (set, seen) = on_a_thread(move || {
        let cell = OnceCell::new();
        fill(&cell);
        let set = cell.set(Item(8)).map_err(|item| item.0);
        (set, value(&cell))
    });
    require!((set, seen) == (Err(8), Some(7)),
        expected: "set(8) of a cell that holds 7 to return Err(8), and get() to return Some(7) then",
        seen: "{set:?}, and {seen:?}",
        likely: "`set` does not look whether there is a value, or gives back the wrong one",
        read: "README, the task",
    );
}

#[rstest]
#[case::empty(None)]
#[case::that_was_set(Some(7))]
fn the_first_value_stays_and_no_closure_runs_for_a_second(#[case] set: Option<u32>) {
    let (seen, ran): (Vec<u32>, Vec<u32>) = on_a_thread(move || {
        let (cell, ran) = (OnceCell::new(), Cell::new(Vec::new()));
        let run = |number| {
            let mut numbers = ran.take();
            numbers.push(number);
            ran.set(numbers);
            Item(number)
        };
        if let Some(number) = set {
            assert!(cell.set(Item(number)).is_ok(), "what a_set_value_is_there looks at");
        }
        let seen: Vec<u32> = (1..=3).map(|number| cell.get_or_init(|| run(number)).0).collect();
        let seen = seen.into_iter().chain(value(&cell)).collect();
        (seen, ran.take())
    });
    let (right_seen, right_ran) = match set {
        Some(number) => (vec![number; 4], vec![]),
        None => (vec![1; 4], vec![1]),
    };
    let before = if set.is_some() { "of a cell that holds 7" } else { "of an empty cell" };
    require!((&seen, &ran) == (&right_seen, &right_ran),
        expected: "get_or_init with a closure that returns 1, then 2, then 3, and get() {before}: {right_seen:?}; closures that run: {right_ran:?}",
        seen: "{seen:?}; closures that ran: {ran:?}",
        likely: "`get_or_init` does not look whether there is a value before it calls `init`, or does not say that there is one afterwards",
        read: "hint 2",
    );
}

/// Without `const fn new` this does not compile.
static EVERYBODYS: OnceCell<Item> = OnceCell::new();

#[test]
fn a_value_stays_where_it_is() {
    let (first, all) = on_a_thread(|| {
        let place = |item: &Item| std::ptr::from_ref(item).addr();
        let first = place(EVERYBODYS.get_or_init(|| Item(7)));
        let set = EVERYBODYS.set(Item(8)).is_err();
        assert!(set, "what a_cell_with_a_value_gives_another_one_back looks at");
        let second = place(EVERYBODYS.get_or_init(|| Item(9)));
        (first, [Some(second), EVERYBODYS.get().map(place)])
    });
    require!(all == [Some(first); 2],
        expected: "every reference to the value of a static cell to have the same address",
        seen: "they differ",
        likely: "the value is moved or made again",
        read: "README, the task",
    );
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

type Make<'a> = &'a dyn Fn() -> Counted;

#[rstest]
#[case::that_is_empty("new()", 0, |_: &OnceCell<Counted>, _: Make<'_>| ())]
#[case::that_was_set("set(_)", 1, |cell: &OnceCell<Counted>, make: Make<'_>| drop(cell.set(make())))]
#[case::that_was_initialised("get_or_init(_)", 1, |cell: &OnceCell<Counted>, make: Make<'_>| { cell.get_or_init(make); })]
#[case::whose_closure_panicked("get_or_init(panics)", 0, |cell: &OnceCell<Counted>, _: Make<'_>| {
    let _ = outcome(|| cell.get_or_init(|| give_up()));
})]
#[case::whose_second_closure_did_not_panic("get_or_init(panics), get_or_init(_)", 1, |cell: &OnceCell<Counted>, make: Make<'_>| {
    let _ = outcome(|| cell.get_or_init(|| give_up()));
    cell.get_or_init(make);
})]
#[case::that_was_looked_at("set(_), get(), get_or_init(_)", 1, |cell: &OnceCell<Counted>, make: Make<'_>| {
    let _ = cell.set(make());
    let _ = (cell.get(), cell.get_or_init(make));
})]
fn a_value_is_dropped_once_with_its_cell(
    #[case] calls: &str,
    #[case] values: usize,
    #[case] uses: fn(&OnceCell<Counted>, Make<'_>),
) {
    assert_takes_a_value();
    let (before, after) = on_a_thread(move || {
        let dropped = Arc::new(AtomicUsize::new(0));
        let cell = OnceCell::new();
        uses(&cell, &|| Counted(Arc::clone(&dropped)));
        let before = dropped.load(Ordering::SeqCst);
        drop(cell);
        (before, dropped.load(Ordering::SeqCst))
    });
    require!((before, after) == (0, values),
        expected: "after {calls}: 0 values dropped while the cell lives, {values} when it is dropped",
        seen: "{before} while it lived, {after} in all",
        likely: "without `impl Drop` for the cell nobody drops its value; it must drop a value only if there is one",
        read: "hint 1; https://doc.rust-lang.org/std/ops/trait.Drop.html",
    );
}

#[test]
fn a_value_is_dropped_with_a_cell_that_a_panic_drops() {
    assert_takes_a_value();
    let dropped = on_a_thread(|| {
        let dropped = Arc::new(AtomicUsize::new(0));
        let value = Counted(Arc::clone(&dropped));
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let cell = OnceCell::new();
            let _ = cell.set(value);
            give_up()
        }));
        dropped.load(Ordering::SeqCst)
    });
    require!(dropped == 1,
        expected: "the value of a cell that is dropped while a panic unwinds to be dropped, too",
        seen: "{dropped} values dropped",
        likely: "the cell's `drop` asks thread::panicking, and does less",
        read: "hint 1; https://doc.rust-lang.org/std/ops/trait.Drop.html",
    );
}

#[test]
fn threads_may_share_a_cell_whose_value_borrows() {
    let text = String::from("borrowed");
    let cell: OnceCell<&str> = OnceCell::new();
    // A bound such as `T: 'static` on the cell's `Sync` would refuse this to the compiler's users.
    let seen = std::thread::scope(|scope| {
        let set = scope.spawn(|| cell.set(&text).is_ok()).join();
        let seen = scope.spawn(|| cell.get().copied()).join();
        set.ok().zip(seen.ok().flatten())
    });
    require!(seen == Some((true, text.as_str())),
        expected: "one scoped thread to put a borrowed text in, another one to get it",
        seen: "{seen:?}",
        likely: "a thread has panicked: its message stands above",
        read: "README, the task",
    );
}

#[test]
fn a_value_that_is_given_back_is_not_dropped() {
    let (before, after, all) = on_a_thread(|| {
        let dropped = Arc::new(AtomicUsize::new(0));
        let count = || dropped.load(Ordering::SeqCst);
        let cell: OnceCell<Counted> = OnceCell::new();
        let _ = cell.set(Counted(Arc::clone(&dropped)));
        let back = cell.set(Counted(Arc::clone(&dropped)));
        let before = count();
        drop(back);
        let after = count();
        drop(cell);
        (before, after, count())
    });
    require!((before, after, all) == (0, 1, 2),
        expected: "the value that set gives back to be alive: 0 dropped, 1 with what came back, 2 with the cell",
        seen: "{before}, {after}, {all}",
        likely: "`set` puts the value over the first one, or gives back another one",
        read: "README, the task",
    );
}

#[rstest]
#[case::get_or_init(|cell: &OnceCell<Item>| cell.get_or_init(|| Item(3)).0)]
#[case::set(|cell: &OnceCell<Item>| cell.set(Item(3)).map_or(0, |()| 3))]
fn after_a_panic_of_its_closure_a_cell_is_as_new(#[case] next: fn(&OnceCell<Item>) -> u32) {
    let (first, seen, second, next) = on_a_thread(move || {
        let cell: OnceCell<Item> = OnceCell::new();
        let gives_up = || outcome(|| cell.get_or_init(|| give_up()).0);
        let first = gives_up();
        (first, value(&cell), gives_up(), outcome(|| next(&cell)))
    });
    let gave_up = Err("the closure gives up".to_owned());
    require!(first == gave_up,
        expected: "the panic of `init` to come out of get_or_init as it is: {gave_up:?}",
        seen: "{first:?}",
        likely: "the panic is caught, and does not go on with `resume_unwind`; or another panic takes its place",
        read: "hint 4",
    );
    require!((seen, &second, &next) == (None, &gave_up, &Ok(3)),
        expected: "get() to return None then, the next closure that panics to come to {gave_up:?}, too, and the call after it to put in a 3",
        seen: "{seen:?}, {second:?}, and {next:?}",
        likely: "what says that a closure runs is not put back in a panic: do it in the `Drop` of a guard; or a poisoned mutex is taken for an error",
        read: "hint 4",
    );
}

#[rstest]
#[case::get_or_init(|cell: &OnceCell<Item>| cell.get_or_init(|| Item(2)).0)]
#[case::set(|cell: &OnceCell<Item>| cell.set(Item(2)).map_or(0, |()| 2))]
fn a_re_entrant_call_panics_and_says_why(#[case] inner: fn(&OnceCell<Item>) -> u32) {
    let (first, seen, next) = on_a_thread(move || {
        let cell = OnceCell::new();
        let first = outcome(|| cell.get_or_init(|| Item(inner(&cell))).0);
        (first, value(&cell), outcome(|| cell.get_or_init(|| Item(3)).0))
    });
    let says_why = first.as_ref().is_err_and(|text| text.contains("re-entrant"));
    require!(says_why,
        expected: "a closure that calls its own cell to end in a panic whose message contains `re-entrant`",
        seen: "{first:?}",
        likely: "the inner call fills the cell itself, or panics for another reason: it has to recognise its own thread",
        read: "hint 5",
    );
    require!((seen, &next) == (None, &Ok(3)),
        expected: "get() to return None then, and the next get_or_init to put in a 3",
        seen: "{seen:?}, and {next:?}",
        likely: "a mutex was held in that panic and is poisoned, or the inner call has changed the state",
        read: "hint 5",
    );
}

#[rstest]
#[case::get_or_init(|cell: &OnceCell<Item>| { cell.get_or_init(|| Item(2)); })]
#[case::set(|cell: &OnceCell<Item>| drop(cell.set(Item(2))))]
fn a_closure_that_catches_the_re_entrant_panic_goes_on(#[case] inner: fn(&OnceCell<Item>)) {
    let (panics, first, next) = on_a_thread(move || {
        let cell = OnceCell::new();
        let mut panics = 0;
        let first = outcome(|| {
            let init = || {
                panics = [1, 2].iter().filter(|_| outcome(|| inner(&cell)).is_err()).count();
                Item(1)
            };
            cell.get_or_init(init).0
        });
        (panics, first, cell.get_or_init(|| Item(3)).0)
    });
    require!((panics, &first, next) == (2, &Ok(1), 1),
        expected: "two re-entrant calls to panic, and the closure that catches both to put in its 1",
        seen: "{panics} panics; {first:?}; the next get_or_init returns {next}",
        likely: "the call that panics puts the state back, as if the turn were its own: the outer closure still runs",
        read: "hint 5",
    );
}

#[test]
fn a_closure_that_looks_at_its_cell_sees_nothing() {
    let (inside, outside) = on_a_thread(|| {
        let (cell, inside) = (OnceCell::new(), Cell::new(Some(0)));
        cell.get_or_init(|| {
            inside.set(value(&cell));
            Item(7)
        });
        (inside.take(), value(&cell))
    });
    require!((inside, outside) == (None, Some(7)),
        expected: "get() inside the closure to return None, and after it Some(7)",
        seen: "{inside:?}, and {outside:?}",
        likely: "the flag that says that there is a value is set before the closure has returned",
        read: "hint 2",
    );
}

#[test]
fn a_closure_may_fill_another_cell_but_not_come_back_to_its_own() {
    let (sum, circle) = on_a_thread(|| {
        let [outer, inner] = [OnceCell::new(), OnceCell::new()];
        let sum = outcome(|| outer.get_or_init(|| Item(inner.get_or_init(|| Item(2)).0 + 1)).0);
        let [first, second] = [OnceCell::new(), OnceCell::new()];
        let back = || Item(first.get_or_init(|| Item(1)).0);
        let circle = outcome(|| first.get_or_init(|| Item(second.get_or_init(back).0)).0);
        (sum, circle)
    });
    let says_why = circle.as_ref().is_err_and(|text| text.contains("re-entrant"));
    require!(sum == Ok(3) && says_why,
        expected: "a closure that fills another cell to return 3; one that comes back to its own cell by another one to panic with `re-entrant`",
        seen: "{sum:?}, and {circle:?}",
        likely: "which thread runs a closure is kept for all cells together: it belongs to the cell",
        read: "hint 5",
    );
}

/// Calls when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[rstest]
#[case::get_or_init(|cell: &OnceCell<Item>| { cell.get_or_init(|| Item(7)); })]
#[case::set(|cell: &OnceCell<Item>| drop(cell.set(Item(7))))]
fn a_call_while_a_panic_unwinds_is_a_call(#[case] fill: fn(&OnceCell<Item>)) {
    let (panicked, seen, next) = on_a_thread(move || {
        let cell = OnceCell::new();
        let panicked: Result<(), String> = outcome(|| {
            // A panic that left the destructor would end the process.
            let _last = OnDrop(|| drop(outcome(|| fill(&cell))));
            give_up()
        });
        (panicked.is_err(), value(&cell), outcome(|| cell.get_or_init(|| Item(8)).0))
    });
    require!(panicked && (seen, &next) == (Some(7), &Ok(7)),
        expected: "a destructor that runs in somebody's panic to fill the cell with 7 as at any time",
        seen: "{seen:?}, and then {next:?}",
        likely: "a guard asks `thread::panicking()` whether the closure has panicked: it may be another panic that unwinds",
        read: "hint 4",
    );
}

#[rstest]
fn a_look_at_a_value_takes_no_lock_and_calls_no_kernel(
    #[values(filled_in_peace, filled_while_others_slept, filled_after_a_panic_while_others_slept)]
    past: fn() -> Arc<OnceCell<Item>>,
    #[values(value, value_or_init)] look: fn(&OnceCell<Item>) -> Option<u32>,
) {
    let cell = past();
    let (seen, locks, calls) = on_a_thread(move || {
        let (locks, calls_before) = (sync::locks(), calls());
        let seen = (0..10).filter(|_| look(&cell) == Some(7)).count();
        let now = calls();
        let made = now.waits + now.wakes - calls_before.waits - calls_before.wakes;
        (seen, sync::locks() - locks, made)
    });
    require!(seen == 10,
        expected: "10 looks at a cell that holds 7 to find it",
        seen: "{seen}",
        likely: "the first value does not stay",
        read: "README, the task",
    );
    require!(locks == 0 && calls == 0,
        expected: "no mutex and no futex in 10 looks at a value that is there",
        seen: "{locks} locks, {calls} calls of the futex",
        likely: "the mutex is locked before anybody has looked whether there is a value; or what says that threads \
            sleep is not taken back, and hides the value",
        read: "hint 2",
    );
}

fn filled_in_peace() -> Arc<OnceCell<Item>> {
    Arc::new(on_a_thread(|| {
        let cell = OnceCell::new();
        cell.get_or_init(|| Item(7));
        cell
    }))
}

fn filled_while_others_slept() -> Arc<OnceCell<Item>> {
    let scene = Scene::begin(|| Item(7));
    let sleeper = scene.thread("sleeper", calls_get_or_init);
    scene.threads.come_to_rest();
    scene.gate.open();
    for thread in [scene.filler, sleeper] {
        let _ = thread.join(NOT_WOKEN, "hint 3");
    }
    scene.cell
}

/// The closure that gives up wakes the sleepers, of which one makes the value.
fn filled_after_a_panic_while_others_slept() -> Arc<OnceCell<Item>> {
    let scene = Scene::begin(|| give_up());
    let make = |cell: &OnceCell<Item>| outcome(|| cell.get_or_init(|| Item(7)).0);
    let sleepers = [1, 2].map(|number| scene.thread(&format!("sleeper {number}"), make));
    scene.threads.come_to_rest();
    scene.gate.open();
    for thread in sleepers.into_iter().chain([scene.filler]) {
        let _ = thread.join(NOT_WOKEN, "hint 3");
    }
    scene.cell
}

/// What a closure waits for.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
    arrived: AtomicUsize,
}

impl Gate {
    fn wait(&self) {
        self.arrived.fetch_add(1, Ordering::SeqCst);
        let guard = self.is_open.lock().unwrap();
        drop(self.opened.wait_while(guard, |is_open| !*is_open).unwrap());
    }

    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

/// A cell, and a thread that is in its closure until the gate is opened.
struct Scene {
    cell: Arc<OnceCell<Item>>,
    threads: Threads,
    gate: Arc<Gate>,
    filler: Thread<Result<u32, String>>,
}

impl Scene {
    #[track_caller]
    fn begin(end: fn() -> Item) -> Self {
        Self::begin_with(Arc::new(OnceCell::new()), end)
    }

    #[track_caller]
    fn begin_with(cell: Arc<OnceCell<Item>>, end: fn() -> Item) -> Self {
        let (threads, gate) = (Threads::new(), Arc::new(Gate::default()));
        let filler = threads.spawn("filler", {
            let (cell, gate) = (Arc::clone(&cell), Arc::clone(&gate));
            move || {
                let init = || {
                    gate.wait();
                    end()
                };
                outcome(|| cell.get_or_init(init).0)
            }
        });
        threads.come_to_rest();
        let arrived = gate.arrived.load(Ordering::SeqCst);
        require!(arrived == 1,
            expected: "get_or_init of an empty cell to run its closure",
            seen: "{arrived} closures run",
            likely: "the first thread waits for another one",
            read: "README, the task",
        );
        Self { cell, threads, gate, filler }
    }

    fn thread<T: Send + 'static>(
        &self,
        name: &str,
        call: impl FnOnce(&OnceCell<Item>) -> T + Send + 'static,
    ) -> Thread<T> {
        let cell = Arc::clone(&self.cell);
        self.threads.spawn(name, move || call(&cell))
    }
}

const NOT_WOKEN: &str = "a thread that sleeps until the closure has ended is not woken: the state changes first, then all are woken";

type Call = fn(&OnceCell<Item>) -> Result<u32, String>;

fn calls_get_or_init(cell: &OnceCell<Item>) -> Result<u32, String> {
    outcome(|| cell.get_or_init(|| Item(2)).0)
}

/// Its value, or the one that is there already.
fn calls_set(cell: &OnceCell<Item>) -> Result<u32, String> {
    outcome(|| cell.set(Item(2)).map_or_else(|_| value(cell).unwrap_or(0), |()| 2))
}

#[rstest]
#[case::get_or_init_for_a_value(calls_get_or_init, || Item(1), Ok(1), 1)]
#[case::set_for_a_value(calls_set, || Item(1), Ok(1), 1)]
#[case::get_or_init_for_a_panic(calls_get_or_init, || give_up(), Err("the closure gives up"), 2)]
#[case::set_for_a_panic(calls_set, || give_up(), Err("the closure gives up"), 2)]
fn another_thread_sleeps_until_the_closure_has_ended(
    #[case] call: Call,
    #[case] end: fn() -> Item,
    #[case] first: Result<u32, &str>,
    #[case] second: u32,
) {
    let scene = Scene::begin(end);
    let waiters = [1, 2].map(|number| scene.thread(&format!("waiter {number}"), call));
    let settled = scene.threads.settle();
    let early = waiters.iter().filter(|waiter| waiter.is_finished()).count();
    require!(early == 0,
        expected: "both waiters to wait while a thread is in its closure",
        seen: "{early} of 2 have come back",
        likely: "`if` where a loop belongs: the first wait returns for no reason here; or the call is taken for a re-entrant one although another thread runs the closure",
        read: "hint 3",
    );
    require!(settled == Settled::AtRest,
        expected: "both waiters to sleep until they are woken",
        seen: "{settled:?}: the thread looks again and again instead of sleeping",
        likely: "a loop that looks again and again; or futex::wait is called with a value that the word does not have",
        read: "hint 3",
    );
    scene.gate.open();
    let filler = scene.filler.join(NOT_WOKEN, "hint 3");
    let waiters = waiters.map(|waiter| waiter.join(NOT_WOKEN, "hint 3"));
    let first = first.map_err(str::to_owned);
    require!(filler == first && waiters == [Ok(second), Ok(second)],
        expected: "the closure's thread to come back with {first:?}, and both waiters with Ok({second})",
        seen: "{filler:?}, and {waiters:?}",
        likely: "a waiter that is woken does not look again, or takes another thread's closure for its own",
        read: "hint 3",
    );
}

#[test]
fn a_get_never_waits_and_takes_no_lock() {
    let scene = Scene::begin(|| Item(1));
    let look = |cell: &OnceCell<Item>| {
        let before = sync::locks();
        (value(cell), sync::locks() - before)
    };
    let likely = "`get` waits until the closure has ended: it looks once and answers";
    let (during, locks) = scene.thread("reader", look).join(likely, "hint 2");
    scene.gate.open();
    let filler = scene.filler.join(NOT_WOKEN, "hint 3");
    let cell = Arc::clone(&scene.cell);
    let after = on_a_thread(move || value(&cell));
    require!((during, locks) == (None, 0),
        expected: "get() to return None while another thread is in its closure, without a lock",
        seen: "{during:?}, {locks} locks",
        likely: "`get` locks the mutex: an atomic says whether there is a value",
        read: "hint 2",
    );
    assert_eq!((filler, after), (Ok(1), Some(1)), "the value of the closure");
}

#[rstest]
#[case::by_get_or_init(calls_get_or_init)]
#[case::by_set(calls_set)]
fn a_thread_that_had_its_turn_waits_for_another_one(#[case] call: Call) {
    let cell: Arc<OnceCell<Item>> = Arc::new(OnceCell::new());
    let (threads, gate) = (Threads::new(), Arc::new(Gate::default()));
    let returner = threads.spawn("returner", {
        let (cell, gate) = (Arc::clone(&cell), Arc::clone(&gate));
        move || {
            let first = outcome(|| cell.get_or_init(|| give_up()).0);
            gate.wait();
            (first, call(&cell))
        }
    });
    threads.come_to_rest();
    let scene = Scene::begin_with(cell, || Item(1));
    gate.open();
    threads.come_to_rest();
    let early = returner.is_finished();
    scene.gate.open();
    let filler = scene.filler.join(NOT_WOKEN, "hint 3");
    let (first, second) = returner.join(NOT_WOKEN, "hint 3");
    let panicked = Err("the closure gives up".to_owned());
    require!((early, &first, &filler, &second) == (false, &panicked, &Ok(1), &Ok(1)),
        expected: "a thread whose own closure has panicked before to wait for another thread's closure, and to come back with its value, Ok(1)",
        seen: "it came back before: {early}; {second:?}",
        likely: "who runs the closure is not struck out when it has ended, and is taken for re-entrant later; or is noted by the wrong thread",
        read: "hint 5",
    );
}

#[test]
fn of_forty_threads_one_runs_its_closure() {
    let (cell, runs) = (Arc::new(OnceCell::new()), Arc::new(AtomicUsize::new(0)));
    let (threads, gate) = (Threads::new(), Arc::new(Gate::default()));
    let all: Vec<_> = (0..40)
        .map(|number| {
            let (cell, runs, gate) = (Arc::clone(&cell), Arc::clone(&runs), Arc::clone(&gate));
            threads.spawn(&format!("thread {number}"), move || {
                let init = || {
                    runs.fetch_add(1, Ordering::SeqCst);
                    gate.wait();
                    Item(number)
                };
                cell.get_or_init(init).0
            })
        })
        .collect();
    threads.come_to_rest();
    let inside = runs.load(Ordering::SeqCst);
    gate.open();
    let mut seen: Vec<u32> =
        all.into_iter().map(|thread| thread.join(NOT_WOKEN, "hint 3")).collect();
    seen.dedup();
    let (runs, values) = (runs.load(Ordering::SeqCst), seen.len());
    require!((inside, runs, values) == (1, 1, 1),
        expected: "1 of 40 closures to run, and all 40 threads to have its value",
        seen: "{inside} closures were under way at once, {runs} ran, and there are {values} different values",
        likely: "the look whether there is a value and the taking of the turn are two steps, or only some of the waiters are kept out",
        read: "hint 3",
    );
}

#[rstest]
#[case::get(|cell: &OnceCell<Item>, _: &OnceCell<Item>| { cell.get(); })]
#[case::a_set_that_comes_too_late(|cell: &OnceCell<Item>, _: &OnceCell<Item>| drop(cell.set(Item(8))))]
#[case::a_panic_of_a_closure(|_: &OnceCell<Item>, empty: &OnceCell<Item>| { let _ = outcome(|| empty.get_or_init(|| give_up()).0); })]
#[case::a_new_cell(|_: &OnceCell<Item>, _: &OnceCell<Item>| drop(OnceCell::<Item>::new().set(Item(8))))]
fn nothing_is_kept_of_a_call(#[case] round: fn(&OnceCell<Item>, &OnceCell<Item>)) {
    let (growth, seen) = on_a_thread(move || {
        let [cell, empty] = [OnceCell::new(), OnceCell::new()];
        cell.get_or_init(|| Item(7));
        let growth = growth(|_| round(&cell, &empty));
        (growth, (value(&cell), value(&empty)))
    });
    let Growth { bytes, .. } = growth;
    assert_eq!(seen, (Some(7), None), "what is in the cells");
    require!(!growth.is_there(),
        expected: "after 10000 rounds as much memory as after 10",
        seen: "{bytes} bytes more",
        likely: "something is noted of every call and not struck out; or the value is boxed and the box is never freed",
        read: "README, the task",
    );
}

/// Whether a `T` may be sent and shared: the constants of `impl<T: Send>` go before those of a trait.
struct Probe<T>(PhantomData<T>);

impl<T: Send> Probe<T> {
    const IS_SEND: bool = true;
}

impl<T: Sync> Probe<T> {
    const IS_SYNC: bool = true;
}

#[allow(dead_code)]
trait Otherwise {
    const IS_SEND: bool = false;
    const IS_SYNC: bool = false;
}

impl<T> Otherwise for Probe<T> {}

#[rstest]
#[case::a_value_for_all_threads("u32", Probe::<OnceCell<u32>>::IS_SYNC, true)]
#[case::a_value_that_cannot_be_cloned("Item", Probe::<OnceCell<Item>>::IS_SYNC, true)]
#[case::a_value_that_may_not_be_shared("Cell<u32>, which is Send and not Sync", Probe::<OnceCell<Cell<u32>>>::IS_SYNC, false)]
#[case::a_value_that_may_not_be_sent("MutexGuard<u32>, which is Sync and not Send", Probe::<OnceCell<MutexGuard<'static, u32>>>::IS_SYNC, false)]
#[case::a_value_that_may_be_neither("Rc<u32>, which is neither", Probe::<OnceCell<Rc<u32>>>::IS_SYNC, false)]
fn threads_may_share_the_right_cells(#[case] value: &str, #[case] seen: bool, #[case] right: bool) {
    assert_takes_a_value();
    require!(seen == right,
        expected: "whether OnceCell<T> is Sync, for a T that is {value}: {right}",
        seen: "{seen}",
        likely: "the bounds of `unsafe impl Sync`: several threads read the value at once, and one thread puts in what another one drops; each of the two asks for something of T",
        read: "hint 6; https://doc.rust-lang.org/nomicon/send-and-sync.html",
    );
}

#[rstest]
#[case::a_value_for_all_threads("u32", Probe::<OnceCell<u32>>::IS_SEND, true)]
#[case::a_value_that_may_not_be_shared("Cell<u32>, which is Send", Probe::<OnceCell<Cell<u32>>>::IS_SEND, true)]
#[case::a_value_that_may_not_be_sent("MutexGuard<u32>, which is not Send", Probe::<OnceCell<MutexGuard<'static, u32>>>::IS_SEND, false)]
#[case::a_value_that_may_be_neither("Rc<u32>, which is not Send", Probe::<OnceCell<Rc<u32>>>::IS_SEND, false)]
fn a_cell_goes_to_another_thread_if_its_value_may(
    #[case] value: &str,
    #[case] seen: bool,
    #[case] right: bool,
) {
    assert_takes_a_value();
    require!(seen == right,
        expected: "whether OnceCell<T> is Send, for a T that is {value}: {right}",
        seen: "{seen}",
        likely: "an `unsafe impl Send`, which is not needed: the compiler derives it from the fields, and the slot is as Send as its T",
        read: "hint 6; https://doc.rust-lang.org/nomicon/send-and-sync.html",
    );
}
