//! Each flag left out.

use syn::{BinOp, Expr};

use super::names::last_name;
use crate::mutation::Operator;
use crate::mutation::found::Found;

pub(super) fn flags(expression: &Expr, found: &mut Found<'_>) {
    match expression {
        Expr::Binary(both) if matches!(both.op, BinOp::BitOr(_)) => {
            for (left_out, kept) in [(&both.left, &both.right), (&both.right, &both.left)] {
                if is_flag(left_out) {
                    let kept = found.text_of(kept).to_owned();
                    found.replace(Operator::Flag, expression, &kept);
                }
            }
        }
        Expr::Call(call) => call.args.iter().for_each(|argument| alone(argument, found)),
        Expr::MethodCall(call) => call.args.iter().for_each(|argument| alone(argument, found)),
        _ => {}
    }
}

/// A flag that is the only one: `OFlag::O_CLOEXEC`, `Some(WaitPidFlag::WNOHANG)`.
fn alone(argument: &Expr, found: &mut Found<'_>) {
    if !is_flag(argument) {
        return;
    }
    let path = found.text_of(argument).to_owned();
    match path.rsplit_once("::") {
        Some((kind, _)) if kind.to_lowercase().contains("flag") => {
            found.replace(Operator::Flag, argument, &format!("{kind}::empty()"));
        }
        Some(("libc", _)) => found.replace(Operator::Flag, argument, "0"),
        _ => {}
    }
}

/// A name in capitals, as flags have.
fn is_flag(expression: &Expr) -> bool {
    last_name(expression).is_some_and(|name| {
        name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    })
}
