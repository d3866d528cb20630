//! The scenes of the tests: `run` with jobs and a policy that the arguments name, and what came of it.
//!
//! It is a program so that its children are its own: the test binary's threads have children, too.
#![allow(unsafe_code)]

#[path = "../board.rs"]
mod board;
#[path = "../job.rs"]
mod job;

use std::collections::VecDeque;
use std::mem::MaybeUninit;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;
use std::{env, io, ptr};

use nix::errno::Errno;
use nix::libc;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, Signal, kill, raise, sigaction, signal,
};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::time::ClockId;
use nix::unistd::{Pid, getpgrp, getpid, getppid};
use one_cpu::{News, Policy, run};
use testkit::on_trial;
use testkit::procfs::{child_ids, own_status_field, process_stat, process_state};
use testkit::survey::Survey;

use crate::board::{Amiss, Board};

/// The slice of a turn that is to use it up. It is longer where something else has to be done before: a process has to
/// be loaded in its first turn, or has a thread and a child to make.
const SHORT: Duration = Duration::from_millis(10);
const NOT_SO_SHORT: Duration = Duration::from_millis(30);

/// poll(2) counts milliseconds.
const LESS_THAN_POLL_COUNTS: Duration = Duration::from_micros(900);

/// That of a turn that ends by itself, which is never used up: nothing depends on how fast a machine is.
const LONG: Duration = Duration::from_secs(3600);

static SIGTERMS: AtomicU32 = AtomicU32::new(0);

extern "C" fn nothing(_: libc::c_int) {}

extern "C" fn count(_: libc::c_int) {
    SIGTERMS.fetch_add(1, SeqCst);
}

fn main() -> io::Result<()> {
    if job::is_wanted() {
        job::run();
    }
    testkit::quiescence::let_others_look();
    testkit::affinity::allow_all_cpus();
    let args: Vec<String> = env::args().skip(1).collect();
    match args.split_first() {
        Some((first, rest)) if first == "outlived" => outlive(rest),
        _ => scene(&args),
    }
}

/// Runs a scene in a process of its own, and says how that ended and which jobs it has left: they come to their
/// nearest ancestor that has asked for orphans.
fn outlive(args: &[String]) -> io::Result<()> {
    // SAFETY: this prctl takes an integer and touches no memory of ours.
    Errno::result(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) })?;
    let status = Command::new(env::current_exe()?).args(args).status()?;
    println!("the caller: {}", in_words(status));
    let mut left = Vec::new();
    for pid in child_ids(getpid().as_raw()) {
        let name = process_stat(pid).map(|stat| stat.name).unwrap_or_default();
        if name.as_bytes() == job::NO_JOB.to_bytes() {
            // Its job has ended, so it does, too.
            let _ = waitpid(Pid::from_raw(pid), None);
            continue;
        }
        left.push(match process_state(pid) {
            Some('T') => "one that is stopped",
            Some('Z') => "one that nobody has waited for",
            _ => "one that runs",
        });
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        let _ = waitpid(Pid::from_raw(pid), None);
    }
    println!("left: {}", or_none(&left));
    Ok(())
}

