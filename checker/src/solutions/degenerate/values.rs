//! What a function can return that has done nothing: the default of its type.

use std::collections::BTreeMap;

use super::items::{Definition, Fields, Function};

/// What the functions of a candidate look into.
pub(super) const MODULE: &str = "shopfloor_degenerate";

/// The types that the exercise defines: how to name each from the stub, whether the stub defines it, and how.
pub(super) struct Values<'a> {
    pub(super) types: &'a BTreeMap<String, (String, bool, Definition)>,
}

/// How deep a value may be nested.
const DEPTH: usize = 8;

const NUMBERS: [&str; 14] = [
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32",
    "f64",
];

impl Values<'_> {
    /// The default of the function's result, if it has one.
    pub(super) fn default_of(&self, function: &Function) -> Option<String> {
        Making { values: self, function }.value(&function.result, DEPTH)
    }
}

struct Making<'a> {
    values: &'a Values<'a>,
    function: &'a Function,
}

impl Making<'_> {
    fn value(&self, of: &str, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        if let Some((name, _)) = self.function.parameters.iter().find(|(_, it)| it == of) {
            return Some(name.clone());
        }
        if let Some(referred) = of.strip_prefix('&') {
            return self.reference(referred);
        }
        if let Some(inside) = of.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
            let values: Option<Vec<String>> =
                split(inside).iter().map(|it| Some(self.value(it, depth)? + ",")).collect();
            return values.map(|values| format!("({})", values.concat()));
        }
        let (path, arguments) = path_and_arguments(of);
        let name = path.rsplit("::").next().unwrap_or(path);
        match name {
            "bool" => Some("false".to_owned()),
            _ if NUMBERS.contains(&name) => Some("0 as _".to_owned()),
            "String" => Some("::std::string::String::new()".to_owned()),
            "Vec" => Some("::std::vec::Vec::new()".to_owned()),
            "Duration" => Some("::std::time::Duration::ZERO".to_owned()),
            "PhantomData" => Some("::std::marker::PhantomData".to_owned()),
            "ExitCode" => Some("::std::process::ExitCode::SUCCESS".to_owned()),
            "BorrowedFd" => {
                Some(format!("{}{MODULE}::descriptor()", "super::".repeat(self.function.depth)))
            }
            // A process that is there: this one.
            "Pid" => Some("::nix::unistd::Pid::this()".to_owned()),
            "WaitStatus" => Some(
                "::nix::sys::wait::WaitStatus::Exited(::nix::unistd::Pid::this(), 0)".to_owned(),
            ),
            "Option" => Some("::std::option::Option::None".to_owned()),
            "Result" => {
                let value = self.value(arguments.first()?, depth)?;
                Some(format!("::std::result::Result::Ok({value})"))
            }
            "Self" => self.defined(self.function.of_type.as_deref()?, depth),
            _ => self.defined(name, depth),
        }
    }

    fn reference(&self, referred: &str) -> Option<String> {
        let referred = match referred.strip_prefix('\'') {
            Some(lifetime) => lifetime.split_once(' ').map_or("", |(_, referred)| referred),
            None => referred,
        };
        let (path, _) = path_and_arguments(referred);
        match referred {
            "str" => Some("\"\"".to_owned()),
            _ if referred.starts_with('[') => Some("&[]".to_owned()),
            _ if self.function.borrows_self && self.function.of_type.as_deref() == Some(path) => {
                Some("self".to_owned())
            }
            _ => None,
        }
    }

    fn defined(&self, name: &str, depth: usize) -> Option<String> {
        let (place, is_stubs, definition) = self.values.types.get(name)?;
        let with = |place: &str, fields: &Fields| match fields {
            Fields::None => Some(place.to_owned()),
            Fields::Named(_, false) | Fields::Numbered(_, false) if !is_stubs => None,
            Fields::Named(fields, _) => {
                let value = |(name, of): &(String, String)| {
                    Some(format!("{name}: {}, ", self.value(of, depth)?))
                };
                let values: Option<Vec<String>> = fields.iter().map(value).collect();
                Some(format!("{place} {{ {}}}", values?.concat()))
            }
            Fields::Numbered(fields, _) => {
                let values: Option<Vec<String>> =
                    fields.iter().map(|it| self.value(it, depth)).collect();
                Some(format!("{place}({})", values?.join(", ")))
            }
        };
        match definition {
            Definition::Struct(fields) => with(place, fields),
            Definition::Enum(variant, fields) => with(&format!("{place}::{variant}"), fields),
            Definition::Alias(of) => self.value(of, depth),
        }
    }
}

/// `io::Result` and `["u8"]` of `io::Result<u8>`; lifetimes are left out.
fn path_and_arguments(of: &str) -> (&str, Vec<String>) {
    match of.split_once('<') {
        Some((path, arguments)) => {
            let arguments = split(arguments.strip_suffix('>').unwrap_or(arguments));
            (path, arguments.into_iter().filter(|it| !it.starts_with('\'')).collect())
        }
        None => (of, Vec::new()),
    }
}

/// The pieces between commas that are in no bracket.
fn split(list: &str) -> Vec<String> {
    let (mut pieces, mut depth) = (vec![String::new()], 0);
    for sign in list.chars() {
        depth += i32::from("<([".contains(sign)) - i32::from(">)]".contains(sign));
        match (depth, sign) {
            (0, ',') => pieces.push(String::new()),
            _ => pieces.last_mut().expect("there is a first piece").push(sign),
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::items::Items;
    use super::*;

    const TYPES: &str = "struct Semaphore {}\nstruct Permit<'a> { of: &'a Semaphore }\n\
                         enum Ending { Exited(i32), Other }\ntype Answer = Result<Ending, String>;\n\
                         struct Hidden { inner: Unknown }\n";

    fn made(signature: &str) -> Option<String> {
        let items = Items::parse(TYPES).unwrap();
        let types = items.types.into_iter().map(|(name, it)| (name.clone(), (name, true, it)));
        let types = types.collect();
        let function = Items::parse(&format!("impl Semaphore {{ {signature} {{ todo!() }} }}"));
        let function = function.unwrap().functions.remove(0);
        Values { types: &types }.default_of(&function)
    }

    #[rstest]
    #[case::nothing("fn f()", "()")]
    #[case::truth("fn f() -> bool", "false")]
    #[case::number("fn f() -> u32", "0 as _")]
    #[case::success("fn f(item: T) -> Result<(), T>", "::std::result::Result::Ok(())")]
    #[case::the_same_again("fn f(item: T) -> T", "item")]
    #[case::borrowed("fn f(&self) -> Permit<'_>", "Permit { of: self, }")]
    #[case::perhaps("fn f(&self) -> Option<Permit<'_>>", "::std::option::Option::None")]
    #[case::own("fn f() -> Self", "Semaphore { }")]
    #[case::alias("fn f() -> Answer", "::std::result::Result::Ok(Ending::Exited(0 as _))")]
    #[case::pairs("fn f() -> (bool, Ending)", "(false,Ending::Exited(0 as _),)")]
    fn defaults_are_made_where_the_type_allows(#[case] signature: &str, #[case] default: &str) {
        assert_eq!(made(signature).as_deref(), Some(default));
    }

    #[rstest]
    #[case::never("fn f() -> !")]
    #[case::unknown("fn f() -> Hidden")]
    #[case::somebody_elses("fn f(&self, eat: impl FnOnce() -> T) -> T")]
    #[case::of_a_slice("fn f(of: &[u8]) -> &u8")]
    fn some_types_have_no_default(#[case] signature: &str) {
        assert_eq!(made(signature), None);
    }
}
