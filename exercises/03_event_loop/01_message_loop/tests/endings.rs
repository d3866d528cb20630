//! What a loop promises about its end: panics, what is dropped, and what is kept of all that is over. Easiest first.

#![allow(clippy::drop_non_drop)] // the loop of the stub has no `Drop` yet

mod common;

use std::io::{ErrorKind, PipeWriter, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use common::{
    Diary, OnDrop, await_rest, new_loop, panic_on_purpose, pipe_with, run_until_panic, run_untimed,
    told,
};
use message_loop::Loop;
use rstest::rstest;
use testkit::require;

/// Something to come whose handler panics.
type Panics = fn(&mut Loop);

fn posted(event_loop: &mut Loop) {
    event_loop.poster().post(|_| panic_on_purpose());
}

fn data(event_loop: &mut Loop) {
    let (reader, writer) = pipe_with(b"a");
    event_loop.on_data(reader, move |_, _| {
        let _still_open = &writer;
        panic_on_purpose();
    });
}

fn deadline(event_loop: &mut Loop) {
    event_loop.at(Instant::now(), |_| panic_on_purpose());
}

fn result_of_work(event_loop: &mut Loop) {
    let hired = event_loop.spawn_blocking(|| (), |_, ()| panic_on_purpose());
    hired.expect("a thread can be started");
}

fn work(event_loop: &mut Loop) {
    let hired = event_loop.spawn_blocking(
        || panic_on_purpose(),
        // Its handler is not called.
        |_, ()| std::panic::resume_unwind(Box::new("the handler of work that has panicked")),
    );
    hired.expect("a thread can be started");
}

#[rstest]
#[case::of_a_posted_handler(posted)]
#[case::of_a_data_handler(data)]
#[case::of_a_deadline(deadline)]
#[case::of_the_handler_of_work(result_of_work)]
#[case::of_work(work)]
fn a_panic_goes_on_to_the_caller_of_run(#[case] panics: Panics) {
    let panicked = run_untimed(
        "a thread that has panicked is waited for, or the message thread is joined and nobody tells it to end",
        "README, the task, 5; hint 5",
        move || {
            let mut event_loop = new_loop();
            // Without the panic, the loop would wait on.
            let _poster = event_loop.poster();
            panics(&mut event_loop);
            let panic = run_until_panic(event_loop)?;
            panic.downcast_ref::<&str>().map(|text| (*text).to_owned())
        },
    );
    require!(panicked.as_deref() == Some("on purpose"),
        expected: "`run` to panic with what the handler (or the work) has panicked with: \"on purpose\"",
        seen: "{panicked:?}",
        likely: "the panic is caught, or replaced by one of `unwrap` on what a thread that panicked left",
        read: "https://doc.rust-lang.org/std/panic/fn.resume_unwind.html; README, the task, 5",
    );
}

#[test]
fn no_handler_is_called_after_a_panic() {
    let called = run_untimed("see the test above", "README, the task, 5", || {
        let mut event_loop = new_loop();
        let called = Arc::new(AtomicUsize::new(0));
        let poster = event_loop.poster();
        for number in 0..5 {
            let count = Arc::clone(&called);
            poster.post(move |_| {
                count.fetch_add(1, Ordering::SeqCst);
                if number == 1 {
                    panic_on_purpose();
                }
            });
        }
        drop(poster);
        run_until_panic(event_loop);
        called.load(Ordering::SeqCst)
    });
    require!(called == 2,
        expected: "two calls: of five handlers the second panics",
        seen: "{called} calls",
        likely: "the queue is emptied when the loop ends",
        read: "README, the task, 5",
    );
}

/// One of each that can come, with a clone of the guard in its handler. The writer of the pipe comes back.
fn fill(event_loop: &mut Loop, guard: &Arc<()>) -> PipeWriter {
    let guards = || Arc::clone(guard);
    // This one has a poster, too: the queue must not keep itself alive.
    let (held, poster) = (guards(), event_loop.poster());
    poster.clone().post(move |_| drop((held, poster)));
    let held = guards();
    event_loop.at(Instant::now() + Duration::from_secs(3600), move |_| drop(held));
    let (held, (reader, writer)) = (guards(), pipe_with(b""));
    event_loop.on_data(reader, move |_, _| drop(Arc::clone(&held)));
    let held = guards();
    let hired = event_loop.spawn_blocking(|| (), move |_, ()| drop(held));
    hired.expect("a thread can be started");
    writer
}

#[rstest]
#[case::by_a_panic(|event_loop: Loop| {
    run_until_panic(event_loop);
})]
#[case::and_is_dropped_before_it_has_run(drop)]
fn a_loop_that_ends_drops_what_it_holds(#[case] end: fn(Loop)) {
    let (left, written) = run_untimed(
        "the loop waits for the message thread, and nobody wakes that and tells it to end",
        "README, the task, 5; hint 5",
        move || {
            let mut event_loop = new_loop();
            event_loop.poster().post(|_| panic_on_purpose());
            let guard = Arc::new(());
            let mut writer = fill(&mut event_loop, &guard);
            end(event_loop);
            let written = writer.write_all(b"a").map_err(|error| error.kind());
            (Arc::strong_count(&guard) - 1, written)
        },
    );
    require!(left == 0,
        expected: "the handlers of all that has not come yet to be dropped with the loop",
        seen: "{left} that are not",
        likely: "a handler in the queue has a poster, and that keeps the queue: whoever ends the loop has to empty it",
        read: "README, the task, 5; https://doc.rust-lang.org/std/sync/struct.Arc.html, \"Breaking cycles\"",
    );
    require!(written == Err(ErrorKind::BrokenPipe),
        expected: "the descriptors of the loop to be closed with it: a write to the pipe has no reader",
        seen: "{written:?}",
        likely: "the message thread goes on when the loop is gone",
        read: "README, the task, 5",
    );
}

