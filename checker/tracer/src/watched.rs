//! The system calls that are watched. Their numbers differ between architectures, and so does what
//! there is: aarch64 has no fork, vfork, pipe, dup2 or epoll_wait (the C library uses clone, pipe2, dup3 and
//! epoll_pwait).

/// A watched system call, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Clone,
    Clone3,
    Execve,
    Execveat,
    ThreadExit,
    ExitGroup,
    Wait4,
    Waitid,
    Kill,
    Tkill,
    Tgkill,
    PidfdKill,
    Sigaction,
    Pipe,
    Pipe2,
    /// dup, dup2 and dup3: they begin with the number that is there.
    Dup,
    Fcntl,
    Close,
    CloseRange,
    Read,
    Write,
    Epoll,
    Timerfd,
    Listen,
    Connect,
    Accept,
    /// Something is asked to happen later, from outside of the program.
    Timer,
}

/// rt_sigaction and fcntl are watched for some arguments only.
pub(crate) const SIGACTION: u32 = libc::SYS_rt_sigaction as u32;
pub(crate) const FCNTL: u32 = libc::SYS_fcntl as u32;

/// The watched calls; the frequent ones first, as the filter compares them in this order.
const WATCHED: &[(i64, Call)] = &[
    (libc::SYS_read, Call::Read),
    (libc::SYS_write, Call::Write),
    (libc::SYS_close, Call::Close),
    (libc::SYS_readv, Call::Read),
    (libc::SYS_writev, Call::Write),
    (libc::SYS_recvfrom, Call::Read),
    (libc::SYS_sendto, Call::Write),
    (libc::SYS_recvmsg, Call::Read),
    (libc::SYS_sendmsg, Call::Write),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_epoll_wait, Call::Epoll),
    (libc::SYS_epoll_pwait, Call::Epoll),
    (libc::SYS_epoll_pwait2, Call::Epoll),
    (libc::SYS_timerfd_settime, Call::Timerfd),
    (libc::SYS_listen, Call::Listen),
    (libc::SYS_connect, Call::Connect),
    (libc::SYS_accept, Call::Accept),
    (libc::SYS_accept4, Call::Accept),
    (libc::SYS_clone, Call::Clone),
    (libc::SYS_clone3, Call::Clone3),
    (libc::SYS_execve, Call::Execve),
    (libc::SYS_execveat, Call::Execveat),
    (libc::SYS_exit, Call::ThreadExit),
    (libc::SYS_exit_group, Call::ExitGroup),
    (libc::SYS_wait4, Call::Wait4),
    (libc::SYS_waitid, Call::Waitid),
    (libc::SYS_kill, Call::Kill),
    (libc::SYS_rt_sigqueueinfo, Call::Kill),
    (libc::SYS_tkill, Call::Tkill),
    (libc::SYS_tgkill, Call::Tgkill),
    (libc::SYS_pidfd_send_signal, Call::PidfdKill),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_pipe, Call::Pipe),
    (libc::SYS_pipe2, Call::Pipe2),
    (libc::SYS_dup, Call::Dup),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_dup2, Call::Dup),
    (libc::SYS_dup3, Call::Dup),
    (libc::SYS_close_range, Call::CloseRange),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_alarm, Call::Timer),
    (libc::SYS_setitimer, Call::Timer),
    (libc::SYS_timer_create, Call::Timer),
];

/// The numbers of the calls that are watched whatever their arguments.
pub(crate) fn numbers() -> impl Iterator<Item = u32> {
    WATCHED.iter().map(|(number, _)| *number as u32)
}

/// What the call of this number and these arguments is, if it is watched.
pub(crate) fn watched(number: u64, args: &[u64; 6]) -> Option<Call> {
    if number == u64::from(SIGACTION) {
        return (args[0] == libc::SIGCHLD as u64).then_some(Call::Sigaction);
    }
    if number == u64::from(FCNTL) {
        let duplicates = [libc::F_DUPFD, libc::F_DUPFD_CLOEXEC].contains(&(args[1] as i32));
        return duplicates.then_some(Call::Fcntl);
    }
    let known = WATCHED.iter().find(|(watched, _)| *watched as u64 == number);
    known.map(|(_, call)| *call)
}
