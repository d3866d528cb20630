//! All clients: who is let in, what `stop` ends and when, what is cut, and what is left. Easiest first.

mod common;

use std::io;
use std::time::Duration;

use common::{Client, HOUR, Heard, Kitchen, MILLISECOND, Street, on_one_loop, rest};
use graceful_shutdown::{Closing, Ended, PAUSE, serve};
use nix::errno::Errno;
use rstest::rstest;
use testkit::require;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, sleep};

/// A server on the loop.
struct Server {
    street: Street,
    kitchen: Kitchen,
    closing: Closing,
    task: JoinHandle<(String, Instant, usize)>,
}

impl Server {
    fn with(grace: Duration) -> Self {
        Self::closed_by(Closing::default(), grace, |_| {})
    }

    /// A server to whose door somebody comes before it opens.
    fn closed_by(closing: Closing, grace: Duration, before: impl FnOnce(&Street)) -> Self {
        let (street, door) = Street::new();
        before(&street);
        let kitchen = Kitchen::new();
        let served = serve(door, kitchen.answer(), grace, closing.clone());
        let alive = kitchen.clone();
        let task = spawn_local(async move {
            let ended = match served.await {
                Ended::Drained => "Drained",
                Ended::Cut => "Cut",
                Ended::AtOnce => "AtOnce",
            };
            // At the return, before any other task has a turn.
            (ended.to_owned(), Instant::now(), alive.alive())
        });
        Self { street, kitchen, closing, task }
    }

    /// A client comes and says this; it has been heard.
    async fn client(&self, said: &str) -> Client {
        let mut client = self.street.comes();
        client.say(said).await;
        rest().await;
        client
    }

    fn goes_on(&self) -> bool {
        !self.task.is_finished()
    }

    /// How it has ended by now, after how much time from `start`, and with how many answers left.
    async fn end(self, start: Instant) -> End {
        rest().await;
        if self.goes_on() {
            return End { how: "it goes on".to_owned(), after: Duration::ZERO, left: 0 };
        }
        match self.task.await {
            Ok((how, at, left)) => End { how, after: at - start, left },
            Err(_) => End { how: "a panic".to_owned(), after: Duration::ZERO, left: 0 },
        }
    }
}

/// How a server ended.
struct End {
    how: String,
    after: Duration,
    left: usize,
}

#[test]
fn clients_are_answered_side_by_side() {
    let (begun, tea, both) = on_one_loop(async || {
        let server = Server::with(HOUR);
        let mut slow = server.client("hold coffee\n").await;
        let mut quick = server.client("tea\n").await;
        let begun = server.kitchen.begun();
        let tea = quick.hears().await;
        server.kitchen.let_go(1);
        (begun, tea, slow.hears().await)
    });
    require!(begun == 2 && tea == Heard::open("<tea>\n") && both == Heard::open("<hold coffee>\n"),
        expected: "two requests in the kitchen at once, and the second client answered while the first waits",
        seen: "{begun} requests; the second heard {tea}, the first in the end {both}",
        likely: "`serve` awaits each conversation before it accepts the next connection",
        read: "hint 3",
        about: "serve",
    );
}

#[test]
fn four_hundred_clients_are_answered_and_drained() {
    let (begun, heard, how) = on_one_loop(async || {
        let server = Server::with(HOUR);
        let start = Instant::now();
        let mut clients = Vec::new();
        for _ in 0..400 {
            let mut client = server.street.comes();
            client.say("hold\n").await;
            clients.push(client);
        }
        rest().await;
        let begun = server.kitchen.begun();
        server.closing.stop.cancel();
        rest().await;
        server.kitchen.let_go(400);
        let mut heard = 0;
        for client in &mut clients {
            heard += usize::from(client.hears().await == Heard::closed("<hold>\n"));
        }
        (begun, heard, server.end(start).await.how)
    });
    require!(begun == 400 && heard == 400 && how == "Drained",
        expected: "400 requests in the kitchen at once, and after `stop` 400 answers, closed connections and Drained",
        seen: "{begun} in the kitchen, {heard} clients heard their answer and the end; {how}",
        likely: "connections are limited to a number, or only some of them hear of `stop`",
        read: "the stub, serve: however many",
        about: "serve",
    );
}

