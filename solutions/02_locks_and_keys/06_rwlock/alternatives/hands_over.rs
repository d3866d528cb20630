//! Whoever leaves lets the next ones in itself: a writer that waits is inside when it is woken.

use crate::sync::{Condvar, Mutex};

/// A lock with nothing behind it; `RwLock` in `lib.rs` puts a value behind it.
#[derive(Debug)]
pub struct RawRwLock {
    office: Mutex<Office>,
    readers: Condvar,
    writers: Condvar,
}

#[derive(Debug)]
struct Office {
    readers: usize,
    writer: bool,
    waiting_readers: usize,
    waiting_writers: usize,
    /// Goes up whenever the waiting readers are let in.
    rounds: usize,
    /// The next number that a writer draws who has to wait.
    next_writer: usize,
    /// Below it: the numbers of those that were let in.
    writers_let_in: usize,
}

impl RawRwLock {
    /// A free lock: nobody is inside, nobody waits.
    pub const fn new() -> Self {
        let office = Office {
            readers: 0,
            writer: false,
            waiting_readers: 0,
            waiting_writers: 0,
            rounds: 0,
            next_writer: 0,
            writers_let_in: 0,
        };
        Self { office: Mutex::new(office), readers: Condvar::new(), writers: Condvar::new() }
    }

    /// Gets in beside other readers; sleeps while a writer is inside or waits.
    pub fn read(&self) {
        let mut office = self.office.lock().unwrap();
        if !office.writer && office.waiting_writers == 0 {
            office.readers += 1;
            return;
        }
        office.waiting_readers += 1;
        let round = office.rounds;
        while office.rounds == round {
            office = self.readers.wait(office).unwrap();
        }
    }

    /// Gets in beside other readers unless a writer is inside or waits, and says whether it did; never
    /// waits.
    pub fn try_read(&self) -> bool {
        let mut office = self.office.lock().unwrap();
        let can_come_in = !office.writer && office.waiting_writers == 0;
        office.readers += usize::from(can_come_in);
        can_come_in
    }

    /// A reader leaves. Called once for each time that one got in.
    pub fn unlock_read(&self) {
        let mut office = self.office.lock().unwrap();
        office.readers -= 1;
        if office.readers == 0 && office.waiting_writers > 0 {
            self.let_a_writer_in(&mut office);
        }
    }

    /// Gets in alone; sleeps while anybody is inside.
    pub fn write(&self) {
        let mut office = self.office.lock().unwrap();
        if !office.writer && office.readers == 0 {
            office.writer = true;
            return;
        }
        office.waiting_writers += 1;
        let number = office.next_writer;
        office.next_writer += 1;
        while office.writers_let_in <= number {
            office = self.writers.wait(office).unwrap();
        }
    }

    /// Gets in alone if nobody is inside, and says whether it did; never waits.
    pub fn try_write(&self) -> bool {
        let mut office = self.office.lock().unwrap();
        let can_come_in = !office.writer && office.readers == 0;
        office.writer |= can_come_in;
        can_come_in
    }

    /// The writer leaves. Called once for each time that one got in.
    pub fn unlock_write(&self) {
        let mut office = self.office.lock().unwrap();
        office.writer = false;
        if office.waiting_writers > 0 {
            self.let_a_writer_in(&mut office);
        } else if office.waiting_readers > 0 {
            office.readers += office.waiting_readers;
            office.waiting_readers = 0;
            office.rounds = office.rounds.wrapping_add(1);
            self.readers.notify_all();
        }
    }

    fn let_a_writer_in(&self, office: &mut Office) {
        office.waiting_writers -= 1;
        office.writer = true;
        office.writers_let_in += 1;
        // All are woken: a notification of one may reach another than the one whose turn it is.
        self.writers.notify_all();
    }
}
