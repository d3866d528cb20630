//! Whether a thread sleeps, and for what.

use procfs::{Activity, Syscall, thread_activity};

/// What a thread that looks asleep sleeps for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sleep {
    /// Something that another thread or process does.
    UntilWoken,
    /// Some time, at most.
    ByTheClock,
    /// The kernel will not tell: neither for what, nor whether it sleeps at all.
    Untold,
}

/// What thread `tid` of process `pid` sleeps for; `None` if it does not sleep.
///
/// The state in proc_pid_stat(5) says "asleep" as soon as a thread sets out to sleep, and it may
/// think better of it: wait4(2) with `WNOHANG` does so each time. This answer is of a thread that has
/// left its CPU.
///
/// A wait for descriptors is not by the clock, but for ppoll(2) without any: what is ready may come any
/// time.
pub(crate) fn sleep(pid: i32, tid: i32) -> Option<Sleep> {
    thread_activity(pid, tid).map_or(Some(Sleep::Untold), sleep_by)
}

fn sleep_by(activity: Activity) -> Option<Sleep> {
    let (number, arguments) = match activity {
        Activity::Running => return None,
        Activity::OutsideCalls => return Some(Sleep::UntilWoken),
        Activity::InCall(Syscall { number, arguments }) => (number, arguments),
    };
    let by_the_clock = match number {
        libc::SYS_nanosleep | libc::SYS_clock_nanosleep => true,
        // The other operations of futex(2) that sleep are not used by locks of the standard library.
        libc::SYS_futex => {
            let operation = arguments[1] as i32 & libc::FUTEX_CMD_MASK;
            [libc::FUTEX_WAIT, libc::FUTEX_WAIT_BITSET].contains(&operation) && arguments[3] != 0
        }
        libc::SYS_ppoll => arguments[1] == 0 && arguments[2] != 0,
        _ => false,
    };
    Some(if by_the_clock { Sleep::ByTheClock } else { Sleep::UntilWoken })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_with_a_timeout_is_by_the_clock() {
        for (number, arguments, sleep) in [
            (libc::SYS_clock_nanosleep, [0, 0, 0x7f10, 0x7f10, 0, 0], Sleep::ByTheClock),
            (libc::SYS_futex, [0x7f10, 0x89, 2, 0x7f20, 0, 0xffff_ffff], Sleep::ByTheClock),
            (libc::SYS_futex, [0x7f10, 0x89, 2, 0, 0, 0xffff_ffff], Sleep::UntilWoken),
            (libc::SYS_futex, [0x7f10, 0x81, 1, 0x7f20, 0, 0], Sleep::UntilWoken),
            (libc::SYS_ppoll, [0x7f10, 0, 0x7f20, 0, 8, 0], Sleep::ByTheClock),
            (libc::SYS_ppoll, [0x7f10, 1, 0x7f20, 0, 8, 0], Sleep::UntilWoken),
        ] {
            let activity = Activity::InCall(Syscall { number, arguments });
            assert_eq!(sleep_by(activity), Some(sleep), "{activity:?}");
        }
    }

    #[test]
    fn who_runs_does_not_sleep_and_who_left_the_cpu_does() {
        assert_eq!(sleep_by(Activity::Running), None);
        assert_eq!(sleep_by(Activity::OutsideCalls), Some(Sleep::UntilWoken));
    }
}
