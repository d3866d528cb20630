//! Whose turn it is, if what may happen for no reason shall happen every other time.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ptr;

/// Which objects had their turn of nothing the last time.
#[derive(Default)]
pub struct EveryOther(RefCell<HashSet<*const ()>>);

impl EveryOther {
    /// Whether it is `object`'s turn: the first time, the third, and so on.
    pub fn turn<T>(&self, object: &T) -> bool {
        let object = ptr::from_ref(object).cast();
        let mut had = self.0.borrow_mut();
        had.insert(object) || !had.remove(&object)
    }
}
