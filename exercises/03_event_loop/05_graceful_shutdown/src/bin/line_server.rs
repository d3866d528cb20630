//! The server that tests start: it says `ready PORT`, serves until a signal ends it, and exits with
//! the code of how it ended.
//!
//! Arguments: `--port N` (0: any), `--grace MILLISECONDS`, `--descriptors N` (no more than these), and
//! `--handled`, which also says which signals are handled or blocked when `on_signals` has returned.

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, panic};

use graceful_shutdown::{Ended, on_signals, serve};
use nix::sys::resource::{Resource, setrlimit};
use testkit::procfs;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(ended) => ExitCode::from(ended.exit_code()),
        Err(error) => {
            eprintln!("line_server: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run() -> Result<Ended, Box<dyn Error>> {
    let (mut port, mut grace, mut says_what_is_handled) = (0, Duration::MAX, false);
    let mut args = env::args().skip(1);
    while let Some(name) = args.next() {
        let mut number =
            || args.next().ok_or("a number is missing")?.parse().map_err(Box::<dyn Error>::from);
        match name.as_str() {
            "--port" => port = u16::try_from(number()?)?,
            "--grace" => grace = Duration::from_millis(number()?),
            "--descriptors" => {
                let limit: u64 = number()?;
                setrlimit(Resource::RLIMIT_NOFILE, limit, limit)?;
            }
            "--handled" => says_what_is_handled = true,
            _ => return Err(format!("{name} is no argument of this program").into()),
        }
    }
    let closing = on_signals()?;
    if says_what_is_handled {
        println!("handled {:016x}", signals("SigCgt:") | signals("SigBlk:"));
    }
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("ready {}", listener.local_addr()?.port());
    let stop = closing.stop.clone();
    let answer = move |request: Vec<u8>| {
        if request == b"stop" {
            stop.cancel();
        }
        answer(request)
    };
    Ok(serve(listener, answer, grace, closing).await)
}

/// A set of signals of this process (proc_pid_status(5)).
fn signals(field: &str) -> u64 {
    let set = procfs::own_status_field(field).unwrap_or_default();
    u64::from_str_radix(&set, 16).unwrap_or_default()
}

/// What the first word of a request asks for; without one that is known, the request comes back. (`stop` comes back,
/// too, and cancels the token `stop` as an operator's command would.)
async fn answer(request: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8_lossy(&request).into_owned();
    let words: Vec<&str> = text.split(' ').collect();
    match words[..] {
        ["ask", port] => ask(port).await,
        ["write", path, port] => write(PathBuf::from(path), port).await,
        ["flood", length] => vec![b'x'; length.parse().unwrap_or_default()],
        // No hook tells of it: nothing went wrong.
        ["panic"] => panic::resume_unwind(Box::new("as asked for")),
        _ => request,
    }
}

/// Asks a server of the test, and answers when that does. So the test knows that the request is in
/// flight, and decides how long; and it sees the connection closed if the answer is given up.
async fn ask(port: &str) -> Vec<u8> {
    let port = port.parse().unwrap_or_default();
    let mut answer = Vec::new();
    match TcpStream::connect(("127.0.0.1", port)).await {
        Ok(mut upstream) => _ = upstream.read_to_end(&mut answer).await,
        Err(error) => answer.extend(error.to_string().bytes()),
    }
    answer
}

/// Writes a file in two pieces and asks in between. The file gets its name when it is whole; until
/// then it has another one, and if the answer is given up, it goes.
async fn write(path: PathBuf, port: &str) -> Vec<u8> {
    let written = async {
        let part = Part { path: path.with_extension("part") };
        let mut file = File::create(&part.path)?;
        file.write_all(b"first half\n")?;
        ask(port).await;
        file.write_all(b"second half\n")?;
        fs::rename(&part.path, &path)
    };
    match written.await {
        Ok(()) => b"written".to_vec(),
        Err(error) => error.to_string().into_bytes(),
    }
}

/// A file that is not whole yet.
struct Part {
    path: PathBuf,
}

impl Drop for Part {
    fn drop(&mut self) {
        // It has another name by now if it is whole.
        let _ = fs::remove_file(&self.path);
    }
}
