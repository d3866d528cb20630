//! Clients, listeners and answers in memory, on a loop whose clock stands still: it jumps to the next
//! timer when nothing else is left to do (tokio::time::pause).
#![allow(dead_code)] // each test program takes what it needs

use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::io;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use graceful_shutdown::Listener;
use testkit::deadline::{DEADLINE, within_limit};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep};

pub const MILLISECOND: Duration = Duration::from_millis(1);
pub const HOUR: Duration = Duration::from_secs(3600);

/// What a connection holds in each direction.
pub const ROOM: usize = 64 * 1024;

/// Runs this on a loop of one thread whose clock stands still, with a net for what blocks the thread or
/// keeps it busy.
#[track_caller]
pub fn on_one_loop<T: Send + 'static>(body: impl AsyncFnOnce() -> T + Send + 'static) -> T {
    within_limit(
        2 * DEADLINE,
        "the loop",
        "something keeps the thread: a loop that asks again and again, or a call that blocks",
        "README, the task",
        || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().start_paused(true).build();
            let tasks = tokio::task::LocalSet::new();
            let runtime = runtime.expect("the machine lets the test make a loop");
            tasks.block_on(&runtime, body())
        },
    )
}

/// Waits until nothing on the loop has anything to do: only then does the clock jump.
pub async fn rest() {
    sleep(MILLISECOND).await;
}

/// A client of a connection in memory.
#[derive(Debug)]
pub struct Client {
    stream: DuplexStream,
    heard: Vec<u8>,
}

/// What a client has heard so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub text: String,
    pub closed: bool,
}

impl Heard {
    pub fn open(text: &str) -> Self {
        Self { text: text.to_owned(), closed: false }
    }

    pub fn closed(text: &str) -> Self {
        Self { text: text.to_owned(), closed: true }
    }
}

impl std::fmt::Display for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let connection = if self.closed { "closed" } else { "open" };
        write!(f, "{:?}, the connection {connection}", self.text)
    }
}

impl Client {
    /// A client, and the server's end of its connection.
    pub fn new() -> (Self, DuplexStream) {
        Self::with_room(ROOM)
    }

    pub fn with_room(bytes: usize) -> (Self, DuplexStream) {
        let (stream, server) = duplex(bytes);
        (Self { stream, heard: Vec::new() }, server)
    }

    /// Says this, if the connection is open.
    pub async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// Will say no more, but still listens.
    pub async fn half_close(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Waits until nothing on the loop has anything to do, and tells what has come by then.
    pub async fn hears(&mut self) -> Heard {
        rest().await;
        let mut closed = false;
        loop {
            let mut space = [0; 4096];
            let mut buffer = ReadBuf::new(&mut space);
            let read = poll_fn(|context| {
                Poll::Ready(Pin::new(&mut self.stream).poll_read(context, &mut buffer))
            });
            match read.await {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.heard.extend_from_slice(buffer.filled());
                    // What waits for room goes on.
                    tokio::task::yield_now().await;
                }
                Poll::Ready(_) => closed = true,
                Poll::Pending => {}
            }
            if buffer.filled().is_empty() {
                return Heard { text: String::from_utf8_lossy(&self.heard).into_owned(), closed };
            }
        }
    }
}

/// What makes the answers. The answer to `x` is `<x>`, but for some requests that begin with a word:
/// `hold` waits until the kitchen lets one go, `never` waits for ever, `panic` panics; the answer is alive in the panic.
#[derive(Debug, Clone)]
pub struct Kitchen {
    begun: Arc<AtomicUsize>,
    alive: Arc<AtomicUsize>,
    held: Arc<Semaphore>,
}

impl Kitchen {
    pub fn new() -> Self {
        Self { begun: Arc::default(), alive: Arc::default(), held: Arc::new(Semaphore::new(0)) }
    }

    /// So many requests have reached the kitchen.
    pub fn begun(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }

    /// So many answers are neither ready nor given up.
    pub fn alive(&self) -> usize {
        self.alive.load(Ordering::Relaxed)
    }

    /// Lets so many held answers go.
    pub fn let_go(&self, count: usize) {
        self.held.add_permits(count);
    }

