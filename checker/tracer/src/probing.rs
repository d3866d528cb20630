//! Counts the calls of the marked part of a program, and disturbs one of them.

use std::collections::{BTreeMap, BTreeSet};

use nix::errno::Errno;
use nix::unistd::Pid;

use crate::changes;
use crate::memory::read_u64;
use crate::probe::{Fault, Probe, Purpose, Site};
use crate::registers::{set_count, skip_call};

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
    /// The calls that were counted, in order; of a reading the pipe, too.
    sites: Vec<(Site, Option<String>)>,
    /// The pipes that carry more than messages which a read takes whole.
    streams: BTreeSet<String>,
    /// The processes that have marked a part, and what they had open then.
    callers: BTreeMap<usize, BTreeSet<i32>>,
    /// What they changed in it that all of their threads share.
    pub(crate) changes: Vec<String>,
}

/// What has become of a call that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// It is made.
    AsItIs,
    /// It is not made.
    Skipped,
    /// It is made for one byte instead of so many.
    Shortened { count: u64 },
}

impl Probing {
    pub(crate) fn new(probe: Probe) -> Self {
        Self {
            probe,
            marked: BTreeSet::new(),
            counts: BTreeMap::new(),
            ended: BTreeSet::new(),
            sites: Vec::new(),
            streams: BTreeSet::new(),
            callers: BTreeMap::new(),
            changes: Vec::new(),
        }
    }

    /// The calls that could be disturbed, in order.
    pub(crate) fn sites(&self) -> Vec<Site> {
        let may_be_short =
            |pipe: &Option<String>| pipe.as_ref().is_none_or(|pipe| self.streams.contains(pipe));
        let sites = self.sites.iter().filter(|(_, pipe)| may_be_short(pipe));
        sites.map(|(site, _)| site.clone()).collect()
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

    /// A process begins a call.
    pub(crate) fn begins(
        &mut self,
        tid: Pid,
        (process, name): (usize, &str),
        number: u64,
        args: &[u64; 6],
    ) -> Result<Begun, Errno> {
        if number == libc::SYS_prctl as u64 && args[0] == MARK {
            self.marks(tid.as_raw(), process, args[1] != 0);
            return Ok(Begun::AsItIs);
        }
        let Some(call) = procfs::syscall_name(number as i64) else { return Ok(Begun::AsItIs) };
        let Some(&call) = self.probe.calls.iter().find(|asked| **asked == call) else {
            return Ok(Begun::AsItIs);
        };
        match self.probe.purpose {
            Purpose::Shorten => return self.transfers(tid, (process, name), call, args),
            Purpose::Watch => {
                let given = self.callers.get(&process).filter(|_| self.marked.contains(&process));
                self.changes.extend(given.and_then(|given| changes::told(call, args, given)));
                return Ok(Begun::AsItIs);
            }
            Purpose::Interrupt | Purpose::Fail => {}
        }
        let awaited = awaited(call, args);
        if awaited.is_some_and(|child| self.ended.contains(&child)) {
            return Ok(Begun::AsItIs);
        }
        let is_by_a_signal = self.probe.purpose == Purpose::Interrupt;
        let is_possible = may_be_disturbed(tid.as_raw(), call, args)
            && !(is_by_a_signal && blocks_all_signals(tid.as_raw()));
        if !self.marked.contains(&process) || !is_possible {
            return Ok(Begun::AsItIs);
        }
        let site = self.site((process, name), call);
        let fault = self.fault(&site);
        if let Some(Fault::Fails(errno) | Fault::FailsFromNowOn(errno)) = fault {
            skip_call(tid, errno)?;
        }
        let only_looks = call == "waitid" && args[3] as i32 & libc::WNOWAIT != 0;
        if only_looks && fault.is_none() {
            self.ended.extend(awaited);
        }
        self.sites.push((site, None));
        Ok(if fault.is_some() { Begun::Skipped } else { Begun::AsItIs })
    }

    fn marks(&mut self, tid: i32, process: usize, is_on_trial: bool) {
        if is_on_trial {
            let open = procfs::open_descriptors(tid).unwrap_or_default();
            self.callers.insert(process, open.into_keys().collect());
            self.marked.insert(process);
        } else {
            self.marked.remove(&process);
        }
    }

    fn site(&mut self, (process, name): (usize, &str), call: &'static str) -> Site {
        let count = self.counts.entry((process, call)).or_insert(0);
        *count += 1;
        Site { process: name.to_owned(), call, nth: *count }
    }

    fn fault(&self, site: &Site) -> Option<Fault> {
        let (wanted, fault) = self.probe.fault.as_ref()?;
        let is_later = (&wanted.process, wanted.call) == (&site.process, site.call)
            && wanted.nth < site.nth
            && matches!(fault, Fault::FailsFromNowOn(_));
        (wanted == site || is_later).then_some(*fault)
    }

    /// A read or a write begins. Only what can be short is made so: what is written to a pipe in one call of at most
    /// PIPE_BUF bytes comes in one piece (pipe(7)), so a message of the marked part is left alone.
    fn transfers(
        &mut self,
        tid: Pid,
        (process, name): (usize, &str),
        call: &'static str,
        args: &[u64; 6],
    ) -> Result<Begun, Errno> {
        let target = procfs::descriptor(tid.as_raw(), args[0] as i32);
        let Some(pipe) = target.filter(|target| target.starts_with("pipe:")) else {
            return Ok(Begun::AsItIs);
        };
        let (is_marked, count) = (self.marked.contains(&process), args[2]);
        let is_a_write = call == "write";
        let is_no_message = count > libc::PIPE_BUF as u64;
        if is_a_write && (!is_marked || is_no_message) {
            self.streams.insert(pipe.clone());
        }
        if !is_marked || (is_a_write && !is_no_message) || count <= 1 {
            return Ok(Begun::AsItIs);
        }
        let site = self.site((process, name), call);
        let fault = self.fault(&site);
        if fault.is_some() {
            set_count(tid, 1)?;
        }
        self.sites.push((site, (!is_a_write).then_some(pipe)));
        Ok(if fault.is_some() { Begun::Shortened { count } } else { Begun::AsItIs })
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
