//! The way through the syntax tree, on which every operator looks at every place.

use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::mutant::{Mutant, Operator};
use super::operators;

/// All changes that the operators find.
pub(super) fn walk(file: &syn::File, text: &str) -> Vec<Mutant> {
    let mut walk = Walk { found: Found { text, path: Vec::new(), mutants: Vec::new() } };
    walk.visit_file(file);
    walk.found.mutants
}

/// What was found so far, and where the walk is.
pub(super) struct Found<'a> {
    text: &'a str,
    /// The type and the function.
    path: Vec<String>,
    mutants: Vec<Mutant>,
}

impl Found<'_> {
    /// The text of a part of the tree.
    pub(super) fn text_of(&self, part: &impl Spanned) -> &str {
        &self.text[part.span().byte_range()]
    }

    /// A mutant that has `put` in place of a part of the tree.
    pub(super) fn replace(&mut self, operator: Operator, part: &impl Spanned, put: &str) {
        let was = self.text_of(part).to_owned();
        self.edit(operator, part.span().byte_range(), put, format!("`{was}` → `{put}`"));
    }

    /// A mutant without a part of the tree.
    pub(super) fn leave_out(&mut self, operator: Operator, part: &impl Spanned) {
        let was = self.text_of(part).to_owned();
        self.edit(operator, part.span().byte_range(), "", format!("without `{was}`"));
    }

    /// A mutant with any change, said in words.
    pub(super) fn edit(
        &mut self,
        operator: Operator,
        bytes: Range<usize>,
        put: &str,
        change: String,
    ) {
        let line = self.text[..bytes.start].matches('\n').count() + 1;
        let change = change.split_whitespace().collect::<Vec<_>>().join(" ");
        let function = self.path.join("::");
        self.mutants.push(Mutant { operator, function, line, bytes, put: put.to_owned(), change });
    }
}

struct Walk<'a> {
    found: Found<'a>,
}

impl Walk<'_> {
    fn inside(&mut self, name: String, walk: impl FnOnce(&mut Self)) {
        self.found.path.push(name);
        walk(self);
        self.found.path.pop();
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !item.attrs.iter().any(|attribute| attribute.path().is_ident("cfg")) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        operators::bounds(item, &mut self.found);
        let name = match &*item.self_ty {
            syn::Type::Path(path) => path.path.segments.last().map(|it| it.ident.to_string()),
            _ => None,
        };
        self.inside(name.unwrap_or_default(), |walk| visit::visit_item_impl(walk, item));
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.inside(item.sig.ident.to_string(), |walk| {
            operators::parameters(&item.sig, &item.block, &mut walk.found);
            visit::visit_item_fn(walk, item);
        });
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.inside(item.sig.ident.to_string(), |walk| {
            operators::parameters(&item.sig, &item.block, &mut walk.found);
            visit::visit_impl_item_fn(walk, item);
        });
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        operators::steps(block, &mut self.found);
        visit::visit_block(self, block);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        operators::retries_in_arm(arm, &mut self.found);
        operators::errors_in_arm(arm, &mut self.found);
        visit::visit_arm(self, arm);
    }

    fn visit_expr(&mut self, expression: &'ast syn::Expr) {
        for operator in operators::ON_EXPRESSIONS {
            operator(expression, &mut self.found);
        }
        visit::visit_expr(self, expression);
    }
}
