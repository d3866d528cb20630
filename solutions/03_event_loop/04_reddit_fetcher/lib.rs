//! Three requests on one loop. Given are `listing.rs` (the JSON), `outcome.rs` (the errors) and
//! `settings.rs` (the limits); this file is yours.
//!
//! Why it works: a future does nothing by itself. `fetch_all` makes three and polls them together,
//! so the second request goes out while the first waits for its answer. The thread sleeps while all
//! three wait; a socket that becomes readable wakes the one future that asked for it. Here
//! nothing is spawned (inside the client, hyper-util spawns a task for each connection; it ends when the
//! request on it is dropped, or with the client if the connection is idle). So to drop the future of
//! `run` or `fetch_all` is to drop the three requests in it, and a request that is dropped closes its
//! connection: to stop is to drop.

use std::io::{self, Write};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, StatusCode};
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
    builder.user_agent(USER_AGENT).redirect(Policy::limited(MAX_REDIRECTS)).timeout(limit).build()
}

/// Asks for `url`, once: whatever fails is not asked for again. Decodes the JSON that comes; a text in it that is
/// no UTF-8 and is not skipped makes it `Malformed`.
pub async fn get_json<T: DeserializeOwned>(client: &Client, url: &str) -> Result<T, FetchError> {
    let mut response = client.get(url).send().await?;
    match response.status() {
        StatusCode::TOO_MANY_REQUESTS => {
            return Err(FetchError::RateLimited { retry_after: retry_after(response.headers()) });
        }
        status if !status.is_success() => return Err(FetchError::Status(status.as_u16())),
        _ => {}
    }
    let mut body = Vec::new();
    // Piece by piece: a server need not say in advance how much it will send, or tell the truth.
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > MAX_BODY {
            return Err(FetchError::TooLarge(MAX_BODY));
        }
        body.extend_from_slice(&piece);
    }
    Ok(serde_json::from_slice(&body)?)
}

/// `Retry-After` in seconds. It may also be a date (RFC 9110, section 10.2.3), which we leave.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The five top posts of the day.
pub async fn get_reddit_top(client: &Client, base_url: &str, subreddit: &str) -> Answer {
    let url = format!("{base_url}/r/{subreddit}/top.json?sort=top&t=day&limit=5");
    let listing: Listing = get_json(client, &url).await?;
    Ok(listing.into_posts())
}

/// The lines about one subreddit, each control character in them as `char::escape_default` has it.
/// Without a post there is `DONE` alone.
pub fn report(subreddit: &str, answer: &Answer) -> String {
    let mut lines = Vec::new();
    match answer {
        Ok(posts) => {
            lines.extend(
                posts
                    .iter()
                    .map(|Post { score, title, link }| format!("{score}: {title} ({link})")),
            );
            lines.push(format!("DONE: {subreddit}"));
        }
        Err(error) => lines.push(format!("FAILED: {subreddit}: {error}")),
    }
    lines.iter().map(|line| harmless(line) + "\n").collect()
}

/// Control characters are commands to a terminal, so they are shown instead of sent.
fn harmless(line: &str) -> String {
    let mut harmless = String::new();
    for character in line.chars() {
        if character.is_control() {
            harmless.extend(character.escape_default());
        } else {
            harmless.push(character);
        }
    }
    harmless
}

/// Asks for all subreddits at once, however many, and writes each report as soon as its answer is in.
/// A name that is there twice is asked for twice and reported twice.
pub async fn fetch_all(
    client: &Client,
    base_url: &str,
    subreddits: &[&str],
    out: &mut impl Write,
) -> io::Result<()> {
    let mut asked: FuturesUnordered<_> =
        subreddits
            .iter()
            .map(|subreddit| async move {
                (subreddit, get_reddit_top(client, base_url, subreddit).await)
            })
            .collect();
    while let Some((subreddit, answer)) = asked.next().await {
        // Between two awaits nobody else runs on this loop: a report is never torn by another.
        out.write_all(report(subreddit, &answer).as_bytes())?;
        out.flush()?;
    }
    Ok(())
}

/// As [`fetch_all`], until `stop` is ready: then it gives up what is in flight. Closes the client.
pub async fn run(
    client: Client,
    base_url: &str,
    subreddits: &[&str],
    out: &mut impl Write,
    stop: impl Future<Output = ()>,
) -> io::Result<Ended> {
    // The branch that loses is dropped, and with it its requests. The client was moved in here, and
    // is dropped at the end, with the connections that it kept for later.
    tokio::select! {
        written = fetch_all(&client, base_url, subreddits, out) => written.map(|()| Ended::Done),
        () = stop => Ok(Ended::Stopped),
    }
}