/// The work comes to its end.
fn returns(result: Arc<()>) -> Arc<()> {
    result
}

/// The work panics with its result.
fn panics(result: Arc<()>) -> Arc<()> {
    std::panic::resume_unwind(Box::new(result))
}

#[rstest]
#[case::when_all_posters_are_gone(returns, false)]
#[case::while_a_poster_is_left(returns, true)]
#[case::of_a_panic_while_a_poster_is_left(panics, true)]
fn a_panic_does_not_wait_for_work_and_its_result_is_dropped(
    #[case] finishes: fn(Arc<()>) -> Arc<()>,
    #[case] keeps_a_poster: bool,
) {
    let left = run_untimed(
        "the loop waits for the work that is under way",
        "README, the task, 5",
        move || {
            let mut event_loop = new_loop();
            // It outlives the loop; the queue may, too.
            let _poster = keeps_a_poster.then(|| event_loop.poster());
            let guard = Arc::new(());
            let (result, held) = (Arc::clone(&guard), Arc::clone(&guard));
            let (begin, begun) = mpsc::channel();
            let (finish, finished) = mpsc::channel::<()>();
            let work = move || {
                begin.send(()).expect("a handler listens");
                let _ = finished.recv();
                finishes(result)
            };
            let hired = event_loop.spawn_blocking(work, move |_, _| drop(held));
            hired.expect("a thread can be started");
            event_loop.poster().post(move |_| {
                begun.recv().expect("the work begins");
                panic_on_purpose();
            });
            run_until_panic(event_loop);
            // Only now the work goes on, and its thread drops its result at its end.
            drop(finish);
            await_rest();
            Arc::strong_count(&guard) - 1
        },
    );
    require!(left == 0,
        expected: "the handler of the work and its result to be dropped, each at its time",
        seen: "{left} that are left",
        likely: "the result goes into a queue that nobody empties any more: whoever puts something into it has to ask whether the loop is gone",
        read: "README, the task, 5",
    );
}

#[test]
fn a_handler_is_dropped_after_its_last_call() {
    let left = run_untimed("see tests/outside.rs first", "README, the task, 5", || {
        let (diary, mut event_loop) = (Diary::default(), new_loop());
        let guard = Arc::new(());
        let alive = Arc::downgrade(&guard);
        let (reader, writer) = pipe_with(b"a");
        drop(writer);
        let notes = diary.clone();
        event_loop.on_data(reader, move |event_loop, piece| {
            let _held = &guard;
            if told(piece) == "end" {
                // A turn later this handler is gone.
                let (notes, alive) = (notes.clone(), alive.clone());
                event_loop.at(Instant::now(), move |_| {
                    notes.write(alive.strong_count().to_string());
                });
            }
        });
        common::run(event_loop);
        diary.entries()
    });
    require!(left == ["0"],
        expected: "the handler of a descriptor that has come to its end to be gone a turn later",
        seen: "{left:?} of it",
        likely: "it is put back after its last call, as after each other call",
        read: "README, the task, 5",
    );
}

#[test]
fn what_a_loop_drops_may_post() {
    let dropped = run_untimed(
        "a lock of the queue is held while the handlers in it are dropped, and one of them posts",
        "README, the task, 5",
        || {
            let mut event_loop = new_loop();
            let dropped = Arc::new(AtomicUsize::new(0));
            for _ in 0..3 {
                let (poster, count) = (event_loop.poster(), Arc::clone(&dropped));
                let last_word = OnDrop::new(move || {
                    let counted = OnDrop::new(move || {
                        count.fetch_add(1, Ordering::SeqCst);
                    });
                    poster.post(move |_| drop(counted));
                });
                event_loop.poster().post(move |_| drop(last_word));
            }
            drop(event_loop);
            dropped.load(Ordering::SeqCst)
        },
    );
    require!(dropped == 3,
        expected: "three handlers to be dropped with the loop, and those that they post then, too",
        seen: "{dropped} of those are dropped",
        likely: "the queue is emptied first, and closed afterwards",
        read: "src/lib.rs, post",
    );
}
