//! The items of a stub, read from its tokens: the functions that are still to be written, and the types.

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// What a file of the library defines.
#[derive(Default)]
pub(super) struct Items {
    /// The functions with a `todo!`.
    pub(super) functions: Vec<Function>,
    pub(super) types: BTreeMap<String, Definition>,
}

/// A function whose body is a `todo!`.
pub(super) struct Function {
    /// The bytes of its body, braces included.
    pub(super) body: Range<usize>,
    /// What it returns; `()` if it does not say.
    pub(super) result: String,
    /// The type that it is a function of, without its parameters.
    pub(super) of_type: Option<String>,
    /// Whether it takes `&self` or `&mut self`.
    pub(super) borrows_self: bool,
    /// Names and types.
    pub(super) parameters: Vec<(String, String)>,
    /// In how many modules of its file it lies.
    pub(super) depth: usize,
}

/// A type's definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Definition {
    Struct(Fields),
    /// The first variant stands for all.
    Enum(String, Fields),
    Alias(String),
}

/// The types of fields, and whether everybody may name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fields {
    Named(Vec<(String, String)>, IsPublic),
    Numbered(Vec<String>, IsPublic),
    None,
}

pub(super) type IsPublic = bool;

impl Items {
    /// The items of a file; `None` if it is no Rust.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut items = Self::default();
        items.add(text.parse().ok()?, None, 0);
        Some(items)
    }

    fn add(&mut self, tokens: TokenStream, of_type: Option<&str>, depth: usize) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            let name = tokens.get(at + 1).map(ToString::to_string).unwrap_or_default();
            let rest = &tokens[at..];
            match word(&tokens[at]).as_str() {
                "fn" => {
                    let is_const = (tokens[..at].iter().rev().map(word))
                        .take_while(|word| MODIFIERS.contains(&word.as_str()))
                        .any(|word| word == "const");
                    let function = function(rest, of_type, depth);
                    self.functions.extend(function.filter(|_| !is_const));
                    at += length(rest);
                }
                "impl" => {
                    let head = length(rest);
                    if let Some(body) = body(&rest[..head]) {
                        self.add(body.stream(), Some(&type_of_impl(&rest[1..head - 1])), depth);
                    }
                    at += head;
                }
                "mod" => {
                    let head = length(rest);
                    if let Some(body) = body(&rest[..head]) {
                        self.add(body.stream(), None, depth + 1);
                    }
                    at += head;
                }
                "struct" => {
                    let head = length(rest);
                    self.types.insert(name, Definition::Struct(fields(&rest[2..head])));
                    at += head;
                }
                "enum" => {
                    let head = length(rest);
                    let definition = body(&rest[..head]).and_then(first_variant);
                    self.types.extend(definition.map(|it| (name, it)));
                    at += head;
                }
                "type" => {
                    let head = length(rest);
                    let equals = rest[..head].iter().position(|token| is(token, '='));
                    if let Some(equals) = equals {
                        let aliased = text(&rest[equals + 1..head - 1]);
                        self.types.insert(name, Definition::Alias(aliased));
                    }
                    at += head;
                }
                _ => at += 1,
            }
        }
    }
}

/// What may stand before `fn`.
const MODIFIERS: [&str; 4] = ["const", "async", "unsafe", "extern"];

fn function(tokens: &[TokenTree], of_type: Option<&str>, depth: usize) -> Option<Function> {
    let tokens = &tokens[..length(tokens)];
    let body = body(tokens).filter(|body| has_todo(body.stream()))?;
    let parameters = tokens.iter().position(|token| group(token, Delimiter::Parenthesis))?;
    let TokenTree::Group(list) = &tokens[parameters] else { return None };
    let list = split(list.stream().into_iter().collect());
    let borrows_self = list.first().is_some_and(|first| {
        is(&first[0], '&') && first.last().is_some_and(|last| word(last) == "self")
    });
    let parameter = |tokens: &Vec<TokenTree>| {
        let colon = tokens.iter().position(|token| is(token, ':'))?;
        Some((word(&tokens[colon.checked_sub(1)?]), text(&tokens[colon + 1..])))
    };
    let after = &tokens[parameters + 1..tokens.len() - 1];
    let result: Vec<TokenTree> =
        after.iter().take_while(|token| word(token) != "where").cloned().collect();
    Some(Function {
        body: body.span().byte_range(),
        // Without the arrow.
        result: if result.len() > 2 { text(&result[2..]) } else { "()".to_owned() },
        of_type: of_type.map(str::to_owned),
        borrows_self,
        parameters: list.iter().filter_map(parameter).collect(),
        depth,
    })
}

