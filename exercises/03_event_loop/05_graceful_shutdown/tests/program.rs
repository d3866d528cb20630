//! The whole program, with real sockets and real signals: what a client and the next server see of its end.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rstest::rstest;
use testkit::deadline::DEADLINE;
use testkit::procfs::process_state;
use testkit::program::Ending;
use testkit::quiescence::{Quiescence, await_quiescence, await_quiescence_of_all_threads};
use testkit::require;
use testkit::running::{Interrupts, Running};

/// A server that runs.
struct Server {
    running: Running,
    port: u16,
}

impl Server {
    /// Starts one, which is ready when this returns.
    #[track_caller]
    fn start(args: &[&str]) -> Self {
        Self::start_with(args, Interrupts::Default)
    }

    #[track_caller]
    fn start_with(args: &[&str], interrupts: Interrupts) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_line_server"));
        let running = Running::start(command.args(args), interrupts);
        let line = running.next_line().unwrap_or_default();
        match line.strip_prefix("ready ").and_then(|port| port.parse().ok()) {
            Some(port) => Self { running, port },
            None => {
                let (ending, _, stderr) = running.finish();
                require!(
                    expected: "the line `ready PORT`",
                    seen: "{line:?}, {ending:?}, and on standard error:\n{stderr}",
                    likely: "`on_signals` panics or fails, or has not returned; or the port is not free",
                    read: "src/bin/line_server.rs; the stub, on_signals",
                    about: "on_signals",
                )
            }
        }
    }

    fn connect(&self) -> std::io::Result<Client> {
        let stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_nodelay(true)?;
        Ok(Client { stream: BufReader::new(stream) })
    }

    /// A client that says this.
    fn client(&self, said: &str) -> Client {
        let mut client = self.connect().expect("the server listens");
        client.say(said);
        client
    }

    fn signal(&self, signal: Signal) {
        // The child is not reaped before `finish`, so the number is still its own.
        kill(Pid::from_raw(self.running.pid()), signal).expect("the child is there");
    }

    /// Waits until it sleeps.
    #[track_caller]
    fn rest(&self, when: &str) {
        let pid = self.running.pid();
        await_quiescence_of_all_threads(pid);
        let state = await_quiescence(pid);
        require!(state != Quiescence::Ended,
            expected: "the server to go on {when}",
            seen: "it has ended",
            likely: "the first signal ends the process or returns from `serve`, whoever is left; or an error of `accept` does",
            read: "hint 3; hint 5",
            about: "serve",
        );
        require!(state != Quiescence::Spinning,
            expected: "the server to sleep {when}",
            seen: "it makes thousands of system calls, or computes, and still runs",
            likely: "a loop that asks again and again: with `yield_now` or an empty poll in between, or after an error of\n`accept` that stays",
            read: "README, the task; hint 3",
            about: "serve",
        );
    }

    /// How it ends.
    fn end(self) -> (Ending, String) {
        let (ending, _, stderr) = self.running.finish();
        (ending, stderr)
    }
}

/// A client of it.
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn say(&mut self, said: &str) {
        let _ = self.stream.get_mut().write_all(said.as_bytes());
    }

    /// The next line, without its end; or what came instead.
    fn hears(&mut self) -> String {
        let mut line = Vec::new();
        match self.stream.read_until(b'\n', &mut line) {
            Ok(0) => "the end".to_owned(),
            Ok(_) => String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned(),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => "the end".to_owned(),
            Err(error) => format!("nothing ({:?})", error.kind()),
        }
    }
}

/// What a request waits for: the server asks it, and it answers when the test lets it.
struct Upstream {
    listener: TcpListener,
}

