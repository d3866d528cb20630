//! Where connections come from.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// How long a server leaves a listener alone after an error.
pub const PAUSE: Duration = Duration::from_millis(100);

/// What connections come from. To drop it is to close it.
pub trait Listener: Send + 'static {
    /// A connection. To drop it is to close it.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next connection. To drop the future before it is ready loses none.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<TcpStream> {
        let (stream, _) = TcpListener::accept(self).await?;
        Ok(stream)
    }
}
