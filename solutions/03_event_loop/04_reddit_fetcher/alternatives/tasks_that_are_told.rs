//! A task for each subreddit in a `JoinSet`, and a `watch` channel by which all of them hear of the stop.
//!
//! Why it is right: a task goes on when nobody waits for it, so nobody leaves before the last task has
//! ended. A task that hears of the stop drops its request, and so does one whose `run` has been dropped: the
//! channel is closed then.

use std::future::pending;
use std::io::{self, Write};
use std::panic::resume_unwind;
use std::pin::pin;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::JoinSet;

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
    let response = client.get(url).send().await?;
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = seconds.and_then(|text| text.parse().ok()).map(Duration::from_secs);
        return Err(FetchError::RateLimited { retry_after });
    }
    if !status.is_success() {
        return Err(FetchError::Status(status.as_u16()));
    }
    Ok(serde_json::from_slice(&body(response).await?)?)
}

/// The whole body, if it is not too long.
async fn body(mut response: Response) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY {
            return Err(FetchError::TooLarge(MAX_BODY));
        }
    }
    Ok(body)
}

/// The five top posts of the day.
pub async fn get_reddit_top(client: &Client, base_url: &str, subreddit: &str) -> Answer {
    let url = format!("{base_url}/r/{subreddit}/top.json?sort=top&t=day&limit=5");
    get_json(client, &url).await.map(Listing::into_posts)
}

/// The lines about one subreddit, each control character in them as `char::escape_default` has it.
/// Without a post there is `DONE` alone.
pub fn report(subreddit: &str, answer: &Answer) -> String {
    let mut report = String::new();
    match answer {
        Ok(posts) => {
            for Post { score, title, link } in posts {
                add_line(&mut report, &format!("{score}: {title} ({link})"));
            }
            add_line(&mut report, &format!("DONE: {subreddit}"));
        }
        Err(error) => add_line(&mut report, &format!("FAILED: {subreddit}: {error}")),
    }
    report
}

fn add_line(report: &mut String, line: &str) {
    for character in line.chars() {
        match character.is_control() {
            true => report.extend(character.escape_default()),
            false => report.push(character),
        }
    }
    report.push('\n');
}

/// Asks for all subreddits at once, however many, and writes each report as soon as its answer is in.
/// A name that is there twice is asked for twice and reported twice.
pub async fn fetch_all(
    client: &Client,
    base_url: &str,
    subreddits: &[&str],
    out: &mut impl Write,
) -> io::Result<()> {
    // A client is a handle: its clones share the connections.
    run(client.clone(), base_url, subreddits, out, pending()).await.map(|_| ())
}

/// As [`fetch_all`], until `stop` is ready: then it gives up what is in flight. Closes the client.
pub async fn run(
    client: Client,
    base_url: &str,
    subreddits: &[&str],
    out: &mut impl Write,
    stop: impl Future<Output = ()>,
) -> io::Result<Ended> {
    let (tell, told) = watch::channel(());
    let mut tasks = JoinSet::new();
    for subreddit in subreddits {
        let (client, told) = (client.clone(), told.clone());
        tasks.spawn(ask(client, base_url.to_owned(), (*subreddit).to_owned(), told));
    }
    let (mut stop, mut ended) = (pin!(stop), Ended::Done);
    loop {
        let joined = tokio::select! {
            () = &mut stop, if ended == Ended::Done => {
                ended = Ended::Stopped;
                tell.send_replace(());
                continue;
            }
            joined = tasks.join_next() => joined,
        };
        match joined {
            None => return Ok(ended),
            Some(Ok(Some((subreddit, answer)))) if ended == Ended::Done => {
                out.write_all(report(&subreddit, &answer).as_bytes())?;
                out.flush()?;
            }
            // Given up, or too late.
            Some(Ok(_)) => {}
            // Nobody aborts them, so it has panicked.
            Some(Err(error)) => resume_unwind(error.into_panic()),
        }
    }
}

/// The subreddit's name and answer; nothing if it was told to stop before. (A task borrows from nobody.)
async fn ask(
    client: Client,
    base_url: String,
    subreddit: String,
    mut told: watch::Receiver<()>,
) -> Option<(String, Answer)> {
    tokio::select! {
        answer = get_reddit_top(&client, &base_url, &subreddit) => Some((subreddit, answer)),
        // An error says that the other end is gone: also a reason to stop.
        _ = told.changed() => None,
    }
}
