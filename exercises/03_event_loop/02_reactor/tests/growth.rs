//! What a reactor keeps of registrations that are gone: nothing.

mod common;

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use common::{pipe_with, reactor, run_untimed};
use reactor::{Reactor, Trigger};
use rstest::rstest;
use testkit::growth::{Growth, growth};
use testkit::require;

testkit::count_allocations!();

const HOUR: Duration = Duration::from_secs(3600);

fn timer(reactor: &mut Reactor) {
    let token = reactor.at(Instant::now() + HOUR, |_| {}).expect("a timer can be set");
    assert!(reactor.remove(token), "`remove` of a timer that is set says true");
}

fn timer_that_rings(reactor: &mut Reactor) {
    let rung = Rc::new(Cell::new(false));
    let ring = Rc::clone(&rung);
    reactor.at(Instant::now(), move |_| ring.set(true)).expect("a timer can be set");
    reactor.run().expect("nothing here fails");
    assert!(rung.get(), "a timer that is due rings before `run` returns");
}

fn descriptor(reactor: &mut Reactor) {
    let (reader, _writer) = pipe_with(b"");
    let token = reactor.watch(reader, Trigger::Edge, |_, _, _| {}).expect("a pipe can be watched");
    assert!(reactor.remove(token), "`remove` of a descriptor that is watched says true");
}

fn waker(reactor: &mut Reactor) {
    let (token, waker) = reactor.waker(|_, _| {}).expect("a waker can be made");
    waker.wake();
    assert!(reactor.remove(token), "`remove` of a waker that is registered says true");
    // Once round: what was noted for a later round is gone, too.
    timer_that_rings(reactor);
}

#[rstest]
#[case::timers(timer)]
#[case::timers_that_ring(timer_that_rings)]
#[case::descriptors(descriptor)]
#[case::wakers(waker)]
fn nothing_is_kept_of_registrations_that_are_gone(#[case] register: fn(&mut Reactor)) {
    let growth =
        run_untimed("a registration that is gone still counts", "README, the task", move || {
            let mut reactor = reactor();
            growth(|_| register(&mut reactor))
        });
    let Growth { bytes, descriptors } = growth;
    require!(!growth.is_there(),
        expected: "after 10000 registrations that are gone as much memory and as many descriptors as after 10",
        seen: "{bytes} bytes and {descriptors} descriptors more",
        likely: "a token that is gone stays in a list, a map or a heap; or a descriptor is not closed",
        read: "README, the task",
    );
}
