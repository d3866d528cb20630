//! A source as tokens, as the compiler reads it.

use proc_macro2::TokenStream;

/// What the compiler takes for white space (the Unicode property `Pattern_White_Space`).
const WHITE_SPACE: [char; 11] = [
    '\t', '\n', '\u{b}', '\u{c}', '\r', ' ', '\u{85}', '\u{200e}', '\u{200f}', '\u{2028}',
    '\u{2029}',
];

/// The tokens of a source; `None` if it is no Rust. Lines are counted from the beginning of the file.
pub(super) fn tokens(text: &str) -> Option<TokenStream> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.strip_prefix("#!").is_some_and(|rest| !is_attribute(rest)) {
        // The line stays, so that the others keep their numbers.
        true => text.find('\n').map_or("", |end| &text[end..]).parse().ok(),
        false => text.parse().ok(),
    }
}

/// Whether `#!` begins an attribute: the next that is neither white space nor a comment is `[`. Otherwise
/// it is a shebang, and the compiler passes over the first line.
fn is_attribute(after: &str) -> bool {
    let mut rest = after;
    loop {
        rest = rest.trim_start_matches(WHITE_SPACE);
        let comment = match () {
            _ if is_doc_comment(rest) => None,
            _ if rest.starts_with("//") => rest.find('\n'),
            _ if rest.starts_with("/*") => block_comment(rest),
            _ => None,
        };
        match comment {
            Some(length) => rest = &rest[length..],
            None => return rest.starts_with('['),
        }
    }
}

/// Documentation is a token to the compiler: a shebang it is then.
fn is_doc_comment(text: &str) -> bool {
    let begins = |with: &str| text.starts_with(with);
    begins("//!")
        || begins("/*!")
        || begins("///") && !begins("////")
        || begins("/**") && !begins("/***") && !begins("/**/")
}

/// How long a block comment is, with those that are nested in it; `None` if it does not end.
fn block_comment(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0, 0);
    loop {
        let rest = &text.as_bytes()[at..];
        match rest {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            [_, ..] => at += 1,
            [] => return None,
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::shebang("#!/usr/bin/env run \" '\nfn f() {}")]
    #[case::byte_order_mark("\u{feff}fn f() {}")]
    #[case::both("\u{feff}#! \"\nfn f() {}")]
    #[case::comment_in_the_shebang("#!/* */ \"\nfn f() {}")]
    #[case::documentation("#!///\n[\nfn f() {}]")]
    #[case::no_end("#!/*\nfn f() {}")]
    fn the_first_line_is_passed_over(#[case] text: &str) {
        let read = tokens(text).map(|tokens| tokens.to_string()).unwrap_or_default();
        assert!(read.contains("fn f") && !read.contains('!'), "{read:?}");
    }

    #[rstest]
    #[case::attribute("#![allow(dead_code)] fn f() {}")]
    #[case::later("#! // a\n/* b /* c */ */\u{200e} [allow(dead_code)] fn f() {}")]
    #[case::many_stars("#!/***/[allow(dead_code)] fn f() {}")]
    fn an_attribute_is_read(#[case] text: &str) {
        let read = tokens(text).unwrap().to_string();
        assert!(read.contains("dead_code"), "{read:?}");
    }

    #[test]
    fn a_line_keeps_its_number() {
        let tokens = tokens("#!/bin/sh\n\nfn").unwrap();
        assert_eq!(tokens.into_iter().next().unwrap().span().start().line, 3);
    }
}
