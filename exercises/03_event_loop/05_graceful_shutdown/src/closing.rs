//! What a server is told, and how it ended.

use tokio_util::sync::CancellationToken;

/// What a server is told from outside. A token is cancelled once, and stays so.
#[derive(Debug, Clone, Default)]
pub struct Closing {
    /// Begin nothing new, and end what is in flight.
    pub stop: CancellationToken,
    /// Give up what is in flight.
    pub now: CancellationToken,
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// After `stop`, every connection came to its end by itself. The program exits with 0.
    Drained,
    /// The grace was over before that, and connections were cut. The program exits with 1.
    Cut,
    /// It was told `now` before either of these. The program exits with 130.
    AtOnce,
}

impl Ended {
    /// What the program exits with.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Drained => 0,
            Self::Cut => 1,
            Self::AtOnce => 130,
        }
    }
}