#[test]
fn a_stop_without_clients_ends_it() {
    let (goes_on, seen, end) = on_one_loop(async || {
        let server = Server::with(HOUR);
        rest().await;
        let goes_on = server.goes_on();
        let start = Instant::now();
        server.closing.stop.cancel();
        rest().await;
        (goes_on, server.street.seen(), server.end(start).await)
    });
    let (closed, End { how, after, .. }) = (seen.closed, end);
    require!(goes_on,
        expected: "the server to wait for connections until `stop` comes",
        seen: "{how}",
        likely: "`serve` returns when nobody is there",
        read: "the stub, serve",
        about: "serve",
    );
    require!(closed && how == "Drained" && after < MILLISECOND,
        expected: "a closed listener and Drained at once",
        seen: "the listener closed: {closed}; {how} after {after:?}",
        likely: "`accept` waits for one more connection, or all wait until the grace is over. A `TaskTracker` that\nis not closed is never done",
        read: "hint 3; https://docs.rs/tokio-util/latest/tokio_util/task/struct.TaskTracker.html#method.wait",
        about: "serve",
    );
}

#[test]
fn idle_clients_do_not_keep_it() {
    let (heard, end) = on_one_loop(async || {
        let server = Server::with(HOUR);
        let mut silent = server.client("").await;
        let mut served = server.client("tea\n").await;
        let start = Instant::now();
        server.closing.stop.cancel();
        let heard = [silent.hears().await, served.hears().await];
        (heard, server.end(start).await)
    });
    let ([silent, served], End { how, after, .. }) = (heard, end);
    let right = silent == Heard::closed("") && served == Heard::closed("<tea>\n");
    require!(right && how == "Drained" && after < MILLISECOND,
        expected: "two idle connections closed at once after `stop`, and Drained",
        seen: "one client heard {silent}, the other {served}; {how} after {after:?}",
        likely: "the connections are not told, and `serve` waits until they end by themselves or the grace is over",
        read: "hint 3",
        about: "serve",
    );
}

#[rstest]
#[case::an_hour(2 * HOUR)]
#[case::the_longest(Duration::MAX)]
fn what_is_in_flight_is_ended_within_the_grace(#[case] grace: Duration) {
    let (before, heard, end) = on_one_loop(async move || {
        let server = Server::with(grace);
        let mut waits = server.client("hold coffee\n").await;
        let mut speaks = server.client("te").await;
        let start = Instant::now();
        server.closing.stop.cancel();
        sleep(HOUR).await;
        let before = (server.goes_on(), server.street.seen().closed);
        speaks.say("a\n").await;
        server.kitchen.let_go(1);
        let heard = [waits.hears().await, speaks.hears().await];
        (before, heard, server.end(start).await)
    });
    let ((goes_on, closed), [waits, speaks], End { how, after, .. }) = (before, heard, end);
    let right = waits == Heard::closed("<hold coffee>\n") && speaks == Heard::closed("<tea>\n");
    require!(goes_on && right && how == "Drained",
        expected: "an hour after `stop` both answers, one being made and one half asked for, then Drained; the grace\nis {grace:?}",
        seen: "within the hour it went on: {goes_on}; one client heard {waits}, the other {speaks}; {how} after {after:?}",
        likely: "it returns, and what it has spawned is dropped or goes on unattended; or it panics: a point in time so far\naway cannot be computed, a `sleep` that long can",
        read: "hint 3",
        about: "serve",
    );
    require!(closed,
        expected: "the listener to be dropped while the connections have their grace",
        seen: "it is open an hour after `stop`: the kernel still completes connections that nobody will take",
        likely: "it is dropped when `serve` returns",
        read: "the stub, serve; listen(2)",
        about: "serve",
    );
}

