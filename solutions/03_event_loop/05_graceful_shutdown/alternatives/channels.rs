//! Different: channels instead of tokens and trackers. A `watch` says in which phase the server is, and each task holds a
//! sender of a channel on which nothing is ever sent: it is over when the last of them is dropped. (So mini-redis,
//! tokio's example, does it.) A task of its own turns the tokens of `closing` into phases.
//!
//! Right: a `watch` keeps its last value, so whoever looks later sees it too, and the order of phases only rises. A
//! sender is dropped with its task, however that ends.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, split};
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

mod closing;
mod listener;

pub use closing::{Closing, Ended};
pub use listener::{Listener, PAUSE};

/// Answers one client, request by request, until its input ends or `stop` ends the conversation.
pub async fn converse<S, A, F>(stream: S, answer: A, stop: CancellationToken) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
    A: Fn(Vec<u8>) -> F,
    F: Future<Output = Vec<u8>>,
{
    let (reader, mut writer) = split(stream);
    let mut reader = BufReader::new(reader);
    while let Some(request) = next_request(&mut reader, &stop).await? {
        let mut answer = answer(request).await;
        answer.push(b'\n');
        writer.write_all(&answer).await?;
        writer.flush().await?;
    }
    Ok(())
}

/// The next line; `None` at the end of the input, or when `stop` is cancelled and no line has begun.
async fn next_request<R: AsyncRead + Unpin>(
    reader: &mut BufReader<R>,
    stop: &CancellationToken,
) -> io::Result<Option<Vec<u8>>> {
    let has_begun = select! {
        biased;
        bytes = reader.fill_buf() => !bytes?.is_empty(),
        () = stop.cancelled() => false,
    };
    if !has_begun {
        return Ok(None);
    }
    let mut request = Vec::new();
    reader.read_until(b'\n', &mut request).await?;
    Ok((request.pop() == Some(b'\n')).then_some(request))
}

/// What the server tells its tasks.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Phase {
    Open,
    Cut,
}

/// Accepts connections and [`converse`]s on all at once, however many, until `closing` ends it.
pub async fn serve<L, A, F>(listener: L, answer: A, grace: Duration, closing: Closing) -> Ended
where
    L: Listener,
    A: Fn(Vec<u8>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Vec<u8>> + Send + 'static,
{
    let (phase, told) = watch::channel(Phase::Open);
    let (alive, mut all_gone) = mpsc::channel::<()>(1);
    accept(listener, &closing, |stream| {
        let (alive, mut told) = (alive.clone(), told.clone());
        let conversation = converse(stream, answer.clone(), closing.stop.clone());
        tokio::spawn(async move {
            let _alive = alive;
            select! {
                _ = conversation => {}
                _ = told.wait_for(|phase| *phase == Phase::Cut) => {}
            }
        });
    })
    .await;
    drop(alive);
    let ended = select! {
        biased;
        () = closing.now.cancelled() => Ended::AtOnce,
        _ = all_gone.recv() => Ended::Drained,
        () = sleep(grace) => Ended::Cut,
    };
    phase.send_replace(Phase::Cut);
    all_gone.recv().await;
    ended
}

/// Hands on each connection until `closing` says something; then the listener is dropped.
async fn accept<L: Listener>(mut listener: L, closing: &Closing, mut take: impl FnMut(L::Stream)) {
    let Closing { stop, now } = closing;
    loop {
        let accepted = select! {
            biased;
            () = stop.cancelled() => return,
            () = now.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(stream) => take(stream),
            Err(_) => {
                select! {
                    () = sleep(PAUSE) => {}
                    () = stop.cancelled() => return,
                    () = now.cancelled() => return,
                }
            }
        }
    }
}

/// Makes SIGINT and SIGTERM events of this tokio runtime: the first that comes cancels `stop`, the
/// second `now`, of whichever kind.
pub fn on_signals() -> io::Result<Closing> {
    let closing = Closing::default();
    let tokens = closing.clone();
    // Each kind has a task that passes on what comes; one more counts.
    let (send, mut signals) = mpsc::channel(2);
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        let (mut of_kind, send) = (signal(kind)?, send.clone());
        tokio::spawn(async move {
            while of_kind.recv().await.is_some() && send.send(()).await.is_ok() {}
        });
    }
    tokio::spawn(async move {
        signals.recv().await;
        tokens.stop.cancel();
        signals.recv().await;
        tokens.now.cancel();
    });
    Ok(closing)
}
