//! A channel. Yours is `src/channel.rs`; this file gives it its `crate::sync`, and makes an iterator of
//! your receiver.

// Yours needs no `unsafe`, and none compiles.
#[forbid(unsafe_code)]
mod channel;

#[allow(unused_imports)]
mod sync {
    pub use testkit::sync::std::*;
}

pub use channel::{Receiver, Sender, channel};

/// `for value in receiver` ends when the channel is empty and all senders are dropped.
impl<T> Iterator for Receiver<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.recv()
    }
}