    /// The function that makes answers.
    pub fn answer(
        &self,
    ) -> impl Fn(Vec<u8>) -> Pin<Box<dyn Future<Output = Vec<u8>> + Send>> + Clone + Send + Sync + 'static
    {
        let kitchen = self.clone();
        move |request| {
            let kitchen = kitchen.clone();
            kitchen.begun.fetch_add(1, Ordering::Relaxed);
            kitchen.alive.fetch_add(1, Ordering::Relaxed);
            let alive = Alive(Arc::clone(&kitchen.alive));
            Box::pin(async move {
                if request.starts_with(b"panic") {
                    // No hook hears of it.
                    resume_unwind(Box::new(alive));
                }
                let _alive = alive;
                if request.starts_with(b"hold") {
                    let permit = kitchen.held.acquire().await;
                    permit.expect("the kitchen is never closed").forget();
                } else if request.starts_with(b"never") {
                    pending().await
                }
                [b"<", request.as_slice(), b">"].concat()
            })
        }
    }
}

/// An answer that is being made.
struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The outside of a listener in memory.
#[derive(Debug)]
pub struct Street {
    connections: mpsc::UnboundedSender<io::Result<Connection>>,
    seen: Arc<Mutex<Seen>>,
}

/// What a server has done with its listener.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// When `accept` was called.
    pub calls: Vec<Instant>,
    /// How many connections it gave.
    pub accepted: usize,
    /// Whether it was dropped.
    pub closed: bool,
}

/// A listener in memory.
pub struct Door {
    connections: mpsc::UnboundedReceiver<io::Result<Connection>>,
    seen: Arc<Mutex<Seen>>,
}

impl Street {
    pub fn new() -> (Self, Door) {
        let (send, connections) = mpsc::unbounded_channel();
        let seen = Arc::default();
        let street = Self { connections: send, seen: Arc::clone(&seen) };
        (street, Door { connections, seen })
    }

    /// A client comes to the door.
    pub fn comes(&self) -> Client {
        let (client, stream) = Client::new();
        let _ = self.connections.send(Ok(Connection { stream, fails: false }));
        client
    }

    /// A client comes whose connection fails at the first byte.
    pub fn comes_in_vain(&self) -> Client {
        let (client, stream) = Client::new();
        let _ = self.connections.send(Ok(Connection { stream, fails: true }));
        client
    }

    /// The next `accept` fails.
    pub fn fails(&self, error: io::Error) {
        let _ = self.connections.send(Err(error));
    }

    /// Keeps nothing of what it has seen.
    pub fn forget(&self) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Seen::default();
    }

    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Door {
    fn note(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Listener for Door {
    type Stream = Connection;

    async fn accept(&mut self) -> io::Result<Connection> {
        self.note(|seen| seen.calls.push(Instant::now()));
        match self.connections.recv().await {
            Some(Ok(connection)) => {
                self.note(|seen| seen.accepted += 1);
                Ok(connection)
            }
            Some(Err(error)) => Err(error),
            None => pending().await,
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.note(|seen| seen.closed = true);
    }
}

/// The server's end of a connection in memory.
#[derive(Debug)]
pub struct Connection {
    stream: DuplexStream,
    fails: bool,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.fails {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A stream on its worst day: it takes and gives so many bytes at a time, says first each time that it is not ready,
/// and passes on what is written only when it is flushed.
pub struct Trickle {
    stream: DuplexStream,
    most: usize,
    kept: VecDeque<u8>,
    is_ready: [bool; 2],
}

impl Trickle {
    pub fn of(stream: DuplexStream, most: usize) -> Self {
        Self { stream, most, kept: VecDeque::new(), is_ready: [false; 2] }
    }

    /// Every other time not.
    fn ready(&mut self, direction: usize, context: &mut Context<'_>) -> bool {
        let ready = &mut self.is_ready[direction];
        *ready = !*ready;
        if !*ready {
            return true;
        }
        context.waker().wake_by_ref();
        false
    }
}

impl AsyncRead for Trickle {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.ready(0, context) {
            return Poll::Pending;
        }
        let mut space = [0; 64];
        let most = self.most.min(space.len()).min(buffer.remaining());
        let mut small = ReadBuf::new(&mut space[..most]);
        let read = Pin::new(&mut self.stream).poll_read(context, &mut small);
        buffer.put_slice(small.filled());
        read
    }
}

impl AsyncWrite for Trickle {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.ready(1, context) {
            return Poll::Pending;
        }
        let taken = bytes.len().min(self.most);
        self.kept.extend(&bytes[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(byte) = self.kept.front().copied() {
            match Pin::new(&mut self.stream).poll_write(context, &[byte]) {
                Poll::Ready(Ok(_)) => drop(self.kept.pop_front()),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
