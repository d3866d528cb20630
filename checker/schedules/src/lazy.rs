//! An object of an explorer, built when it is first used.
//!
//! The standard library's locks and atomics have a `const fn new`; loom's do not, because they belong
//! to one execution. So the value waits here until an execution uses it.

use std::sync::{Mutex, OnceLock};

/// An `I` that will be built from a `V`.
pub struct Lazy<I, V> {
    initial: Mutex<Option<V>>,
    built: OnceLock<I>,
}

impl<I, V> Lazy<I, V> {
    /// To be built from this value.
    pub const fn new(initial: V) -> Self {
        Self { initial: Mutex::new(Some(initial)), built: OnceLock::new() }
    }

    /// The object, built now if it was not.
    pub fn get(&self, build: impl FnOnce(V) -> I) -> &I {
        self.built.get_or_init(|| {
            let mut initial = self.initial.lock().expect("nothing panics under this lock");
            build(initial.take().expect("an object is built once"))
        })
    }

    /// The object, or the value that it was never built from.
    pub fn into_inner(self) -> Result<I, V> {
        match self.built.into_inner() {
            Some(built) => Ok(built),
            None => {
                let initial = self.initial.into_inner().expect("nothing panics under this lock");
                Err(initial.expect("an object that was not built has its value"))
            }
        }
    }
}
