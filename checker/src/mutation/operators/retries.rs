//! A call that a signal interrupted is not made again.

use syn::{Arm, BinOp, Expr};

use crate::mutation::Operator;
use crate::mutation::found::Found;

/// `Err(Errno::EINTR) => continue,` is gone.
pub(in crate::mutation) fn retries_in_arm(arm: &Arm, found: &mut Found<'_>) {
    if is_of_interruption(found.text_of(&arm.pat)) {
        found.leave_out(Operator::Retry, arm);
    }
}

/// What asks whether a call was interrupted hears that it was not.
pub(super) fn retries(expression: &Expr, found: &mut Found<'_>) {
    let asks = is_of_interruption(found.text_of(expression));
    match expression {
        Expr::Binary(compared) if asks => match compared.op {
            BinOp::Eq(_) => found.replace(Operator::Retry, expression, "false"),
            BinOp::Ne(_) => found.replace(Operator::Retry, expression, "true"),
            _ => {}
        },
        Expr::Macro(_) if asks => found.replace(Operator::Retry, expression, "false"),
        // `while let Err(EINTR) = …`, `if let Err(EINTR) = …`
        Expr::Let(tried) if is_of_interruption(found.text_of(&tried.pat)) => {
            let call = found.text_of(&tried.expr).to_owned();
            found.replace(Operator::Retry, expression, &format!("{{ let _ = {call}; false }}"));
        }
        _ => {}
    }
}

fn is_of_interruption(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|name| name == "EINTR" || name == "Interrupted")
}
