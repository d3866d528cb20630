//! Errors that nobody hears of.

use syn::{Arm, Expr, ExprCall};

use super::names::last_name;
use crate::mutation::Operator;
use crate::mutation::found::Found;

/// `return Err(…)` says that all went well.
pub(super) fn errors(expression: &Expr, found: &mut Found<'_>) {
    if let Expr::Return(syn::ExprReturn { expr: Some(value), .. }) = expression {
        told_as_success(value, found);
    }
}

/// `… => Err(…)` says so too.
pub(in crate::mutation) fn errors_in_arm(arm: &Arm, found: &mut Found<'_>) {
    told_as_success(&arm.body, found);
}

fn told_as_success(value: &Expr, found: &mut Found<'_>) {
    let Expr::Call(ExprCall { func, .. }) = value else { return };
    if last_name(func).as_deref() == Some("Err") {
        found.replace(Operator::Error, value, "Ok(Default::default())");
    }
}