fn has_todo(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => has_todo(group.stream()),
        token => word(&token) == "todo",
    })
}

/// How many tokens an item has, from its keyword to its body or semicolon.
fn length(tokens: &[TokenTree]) -> usize {
    let ends = |token: &TokenTree| group(token, Delimiter::Brace) || is(token, ';');
    tokens.iter().position(ends).map_or(tokens.len(), |end| end + 1)
}

fn body(item: &[TokenTree]) -> Option<&Group> {
    match item.last() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => Some(group),
        _ => None,
    }
}

/// `Semaphore` of `impl<T> Drop for Semaphore<T>`.
fn type_of_impl(head: &[TokenTree]) -> String {
    let head = match head.iter().position(|token| word(token) == "for") {
        Some(place) => &head[place + 1..],
        None if head.first().is_some_and(|token| is(token, '<')) => after_angles(head),
        None => head,
    };
    head.iter().map(word).take_while(|word| !word.is_empty()).last().unwrap_or_default()
}

/// What comes after `<…>`.
fn after_angles(tokens: &[TokenTree]) -> &[TokenTree] {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        depth += i32::from(is(token, '<')) - i32::from(is(token, '>') && !is_arrow(tokens, at));
        if depth == 0 {
            return &tokens[at + 1..];
        }
    }
    &[]
}

fn is_arrow(tokens: &[TokenTree], at: usize) -> bool {
    at > 0 && is(&tokens[at - 1], '-')
}

/// The fields of a struct or a variant, from what follows its name.
fn fields(tokens: &[TokenTree]) -> Fields {
    for token in tokens {
        let TokenTree::Group(group) = token else { continue };
        let list = split(group.stream().into_iter().collect());
        let is_public = |field: &Vec<TokenTree>| field.iter().any(|token| word(token) == "pub");
        let are_public = list.iter().all(is_public);
        let list = list.iter().map(|field| without_head(field));
        return match group.delimiter() {
            Delimiter::Parenthesis => Fields::Numbered(list.map(text).collect(), are_public),
            Delimiter::Brace => {
                let named = list.filter(|field| field.len() > 2);
                Fields::Named(named.map(|it| (word(&it[0]), text(&it[2..]))).collect(), are_public)
            }
            _ => continue,
        };
    }
    Fields::None
}

fn first_variant(body: &Group) -> Option<Definition> {
    let variant = split(body.stream().into_iter().collect()).into_iter().next()?;
    let variant = without_head(&variant);
    let fields = match fields(&variant[1..]) {
        Fields::Named(fields, _) => Fields::Named(fields, true),
        Fields::Numbered(fields, _) => Fields::Numbered(fields, true),
        Fields::None => Fields::None,
    };
    Some(Definition::Enum(word(variant.first()?), fields))
}

/// Without attributes and visibility.
fn without_head(mut tokens: &[TokenTree]) -> &[TokenTree] {
    loop {
        tokens = match tokens {
            [hash, _, rest @ ..] if is(hash, '#') => rest,
            [word_pub, scope, rest @ ..]
                if word(word_pub) == "pub" && group(scope, Delimiter::Parenthesis) =>
            {
                rest
            }
            [word_pub, rest @ ..] if word(word_pub) == "pub" => rest,
            _ => return tokens,
        };
    }
}

