//! The CPUs that a scene may use.

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

/// Allows the calling thread every CPU that its program may have.
///
/// Whoever has started the program may have bound it to one, and on one CPU no binding is to be seen: the verdict on
/// code that binds would be another one.
///
/// # Panics
///
/// If the kernel allows none.
pub fn allow_all_cpus() {
    let mut all = CpuSet::new();
    (0..CpuSet::count()).for_each(|cpu| all.set(cpu).expect("there is room for it"));
    // The kernel takes those of them that there are, and that are this program's (sched_setaffinity(2)).
    sched_setaffinity(Pid::from_raw(0), &all).expect("some CPU is this program's");
}