/// Where a coin decides, it is tossed often.
#[rstest]
#[case::stop(false)]
#[case::now(true)]
fn a_connection_that_comes_together_with_the_end_is_not_taken(#[case] now: bool) {
    let token = if now { "now" } else { "stop" };
    for _ in 0..32 {
        let (before, heard, seen, begun) = on_one_loop(async move || {
            let server = Server::with(HOUR);
            let before = server.client("tea\n").await.hears().await;
            let mut late = server.street.comes();
            late.say("coffee\n").await;
            if now {
                server.closing.now.cancel()
            } else {
                server.closing.stop.cancel()
            };
            (before, late.hears().await, server.street.seen(), server.kitchen.begun())
        });
        let accepted = seen.accepted;
        require!(before == Heard::open("<tea>\n") && accepted == 1 && begun == 1 && heard == Heard::closed(""),
            expected: "one client answered, and then no connection accepted: one comes together with `{token}`, and `{token}`\ncounts",
            seen: "the first client heard {before}; {accepted} accepted; the client that comes with `{token}` heard {heard}",
            likely: "`select!` looks at its branches in an order of chance, or at `accept` first; with a queue at the\ndoor such a server never stops",
            read: "hint 3; https://docs.rs/tokio/latest/tokio/macro.select.html#fairness",
            about: "serve",
        );
    }
}

#[test]
fn a_stop_before_it_begins_counts() {
    let (before, seen, end, client) = on_one_loop(async || {
        let open = Server::with(HOUR);
        let before = open.client("tea\n").await.hears().await;
        let closing = Closing::default();
        closing.stop.cancel();
        let start = Instant::now();
        let mut client = None;
        let server = Server::closed_by(closing, HOUR, |street| client = Some(street.comes()));
        rest().await;
        let heard = client.expect("one came").hears().await;
        (before, server.street.seen(), server.end(start).await, heard)
    });
    let (accepted, how) = (seen.accepted, end.how);
    require!(before == Heard::open("<tea>\n"),
        expected: "a client of a server that was not told to stop to be answered",
        seen: "it heard {before}",
        likely: "see the other tests first",
        read: "hint 3",
        about: "serve",
    );
    require!(accepted == 0 && how == "Drained" && client == Heard::closed(""),
        expected: "nobody accepted by another server, and Drained: its `stop` was cancelled before the call",
        seen: "{accepted} accepted, the client heard {client}; {how}",
        likely: "`accept` is awaited once before `stop` is looked at",
        read: "the stub, serve",
        about: "serve",
    );
}

#[test]
fn what_a_connection_has_ended_with_is_dropped_before_another_comes() {
    let (heard, begun, kept) = on_one_loop(async || {
        let server = Server::with(HOUR);
        let mut panics = server.client("panic\n").await;
        (panics.hears().await, server.kitchen.begun(), server.kitchen.alive())
    });
    require!(heard == Heard::closed("") && (begun, kept) == (1, 0),
        expected: "a connection whose `answer` panics to be closed, and its panic to be dropped while nobody else comes",
        seen: "{heard}; {begun} request(s) begun, {kept} payload(s) are there",
        likely: "connections that have ended are only looked at when the next one is accepted: until then the server keeps what has \
            become of them",
        read: "the stub, serve; https://docs.rs/tokio/latest/tokio/task/struct.JoinSet.html",
        about: "serve",
    );
}

