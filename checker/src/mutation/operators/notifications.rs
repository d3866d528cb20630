//! Each notification left out; one woken instead of all.

use syn::Expr;

use super::names::last_name;
use crate::mutation::Operator;
use crate::mutation::found::Found;

/// What wakes somebody, and what would wake one only.
const WAKE: [(&str, Option<&str>); 8] = [
    ("notify_one", None),
    ("notify_all", Some("notify_one")),
    ("notify_waiters", Some("notify_one")),
    ("wake", None),
    ("wake_one", None),
    ("wake_all", Some("wake_one")),
    ("wake_by_ref", None),
    ("unpark", None),
];

pub(super) fn notifications(expression: &Expr, found: &mut Found<'_>) {
    let name = match expression {
        Expr::MethodCall(call) => call.method.to_string(),
        Expr::Call(call) => last_name(&call.func).unwrap_or_default(),
        _ => return,
    };
    let Some((_, weaker)) = WAKE.iter().find(|(wake, _)| name == *wake) else { return };
    found.replace(Operator::Notification, expression, "()");
    let Some(weaker) = weaker else { return };
    match expression {
        Expr::MethodCall(call) => found.replace(Operator::Notification, &call.method, weaker),
        Expr::Call(call) => {
            if let Expr::Path(path) = &*call.func {
                let last = &path.path.segments.last().expect("it has a name").ident;
                found.replace(Operator::Notification, last, weaker);
            }
        }
        _ => {}
    }
}
