//! One client: what a request is, and what `stop` ends. Easiest first.

mod common;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use common::{Client, HOUR, Heard, Kitchen, Trickle, on_one_loop, rest};
use graceful_shutdown::converse;
use rstest::rstest;
use testkit::require;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// A conversation on the loop.
struct Conversation {
    stop: CancellationToken,
    kitchen: Kitchen,
    task: JoinHandle<io::Result<()>>,
}

impl Conversation {
    fn with(stream: impl AsyncRead + AsyncWrite + Unpin + 'static) -> Self {
        Self::stopped_by(CancellationToken::new(), stream)
    }

    fn stopped_by(
        stop: CancellationToken,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    ) -> Self {
        let kitchen = Kitchen::new();
        let task = spawn_local(converse(stream, kitchen.answer(), stop.clone()));
        Self { stop, kitchen, task }
    }

    /// How it has ended by now, in words.
    async fn end(self) -> String {
        rest().await;
        if !self.task.is_finished() {
            return "it goes on".to_owned();
        }
        match self.task.await {
            Ok(Ok(())) => "Ok".to_owned(),
            Ok(Err(error)) => format!("{:?}", error.kind()),
            Err(_) => "a panic".to_owned(),
        }
    }
}

#[rstest]
#[case::a_word(b"tea", "<tea>\n")]
#[case::nothing(b"", "<>\n")]
#[case::spaces(b"  tea  ", "<  tea  >\n")]
#[case::a_carriage_return(b"tea\r", "<tea\r>\n")]
#[case::a_nul(b"t\0a", "<t\0a>\n")]
#[case::no_utf8(b"t\xffa", "<t\u{fffd}a>\n")]
fn a_line_is_answered_with_a_line(#[case] request: &'static [u8], #[case] answer: &str) {
    let heard = on_one_loop(async move || {
        let (mut client, stream) = Client::new();
        let _conversation = Conversation::with(stream);
        client.say([request, b"\n"].concat()).await;
        client.hears().await
    });
    let shown = request.escape_ascii();
    require!(heard == Heard::open(answer),
        expected: "the request \"{shown}\" to be answered by {answer:?}, and the next one awaited",
        seen: "{heard}",
        likely: "more than the line feed is taken off, or the bytes are taken for text, or an empty request for the end",
        read: "the stub, converse; hint 1",
        about: "converse",
    );
}

#[test]
fn a_long_line_is_one_request() {
    let (heard, begun) = on_one_loop(async move || {
        let (mut client, stream) = Client::new();
        let conversation = Conversation::with(stream);
        let long = [vec![b'x'; 1 << 20], vec![b'\n']].concat();
        let (_, heard) = tokio::join!(client.say(long), rest());
        let () = heard;
        let mut heard = client.hears().await;
        while !heard.text.ends_with('\n') && !heard.closed && heard.text.len() < 2 << 20 {
            let before = heard.text.len();
            heard = client.hears().await;
            if heard.text.len() == before {
                break;
            }
        }
        (heard, conversation.kitchen.begun())
    });
    let (length, closed) = (heard.text.len(), heard.closed);
    require!(begun == 1 && length == (1 << 20) + 3 && !closed,
        expected: "one request of 1048576 bytes, and an answer of 1048579",
        seen: "{begun} requests, answers of {length} bytes, the connection closed: {closed}",
        likely: "what one `read` gives is taken for a line, or what one `write` takes for all",
        read: "the stub, converse; hint 1",
        about: "converse",
    );
}

#[test]
fn a_request_may_come_in_any_pieces() {
    const TEXT: &str = "tea\ncoffee\n\ncocoa\n";
    const ANSWERS: &str = "<tea>\n<coffee>\n<>\n<cocoa>\n";
    for size in 1..=TEXT.len() {
        let heard = on_one_loop(async move || {
            let (mut client, stream) = Client::new();
            let _conversation = Conversation::with(stream);
            for piece in TEXT.as_bytes().chunks(size) {
                client.say(piece).await;
                rest().await;
            }
            client.hears().await
        });
        require!(heard == Heard::open(ANSWERS),
            expected: "{ANSWERS:?} for four requests that come in pieces of {size} bytes",
            seen: "{heard}",
            likely: "what one `read` gives is taken for one line, or bytes behind a line feed, which belong to the\nnext request, are dropped with a buffer",
            read: "the stub, converse; hint 1",
            about: "converse",
        );
    }
}