#[rstest]
#[case::before_stop(false)]
#[case::after_stop(true)]
fn a_panic_ends_one_connection_only(#[case] after_stop: bool) {
    let (heard, end) = on_one_loop(async move || {
        let server = Server::with(HOUR);
        let start = Instant::now();
        let mut held = server.client("hold coffee\n").await;
        let mut panics = server.client(if after_stop { "pan" } else { "panic\n" }).await;
        let mut comes = if after_stop { None } else { Some(server.client("tea\n").await) };
        server.closing.stop.cancel();
        rest().await;
        if after_stop {
            panics.say("ic\n").await;
            rest().await;
        }
        server.kitchen.let_go(1);
        let mut heard = vec![held.hears().await, panics.hears().await];
        if let Some(comes) = &mut comes {
            heard.push(comes.hears().await);
        }
        (heard, server.end(start).await)
    });
    let mut expected = vec![Heard::closed("<hold coffee>\n"), Heard::closed("")];
    if !after_stop {
        expected.push(Heard::closed("<tea>\n"));
    }
    let how = end.how;
    let shown: Vec<String> = heard.iter().map(ToString::to_string).collect();
    let shown = shown.join("; ");
    require!(heard == expected && how == "Drained",
        expected: "the connection whose `answer` panics to be closed, the others to be answered, and Drained",
        seen: "the clients heard {shown}; {how}",
        likely: "the panic of a task is handed on (`unwrap` of a `JoinError`), or a count that it should lower stays",
        read: "the stub, serve; https://docs.rs/tokio/latest/tokio/task/struct.JoinError.html",
        about: "serve",
    );
}

#[test]
fn a_stream_that_fails_ends_one_connection_only() {
    let (heard, how) = on_one_loop(async || {
        let server = Server::with(HOUR);
        let start = Instant::now();
        let mut held = server.client("hold coffee\n").await;
        let mut fails = server.street.comes_in_vain();
        rest().await;
        let mut comes = server.client("tea\n").await;
        let tea = comes.hears().await;
        server.closing.stop.cancel();
        rest().await;
        server.kitchen.let_go(1);
        let heard = [held.hears().await, fails.hears().await, tea];
        (heard, server.end(start).await.how)
    });
    let [held, fails, tea] = heard;
    let right = held == Heard::closed("<hold coffee>\n")
        && fails == Heard::closed("")
        && tea == Heard::open("<tea>\n");
    require!(right && how == "Drained",
        expected: "the connection that fails to be closed, the others to be answered, and Drained",
        seen: "one client heard {held}, the one that fails {fails}, the one that came later {tea}; {how}",
        likely: "`?` or `unwrap` on the result of one conversation ends all",
        read: "the stub, serve",
        about: "serve",
    );
}

#[rstest]
#[case::no_descriptor_is_free(Errno::EMFILE, 1)]
#[case::no_descriptor_is_free_five_times(Errno::EMFILE, 5)]
#[case::the_client_is_gone(Errno::ECONNABORTED, 1)]
#[case::the_client_has_reset_it(Errno::ECONNRESET, 1)]
#[case::it_was_interrupted(Errno::EINTR, 1)]
#[case::the_listener_is_none(Errno::EINVAL, 2)]
fn accept_is_called_again_a_pause_after_an_error(#[case] error: Errno, #[case] errors: usize) {
    let (calls, heard, how) = on_one_loop(async move || {
        let server = Server::with(HOUR);
        let start = Instant::now();
        rest().await;
        for _ in 0..errors {
            server.street.fails(error.into());
        }
        let mut client = server.street.comes();
        client.say("tea\n").await;
        let errors = u32::try_from(errors).expect("a few");
        sleep(PAUSE * errors + PAUSE / 2).await;
        let calls = server.street.seen().calls;
        let heard = client.hears().await;
        server.closing.stop.cancel();
        (calls, heard, server.end(start).await.how)
    });
    // The first call waited; its error came when the first error did.
    let gaps: Vec<Duration> = calls.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let early = gaps.iter().take(errors).filter(|gap| **gap < PAUSE).count();
    let called = calls.len();
    require!(heard == Heard::open("<tea>\n") && how == "Drained",
        expected: "the client that comes behind {errors} errors of `accept` ({error}) to be let in {PAUSE:?} after the last",
        seen: "it heard {heard}; {how}",
        likely: "an error of `accept` ends the loop; it says nothing about the next call",
        read: "the stub, serve; accept(2), Errors",
        about: "serve",
    );
    require!(early == 0 && called > errors,
        expected: "each call of `accept` that follows an error ({error}) to come {PAUSE:?} after it",
        seen: "{called} calls, {early} of them earlier than that",
        likely: "`continue` alone, perhaps for some errors only: as long as the error stays, the loop spins",
        read: "the stub, serve; hint 3",
        about: "serve",
    );
}