impl Upstream {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.set_nonblocking(true).expect("it is ours");
        Self { listener }
    }

    fn port(&self) -> u16 {
        self.listener.local_addr().expect("it is bound").port()
    }

    /// The next request that is in flight.
    #[track_caller]
    fn asked(&self) -> TcpStream {
        let deadline = Instant::now() + DEADLINE;
        while Instant::now() < deadline {
            if let Ok((stream, _)) = self.listener.accept() {
                stream.set_nonblocking(false).expect("it is ours");
                stream.set_read_timeout(Some(DEADLINE)).expect("it is ours");
                return stream;
            }
            thread::yield_now();
        }
        require!(
            expected: "the server to make the answer to the request of a client",
            seen: "no call of `answer` for it",
            likely: "see the tests of serving first",
            read: "hint 3",
            about: "serve",
        )
    }
}

fn answers(mut asked: TcpStream, text: &str) {
    let _ = asked.write_all(text.as_bytes());
}

#[test]
fn both_signals_are_handled_when_on_signals_returns() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_line_server"));
    let running = Running::start(command.arg("--handled"), Interrupts::Default);
    let line = running.next_line().unwrap_or_default();
    let handled = line.strip_prefix("handled ").and_then(|set| u64::from_str_radix(set, 16).ok());
    let handled = handled.unwrap_or_default();
    let missing: Vec<String> = [Signal::SIGINT, Signal::SIGTERM]
        .into_iter()
        .filter(|signal| handled & (1 << (*signal as i32 - 1)) == 0)
        .map(|signal| signal.to_string())
        .collect();
    let missing = missing.join(" and ");
    require!(missing.is_empty(),
        expected: "SIGINT and SIGTERM to be handled (or blocked, and read from a signalfd) when `on_signals` returns",
        seen: "{missing} not: one that comes now ends the process",
        likely: "`signal` (or `ctrl_c`) is called in the task that was spawned: it runs later. Or one of the two is not asked for",
        read: "hint 5; https://docs.rs/tokio/latest/tokio/signal/unix/fn.signal.html",
        about: "on_signals",
    );
}

#[rstest]
#[case::sigterm(Signal::SIGTERM, Interrupts::Default)]
#[case::sigint(Signal::SIGINT, Interrupts::Default)]
#[case::sigint_started_with_it_ignored(Signal::SIGINT, Interrupts::Ignored)]
fn a_signal_ends_it_at_once_if_nothing_is_in_flight(
    #[case] signal: Signal,
    #[case] interrupts: Interrupts,
) {
    let server = Server::start_with(&[], interrupts);
    let mut silent = server.client("");
    let mut served = server.client("tea\n");
    let tea = served.hears();
    server.rest("while its clients are idle");
    server.signal(signal);
    let heard = [silent.hears(), served.hears()];
    let (ending, stderr) = server.end();
    let [silent, served] = &heard;
    require!(tea == "tea" && ending == Ending::Exited(0) && heard.iter().all(|heard| heard == "the end"),
        expected: "the idle connections closed and exit status 0 after one {signal}; the grace has no end",
        seen: "one client heard {silent}, the other {tea} and {served}; {ending:?}\n{stderr}",
        likely: "only the other signal is listened to; or idle connections are waited for",
        read: "hint 3; hint 5",
        about: "on_signals",
    );
}

