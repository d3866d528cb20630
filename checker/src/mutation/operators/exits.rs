//! A process leaves by another exit.

use syn::Expr;

use super::names::last_name;
use crate::mutation::Operator;
use crate::mutation::found::Found;

/// A word of the mutant, not of this file.
const UNSAFE: &str = "unsafe";

pub(super) fn exits(expression: &Expr, found: &mut Found<'_>) {
    let Expr::Call(call) = expression else { return };
    let Some(name) = last_name(&call.func) else { return };
    let path = found.text_of(&call.func).to_owned();
    let is_of_rust = path.ends_with("process::exit");
    let others: &[&str] = match name.as_str() {
        "_exit" => &["libc::exit", "std::process::exit"],
        "exit" if is_of_rust => &["libc::_exit"],
        "exit" => &["std::process::exit", "libc::_exit"],
        _ => return,
    };
    for other in others {
        // libc's functions are unsafe, and where they are called from may be safe.
        let put = match other.strip_prefix("libc::") {
            Some(_) if is_of_rust => format!("(|code| {UNSAFE} {{ {other}(code) }})"),
            _ => (*other).to_owned(),
        };
        found.replace(Operator::Exit, &call.func, &put);
    }
}
