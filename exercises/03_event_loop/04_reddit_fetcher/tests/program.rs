//! The whole program against a server of the test: one thread, and an end when Ctrl-C asks for it.

use std::process::Command;
use std::thread;
use std::time::Instant;

use rstest::rstest;
use testkit::deadline::DEADLINE;
use testkit::http::{Answer, Server};
use testkit::procfs::process_state;
use testkit::program::Ending;
use testkit::require;
use testkit::running::{Interrupts, Running};
use testkit::threads::Settled;

const THREE: [&str; 3] = ["python", "programming", "compsci"];

#[test]
fn the_program_prints_what_the_server_has() {
    let server = three_answers();
    let (ending, stdout, stderr) = start(&server, Interrupts::Default).finish();
    require!(ending == Ending::Exited(0),
        expected: "exit status 0",
        seen: "{ending:?}, and on standard error:\n{stderr}",
        likely: "a panic, or an error that `run` returns",
        read: "the text above",
    );
    let (mut seen, expected) = (stdout.lines().collect::<Vec<_>>(), THREE.map(block).concat());
    let mut expected: Vec<_> = expected.lines().collect();
    seen.sort_unstable();
    expected.sort_unstable();
    require!(seen == expected,
        expected: "a line for each post that this server has, and `DONE: name`:\n{expected:#?}",
        seen: "{stdout}",
        likely: "lines that do not come from the server's answer",
        read: "README, the task",
    );
}

#[test]
fn three_waiting_requests_are_one_thread_asleep() {
    let server = THREE.iter().fold(three_answers(), |server, name| server.hold(&path(name)));
    let program = three_in_flight(&server, Interrupts::Default);
    let settled = program.settle();
    require!(settled == Settled::AtRest,
        expected: "the program to sleep until a socket wakes it",
        seen: "it makes thousands of system calls while it waits, and still runs",
        likely: "a loop that asks again and again whether something is ready, with yield_now or an\nempty poll in between; `await` sleeps by itself",
        read: "README, the picture; epoll_wait(2)",
    );
    let threads = program.threads();
    require!(threads == 1,
        expected: "one thread for three requests",
        seen: "{threads} threads",
        likely: "a thread for each request (std::thread, spawn_blocking): the loop needs none",
        read: "README, the picture",
    );
}

#[rstest]
#[case::at_a_terminal(Interrupts::Default)]
#[case::started_with_sigint_ignored(Interrupts::Ignored)]
fn ctrl_c_ends_the_program_in_order(#[case] interrupts: Interrupts) {
    let server = THREE.iter().fold(three_answers(), |server, name| server.hold(&path(name)));
    let program = three_in_flight(&server, interrupts);
    program.interrupt();
    let (ending, stdout, stderr) = program.finish();
    require!(ending == Ending::Exited(0) && stdout.is_empty(),
        expected: "exit status 0 after a SIGINT, and no output: the server had answered nobody",
        seen: "{ending:?}, on standard output {stdout:?}, on standard error {stderr:?}",
        likely: "`stop` is looked at only when all is fetched, or something else keeps `run` from its end",
        read: "hint 4; signal(7)",
    );
    let closed = server.wait_for_given_up(3);
    require!(closed == 3,
        expected: "end of file on three connections",
        seen: "{closed} of 3 closed",
        likely: "fewer than three requests were in flight, or another process holds their sockets",
        read: "hint 4",
    );
}

#[test]
fn ctrl_c_between_two_answers_leaves_whole_lines() {
    let server = three_answers().hold(&path("python")).hold(&path("compsci"));
    let program = three_in_flight(&server, Interrupts::Default);
    // The report that is in comes out at once, not when the program ends.
    let mut seen = String::new();
    while let Some(line) = program.next_line() {
        seen += &(line.clone() + "\n");
        if line.starts_with("DONE: ") {
            break;
        }
    }
    program.interrupt();
    let (ending, rest, stderr) = program.finish();
    let (stdout, expected) = (seen + &rest, block("programming"));
    require!(ending == Ending::Exited(0) && stdout == expected,
        expected: "exit status 0, and of the output the one report that was in:\n{expected}",
        seen: "{ending:?}, and\n{stdout}{stderr}",
        likely: "reports are kept back until all are in, or written although the run was stopped",
        read: "hint 3; hint 4",
    );
}

fn path(name: &str) -> String {
    format!("/r/{name}/top.json")
}

fn three_answers() -> Server {
    THREE.iter().fold(Server::start(), |server, name| {
        let (title, link) = (format!("{name} « here »"), format!("http://127.0.0.1/{name}"));
        server.answer(&path(name), Answer::listing(&[(321, &title, &link), (0, name, "L")]))
    })
}

fn block(name: &str) -> String {
    format!("321: {name} « here » (http://127.0.0.1/{name})\n0: {name} (L)\nDONE: {name}\n")
}

/// Starts the program and waits until its three requests are in.
fn three_in_flight(server: &Server, interrupts: Interrupts) -> Running {
    let program = start(server, interrupts);
    let deadline = Instant::now() + DEADLINE;
    // A program that has ended, and waits as a zombie for us, sends no more.
    while server.requests().len() < 3
        && process_state(program.pid()) != Some('Z')
        && Instant::now() < deadline
    {
        thread::yield_now();
    }
    let waiting = server.requests().len();
    if waiting < 3 && process_state(program.pid()) == Some('Z') {
        let (ending, stdout, stderr) = program.finish();
        require!(
            expected: "the program to have three requests in flight",
            seen: "{ending:?} after {waiting} requests; it printed\n{stdout}{stderr}",
            likely: "a panic, or an end before all is asked for",
            read: "the text above",
        );
    }
    require!(waiting == 3,
        expected: "three requests to be in while not all are answered",
        seen: "{waiting}, and no other comes",
        likely: "the tasks are awaited one after the other: `await` in a loop waits in every round",
        read: "hint 3",
    );
    program
}

fn start(server: &Server, interrupts: Interrupts) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reddit_fetcher"));
    command.arg("--base-url").arg(server.base_url());
    // The server is on this machine: no proxy of the environment is asked.
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    Running::start(&mut command, interrupts)
}
