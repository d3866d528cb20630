//! A look at a task: whether it sleeps, and in which call (proc_pid_stat(5), proc_pid_syscall(5)).

use std::fs;

/// What a task was doing at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    /// The state letter of proc_pid_stat(5).
    pub(crate) state: char,
    /// How often it has left a CPU, of its own will or not: equal counts at two looks mean that it has
    /// not run in between.
    switches: u64,
    /// The call that it is in, with its arguments; `None` while it runs its own code.
    pub(crate) call: Option<(u64, [u64; 6])>,
}

impl Look {
    /// A look at task `tid`, whose files are `/proc/PID/task/TID`; `None` once it has ended.
    pub(crate) fn at(pid: i32, tid: i32) -> Option<Self> {
        let directory = format!("/proc/{pid}/task/{tid}");
        let stat = fs::read_to_string(format!("{directory}/stat")).ok()?;
        let status = fs::read_to_string(format!("{directory}/status")).ok()?;
        let call = fs::read_to_string(format!("{directory}/syscall")).ok();
        // The name, in parentheses, may hold anything.
        let (_, fields) = stat.rsplit_once(')')?;
        let counts = status.lines().filter_map(|line| line.split_once("ctxt_switches:"));
        Some(Self {
            state: fields.trim_start().chars().next()?,
            switches: counts.filter_map(|(_, count)| count.trim().parse::<u64>().ok()).sum(),
            call: call.as_deref().and_then(parse),
        })
    }

    /// Whether it is in this call.
    pub(crate) fn is_in(&self, number: i64) -> bool {
        self.call.is_some_and(|(call, _)| call == number as u64)
    }
}

/// `number arg0 … arg5 sp pc`; `running`; `-1 sp pc` outside of any call.
fn parse(line: &str) -> Option<(u64, [u64; 6])> {
    let mut fields = line.split_whitespace();
    let number = fields.next()?.parse().ok()?;
    let mut args = [0; 6];
    for arg in &mut args {
        *arg = u64::from_str_radix(fields.next()?.strip_prefix("0x")?, 16).ok()?;
    }
    Some((number, args))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_a_number_and_arguments() {
        let line = "0 0x3 0x7ffd 0x1 0x0 0x0 0x0 0x7ffe 0x7f00\n";
        assert_eq!(parse(line), Some((0, [3, 0x7ffd, 1, 0, 0, 0])));
        assert_eq!(parse("running\n"), None);
        assert_eq!(parse("-1 0x7ffd 0x7f00\n"), None);
    }

    #[test]
    fn this_thread_runs() {
        let (pid, tid) = (std::process::id() as i32, nix::unistd::gettid().as_raw());
        assert_eq!(Look::at(pid, tid).unwrap().state, 'R');
    }
}
