//! Why a program hangs: who sleeps in which call, and who holds the other end of the pipe.
//!
//! A reader of a pipe sees end-of-file when the *last* write end is closed, in whatever process it
//! is open (pipe(7)). So the question about a program that hangs in `read` is: who still has one?

use std::collections::BTreeMap;

use procfs::{
    Syscall, command_line, open_descriptors, open_flags, process_ids, process_stat,
    thread_activity, thread_ids,
};

/// A process of the group that is looked at.
struct Process {
    pid: i32,
    name: String,
    /// Its descriptors that lead to pipes: number, inode (`pipe:[4711]`), whether it can write.
    pipes: Vec<(i32, String, bool)>,
}

/// A sentence for each process of the group that sleeps in `read`, `write` or `wait`.
pub(crate) fn explain(group: i32) -> String {
    let processes: Vec<Process> = members(group).into_iter().map(look).collect();
    let sentences: Vec<String> = processes
        .iter()
        .flat_map(|process| calls(process.pid).into_iter().map(move |call| (process, call)))
        .filter_map(|(process, call)| sentence(process, call, &processes))
        .collect();
    sentences.join("\n")
}

fn members(group: i32) -> Vec<i32> {
    let is_member = |pid: &i32| process_stat(*pid).is_some_and(|stat| stat.group == group);
    process_ids().into_iter().filter(is_member).collect()
}

fn look(pid: i32) -> Process {
    let pipes = open_descriptors(pid)
        .unwrap_or_default()
        .into_iter()
        .filter(|(_, target)| target.starts_with("pipe:"))
        .map(|(fd, target)| (fd, target, is_writable(pid, fd)))
        .collect();
    Process { pid, name: name(pid), pipes }
}

/// The command line, without the directory of the program, cut where it becomes long.
fn name(pid: i32) -> String {
    let words = command_line(pid).into_iter().filter(|word| !word.is_empty());
    let words = words.map(|word| word.rsplit('/').next().unwrap_or_default().to_owned());
    words.collect::<Vec<_>>().join(" ").chars().take(30).collect()
}

fn is_writable(pid: i32, fd: i32) -> bool {
    open_flags(pid, fd).is_some_and(|flags| flags & libc::O_ACCMODE != libc::O_RDONLY)
}

/// The system call that each thread sleeps in.
fn calls(pid: i32) -> Vec<Syscall> {
    let call = |tid| thread_activity(pid, tid).ok()?.call();
    thread_ids(pid).into_iter().filter_map(call).collect()
}

fn sentence(process: &Process, call: Syscall, all: &[Process]) -> Option<String> {
    let name = &process.name;
    if [libc::SYS_wait4, libc::SYS_waitid].contains(&call.number) {
        return Some(format!("`{name}` waits for a child to end"));
    }
    let (fd, inode, _) = process.pipes.iter().find(|(fd, ..)| *fd == call.arguments[0] as i32)?;
    match call.number {
        libc::SYS_read => {
            let writers = holders(all, inode, true);
            Some(format!(
                "`{name}` waits in read({fd}); that pipe's write end is open in {writers}"
            ))
        }
        libc::SYS_write => {
            let readers = holders(all, inode, false);
            Some(format!(
                "`{name}` waits in write({fd}); that full pipe's read end is open in {readers}"
            ))
        }
        _ => None,
    }
}

fn holders(all: &[Process], inode: &str, writable: bool) -> String {
    let mut holders: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for process in all {
        for (fd, target, can_write) in &process.pipes {
            if target == inode && *can_write == writable {
                holders.entry(&process.name).or_default().push(fd.to_string());
            }
        }
    }
    let holders: Vec<_> = holders
        .into_iter()
        .map(|(name, fds)| format!("`{name}` (descriptor {})", fds.join(", ")))
        .collect();
    if holders.is_empty() { "no process that the test knows".into() } else { holders.join(" and ") }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    #[test]
    fn a_reader_and_the_holder_of_the_write_end_are_named() {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", "cat | cat; true"])
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let group = shell.id() as i32;
        // The first `cat` reads what only this test could write, the second one what the first writes.
        let first = "`cat` waits in read(0); that pipe's write end is open in no process that the test knows";
        let second =
            "`cat` waits in read(0); that pipe's write end is open in `cat` (descriptor 1)";
        crate::deadline::within("both sentences", "-", "-", move || {
            loop {
                let said = super::explain(group);
                if said.contains(first) && said.contains(second) {
                    break;
                }
                std::thread::yield_now();
            }
        });
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }
}
