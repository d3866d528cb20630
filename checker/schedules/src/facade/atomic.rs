//! Atomic integers, as those of `std::sync::atomic`.

use std::fmt;
use std::panic::Location;

pub use std::sync::atomic::Ordering;

use super::super::explorer;
use crate::lazy::Lazy;
use crate::recorder::{self, Action, Kind, ObjectId, Place};

/// An atomic integer or bool; `$fetch` are its operations that fetch the old value.
macro_rules! atomic {
    ($name:ident, $value:ty, { $($fetch:ident: $new:expr,)* }) => {
        #[doc = concat!("As [`std::sync::atomic::", stringify!($name), "`].")]
        pub struct $name {
            inner: Lazy<explorer::atomic::$name, $value>,
            created_at: Place,
        }

        impl $name {
            /// An atomic with this value.
            #[track_caller]
            pub const fn new(value: $value) -> Self {
                Self { inner: Lazy::new(value), created_at: Location::caller() }
            }

            /// The value.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                self.intends("load", Location::caller());
                let value = self.inner().load(order);
                record(Location::caller(), order, format!("{} is {value}", self.id()));
                value
            }

            /// Replaces the value.
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                self.intends("store", Location::caller());
                self.inner().store(value, order);
                record(Location::caller(), order, format!("{} = {value}", self.id()));
            }

            /// Replaces the value; returns the old one.
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.intends("swap", Location::caller());
                let old = self.inner().swap(value, order);
                record(Location::caller(), order, format!("{} {old} → {value}", self.id()));
                old
            }

            /// Replaces the value if it is `current`; returns the old one.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.intends("compare_exchange", Location::caller());
                let found = self.inner().compare_exchange(current, new, success, failure);
                self.exchanged(Location::caller(), found, current, new, [success, failure]);
                found
            }

            /// As `compare_exchange`, but may fail for no reason.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.intends("compare_exchange_weak", Location::caller());
                if explorer::fails_spuriously() {
                    let found = self.inner().load(failure);
                    let text = format!("{} is {found}: fails for no reason", self.id());
                    record(Location::caller(), failure, text);
                    return Err(found);
                }
                let found = self.inner().compare_exchange(current, new, success, failure);
                self.exchanged(Location::caller(), found, current, new, [success, failure]);
                found
            }

            /// Replaces the value by what `update` makes of it, until that succeeds or is `None`.
            #[track_caller]
            pub fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut old = self.load(fetch);
                while let Some(new) = update(old) {
                    match self.compare_exchange_weak(old, new, set, fetch) {
                        Ok(old) => return Ok(old),
                        Err(found) => old = found,
                    }
                }
                Err(old)
            }

            /// `fetch_update` under its newer name.
            #[track_caller]
            pub fn try_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                self.fetch_update(set, fetch, update)
            }

            /// As `fetch_update`, with an update that refuses no value; returns the old one.
            #[track_caller]
            pub fn update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut update: impl FnMut($value) -> $value,
            ) -> $value {
                let updated = self.fetch_update(set, fetch, |value| Some(update(value)));
                updated.unwrap_or_else(|_| unreachable!("the update refuses no value"))
            }

            $(
                #[doc = concat!("As the standard library's `", stringify!($fetch), "`.")]
                #[track_caller]
                pub fn $fetch(&self, by: $value, order: Ordering) -> $value {
                    self.intends(stringify!($fetch), Location::caller());
                    let old = self.inner().$fetch(by, order);
                    let new: fn($value, $value) -> $value = $new;
                    let new = new(old, by);
                    record(Location::caller(), order, format!("{} {old} → {new}", self.id()));
                    old
                }
            )*

            fn intends(&self, operation: &'static str, place: Place) {
                let action = Action::Operation(operation);
                recorder::intends(explorer::me(), place, action, Some(self.id()));
            }

            fn exchanged(
                &self,
                place: Place,
                found: Result<$value, $value>,
                current: $value,
                new: $value,
                [success, failure]: [Ordering; 2],
            ) {
                match found {
                    Ok(old) => record(place, success, format!("{} {old} → {new}", self.id())),
                    Err(found) => {
                        record(place, failure, format!("{} is {found}, not {current}", self.id()));
                    }
                }
            }

            pub(super) fn inner(&self) -> &explorer::atomic::$name {
                self.inner.get(|value| explorer::create(value, explorer::atomic::$name::new))
            }

            pub(super) fn id(&self) -> ObjectId {
                recorder::object(Kind::Atomic, self, self.created_at)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new(<$value>::default())
            }
        }
    };
}

macro_rules! atomic_integer {
    ($name:ident, $value:ty) => {
        atomic!($name, $value, {
            fetch_add: |old, by| old.wrapping_add(by),
            fetch_sub: |old, by| old.wrapping_sub(by),
            fetch_and: |old, by| old & by,
            fetch_or: |old, by| old | by,
            fetch_xor: |old, by| old ^ by,
            fetch_max: |old, by| old.max(by),
            fetch_min: |old, by| old.min(by),
        });
    };
}

atomic_integer!(AtomicI32, i32);
atomic_integer!(AtomicU32, u32);
atomic_integer!(AtomicI64, i64);
atomic_integer!(AtomicU64, u64);
atomic_integer!(AtomicIsize, isize);
atomic_integer!(AtomicUsize, usize);
atomic!(AtomicBool, bool, {
    fetch_and: |old, by| old & by,
    fetch_or: |old, by| old | by,
    fetch_xor: |old, by| old ^ by,
});

/// A fence, as [`std::sync::atomic::fence`].
#[track_caller]
pub fn fence(order: Ordering) {
    let (me, place) = (explorer::me(), Location::caller());
    recorder::intends(me, place, Action::Operation("fence"), None);
    explorer::atomic::fence(order);
    recorder::step(me, place, format!("fence {order:?}"));
}

/// Records an operation. A thread that does the same again and sees the same is spinning: it lets
/// others go on, as `hint::spin_loop` would have it.
fn record(place: Place, order: Ordering, mut text: String) {
    if explorer::ORDERINGS_MATTER {
        text.push_str(&format!(", {order:?}"));
    }
    let me = explorer::me();
    if recorder::step(me, place, text) {
        spins(me, place);
    }
}

/// A thread that sees the same again lets others go on.
pub(super) fn spins(me: usize, place: Place) {
    recorder::intends(me, place, Action::Operation("spin"), None);
    explorer::yield_now();
    recorder::has_done(me);
}
