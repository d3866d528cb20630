//! A terminal with a program in it, and what its screen shows.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;
use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};

use crate::miniature::Miniature;

/// What never comes is told after this time. Nothing is decided by it where all is well.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal with a program in it.
pub struct Terminal {
    pty: Arc<Pty>,
    child: Child,
    shown: Arc<Shown>,
    /// The settings that the program has found.
    found: LocalFlags,
}

/// What is shown, by all that was written.
struct Shown {
    screen: Mutex<Screen>,
    changed: Condvar,
}

struct Screen {
    parser: vt100::Parser,
    /// All that was written, as text.
    text: String,
    is_closed: bool,
}

impl Terminal {
    /// `checker watch` in a workbook.
    pub fn watch(miniature: &Miniature, size: (u16, u16), args: &[&str]) -> Self {
        Self::watch_with(miniature, size, args, &[])
    }

    /// The same with some variables of the environment.
    pub fn watch_with(
        miniature: &Miniature,
        size: (u16, u16),
        args: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let arguments: Vec<&str> = ["watch"].iter().chain(args).copied().collect();
        Self::of(miniature, size, env!("CARGO_BIN_EXE_checker"), &arguments, variables)
    }

    /// Any program in a workbook.
    pub fn of(
        miniature: &Miniature,
        (columns, rows): (u16, u16),
        program: &str,
        args: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(Size::new(rows, columns)).unwrap();
        let found = tcgetattr(pty.as_fd()).unwrap().local_flags;
        let command = Command::new(program).args(args).current_dir(miniature.root());
        // What it names itself by: lines are broken where the path of this checkout does not decide it.
        let name = program.rsplit('/').next().expect("a name");
        let command = command.arg0(name);
        let mut command = command.env("TERM", "xterm-256color").env("CARGO_NET_OFFLINE", "true");
        for name in ["NO_COLOR", "VISUAL", "EDITOR", "TERM_PROGRAM", "SHOPFLOOR_BY_MAKE"] {
            command = command.env_remove(name);
        }
        let child = command.envs(variables.iter().copied()).spawn(pts).unwrap();
        let screen = Screen {
            parser: vt100::Parser::new(rows, columns, 0),
            text: String::new(),
            is_closed: false,
        };
        let shown = Arc::new(Shown { screen: Mutex::new(screen), changed: Condvar::new() });
        let pty = Arc::new(pty);
        thread::spawn({
            let (pty, shown) = (Arc::clone(&pty), Arc::clone(&shown));
            move || shown.follow(&pty)
        });
        Self { pty, child, shown, found }
    }

    /// Waits until the screen contains a text.
    pub fn wait_for(&self, text: &str) {
        self.wait(&format!("{text:?}"), |screen| screen.parser.screen().contents().contains(text));
    }

    /// Waits until the screen contains a text and all that is drawn with it: each drawing ends with a cursor that
    /// is hidden.
    pub fn wait_for_drawing(&self, text: &str) {
        self.wait(&format!("{text:?}"), |screen| {
            screen.text.ends_with("\x1b[?25l") && screen.parser.screen().contents().contains(text)
        });
    }

    /// Waits until the screen does not contain a text any more.
    pub fn wait_until_gone(&self, text: &str) {
        let is_gone = |screen: &Screen| !screen.parser.screen().contents().contains(text);
        self.wait(&format!("{text:?} to go"), is_gone);
    }

    /// Waits until a text was written so many times, for what is printed line by line.
    pub fn wait_for_times(&self, text: &str, times: usize) {
        let is_there = |screen: &Screen| screen.text.matches(text).count() >= times;
        self.wait(&format!("{text:?} {times} times"), is_there);
    }

    /// Waits until something is so in the workbook, as long as the program is there.
    pub fn wait_until(&self, is_so: impl Fn() -> bool) {
        while !is_so() {
            let screen = self.shown.lock();
            assert!(!screen.is_closed, "it ended:\n{:?}", screen.text);
            drop(screen);
            thread::yield_now();
        }
    }

    /// Waits until the exercise has been judged and nothing runs.
    pub fn wait_until_idle(&self) {
        self.wait("nothing to run", |screen| {
            let first = screen.parser.screen().rows(0, 200).next().unwrap_or_default();
            let is_drawn = screen.text.ends_with("\x1b[?25l");
            is_drawn
                && first.contains("pass")
                && ["checking", "compiling", "testing", "preparing", "…"]
                    .iter()
                    .all(|doing| !first.contains(doing))
        });
    }

    fn wait(&self, what: &str, is_there: impl Fn(&Screen) -> bool) {
        let screen = self.shown.lock();
        let (screen, waited) = self
            .shown
            .changed
            .wait_timeout_while(screen, PATIENCE, |screen| !is_there(screen) && !screen.is_closed)
            .unwrap();
        if !is_there(&screen) {
            let why = if waited.timed_out() { "is not there" } else { "was not there at the end" };
            let text: String = screen.text.chars().rev().take(2000).collect();
            let text: String = text.chars().rev().collect();
            let contents = screen.parser.screen().contents();
            drop(screen);
            panic!("{what} {why}; the screen:\n{contents}\nwritten last:\n{text:?}");
        }
    }

    /// What the screen shows.
    pub fn contents(&self) -> String {
        let screen = self.shown.lock();
        let rows = screen.parser.screen().rows(0, 500).map(|row| row.trim_end().to_owned());
        rows.collect::<Vec<_>>().join("\n")
    }

    /// All that was written, as text with its escape sequences.
    pub fn written(&self) -> String {
        self.shown.lock().text.clone()
    }

    /// What was written with colours.
    pub fn has_colours(&self) -> bool {
        let written = self.written();
        (30..=37).chain(90..=97).any(|colour| written.contains(&format!("\x1b[{colour}m")))
            || written.contains("\x1b[38;")
    }

    pub fn press(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        self.shown.lock().parser.screen_mut().set_size(rows, columns);
        self.pty.resize(Size::new(rows, columns)).unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end of the program; the terminal is as it was found.
    pub fn end(&mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        self.wait("the end", |screen| screen.is_closed);
        self.assert_is_restored();
        status
    }

    /// The terminal is as it was found.
    pub fn assert_is_restored(&self) {
        let screen = self.shown.lock();
        let shown = screen.parser.screen();
        assert!(!shown.alternate_screen(), "the alternate screen is left");
        assert!(!shown.hide_cursor(), "the cursor is shown");
        assert!(!shown.bracketed_paste(), "pastes are not marked");
        drop(screen);
        assert_eq!(tcgetattr(self.pty.as_fd()).unwrap().local_flags, self.found);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Shown {
    fn lock(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Follows what is written, until nobody has the terminal any more.
    fn follow(&self, pty: &Pty) {
        let mut bytes = [0; 4096];
        loop {
            let count = (&*pty).read(&mut bytes).unwrap_or(0);
            let mut screen = self.lock();
            screen.parser.process(&bytes[..count]);
            screen.text.push_str(&String::from_utf8_lossy(&bytes[..count]));
            screen.is_closed = count == 0;
            drop(screen);
            self.changed.notify_all();
            if count == 0 {
                return;
            }
        }
    }
}
