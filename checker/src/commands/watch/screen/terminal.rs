//! The terminal, which is left as it was found, however the program ends.

use std::io::{self, Stdout, Write, stdout};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;

/// Whether the terminal is ours now.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal. When it is dropped, it is as it was.
pub(super) struct Terminal {
    screen: ratatui::Terminal<CrosstermBackend<Stdout>>,
}

impl Drop for Terminal {
    fn drop(&mut self) {
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
        let screen = ratatui::Terminal::new(CrosstermBackend::new(stdout()))?;
        let mut terminal = Self { screen };
        terminal.enter_again()?;
        Ok(terminal)
    }

    /// Takes the terminal again, whoever has changed it meanwhile.
    pub(super) fn enter_again(&mut self) -> io::Result<()> {
        restore();
        IS_TAKEN.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide)?;
        self.screen.clear()
    }

    /// Draws; returns how wide the screen is.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<usize> {
        let drawn = self.screen.draw(draw)?;
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
