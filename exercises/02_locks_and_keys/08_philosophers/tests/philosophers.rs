//! What a table promises, easiest first. `protocol.rs` is about what holds in every schedule.
//!
//! `src/table.rs` is compiled here with a `crate::sync` whose condition variables often wake up for
//! no reason, and whose mutexes and atomics count how often they are used.

#[allow(dead_code)]
#[path = "../src/table.rs"]
mod table;

use testkit::sync::spurious as sync;

use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use rstest::rstest;
use table::Table;
use testkit::growth::{Growth, growth};
use testkit::require;
use testkit::threads::{Settled, Thread, Threads};

testkit::count_allocations!();

/// Runs `body` on a thread of its own, so that a call that never returns is seen to.
#[track_caller]
fn on_a_thread<T: Send + 'static>(likely: &str, body: impl FnOnce() -> T + Send + 'static) -> T {
    Threads::new().spawn("philosopher", body).join(likely, "hint 4")
}

/// A philosopher who eats until told to stop.
struct Guest {
    thread: Thread<()>,
    meal: Arc<Meal>,
}

#[derive(Default)]
struct Meal {
    state: Mutex<(bool, bool)>,
    ends: Condvar,
}

impl Guest {
    fn sits_down(threads: &Threads, table: &Arc<Table>, seat: usize) -> Self {
        let meal = Arc::new(Meal::default());
        let thread = threads.spawn(&format!("seat {seat}"), {
            let (table, meal) = (Arc::clone(table), Arc::clone(&meal));
            move || {
                table.dine(seat, || {
                    let mut state = meal.state.lock().unwrap();
                    state.0 = true;
                    drop(meal.ends.wait_while(state, |state| !state.1).unwrap());
                });
            }
        });
        Self { thread, meal }
    }

    /// Whether this philosopher has begun to eat.
    fn has_begun(&self) -> bool {
        self.meal.state.lock().unwrap().0
    }

    /// Tells this philosopher to stop, now or at the beginning of the meal.
    fn has_enough(&self) {
        self.meal.state.lock().unwrap().1 = true;
        self.meal.ends.notify_all();
    }
}

#[test]
fn who_dines_uses_a_mutex_or_an_atomic_of_crate_sync() {
    let used = on_a_thread("a fork is taken twice, or never put back", || {
        Table::new(3).dine(1, || {});
        sync::uses()
    });
    require!(used > 0,
        expected: "at least one operation on a mutex or an atomic of crate::sync",
        seen: "{used} of them",
        likely: "`use std::sync::…` where `use crate::sync::…` belongs: the tests that try the orders in which threads can run cannot see into std::sync, and hang",
        read: "README, the task",
    );
}

#[rstest]
fn a_philosopher_alone_at_the_table_eats_once(
    #[values(2, 3, 4, 5, 6, 7)] seats: usize,
    #[values(0, 1, usize::MAX)] seat: usize,
) {
    let seat = seat.min(seats - 1);
    let (meals, answer) = on_a_thread("a fork is taken twice, or never put back", move || {
        let meals = AtomicUsize::new(0);
        let answer = Table::new(seats).dine(seat, || {
            meals.fetch_add(1, Ordering::Relaxed);
            "well fed"
        });
        (meals.into_inner(), answer)
    });
    require!(meals == 1 && answer == "well fed",
        expected: "dine({seat}, ..) at a table for {seats} to eat once, and to return what eat returned",
        seen: "{meals} meals, and the answer {answer:?}",
        likely: "`dine` calls `eat` once, between taking the forks and putting them back",
        read: "README, the task",
    );
}

#[rstest]
#[case::than_a_byte(0x101)]
#[case::than_two_bytes(0x1_0001)]
fn a_table_may_have_one_seat_more(#[case] seats: usize) {
    let ate = on_a_thread("at the last seat the right fork is fork 0", move || {
        Table::new(seats).dine(seats - 1, || true)
    });
    require!(ate,
        expected: "the last of {seats} philosophers to eat",
        seen: "`dine` returned false, which `eat` did not",
        likely: "`dine` returns something else than what `eat` returned",
        read: "README, the task",
    );
}

#[test]
fn at_a_table_for_one_the_one_fork_will_do() {
    let answer = on_a_thread(
        "left and right are the same fork: a thread that locks it twice waits for itself; or one place fewer than there are seats leaves no place at a table for one",
        || Table::new(1).dine(0, || "well fed"),
    );
    assert_eq!(answer, "well fed");
}

