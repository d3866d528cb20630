//! What a server keeps of connections that have ended: nothing.

mod common;

use common::{Client, Heard, Kitchen, Street};
use graceful_shutdown::{Closing, serve};
use testkit::deadline::{DEADLINE, within_limit};
use testkit::growth::{Growth, growth};
use testkit::require;
use tokio::task::LocalSet;

testkit::count_allocations!();

#[test]
fn nothing_is_kept_of_connections_that_have_ended() {
    let growth = within_limit(
        6 * DEADLINE,
        "ten thousand connections, one after the other,",
        "see the tests of serving first",
        "the stub, serve",
        move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().start_paused(true).build();
            let runtime = runtime.expect("the machine lets the test make a loop");
            let tasks = LocalSet::new();
            let (street, door) = Street::new();
            let (kitchen, closing) = (Kitchen::new(), Closing::default());
            let served = serve(door, kitchen.answer(), common::HOUR, closing.clone());
            let server = tasks.spawn_local(served);
            let connect = async || {
                let mut client: Client = street.comes();
                client.say("tea\n").await;
                client.half_close().await;
                client.hears().await
            };
            let growth = growth(|_| {
                let heard = tasks.block_on(&runtime, connect());
                assert!(
                    heard == Heard::closed("<tea>\n"),
                    "see the tests of serving first: {heard}"
                );
                street.forget();
            });
            assert!(!server.is_finished(), "see the tests of serving first");
            growth
        },
    );
    let Growth { bytes, descriptors } = growth;
    require!(!growth.is_there(),
        expected: "after ten thousand connections as much memory and as many descriptors as after ten",
        seen: "{bytes} bytes and {descriptors} descriptors more",
        likely: "a handle of each task is kept: a `JoinSet` keeps those that have ended until `join_next`, and a list of\nhandles keeps all; a token or a sender for each connection may stay, too",
        read: "the stub, serve; https://docs.rs/tokio/latest/tokio/task/struct.JoinSet.html",
        about: "serve",
    );
}
