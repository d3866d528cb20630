//! The experiment: five philosophers and five forks, first in a circle, then at your table.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;

use philosophers::Table;

const SEATS: usize = 5;
const MEALS: usize = 100;

fn main() {
    // The barrier only makes sure of what might happen at any time: all take their left forks before
    // one of them reaches for the right one. They only look whether it is there, so that this ends.
    let forks: [Mutex<()>; SEATS] = Default::default();
    let all_have_one = Barrier::new(SEATS);
    let find_another = AtomicUsize::new(0);
    thread::scope(|room| {
        for seat in 0..SEATS {
            let (forks, all_have_one, find_another) = (&forks, &all_have_one, &find_another);
            room.spawn(move || {
                let _left = forks[seat].lock().unwrap();
                all_have_one.wait();
                if forks[(seat + 1) % SEATS].try_lock().is_ok() {
                    find_another.fetch_add(1, Ordering::Relaxed);
                }
                all_have_one.wait();
            });
        }
    });
    let found = find_another.into_inner();
    println!("{SEATS} philosophers hold the left fork: {found} of them find the right one free");

    for seats in [SEATS, 2, 1] {
        let table = Table::new(seats);
        let eaten = AtomicUsize::new(0);
        thread::scope(|room| {
            for seat in 0..seats {
                let (table, eaten) = (&table, &eaten);
                room.spawn(move || {
                    for _ in 0..MEALS {
                        table.dine(seat, || eaten.fetch_add(1, Ordering::Relaxed));
                    }
                });
            }
        });
        println!("a table for {seats}, {MEALS} meals a seat: {} eaten", eaten.into_inner());
    }

    let table = Table::new(SEATS);
    let both_eat = Barrier::new(2);
    thread::scope(|room| {
        for seat in [0, 2] {
            let (table, both_eat) = (&table, &both_eat);
            room.spawn(move || table.dine(seat, || both_eat.wait()));
        }
    });
    println!("seats 0 and 2 have eaten at the same time");
}
