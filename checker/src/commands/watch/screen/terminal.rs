//! The terminal, which is left as it was found, however the program ends.

use std::io::{self, Stdout, Write, stdout};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{mem, panic};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;

/// Whether the terminal is ours now.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal. When it is dropped, it is as it was.
pub(super) struct Terminal {
    /// What is drawn on; nothing if the terminal could not be taken again.
    screen: Option<ratatui::Terminal<CrosstermBackend<Stdout>>>,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.discard_screen();
        restore();
    }
}

impl Terminal {
    /// Takes the terminal. A panic, of any thread, restores it before it says what happened.
    pub(super) fn enter() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                restore();
                before(panic);
            }));
        });
        let mut terminal = Self { screen: None };
        terminal.enter_again()?;
        Ok(terminal)
    }

    /// Takes the terminal again, whoever has changed it meanwhile.
    pub(super) fn enter_again(&mut self) -> io::Result<()> {
        self.discard_screen();
        restore();
        IS_TAKEN.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
        self.clear()
    }

    /// Clears it, so that everything is drawn the next time.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.discard_screen();
        execute!(stdout(), Hide, Clear(ClearType::All))?;
        // A new one knows nothing of what is on the screen. The old one's `clear` would ask the terminal for
        // its cursor and fail where it does not answer.
        self.screen = Some(ratatui::Terminal::new(CrosstermBackend::new(stdout()))?);
        Ok(())
    }

    /// One whose cursor is hidden shows it when it is dropped, and where that fails it complains on standard
    /// error, which panics if the terminal is gone. So the cursor is shown before, and what cannot do it is not
    /// dropped.
    fn discard_screen(&mut self) {
        if let Some(mut screen) = self.screen.take()
            && screen.show_cursor().is_err()
        {
            mem::forget(screen);
        }
    }

    /// Draws; returns how wide the screen is.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<usize> {
        let screen = self.screen.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let drawn = screen.draw(draw)?;
        Ok(drawn.area.width.into())
    }
}

/// Leaves the terminal as it was, if it is ours. Whoever cannot is about to end, or the terminal is gone.
pub(super) fn restore() {
    if IS_TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(stdout(), Show, DisableBracketedPaste, LeaveAlternateScreen);
        let _ = disable_raw_mode();
        let _ = stdout().flush();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use pty_process::blocking::{Command, open};

    use super::*;

    #[test]
    #[ignore = "the test below starts it on a terminal of its own"]
    fn panics() {
        let _terminal = Terminal::enter().unwrap();
        panic!("on purpose");
    }

    #[test]
    fn a_panic_restores_the_terminal_before_it_is_told() {
        let (mut pty, pts) = open().unwrap();
        pty.resize(pty_process::Size::new(24, 80)).unwrap();
        let name = module_path!().split_once("::").unwrap().1;
        let program = Command::new(std::env::current_exe().unwrap());
        let program = program.args([&format!("{name}::panics"), "--exact", "--ignored"]);
        let mut child = program.arg("--nocapture").spawn(pts).unwrap();
        let mut written = Vec::new();
        // A pseudo-terminal ends with an error (EIO) when nobody has its other side any more.
        let _ = pty.read_to_end(&mut written);
        assert!(!child.wait().unwrap().success());
        let written = String::from_utf8_lossy(&written);
        let (before, after) = written.split_once("\x1b[?1049l").expect(&written);
        assert!(before.contains("\x1b[?1049h"), "{written:?}");
        assert!(after.contains("on purpose") && !before.contains("on purpose"), "{written:?}");
    }
}
