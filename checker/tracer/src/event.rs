//! What a process did, as the kernel saw it.

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

/// One thing that a process or thread did, or that happened to it.
///
/// `what` names the thing behind a descriptor: `pipe1.r` (its read end), `pipe1.w`, `socket1`,
/// `stdin`, `stdout`, `stderr`, `file NAME`, `memfd NAME`, a path below `/dev`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub enum Event {
    /// It made a process.
    Birth {
        /// The call that made it.
        by: Birth,
        /// The name of the new process.
        child: String,
    },
    /// It made a thread.
    Thread {
        /// The name of the new thread.
        thread: String,
    },
    /// It became another program (execve(2)).
    Exec {
        /// The program's file, without its directory.
        program: String,
        /// Its arguments without the program's name; of a path the last part.
        args: Vec<String>,
        /// What is open when the new program starts, by number.
        descriptors: Vec<Descriptor>,
    },
    /// It wanted to become another program and could not. Several attempts in a row, such as one
    /// for each directory of `PATH`, are one.
    ExecFailed {
        /// The program's file, without its directory.
        program: String,
        /// The errno of execve(2).
        error: i32,
    },
    /// It made a pipe.
    Pipe {
        /// The pipe's name: `pipe1`.
        pipe: String,
        /// The number of the read end.
        read: i32,
        /// The number of the write end.
        write: i32,
        /// Whether both ends were made close-on-exec.
        close_on_exec: bool,
    },
    /// It duplicated a descriptor.
    Dup {
        /// The number that was there.
        from: i32,
        /// The number that is there too now.
        to: i32,
        /// What both lead to.
        what: String,
    },
    /// It closed a descriptor of a pipe, a socket, a standard stream, an eventfd or a timerfd. (Others are not told: the
    /// loader closes many.)
    Close {
        /// Its number.
        number: i32,
        /// What it led to.
        what: String,
    },
    /// It closed a descriptor that was not open. Several in a row are one.
    CloseFailed {
        /// The first such number.
        number: i32,
    },
    /// It closed a range of descriptors, or marked them close-on-exec (close_range(2)).
    CloseRange {
        /// The first number.
        first: u32,
        /// The last number; `u32::MAX` for all.
        last: u32,
        /// Whether they were only marked.
        on_exec: bool,
    },
    /// It read, once or more, perhaps in vain. What it reads and writes until it does something else
    /// is told once for each thing.
    Read {
        /// What it read from.
        what: String,
    },
    /// It wrote, once or more, perhaps in vain.
    Write {
        /// What it wrote to.
        what: String,
    },
    /// It waited for readiness with epoll_wait(2) and was told. A wait that was interrupted is not told, and of several
    /// in a row with the same answer one is.
    Ready {
        /// What is ready, `something` where that is not known; nothing if the timeout has passed.
        what: Vec<String>,
    },
    /// It set a timer (timerfd_settime(2)).
    Timer {
        /// Whether it will expire, or was stopped.
        armed: bool,
    },
    /// It made a connection, or a place for them, or took one.
    Socket {
        /// The call that succeeded.
        call: SocketCall,
        /// The socket; of accept(2) the new one.
        what: String,
    },
    /// It waited for a child and had an answer. A wait that found nothing (`WNOHANG`) or was
    /// interrupted is not told.
    Wait {
        /// What it waited for.
        asked: Asked,
        /// What it was told.
        answer: Answer,
    },
    /// It sent a signal.
    Kill {
        /// To whom: a process, a thread, `itself`, `its group`, `everyone`, `nobody known`.
        target: String,
        /// Its number, signal(7).
        signal: i32,
        /// errno, if it failed.
        error: Option<i32>,
    },
    /// A signal was delivered to it. SIGCHLD is not told: how many there are is left to chance.
    Signal {
        /// Its number, signal(7).
        signal: i32,
        /// The process that sent it, or `itself`; `None` if the kernel did.
        from: Option<String>,
    },
    /// It said what SIGCHLD shall do (sigaction(2)).
    Sigchld {
        /// What SIGCHLD does from now on.
        to: Disposition,
    },
    /// A thread other than the first called exit_group(2), and the process ends.
    ExitGroup {
        /// The exit code.
        code: i32,
    },
    /// The thread ended by itself; one that ends with its process has no such event.
    ThreadEnd,
    /// The process ended. Always the last event of a process, and of no thread.
    End(End),
}

/// A call that makes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub enum SocketCall {
    /// listen(2).
    Listen,
    /// connect(2). One that does not wait has begun; whether it succeeds is told by readiness.
    Connect,
    /// accept(2), accept4(2).
    Accept,
}

/// How a process was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub enum Birth {
    /// By the tracer: it is the program itself.
    Start,
    /// By fork(2), or a clone(2) that does the same.
    Fork,
    /// By vfork(2), or a clone(2) with `CLONE_VFORK`, as posix_spawn(3) uses it: its parent is
    /// suspended until it calls execve(2) or ends.
    Vfork,
    /// By another clone(2).
    Clone,
}

/// For whom a wait asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub enum Asked {
    /// For any child. Several such waits in a row are told in the order of the children's names.
    Any,
    /// For a child of some process group.
    Group,
    /// For this child.
    Child(String),
}

/// What a wait was told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub enum Answer {
    /// This child has ended; after that it is no zombie any more.
    Reaped {
        /// The child's name.
        child: String,
        /// How the child ended.
        end: End,
    },
    /// This child has ended; it was only looked at (`WNOWAIT`) and stays a zombie.
    Seen {
        /// The child's name.
        child: String,
        /// How the child ended.
        end: End,
    },
    /// This child was stopped by a signal.
    Stopped {
        /// The child's name.
        child: String,
        /// The number of that signal, signal(7).
        signal: i32,
    },
    /// This child goes on after a stop.
    Continued {
        /// The child's name.
        child: String,
    },
    /// There is no such child (ECHILD).
    NoChild,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub enum End {
    /// It exited with this code (0 to 255).
    Exited(i32),
    /// This signal ended it.
    Signalled(i32),
    /// It did not end: the tracer ended it when the run was over.
    Cut,
}

/// What a signal does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub enum Disposition {
    /// The default action.
    Default,
    /// Nothing; for SIGCHLD: children that end become no zombies.
    Ignored,
    /// It calls a handler.
    Handled,
}

/// An open descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Descriptor {
    /// Its number.
    pub number: i32,
    /// What it leads to.
    pub what: String,
}
