//! A request, as it came.

use std::io::{self, BufRead};

/// A head longer than this is no request.
const MAX_HEAD: usize = 64 * 1024;

/// What a client asked for. Bodies are not read: the server answers GET only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET` and the like.
    pub method: String,
    /// What comes before the `?`.
    pub path: String,
    /// What comes after the `?`; empty without one.
    pub query: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// The first header of this name; names do not distinguish upper and lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The value of a parameter of the query, as it stands there (percent signs and all).
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// Reads the next request; `None` at the end of the stream.
    pub(super) fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(first) = read_line(stream)? else {
            return Ok(None);
        };
        let mut words = first.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = Vec::new();
        let mut size = first.len();
        loop {
            let line = read_line(stream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            size += line.len();
            if size > MAX_HEAD {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':') {
                headers.push((name.to_owned(), value.trim().to_owned()));
            }
        }
        Ok(Some(Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
        }))
    }
}

/// A line without its line end; `None` at the end of the stream.
fn read_line(stream: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let count = io::Read::take(&mut *stream, MAX_HEAD as u64).read_until(b'\n', &mut line)?;
    if count == 0 {
        return Ok(None);
    }
    let text = String::from_utf8(line).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_and_then_the_end() {
        let mut stream: &[u8] = b"GET /a?x=1&y= HTTP/1.1\r\nHost: h\r\nUSER-agent:  me \r\n\r\n";
        let request = Request::read(&mut stream).unwrap().unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/a"));
        assert_eq!(request.header("User-Agent"), Some("me"));
        assert_eq!(request.parameter("x"), Some("1"));
        assert_eq!(request.parameter("y"), Some(""));
        assert_eq!(request.parameter("z"), None);
        assert_eq!(Request::read(&mut stream).unwrap(), None);
    }

    #[test]
    fn half_a_request_is_an_error() {
        assert!(Request::read(&mut &b"GET /a HTTP/1.1\r\nHost"[..]).is_err());
        assert!(Request::read(&mut &b"GET\r\n\r\n"[..]).is_err());
    }
}
