//! Atomic integers whose operations are steps.

pub use std::sync::atomic::Ordering;

use std::fmt;
use std::sync::atomic as real;

use super::{Step, WEAK_IS_STRONG, begin, done, step};

/// As [`std::sync::atomic::fence`].
#[track_caller]
pub fn fence(order: Ordering) {
    begin();
    real::fence(order);
    done(Step { order: Some(order), ..step("fence") });
}

macro_rules! atomic {
    ($name:ident, $value:ty, [$($fetch:ident = $new:expr;)*]) => {
        #[doc = concat!("A [`std::sync::atomic::", stringify!($name), "`] whose operations are steps.")]
        #[derive(Default)]
        pub struct $name(pub(super) real::$name);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        #[allow(missing_docs, clippy::allow_attributes)]
        impl $name {
            pub const fn new(value: $value) -> Self {
                Self(real::$name::new(value))
            }

            pub fn into_inner(self) -> $value {
                self.0.into_inner()
            }

            pub fn get_mut(&mut self) -> &mut $value {
                self.0.get_mut()
            }

            pub const fn as_ptr(&self) -> *mut $value {
                self.0.as_ptr()
            }

            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                begin();
                let value = self.0.load(order);
                done(Step { order: Some(order), read: Some(value as u64), ..step("load") });
                value
            }

            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                begin();
                self.0.store(value, order);
                done(Step { order: Some(order), written: Some(value as u64), ..step("store") });
            }

            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                begin();
                let old = self.0.swap(value, order);
                done(changed("swap", order, old as u64, value as u64));
                old
            }

            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                begin();
                let result = self.0.compare_exchange(current, new, success, failure);
                done(match result {
                    Ok(old) => changed("compare_exchange", success, old as u64, new as u64),
                    Err(old) => refused("compare_exchange", failure, old as u64),
                });
                result
            }

            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                if WEAK_IS_STRONG.replace(!WEAK_IS_STRONG.get()) {
                    return self.compare_exchange(current, new, success, failure);
                }
                begin();
                let value = self.0.load(failure);
                done(refused("compare_exchange_weak", failure, value as u64));
                Err(value)
            }

            #[track_caller]
            pub fn fetch_update(
                &self,
                success: Ordering,
                failure: Ordering,
                mut update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut old = self.load(failure);
                while let Some(new) = update(old) {
                    match self.compare_exchange_weak(old, new, success, failure) {
                        Ok(old) => return Ok(old),
                        Err(now) => old = now,
                    }
                }
                Err(old)
            }

            #[track_caller]
            pub fn try_update(
                &self,
                success: Ordering,
                failure: Ordering,
                update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                self.fetch_update(success, failure, update)
            }

            #[track_caller]
            pub fn update(
                &self,
                success: Ordering,
                failure: Ordering,
                mut update: impl FnMut($value) -> $value,
            ) -> $value {
                let updated = self.fetch_update(success, failure, |value| Some(update(value)));
                updated.unwrap_or_else(|_| unreachable!("the update refuses no value"))
            }

            $(
                #[track_caller]
                pub fn $fetch(&self, value: $value, order: Ordering) -> $value {
                    begin();
                    let old = self.0.$fetch(value, order);
                    let new: fn($value, $value) -> $value = $new;
                    done(changed(stringify!($fetch), order, old as u64, new(old, value) as u64));
                    old
                }
            )*
        }
    };
    ($name:ident, $value:ty) => {
        atomic!($name, $value, [
            fetch_add = |a, b| a.wrapping_add(b);
            fetch_sub = |a, b| a.wrapping_sub(b);
            fetch_and = |a, b| a & b;
            fetch_or = |a, b| a | b;
            fetch_xor = |a, b| a ^ b;
            fetch_max = |a, b| a.max(b);
            fetch_min = |a, b| a.min(b);
        ]);
    };
}

atomic!(AtomicU32, u32);
atomic!(AtomicI32, i32);
atomic!(AtomicU64, u64);
atomic!(AtomicUsize, usize);
atomic!(AtomicBool, bool, [
    fetch_and = |a, b| a & b;
    fetch_or = |a, b| a | b;
    fetch_xor = |a, b| a ^ b;
]);

#[track_caller]
fn changed(name: &'static str, order: Ordering, old: u64, new: u64) -> Step {
    Step { order: Some(order), read: Some(old), written: Some(new), ..step(name) }
}

#[track_caller]
fn refused(name: &'static str, order: Ordering, old: u64) -> Step {
    Step { order: Some(order), read: Some(old), ..step(name) }
}
