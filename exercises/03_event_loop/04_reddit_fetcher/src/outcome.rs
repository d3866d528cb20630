//! How a run can end, and how one subreddit can fail.

use std::error::Error;
use std::io;
use std::time::Duration;

use crate::Post;

/// What asking for one subreddit comes to.
pub type Answer = Result<Vec<Post>, FetchError>;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Every subreddit has answered or failed.
    Done,
    /// It was told to stop before that.
    Stopped,
}

/// Why there is no answer. `?` makes one of a `reqwest::Error` or a `serde_json::Error`.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// A status that is neither a success nor one of the others named here.
    #[error("the server answers with status {0}")]
    Status(u16),
    /// Status 429, and the seconds of its `Retry-After` header: a whole number that a `u64` holds. All else
    /// is `None`; `+5` may be 5.
    #[error("too many requests{}", .retry_after.map_or(String::new(), |wait| format!(", ask again in {} s", wait.as_secs())))]
    RateLimited {
        /// How long the server wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// The whole answer was not there in time.
    #[error("no whole answer in time")]
    TimedOut,
    /// The body has more than `MAX_BODY` bytes.
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
    /// More redirects than we follow.
    #[error("too many redirects")]
    TooManyRedirects,
    /// The connection ended before the body did. Of one that announces more than `MAX_BODY` bytes,
    /// `TooLarge` is right, too.
    #[error("the answer ends too early")]
    Truncated,
    /// There was no connection, or it broke before there was an answer.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The body is not the JSON that we expect.
    #[error("not a listing: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        if let Some(status) = error.status() {
            return Self::Status(status.as_u16());
        }
        let is_body = error.is_body() || error.is_decode();
        match io_kind(&error) {
            _ if error.is_timeout() => Self::TimedOut,
            _ if error.is_redirect() => Self::TooManyRedirects,
            Some(io::ErrorKind::UnexpectedEof) if is_body => Self::Truncated,
            _ => Self::Connection(root(&error).to_string()),
        }
    }
}

/// What the system said, if it was the system.
fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    causes(error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind)
}

/// The innermost cause says most.
fn root<'a>(error: &'a reqwest::Error) -> &'a (dyn Error + 'static) {
    causes(error).last().unwrap_or(error)
}

fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}
