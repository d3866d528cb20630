use rstest::rstest;

use super::{Mutant, Operator, mutants_of};

/// The mutants of a function with this body.
fn of(body: &str) -> (String, Vec<Mutant>) {
    let text = format!("fn f() {{ {body} }}");
    let mutants = mutants_of(&text).expect("the body is Rust");
    (text, mutants)
}

#[rstest]
#[case::ordering(
    "a.store(1, Ordering::SeqCst)",
    Operator::Ordering,
    "a.store(1, Ordering::Release)"
)]
#[case::of_a_load(
    "a.load(SeqCst)",
    Operator::Ordering,
    "a.load(std::sync::atomic::Ordering::Acquire)"
)]
#[case::of_both("a.swap(1, Ordering::AcqRel)", Operator::Ordering, "a.swap(1, Ordering::Acquire)")]
#[case::of_a_release(
    "a.store(1, Ordering::Release)",
    Operator::Ordering,
    "a.store(1, Ordering::Relaxed)"
)]
#[case::silent("c.notify_one()", Operator::Notification, "()")]
#[case::one_for_all("c.notify_all()", Operator::Notification, "c.notify_one()")]
#[case::one_for_all_of_a_function(
    "sync::wake_all(&w)",
    Operator::Notification,
    "sync::wake_one(&w)"
)]
#[case::looks_once("while full { g = c.wait(g); }", Operator::Wait, "if full { g = c.wait(g); }")]
#[case::waits_once("c.wait_while(g, |n| *n == 0)", Operator::Wait, "c.wait(g)")]
#[case::flag("pipe2(O::NONBLOCK | O::CLOEXEC)", Operator::Flag, "pipe2(O::NONBLOCK)")]
#[case::only_flag("pipe2(OFlag::O_CLOEXEC)", Operator::Flag, "pipe2(OFlag::empty())")]
#[case::interrupted_arm(
    "match r { Err(EINTR) => {} other => return other }",
    Operator::Retry,
    "match r {  other => return other }"
)]
#[case::interrupted_condition(
    "if e == Errno::EINTR { again() }",
    Operator::Retry,
    "if false { again() }"
)]
#[case::interrupted_pattern(
    "while let Err(EINTR) = wait() {}",
    Operator::Retry,
    "while { let _ = wait(); false } {}"
)]
#[case::step("drop(end); read()", Operator::LeftOut, " read()")]
#[case::assignment("self.open = false; read()", Operator::LeftOut, " read()")]
#[case::exchanged("write(1); close(2);", Operator::Exchanged, "close(2); write(1);")]
#[case::last_one_too("unlock(); notify()", Operator::Exchanged, "notify(); unlock()")]
#[case::ignored("flush()?; Ok(())", Operator::Error, "let _ = flush(); Ok(())")]
#[case::as_success("return Err(e);", Operator::Error, "return Ok(Default::default());")]
#[case::as_success_in_an_arm(
    "match r { Err(e) => Err(e), ok => ok }",
    Operator::Error,
    "match r { Err(e) => Ok(Default::default()), ok => ok }"
)]
#[case::with_handlers("libc::_exit(1)", Operator::Exit, "libc::exit(1)")]
#[case::without_handlers(
    "process::exit(1)",
    Operator::Exit,
    concat!("(|code| unsafe", " { libc::_exit(code) })(1)")
)]
#[case::wraps("n.checked_add(1)", Operator::Width, "Some(n.wrapping_add(1))")]
#[case::starts_again("n.saturating_sub(1)", Operator::Width, "n.wrapping_sub(1)")]
fn a_mistake_is_made(#[case] body: &str, #[case] operator: Operator, #[case] wrong: &str) {
    let (text, mutants) = of(body);
    let wanted = format!("fn f() {{ {wrong} }}");
    let made: Vec<String> = (mutants.iter())
        .filter(|mutant| mutant.operator == operator)
        .map(|mutant| mutant.apply(&text))
        .collect();
    assert!(made.contains(&wanted), "{made:#?}");
}

#[rstest]
#[case::relaxed("a.store(1, Ordering::Relaxed)")]
#[case::no_wait("while full { look() }")]
#[case::numbers("mask(one | other)")]
#[case::another_error("if e == Errno::EAGAIN { again() }")]
#[case::a_value("let a = drop(end);")]
fn nothing_to_do_wrong(#[case] body: &str) {
    assert_eq!(of(body).1, Vec::new());
}

#[test]
fn a_bound_of_an_unsafe_impl_goes() {
    let text = "unsafe impl<T: Send> Sync for Cell<T> {}\nimpl<T: Send> Cell<T> {}";
    let mutants = mutants_of(text).unwrap();
    let made: Vec<String> = mutants.iter().map(|mutant| mutant.apply(text)).collect();
    assert_eq!(made, ["unsafe impl<T> Sync for Cell<T> {}\nimpl<T: Send> Cell<T> {}"]);
}

#[test]
fn a_number_that_is_taken_loses_its_upper_bits() {
    let text = "fn f(n: u32) { g(n) }";
    let mutants = mutants_of(text).unwrap();
    let made: Vec<String> = mutants.iter().map(|mutant| mutant.apply(text)).collect();
    let wanted = |narrow| format!("fn f(n: u32) {{ let n = n as {narrow} as u32; g(n) }}");
    assert_eq!(made, ["u8", "u16"].map(wanted));
}

#[test]
fn a_mutant_says_what_was_done_and_where() {
    let text = "impl Lock {\n    fn unlock(&self) {\n        self.waiters\n            .notify_one();\n    }\n}";
    let mutants = mutants_of(text).unwrap();
    let silent = &mutants[0];
    assert_eq!(
        (silent.line, silent.to_string().as_str()),
        (3, "notification: `self.waiters .notify_one()` → `()` in Lock::unlock")
    );
}

#[test]
fn tests_are_not_changed() {
    let text = "#[cfg(test)]\nmod tests { fn f() { c.notify_one(); } }";
    assert_eq!(mutants_of(text).unwrap(), Vec::new());
}

#[test]
fn every_operator_has_a_name_of_its_own() {
    let mut names = Operator::ALL.map(Operator::name);
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
}
