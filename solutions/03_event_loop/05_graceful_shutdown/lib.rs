//! A line server that ends well. Given are `listener.rs` (where connections come from) and
//! `closing.rs` (what a server is told, and how it ended); this file is yours.
//!
//! Why it works: nothing here is stopped from outside while it is in the middle of something. A
//! token *tells*, and each conversation looks at it at the one place where it may end: while it waits for the
//! first byte of a request. Only when the grace is over is anything cut, and to cut is to drop: a
//! future that is dropped where it awaits runs all its destructors. A tracker counts the
//! connections, so that `serve` knows when the last one is gone, in whichever way.
//!
//! There are two races, and they are decided in opposite ways. A connection and `stop`: `stop` counts,
//! nothing has been promised to that client yet. A byte and `stop`: the byte counts. `biased` makes
//! `select!` poll its branches in the order in which they stand there.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

mod closing;
mod listener;

pub use closing::{Closing, Ended};
pub use listener::{Listener, PAUSE};

/// Answers one client, request by request, until its input ends or `stop` ends the conversation.
///
/// Once `stop` is cancelled it returns when no request has begun. A request begins when its first byte can
/// be read; where that and `stop` come together, it has begun.
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
        let mut request = Vec::new();
        // `read_until` may be dropped and called again: all that it has read is in `request`.
        // `read_line` and `Lines` keep it to themselves, and nobody could tell idle from half a line.
        select! {
            biased;
            read = stream.read_until(b'\n', &mut request) => drop(read?),
            () = stop.cancelled() => {
                if request.is_empty() {
                    return Ok(());
                }
                stream.read_until(b'\n', &mut request).await?;
            }
        }
        if request.pop() != Some(b'\n') {
            return Ok(()); // the end of the input, perhaps in the middle of a line
        }
        let mut answer = answer(request).await;
        answer.push(b'\n');
        stream.write_all(&answer).await?;
        stream.flush().await?;
    }
}

/// Accepts connections and [`converse`]s on all at once, however many, until `closing` ends it.
///
/// When it returns, every connection and every future of `answer` is dropped, and no task is left.
pub async fn serve<L, A, F>(listener: L, answer: A, grace: Duration, closing: Closing) -> Ended
where
    L: Listener,
    A: Fn(Vec<u8>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Vec<u8>> + Send + 'static,
{
    let connections = TaskTracker::new();
    // Our own: the tokens of `closing` are the caller's, and others may listen to them.
    let cut = CancellationToken::new();
    let Closing { stop, now } = closing;

    let mut listener = listener;
    loop {
        let stream = select! {
            biased;
            () = stop.cancelled() => break,
            () = now.cancelled() => break,
            stream = next(&mut listener) => stream,
        };
        let (answer, stop, cut) = (answer.clone(), stop.clone(), cut.clone());
        connections.spawn(async move {
            // An error is this client's own affair. A panic ends this task only, and its part of
            // the count is dropped with it.
            select! {
                _ = converse(stream, answer, stop) => {}
                () = cut.cancelled() => {}
            }
        });
    }
    drop(listener);

    connections.close(); // from here on `wait` is ready as soon as the count is zero
    let ended = select! {
        biased;
        () = now.cancelled() => Ended::AtOnce,
        () = connections.wait() => Ended::Drained,
        () = sleep(grace) => Ended::Cut,
    };
    // To tell them is not enough: the destructors run when each task has its turn.
    cut.cancel();
    connections.wait().await;
    ended
}

/// The next connection. An error (no descriptor is free, a client is gone already: accept(2)) says
/// nothing about the next one. Without the pause the loop would ask again and again for what cannot be had.
async fn next<L: Listener>(listener: &mut L) -> L::Stream {
    loop {
        match listener.accept().await {
            Ok(stream) => return stream,
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Makes SIGINT and SIGTERM events of this tokio runtime: the first that comes cancels `stop`, the
/// second `now`, of whichever kind.
pub fn on_signals() -> io::Result<Closing> {
    // Here, not in the task: `signal` sets the handler, and the task has its first turn later.
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let closing = Closing::default();
    let Closing { stop, now } = closing.clone();
    tokio::spawn(async move {
        for token in [stop, now] {
            // A signal that comes between two calls of `recv` is kept for the second.
            select! {
                _ = interrupts.recv() => {}
                _ = terminations.recv() => {}
            }
            token.cancel();
        }
    });
    Ok(closing)
}
