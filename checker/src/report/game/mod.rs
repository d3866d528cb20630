//! A game: its positions as text.

pub mod plain;
