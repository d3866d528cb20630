//! proc_pid_syscall(5): the system call that a thread is in, and the calls' names.

use std::{fs, io};

use syscalls::Sysno;

/// What a thread does, as seen by the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// It runs, in its own code or in the kernel.
    Running,
    /// It has left its CPU, but not in a system call (a page fault, for one).
    OutsideCalls,
    /// It has left its CPU in this system call.
    InCall(Syscall),
}

/// A system call and its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syscall {
    /// Its number, which depends on the architecture.
    pub number: i64,
    /// Its arguments; what lies behind the ones that the call has means nothing.
    pub arguments: [u64; 6],
}

impl Activity {
    /// The call that the thread is in.
    pub fn call(self) -> Option<Syscall> {
        match self {
            Self::InCall(call) => Some(call),
            Self::Running | Self::OutsideCalls => None,
        }
    }
}

/// What thread `tid` of process `pid` does.
///
/// # Errors
///
/// The thread has ended, or the kernel does not let this process look: that takes the right to trace.
pub fn thread_activity(pid: i32, tid: i32) -> io::Result<Activity> {
    Ok(parse(&fs::read_to_string(format!("/proc/{pid}/task/{tid}/syscall"))?))
}

/// The name of the system call of this number, on the architecture that this is built for.
pub fn syscall_name(number: i64) -> Option<&'static str> {
    Sysno::new(usize::try_from(number).ok()?).map(|call| call.name())
}

/// The number of the system call of this name, on the architecture that this is built for.
pub fn syscall_number(name: &str) -> Option<i64> {
    name.parse::<Sysno>().ok().map(|call| i64::from(call.id()))
}

/// `number arg0 … arg5 sp pc`; `running`; `-1 sp pc` outside of any call.
fn parse(line: &str) -> Activity {
    let mut fields = line.split_whitespace();
    let number = fields.next().and_then(|number| number.parse::<i64>().ok());
    let Some(number) = number else { return Activity::Running };
    if number < 0 {
        return Activity::OutsideCalls;
    }
    let mut arguments = [0; 6];
    for (argument, field) in arguments.iter_mut().zip(fields) {
        *argument = u64::from_str_radix(field.trim_start_matches("0x"), 16).unwrap_or(0);
    }
    Activity::InCall(Syscall { number, arguments })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_a_number_and_arguments() {
        let line = "0 0x3 0x7ffd 0x1 0x0 0x0 0x0 0x7ffe 0x7f00\n";
        let call = Syscall { number: 0, arguments: [3, 0x7ffd, 1, 0, 0, 0] };
        assert_eq!(parse(line), Activity::InCall(call));
        assert_eq!(parse("running\n"), Activity::Running);
        assert_eq!(parse("-1 0x7ffd 0x7f00\n"), Activity::OutsideCalls);
    }

    #[test]
    fn calls_have_names_and_other_numbers_have_none() {
        assert_eq!(syscall_name(Sysno::read.id().into()), Some("read"));
        assert_eq!(syscall_name(-1), None);
        assert_eq!(syscall_name(99_999), None);
    }

    #[test]
    fn a_thread_that_has_ended_is_an_error() {
        assert!(thread_activity(i32::MAX, i32::MAX).is_err());
    }
}
