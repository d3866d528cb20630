//! Events in words, as short as a lane is narrow.

use std::fmt;

use nix::errno::Errno;
use nix::sys::signal::Signal;

use crate::event::{Answer, Asked, Birth, Descriptor, Disposition, End, Event, SocketCall};

/// A signal's name, signal(7): `SIGTERM`, `SIGRTMIN+3`.
pub(crate) fn signal_name(signal: i32) -> String {
    match Signal::try_from(signal) {
        Ok(signal) => signal.as_str().to_owned(),
        Err(_) if signal >= libc::SIGRTMIN() => format!("SIGRTMIN+{}", signal - libc::SIGRTMIN()),
        Err(_) => format!("signal {signal}"),
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Birth { by, child } => write!(f, "{by} {child}"),
            Self::Thread { thread } => write!(f, "thread {thread}"),
            Self::Exec { program, args, .. } if args.is_empty() => write!(f, "exec {program}"),
            Self::Exec { program, args, .. } => write!(f, "exec {program} {}", args.join(" ")),
            Self::ExecFailed { program, error } => write!(f, "exec {program}: {}", errno(*error)),
            Self::Pipe { pipe, read, write, close_on_exec } => {
                let cloexec = if *close_on_exec { " cloexec" } else { "" };
                write!(f, "{pipe} = {read}, {write}{cloexec}")
            }
            Self::Dup { from, to, what } => write!(f, "dup {from} to {to} ({what})"),
            Self::Close { number, what } => write!(f, "close {number} ({what})"),
            Self::CloseFailed { number } => write!(f, "close {number}: EBADF"),
            Self::CloseRange { first, last, on_exec } => {
                let last = if *last == u32::MAX { "all".to_owned() } else { last.to_string() };
                let on_exec = if *on_exec { " on exec" } else { "" };
                write!(f, "close {first} to {last}{on_exec}")
            }
            Self::Read { what } => write!(f, "read {what}"),
            Self::Write { what } => write!(f, "write {what}"),
            Self::Ready { what } if what.is_empty() => write!(f, "epoll_wait: nothing"),
            Self::Ready { what } => write!(f, "epoll_wait: {}", what.join(", ")),
            Self::Timer { armed: true } => write!(f, "sets a timer"),
            Self::Timer { armed: false } => write!(f, "stops a timer"),
            Self::Socket { call, what } => write!(f, "{call} {what}"),
            Self::Wait { asked, answer } => match (asked, answer) {
                (Asked::Child(asked), Answer::NoChild) => write!(f, "wait {asked}: no such child"),
                (_, Answer::NoChild) => write!(f, "wait: no child left"),
                (Asked::Child(_), answer) => write!(f, "wait {answer}"),
                (Asked::Any | Asked::Group, answer) => write!(f, "wait any: {answer}"),
            },
            Self::Kill { target, signal, error } => {
                write!(f, "kill {target} {}", signal_name(*signal))?;
                error.map_or(Ok(()), |error| write!(f, ": {}", errno(error)))
            }
            Self::Signal { signal, from: None } => write!(f, "{}", signal_name(*signal)),
            Self::Signal { signal, from: Some(from) } => {
                write!(f, "{} from {from}", signal_name(*signal))
            }
            Self::Sigchld { to } => write!(f, "{to} SIGCHLD"),
            Self::ExitGroup { code } => write!(f, "exit_group {code}"),
            Self::ThreadEnd => write!(f, "ends"),
            Self::End(end) => write!(f, "{end}"),
        }
    }
}

impl fmt::Display for SocketCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Listen => "listen",
            Self::Connect => "connect",
            Self::Accept => "accept",
        })
    }
}

impl fmt::Display for Birth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Fork => "fork",
            Self::Vfork => "vfork",
            Self::Clone => "clone",
        })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reaped { child, end } => write!(f, "{child} {end}"),
            Self::Seen { child, end } => write!(f, "{child} {end} (looked only)"),
            Self::Stopped { child, signal } => {
                write!(f, "{child} stopped by {}", signal_name(*signal))
            }
            Self::Continued { child } => write!(f, "{child} continued"),
            Self::NoChild => write!(f, "no child"),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit {code}"),
            Self::Signalled(signal) => write!(f, "killed by {}", signal_name(*signal)),
            Self::Cut => write!(f, "still running"),
        }
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "resets",
            Self::Ignored => "ignores",
            Self::Handled => "handles",
        })
    }
}

impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.number, self.what)
    }
}

fn errno(error: i32) -> String {
    format!("{:?}", Errno::from_raw(error))
}
