//! The experiment: three subreddits on one loop of one thread, until they are done or Ctrl-C.
//!
//! Without `--base-url` a small Reddit inside the program answers, in an order of its own.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, io};

use reddit_fetcher::{Ended, client, run};
use reqwest::Client;
use tokio::signal::unix::{SignalKind, signal};

mod newsstand;

const SUBREDDITS: [&str; 3] = ["python", "programming", "compsci"];
const LIMIT: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match fetch().await {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::Stopped) => {
            eprintln!("stopped");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("reddit_fetcher: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn fetch() -> Result<Ended, Box<dyn Error>> {
    // From here on SIGINT is an event on the loop, even if the program was started with SIGINT
    // ignored, as a script does with `program &` (signal(7): exec keeps "ignored").
    let mut interrupts = signal(SignalKind::interrupt())?;
    let stop = async move {
        interrupts.recv().await;
    };
    let Some(base_url) = base_url()? else {
        println!("asked first to last: {}", SUBREDDITS.join(", "));
        let newsstand = newsstand::open();
        let mut out = newsstand::in_turn(&newsstand, io::stdout());
        let client = client(Client::builder().no_proxy(), LIMIT)?;
        let ended = run(client, &newsstand.base_url(), &SUBREDDITS, &mut out, stop).await?;
        println!("requests in before the first answer: {}", newsstand.in_before_first_answer());
        return Ok(ended);
    };
    // The proxies that the environment names are for the world outside.
    let client = client(Client::builder(), LIMIT)?;
    Ok(run(client, &base_url, &SUBREDDITS, &mut io::stdout(), stop).await?)
}

/// The argument of `--base-url`.
fn base_url() -> Result<Option<String>, Box<dyn Error>> {
    let args: Vec<_> = env::args().skip(1).collect();
    let url = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => return Ok(None),
        ["--base-url", url] => url.trim_end_matches('/').to_owned(),
        _ => return Err("usage: reddit_fetcher [--base-url URL]".into()),
    };
    if url.starts_with("https:") {
        prepare_tls()?;
    }
    Ok(Some(url))
}

#[cfg(feature = "https")]
fn prepare_tls() -> Result<(), Box<dyn Error>> {
    let ring = rustls::crypto::ring::default_provider();
    ring.install_default().map_err(|_| "there is a provider of cryptography already".into())
}

#[cfg(not(feature = "https"))]
fn prepare_tls() -> Result<(), Box<dyn Error>> {
    Err("https needs TLS: cargo run -p reddit_fetcher --features https -- --base-url URL".into())
}