#[test]
fn connections_that_end_do_not_make_the_pause_longer() {
    let (ended, heard) = on_one_loop(async || {
        let server = Server::with(HOUR);
        let mut leaving = Vec::new();
        for _ in 0..4 {
            leaving.push(server.client("hold coffee\n").await);
        }
        server.street.fails(Errno::EMFILE.into());
        let mut client = server.street.comes();
        client.say("tea\n").await;
        // One has its answer and leaves after each quarter of the pause.
        let mut ended = 0;
        for mut other in leaving {
            sleep(PAUSE / 4).await;
            server.kitchen.let_go(1);
            ended += usize::from(other.hears().await == Heard::open("<hold coffee>\n"));
        }
        sleep(PAUSE / 8).await;
        (ended, client.hears().await)
    });
    require!(ended == 4 && heard == Heard::open("<tea>\n"),
        expected: "four clients answered and gone during the pause, and at its end the next one let in",
        seen: "{ended} answered; the next one heard {heard}",
        likely: "the pause is a new `sleep` in each turn of a loop that also turns when a connection ends",
        read: "the stub, serve; https://docs.rs/tokio/latest/tokio/macro.select.html",
        about: "serve",
    );
}

#[rstest]
#[case::stop(false)]
#[case::now(true)]
fn the_end_does_not_wait_for_the_pause(#[case] now: bool) {
    let token = if now { "now" } else { "stop" };
    let (before, end, accepted, closed) = on_one_loop(async move || {
        let server = Server::with(HOUR);
        let before = server.client("tea\n").await.hears().await;
        server.street.fails(io::ErrorKind::ConnectionAborted.into());
        rest().await;
        let _late = server.street.comes();
        let start = Instant::now();
        if now {
            server.closing.now.cancel()
        } else {
            server.closing.stop.cancel()
        };
        rest().await;
        let seen = server.street.seen();
        (before, server.end(start).await, seen.accepted, seen.closed)
    });
    let (how, expected) = (end.how, if now { "AtOnce" } else { "Drained" });
    require!(before == Heard::open("<tea>\n") && how == expected && accepted == 1 && closed,
        expected: "one client answered, then a closed listener and {expected} at once, where `{token}` comes in the pause\nafter an error",
        seen: "it heard {before}; the listener closed: {closed}, {accepted} accepted; {how}",
        likely: "the pause is awaited where nobody looks at `closing`",
        read: "the stub, serve",
        about: "serve",
    );
}

/// What keeps a connection.
#[derive(Debug, Clone, Copy)]
enum Keeps {
    AnAnswer,
    HalfALine,
    AClientThatDoesNotRead,
}

