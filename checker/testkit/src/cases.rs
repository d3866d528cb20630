//! A table of cases.

/// Makes a test of each row: it calls the function of that name with the row's values.
///
/// It is for exercises that a newcomer compiles first: rstest does more, and with the crates that its macros need it
/// takes most of such a build. The tests are called as rstest would call them, `a_sum_is_right::case_1_of_nothing`:
/// libtest runs them by their names, so that the number is part of it.
///
/// ```
/// fn a_sum_is_right(numbers: &[u32], sum: u32) {
///     assert_eq!(numbers.iter().sum::<u32>(), sum);
/// }
///
/// testkit::cases! {
///     a_sum_is_right:
///     case_1_of_nothing(&[], 0);
///     case_2_of_two(&[1, 2], 3);
/// }
/// ```
#[macro_export]
macro_rules! cases {
    ($test:ident: $($case:ident($($value:expr),* $(,)?);)+) => {
        mod $test {
            #[allow(unused_imports, reason = "a table of numbers names nothing from outside")]
            use super::*;

            $(#[test]
            pub(super) fn $case() {
                super::$test($($value),*);
            })+
        }
    };
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    static SUM: AtomicU32 = AtomicU32::new(0);

    fn each_row_is_a_test(value: u32) {
        SUM.fetch_add(value, Ordering::Relaxed);
    }

    crate::cases! {
        each_row_is_a_test:
        case_1_one(1);
        case_2_ten(10);
    }

    #[test]
    fn a_row_hands_on_its_value() {
        let before = SUM.load(Ordering::Relaxed);
        each_row_is_a_test::case_2_ten();
        // Others may be adding theirs.
        assert!(SUM.load(Ordering::Relaxed) >= before + 10);
    }
}
