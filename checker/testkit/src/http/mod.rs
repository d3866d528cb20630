//! A real HTTP server on loopback whose answers are made up by the test, good ones and bad ones.
//!
//! It speaks just enough HTTP/1.1 (RFC 9112) to answer GET requests, and it does what no well-kept
//! server would do, precisely: half a body, a reset, a byte now and then for ever. What a test wants
//! to know of a client it learns from what the server saw, not from a clock: which requests came,
//! how many of them before the first answer, which of them the client has given up.
//!
//! ```
//! use testkit::http::{Answer, Server};
//!
//! let server = Server::start()
//!     .answer("/r/rust/top.json", Answer::listing(&[(7, "A title", "https://example.org/")]))
//!     .answer("/r/gone/top.json", Answer::status(404))
//!     .hold_until(2);
//! println!("ask {}", server.url("/r/rust/top.json"));
//! assert_eq!(server.requests().len(), 0);
//! ```

mod answer;
mod connection;
mod in_turn;
mod request;
mod state;

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};

pub use answer::Answer;
pub use in_turn::InTurn;
pub use request::Request;

use nix::sys::socket::{Backlog, listen};

use connection::Connection;
use state::State;

/// The server. It ends, with all its threads and connections, when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
    /// What the acceptor has started, for the drop.
    connections: Arc<Mutex<Vec<Started>>>,
    acceptor: Option<JoinHandle<()>>,
}

/// A connection's thread, and its socket as long as the connection lives.
type Started = (JoinHandle<()>, Weak<TcpStream>);

impl Server {
    /// A server on a free port of 127.0.0.1 that answers 404 to everything.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        // With a full queue a client would have to ask for its connection again, a second later (listen(2)).
        listen(&listener, Backlog::MAXCONN).expect("a bound socket can listen");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(State::default());
        let connections = Arc::new(Mutex::new(Vec::new()));
        let acceptor = thread::Builder::new()
            .name("http acceptor".to_owned())
            .spawn({
                let (state, connections) = (Arc::clone(&state), Arc::clone(&connections));
                move || accept(&listener, &state, &connections)
            })
            .expect("the machine lets the test start a thread");
        Self { address, state, connections, acceptor: Some(acceptor) }
    }

    /// Answers requests for this path (the part before any `?`) like this.
    pub fn answer(self, path: &str, answer: Answer) -> Self {
        self.state.set_answer(path, answer);
        self
    }

    /// Answers nobody until so many requests are in.
    ///
    /// If they are not within [`DEADLINE`](crate::deadline::DEADLINE), all are answered as they
    /// come: a client that asks one after the other gets its answers and then hears of it from
    /// [`in_before_first_answer`](Self::in_before_first_answer).
    pub fn hold_until(self, requests: usize) -> Self {
        self.state.set_gate(requests);
        self
    }

    /// Does not answer requests for this path until [`release`](Self::release), or the deadline.
    pub fn hold(self, path: &str) -> Self {
        self.state.hold(path);
        self
    }

    /// Lets the answers for this path go.
    pub fn release(&self, path: &str) {
        self.state.release(path);
    }

    /// The address as a URL without a path: `http://127.0.0.1:4711`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The URL of this path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url())
    }

    /// The requests that have come, in the order of their coming.
    pub fn requests(&self) -> Vec<Request> {
        self.state.requests()
    }

    /// How many requests were in when the first of them was answered.
    pub fn in_before_first_answer(&self) -> usize {
        self.state.in_before_first_answer()
    }

    /// Waits until so many requests are in, or until the deadline; says how many are.
    pub fn wait_for_requests(&self, count: usize) -> usize {
        self.state.wait_for_requests(count)
    }

    /// Waits until the client has closed so many connections on which it was owed an answer, or until
    /// the deadline; says how many it has.
    ///
    /// An answer that has an end is no longer owed when it begins; one that has none always is.
    pub fn wait_for_given_up(&self, count: usize) -> usize {
        self.state.wait_for_given_up(count)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.stop();
        // accept(2) has no deadline: a last connection wakes it, and it sees that it should stop.
        let woken = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take()
            && woken.is_ok()
        {
            let _ = acceptor.join();
        }
        let connections = std::mem::take(&mut *self.connections.lock().unwrap());
        for (thread, stream) in connections {
            if let Some(stream) = stream.upgrade() {
                // ENOTCONN: the client has gone first.
                let _ = stream.shutdown(Shutdown::Both);
            }
            let _ = thread.join();
        }
    }
}

/// Gives each connection a thread until the server stops.
fn accept(listener: &TcpListener, state: &Arc<State>, connections: &Mutex<Vec<Started>>) {
    loop {
        let accepted: io::Result<_> = listener.accept();
        if state.stopping() {
            return;
        }
        // ECONNABORTED and its like concern one connection only (accept(2)).
        let Ok((stream, _)) = accepted else { continue };
        let stream = Arc::new(stream);
        let weak = Arc::downgrade(&stream);
        let connection = Connection::new(stream, Arc::clone(state));
        let thread = thread::Builder::new()
            .name("http connection".to_owned())
            .spawn(move || connection.serve())
            .expect("the machine lets the test start a thread");
        connections.lock().unwrap().push((thread, weak));
    }
}

#[cfg(test)]
mod tests;
