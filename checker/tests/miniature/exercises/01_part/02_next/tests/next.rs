//! What is asked of the answer.

#[test]
fn it_is_even() {
    assert_eq!(next::next() % 2, 0, "the answer is an even number");
}

#[test]
fn it_is_42() {
    assert_eq!(next::next(), 42, "the answer is 42");
}