#[test]
fn the_next_request_waits_for_the_answer_before_it() {
    let (begun, first, both) = on_one_loop(async || {
        let (mut client, stream) = Client::new();
        let conversation = Conversation::with(stream);
        client.say("hold tea\ncoffee\n").await;
        let first = client.hears().await;
        let begun = conversation.kitchen.begun();
        conversation.kitchen.let_go(1);
        (begun, first, client.hears().await)
    });
    require!(begun == 1 && first == Heard::open("") && both == Heard::open("<hold tea>\n<coffee>\n"),
        expected: "one call of `answer` while the first answer is not there; then both, in their order",
        seen: "{begun} calls; heard first {first}; then {both}",
        likely: "a task for each request: the answers come in any order, and the client cannot tell them apart",
        read: "the stub, converse",
        about: "converse",
    );
}

#[rstest]
#[case::behind_a_line("tea\n", "<tea>\n", 1)]
#[case::in_the_middle_of_a_line("tea\ncoff", "<tea>\n", 1)]
fn the_end_of_the_input_ends_it(
    #[case] said: &'static str,
    #[case] answers: &str,
    #[case] requests: usize,
) {
    let (heard, end, begun) = on_one_loop(async move || {
        let (mut client, stream) = Client::new();
        let conversation = Conversation::with(stream);
        client.say(said).await;
        client.half_close().await;
        let heard = client.hears().await;
        let kitchen = conversation.kitchen.clone();
        (heard, conversation.end().await, kitchen.begun())
    });
    require!(heard == Heard::closed(answers) && end == "Ok" && begun == requests,
        expected: "{requests} requests of {said:?} and its end, the answers {answers:?}, then a closed connection and Ok",
        seen: "{begun} requests, {heard}, {end}",
        likely: "the end of the input is taken for a line feed (`read_until` and `lines` do so), or for an empty line",
        read: "the stub, converse; hint 1",
        about: "converse",
    );
}

#[rstest]
#[case::one("hold tea\n", "<hold tea>\n")]
#[case::two("hold tea\ncoffee\n", "<hold tea>\n<coffee>\n")]
#[case::one_and_a_half("hold tea\ncoff", "<hold tea>\n")]
fn a_client_that_says_no_more_still_hears_its_answers(
    #[case] said: &'static str,
    #[case] answers: &str,
) {
    let (before, after) = on_one_loop(async move || {
        let (mut client, stream) = Client::new();
        let conversation = Conversation::with(stream);
        client.say(said).await;
        client.half_close().await;
        let before = client.hears().await;
        conversation.kitchen.let_go(1);
        (before, client.hears().await)
    });
    require!(before == Heard::open("") && after == Heard::closed(answers),
        expected: "{answers:?} for a client that says {said:?} and closes its direction (shutdown(2)), and then the end",
        seen: "{before}; when the first answer is ready: {after}",
        likely: "while an answer is made the input is read, and its end is taken for a client that is gone",
        read: "the stub, converse; shutdown(2)",
        about: "converse",
    );
}

#[rstest]
#[case::a_byte_at_a_time(1)]
#[case::two_requests_at_once(usize::MAX)]
fn a_stream_may_take_and_give(#[case] bytes: usize) {
    let (heard, held) = on_one_loop(async move || {
        let (mut client, stream) = Client::new();
        let conversation = Conversation::with(Trickle::of(stream, bytes));
        client.say("tea\nhold coffee\n").await;
        let heard = client.hears().await;
        conversation.kitchen.let_go(1);
        (heard, client.hears().await)
    });
    require!(heard == Heard::open("<tea>\n") && held == Heard::open("<tea>\n<hold coffee>\n"),
        expected: "whole answers over a stream that takes and gives {bytes} byte(s) at most, and passes on what is written when\nit is flushed: the first before the second is made",
        seen: "{heard}; and later {held}",
        likely: "`write` is called once and takes a part, or nobody calls `flush`, or not while there is another request",
        read: "the stub, converse; https://docs.rs/tokio/latest/tokio/io/trait.AsyncWriteExt.html#method.write_all",
        about: "converse",
    );
}

