//! The experiment: one counter, closed three times, and what its customers see of it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use graceful_shutdown::{Closing, Ended, on_signals, serve};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    closing_time().await?;
    a_grace_that_is_over().await?;
    a_second_signal().await
}

/// Orders are taken by this counter, and made when the kitchen says so.
struct Counter {
    address: SocketAddr,
    orders: watch::Receiver<usize>,
    kitchen: watch::Sender<bool>,
}

impl Counter {
    /// Waits until so many orders are being made.
    async fn has_orders(&mut self, count: usize) -> io::Result<()> {
        self.orders.wait_for(|orders| *orders == count).await.map(drop).map_err(io::Error::other)
    }
}

/// Serves while `day` goes on.
async fn open<D>(
    closing: Closing,
    grace: Duration,
    day: impl FnOnce(Counter) -> D,
) -> io::Result<Ended>
where
    D: Future<Output = io::Result<()>>,
{
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (order, orders) = watch::channel(0);
    let (kitchen, ready) = watch::channel(false);
    let counter = Counter { address: listener.local_addr()?, orders, kitchen };
    let answer = move |request: Vec<u8>| {
        let (order, mut ready) = (order.clone(), ready.clone());
        async move {
            if request == b"hello" {
                return request;
            }
            order.send_modify(|orders| *orders += 1);
            let _ = ready.wait_for(|ready| *ready).await;
            [b"one ", request.as_slice()].concat()
        }
    };
    let (ended, day) = tokio::join!(serve(listener, answer, grace, closing), day(counter));
    day?;
    Ok(ended)
}

async fn closing_time() -> io::Result<()> {
    println!("Closing time, and an hour of grace.");
    let closing = Closing::default();
    let stop = closing.stop.clone();
    let ended = open(closing, HOUR, async move |mut counter: Counter| {
        let mut idle = connect(&counter).await?;
        let mut begun = connect(&counter).await?;
        let mut served = connect(&counter).await?;
        // Both in one piece: who has the answer to the first knows that the second has arrived.
        begun.write_all(b"hello\nchoc").await?;
        line(&mut begun).await?;
        served.write_all(b"coffee\n").await?;
        counter.has_orders(1).await?;
        stop.cancel();
        println!("  who has ordered nothing: {}", line(&mut idle).await?);
        println!(
            "  who comes now: {}",
            connect(&counter).await.map_or("is refused", |_| "is let in")
        );
        begun.write_all(b"olate\n").await?;
        counter.has_orders(2).await?;
        counter.kitchen.send_replace(true);
        println!("  who was in the middle of ordering: {}", line(&mut begun).await?);
        println!("  who waited for an order: {}", line(&mut served).await?);
        Ok(())
    });
    tell(ended.await?);
    Ok(())
}

async fn a_grace_that_is_over() -> io::Result<()> {
    println!("Closing time, and no grace.");
    let closing = Closing::default();
    let stop = closing.stop.clone();
    let ended = open(closing, Duration::ZERO, async move |mut counter: Counter| {
        let mut served = connect(&counter).await?;
        served.write_all(b"tea\n").await?;
        counter.has_orders(1).await?;
        stop.cancel();
        println!("  who waited for an order: {}", line(&mut served).await?);
        Ok(())
    });
    tell(ended.await?);
    Ok(())
}

async fn a_second_signal() -> io::Result<()> {
    println!("One SIGTERM, an hour of grace, and a SIGINT.");
    let ended = open(on_signals()?, HOUR, async |mut counter: Counter| {
        let mut served = connect(&counter).await?;
        served.write_all(b"tea\n").await?;
        counter.has_orders(1).await?;
        kill(Pid::this(), Signal::SIGTERM)?;
        kill(Pid::this(), Signal::SIGINT)?;
        println!("  who waited for an order: {}", line(&mut served).await?);
        Ok(())
    });
    tell(ended.await?);
    Ok(())
}

fn tell(ended: Ended) {
    println!("  the server: {ended:?}, exit code {}", ended.exit_code());
}

async fn connect(counter: &Counter) -> io::Result<BufReader<TcpStream>> {
    Ok(BufReader::new(TcpStream::connect(counter.address).await?))
}

/// The next line that this customer is told, or the end.
async fn line(customer: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    match customer.read_line(&mut line).await {
        Ok(0) => Ok("no answer, and the connection is closed".to_owned()),
        Ok(_) => Ok(line.trim_end().to_owned()),
        Err(error) => Err(error),
    }
}
