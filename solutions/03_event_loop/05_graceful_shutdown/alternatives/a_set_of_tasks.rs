//! Different: a `JoinSet` owns the tasks, and to cut them is `shutdown`, which aborts all and awaits them. Those
//! that end while it serves are taken out at once, so the set keeps nothing. A conversation has a buffer of its own
//! and cuts lines out of it. Signals are blocked, and a thread waits for them.
//!
//! Right: `read_buf` is cancel-safe, for what it has read is in the buffer. A task that is aborted drops its
//! future, and `shutdown` returns when all are gone. The thread inherits the mask, so no thread is left that would
//! handle the signals; the kernel keeps a blocked one until it is waited for (sigwait(3)). A token may be
//! cancelled on any thread.

use std::io;
use std::pin::pin;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

mod closing;
mod listener;

pub use closing::{Closing, Ended};
pub use listener::{Listener, PAUSE};

/// Answers one client, request by request, until its input ends or `stop` ends the conversation.
pub async fn converse<S, A, F>(mut stream: S, answer: A, stop: CancellationToken) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
    A: Fn(Vec<u8>) -> F,
    F: Future<Output = Vec<u8>>,
{
    let mut buffer = Vec::new();
    loop {
        let mut searched = 0;
        let end = loop {
            if let Some(at) = buffer[searched..].iter().position(|byte| *byte == b'\n') {
                break searched + at;
            }
            searched = buffer.len();
            let may_end = buffer.is_empty();
            let count = select! {
                biased;
                count = stream.read_buf(&mut buffer) => count?,
                () = stop.cancelled(), if may_end => return Ok(()),
            };
            if count == 0 {
                return Ok(());
            }
        };
        let mut request: Vec<u8> = buffer.drain(..=end).collect();
        request.pop();
        let answer = answer(request).await;
        stream.write_all(&answer).await?;
        stream.write_all(b"\n").await?;
        stream.flush().await?;
    }
}

/// Accepts connections and [`converse`]s on all at once, however many, until `closing` ends it.
pub async fn serve<L, A, F>(mut listener: L, answer: A, grace: Duration, closing: Closing) -> Ended
where
    L: Listener,
    A: Fn(Vec<u8>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Vec<u8>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    let mut pause = pin!(sleep(Duration::ZERO));
    loop {
        select! {
            biased;
            () = closing.now.cancelled() => break,
            () = closing.stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if pause.is_elapsed() => match accepted {
                Ok(stream) => {
                    connections.spawn(converse(stream, answer.clone(), closing.stop.clone()));
                }
                Err(_) => pause.set(sleep(PAUSE)),
            },
            () = &mut pause, if !pause.is_elapsed() => {}
        }
    }
    drop(listener);

    let drained = async { while connections.join_next().await.is_some() {} };
    let ended = select! {
        biased;
        () = closing.now.cancelled() => Ended::AtOnce,
        drained = timeout(grace, drained) => match drained {
            Ok(()) => Ended::Drained,
            Err(_) => Ended::Cut,
        },
    };
    connections.shutdown().await;
    ended
}

/// Makes SIGINT and SIGTERM events of this tokio runtime: the first that comes cancels `stop`, the
/// second `now`, of whichever kind.
pub fn on_signals() -> io::Result<Closing> {
    let both = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM]);
    both.thread_block()?;
    let closing = Closing::default();
    let tokens = closing.clone();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for token in [tokens.stop, tokens.now] {
            if both.wait().is_ok() {
                token.cancel();
            }
        }
    })?;
    Ok(closing)
}
