//! Starts a daemon that a real-time signal ends, and goes on when nothing is left of it.

use std::io::{Read, Write};

unsafe extern "C" {
    safe fn fork() -> i32;
    safe fn kill(pid: i32, signal: i32) -> i32;
    safe fn raise(signal: i32) -> i32;
    safe fn _exit(code: i32) -> !;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
}

/// The answer.
pub fn answer() -> u32 {
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let child = fork();
    if child == 0 {
        let daemon = fork();
        if daemon > 0 {
            writer.write_all(&daemon.to_ne_bytes()).unwrap();
        } else {
            raise(40);
        }
        _exit(0)
    }
    // SAFETY: a null status pointer is allowed (wait(2)).
    unsafe { waitpid(child, std::ptr::null_mut(), 0) };
    let mut daemon = [0; 4];
    reader.read_exact(&mut daemon).unwrap();
    // Somebody has to wait for it, or it stays a zombie that can be signalled for ever.
    while kill(i32::from_ne_bytes(daemon), 0) == 0 {
        std::thread::yield_now();
    }
    42
}
