//! Sources that would take other files into the program when they are compiled.
//!
//! Where a test includes the learner's file as a module, the compiler reads the tests and the learner's
//! file in one go, and `include_str!` would find the random names and the trap. No exercise needs it.
//! No I/O here.

use proc_macro2::{TokenStream, TokenTree};

use crate::candidate::Sources;

/// The macros that embed a file as text or bytes. Their names stand somewhere in the source, however
/// they are called: nothing in stable Rust puts an identifier together.
const EMBEDDING: [&str; 2] = ["include_str", "include_bytes"];

/// Why these sources are not compiled, in words for the learner.
pub fn refusal(sources: &Sources) -> Option<String> {
    let found = |text: &str| embedding(text.parse().ok()?);
    sources.iter().find_map(|(path, text)| {
        let (name, line) = found(text)?;
        let path = path.display();
        Some(format!("{path}:{line}: `{name}!` is not compiled when grading: it reads other files"))
    })
}

/// The first of the macros, and its line. What nests deeply is no recursion here.
fn embedding(tokens: TokenStream) -> Option<(String, usize)> {
    let mut open = vec![tokens];
    while let Some(tokens) = open.pop() {
        for token in tokens {
            match token {
                TokenTree::Group(group) => open.push(group.stream()),
                TokenTree::Ident(ident) => {
                    let name = ident.to_string();
                    let name = name.strip_prefix("r#").unwrap_or(&name);
                    if EMBEDDING.contains(&name) {
                        return Some((name.to_owned(), ident.span().start().line));
                    }
                }
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<String> {
        refusal(&Sources::from([("src/lib.rs".into(), text.to_owned())]))
    }

    #[test]
    fn a_file_as_text_is_refused_however_it_is_asked_for() {
        for text in [
            "\nconst A: &str = include_str!(\"a\");",
            "\nuse std::include_bytes as get;",
            "\nget!(r#include_str);",
            "\n#![doc = include_str!(\"a\")]",
        ] {
            assert!(refused(text).unwrap().starts_with("src/lib.rs:2: `include_"), "{text}");
        }
    }

    #[test]
    fn words_in_texts_and_comments_are_no_calls() {
        assert_eq!(
            refused("// include_str!\nconst A: &str = \"include_str!\"; fn include() {}"),
            None
        );
        assert_eq!(refused("fn ( no rust"), None);
    }
}
