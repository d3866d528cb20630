//! One connection: a thread that reads, so that the client's end is seen at once, and one that
//! answers, which may take for ever.

use std::io::{self, BufReader, Read};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use nix::sys::socket::{setsockopt, sockopt::Linger};

use super::answer::After;
use super::request::Request;
use super::state::State;

/// A connection that a client has opened.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Arc<TcpStream>,
    state: Arc<State>,
    /// This side has ended it: what the reader sees then is not the client's doing.
    ended_here: AtomicBool,
    /// Requests without an answer yet.
    owed: AtomicUsize,
}

impl Connection {
    pub(super) fn new(stream: Arc<TcpStream>, state: Arc<State>) -> Self {
        Self { stream, state, ended_here: AtomicBool::new(false), owed: AtomicUsize::new(0) }
    }

    /// Reads requests and answers them until one side ends the connection.
    pub(super) fn serve(&self) {
        let (send, requests) = mpsc::channel::<Request>();
        thread::scope(|threads| {
            threads.spawn(|| {
                for request in requests {
                    if self.reply(&request).is_err() {
                        break;
                    }
                }
            });
            let mut stream = BufReader::new(&*self.stream);
            // A client that closes with an answer unread resets the connection: that is its end too.
            while let Ok(Some(request)) = Request::read(&mut stream) {
                self.owed.fetch_add(1, Ordering::SeqCst);
                self.state.record(&request);
                if send.send(request).is_err() {
                    // The writer has ended the connection. Only the client's end is left to see.
                    let _ = io::copy(&mut stream.by_ref(), &mut io::sink());
                    break;
                }
            }
            drop(send);
            let owed = self.owed.load(Ordering::SeqCst) > 0;
            if owed && !self.ended_here.load(Ordering::SeqCst) {
                self.state.record_given_up();
            }
        });
    }

    /// Answers one request; an error ends the connection.
    fn reply(&self, request: &Request) -> io::Result<()> {
        let Some(answer) = self.state.answer_for(&request.path) else {
            return self.end(Shutdown::Both);
        };
        if answer.has_end() {
            // Before the first byte: a client that has its answer and closes gives nothing up.
            self.owed.fetch_sub(1, Ordering::SeqCst);
        }
        match answer.write(&mut &*self.stream, |pause| self.state.pause(pause))? {
            After::KeepOpen => Ok(()),
            After::Close => self.end(Shutdown::Both),
            After::Reset => {
                // socket(7): with a linger time of zero, close(2) discards what is unsent and,
                // for TCP, sends a reset. The close comes when both threads have let go.
                let linger = libc::linger { l_onoff: 1, l_linger: 0 };
                setsockopt(&*self.stream, Linger, &linger)?;
                // Wakes the reader and sends nothing (shutdown(2), SHUT_RD).
                self.end(Shutdown::Read)
            }
        }
    }

    fn end(&self, how: Shutdown) -> io::Result<()> {
        self.ended_here.store(true, Ordering::SeqCst);
        self.stream.shutdown(how)?;
        Err(io::ErrorKind::ConnectionAborted.into())
    }
}
