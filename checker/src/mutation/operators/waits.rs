//! What a wait waits for is looked at once: `if` for `while`.

use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprMethodCall};

use super::names::last_name;
use crate::mutation::Operator;
use crate::mutation::found::Found;

pub(super) fn waits(expression: &Expr, found: &mut Found<'_>) {
    match expression {
        Expr::While(repeated) if Waits::are_in(expression) => {
            found.replace(Operator::Wait, &repeated.while_token, "if");
        }
        // As if the thread always were the only one that waits, and never woken for nothing.
        Expr::MethodCall(call) if call.method == "wait_while" && call.args.len() == 2 => {
            let guard = found.text_of(&call.args[0]).to_owned();
            let condvar = found.text_of(&call.receiver).to_owned();
            found.replace(Operator::Wait, expression, &format!("{condvar}.wait({guard})"));
        }
        _ => {}
    }
}

/// Whether something below sleeps.
struct Waits(bool);

impl Waits {
    fn are_in(expression: &Expr) -> bool {
        let mut waits = Self(false);
        waits.visit_expr(expression);
        waits.0
    }

    fn see(&mut self, name: &str) {
        self.0 |= name.contains("wait") || name == "park" || name == "poll";
    }
}

impl<'ast> Visit<'ast> for Waits {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        self.see(&call.method.to_string());
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        self.see(&last_name(&call.func).unwrap_or_default());
        visit::visit_expr_call(self, call);
    }
}
