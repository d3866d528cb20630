//! A cell that no lock guards: whoever uses it must have made sure that nobody else does.

use std::fmt;
use std::panic::Location;
use std::sync::Mutex;

use super::super::explorer;
use crate::lazy::Lazy;
use crate::recorder::{self, Action, Kind, ObjectId, Place};

/// A value that threads share without any protection, as in `std::cell::UnsafeCell`.
///
/// Two accesses at once, one of them a write, are a data race, and end the execution as one.
pub struct UnsafeCell<T> {
    /// Notices races; the value itself is in `value`, so that no race is ever acted out.
    detector: Lazy<explorer::RaceDetector, ()>,
    value: Mutex<T>,
    created_at: Place,
}

impl<T: Copy> UnsafeCell<T> {
    /// A cell with this value.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { detector: Lazy::new(()), value: Mutex::new(value), created_at: Location::caller() }
    }

    /// Reads the value.
    #[track_caller]
    pub fn get(&self) -> T {
        let (place, id) = (Location::caller(), self.id());
        let me = explorer::me();
        recorder::intends(me, place, Action::Operation("read"), Some(id));
        explorer::scheduling_point();
        recorder::step(me, place, format!("read {id}"));
        explorer::keep_running();
        self.detector().read(id, place);
        *self.value.lock().expect("no access panics")
    }

    /// Replaces the value.
    #[track_caller]
    pub fn set(&self, value: T) {
        let (place, id) = (Location::caller(), self.id());
        let me = explorer::me();
        recorder::intends(me, place, Action::Operation("write"), Some(id));
        explorer::scheduling_point();
        recorder::step(me, place, format!("write {id}"));
        explorer::keep_running();
        self.detector().write(id, place);
        *self.value.lock().expect("no access panics") = value;
    }

    fn detector(&self) -> &explorer::RaceDetector {
        self.detector.get(|()| explorer::create((), |()| explorer::RaceDetector::new()))
    }

    fn id(&self) -> ObjectId {
        recorder::object(Kind::Cell, self, self.created_at)
    }
}

impl<T> fmt::Debug for UnsafeCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsafeCell").finish_non_exhaustive()
    }
}
