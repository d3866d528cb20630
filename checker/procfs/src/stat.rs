//! proc_pid_stat(5): one line of fields, of which the second, the name, may hold anything.

use std::fs;

/// `PF_FORKNOEXEC` of the kernel's `include/linux/sched.h`: forked, but did not exec.
const FORKED_WITHOUT_EXEC: u64 = 0x40;

/// What is read of a process's or thread's `stat`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// Its name, at most 15 bytes.
    pub name: String,
    /// The state letter: `R` running, `S` asleep, `D` asleep and not interruptible, `T` stopped, `Z` zombie.
    pub state: char,
    /// The id of its parent process.
    pub parent: i32,
    /// The id of its process group.
    pub group: i32,
    /// It was forked and has not called execve(2) since.
    pub never_called_exec: bool,
    /// The clock ticks of CPU time that it has used, user and system.
    pub cpu_ticks: u64,
}

/// The `stat` of process `pid`.
pub fn process_stat(pid: i32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The `stat` of thread `tid` of process `pid`.
pub fn thread_stat(pid: i32, tid: i32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/task/{tid}/stat")).ok()?)
}

/// The state letter of process `pid`; `None` if there is no such process.
pub fn process_state(pid: i32) -> Option<char> {
    process_stat(pid).map(|stat| stat.state)
}

/// `pid (name) state ppid pgrp session tty_nr tpgid flags minflt cminflt majflt cmajflt utime stime …`
fn parse(line: &str) -> Option<Stat> {
    let (before, after) = line.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        name: name.to_owned(),
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        never_called_exec: number(6)? & FORKED_WITHOUT_EXEC != 0,
        cpu_ticks: number(11)? + number(12)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_spaces_and_parentheses() {
        let stat = parse("7 (a) b (c) S 1 2 3 0 -1 64 9 9 9 9 30 12 0 0 20").unwrap();
        let name = "a) b (c".to_owned();
        let (state, parent, group) = ('S', 1, 2);
        assert_eq!(
            stat,
            Stat { name, state, parent, group, never_called_exec: true, cpu_ticks: 42 }
        );
    }

    #[test]
    fn this_process_has_called_exec_and_its_parent_is_known() {
        let stat = process_stat(std::process::id() as i32).unwrap();
        assert!(!stat.never_called_exec);
        assert_eq!(stat.parent, std::os::unix::process::parent_id() as i32);
    }

    #[test]
    fn no_such_process_has_no_state() {
        assert_eq!(process_state(i32::MAX), None);
    }
}