#[rstest]
#[case::sigterm(Signal::SIGTERM)]
#[case::sigint(Signal::SIGINT)]
fn the_door_is_closed_while_the_last_clients_are_served(#[case] signal: Signal) {
    let upstream = Upstream::new();
    let server = Server::start(&[]);
    let mut waits = server.client(&format!("ask {}\n", upstream.port()));
    let asked = upstream.asked();
    // In one piece: who has the answer to the first line knows that the half line has arrived, too.
    let mut speaks = server.client("hello\nte");
    let hello = speaks.hears();
    server.signal(signal);
    server.rest("while it waits for those in flight");
    let late = match server.connect() {
        Ok(_) => "let in".to_owned(),
        Err(error) => format!("{:?}", error.kind()),
    };
    require!(late == "ConnectionRefused",
        expected: "a connect after {signal} to be refused, while others are still served",
        seen: "{late}",
        likely: "the listener is not accepted from, and not closed either: the kernel completes the connections and nobody takes them",
        read: "the stub, serve; listen(2)",
        about: "serve",
    );
    // The next server can have the port at once.
    let port = server.port.to_string();
    let next = Server::start(&["--port", &port]);
    let next_hello = next.client("hello\n").hears();
    speaks.say("a\n");
    let tea = (speaks.hears(), speaks.hears());
    answers(asked, "an answer");
    let answer = (waits.hears(), waits.hears());
    let (ending, stderr) = server.end();
    let ((tea, tea_end), (answer, answer_end)) = (tea, answer);
    require!(hello == "hello" && tea == "tea" && answer == "an answer" && next_hello == "hello",
        expected: "after {signal} an answer to the request that was half said, and one to the request that was being made",
        seen: "`{tea}` and `{answer}`; the next server said `{next_hello}`\n{stderr}",
        likely: "the process ends, or the tasks are dropped, before all is answered",
        read: "hint 2; hint 3",
        about: "serve",
    );
    require!(ending == Ending::Exited(0) && tea_end == "the end" && answer_end == "the end",
        expected: "both connections closed after that, and exit status 0",
        seen: "{tea_end}, {answer_end}, {ending:?}\n{stderr}",
        likely: "after their answer the connections are waited for until they end by themselves",
        read: "hint 2",
        about: "converse",
    );
    next.signal(signal);
    let (ending, _) = next.end();
    assert_eq!(ending, Ending::Exited(0), "the next server had no client left");
}

#[rstest]
#[case::drained_is_whole(None, Signal::SIGTERM, 0)]
#[case::cut_is_gone(Some("0"), Signal::SIGTERM, 1)]
#[case::cut_is_gone_after_a_moment(Some("20"), Signal::SIGINT, 1)]
fn a_file_that_is_being_written(
    #[case] grace: Option<&str>,
    #[case] signal: Signal,
    #[case] code: i32,
) {
    let directory = tempfile::tempdir().expect("the machine lets the test make a directory");
    let (path, part) = (directory.path().join("file"), directory.path().join("file.part"));
    let upstream = Upstream::new();
    let mut args = Vec::new();
    args.extend(grace.iter().flat_map(|grace| ["--grace", grace]));
    let server = Server::start(&args);
    let mut client = server.client(&format!("write {} {}\n", path.display(), upstream.port()));
    let asked = upstream.asked();
    assert!(part.exists(), "the answer has begun to write");
    server.signal(signal);
    if code == 0 {
        server.rest("while it waits for the one in flight");
        answers(asked, "go on");
    }
    let heard = client.hears();
    let (ending, stderr) = server.end();
    let (file, part) = (std::fs::read_to_string(&path), part.exists());
    let (whole, shown) = match &file {
        Ok(text) => (Some(text.as_str()), format!("{text:?}")),
        Err(_) => (None, "no file".to_owned()),
    };
    let (right, expected) = if code == 0 {
        (whole == Some("first half\nsecond half\n") && heard == "written", "the whole file")
    } else {
        (whole.is_none() && heard == "the end", "no answer and no file, for the grace is over")
    };
    require!(right && !part && ending == Ending::Exited(code),
        expected: "{expected}, nothing half written beside it, and exit status {code}",
        seen: "the client heard {heard}; {shown}; the half file is there: {part}; {ending:?}\n{stderr}",
        likely: "the process exits while futures are alive (`process::exit`, or `serve` returns too early): no destructor\nremoves the half file; or the tasks are dropped before their grace is over",
        read: "hint 4",
        about: "serve",
    );
}