fn scene(args: &[String]) -> io::Result<()> {
    let (options, turns): (Vec<&str>, Vec<&str>) =
        args.iter().map(String::as_str).partition(|arg| arg.starts_with("--"));
    let turns: Vec<String> = turns.into_iter().map(str::to_owned).collect();
    let is_set = |option: &str| options.contains(&option);
    let value = |name: &str| options.iter().find_map(|option| option.strip_prefix(name));

    prepare(&options)?;
    let others = if is_set("--others") { others()? } else { Vec::new() };
    let (board, fd) = Board::create()?;
    let commands = turns.iter().enumerate();
    let commands: io::Result<Vec<_>> =
        commands.map(|(number, turns)| command(fd, number, turns)).collect();
    let longest = is_set("--longest");
    let mut policy = Watched {
        inner: policy_called(value("--policy=").unwrap_or("circle")),
        slice: Box::new(move |job, turn| slice(&turns, job, turn, longest)),
        has_sigterm: value("--sigterm-in=").map(str::to_owned),
        board,
        heard: Vec::new(),
        turn: None,
    };

    let before = Survey::now();
    let dispositions_before = dispositions();
    let cpus_before = sched_getaffinity(Pid::from_raw(0))?;
    let mask = own_status_field("SigBlk:").unwrap_or_default();
    if is_set("--twice") {
        // A call that fails, and one that is ended by a panic, came before.
        let sleeper = || job::command(fd, board::JOBS - 1, "block");
        let _ =
            run(&mut *policy_called("0"), vec![sleeper()?, Command::new("/nonexistent/program")]);
        let commands = vec![sleeper()?];
        let _ = catch_unwind(AssertUnwindSafe(|| run(&mut *policy_called("panic"), commands)));
    }
    let commands = commands?;
    let result = catch_unwind(AssertUnwindSafe(|| on_trial(|| run(&mut policy, commands))));
    let mut changes = before.changes();
    if dispositions() != dispositions_before && !changes.iter().any(|it| it.contains("signals")) {
        changes.push("flags or mask of a signal's handler".to_owned());
    }
    if !is_set("--only-the-end") {
        println!("heard: {}", or_none(&policy.heard));
    }
    tell(result, is_set("--any-error"));
    let mut amiss: Vec<String> = board.reports().iter().map(Amiss::to_string).collect();
    if is_set("--traced") {
        // A stopped process does not look stopped while its tracer comes to it again (ptrace(2)).
        amiss.clear();
    }
    amiss.extend(at_the_jobs(board, &cpus_before, &mask));
    println!("amiss: {}", or_none(&amiss));
    if is_set("--sigterm=handled") {
        println!("handled: {}", SIGTERMS.load(SeqCst));
    }
    if is_set("--then-another") {
        let mut job = Command::new("/bin/sh");
        job.args(["-c", "exit 3"]);
        print!("then another: ");
        tell(Ok(run(&mut *policy_called("circle"), vec![job])), false);
    }
    for mut other in others {
        // Closes its standard input first, which is what it waits for.
        let _ = kill(Pid::from_raw(other.id().cast_signed()), Signal::SIGCONT);
        match other.wait() {
            Ok(status) => println!("another child: {}", in_words(status)),
            Err(error) => println!("another child: {error}"),
        }
    }
    let mut changes: Vec<String> =
        changes.into_iter().filter(|change| !change.starts_with("children")).collect();
    if sched_getaffinity(Pid::from_raw(0))? != cpus_before {
        changes.push("affinity".to_owned());
    }
    match &changes[..] {
        [] => println!("nothing is changed"),
        changes => println!("changed: {}", changes.join(", ")),
    }
    match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        Err(Errno::ECHILD) => println!("no child is left"),
        left => println!("children left: {left:?}"),
    }
    Ok(())
}