/// A stream that fails, once.
struct Broken {
    request: &'static [u8],
    fails_at: &'static str,
    kind: io::ErrorKind,
    has_failed: bool,
}

impl Broken {
    fn outcome<T>(&mut self, at: &str, done: T) -> Poll<io::Result<T>> {
        let fails = self.fails_at == at && !self.has_failed;
        self.has_failed |= fails;
        Poll::Ready(if fails { Err(self.kind.into()) } else { Ok(done) })
    }
}

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.request.is_empty() {
            return self.outcome("read", ());
        }
        let count = self.request.len().min(buffer.remaining());
        buffer.put_slice(&self.request[..count]);
        self.request = &self.request[count..];
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Broken {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.outcome("write", bytes.len())
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outcome("flush", ())
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[rstest]
#[case::when_read("read", b"tea\ncof", false)]
#[case::when_written("write", b"tea\ncof", false)]
#[case::when_flushed("flush", b"tea\ncof", false)]
#[case::when_read_after_stop("read", b"tea\ncof", true)]
#[case::when_written_after_stop("write", b"tea\ncof", true)]
#[case::when_read_between_two_requests("read", b"tea\n", false)]
#[case::when_read_before_any_request("read", b"", false)]
fn an_error_of_the_stream_is_returned(
    #[case] fails_at: &'static str,
    #[case] request: &'static [u8],
    #[case] stopped: bool,
) {
    for kind in
        [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset, io::ErrorKind::UnexpectedEof]
    {
        let end = on_one_loop(async move || {
            let stop = CancellationToken::new();
            if stopped {
                stop.cancel();
            }
            let stream = Broken { request, fails_at, kind, has_failed: false };
            Conversation::stopped_by(stop, stream).end().await
        });
        let expected = format!("{kind:?}");
        require!(end == expected,
            expected: "the error {expected} of a stream that fails when it is to {fails_at}",
            seen: "{end}",
            likely: "an error is dropped (`let _ =`), taken for the end of the input, or tried again",
            read: "the stub, converse, Errors",
            about: "converse",
        );
    }
}

#[rstest]
#[case::that_has_said_nothing("", "")]
#[case::that_has_had_its_answer("tea\n", "<tea>\n")]
#[case::that_has_had_three("tea\ncoffee\ncocoa\n", "<tea>\n<coffee>\n<cocoa>\n")]
fn stop_closes_the_connection_of_a_client(#[case] said: &'static str, #[case] answers: &str) {
    let (before, after, end) = on_one_loop(async move || {
        let (mut client, stream) = Client::new();
        let conversation = Conversation::with(stream);
        client.say(said).await;
        let before = client.hears().await;
        conversation.stop.cancel();
        (before, client.hears().await, conversation.end().await)
    });
    require!(before == Heard::open(answers) && after == Heard::closed(answers) && end == "Ok",
        expected: "the answers {answers:?}, and after `stop` a closed connection and Ok",
        seen: "before: {before}; after: {after}; {end}",
        likely: "`stop` is looked at between two requests only, and the wait for the next one knows nothing of it",
        read: "the stub, converse; hint 2",
        about: "converse",
    );
}

#[test]
fn stop_before_the_first_look_closes_it() {
    let (other, heard, end) = on_one_loop(async || {
        let (mut other, stream) = Client::new();
        let _other = Conversation::with(stream);
        other.say("tea\n").await;
        let other = other.hears().await;
        let (mut client, stream) = Client::new();
        let stop = CancellationToken::new();
        stop.cancel();
        let conversation = Conversation::stopped_by(stop, stream);
        (other, client.hears().await, conversation.end().await)
    });
    require!(other == Heard::open("<tea>\n"),
        expected: "a client whose conversation is not stopped to be answered",
        seen: "it heard {other}",
        likely: "see the tests before",
        read: "hint 1",
        about: "converse",
    );
    require!(heard == Heard::closed("") && end == "Ok",
        expected: "a closed connection and Ok: `stop` was cancelled before the call, and nothing has begun",
        seen: "{heard}; {end}",
        likely: "what tells of `stop` tells only those that wait at that moment (`Notify::notify_waiters`, a change of a `watch`)",
        read: "the stub, converse",
        about: "converse",
    );
}

#[test]
fn an_answer_that_is_being_made_is_written_whole() {
    let (before, after, end) = on_one_loop(async || {
        let (mut client, stream) = Client::new();
        let conversation = Conversation::with(stream);
        client.say("hold tea\n").await;
        rest().await;
        conversation.stop.cancel();
        sleep(HOUR).await;
        let before = client.hears().await;
        conversation.kitchen.let_go(1);
        (before, client.hears().await, conversation.end().await)
    });
    require!(before == Heard::open("") && after == Heard::closed("<hold tea>\n") && end == "Ok",
        expected: "an open connection while the answer is being made, an hour after `stop`; then the answer and a\nclosed connection",
        seen: "before: {before}; after: {after}; {end}",
        likely: "`select!` between `stop` and the whole conversation: the branch that loses is dropped, with the answer in\nit. Or whoever was busy when `stop` came never hears of it",
        read: "the stub, converse; hint 2",
        about: "converse",
    );
}

#[test]
fn an_answer_that_is_being_written_is_written_whole() {
    let (heard, end) = on_one_loop(async || {
        // It does not take the answer as long as the client does not read.
        let (mut client, stream) = Client::with_room(8);
        let conversation = Conversation::with(stream);
        client.say("milk and sugar\n").await;
        rest().await;
        conversation.stop.cancel();
        sleep(HOUR).await;
        let mut heard = client.hears().await;
        for _ in 0..4 {
            heard = client.hears().await;
        }
        (heard, conversation.end().await)
    });
    require!(heard == Heard::closed("<milk and sugar>\n") && end == "Ok",
        expected: "the whole answer, although the client begins to read an hour after `stop`",
        seen: "{heard}; {end}",
        likely: "`stop` ends the writing, too",
        read: "the stub, converse; hint 2",
        about: "converse",
    );
}

/// Stop comes behind each byte in turn; what has begun by then is answered, and what has not is not awaited.
#[rstest]
#[case::and_the_rest_an_hour_later(1)]
#[case::and_the_rest_byte_by_byte(usize::MAX)]
fn what_has_begun_when_stop_comes_is_answered(#[case] pieces: usize) {
    const TEXT: &str = "tea\ncoffee\n\ncocoa\n";
    for arrived in 0..=TEXT.len() {
        let (now, later) = TEXT.split_at(arrived);
        // The rest of what has begun, and no more.
        let rest_of_it = if now.is_empty() || now.ends_with('\n') {
            ""
        } else {
            later.split_inclusive('\n').next().unwrap_or_default()
        };
        let (heard, end) = on_one_loop(async move || {
            let (mut client, stream) = Client::new();
            let conversation = Conversation::with(stream);
            client.say(now).await;
            rest().await;
            conversation.stop.cancel();
            sleep(HOUR).await;
            let size = if pieces == 1 { TEXT.len() } else { 1 };
            for piece in rest_of_it.as_bytes().chunks(size) {
                client.say(piece).await;
                rest().await;
            }
            (client.hears().await, conversation.end().await)
        });
        let whole = format!("{now}{rest_of_it}");
        let answers: String = whole.lines().map(|line| format!("<{line}>\n")).collect();
        require!(heard == Heard::closed(&answers) && end == "Ok",
            expected: "{answers:?} and a closed connection, where `stop` comes behind {now:?} and {rest_of_it:?} an hour later",
            seen: "{heard}; {end}",
            likely: "the bytes of a line that has begun are dropped together with the read that `select!` dropped: not every read\nmay be (`read_line`, `Lines`). Or half a line is taken for an idle client",
            read: "hint 2; https://docs.rs/tokio/latest/tokio/io/trait.AsyncBufReadExt.html#method.read_until (Cancel safety)",
            about: "converse",
        );
    }
}

/// The bytes are there when the conversation first looks, and so is `stop`.
#[rstest]
#[case::one_byte("t", "ea\n", "<tea>\n")]
#[case::a_line("tea\n", "", "<tea>\n")]
#[case::an_empty_line("\n", "", "<>\n")]
#[case::three_lines("tea\ncoffee\ncocoa\n", "", "<tea>\n<coffee>\n<cocoa>\n")]
#[case::a_line_and_a_half("tea\ncof", "fee\n", "<tea>\n<coffee>\n")]
fn a_byte_that_comes_together_with_stop_counts(
    #[case] now: &'static str,
    #[case] later: &'static str,
    #[case] answers: &str,
) {
    // Where a coin decides, it is tossed often.
    for _ in 0..32 {
        let (heard, end) = on_one_loop(async move || {
            let (mut client, stream) = Client::new();
            let conversation = Conversation::with(stream);
            rest().await;
            client.say(now).await;
            conversation.stop.cancel();
            rest().await;
            client.say(later).await;
            (client.hears().await, conversation.end().await)
        });
        require!(heard == Heard::closed(answers) && end == "Ok",
            expected: "{answers:?} and a closed connection: {now:?} and `stop` come together, and the byte counts",
            seen: "{heard}; {end}",
            likely: "`select!` looks at its branches in an order of chance, or at `stop` first; or one more request is\nanswered, whatever has come with it",
            read: "hint 2; https://docs.rs/tokio/latest/tokio/macro.select.html#fairness",
            about: "converse",
        );
    }
}

/// However long they are, and so however many reads they take.
#[rstest]
#[case::of_no_bytes(0)]
#[case::of_thirty_one_bytes(31)]
#[case::of_half_a_page(2047)]
#[case::of_a_page(4095)]
#[case::of_two_pages(8191)]
fn a_thousand_requests_that_have_come_are_answered(#[case] length: usize) {
    let (count, closed, end) = on_one_loop(async move || {
        let line = [vec![b'x'; length], vec![b'\n']].concat();
        let (mut client, stream) = Client::with_room(1000 * (length + 3));
        let conversation = Conversation::with(stream);
        rest().await;
        client.say(line.repeat(1000)).await;
        conversation.stop.cancel();
        let heard = client.hears().await;
        (heard.text.lines().count(), heard.closed, conversation.end().await)
    });
    require!(count == 1000 && closed && end == "Ok",
        expected: "1000 answers, and then a closed connection: all requests, of {length} bytes each, could be read when\n`stop` came",
        seen: "{count} answers, the connection closed: {closed}; {end}",
        likely: "a future that says `Pending` is taken for one without data. tokio says it now and then to let others\nrun (cooperative scheduling); its `select!` knows that",
        read: "https://docs.rs/tokio/latest/tokio/task/coop/index.html",
        about: "converse",
    );
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_line_ends_it() {
    let (heard, end, begun) = on_one_loop(async || {
        let (mut client, stream) = Client::new();
        let conversation = Conversation::with(stream);
        client.say("coffee\nte").await;
        rest().await;
        conversation.stop.cancel();
        rest().await;
        client.half_close().await;
        let kitchen = conversation.kitchen.clone();
        (client.hears().await, conversation.end().await, kitchen.begun())
    });
    require!(heard == Heard::closed("<coffee>\n") && end == "Ok" && begun == 1,
        expected: "one answer, no request of half a line, a closed connection and Ok: the rest of the line will never come",
        seen: "{begun} requests; {heard}; {end}",
        likely: "after `stop` the end of the input is not looked for, or is taken for a line feed",
        read: "the stub, converse",
        about: "converse",
    );
}