#[rstest]
fn the_forks_come_back(#[values(1, 2, 5)] seats: usize) {
    let meals = on_a_thread("the forks are not put back after the meal", move || {
        let table = Table::new(seats);
        (0..2).flat_map(|_| 0..seats).map(|seat| table.dine(seat, || 1)).sum::<usize>()
    });
    assert_eq!(meals, 2 * seats, "everybody has eaten twice, one after the other");
}

#[rstest]
#[case::of_two(2, 0, 1)]
#[case::of_three(3, 0, 2)]
#[case::of_five(5, 1, 2)]
#[case::the_other_way_round(5, 2, 1)]
#[case::over_the_end(5, 4, 0)]
fn who_waits_for_a_neighbour_sleeps(
    #[case] seats: usize,
    #[case] eats: usize,
    #[case] waits: usize,
) {
    let table = Arc::new(Table::new(seats));
    let threads = Threads::new();
    let eater = Guest::sits_down(&threads, &table, eats);
    threads.come_to_rest();
    require!(eater.has_begun(),
        expected: "seat {eats} to eat: nobody else is there",
        seen: "it waits",
        likely: "a fork is taken twice, or was never laid on the table",
        read: "README, the task",
    );
    let waiter = Guest::sits_down(&threads, &table, waits);
    let settled = threads.settle();
    let (together, busy) = (waiter.has_begun(), settled != Settled::AtRest);
    // Nobody is left behind, whatever is said next.
    waiter.has_enough();
    eater.has_enough();
    require!(!together,
        expected: "seat {waits} to wait while its neighbour at seat {eats} eats",
        seen: "both eat at once, one of them without two forks",
        likely: "a guard that is dropped before `eat` is called, or only one fork is taken",
        read: "hint 1",
    );
    require!(!busy,
        expected: "seat {waits} to sleep until the fork comes back",
        seen: "{settled:?}: the thread looks again and again instead of sleeping",
        likely: "`try_lock` in a loop: all philosophers may put their fork back and try again in step, for ever",
        read: "hint 3",
    );
    waiter.thread.join("the forks are not put back after the meal", "hint 1");
    eater.thread.join("the forks are not put back after the meal", "hint 1");
}

#[rstest]
fn who_has_no_neighbour_at_the_table_eats_at_once(#[values(5, 6, 7)] seats: usize) {
    let table = Arc::new(Table::new(seats));
    let threads = Threads::new();
    let sits_down = |seat| {
        let guest = Guest::sits_down(&threads, &table, seat);
        threads.come_to_rest();
        guest
    };
    // All but seat 0 and its neighbours; some of them eat, the others wait.
    let row: Vec<Guest> = (2..seats - 1).map(sits_down).collect();
    let alone = sits_down(0);
    let (eats, last) = (alone.has_begun(), seats - 2);
    for guest in row.iter().chain([&alone]) {
        guest.has_enough();
    }
    require!(eats,
        expected: "seat 0 of {seats} to eat: nobody sits beside it",
        seen: "it waits, while only seats 2 to {last} are taken",
        likely: "there are fewer places than philosophers who may come: philosophers who only wait have taken them all, and one who has a place may still wait for a fork",
        read: "hint 3",
    );
    for guest in row.into_iter().chain([alone]) {
        guest.thread.join("the forks are not put back after the meal", "hint 1");
    }
}

#[rstest]
fn two_neighbours_in_turns_starve_nobody(#[values(0, 1, 2, 3, 4)] between: usize) {
    const ROUNDS: usize = 20;
    let neighbours = [(between + 4) % 5, (between + 1) % 5];
    let table = Arc::new(Table::new(5));
    let threads = Threads::new();
    let sits_down = |seat| {
        let guest = Guest::sits_down(&threads, &table, seat);
        threads.come_to_rest();
        guest
    };
    let [left, right] = neighbours;
    let first = sits_down(left);
    let hungry = sits_down(between);
    hungry.has_enough();
    let mut beside = [first, sits_down(right)];
    let mut gone = Vec::new();
    // One of them leaves and comes back, then the other one.
    for turn in 0..2 * ROUNDS {
        if hungry.has_begun() {
            break;
        }
        let guest = &mut beside[turn % 2];
        guest.has_enough();
        threads.come_to_rest();
        if guest.thread.is_finished() {
            gone.push(mem::replace(guest, sits_down(neighbours[turn % 2])));
        }
    }
    let (eats, returns) = (hungry.has_begun(), gone.len());
    for guest in &beside {
        guest.has_enough();
    }
    require!(eats,
        expected: "seat {between} to eat in the end, while its neighbours leave and come back in turns",
        seen: "seats {left} and {right} have come back {returns} times, and seat {between} has been hungry all the time",
        likely: "a philosopher takes both forks at once or none, so one who waits holds nothing that would stop the others: keep the first fork while waiting for the second. Or a rule of precedence decides against the same one each time",
        read: "hint 3",
    );
    for guest in gone.into_iter().chain(beside).chain([hungry]) {
        guest.thread.join("the forks are not put back after the meal", "hint 2");
    }
}

