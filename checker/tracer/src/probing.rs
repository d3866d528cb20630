//! Counts the calls of the marked part of a program, and disturbs one of them.

use std::collections::{BTreeMap, BTreeSet};

use nix::errno::Errno;
use nix::unistd::Pid;

use crate::memory::read_u64;
use crate::probe::{Probe, Site};
use crate::registers::skip_call;

/// The first argument of the prctl(2) by which a program marks a part of itself: `SHOP`. The kernel knows
/// no such operation, so for an untraced program it means nothing.
const MARK: u64 = 0x5348_4f50;

/// What is known of a probe in this run.
#[derive(Debug)]
pub(crate) struct Probing {
    probe: Probe,
    /// The processes that are in the marked part, by their index.
    marked: BTreeSet<usize>,
    counts: BTreeMap<(usize, &'static str), usize>,
    /// Children whose end a wait has come back with that left them as zombies (WNOWAIT): the next wait for one of
    /// them does not sleep.
    ended: BTreeSet<i32>,
    /// The calls that were counted, in order.
    pub(crate) sites: Vec<Site>,
}

impl Probing {
    pub(crate) fn new(probe: Probe) -> Self {
        Self {
            probe,
            marked: BTreeSet::new(),
            counts: BTreeMap::new(),
            ended: BTreeSet::new(),
            sites: Vec::new(),
        }
    }

    /// A process that is made in the marked part is in it, too.
    pub(crate) fn born(&mut self, parent: usize, child: usize) {
        if self.marked.contains(&parent) {
            self.marked.insert(child);
        }
    }

    /// A program that another one has become has not marked anything.
    pub(crate) fn became_another_program(&mut self, process: usize) {
        self.marked.remove(&process);
    }

    /// A process begins a call; says whether the call was skipped.
    pub(crate) fn begins(
        &mut self,
        tid: Pid,
        (process, name): (usize, &str),
        number: u64,
        args: &[u64; 6],
    ) -> Result<bool, Errno> {
        if number == libc::SYS_prctl as u64 && args[0] == MARK {
            match args[1] {
                0 => self.marked.remove(&process),
                _ => self.marked.insert(process),
            };
            return Ok(false);
        }
        let Some(call) = procfs::syscall_name(number as i64) else { return Ok(false) };
        let Some(&call) = self.probe.calls.iter().find(|asked| **asked == call) else {
            return Ok(false);
        };
        let awaited = awaited(call, args);
        if awaited.is_some_and(|child| self.ended.contains(&child)) {
            return Ok(false);
        }
        let is_possible = may_be_disturbed(tid.as_raw(), call, args)
            && !(self.probe.by_a_signal && blocks_all_signals(tid.as_raw()));
        if !self.marked.contains(&process) || !is_possible {
            return Ok(false);
        }
        let count = self.counts.entry((process, call)).or_insert(0);
        *count += 1;
        let site = Site { process: name.to_owned(), call, nth: *count };
        let fault = self.probe.fault.as_ref().filter(|(wanted, _)| *wanted == site);
        if let Some((_, errno)) = fault {
            skip_call(tid, *errno)?;
        }
        let is_skipped = fault.is_some();
        let only_looks = call == "waitid" && args[3] as i32 & libc::WNOWAIT != 0;
        if only_looks && !is_skipped {
            self.ended.extend(awaited);
        }
        self.sites.push(site);
        Ok(is_skipped)
    }
}

/// The one child that a call waits for, if it is one.
fn awaited(call: &str, args: &[u64; 6]) -> Option<i32> {
    let child = match call {
        "wait4" => args[0] as i32,
        "waitid" if args[0] == u64::from(libc::P_PID) => args[1] as i32,
        _ => return None,
    };
    (child > 0).then_some(child)
}

/// Whether the error makes sense here: a read of a file does not sleep, nor does a look that does not wait;
/// fcntl makes a descriptor only when it duplicates one.
fn may_be_disturbed(tid: i32, call: &str, args: &[u64; 6]) -> bool {
    match call {
        "read" | "readv" => {
            let number = args[0] as i32;
            let target = procfs::descriptor(tid, number).unwrap_or_default();
            let waits = procfs::open_flags(tid, number).unwrap_or(0) & libc::O_NONBLOCK == 0;
            waits && ["pipe:", "socket:", "anon_inode:"].iter().any(|kind| target.starts_with(kind))
        }
        "wait4" => args[2] as i32 & libc::WNOHANG == 0,
        "waitid" => args[3] as i32 & libc::WNOHANG == 0,
        "poll" => args[2] as i32 != 0,
        "epoll_wait" | "epoll_pwait" => args[3] as i32 != 0,
        // A thread is no process.
        "clone" => args[0] & libc::CLONE_THREAD as u64 == 0,
        "clone3" => {
            read_u64(tid, args[0]).is_none_or(|flags| flags & libc::CLONE_THREAD as u64 == 0)
        }
        "fcntl" => [libc::F_DUPFD, libc::F_DUPFD_CLOEXEC].contains(&(args[1] as i32)),
        _ => true,
    }
}

/// Whether no handler can run in this thread: SIGKILL and SIGSTOP cannot be blocked, and have none.
fn blocks_all_signals(tid: i32) -> bool {
    const STANDARD: u64 = 0x7fff_ffff & !(1 << (libc::SIGKILL - 1)) & !(1 << (libc::SIGSTOP - 1));
    let blocked = procfs::status_field(tid, "SigBlk:");
    let blocked = blocked.and_then(|mask| u64::from_str_radix(&mask, 16).ok());
    blocked.is_some_and(|blocked| blocked & STANDARD == STANDARD)
}
