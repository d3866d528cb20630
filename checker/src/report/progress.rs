//! How far something is, in a line.

use crate::workbook::curriculum::Exercise;

/// `compiling 87 of 143: hyper`.
pub(crate) fn compiling(done: usize, of: usize, next: &str) -> String {
    // The one that is being compiled counts: it is the 87th.
    format!("compiling {} of {of}: {next}", (done + 1).min(of))
}

/// `testing semaphore: 12 of 59`.
pub(crate) fn testing(exercise: &Exercise, done: usize, of: usize) -> String {
    format!("testing {}: {done} of {of}", exercise.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_that_is_being_compiled_counts() {
        assert_eq!(compiling(86, 143, "hyper"), "compiling 87 of 143: hyper");
        assert_eq!(compiling(143, 143, "semaphore"), "compiling 143 of 143: semaphore");
    }
}
