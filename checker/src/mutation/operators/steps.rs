//! The steps of a block: one left out, two exchanged, the error of one ignored.

use syn::spanned::Spanned;
use syn::{Block, Expr, Stmt};

use crate::mutation::Operator;
use crate::mutation::found::Found;

pub(in crate::mutation) fn steps(block: &Block, found: &mut Found<'_>) {
    for step in block.stmts.iter().filter_map(step) {
        if step.ends_with_semicolon {
            found.leave_out(Operator::LeftOut, step.statement);
            if matches!(step.expression, Expr::Try(_)) {
                let tried = found.text_of(step.expression).to_owned();
                let ignored = format!("let _ = {};", tried.trim_end_matches('?'));
                found.replace(Operator::Error, step.statement, &ignored);
            }
        }
    }
    for pair in block.stmts.windows(2) {
        let (Some(first), Some(second)) = (step(&pair[0]), step(&pair[1])) else { continue };
        let text = |step: &Step<'_>| found.text_of(step.expression).to_owned();
        let (one, other) = (text(&first), text(&second));
        let end = if second.ends_with_semicolon { ";" } else { "" };
        let (first, second) = (first.statement.span(), second.statement.span());
        let bytes = first.byte_range().start..second.byte_range().end;
        let change = format!("`{other}` before `{one}`");
        found.edit(Operator::Exchanged, bytes, &format!("{other}; {one}{end}"), change);
    }
}

/// A statement that does something.
struct Step<'a> {
    statement: &'a Stmt,
    expression: &'a Expr,
    ends_with_semicolon: bool,
}

fn step(statement: &Stmt) -> Option<Step<'_>> {
    let Stmt::Expr(expression, semicolon) = statement else { return None };
    let called = match expression {
        Expr::Try(tried) => &*tried.expr,
        Expr::Unsafe(block) => match &block.block.stmts[..] {
            [Stmt::Expr(inner, _)] => inner,
            _ => return None,
        },
        expression => expression,
    };
    let is_step = matches!(called, Expr::Call(_) | Expr::MethodCall(_) | Expr::Assign(_))
        || matches!(called, Expr::Binary(binary) if is_assignment(binary));
    let ends_with_semicolon = semicolon.is_some();
    is_step.then_some(Step { statement, expression, ends_with_semicolon })
}

fn is_assignment(binary: &syn::ExprBinary) -> bool {
    use syn::BinOp;
    matches!(
        binary.op,
        BinOp::AddAssign(_) | BinOp::SubAssign(_) | BinOp::BitOrAssign(_) | BinOp::BitAndAssign(_)
    )
}
