//! Which submissions to an exercise are alike: the same but for comments, spaces and line breaks.
//!
//! It is a remark for a person and changes no points. Of what was given, the stub and the reference
//! solution, everybody's copy is alike, so these are none. No I/O here.

use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use sha2::{Digest, Sha256};

use crate::judge::candidate::Sources;
use crate::system::hash;
use crate::workbook::pins::Pins;

/// What two submissions that are alike have in common: a hash of the tokens of all files that differ from
/// the stub's. `None` if there is no such file.
pub fn digest(sources: &Sources, pins: &Pins) -> Option<String> {
    let differs = |path: &Path, tokens: &Vec<String>| {
        pins.stub(path).is_none_or(|stub| self::tokens(stub) != *tokens)
    };
    let files: Vec<(&Path, Vec<String>)> = sources
        .iter()
        .map(|(path, text)| (path.as_path(), tokens(text)))
        .filter(|(path, tokens)| differs(path, tokens))
        .collect();
    let mut hasher = Sha256::new();
    for (path, tokens) in &files {
        hash::add(&mut hasher, path.as_os_str().as_encoded_bytes());
        hash::add(&mut hasher, tokens.join(" ").as_bytes());
    }
    (!files.is_empty()).then(|| hash::hex(&hasher.finalize()))
}

/// The digest of what somebody has handed in, unless it was given.
pub fn own_digest(sources: &Sources, pins: &Pins, given: &BTreeSet<String>) -> Option<String> {
    digest(sources, pins).filter(|digest| !given.contains(digest))
}

/// A text's tokens without doc comments, which are tokens; its words, if it is no Rust.
fn tokens(text: &str) -> Vec<String> {
    match TokenStream::from_str(text) {
        Ok(tokens) => without_docs(flattened(tokens)),
        Err(_) => text.split_whitespace().map(str::to_owned).collect(),
    }
}

/// Without recursion: a stack of our own holds what is open.
fn flattened(tokens: TokenStream) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut open = vec![(tokens.into_iter(), "")];
    while let Some((tokens, close)) = open.last_mut() {
        match tokens.next() {
            Some(TokenTree::Group(group)) => {
                let (start, end) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                pieces.push(start.to_owned());
                open.push((group.stream().into_iter(), end));
            }
            Some(token) => pieces.push(token.to_string()),
            None => {
                pieces.push((*close).to_owned());
                open.pop();
            }
        }
    }
    pieces
}

/// Without `#[doc = "…"]` and `#![doc = "…"]`.
fn without_docs(tokens: Vec<String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut rest = tokens.as_slice();
    while let [first, after @ ..] = rest {
        let attribute = match after {
            _ if first != "#" => None,
            [bang, after @ ..] if bang == "!" => Some(after),
            _ => Some(after),
        };
        rest = match attribute {
            Some([open, doc, is, _, close, after @ ..])
                if [open, doc, is, close] == ["[", "doc", "=", "]"] =>
            {
                after
            }
            _ => {
                kept.push(first.clone());
                after
            }
        };
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const STUB: &str = "/// The answer.\npub fn answer() -> u32 {\n    todo!()\n}\n";

    fn digest_of(text: &str) -> Option<String> {
        let stub = [("src/lib.rs".into(), STUB.to_owned())];
        let pins = Pins { files: stub.into(), ..Pins::default() };
        digest(&[("src/lib.rs".into(), text.to_owned())].into(), &pins)
    }

    #[test]
    fn comments_spaces_and_line_breaks_make_no_difference() {
        let one = digest_of("/// It is 42.\npub fn answer() -> u32 {\n    42 // of course\n}\n");
        let other = digest_of("//! Mine.\r\npub fn answer()->u32{ /* 42 */ 42 }\r\n");
        assert!(one.is_some());
        assert_eq!(one, other);
        assert_ne!(one, digest_of("pub fn answer() -> u32 { 43 }"));
        assert_ne!(one, digest_of("pub fn answer() -> u32 { \"42 // of course\" }"));
    }

    #[test]
    fn the_stub_with_other_comments_is_none() {
        assert_eq!(digest_of(STUB), None);
        assert_eq!(digest_of("// TODO\npub fn answer() -> u32 { todo!() }"), None);
    }

    #[test]
    fn what_is_no_rust_is_compared_word_by_word() {
        let broken = "pub fn answer( -> u32 {\n    42\n}";
        assert_eq!(digest_of(broken), digest_of(&broken.replace("\n", "  \n")));
        assert_ne!(digest_of(broken), digest_of(&broken.replace("42", "43")));
    }
}
