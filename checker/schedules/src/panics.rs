//! Panics of explored threads: kept for the report instead of printed.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use crate::recorder;

/// The first panic of an execution.
#[derive(Debug, Clone)]
pub struct Panic {
    pub message: String,
    pub file: String,
    pub line: u32,
}

/// What a panic carries whose failure already has a name.
#[derive(Debug, Clone)]
pub enum Payload {
    /// Two threads at one value at once; the text says which.
    DataRace(String),
    /// Something that a scenario of this crate's found out.
    Broken(String),
    /// The execution is no use: begin again.
    Restart,
}

thread_local! {
    static KEEPS: Cell<bool> = const { Cell::new(false) };
    static FIRST: RefCell<Option<(Panic, Option<Payload>)>> = const { RefCell::new(None) };
}

/// Runs `body` on this thread; returns the first panic in it, or of it, and prints none.
pub fn keeping<T>(body: impl FnOnce() -> T) -> Result<T, (Panic, Option<Payload>)> {
    install();
    KEEPS.set(true);
    FIRST.take();
    let result = panic::catch_unwind(panic::AssertUnwindSafe(body));
    KEEPS.set(false);
    match (result, FIRST.take()) {
        (Ok(value), _) => Ok(value),
        (Err(_), Some(first)) => Err(first),
        (Err(payload), None) => {
            let message = text(&*payload);
            Err((Panic { message, file: String::new(), line: 0 }, None))
        }
    }
}

/// Forgets the first panic: a new execution begins.
pub fn forget() {
    FIRST.take();
}

/// The first panic since the execution began.
pub fn first() -> Option<(Panic, Option<Payload>)> {
    FIRST.take()
}

/// Takes the place of the explorers' hook, which prints what is of no use to a learner.
fn install() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let original = panic::take_hook();
        // shuttle installs its hook once, at its first execution: here, so that ours comes after.
        let _ = panic::catch_unwind(|| ::shuttle::check_random(|| {}, 1));
        panic::set_hook(Box::new(
            move |info| if KEEPS.get() { keep(info) } else { original(info) },
        ));
    });
}

fn keep(info: &PanicHookInfo<'_>) {
    FIRST.with_borrow_mut(|first| {
        if first.is_none() {
            recorder::freeze();
            let (file, line) =
                info.location().map_or(("", 0), |place| (place.file(), place.line()));
            let panic = Panic { message: text(info.payload()), file: file.to_owned(), line };
            *first = Some((panic, info.payload().downcast_ref::<Payload>().cloned()));
        }
    });
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}
