//! Names of what is called.

use syn::Expr;

/// The last name of a path: `SeqCst` of `Ordering::SeqCst`.
pub(super) fn last_name(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        _ => None,
    }
}
