//! What the fetcher says of itself, and what it puts up with.

/// Who asks. Reddit wants a User-Agent that is unique and descriptive.
pub const USER_AGENT: &str = "linux:shopfloor.reddit_fetcher:v0.1";
/// How many redirects a request follows at most.
pub const MAX_REDIRECTS: usize = 5;
/// How many bytes of a body are taken at most.
pub const MAX_BODY: usize = 4 * 1024 * 1024;
