//! The changes that operators have found, and the text that they are made in.

use std::ops::Range;

use syn::spanned::Spanned;

use super::mutant::{Mutant, Operator};

/// What was found so far, and where the walk is.
pub(super) struct Found<'a> {
    text: &'a str,
    /// The type and the function.
    pub(super) path: Vec<String>,
    pub(super) mutants: Vec<Mutant>,
}

impl<'a> Found<'a> {
    /// Nothing yet.
    pub(super) fn in_text(text: &'a str) -> Self {
        Self { text, path: Vec::new(), mutants: Vec::new() }
    }

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
