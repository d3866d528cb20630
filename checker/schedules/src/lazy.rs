//! An object of an explorer, made when it is first used.
//!
//! The standard library's locks and atomics have a `const fn new`; loom's do not, because they belong
//! to one execution. So the value waits here until an execution uses it.

use std::sync::{Mutex, OnceLock};

/// An `I` that will be made of a `V`.
pub struct Made<I, V> {
    initial: Mutex<Option<V>>,
    made: OnceLock<I>,
}

impl<I, V> Made<I, V> {
    /// To be made of this value.
    pub const fn new(initial: V) -> Self {
        Self { initial: Mutex::new(Some(initial)), made: OnceLock::new() }
    }

    /// The object, made now if it was not.
    pub fn get(&self, make: impl FnOnce(V) -> I) -> &I {
        self.made.get_or_init(|| {
            let mut initial = self.initial.lock().expect("nothing panics under this lock");
            make(initial.take().expect("an object is made once"))
        })
    }

    /// The object, or the value that it was never made of.
    pub fn into_inner(self) -> Result<I, V> {
        match self.made.into_inner() {
            Some(made) => Ok(made),
            None => {
                let initial = self.initial.into_inner().expect("nothing panics under this lock");
                Err(initial.expect("an object that was not made has its value"))
            }
        }
    }
}