#[rstest]
#[case::that_is_never_answered(Keeps::AnAnswer, HOUR)]
#[case::that_stays_half_a_line(Keeps::HalfALine, HOUR)]
#[case::whose_client_does_not_read(Keeps::AClientThatDoesNotRead, HOUR)]
#[case::that_is_never_answered_in_a_second(Keeps::AnAnswer, Duration::from_secs(1))]
#[case::that_is_never_answered_without_grace(Keeps::AnAnswer, Duration::ZERO)]
fn a_request_is_cut_when_the_grace_is_over(#[case] keeps: Keeps, #[case] grace: Duration) {
    let (goes_on, heard, end) = on_one_loop(async move || {
        let server = Server::with(grace);
        let mut client = match keeps {
            Keeps::AnAnswer => server.client("never\n").await,
            Keeps::HalfALine => server.client("te").await,
            Keeps::AClientThatDoesNotRead => {
                // More than a connection holds, in both directions.
                let mut client = server.client("").await;
                client.say("x".repeat(2 * common::ROOM) + "\n").await;
                client
            }
        };
        // The grace counts from `stop`, however old the connection is.
        sleep(3 * HOUR).await;
        let start = Instant::now();
        server.closing.stop.cancel();
        let mut goes_on = true;
        if grace > Duration::ZERO {
            sleep(grace - 5 * MILLISECOND).await;
            goes_on = server.goes_on();
        }
        sleep(7 * MILLISECOND).await;
        let heard = client.hears().await;
        (goes_on, heard, server.end(start).await)
    });
    let (End { how, after, left }, closed) = (end, heard.closed);
    require!(goes_on,
        expected: "the connection to have its whole grace of {grace:?}, counted from `stop`",
        seen: "{how} after {after:?}",
        likely: "the grace is counted from the start of the server or of the connection, or not waited for",
        read: "the stub, serve; hint 4",
        about: "serve",
    );
    require!(how == "Cut" && after <= grace + 2 * MILLISECOND && closed,
        expected: "the connection cut and Cut, {grace:?} after `stop`",
        seen: "{how} after {after:?}, the connection closed: {closed}",
        likely: "nothing bounds the wait, or what bounds it tells nobody: a `TaskTracker` waits and does not abort",
        read: "hint 4",
        about: "serve",
    );
    require!(left == 0,
        expected: "no future of `answer` left when `serve` returns",
        seen: "{left} left",
        likely: "`abort` and `cancel` only tell: what is told is dropped when the task has its next turn, and that is to be awaited",
        read: "hint 4; https://docs.rs/tokio/latest/tokio/task/struct.JoinHandle.html#method.abort",
        about: "serve",
    );
}

#[test]
fn all_connections_share_one_grace() {
    let (goes_on, heard, end) = on_one_loop(async || {
        let server = Server::with(HOUR);
        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(server.client("never\n").await);
        }
        let mut quick = server.client("hold tea\n").await;
        let start = Instant::now();
        server.closing.stop.cancel();
        sleep(HOUR / 2).await;
        server.kitchen.let_go(1);
        let tea = quick.hears().await;
        sleep(HOUR / 2 - 10 * MILLISECOND).await;
        let goes_on = server.goes_on();
        sleep(15 * MILLISECOND).await;
        let mut closed = 0;
        for client in &mut clients {
            closed += usize::from(client.hears().await == Heard::closed(""));
        }
        (goes_on, (tea, closed), server.end(start).await)
    });
    let ((tea, closed), End { how, after, left }) = (heard, end);
    require!(tea == Heard::closed("<hold tea>\n") && goes_on,
        expected: "an answer that is ready after half of the grace to be written, and the others to have the whole grace",
        seen: "the client heard {tea}; after nearly the whole grace it went on: {goes_on}; {how} after {after:?}",
        likely: "the grace is over for all as soon as something happens",
        read: "the stub, serve",
        about: "serve",
    );
    require!(how == "Cut" && closed == 3 && left == 0 && after <= HOUR + 2 * MILLISECOND,
        expected: "all three others cut together, an hour after `stop`, and nothing left",
        seen: "{how} after {after:?}, {closed} of 3 cut, {left} answers left",
        likely: "each connection has a grace of its own, one after the other, or each that ends begins it anew",
        read: "the stub, serve; hint 4",
        about: "serve",
    );
}

