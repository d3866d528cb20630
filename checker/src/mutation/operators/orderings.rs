//! Each memory ordering one weaker.

use syn::Expr;

use super::names::last_name;
use crate::mutation::Operator;
use crate::mutation::found::Found;

/// Operations that load and store.
const BOTH: [&str; 4] = ["swap", "compare_exchange", "compare_exchange_weak", "fetch_update"];

pub(super) fn orderings(expression: &Expr, found: &mut Found<'_>) {
    let (operation, arguments) = match expression {
        Expr::MethodCall(call) => (call.method.to_string(), &call.args),
        Expr::Call(call) => (last_name(&call.func).unwrap_or_default(), &call.args),
        _ => return,
    };
    for argument in arguments {
        let Some(ordering) = last_name(argument) else { continue };
        for weaker in weaker(&ordering, &operation) {
            let path = found.text_of(argument).to_owned();
            let prefix = path.strip_suffix(ordering.as_str()).unwrap_or_default();
            // Where the names are imported one by one, the weaker one may be no name yet.
            let put = if prefix.is_empty() {
                format!("std::sync::atomic::Ordering::{weaker}")
            } else {
                format!("{prefix}{weaker}")
            };
            found.replace(Operator::Ordering, argument, &put);
        }
    }
}

fn weaker(ordering: &str, operation: &str) -> &'static [&'static str] {
    let is_both = BOTH.contains(&operation) || operation.starts_with("fetch_");
    match (ordering, operation) {
        ("SeqCst", "load") => &["Acquire"],
        ("SeqCst", "store") => &["Release"],
        ("SeqCst", _) if is_both || operation == "fence" => &["AcqRel"],
        ("AcqRel", _) => &["Acquire", "Release"],
        ("Acquire" | "Release", "fence") => &[],
        ("Acquire" | "Release", _) => &["Relaxed"],
        _ => &[],
    }
}