#[rstest]
#[case::sigterm_twice(Signal::SIGTERM, Signal::SIGTERM)]
#[case::sigint_twice(Signal::SIGINT, Signal::SIGINT)]
#[case::sigterm_then_sigint(Signal::SIGTERM, Signal::SIGINT)]
#[case::sigint_then_sigterm(Signal::SIGINT, Signal::SIGTERM)]
fn a_second_signal_ends_it_at_once(#[case] first: Signal, #[case] second: Signal) {
    let directory = tempfile::tempdir().expect("the machine lets the test make a directory");
    let path = directory.path().join("file");
    let upstream = Upstream::new();
    let server = Server::start(&[]);
    let mut client = server.client(&format!("write {} {}\n", path.display(), upstream.port()));
    let mut asked = upstream.asked();
    server.signal(first);
    server.rest("between two signals");
    server.signal(second);
    let heard = client.hears();
    let (ending, stderr) = server.end();
    require!(ending == Ending::Exited(130) && heard == "the end",
        expected: "exit status 130 after {first} and {second}, and the connection closed; the grace has no end",
        seen: "{ending:?}; the client heard {heard}\n{stderr}",
        likely: "signals are listened to once, or the second only of the same kind. tokio keeps its handler for good: the second\nsignal does not do what it did before",
        read: "hint 5; https://docs.rs/tokio/latest/tokio/signal/unix/struct.Signal.html",
        about: "on_signals",
    );
    let left: Vec<_> = std::fs::read_dir(directory.path())
        .expect("the directory is ours")
        .filter_map(|entry| entry.ok().map(|entry| entry.file_name().display().to_string()))
        .collect();
    let end = asked.read(&mut [0]).is_ok_and(|count| count == 0);
    require!(left.is_empty() && end,
        expected: "no half file after the second signal: at once, and with all destructors",
        seen: "{left:?}",
        likely: "`process::exit` at the second signal: it runs no destructor (std::process::exit)",
        read: "hint 4; hint 5",
        about: "on_signals",
    );
}

/// The signals come while it is stopped, so it finds them together.
#[rstest]
#[case::of_both_kinds_are_two(&[Signal::SIGINT, Signal::SIGTERM], 130)]
#[case::of_one_kind_are_one(&[Signal::SIGTERM, Signal::SIGTERM], 0)]
fn two_signals_that_come_together(#[case] signals: &'static [Signal], #[case] code: i32) {
    let upstream = Upstream::new();
    let server = Server::start(&[]);
    let mut client = server.client(&format!("ask {}\n", upstream.port()));
    let asked = upstream.asked();
    server.rest("while an answer is being made");
    server.signal(Signal::SIGSTOP);
    let deadline = Instant::now() + DEADLINE;
    while process_state(server.running.pid()) != Some('T') && Instant::now() < deadline {
        thread::yield_now();
    }
    for signal in signals {
        server.signal(*signal);
    }
    server.signal(Signal::SIGCONT);
    if code == 0 {
        server.rest("while it waits for the one in flight");
        answers(asked, "an answer");
    }
    let heard = client.hears();
    let (ending, stderr) = server.end();
    let expected = if code == 0 { "an answer" } else { "the end" };
    require!(ending == Ending::Exited(code) && heard == expected,
        expected: "exit status {code}, and the client to hear {expected}, where it finds {signals:?} together",
        seen: "{ending:?}; the client heard {heard}\n{stderr}",
        likely: "one stream is polled at a time, or the signal that was not first is lost with a stream that was dropped",
        read: "hint 5; signal(7), Queueing and delivery semantics",
        about: "on_signals",
    );
}