/// The pieces between commas.
fn split(tokens: Vec<TokenTree>) -> Vec<Vec<TokenTree>> {
    let (mut pieces, mut depth) = (vec![Vec::new()], 0);
    for (at, token) in tokens.iter().enumerate() {
        depth += i32::from(is(token, '<')) - i32::from(is(token, '>') && !is_arrow(&tokens, at));
        if depth == 0 && is(token, ',') {
            pieces.push(Vec::new());
        } else if let Some(piece) = pieces.last_mut() {
            piece.push(token.clone());
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

/// An identifier; nothing of any other token.
fn word(token: &TokenTree) -> String {
    match token {
        TokenTree::Ident(ident) => ident.to_string(),
        _ => String::new(),
    }
}

/// A type's text without needless spaces.
fn text(tokens: &[TokenTree]) -> String {
    let mut text = String::new();
    for token in tokens {
        let token = match token {
            TokenTree::Group(group) => {
                let inside = self::text(&group.stream().into_iter().collect::<Vec<_>>());
                match group.delimiter() {
                    Delimiter::Parenthesis => format!("({inside})"),
                    Delimiter::Bracket => format!("[{inside}]"),
                    Delimiter::Brace => format!("{{{inside}}}"),
                    Delimiter::None => inside,
                }
            }
            token => token.to_string(),
        };
        let touches = |c: char| c.is_alphanumeric() || c == '_';
        if text.ends_with(touches) && token.starts_with(touches) {
            text.push(' ');
        }
        text.push_str(&token);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const STUB: &str = r#"//! ä
use std::io;
/// Fields.
#[derive(Debug)]
pub struct Semaphore {
    // nothing
}
pub struct Permit<'a> { _semaphore: &'a Semaphore }
pub(crate) struct Pair(pub u8, pub Vec<(u8, i32)>);
pub enum Ending { /// d
    Exited(i32), Killed }
pub type Answer = Result<Vec<u8>, io::Error>;
impl<T: Fn() -> u8> Drop for Other<T> { fn drop(&mut self) { todo!("{}", 1) } }
impl Semaphore {
    pub const fn new(n: usize) -> Self { todo!() }
    pub fn acquire(&self, mut n: usize) -> Option<Permit<'_>> where u8: Copy { todo!("ä {n}") }
    pub fn given(&self) -> u8 { 1 }
}
mod inner { pub fn f<T>(run: impl FnOnce(u8) -> T) { todo!() } }
"#;

    #[test]
    fn functions_to_be_written_are_found_with_all_that_they_say() {
        let items = Items::parse(STUB).unwrap();
        let bodies: Vec<&str> = items.functions.iter().map(|it| &STUB[it.body.clone()]).collect();
        assert_eq!(bodies, ["{ todo!(\"{}\", 1) }", "{ todo!(\"ä {n}\") }", "{ todo!() }"]);
        let of: Vec<Option<&str>> =
            items.functions.iter().map(|it| it.of_type.as_deref()).collect();
        assert_eq!(of, [Some("Other"), Some("Semaphore"), None]);
        let [drop, acquire, f] = &items.functions[..] else { unreachable!() };
        assert_eq!((drop.result.as_str(), drop.borrows_self, drop.depth), ("()", true, 0));
        assert_eq!(acquire.result, "Option<Permit<'_>>");
        assert_eq!(acquire.parameters, [("n".to_owned(), "usize".to_owned())]);
        assert_eq!((f.result.as_str(), f.borrows_self, f.depth), ("()", false, 1));
        assert_eq!(f.parameters, [("run".to_owned(), "impl FnOnce(u8)->T".to_owned())]);
    }

    #[test]
    fn types_are_found_with_their_fields() {
        let types = Items::parse(STUB).unwrap().types;
        let numbered = |types: &[&str]| types.iter().map(|it| (*it).to_owned()).collect();
        let named = |name: &str, of: &str| vec![(name.to_owned(), of.to_owned())];
        let expected = [
            ("Semaphore", Definition::Struct(Fields::Named(Vec::new(), true))),
            (
                "Permit",
                Definition::Struct(Fields::Named(named("_semaphore", "&'a Semaphore"), false)),
            ),
            (
                "Pair",
                Definition::Struct(Fields::Numbered(numbered(&["u8", "Vec<(u8,i32)>"]), true)),
            ),
            (
                "Ending",
                Definition::Enum("Exited".into(), Fields::Numbered(numbered(&["i32"]), true)),
            ),
            ("Answer", Definition::Alias("Result<Vec<u8>,io::Error>".into())),
        ];
        for (name, definition) in expected {
            assert_eq!(types[name], definition, "{name}");
        }
    }
}
