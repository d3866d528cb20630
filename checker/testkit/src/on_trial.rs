//! The part of a program that is on trial.
#![allow(unsafe_code)]

/// An operation of prctl(2) that the kernel does not know: `SHOP`. The tracer sees the call.
const MARK: libc::c_int = 0x5348_4f50;

/// Runs `body` as the part of this program whose calls a trial of the tracer's may disturb; a child that is
/// made in it is in it too, until it becomes another program. Without a tracer it only runs.
pub fn on_trial<T>(body: impl FnOnce() -> T) -> T {
    /// However the part is left.
    struct Ends;
    impl Drop for Ends {
        fn drop(&mut self) {
            mark(false);
        }
    }
    mark(true);
    let _ends = Ends;
    body()
}

fn mark(is_on_trial: bool) {
    // SAFETY: prctl takes numbers here, and fails for an operation that it does not know (prctl(2)).
    unsafe { libc::prctl(MARK, libc::c_ulong::from(is_on_trial), 0, 0, 0) };
}
