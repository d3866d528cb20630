//! Numbers that lose their upper bits, or wrap around.

use syn::spanned::Spanned;
use syn::{Block, Expr, FnArg, Pat, Signature, Type};

use crate::mutation::Operator;
use crate::mutation::found::Found;

/// `checked_add` gives a number where it should give none; `saturating_add` starts again at zero.
pub(super) fn widths(expression: &Expr, found: &mut Found<'_>) {
    let Expr::MethodCall(call) = expression else { return };
    let method = call.method.to_string();
    let receiver = found.text_of(&call.receiver).to_owned();
    let arguments: Vec<&str> = call.args.iter().map(|argument| found.text_of(argument)).collect();
    let arguments = arguments.join(", ");
    if let Some(operation) = method.strip_prefix("checked_") {
        let wrapped = format!("Some({receiver}.wrapping_{operation}({arguments}))");
        found.replace(Operator::Width, expression, &wrapped);
    } else if let Some(operation) = method.strip_prefix("saturating_") {
        let wrapped = format!("{receiver}.wrapping_{operation}({arguments})");
        found.replace(Operator::Width, expression, &wrapped);
    }
}

/// Every number that a function takes is kept in fewer bits.
pub(in crate::mutation) fn parameters(signature: &Signature, block: &Block, found: &mut Found<'_>) {
    for input in &signature.inputs {
        let FnArg::Typed(parameter) = input else { continue };
        let (Pat::Ident(name), Type::Path(kind)) = (&*parameter.pat, &*parameter.ty) else {
            continue;
        };
        let (name, kind) = (name.ident.to_string(), found.text_of(kind).to_owned());
        let narrower: &[&str] = match kind.as_str() {
            "usize" | "u64" => &["u8", "u16", "u32"],
            "u32" => &["u8", "u16"],
            "u16" => &["u8"],
            "isize" | "i64" => &["i8", "i16", "i32"],
            "i32" => &["u8", "i8", "i16"],
            _ => continue,
        };
        let open = block.brace_token.span.open().span().byte_range();
        for narrow in narrower {
            let put = format!("{{ let {name} = {name} as {narrow} as {kind};");
            let change = format!("`{name}: {kind}` as {narrow}");
            found.edit(Operator::Width, open.clone(), &put, change);
        }
    }
}
