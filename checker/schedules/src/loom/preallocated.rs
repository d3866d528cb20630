//! Objects that exist before any thread does.
//!
//! loom takes the making of an atomic as a write by the thread that makes it, and whoever uses the
//! atomic must come after that write. The facade makes an atomic when it is first used, which may be
//! in any thread. So an execution that would make one too late is given up, and from then on every
//! execution begins with one like it in stock.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt::Debug;
use std::panic;

use crate::panics::Payload;

type Key = (TypeId, String);
type Make = Box<dyn Fn() -> Box<dyn Any>>;

thread_local! {
    static WANTED: RefCell<Vec<(Key, Make)>> = const { RefCell::new(Vec::new()) };
    static STOCK: RefCell<HashMap<Key, Vec<Box<dyn Any>>>> = RefCell::default();
    static ALONE: Cell<bool> = const { Cell::new(true) };
}

/// A new execution begins: what earlier ones missed is made now.
pub fn begin() {
    ALONE.set(true);
    STOCK.with_borrow_mut(|stock| {
        stock.clear();
        WANTED.with_borrow(|wanted| {
            for (key, make) in wanted {
                stock.entry(key.clone()).or_default().push(make());
            }
        });
    });
}

/// A second thread is about to start.
pub fn thread_begins() {
    ALONE.set(false);
}

/// An object made of `value`, before any thread could use it.
pub fn create<T: 'static, V: Clone + Debug + 'static>(value: V, make: fn(V) -> T) -> T {
    if ALONE.get() {
        return make(value);
    }
    let key = (TypeId::of::<T>(), format!("{value:?}"));
    let stocked = STOCK.with_borrow_mut(|stock| stock.get_mut(&key).and_then(Vec::pop));
    if let Some(object) = stocked.and_then(|object| object.downcast().ok()) {
        return *object;
    }
    let make: Make = Box::new(move || Box::new(make(value.clone())));
    WANTED.with_borrow_mut(|wanted| wanted.push((key, make)));
    panic::panic_any(Payload::Restart)
}
