//! What holds in every schedule.
//!
//! `src/table.rs` is compiled here with a `crate::sync` in which a thread may be interrupted before
//! each of its steps. Scenarios are run under thousands of schedules; one that fails is shown.

#[allow(dead_code)]
#[path = "../src/table.rs"]
mod table;

#[allow(unused_imports)]
mod sync {
    pub use schedules::shuttle::sync::*;
}

use std::sync::Arc;

use rstest::rstest;
use schedules::shuttle::explore;
use schedules::{Expect, Explains};
use sync::thread::{spawn_as, yield_now};
use sync::{Condvar, Mutex, UnsafeCell};
use table::Table;

/// A philosopher at this seat, who eats once.
fn sits_down(table: &Arc<Table>, seat: usize, eat: impl FnOnce() + Send + 'static) {
    let table = Arc::clone(table);
    spawn_as(&format!("seat {seat}"), move || table.dine(seat, eat));
}

#[rstest]
#[case::of_three(3, 2, 0)]
#[case::of_five(5, 2, 3)]
#[case::over_the_end_of_five(5, 4, 0)]
#[case::two_at_the_same_seat(3, 1, 1)]
#[case::two_at_a_table_for_one(1, 0, 0)]
fn neighbours_never_eat_at_once(#[case] seats: usize, #[case] one: usize, #[case] other: usize) {
    let expect = Expect {
        expected: "of two neighbours one to eat, and the other one to wait",
        likely: "a guard that is dropped before `eat` is called, or only one fork is taken",
        explains: Explains::Invariants,
        read: "hint 1",
    };
    explore(expect, move || {
        let table = Arc::new(Table::new(seats));
        let between = Arc::new(UnsafeCell::new(0));
        for seat in [one, other] {
            let between = Arc::clone(&between);
            sits_down(&table, seat, move || between.set(between.get() + 1));
        }
    });
}

#[rstest]
#[case::of_two(2)]
#[case::of_three(3)]
#[case::of_four(4)]
#[case::of_five(5)]
fn nobody_waits_in_a_circle(#[case] seats: usize) {
    let expect = Expect {
        expected: "everybody to eat, in whatever order they take their forks",
        likely: "all take a first fork, and each waits for one that a neighbour holds (or puts it back and tries again, in step with all the others): at least one must begin on the other side",
        explains: Explains::Deadlocks,
        read: "hint 2",
    };
    explore(expect, move || {
        let table = Arc::new(Table::new(seats));
        for seat in 0..seats {
            sits_down(&table, seat, || {});
        }
    });
}

/// A dish that is only served to two at the same time.
#[derive(Default)]
struct DishForTwo {
    eaters: Mutex<usize>,
    served: Condvar,
}

impl DishForTwo {
    fn eat(&self) {
        let mut eaters = self.eaters.lock().unwrap();
        *eaters += 1;
        self.served.notify_all();
        drop(self.served.wait_while(eaters, |eaters| *eaters < 2).unwrap());
    }
}

/// Two philosophers, neither of whom puts the forks back before the other one eats too.
fn eat_together(table: &Arc<Table>, seats: [usize; 2]) {
    let dish = Arc::new(DishForTwo::default());
    for seat in seats {
        let dish = Arc::clone(&dish);
        sits_down(table, seat, move || dish.eat());
    }
}

#[rstest]
#[case::at_a_table_for_four(4, [0, 2])]
#[case::at_a_table_for_five(5, [0, 2])]
#[case::over_the_end_of_five(5, [4, 1])]
fn who_are_no_neighbours_eat_at_the_same_time(#[case] seats: usize, #[case] pair: [usize; 2]) {
    let expect = Expect {
        expected: "two philosophers with a seat between them to eat at the same time",
        likely: "one lock for the whole table, held while somebody eats: a fork is wanted by two neighbours only",
        explains: Explains::AllThatIsStuck,
        read: "hint 3",
    };
    explore(expect, move || eat_together(&Arc::new(Table::new(seats)), pair));
}

#[rstest]
#[case::at_the_seat_after(1)]
#[case::at_the_seat_before(4)]
fn a_third_one_who_waits_is_in_nobodys_way(#[case] waits: usize) {
    let expect = Expect {
        expected: "two of five, not neighbours, to eat at the same time, while a third one waits for one of them",
        likely: "a philosopher who waits for a fork holds something that the whole table needs: a lock on all forks, or one of too few places",
        explains: Explains::AllThatIsStuck,
        read: "hint 3",
    };
    explore(expect, move || {
        let table = Arc::new(Table::new(5));
        sits_down(&table, waits, || {});
        // The one who is not a neighbour of either.
        eat_together(&table, [0, if waits == 1 { 3 } else { 2 }]);
    });
}

#[test]
fn one_meal_may_have_kept_two_waiting() {
    let expect = Expect {
        expected: "both neighbours to eat when the one between them has eaten",
        likely: "two forks come back, for two neighbours, and only one of the sleepers is woken",
        explains: Explains::LostWakeUps,
        read: "hint 3",
    };
    explore(expect, || {
        let table = Arc::new(Table::new(5));
        let dish = Arc::new(DishForTwo::default());
        let for_two = [0, 2].map(|seat| (seat, Arc::clone(&dish)));
        table.dine(1, || {
            // They eat together or not at all, so neither of them can wake the other.
            for (seat, dish) in for_two {
                sits_down(&table, seat, move || dish.eat());
            }
            yield_now();
        });
    });
}

#[test]
fn two_neighbours_eat_again_and_again() {
    let expect = Expect {
        expected: "two neighbours to eat twice each",
        likely: "a meal does not put everything back as it was, and the next one waits for it",
        explains: Explains::Deadlocks,
        read: "hint 1",
    };
    explore(expect, || {
        let table = Arc::new(Table::new(3));
        for seat in [0, 1] {
            let table = Arc::clone(&table);
            spawn_as(&format!("seat {seat}"), move || {
                for _ in 0..2 {
                    table.dine(seat, || {});
                }
            });
        }
    });
}
