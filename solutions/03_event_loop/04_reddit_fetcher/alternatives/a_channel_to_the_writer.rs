//! Those who ask send their answers through a channel to the one who writes: `join_all` beside a loop over
//! `recv`.
//!
//! Why it is right: a channel hands on what comes in the order in which it comes. It ends when the last
//! sender is dropped, and each is dropped when its answer is sent. An error of the writer ends `try_join!`,
//! and with it the requests.

use std::io::{self, Write};
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, join_all, select};
use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

mod listing;
mod outcome;
mod settings;

pub use listing::{Listing, Post};
pub use outcome::{Answer, Ended, FetchError};
pub use settings::{MAX_BODY, MAX_REDIRECTS, USER_AGENT};

/// Finishes this builder. Each request, with its whole answer, may take `limit`: any, from zero to
/// `Duration::MAX`. It is given up when `limit` is over, and not before.
pub fn client(builder: ClientBuilder, limit: Duration) -> reqwest::Result<Client> {
    let policy = Policy::custom(|attempt| match attempt.previous().len() {
        0..=MAX_REDIRECTS => attempt.follow(),
        _ => attempt.error("too many redirects"),
    });
    builder.timeout(limit).redirect(policy).user_agent(USER_AGENT).build()
}

/// Asks for `url`, once: whatever fails is not asked for again. Decodes the JSON that comes; a text in it that is
/// no UTF-8 and is not skipped makes it `Malformed`.
pub async fn get_json<T: DeserializeOwned>(client: &Client, url: &str) -> Result<T, FetchError> {
    let mut response = client.get(url).send().await?;
    match response.status().as_u16() {
        200..=299 => {}
        429 => {
            let header = response.headers().get(RETRY_AFTER);
            // A date has letters, and is no number.
            let seconds = header.and_then(|header| header.to_str().ok()?.parse().ok());
            return Err(FetchError::RateLimited { retry_after: seconds.map(Duration::from_secs) });
        }
        status => return Err(FetchError::Status(status)),
    }
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await? {
        let left = MAX_BODY - body.len();
        if part.len() > left {
            return Err(FetchError::TooLarge(MAX_BODY));
        }
        body.extend(part);
    }
    serde_json::from_slice(&body).map_err(FetchError::Malformed)
}

/// The five top posts of the day.
pub async fn get_reddit_top(client: &Client, base_url: &str, subreddit: &str) -> Answer {
    let url = format!("{base_url}/r/{subreddit}/top.json?limit=5&sort=top&t=day");
    Ok(get_json::<Listing>(client, &url).await?.into_posts())
}

/// The lines about one subreddit, each control character in them as `char::escape_default` has it.
/// Without a post there is `DONE` alone.
pub fn report(subreddit: &str, answer: &Answer) -> String {
    let lines = match answer {
        Ok(posts) => posts
            .iter()
            .map(|post| format!("{}: {} ({})", post.score, post.title, post.link))
            .chain([format!("DONE: {subreddit}")])
            .collect(),
        Err(error) => vec![format!("FAILED: {subreddit}: {error}")],
    };
    lines.into_iter().flat_map(|line| [escaped(&line), "\n".to_owned()]).collect()
}

fn escaped(line: &str) -> String {
    line.chars()
        .map(|character| match character {
            control if control.is_control() => control.escape_default().to_string(),
            other => other.to_string(),
        })
        .collect()
}

/// Asks for all subreddits at once, however many, and writes each report as soon as its answer is in.
/// A name that is there twice is asked for twice and reported twice.
pub async fn fetch_all(
    client: &Client,
    base_url: &str,
    subreddits: &[&str],
    out: &mut impl Write,
) -> io::Result<()> {
    let (sender, mut answers) = mpsc::unbounded_channel();
    let ask_all = join_all(subreddits.iter().map(|subreddit| {
        let sender = sender.clone();
        async move {
            let answer = get_reddit_top(client, base_url, subreddit).await;
            // It cannot fail: the receiver lives as long as this future.
            let _ = sender.send(report(subreddit, &answer));
        }
    }));
    // From here on only those who ask have senders.
    drop(sender);
    let ask_all = async {
        ask_all.await;
        io::Result::Ok(())
    };
    let write_all = async {
        while let Some(report) = answers.recv().await {
            out.write_all(report.as_bytes())?;
            out.flush()?;
        }
        Ok(())
    };
    tokio::try_join!(ask_all, write_all).map(|_| ())
}

/// As [`fetch_all`], until `stop` is ready: then it gives up what is in flight. Closes the client.
pub async fn run(
    client: Client,
    base_url: &str,
    subreddits: &[&str],
    out: &mut impl Write,
    stop: impl Future<Output = ()>,
) -> io::Result<Ended> {
    let stop = pin!(stop);
    let fetch = pin!(fetch_all(&client, base_url, subreddits, out));
    // The loser is dropped at the end of this function, before the client is: it was made later.
    match select(stop, fetch).await {
        Either::Left(((), _fetch)) => Ok(Ended::Stopped),
        Either::Right((written, _stop)) => written.map(|()| Ended::Done),
    }
}
