//! The way through the syntax tree, on which every operator looks at every place.

use syn::visit::{self, Visit};

use super::found::Found;
use super::mutant::Mutant;
use super::operators;

/// All changes that the operators find.
pub(super) fn walk(file: &syn::File, text: &str) -> Vec<Mutant> {
    let mut walk = Walk { found: Found::in_text(text) };
    walk.visit_file(file);
    walk.found.mutants
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
