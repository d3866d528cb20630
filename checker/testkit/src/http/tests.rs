use std::io::{ErrorKind, Read, Write};

use super::*;

fn ask(server: &Server, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    stream
}

/// What the server says first; the connection may stay open.
fn first_line(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while stream.read(&mut byte).unwrap() == 1 && byte[0] != b'\r' {
        line.push(byte[0]);
    }
    String::from_utf8(line).unwrap()
}

#[test]
fn a_path_gets_its_answer_and_others_404() {
    let server = Server::start().answer("/a", Answer::json("{}"));
    assert_eq!(first_line(&mut ask(&server, "/a?limit=5")), "HTTP/1.1 200 OK");
    assert!(first_line(&mut ask(&server, "/b")).starts_with("HTTP/1.1 404 "));
    let paths: Vec<_> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/a", "/b"]);
    assert_eq!(server.requests()[0].parameter("limit"), Some("5"));
}

#[test]
fn a_connection_serves_several_requests() {
    let server = Server::start().answer("/a", Answer::json(""));
    let mut stream = ask(&server, "/a");
    write!(stream, "GET /b HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).unwrap();
    assert!(all.starts_with("HTTP/1.1 200 OK"), "{all}");
    assert!(all.contains("HTTP/1.1 404 "), "{all}");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_gate_answers_nobody_until_all_are_in() {
    let server = Server::start().hold_until(2);
    let mut first = ask(&server, "/a");
    assert_eq!(server.wait_for_requests(1), 1);
    first.set_nonblocking(true).unwrap();
    assert_eq!(first.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    first.set_nonblocking(false).unwrap();
    let mut second = ask(&server, "/b");
    assert!(first_line(&mut first).contains("404"));
    assert!(first_line(&mut second).contains("404"));
    assert_eq!(server.in_before_first_answer(), 2);
}

#[test]
fn a_held_path_is_answered_when_it_is_released() {
    let server = Server::start().hold("/a");
    let mut held = ask(&server, "/a");
    assert!(first_line(&mut ask(&server, "/b")).contains("404"));
    server.release("/a");
    assert!(first_line(&mut held).contains("404"));
}

#[test]
fn a_client_that_goes_away_is_seen_although_it_waits_for_an_answer() {
    let server = Server::start().hold("/a");
    let held = ask(&server, "/a");
    assert_eq!(server.wait_for_requests(1), 1);
    drop(held);
    assert_eq!(server.wait_for_given_up(1), 1);
}

#[test]
fn a_client_that_has_its_answer_gives_nothing_up() {
    let server = Server::start().answer("/a", Answer::json("{}")).hold("/b");
    let mut answered = ask(&server, "/a");
    first_line(&mut answered);
    drop(answered);
    let held = ask(&server, "/b");
    assert_eq!(server.wait_for_requests(2), 2);
    drop(held);
    assert_eq!(server.wait_for_given_up(1), 1);
}

#[test]
fn a_reset_is_a_reset() {
    let server = Server::start().answer("/a", Answer::reset());
    let error = ask(&server, "/a").read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_truncated_answer_ends() {
    let server = Server::start().answer("/a", Answer::truncated("12345678"));
    let mut all = String::new();
    ask(&server, "/a").read_to_string(&mut all).unwrap();
    assert!(all.ends_with("\r\n\r\n1234"), "{all}");
}

#[test]
fn a_trickle_goes_on_until_the_client_goes_away() {
    let server = Server::start().answer("/a", Answer::trickle());
    let mut stream = ask(&server, "/a");
    let mut some = [0; 400];
    stream.read_exact(&mut some).unwrap();
    drop(stream);
    assert_eq!(server.wait_for_given_up(1), 1);
}

#[test]
fn a_drop_ends_what_still_goes_on() {
    let server =
        Server::start().answer("/t", Answer::trickle()).answer("/f", Answer::flood()).hold("/h");
    let streams = ["/t", "/f", "/h"].map(|path| ask(&server, path));
    assert_eq!(server.wait_for_requests(3), 3);
    drop(server);
    drop(streams);
}

#[test]
fn answers_go_in_turn() {
    let server = Server::start().hold("/a").hold("/b");
    let turns = [("/b", "DONE: b"), ("/a", "DONE: a")].map(|(p, m)| (p.to_owned(), m.to_owned()));
    let mut out = InTurn::new(&server, Vec::new(), &turns);
    let mut held = ask(&server, "/a");
    assert!(first_line(&mut ask(&server, "/b")).contains("404"));
    write!(out, "1: x\nDONE: ").unwrap();
    held.set_nonblocking(true).unwrap();
    assert_eq!(held.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    held.set_nonblocking(false).unwrap();
    writeln!(out, "b").unwrap();
    assert!(first_line(&mut held).contains("404"));
    assert_eq!(out.into_inner(), b"1: x\nDONE: b\n");
}
