//! Three requests on one loop. Given are `listing.rs` (the JSON), `outcome.rs` (the errors) and
//! `settings.rs` (the limits); this file is yours.

use std::io::{self, Write};
use std::time::Duration;

use reqwest::{Client, ClientBuilder};
use serde::de::DeserializeOwned;

mod listing;
mod outcome;
mod settings;

pub use listing::{Listing, Post};
pub use outcome::{Answer, Ended, FetchError};
pub use settings::{MAX_BODY, MAX_REDIRECTS, USER_AGENT};

/// Finishes this builder. Each request, with its whole answer, may take `limit`: any, from zero to
/// `Duration::MAX`. It is given up when `limit` is over, and not before.
pub fn client(builder: ClientBuilder, limit: Duration) -> reqwest::Result<Client> {
    todo!("to {builder:?} add {USER_AGENT}, {MAX_REDIRECTS} redirects and {limit:?} a request")
}

/// Asks for `url`, once: whatever fails is not asked for again. (That a kept connection turns out closed is no
/// failure.) Decodes the JSON that comes; a text in it that is no UTF-8 makes it `Malformed`. In a field that is
/// skipped it may pass.
pub async fn get_json<T: DeserializeOwned>(client: &Client, url: &str) -> Result<T, FetchError> {
    todo!("{client:?} gets {url}: look at the status, take at most {MAX_BODY} bytes, decode them")
}

/// The five top posts of the day. Names are made of letters, digits and `_`: nothing is to be encoded.
pub async fn get_reddit_top(client: &Client, base_url: &str, subreddit: &str) -> Answer {
    todo!("{client:?} gets {base_url}/r/{subreddit}/top.json?sort=top&t=day&limit=5")
}

/// The lines about one subreddit, each control character in them as `char::escape_default` has it.
/// Without a post there is `DONE` alone.
pub fn report(subreddit: &str, answer: &Answer) -> String {
    todo!("`score: title (link)` for each post of {answer:?}, and `DONE: {subreddit}`; or `FAILED`")
}

/// Asks for all subreddits at once, however many, and writes each report as soon as its answer is in.
/// A name that is there twice is asked for twice and reported twice.
pub async fn fetch_all(
    client: &Client,
    base_url: &str,
    subreddits: &[&str],
    out: &mut impl Write,
) -> io::Result<()> {
    let _ = out;
    todo!("{client:?} asks {base_url} for {subreddits:?} together: how, if each await waits?")
}

/// As [`fetch_all`], until `stop` is ready: then it gives up what is in flight. Closes the client. Where all is done
/// and `stop` is ready in the same turn of the loop, either may be what it says.
pub async fn run(
    client: Client,
    base_url: &str,
    subreddits: &[&str],
    out: &mut impl Write,
    stop: impl Future<Output = ()>,
) -> io::Result<Ended> {
    let _ = (out, stop);
    todo!("{client:?} asks {base_url} for {subreddits:?}; who listens for `stop` meanwhile?")
}
