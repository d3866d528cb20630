//! Misconception: what has ended can be looked at when there is something to do anyway.
//! Kind: leak
//! Caught by: what_a_connection_has_ended_with_is_dropped_before_another_comes
//! Message: are only looked at when the next one is accepted

//! A line server that ends well. Given are `listener.rs` (where connections come from) and
//! `closing.rs` (what a server is told, and how it ended); this file is yours.

use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
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
    let mut stream = BufReader::new(stream);
    loop {
        tokio::select! {
            biased;
            // To drop this loses nothing; what it has found stays in the buffer.
            begun = stream.fill_buf() => {
                if begun?.is_empty() {
                    return Ok(());
                }
            }
            () = stop.cancelled() => return Ok(()),
        }
        let mut request = Vec::new();
        stream.read_until(b'\n', &mut request).await?;
        if request.pop() != Some(b'\n') {
            return Ok(());
        }
        let mut answer = answer(request).await;
        answer.push(b'\n');
        stream.write_all(&answer).await?;
        stream.flush().await?;
    }
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
pub async fn serve<L, A, F>(mut listener: L, answer: A, grace: Duration, closing: Closing) -> Ended
where
    L: Listener,
    A: Fn(Vec<u8>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Vec<u8>> + Send + 'static,
{
    let Closing { stop, now } = closing;
    let mut connections = JoinSet::new();
    let mut accept_from = None;
    loop {
        let accepted = async {
            if let Some(time) = accept_from {
                sleep_until(time).await;
            }
            listener.accept().await
        };
        tokio::select! {
            biased;
            () = now.cancelled() => break,
            () = stop.cancelled() => break,
            accepted = accepted => match accepted {
                // They may have come while it was accepted.
                Ok(_) if stop.is_cancelled() || now.is_cancelled() => break,
                Ok(stream) => {
                    accept_from = None;
                    // Whatever came of those that have ended, they are closed.
                    while connections.try_join_next().is_some() {}
                    connections.spawn(converse(stream, answer.clone(), stop.clone()));
                }
                Err(_) => accept_from = Some(Instant::now() + PAUSE),
            },
        }
    }
    drop(listener);

    let mut night = pin!(sleep(grace));
    let ended = loop {
        tokio::select! {
            biased;
            () = now.cancelled() => break Ended::AtOnce,
            ended = connections.join_next() => if ended.is_none() {
                break Ended::Drained;
            },
            () = &mut night => break Ended::Cut,
        }
    };
    connections.shutdown().await;
    ended
}

/// Makes SIGINT and SIGTERM events of this tokio runtime: the first that comes cancels `stop`, the
/// second `now`, of whichever kind. From its return on, neither ends the process, even if it was
/// ignored before. (Two of one kind that come in a row may be one: signal(7).)
pub fn on_signals() -> io::Result<Closing> {
    // From here on they are events; the task may look later.
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let closing = Closing::default();
    let tokens = [closing.stop.clone(), closing.now.clone()];
    tokio::spawn(async move {
        for token in tokens {
            tokio::select! {
                _ = interrupts.recv() => {}
                _ = terminations.recv() => {}
            }
            token.cancel();
        }
    });
    Ok(closing)
}