#[test]
fn the_first_signal_is_the_first_whoever_else_has_cancelled_stop() {
    let upstream = Upstream::new();
    let server = Server::start(&[]);
    let mut waits = server.client(&format!("ask {}\n", upstream.port()));
    let asked = upstream.asked();
    let stopped = server.client("stop\n").hears();
    server.rest("while it waits for the one in flight");
    server.signal(Signal::SIGTERM);
    await_quiescence_of_all_threads(server.running.pid());
    answers(asked, "an answer");
    let heard = waits.hears();
    let (ending, stderr) = server.end();
    require!(stopped == "stop" && heard == "an answer" && ending == Ending::Exited(0),
        expected: "the answer, and exit status 0: the program has cancelled `stop` itself, and the one signal that came was the\nfirst",
        seen: "the client heard {heard}; {ending:?}\n{stderr}",
        likely: "whether a signal is the first or the second is told by whether `stop` is cancelled",
        read: "the stub, on_signals",
        about: "on_signals",
    );
}

#[test]
fn where_no_descriptor_is_free_it_waits() {
    // Some ten are its own.
    let server = Server::start(&["--descriptors", "24"]);
    let mut clients: Vec<Client> =
        (0..40).map(|number| server.client(&format!("{number}\n"))).collect();
    let first = clients[0].hears();
    server.rest("while no descriptor is free for the next connection");
    let mut answered = usize::from(first == "0");
    drop(clients.remove(0));
    for (number, mut client) in clients.into_iter().enumerate() {
        // Who has an answer leaves, and makes room.
        answered += usize::from(client.hears() == (number + 1).to_string());
        let _ = client.stream.get_ref().shutdown(Shutdown::Both);
        if answered < number + 2 {
            break;
        }
    }
    require!(answered == 40,
        expected: "40 clients to be answered by a server that has descriptors for some ten at a time",
        seen: "{answered} answered, and then one was not",
        likely: "EMFILE ends the loop or the server; or a descriptor of a client that has left stays open",
        read: "accept(2), Errors; hint 3",
        about: "serve",
    );
    server.signal(Signal::SIGTERM);
    let (ending, stderr) = server.end();
    require!(ending == Ending::Exited(0),
        expected: "exit status 0 after a SIGTERM: nobody is left",
        seen: "{ending:?}\n{stderr}",
        likely: "an error of `accept` is handed on as the end of the server",
        read: "the stub, serve",
        about: "serve",
    );
}

#[test]
fn three_hundred_clients_get_their_answers() {
    let upstream = Upstream::new();
    let server = Server::start(&[]);
    let mut clients: Vec<Client> = (0..300)
        .map(|number| server.client(if number % 3 == 0 { "" } else { "hello\nte" }))
        .collect();
    let mut panics = server.client("panic\n");
    let mut waits = server.client(&format!("ask {}\n", upstream.port()));
    let asked = upstream.asked();
    let ended = panics.hears();
    let mut greeted = 0;
    for client in clients.iter_mut().skip(1).step_by(3) {
        greeted += usize::from(client.hears() == "hello");
    }
    for client in clients.iter_mut().skip(2).step_by(3) {
        greeted += usize::from(client.hears() == "hello");
    }
    server.signal(Signal::SIGTERM);
    server.rest("while it waits for those in flight");
    let mut answered = 0;
    for (number, client) in clients.iter_mut().enumerate() {
        if number % 3 == 0 {
            answered += usize::from(client.hears() == "the end");
        } else {
            client.say("a\n");
            answered += usize::from(client.hears() == "tea" && client.hears() == "the end");
        }
    }
    answers(asked, "an answer");
    let answer = waits.hears();
    let (ending, stderr) = server.end();
    require!(greeted == 200 && answered == 300 && answer == "an answer" && ended == "the end",
        expected: "200 of 300 clients, each in the middle of a request when SIGTERM comes, to get their answers, and all to be\nleft with a closed connection",
        seen: "{answered} of 300 as expected; the one whose answer was being made heard {answer}",
        likely: "see the tests of serving first",
        read: "hint 3",
        about: "serve",
    );
    require!(ending == Ending::Exited(0),
        expected: "exit status 0",
        seen: "{ending:?}\n{stderr}",
        likely: "the panic of one answer is handed on, or keeps the count of connections from zero",
        read: "the stub, serve",
        about: "serve",
    );
}
