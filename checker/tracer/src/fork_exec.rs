//! Starting the program: it waits to be seized, sets the filter and calls execve.
#![allow(unsafe_code)]

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::ptr;

use libc::{c_char, c_int, c_ulong, sock_filter};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::SigSet;
use nix::unistd::{ForkResult, Pid, fork, pipe2};

use crate::command::Program;
use crate::{Error, filter};

/// Everything that the child needs, made before the fork: after it the child allocates nothing.
pub(crate) struct ForkExec {
    path: CString,
    args: Vec<CString>,
    env: Vec<CString>,
    directory: Option<CString>,
    filter: Vec<sock_filter>,
}

/// A child that waits until it is [let go](Child::go).
pub(crate) struct Child {
    pub(crate) pid: Pid,
    /// The child reads one byte from the other end.
    go: OwnedFd,
    /// The child writes errno to the other end if it cannot start the program.
    pub(crate) news: OwnedFd,
}

impl ForkExec {
    pub(crate) fn new(program: &Program) -> Result<Self, Error> {
        let c_string = |text: &OsStr| {
            CString::new(text.as_bytes())
                .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a NUL in a text"))
        };
        let mut args = vec![c_string(program.path.as_os_str())?];
        for arg in &program.args {
            args.push(c_string(arg)?);
        }
        let mut variables: std::collections::BTreeMap<OsString, OsString> =
            std::env::vars_os().collect();
        variables.extend(program.env.clone());
        let mut env = Vec::new();
        for (mut name, value) in variables {
            name.push("=");
            name.push(value);
            env.push(c_string(&name)?);
        }
        let directory = program.directory.as_ref().map(|path| c_string(path.as_os_str()));
        Ok(Self {
            path: c_string(program.path.as_os_str())?,
            args,
            env,
            directory: directory.transpose()?,
            filter: match &program.probe {
                _ if program.every_call => Vec::new(),
                Some(probe) => filter::program(&probe.numbers()),
                None => filter::program(&[]),
            },
        })
    }

    /// Forks the child. `streams` become its descriptors 0, 1 and 2.
    pub(crate) fn fork(&self, streams: [&OwnedFd; 3]) -> Result<Child, Error> {
        let (go_reader, go) = pipe2(OFlag::O_CLOEXEC)?;
        let (news, news_writer) = pipe2(OFlag::O_CLOEXEC)?;
        let args = null_terminated(&self.args);
        let env = null_terminated(&self.env);
        let plan = Plan {
            start: self,
            args: &args,
            env: &env,
            streams: streams.map(|stream| stream.as_raw_fd()),
            go: go_reader.as_raw_fd(),
            go_writer: go.as_raw_fd(),
            news: news_writer.as_raw_fd(),
        };
        // SAFETY: the child of a process with threads may call async-signal-safe functions only
        // (fork(2)); `Plan::child` makes system calls and allocates nothing.
        match unsafe { fork() }? {
            ForkResult::Child => plan.child(),
            ForkResult::Parent { child } => Ok(Child { pid: child, go, news }),
        }
    }
}

impl Child {
    /// Lets the child go on to its execve.
    pub(crate) fn go(&self) -> Result<(), Error> {
        nix::unistd::write(&self.go, &[0])?;
        Ok(())
    }
}

fn null_terminated(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}

struct Plan<'a> {
    start: &'a ForkExec,
    args: &'a [*const c_char],
    env: &'a [*const c_char],
    streams: [RawFd; 3],
    go: RawFd,
    go_writer: RawFd,
    news: RawFd,
}

impl Plan<'_> {
    /// The child's life up to its execve.
    fn child(&self) -> ! {
        self.wait_for_go();
        self.streams();
        self.surroundings();
        self.filter();
        if let Some(directory) = &self.start.directory {
            // SAFETY: a C string that lives until execve (chdir(2)).
            self.must(unsafe { libc::chdir(directory.as_ptr()) });
        }
        // SAFETY: a C string and two lists of C strings that end with null (execve(2)).
        self.must(unsafe {
            libc::execve(self.start.path.as_ptr(), self.args.as_ptr(), self.env.as_ptr())
        });
        exit()
    }

    fn wait_for_go(&self) {
        // Its own copy of the other end would keep the read below from seeing that the tracer died.
        // SAFETY: a number of its own (close(2)).
        unsafe { libc::close(self.go_writer) };
        let mut byte = 0_u8;
        // SAFETY: one byte is read into a local variable (read(2)).
        if unsafe { libc::read(self.go, (&raw mut byte).cast(), 1) } != 1 {
            exit();
        }
    }

    fn streams(&self) {
        for (number, stream) in (0..).zip(self.streams) {
            // SAFETY: numbers only (dup2(2)); the originals are above 2, since a Rust program has
            // 0, 1 and 2 open from its start.
            self.must(unsafe { libc::dup2(stream, number) });
        }
        // SAFETY: with this flag descriptors are only marked (close_range(2)). Linux before 5.11
        // does not know it; what this process opens is close-on-exec anyway.
        unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    }

    /// A session of its own, so that a signal to its group goes nowhere else; signals as a shell
    /// would leave them; no core dumps, so that every run leaves the same.
    fn surroundings(&self) {
        // SAFETY: no argument (setsid(2)). It fails only for the leader of a group.
        unsafe { libc::setsid() };
        for signal in 1..=libc::SIGRTMAX() {
            // SAFETY: SIG_DFL is no function of ours. It fails for SIGKILL and SIGSTOP.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        // It cannot fail: it is asked for nothing that there is not (pthread_sigmask(3)).
        let _ = SigSet::empty().thread_set_mask();
        let no_core = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the limit is a local variable (setrlimit(2)).
        unsafe { libc::setrlimit(libc::RLIMIT_CORE, &no_core) };
    }

    /// Refused by the kernel, the filter is missing, and the tracer notices at the first call.
    fn filter(&self) {
        let filter = &self.start.filter;
        if filter.is_empty() {
            return;
        }
        // SAFETY: integers only (PR_SET_NO_NEW_PRIVS in prctl(2)); seccomp asks for it.
        unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1 as c_ulong, 0, 0, 0) };
        let program =
            libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
        // SAFETY: the program is a list of as many instructions as `len` says, and the kernel
        // copies it (seccomp(2)).
        unsafe {
            libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::SECCOMP_MODE_FILTER as c_ulong,
                &raw const program,
                0,
                0,
            )
        };
    }

    /// Ends the child with its errno told, if a call has failed.
    fn must(&self, result: c_int) {
        if result < 0 {
            let errno = Errno::last_raw();
            // SAFETY: the four bytes of a local variable are written (write(2)).
            unsafe { libc::write(self.news, (&raw const errno).cast(), size_of::<c_int>()) };
            exit();
        }
    }
}

fn exit() -> ! {
    // SAFETY: it ends the child here and runs nothing of the parent's (_exit(2)).
    unsafe { libc::_exit(127) }
}
