//! Leaves a daemon: double fork, a session of its own, standard streams closed.

unsafe extern "C" {
    safe fn fork() -> i32;
    safe fn setsid() -> i32;
    safe fn close(descriptor: i32) -> i32;
    safe fn pause() -> i32;
    safe fn _exit(code: i32) -> !;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
}

/// The answer.
pub fn answer() -> u32 {
    let child = fork();
    if child == 0 {
        setsid();
        if fork() == 0 {
            (0..3).for_each(|descriptor| drop(close(descriptor)));
            loop {
                pause();
            }
        }
        _exit(0)
    }
    // SAFETY: a null status pointer is allowed (wait(2)).
    unsafe { waitpid(child, std::ptr::null_mut(), 0) };
    42
}