/// Not the test for anything in particular: a heap of luck on top of the others.
#[rstest]
fn everybody_eats_often(#[values(1, 2, 3, 5)] seats: usize) {
    let table = Arc::new(Table::new(seats));
    let threads = Threads::new();
    let guests: Vec<_> = (0..seats)
        .map(|seat| {
            let table = Arc::clone(&table);
            threads.spawn(&format!("seat {seat}"), move || {
                (0..200).map(|_| table.dine(seat, || 1)).sum::<usize>()
            })
        })
        .collect();
    for guest in guests {
        assert_eq!(guest.join("a circle of philosophers: see protocol.rs", "hint 2"), 200);
    }
}

#[rstest]
#[case::behind_one(&[0])]
#[case::behind_two(&[0, 4])]
fn who_queues_at_one_seat_is_in_nobodys_way(#[case] seats: &[usize]) {
    const MANY: usize = 6;
    let table = Arc::new(Table::new(6));
    let threads = Threads::new();
    let mut guests: Vec<Guest> = Vec::new();
    for _ in 0..MANY {
        for &seat in seats {
            guests.push(Guest::sits_down(&threads, &table, seat));
            threads.come_to_rest();
        }
    }
    guests.push(Guest::sits_down(&threads, &table, 2));
    threads.come_to_rest();
    let eats = guests.last().is_some_and(Guest::has_begun);
    guests.iter().for_each(Guest::has_enough);
    require!(eats,
        expected: "seat 2 of 6 to eat, while {MANY} threads want to dine at each of the seats {seats:?}: seats 1 and 3 are empty",
        seen: "it waits",
        likely: "threads are counted where seats are meant: those who queue at one seat have taken all places",
        read: "README, the task; hint 3",
    );
    for guest in guests {
        guest.thread.join("the forks are not put back after the meal", "hint 1");
    }
}

#[test]
fn nothing_is_kept_of_meals_that_have_ended() {
    let growth = on_a_thread("the forks are not put back after the meal", || {
        let table = Table::new(5);
        growth(|round| assert_eq!(table.dine(round % 5, || round), round, "what `eat` returned"))
    });
    let Growth { bytes, .. } = growth;
    require!(!growth.is_there(),
        expected: "after 10000 meals as much memory as after 10",
        seen: "{bytes} bytes more",
        likely: "every guest is noted, and not every one who leaves is struck out",
        read: "README, the task",
    );
}

#[rstest]
#[case::two_between_two(&[0, 2], &[1, 1])]
#[case::three_between_two(&[0, 2], &[1, 1, 1])]
#[case::two_on_each_side(&[1], &[0, 0, 2, 2])]
#[case::at_the_same_seat(&[1], &[1, 1, 1])]
#[case::all_around(&[0, 3], &[1, 1, 2, 2, 4, 4])]
fn whoever_waits_eats_when_the_others_have_eaten(#[case] eat: &[usize], #[case] wait: &[usize]) {
    let table = Arc::new(Table::new(6));
    let threads = Threads::new();
    let mut guests = Vec::new();
    for &seat in eat.iter().chain(wait) {
        guests.push(Guest::sits_down(&threads, &table, seat));
        threads.come_to_rest();
    }
    let eating = guests.iter().filter(|guest| guest.has_begun()).count();
    assert_eq!(eating, eat.len(), "those who eat: the others want one of their forks");
    guests.iter().for_each(Guest::has_enough);
    for guest in guests {
        guest.thread.join(
            "one who leaves wakes a sleeper that cannot eat yet, or one of several at a seat, and nobody wakes the others",
            "hint 3",
        );
    }
}
