//! What a loop promises about handlers that are posted, easiest first.

#![allow(clippy::drop_non_drop)] // the poster of the stub has no `Drop` yet

mod common;

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use common::{Clerk, OnDrop, Rest, new_loop, run, run_untimed};
use message_loop::{Loop, Poster};
use testkit::require;

thread_local! {
    /// Posted handlers are `Send`, so they find their diary in the thread that they run on.
    static DIARY: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn write(entry: impl Into<String>) {
    DIARY.with_borrow_mut(|diary| diary.push(entry.into()));
}

#[test]
fn a_posted_handler_is_called_on_the_thread_of_run() {
    let entries = run_untimed(
        "`run` waits on although the queue is empty and the only poster is gone",
        "README, the task, 5; hint 1",
        || {
            let mut event_loop = new_loop();
            let poster = event_loop.poster();
            poster.post(|_| write("called"));
            drop(poster);
            run(event_loop);
            DIARY.take()
        },
    );
    require!(entries == ["called"],
        expected: "one call of the handler, on the thread that calls `run`",
        seen: "on that thread {entries:?}",
        likely: "`run` returns while a message is in the queue, or another thread calls the handler",
        read: "README, the task, 1",
    );
}

#[test]
fn handlers_are_called_in_the_order_of_the_posts() {
    let entries = run_untimed("see the test above", "README, the task, 1; hint 1", || {
        let mut event_loop = new_loop();
        let poster = event_loop.poster();
        for number in 0..100 {
            poster.post(move |_| write(number.to_string()));
        }
        drop(poster);
        run(event_loop);
        DIARY.take()
    });
    let in_order: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    require!(entries == in_order,
        expected: "a hundred handlers to be called in the order 0 to 99",
        seen: "{entries:?}",
        likely: "what was posted last is called first, or `run` returns with messages in the queue",
        read: "README, the task, 1",
    );
}

#[test]
fn a_handler_that_posts_runs_to_its_end_and_the_new_one_goes_behind_all() {
    let entries = run_untimed(
        "a lock of the queue is held while a handler runs, so a handler that posts waits for itself",
        "README, the task, 1; hint 2",
        || {
            let mut event_loop = new_loop();
            let poster = event_loop.poster();
            let again = poster.clone();
            poster.post(move |_| {
                write("first begins");
                again.post(|_| write("posted by the first"));
                write("first ends");
            });
            poster.post(|_| write("second"));
            drop(poster);
            run(event_loop);
            DIARY.take()
        },
    );
    require!(entries == ["first begins", "first ends", "second", "posted by the first"],
        expected: "the first handler to its end, the second one, then the one that the first has posted",
        seen: "{entries:?}",
        likely: "a post on the loop's own thread calls the handler at once, or puts it in front",
        read: "README, the task, 1",
    );
}

#[test]
fn a_loop_with_nothing_to_come_returns() {
    let ran = run_untimed(
        "the loop waits although nothing is left that could bring a message",
        "README, the task, 5",
        || new_loop().run().is_ok(),
    );
    require!(ran,
        expected: "`run` to return Ok",
        seen: "an error",
        likely: "a message thread that has ended is taken for an error",
        read: "README, the task, 5",
    );
}

#[test]
fn a_handler_may_make_a_poster_and_the_loop_waits_for_it() {
    let entries = run_untimed("the count of posters is taken back too late", "hint 2", || {
        let mut event_loop = new_loop();
        event_loop.poster().post(|event_loop: &mut Loop| {
            write("first");
            let poster = event_loop.poster();
            thread::spawn(move || poster.post(|_| write("second")));
        });
        run(event_loop);
        DIARY.take()
    });
    require!(entries == ["first", "second"],
        expected: "a call of the handler that another thread posts, with a poster that a handler has made",
        seen: "{entries:?}",
        likely: "`run` asks who is left before it calls the handler, or not again after it",
        read: "README, the task, 5",
    );
}

/// A loop that sleeps, with one poster; what its handlers have written when it has returned.
fn sleeping_loop() -> (Poster, Clerk<Vec<String>>) {
    let (send, poster) = mpsc::channel();
    let clerk = Clerk::start(move || {
        let mut event_loop = new_loop();
        send.send(event_loop.poster()).expect("the test listens");
        run(event_loop);
        DIARY.take()
    });
    let poster = poster.recv().expect("the loop makes a poster");
    let rest = clerk.settle();
    require!(rest == Rest::Asleep,
        expected: "a loop with a poster and an empty queue to be Asleep",
        seen: "{rest:?}",
        likely: "`run` returns when the queue is empty although a poster is left, or it looks again and again\n(`try_recv`, `recv_timeout`)",
        read: "README, the task, 5; hint 1",
    );
    (poster, clerk)
}

#[test]
fn a_post_from_another_thread_wakes_a_loop_that_sleeps() {
    let (poster, clerk) = sleeping_loop();
    for round in ["first", "second"] {
        let (called, calls) = mpsc::channel();
        poster.post(move |_| {
            write(round);
            called.send(()).expect("the test listens");
        });
        let rest = clerk.settle();
        let answered = calls.try_recv().is_ok();
        require!(rest == Rest::Asleep && answered,
            expected: "the {round} post to wake the loop, which is Asleep again afterwards",
            seen: "{rest:?}; the handler was called: {answered}",
            likely: "`post` puts the handler into the queue and does not wake the loop",
            read: "README, the task, 1; hint 2",
        );
    }
    drop(poster);
    let entries = clerk.join(
        "the drop of the last poster does not wake a loop that sleeps",
        "README, the task, 5; hint 2",
    );
    assert_eq!(entries, ["first", "second"]);
}

#[test]
fn a_loop_ends_when_the_last_clone_of_a_poster_is_gone_and_not_before() {
    let (poster, clerk) = sleeping_loop();
    let clone = poster.clone();
    for gone in [poster, clone.clone()] {
        drop(gone);
        let rest = clerk.settle();
        require!(rest == Rest::Asleep,
            expected: "the loop to be Asleep as long as one clone of the poster is left",
            seen: "{rest:?}",
            likely: "a clone does not count, or each drop counts as the last",
            read: "README, the task, 5",
        );
    }
    clone.post(|_| write("by the last clone"));
    drop(clone);
    let entries = clerk.join(
        "the drop of the last clone does not wake the loop, or a clone is counted and never taken back",
        "README, the task, 5; hint 2",
    );
    require!(entries == ["by the last clone"],
        expected: "a call of the handler that was posted right before the last clone was dropped",
        seen: "{entries:?}",
        likely: "`run` returns when no poster is left, and does not look at the queue again",
        read: "README, the task, 5",
    );
}

#[test]
fn a_post_does_not_wait_for_a_handler_that_runs() {
    let (entries, posted) = run_untimed(
        "a lock of the queue is held while a handler runs, and `post` waits for it",
        "README, the task, 1; hint 2",
        || {
            let mut event_loop = new_loop();
            let poster = event_loop.poster();
            let other = poster.clone();
            let posted = Arc::new(AtomicBool::new(false));
            let seen = Arc::clone(&posted);
            poster.post(move |_| {
                let office = thread::spawn(move || other.post(|_| write("by the office")));
                seen.store(office.join().is_ok(), Ordering::SeqCst);
                write("a handler that waits for the office");
            });
            drop(poster);
            run(event_loop);
            (DIARY.take(), posted.load(Ordering::SeqCst))
        },
    );
    require!(posted && entries == ["a handler that waits for the office", "by the office"],
        expected: "`post` of another thread to return while a handler runs, and that handler to end first",
        seen: "{entries:?}; the post returned: {posted}",
        likely: "the thread that posts calls the handler",
        read: "README, the task, 1",
    );
}

#[test]
fn no_post_of_many_threads_is_lost_and_each_threads_order_is_kept() {
    const THREADS: usize = 40;
    const POSTS: usize = 250;
    let calls = run_untimed("a wake-up is lost when several threads post", "hint 2", || {
        let mut event_loop = new_loop();
        for number in 0..THREADS {
            let poster = event_loop.poster();
            thread::spawn(move || {
                for post in 0..POSTS {
                    poster.post(move |_| write(format!("{number} {post}")));
                }
            });
        }
        run(event_loop);
        DIARY.take()
    });
    let of = |number: usize| {
        let prefix = format!("{number} ");
        let posts = calls.iter().filter_map(move |call| call.strip_prefix(&prefix));
        posts.map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let in_order: Vec<String> = (0..POSTS).map(|post| post.to_string()).collect();
    let kept = (0..THREADS).filter(|number| of(*number) == in_order).count();
    let count = calls.len();
    require!(kept == THREADS && count == THREADS * POSTS,
        expected: "all {POSTS} posts of each of {THREADS} threads, in the order in which it made them",
        seen: "{count} calls; the posts of {kept} threads whole and in order",
        likely: "`run` returns while posts are on their way, or takes several queues by turns",
        read: "README, the task, 1 and 5",
    );
}

#[test]
fn what_a_handler_drops_may_post() {
    let entries = run_untimed(
        "a lock of the queue is held while a handler is dropped, and what it drops posts",
        "hint 2",
        || {
            let mut event_loop = new_loop();
            let poster = event_loop.poster();
            let last_word = OnDrop::new(move || poster.post(|_| write("a last word")));
            event_loop.poster().post(move |_| {
                let _here_until_now = last_word;
                write("first");
            });
            run(event_loop);
            DIARY.take()
        },
    );
    require!(entries == ["first", "a last word"],
        expected: "a call of the handler that was posted when another one was dropped",
        seen: "{entries:?}",
        likely: "`run` asks who is left before the handler is dropped",
        read: "README, the task, 5",
    );
}

#[test]
fn a_post_to_a_loop_that_is_gone_drops_the_handler() {
    let (called, dropped) = run_untimed(
        "`post` waits for a loop that is gone, or holds a lock while it drops the handler",
        "src/lib.rs, post",
        || {
            let mut event_loop = new_loop();
            let poster = event_loop.poster();
            drop(event_loop);
            let (called, dropped) =
                (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
            for _ in 0..2 {
                let (call, drops, again) = (called.clone(), dropped.clone(), poster.clone());
                let last_word = OnDrop::new(move || {
                    drops.fetch_add(1, Ordering::SeqCst);
                    again.post(|_| {});
                });
                poster.post(move |_| {
                    let _here_until_now = last_word;
                    call.store(true, Ordering::SeqCst);
                });
            }
            // The poster is still here: it may keep nothing that was posted.
            (called.load(Ordering::SeqCst), dropped.load(Ordering::SeqCst))
        },
    );
    require!(!called && dropped == 2,
        expected: "two handlers to be dropped and not called: the loop that they are posted to is gone",
        seen: "called: {called}; dropped: {dropped}",
        likely: "the queue belongs to the posters too, and keeps what comes when nobody takes from it any more",
        read: "src/lib.rs, post",
    );
}
