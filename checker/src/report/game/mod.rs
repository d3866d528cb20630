//! A game: its positions as text, on a screen, as a page.

pub mod page;
pub mod plain;
#[cfg(feature = "tui")]
pub mod screen;
