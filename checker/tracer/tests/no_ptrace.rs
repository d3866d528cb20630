//! A machine that refuses ptrace(2): a distinct error with the reason, and nothing left behind.
#![allow(unsafe_code)]

use std::os::unix::process::CommandExt;
use std::process::Command;

use tracer::{Error, Program};

#[test]
fn a_refusal_is_an_error_of_its_own() {
    let test = std::env::current_exe().unwrap();
    let mut command = Command::new(test);
    command.args(["--ignored", "--exact", "under_a_refusal", "--nocapture"]);
    // SAFETY: prctl(2) is a system call that allocates nothing, as is allowed between fork and exec
    // (signal-safety(7)).
    unsafe { command.pre_exec(refuse_ptrace) };
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "not a test by itself: it is run where ptrace is refused"]
fn under_a_refusal() {
    let error = Program::new("/bin/true").run().unwrap_err();
    assert!(matches!(error, Error::Unsupported(_)), "{error}");
    assert!(error.to_string().contains("does not allow tracing"), "{error}");
    let left = nix::sys::wait::waitpid(None, None);
    assert_eq!(left, Err(nix::errno::Errno::ECHILD), "the child was not reaped");
}

/// From now on ptrace fails with EPERM, here and in all that is started from here.
fn refuse_ptrace() -> std::io::Result<()> {
    let instruction = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let filter = [
        instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, libc::SYS_ptrace as u32),
        instruction(libc::BPF_RET, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        instruction(libc::BPF_RET, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    nix::sys::prctl::set_no_new_privs()?;
    let program = libc::sock_fprog { len: 4, filter: filter.as_ptr().cast_mut() };
    let mode = libc::SECCOMP_MODE_FILTER;
    // SAFETY: the program names four instructions, which the kernel copies (seccomp(2)).
    match unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}
