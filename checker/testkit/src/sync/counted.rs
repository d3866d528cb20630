//! The standard library's mutexes and atomics, which count for each thread how often it uses them.
//!
//! So a test sees whether a learner's code stands on `crate::sync`: what it does with a `std::sync`
//! of its own is not counted.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::sync::LockResult;

use crate::steps;

thread_local! {
    static LOCKS: Cell<usize> = const { Cell::new(0) };
    static ATOMICS: Cell<usize> = const { Cell::new(0) };
}

/// How often this thread has used a [`Mutex`] of this module.
pub fn locks() -> usize {
    LOCKS.get()
}

/// How often this thread has used a [`Mutex`] or an atomic of this module.
pub fn uses() -> usize {
    LOCKS.get() + ATOMICS.get()
}

/// A [`std::sync::Mutex`]: each call of one of its methods comes by [`Deref`], and is counted.
#[derive(Debug, Default)]
pub struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    /// An unlocked mutex with this value behind it.
    pub const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    /// The value, which nobody else can reach.
    pub fn into_inner(self) -> LockResult<T> {
        self.0.into_inner()
    }
}

impl<T> Deref for Mutex<T> {
    type Target = std::sync::Mutex<T>;

    fn deref(&self) -> &Self::Target {
        LOCKS.set(LOCKS.get() + 1);
        steps::operation();
        &self.0
    }
}

impl<T> DerefMut for Mutex<T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        LOCKS.set(LOCKS.get() + 1);
        steps::operation();
        &mut self.0
    }
}

/// The atomics of [`std::sync::atomic`], counted; pointers and the rarer widths are not.
///
/// Their `compare_exchange_weak` fails for no reason every other time, as [`super::spurious`] says.
pub mod atomic {
    use std::ops::{Deref, DerefMut};
    use std::sync::atomic as real;

    pub use real::*;

    use super::super::every_other::EveryOther;
    use super::ATOMICS;
    use crate::steps;

    thread_local! {
        static WEAK_EXCHANGES: EveryOther = EveryOther::default();
    }

    macro_rules! counted {
        ($($name:ident: $value:ty),*) => {$(
            /// The atomic of this name, whose uses are counted.
            #[derive(Debug, Default)]
            pub struct $name(real::$name);

            impl $name {
                /// An atomic with this value.
                pub const fn new(value: $value) -> Self {
                    Self(real::$name::new(value))
                }

                /// The value, which nobody else can reach.
                pub const fn into_inner(self) -> $value {
                    self.0.into_inner()
                }

                /// Changes the value, or fails: because it is another one, or for no reason.
                pub fn compare_exchange_weak(
                    &self,
                    current: $value,
                    new: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    if WEAK_EXCHANGES.with(|exchanges| exchanges.turn(self)) {
                        return Err(self.load(failure));
                    }
                    self.compare_exchange(current, new, success, failure)
                }
            }

            impl Deref for $name {
                type Target = real::$name;

                fn deref(&self) -> &Self::Target {
                    ATOMICS.set(ATOMICS.get() + 1);
                    steps::operation();
                    &self.0
                }
            }

            impl DerefMut for $name {
                fn deref_mut(&mut self) -> &mut Self::Target {
                    ATOMICS.set(ATOMICS.get() + 1);
                    steps::operation();
                    &mut self.0
                }
            }
        )*};
    }

    counted!(AtomicBool: bool, AtomicI32: i32, AtomicU32: u32, AtomicU64: u64, AtomicUsize: usize);
}

#[cfg(test)]
mod tests {
    use super::atomic::{AtomicU32, Ordering};
    use super::*;

    #[test]
    fn uses_are_counted_and_those_of_std_are_not() {
        drop(std::sync::Mutex::new(()).lock());
        std::sync::atomic::AtomicU32::new(0).load(Ordering::Relaxed);
        assert_eq!((locks(), uses()), (0, 0));
        let mut mutex = Mutex::new(());
        drop(mutex.lock());
        drop(mutex.try_lock());
        mutex.get_mut().unwrap();
        AtomicU32::new(0).store(1, Ordering::Relaxed);
        assert_eq!((locks(), uses()), (3, 4));
    }
}