#[rstest]
#[case::before_stop(false, 0)]
#[case::together_with_stop(true, 0)]
#[case::after_stop(true, 1)]
fn now_cuts_at_once(#[case] stop: bool, #[case] minutes: u64) {
    let (closed, heard, end) = on_one_loop(async move || {
        let server = Server::with(HOUR);
        let mut clients =
            [server.client("never\n").await, server.client("te").await, server.client("").await];
        if stop {
            server.closing.stop.cancel();
            sleep(Duration::from_secs(60 * minutes)).await;
        }
        let start = Instant::now();
        server.closing.now.cancel();
        rest().await;
        let mut heard = 0;
        for client in &mut clients {
            heard += usize::from(client.hears().await == Heard::closed(""));
        }
        (server.street.seen().closed, heard, server.end(start).await)
    });
    let End { how, after, left } = end;
    require!(how == "AtOnce" && heard == 3 && closed && after < MILLISECOND,
        expected: "the listener and three connections closed and AtOnce, when `now` is cancelled",
        seen: "the listener closed: {closed}; {heard} of 3 connections closed; {how} after {after:?}",
        likely: "`now` is looked at in one of the two phases only: while connections are accepted, or while they end",
        read: "the stub, serve; hint 4",
        about: "serve",
    );
    require!(left == 0,
        expected: "no future of `answer` left when `serve` returns",
        seen: "{left} left",
        likely: "`now` is taken for an end without destructors: it cuts, and to cut is to drop. What is aborted is dropped\nwhen the task has its next turn, and that is to be awaited",
        read: "the stub, serve; hint 4",
        about: "serve",
    );
}

#[test]
fn now_ends_a_server_without_clients() {
    let (closed, end) = on_one_loop(async || {
        let server = Server::with(HOUR);
        rest().await;
        let start = Instant::now();
        server.closing.now.cancel();
        rest().await;
        (server.street.seen().closed, server.end(start).await)
    });
    let how = end.how;
    require!(closed && how == "AtOnce",
        expected: "a closed listener and AtOnce: it was told `now`, and not `stop`",
        seen: "the listener closed: {closed}; {how}",
        likely: "`now` is looked at only after `stop`",
        read: "the stub, serve; src/closing.rs",
        about: "serve",
    );
}

#[rstest]
#[case::drained("tea\n", "<tea>\n", "Drained")]
#[case::cut("never\n", "", "Cut")]
fn the_tokens_are_the_callers(
    #[case] said: &'static str,
    #[case] answer: &str,
    #[case] expected: &str,
) {
    let (heard, how, stop, now) = on_one_loop(async move || {
        let server = Server::with(HOUR);
        let mut client = server.client(said).await;
        let start = Instant::now();
        let closing = server.closing.clone();
        closing.stop.cancel();
        sleep(HOUR).await;
        (
            client.hears().await,
            server.end(start).await.how,
            closing.stop.is_cancelled(),
            closing.now.is_cancelled(),
        )
    });
    require!(heard == Heard::closed(answer) && how == expected && stop && !now,
        expected: "{expected}, and `now` not cancelled: whoever else listens to it was told nothing",
        seen: "the client heard {heard}; {how}; `now` cancelled: {now}",
        likely: "the token of the caller is cancelled to cut the connections; a token of one's own does that",
        read: "the stub, serve",
        about: "serve",
    );
}

#[test]
fn a_second_server_takes_the_next_clients() {
    let (first, second) = on_one_loop(async || {
        let mut ends = Vec::new();
        for _ in 0..2 {
            let server = Server::with(HOUR);
            let mut client = server.client("tea\n").await;
            let start = Instant::now();
            server.closing.stop.cancel();
            let heard = client.hears().await;
            ends.push(format!("{heard}; {}", server.end(start).await.how));
        }
        (ends.remove(0), ends.remove(0))
    });
    let expected = format!("{}; Drained", Heard::closed("<tea>\n"));
    require!(first == expected && second == expected,
        expected: "twice, one server after the other in the same process: {expected}",
        seen: "first {first}, then {second}",
        likely: "what tells the connections is kept for the whole process, and stays told",
        read: "the stub, serve",
        about: "serve",
    );
}
