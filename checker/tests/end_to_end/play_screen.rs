//! `checker play` on a screen, through a pseudo-terminal.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::Child;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;
use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use rstest::rstest;

use crate::miniature::{ANSWER, Miniature, outcome};
use crate::play::{WRONG, with_a_game};

/// A terminal with a game on it.
struct Terminal {
    _miniature: Miniature,
    pty: Pty,
    checker: Child,
    parser: vt100::Parser,
    /// All that was ever written.
    written: Vec<u8>,
}

impl Terminal {
    /// Of so many rows and columns; the game stands at its first position.
    fn new(rows: u16, columns: u16, term: &str) -> Self {
        Self::started(rows, columns, term, false)
    }

    /// The same; below a shell with jobs, or alone.
    fn started(rows: u16, columns: u16, term: &str, with_jobs: bool) -> Self {
        let miniature = with_a_game();
        miniature.write(ANSWER, &outcome("right"));
        miniature.write("solutions/01_part/01_answer/wrong/late.rs", WRONG);
        let (pty, pts) = open().unwrap();
        pty.resize(Size::new(rows, columns)).unwrap();
        // With jobs, so that one can be stopped: the shell goes on, and then the job.
        let script = "set -m; \"$0\" play answer; [ $? -gt 128 ] || exit $?; stty -a; fg";
        let checker = env!("CARGO_BIN_EXE_checker");
        let command = match with_jobs {
            true => Command::new("sh").args(["-c", script, checker]),
            false => Command::new(checker).args(["play", "answer"]),
        };
        let command = command.current_dir(miniature.root()).env("TERM", term);
        let command = command.env("CARGO_NET_OFFLINE", "true").env_remove("NO_COLOR");
        let checker = command.spawn(pts).unwrap();
        let parser = vt100::Parser::new(rows, columns, 0);
        let written = Vec::new();
        let mut terminal = Self { _miniature: miniature, pty, checker, parser, written };
        terminal.shows("q quit");
        terminal
    }

    fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// Reads until the screen shows this.
    #[track_caller]
    fn shows(&mut self, text: &str) {
        while !self.text().contains(text) {
            assert!(self.read(), "`{text}` is not shown:\n{}", self.text());
        }
    }

    /// Reads what there is; whether anything can still come.
    fn read(&mut self) -> bool {
        // A minute of silence: what is waited for will not come.
        let mut polled = [PollFd::new(self.pty.as_fd(), PollFlags::POLLIN)];
        if poll(&mut polled, PollTimeout::from(60_000_u16)) == Ok(0) {
            return false;
        }
        let mut bytes = [0; 4096];
        match self.pty.read(&mut bytes) {
            // Nobody has the terminal open any more.
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.parser.process(&bytes[..count]);
                self.written.extend(&bytes[..count]);
                true
            }
        }
    }

    /// Reads until this was written, whether or not the screen still shows it.
    #[track_caller]
    fn says(&mut self, text: &str) {
        while !String::from_utf8_lossy(&self.written).contains(text) {
            assert!(self.read(), "`{text}` was not written:\n{}", self.text());
        }
    }

    fn press(&mut self, keys: &str) {
        self.pty.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the checker's end; the terminal is as it was.
    #[track_caller]
    fn ends(&mut self, code: Option<i32>) {
        while self.read() {}
        assert_eq!(self.checker.wait().unwrap().code(), code);
        assert!(!self.parser.screen().alternate_screen(), "the screen is left");
        assert!(!self.parser.screen().hide_cursor(), "the cursor is back");
        assert!(self.is_cooked(), "lines are edited again");
    }

    fn is_cooked(&self) -> bool {
        let flags = tcgetattr(self.pty.as_fd()).unwrap().local_flags;
        flags.contains(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG)
    }
}

#[rstest]
#[case::small(24, 80)]
#[case::large(40, 120)]
#[case::narrow(30, 40)]
fn each_thread_has_a_column_and_a_key(#[case] rows: u16, #[case] columns: u16) {
    let mut terminal = Terminal::new(rows, columns, "xterm-256color");
    let text = terminal.text();
    for phrase in ["answer", "It must hold: T1", "1 T1", "2 T2", "next: look", "→  5"] {
        assert!(text.contains(phrase), "`{phrase}` is missing:\n{text}");
    }
    terminal.press("2");
    terminal.shows("T2: look");
    terminal.press("1");
    terminal.shows("You broke it in 2 steps");
    terminal.press("b");
    terminal.shows("1 step  ");
    terminal.press("q");
    terminal.ends(Some(0));
}

#[test]
fn other_keys() {
    let mut terminal = Terminal::new(24, 80, "xterm-256color");
    terminal.press("f");
    terminal.shows("the search's schedule");
    terminal.press("\x1b[C");
    terminal.shows("T2: look");
    terminal.press("\r");
    terminal.shows("The search broke it");
    terminal.press("c");
    terminal.shows("SCHEDULE=0:3 cargo test");
    terminal.press("\x1b[D");
    terminal.press("\x1b[D");
    terminal.press("\x1b[D");
    terminal.shows("This is the first position.");
    terminal.press("e");
    terminal.shows("the invariant held");
    terminal.press("r");
    terminal.press("w");
    terminal.shows("No thread is at a wait.");
    terminal.press("?");
    terminal.shows("play the rest");
    terminal.press("x");
    terminal.press("y");
    terminal.shows("? lists the keys.");
    terminal.press("q");
    terminal.ends(Some(0));
}

#[test]
fn a_resize_is_followed() {
    let mut terminal = Terminal::new(24, 80, "xterm-256color");
    terminal.pty.resize(Size::new(10, 60)).unwrap();
    terminal.parser.screen_mut().set_size(10, 60);
    terminal.press("2");
    terminal.shows("T2: look");
    assert!(terminal.text().lines().all(|line| line.chars().count() <= 60));
    terminal.press("q");
    terminal.ends(Some(0));
}

#[rstest]
#[case::ctrl_c(None)]
#[case::sigterm(Some(Signal::SIGTERM))]
#[case::sighup(Some(Signal::SIGHUP))]
fn a_stop_leaves_the_terminal_as_it_was(#[case] signal: Option<Signal>) {
    let mut terminal = Terminal::new(24, 80, "xterm-256color");
    assert!(!terminal.is_cooked(), "keys come without Enter");
    match signal {
        None => terminal.press("\x03"),
        Some(signal) => kill(Pid::from_raw(terminal.checker.id() as i32), signal).unwrap(),
    }
    terminal.ends(Some(130));
}

#[test]
fn ctrl_z_gives_the_terminal_back_until_the_game_goes_on() {
    let mut terminal = Terminal::started(24, 80, "xterm-256color", true);
    terminal.press("\x1a");
    // What `stty` says while the game is stopped.
    terminal.says(" icanon");
    terminal.press("2");
    terminal.shows("T2: look");
    terminal.press("q");
    terminal.ends(Some(0));
}

#[test]
fn a_dumb_terminal_gets_lines() {
    let mut terminal = Terminal::new(24, 80, "dumb");
    assert!(!terminal.parser.screen().alternate_screen());
    terminal.press("2\n");
    terminal.shows("T2 did: look");
    terminal.press("q\n");
    terminal.ends(Some(0));
}
