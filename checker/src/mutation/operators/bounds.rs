//! An `unsafe impl` that asks nothing of its type.

use syn::spanned::Spanned;
use syn::{GenericParam, ItemImpl, WherePredicate};

use crate::mutation::Operator;
use crate::mutation::found::Found;

pub(in crate::mutation) fn bounds(item: &ItemImpl, found: &mut Found<'_>) {
    if item.unsafety.is_none() {
        return;
    }
    for parameter in &item.generics.params {
        if let GenericParam::Type(parameter) = parameter
            && !parameter.bounds.is_empty()
        {
            let name = parameter.ident.to_string();
            found.replace(Operator::Bound, parameter, &name);
        }
    }
    let Some(clause) = &item.generics.where_clause else { return };
    for predicate in &clause.predicates {
        if let WherePredicate::Type(predicate) = predicate {
            let text = found.text_of(predicate).to_owned();
            let name = found.text_of(&predicate.bounded_ty).to_owned();
            let change = format!("`{text}` → `{name}:`");
            let bytes = predicate.span().byte_range();
            found.edit(Operator::Bound, bytes, &format!("{name}:"), change);
        }
    }
}