/// What the caller has set up.
fn prepare(options: &[&str]) -> io::Result<()> {
    // No SA_RESTART: a call that the signal interrupts fails with EINTR (signal(7)).
    let install = |number, handler| {
        let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
        // SAFETY: the handlers do nothing, or add to an atomic number, which a handler may do.
        unsafe { sigaction(number, &action) }
    };
    install(Signal::SIGUSR1, SigHandler::Handler(nothing))?;
    SigSet::from_iter([Signal::SIGUSR2]).thread_block()?;
    for option in options {
        match *option {
            "--sigchld=ignored" => {
                // SAFETY: SIG_IGN is no function that would have to be sound.
                unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }?;
            }
            "--sigchld=no-stops" => {
                let handler = SigHandler::Handler(nothing);
                let action = SigAction::new(handler, SaFlags::SA_NOCLDSTOP, SigSet::empty());
                // SAFETY: the handler does nothing at all.
                unsafe { sigaction(Signal::SIGCHLD, &action) }?;
            }
            "--sigchld=handled" => {
                let (handler, mask) = (SigHandler::Handler(nothing), [Signal::SIGHUP]);
                let flags = SaFlags::SA_RESTART | SaFlags::SA_NODEFER;
                let action = SigAction::new(handler, flags, SigSet::from_iter(mask));
                // SAFETY: the handler does nothing at all.
                unsafe { sigaction(Signal::SIGCHLD, &action) }?;
            }
            "--sigchld=blocked" => SigSet::from_iter([Signal::SIGCHLD]).thread_block()?,
            "--sigterm=handled" => {
                install(Signal::SIGTERM, SigHandler::Handler(count))?;
            }
            "--last-cpu" => {
                let allowed = sched_getaffinity(Pid::from_raw(0))?;
                let is_allowed = |cpu: &usize| allowed.is_set(*cpu) == Ok(true);
                let mut last = CpuSet::new();
                last.set((0..CpuSet::count()).rev().find(is_allowed).expect("it runs somewhere"))?;
                sched_setaffinity(Pid::from_raw(0), &last)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// A job by its turns, or one of those that cannot be started, or end or ring before they begin.
fn command(board: i32, number: usize, turns: &str) -> io::Result<Command> {
    match turns {
        "missing" => return Ok(Command::new("/nonexistent/program")),
        "directory" => return Ok(Command::new("/")),
        _ => {}
    }
    let (before_exec, turns) = match turns.split_once(" then ") {
        Some((before_exec, turns)) => (before_exec, turns),
        None => ("", turns),
    };
    let mut command = job::command(board, number, turns)?;
    command.stdin(Stdio::null());
    let prepare: fn() -> nix::Result<()> = match before_exec {
        "dies" => || raise(Signal::SIGKILL),
        "rings" => || kill(getppid(), Signal::SIGTERM),
        _ => return Ok(command),
    };
    // SAFETY: it sends a signal, which a child may do before it execs (signal-safety(7)).
    unsafe { command.pre_exec(move || Ok(prepare()?)) };
    Ok(command)
}

/// Children that are no jobs: one that has ended, one that is stopped, one that runs until it is waited for.
fn others() -> io::Result<Vec<Child>> {
    let shell =
        |script: &str| Command::new("/bin/sh").arg("-c").arg(script).stdin(Stdio::piped()).spawn();
    let (ended, stopped) = (shell("exit 9")?, shell("kill -STOP $$; exit 5")?);
    let id = |child: &Child| Id::Pid(Pid::from_raw(child.id().cast_signed()));
    waitid(id(&ended), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    waitid(id(&stopped), WaitPidFlag::WSTOPPED | WaitPidFlag::WNOWAIT)?;
    Ok(vec![ended, stopped, shell("read line; exit 4")?])
}

/// How long a turn may be, by what the job does in it.
fn slice(turns: &[String], job: usize, turn: usize, longest: bool) -> Duration {
    let mut turns = turns.get(job).map(|turns| turns.split_whitespace()).into_iter().flatten();
    if turns.clone().any(|steps| steps.contains("sleep-watched")) {
        return LESS_THAN_POLL_COUNTS;
    }
    let steps: Vec<&str> = turns.nth(turn).into_iter().flat_map(|it| it.split('+')).collect();
    let is_one_of = |names: &[&str]| names.iter().any(|name| steps.contains(name));
    match () {
        () if is_one_of(&["stop-late", "stop-never-and-term"]) => NOT_SO_SHORT,
        () if is_one_of(&["expire", "use-up", "expire-by-a-thread"]) && turn == 0 => NOT_SO_SHORT,
        () if is_one_of(&["expire", "use-up", "expire-by-a-thread"]) => SHORT,
        () if longest => Duration::MAX,
        () => LONG,
    }
}

fn policy_called(name: &str) -> Box<dyn Policy> {
    let ready = VecDeque::new();
    match name {
        "circle" => Box::new(Circle { ready, last_first: false }),
        "stack" => Box::new(Circle { ready, last_first: true }),
        script => Box::new(Script { steps: script.split(',').map(str::to_owned).collect() }),
    }
}

/// A policy of the tests' own: a queue, or a stack.
struct Circle {
    ready: VecDeque<usize>,
    last_first: bool,
}

impl Policy for Circle {
    fn note(&mut self, job: usize, news: News) {
        match news {
            News::Arrived | News::Expired { .. } => self.ready.push_back(job),
            News::Blocked { .. } => {}
            News::Ended => self.ready.retain(|ready| *ready != job),
        }
    }

    fn next(&mut self) -> Option<(usize, Duration)> {
        let job = if self.last_first { self.ready.pop_back() } else { self.ready.pop_front() };
        Some((job?, LONG))
    }
}

/// A policy that says what stands in its script: numbers of jobs, and things that a policy must not do.
struct Script {
    steps: VecDeque<String>,
}

impl Policy for Script {
    fn note(&mut self, _: usize, _: News) {}

    fn next(&mut self) -> Option<(usize, Duration)> {
        match self.steps.pop_front()?.as_str() {
            "panic" => resume_unwind(Box::new("the policy panics (on purpose)".to_owned())),
            "term-and-panic" => {
                raise(Signal::SIGTERM).expect("a process may send itself a signal");
                resume_unwind(Box::new("the policy panics (on purpose)".to_owned()))
            }
            // It kills the first child of this process, waits for it, and names it.
            "steal" => {
                let first = child_ids(getpid().as_raw()).into_iter().min().map(Pid::from_raw);
                let first = first.expect("there is a job");
                kill(first, Signal::SIGKILL).expect("it is of the same user");
                waitpid(first, None).expect("it is a child");
                Some((0, LONG))
            }
            "no-time" => Some((0, Duration::ZERO)),
            "nobody" => None,
            "far" => Some((usize::MAX, LONG)),
            number => Some((number.parse().expect("a job is a number"), LONG)),
        }
    }
}

/// Writes down what a policy is asked and told, and looks whether it may be at that moment.
struct Watched {
    inner: Box<dyn Policy>,
    /// The slice of a job's turn with this number.
    slice: Box<dyn Fn(usize, usize) -> Duration>,
    has_sigterm: Option<String>,
    board: &'static Board,
    heard: Vec<String>,
    /// The turn that is on: whose, its slice, and the job's meter at its beginning.
    turn: Option<(usize, Duration, Duration)>,
}

impl Watched {
    /// What the meter of a job says.
    fn meter(&self, job: usize) -> Duration {
        let pid = self.board.places.get(job).map_or(0, |place| place.pid.load(SeqCst));
        let read = || Some(ClockId::pid_cpu_clock_id(Pid::from_raw(pid)).ok()?.now().ok()?.into());
        if pid == 0 { Duration::ZERO } else { read().unwrap_or_default() }
    }

    /// What is wrong about the time that a job is said to have used.
    fn complaint(&self, job: usize, used: Duration, is_expired: bool) -> &'static str {
        let Some((whose, slice, before)) = self.turn else { return " without a turn" };
        let worked = Duration::from_nanos(self.board.places[job].worked.load(SeqCst));
        match () {
            () if whose != job => " in another's turn",
            () if used > self.meter(job) - before => " with more than it has used",
            () if is_expired && used < slice => " with less than a slice",
            () if !is_expired && used < worked => " with less than it has used",
            () => "",
        }
    }

    fn ring_in(&mut self, when: &str) {
        if self.has_sigterm.as_deref() == Some(when) {
            self.has_sigterm = None;
            raise(Signal::SIGTERM).expect("a process may send itself a signal");
        }
    }
}

impl Policy for Watched {
    fn note(&mut self, job: usize, news: News) {
        if matches!(news, News::Arrived) {
            self.board.find_jobs(getpid().as_raw());
        }
        // That a job which waits has been killed may be told while another one runs.
        let is_of_the_turn = self.turn.is_none_or(|(whose, ..)| whose == job);
        if is_of_the_turn || !matches!(news, News::Ended) {
            self.board.require_that_all_are_stopped();
        }
        let what = match news {
            News::Arrived => format!("{job} arrived"),
            News::Expired { used } => format!("{job} expired{}", self.complaint(job, used, true)),
            News::Blocked { used } => format!("{job} blocked{}", self.complaint(job, used, false)),
            News::Ended => format!("{job} ended"),
        };
        self.ring_in(&what);
        self.heard.push(what);
        if is_of_the_turn && !matches!(news, News::Arrived) {
            self.turn = None;
        }
        self.inner.note(job, news);
    }

    fn next(&mut self) -> Option<(usize, Duration)> {
        self.board.require_that_all_are_stopped();
        let (job, named) = self.inner.next()?;
        self.ring_in(&format!("turn of {job}"));
        let place = self.board.places.get(job);
        let turn = place.map_or(0, |place| place.turn.load(SeqCst) as usize);
        let slice = if named.is_zero() { named } else { (self.slice)(job, turn) };
        self.turn = Some((job, slice, self.meter(job)));
        if let Some(place) = place {
            place.worked.store(0, SeqCst);
            place.give_turn();
        }
        Some((job, slice))
    }
}

type Outcome = std::thread::Result<io::Result<Vec<ExitStatus>>>;

fn tell(outcome: Outcome, any_error: bool) {
    match outcome {
        Ok(Ok(endings)) => {
            let endings: Vec<String> = endings.into_iter().map(in_words).collect();
            println!("ended: {}", or_none(&endings));
        }
        Ok(Err(_)) if any_error => println!("failed"),
        Ok(Err(error)) => println!("failed: {}", error.kind()),
        Err(panic) => match panic.downcast::<String>() {
            Ok(text) => println!("panicked: {text}"),
            Err(_) => println!("panicked"),
        },
    }
}

fn in_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited {code}"),
        (_, Some(signal)) => format!("killed {signal}"),
        _ => format!("no ending, but {:#06x}", status.into_raw()),
    }
}

/// What each signal does: the handler's address, its flags and its mask.
fn dispositions() -> Vec<String> {
    let ask = |signal| {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: nothing is set, and the action is written to a local variable (sigaction(2)).
        unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) };
        // SAFETY: it was zeroed, and all of it are numbers.
        let action = unsafe { action.assume_init() };
        // SAFETY: as above.
        let mask = unsafe { SigSet::from_sigset_t_unchecked(action.sa_mask) };
        let mask: Vec<Signal> = mask.iter().collect();
        // The C library adds a flag of its own, SA_RESTORER, to whatever is set (sigreturn(2)).
        let flags = action.sa_flags & !0x0400_0000;
        format!("{signal} {} {flags} {mask:?}", action.sa_sigaction)
    };
    (1..=31).map(ask).collect()
}

/// What is wrong about the processes of the jobs.
fn at_the_jobs(board: &Board, allowed: &CpuSet, mask: &str) -> Vec<String> {
    let mut amiss = Vec::new();
    let mut one = None;
    let places = board.places.iter().enumerate();
    for (job, place) in places.filter(|(_, place)| place.parent.load(SeqCst) != 0) {
        let mut require = |holds: bool, what: &str| {
            if !holds {
                amiss.push(format!("job {job} {what}"));
            }
        };
        let blocked = u64::from_str_radix(mask, 16).ok();
        require(Some(place.mask.load(SeqCst)) == blocked, "began with another signal mask");
        require(place.parent.load(SeqCst) == getpid().as_raw(), "is not the caller's child");
        require(place.group.load(SeqCst) == getpgrp().as_raw(), "has another process group");
        let cpus = place.cpus.load(SeqCst);
        if cpus == 0 {
            continue;
        }
        let (count, first) = (cpus >> 32, (cpus & u64::from(u32::MAX)) as usize);
        require(count == 1, "may use several CPUs");
        require(allowed.is_set(first) == Ok(true), "runs on a CPU that the caller may not use");
        require(*one.get_or_insert(first) == first, "runs on another CPU than the first");
    }
    amiss
}

fn or_none<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
