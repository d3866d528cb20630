//! The futures are polled by hand: `poll_fn` over a list of boxed futures, with `stop` as the first that is
//! asked.
//!
//! Why it is right: every poll hands on the waker of the task, so any socket that becomes ready wakes it,
//! and all that are left are asked again. With three that costs next to nothing. (With thousands it would:
//! `FuturesUnordered` asks those only that have woken it.) What is ready leaves the list, because a future
//! that is ready must not be polled again.

use std::future::poll_fn;
use std::io::{self, Write};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

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
    builder.redirect(Policy::limited(MAX_REDIRECTS)).timeout(limit).user_agent(USER_AGENT).build()
}

/// Asks for `url`, once: whatever fails is not asked for again. Decodes the JSON that comes; a text in it that is
/// no UTF-8 and is not skipped makes it `Malformed`.
pub async fn get_json<T: DeserializeOwned>(client: &Client, url: &str) -> Result<T, FetchError> {
    let mut response = client.get(url).send().await?;
    check(response.status(), response.headers())?;
    let mut pieces = Vec::new();
    let mut left = MAX_BODY;
    while let Some(piece) = response.chunk().await? {
        left = left.checked_sub(piece.len()).ok_or(FetchError::TooLarge(MAX_BODY))?;
        pieces.push(piece);
    }
    Ok(serde_json::from_slice(&pieces.concat())?)
}

fn check(status: StatusCode, headers: &HeaderMap) -> Result<(), FetchError> {
    if status == StatusCode::TOO_MANY_REQUESTS {
        let wait = headers.get(RETRY_AFTER).map(|wait| String::from_utf8_lossy(wait.as_bytes()));
        let retry_after = wait.and_then(|wait| wait.parse().ok()).map(Duration::from_secs);
        Err(FetchError::RateLimited { retry_after })
    } else if status.is_success() {
        Ok(())
    } else {
        Err(FetchError::Status(status.as_u16()))
    }
}

/// The five top posts of the day.
pub async fn get_reddit_top(client: &Client, base_url: &str, subreddit: &str) -> Answer {
    let path = format!("r/{subreddit}/top.json?sort=top&t=day&limit=5");
    let listing = get_json::<Listing>(client, &[base_url, &path].join("/")).await?;
    Ok(listing.into_posts())
}

/// The lines about one subreddit, each control character in them as `char::escape_default` has it.
/// Without a post there is `DONE` alone.
pub fn report(subreddit: &str, answer: &Answer) -> String {
    let mut lines = Vec::new();
    match answer {
        Err(error) => lines.push(format!("FAILED: {subreddit}: {error}")),
        Ok(posts) => {
            for post in posts {
                lines.push(format!("{}: {} ({})", post.score, post.title, post.link));
            }
            lines.push(format!("DONE: {subreddit}"));
        }
    }
    let mut report = String::new();
    for line in lines {
        // Between two control characters is text, which stays.
        for part in line.split_inclusive(char::is_control) {
            match part.char_indices().next_back().filter(|(_, last)| last.is_control()) {
                Some((at, last)) => {
                    report.extend([&part[..at], &last.escape_default().to_string()])
                }
                None => report.push_str(part),
            }
        }
        report.push('\n');
    }
    report
}

/// A request that has not been answered.
type Asked<'a> = Pin<Box<dyn Future<Output = (&'a str, Answer)> + 'a>>;

fn ask_all<'a>(client: &'a Client, base_url: &'a str, subreddits: &[&'a str]) -> Vec<Asked<'a>> {
    let ask = |&subreddit: &&'a str| -> Asked<'a> {
        Box::pin(async move { (subreddit, get_reddit_top(client, base_url, subreddit).await) })
    };
    subreddits.iter().map(ask).collect()
}

/// Asks each of them whether it is ready, and writes the reports of those that are.
fn poll_all(
    asked: &mut Vec<Asked<'_>>,
    out: &mut impl Write,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    let mut written = Ok(());
    asked.retain_mut(|one| match one.as_mut().poll(context) {
        Poll::Ready((subreddit, answer)) => {
            if written.is_ok() {
                let report = report(subreddit, &answer);
                written = out.write_all(report.as_bytes()).and_then(|()| out.flush());
            }
            false
        }
        Poll::Pending => true,
    });
    match written {
        Ok(()) if !asked.is_empty() => Poll::Pending,
        written => Poll::Ready(written),
    }
}

/// Asks for all subreddits at once, however many, and writes each report as soon as its answer is in.
/// A name that is there twice is asked for twice and reported twice.
pub async fn fetch_all(
    client: &Client,
    base_url: &str,
    subreddits: &[&str],
    out: &mut impl Write,
) -> io::Result<()> {
    let mut asked = ask_all(client, base_url, subreddits);
    poll_fn(|context| poll_all(&mut asked, out, context)).await
}

/// As [`fetch_all`], until `stop` is ready: then it gives up what is in flight. Closes the client.
pub async fn run(
    client: Client,
    base_url: &str,
    subreddits: &[&str],
    out: &mut impl Write,
    stop: impl Future<Output = ()>,
) -> io::Result<Ended> {
    let mut asked = ask_all(&client, base_url, subreddits);
    let mut stop = pin!(stop);
    // The requests that are left in `asked` are dropped at the end, before the client.
    poll_fn(|context| match stop.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(Ok(Ended::Stopped)),
        Poll::Pending => {
            poll_all(&mut asked, out, context).map(|written| written.map(|()| Ended::Done))
        }
    })
    .await
}
