//! What was found of the machine.

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub name: &'static str,
    /// What was found, in words.
    pub found: String,
    /// Where it falls short.
    pub shortfall: Option<Shortfall>,
}

/// What is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// Whether nothing works without it.
    pub fatal: bool,
    /// What is lost.
    pub lost: String,
    /// What to do.
    pub remedy: String,
}
