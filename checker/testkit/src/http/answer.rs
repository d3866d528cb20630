//! The answers, good ones and bad ones, and how each goes over the wire.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

/// A flood breaks off after so many bytes, so that a client which swallows all is found out alive.
const FLOOD: usize = 64 * 1024 * 1024;

/// The time between two bytes of a trickle.
const DRIP: Duration = Duration::from_millis(5);

/// What the server says to a request.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    manner: Manner,
}

/// How an answer goes over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// All of it, and the connection stays open.
    Whole,
    /// The head announces the whole body; half of it comes, then the connection ends.
    Truncated,
    /// No answer: the connection is reset.
    Reset,
    /// A good head, then a space now and then, for ever.
    Trickle,
    /// A good head, then spaces as fast as they go, [`FLOOD`] of them; then the connection ends.
    Flood,
}

/// What becomes of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    KeepOpen,
    Close,
    Reset,
}

impl Answer {
    /// 200 with this body, said to be JSON.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: vec![("Content-Type".into(), "application/json; charset=UTF-8".into())],
            body: body.into(),
            manner: Manner::Whole,
        }
    }

    /// 200 with Reddit's listing of these posts, each its score, its title and its link.
    pub fn listing(posts: &[(i64, &str, &str)]) -> Self {
        Self::json(listing(posts))
    }

    /// This status, with a body that is JSON but no listing.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::json(format!(r#"{{"message": "no listing", "error": {status}}}"#)) }
    }

    /// 429 Too Many Requests (RFC 6585), with this `Retry-After`.
    pub fn rate_limited(retry_after: &str) -> Self {
        Self::status(429).header("Retry-After", retry_after)
    }

    /// 302 Found, to this path or URL.
    pub fn redirect(to: &str) -> Self {
        Self::status(302).header("Location", to)
    }

    /// A head that announces this body, and half of the body; then the connection ends.
    pub fn truncated(body: impl Into<Vec<u8>>) -> Self {
        Self { manner: Manner::Truncated, ..Self::json(body) }
    }

    /// No answer at all: the connection is reset.
    pub fn reset() -> Self {
        Self { manner: Manner::Reset, ..Self::json("") }
    }

    /// A good head, then a space now and then until the client goes away.
    pub fn trickle() -> Self {
        Self { manner: Manner::Trickle, ..Self::json("") }
    }

    /// A good head that announces no length, then more spaces than anyone should keep, and no end.
    pub fn flood() -> Self {
        Self { manner: Manner::Flood, ..Self::json("") }
    }

    /// The same with another status.
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Whether the client can ever have all of it.
    pub(super) fn has_end(&self) -> bool {
        !matches!(self.manner, Manner::Trickle | Manner::Flood)
    }

    /// Writes the answer. `pause` waits and says whether the server goes on.
    pub(super) fn write(
        &self,
        stream: &mut impl Write,
        pause: impl Fn(Duration) -> bool,
    ) -> io::Result<After> {
        match self.manner {
            Manner::Whole => {
                let message = [self.head(Some(self.body.len())).as_bytes(), &self.body].concat();
                stream.write_all(&message)?;
                Ok(After::KeepOpen)
            }
            Manner::Truncated => {
                let half = &self.body[..self.body.len() / 2];
                let message = [self.head(Some(self.body.len())).as_bytes(), half].concat();
                stream.write_all(&message)?;
                Ok(After::Close)
            }
            Manner::Reset => Ok(After::Reset),
            Manner::Trickle => {
                stream.write_all(self.head(None).as_bytes())?;
                // Fails when the client has gone.
                while pause(DRIP) {
                    stream.write_all(b"1\r\n \r\n")?;
                }
                Ok(After::Close)
            }
            Manner::Flood => {
                stream.write_all(self.head(None).as_bytes())?;
                let piece = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
                for _ in 0..FLOOD / 0x10000 {
                    stream.write_all(&piece)?;
                }
                // It has no end: a client that wants all of it gets a broken body.
                Ok(After::Close)
            }
        }
    }

    /// Status line and headers. A body of unknown length comes in chunks (RFC 9112, section 7.1).
    fn head(&self, length: Option<usize>) -> String {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").expect("a String takes all");
        }
        match length {
            Some(length) => head + &format!("Content-Length: {length}\r\n\r\n"),
            None => head + "Transfer-Encoding: chunked\r\n\r\n",
        }
    }
}

/// The reason phrase is for people; a client may ignore it (RFC 9112, section 4).
fn reason(status: u16) -> &'static str {
    match status {
        200..=299 => "OK",
        300..=399 => "Elsewhere",
        400..=499 => "Not Like This",
        _ => "Out Of Order",
    }
}

/// Reddit's listing: posts in `data.children[].data`, among fields that nobody asked for.
fn listing(posts: &[(i64, &str, &str)]) -> String {
    let children: Vec<_> = posts
        .iter()
        .map(|(score, title, link)| {
            let (title, link) = (quoted(title), quoted(link));
            format!(
                r#"{{"kind": "t3", "data": {{"subreddit": "made_up", "title": {title}, "score": {score}, "over_18": false, "thumbnail": null, "url": {link}}}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"kind": "Listing", "data": {{"after": null, "dist": {}, "children": [{}]}}}}"#,
        posts.len(),
        children.join(", ")
    )
}

/// A JSON string (RFC 8259, section 7): quotes, backslashes and control characters are escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\0'..='\x1f' => {
                write!(quoted, "\\u{:04x}", u32::from(character)).expect("a String takes all");
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(answer: &Answer) -> (String, After) {
        let mut wire = Vec::new();
        let after = answer.write(&mut wire, |_| false).unwrap();
        (String::from_utf8(wire).unwrap(), after)
    }

    #[test]
    fn a_status_and_a_header_are_in_the_head() {
        let (wire, after) = wire(&Answer::rate_limited("7"));
        assert!(wire.starts_with("HTTP/1.1 429 "), "{wire}");
        assert!(wire.contains("\r\nRetry-After: 7\r\n"), "{wire}");
        assert_eq!(after, After::KeepOpen);
    }

    #[test]
    fn a_truncated_answer_announces_more_than_it_says() {
        let (wire, after) = wire(&Answer::truncated("12345678"));
        assert!(wire.ends_with("Content-Length: 8\r\n\r\n1234"), "{wire}");
        assert_eq!(after, After::Close);
    }

    #[test]
    fn what_json_must_escape_is_escaped() {
        assert_eq!(quoted("a\"b\\c\n\u{1b}é"), r#""a\"b\\c\u000a\u001bé""#);
    }

    #[test]
    fn a_listing_has_the_posts_where_reddit_has_them() {
        let listing = listing(&[(-3, "T", "L")]);
        assert!(listing.contains(r#""title": "T", "score": -3"#), "{listing}");
        assert!(listing.contains(r#""url": "L""#), "{listing}");
    }
}
