//! The operators: each looks at a part of the tree and says what could be done wrong there.

mod bounds;
mod errors;
mod exits;
mod flags;
mod names;
mod notifications;
mod orderings;
mod retries;
mod steps;
mod waits;
mod widths;

pub(super) use bounds::bounds;
pub(super) use errors::errors_in_arm;
pub(super) use retries::retries_in_arm;
pub(super) use steps::steps;
pub(super) use widths::parameters;

use syn::Expr;

use super::found::Found;

/// Those that look at expressions.
pub(super) const ON_EXPRESSIONS: [fn(&Expr, &mut Found<'_>); 8] = [
    orderings::orderings,
    notifications::notifications,
    waits::waits,
    flags::flags,
    retries::retries,
    errors::errors,
    exits::exits,
    widths::widths,
];
