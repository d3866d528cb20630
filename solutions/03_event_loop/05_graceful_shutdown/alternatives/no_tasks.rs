//! Different: nothing is spawned for a connection. `serve` holds the futures of all conversations and polls them
//! itself; to cut them is to drop the list, and there is nothing to wait for.
//!
//! Right: whoever is woken wakes the one task that polls all of them. A poll of a future that was not woken does no
//! harm; with thousands of connections it costs time (`FuturesUnordered` polls only those that were woken). A panic
//! of one is caught where it is polled, and the future is dropped.

use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{sleep, timeout};
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
    let mut stream = BufStream::new(stream);
    loop {
        // Has a request begun? `fill_buf` takes nothing out of the buffer, so it may be dropped.
        let has_begun = select! {
            biased;
            bytes = stream.fill_buf() => !bytes?.is_empty(),
            () = stop.cancelled() => false,
        };
        if !has_begun {
            return Ok(());
        }
        // It has: from here on `stop` is of no interest.
        let mut request = Vec::new();
        stream.read_until(b'\n', &mut request).await?;
        let Some(request) = request.strip_suffix(b"\n") else { return Ok(()) };
        stream.write_all(&answer(request.to_vec()).await).await?;
        stream.write_u8(b'\n').await?;
        stream.flush().await?;
    }
}

type Conversation = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// Polls each, and drops those that have ended.
fn poll_all(connections: &mut Vec<Conversation>, context: &mut Context<'_>) {
    connections.retain_mut(|connection| {
        let poll = catch_unwind(AssertUnwindSafe(|| connection.as_mut().poll(context)));
        matches!(poll, Ok(Poll::Pending))
    });
    connections.shrink_to(64);
}

/// Accepts connections and [`converse`]s on all at once, however many, until `closing` ends it.
pub async fn serve<L, A, F>(mut listener: L, answer: A, grace: Duration, closing: Closing) -> Ended
where
    L: Listener,
    A: Fn(Vec<u8>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Vec<u8>> + Send + 'static,
{
    let mut connections: Vec<Conversation> = Vec::new();
    let Closing { stop, now } = closing;
    while !stop.is_cancelled() && !now.is_cancelled() {
        let next = async {
            loop {
                match listener.accept().await {
                    Ok(stream) => return stream,
                    Err(_) => sleep(PAUSE).await,
                }
            }
        };
        let conversing = poll_fn(|context| {
            poll_all(&mut connections, context);
            Poll::<()>::Pending
        });
        let stream = select! {
            biased;
            () = stop.cancelled() => break,
            () = now.cancelled() => break,
            () = conversing => continue,
            stream = next => stream,
        };
        connections.push(Box::pin(converse(stream, answer.clone(), stop.clone())));
    }
    drop(listener);

    let drained = poll_fn(|context| {
        poll_all(&mut connections, context);
        if connections.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    });
    let ended = select! {
        biased;
        () = now.cancelled() => Ended::AtOnce,
        drained = timeout(grace, drained) => drained.map_or(Ended::Cut, |()| Ended::Drained),
    };
    drop(connections);
    ended
}

/// Makes SIGINT and SIGTERM events of this tokio runtime: the first that comes cancels `stop`, the
/// second `now`, of whichever kind.
pub fn on_signals() -> io::Result<Closing> {
    let closing = Closing::default();
    // A task for each kind; whoever gets the first token cancels `stop`.
    let tokens = Arc::new(Mutex::new(vec![closing.now.clone(), closing.stop.clone()]));
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        tokio::spawn(listen(signal(kind)?, Arc::clone(&tokens)));
    }
    Ok(closing)
}

async fn listen(mut signals: Signal, tokens: Arc<Mutex<Vec<CancellationToken>>>) {
    while signals.recv().await.is_some() {
        let next = tokens.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(token) = next else { return };
        token.cancel();
    }
}
