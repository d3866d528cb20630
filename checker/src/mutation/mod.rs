//! Small changes of a solution: the mistakes that people make in this field, as operators on the syntax
//! tree.
//!
//! Operators of the language (a `<` for a `<=`) are cargo-mutants' part. These are others: an ordering
//! that is too weak, a notification that is left out, an interrupted call that is not made again. A mutant
//! is one change of the text; everything else stays as it stands.

mod found;
mod mutant;
mod operators;
mod walk;

#[cfg(test)]
mod tests;

pub use mutant::{Mutant, Operator};

/// All mutants of a source text, in the order of its lines.
pub fn mutants_of(text: &str) -> Result<Vec<Mutant>, syn::Error> {
    let mut mutants = walk::walk(&syn::parse_file(text)?, text);
    mutants.sort_by_key(|mutant| (mutant.bytes.start, mutant.operator));
    mutants.dedup_by(|one, other| one.bytes == other.bytes && one.put == other.put);
    Ok(mutants)
}
