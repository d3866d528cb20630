//! A line server that ends well. Given are `listener.rs` (where connections come from) and
//! `closing.rs` (what a server is told, and how it ended); this file is yours.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

mod closing;
mod listener;

pub use closing::{Closing, Ended};
pub use listener::{Listener, PAUSE};

/// Answers one client, request by request, until its input ends or `stop` ends the conversation.
///
/// A request is any bytes, or none, before a line feed, in whatever pieces they arrive. What
/// `answer(request)` comes to is written with a line feed behind it, and flushed, before `answer`
/// is called again. What has no line feed at the end of the input is no request.
///
/// Once `stop` is cancelled (perhaps before the call) it returns when no request has begun. A
/// request begins when its first byte can be read; where that and `stop` come together, it has
/// begun. It is then read to its line feed, answered and written as ever, however long that takes.
///
/// # Errors
/// The first error of `stream`; what was interrupted may be tried again, as tokio does. However it
/// ends, it drops `stream`, which closes it.
pub async fn converse<S, A, F>(stream: S, answer: A, stop: CancellationToken) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
    A: Fn(Vec<u8>) -> F,
    F: Future<Output = Vec<u8>>,
{
    let _ = (stream, answer);
    todo!("read a line, answer it, and again: when does {stop:?} end this, and when not yet?")
}

/// Accepts connections and [`converse`]s on all at once, however many, until `closing` ends it.
///
/// - An error of `accept` ends nothing: [`PAUSE`] later it is called again, unless `closing` came.
/// - A connection whose stream fails or whose `answer` panics is closed, and the others go on.
/// - Once `stop` is cancelled it takes no connection more, even one that comes together with
///   `stop`, and drops `listener` before it waits for anything. All connections together have
///   `grace` from then on, zero to `Duration::MAX`. Then it cuts those that are left.
/// - Once `now` is cancelled, with or without `stop`, it drops `listener` and cuts all at once.
///
/// To cut a connection is to drop its stream and its future of `answer`. When `serve` returns, all
/// are dropped, and no task of its own is left. It keeps nothing of connections that have ended,
/// and cancels neither token. (With a grace of zero, connections on which nothing has begun may
/// count as cut.)
pub async fn serve<L, A, F>(listener: L, answer: A, grace: Duration, closing: Closing) -> Ended
where
    L: Listener,
    A: Fn(Vec<u8>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Vec<u8>> + Send + 'static,
{
    let _ = (listener, answer);
    todo!("a task for each connection, {closing:?} for all: who is left after {grace:?}?")
}

/// Makes SIGINT and SIGTERM events of this tokio runtime: the first that comes cancels `stop`, the
/// second `now`, of whichever kind. From its return on, neither ends the process, even if it was
/// ignored before. (Two of one kind that come in a row may be one: signal(7).)
pub fn on_signals() -> io::Result<Closing> {
    todo!("two streams of signals, and a task that waits for both: what if it has not run yet?")
}
