//! The threads that have no turn: do they sleep?

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;

use nix::libc;
use nix::unistd::gettid;
use testkit::procfs::{Activity, Syscall, child_ids, thread_activity, thread_ids};
use testkit::quiescence::{Quiescence, await_quiescence_of_thread};

/// All threads of the caller and of its children, but for this one: the other side among them.
pub fn others(caller: i32) -> Vec<(i32, i32)> {
    let pids = [caller].into_iter().chain(child_ids(caller));
    let threads = pids.flat_map(|pid| thread_ids(pid).into_iter().map(move |tid| (pid, tid)));
    threads.filter(|(_, tid)| *tid != gettid().as_raw()).collect()
}

/// Waits until the others have come to rest; whether they are asleep, or have ended.
pub fn others_sleep(caller: i32) -> bool {
    // Once is enough: who has found a spinner waits for it no more.
    static IS_SPINNING: AtomicBool = AtomicBool::new(false);
    let at_rest = || {
        others(caller).into_iter().all(|(pid, tid)| {
            let rest = await_quiescence_of_thread(pid, tid);
            matches!(rest, Quiescence::Asleep | Quiescence::Ended) && !looks_again(pid, tid)
        })
    };
    let sleep = !IS_SPINNING.load(SeqCst) && at_rest();
    IS_SPINNING.fetch_or(!sleep, SeqCst);
    sleep
}

/// Whether it sleeps until a descriptor is ready, or some time has passed: who waits so looks again and again.
fn looks_again(pid: i32, tid: i32) -> bool {
    let Ok(Activity::InCall(Syscall { number, arguments })) = thread_activity(pid, tid) else {
        return false;
    };
    match number {
        libc::SYS_ppoll => arguments[2] != 0,
        libc::SYS_epoll_pwait => arguments[3] as i32 != -1,
        libc::SYS_epoll_pwait2 => arguments[3] != 0,
        libc::SYS_pselect6 => arguments[4] != 0,
        libc::SYS_rt_sigtimedwait => arguments[2] != 0,
        _ => false,
    }
}
