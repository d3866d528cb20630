//! What a reactor promises when the kernel gives the number of a closed descriptor to a new one.
//!
//! A test target of its own: no other test takes the number in between.

mod common;

use std::cell::RefCell;
use std::io::PipeWriter;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;

use common::{Diary, after_rounds, pipe_with, reactor, run_within, watch_and_note};
use reactor::{Reactor, Token, Trigger};
use testkit::require;

/// What the two first handlers know of each other: token, and descriptor number. They tell each other by
/// the number; when two tokens are equal, your file could say.
type Both = Rc<RefCell<Vec<(Token, i32)>>>;

#[test]
fn an_event_does_not_reach_the_next_owner_of_a_number() {
    let (diary, calls) =
        run_within("a removed handler still counts as registered", "README, the task", || {
            let (diary, mut reactor, both) = (Diary::new(), reactor(), Both::default());
            let (mut writers, calls) = (Vec::new(), Diary::new());
            // Two are ready in the same round. Whichever is called first replaces the other.
            for _ in 0..2 {
                let (reader, writer) = pipe_with(b"!");
                writers.push(writer);
                let number = reader.as_raw_fd();
                let (notes, pair, called) = (diary.clone(), Rc::clone(&both), calls.clone());
                let token = reactor
                    .watch(reader, Trigger::Level, move |reactor, own, _| {
                        called.write("called");
                        for (token, other) in pair.take() {
                            if other != number {
                                replace(reactor, token, other, &notes);
                            }
                        }
                        reactor.remove(own);
                    })
                    .expect("a pipe can be watched");
                both.borrow_mut().push((token, number));
            }
            reactor.run().expect("nothing here fails");
            (diary.entries(), calls.count())
        });
    require!(calls == 1,
        expected: "one of two handlers that are ready to be called, and to remove the other one",
        seen: "{calls} calls",
        likely: "see tests/descriptors.rs first",
        read: "README, the task",
    );
    require!(diary.is_empty(),
        expected: "no call: the event belonged to a handler that is gone, and the new pipe is empty",
        seen: "{diary:?} was called",
        likely: "events are matched to handlers by descriptor number or by place in a table, and that has a new owner",
        read: "epoll(7), \"If using an event cache\"; hint 4",
    );
}

/// Removes a registration whose event is still to come in this round, and watches an empty pipe that
/// has the same descriptor number. It is removed some rounds later.
fn replace(reactor: &mut Reactor, token: Token, number: i32, diary: &Diary) {
    reactor.remove(token);
    let (newcomer, writer) = empty_pipe_with_number(number);
    let token = watch_and_note(reactor, newcomer, "the newcomer", diary);
    after_rounds(reactor, 5, move |reactor| {
        reactor.remove(token);
        drop(writer);
    });
}

/// The kernel gives out the lowest number that is free (open(2)), so a few attempts are enough. A
/// reactor that closes the old descriptor only after the round does not free it: any will do then.
fn empty_pipe_with_number(number: i32) -> (OwnedFd, PipeWriter) {
    let mut pipes: Vec<_> = (0..32).map(|_| pipe_with(b"")).collect();
    let found = pipes.iter().position(|(reader, _)| reader.as_raw_fd() == number);
    pipes.swap_remove(found.unwrap_or(0))
}
