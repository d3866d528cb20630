//! A job: a program that does in each turn what its arguments say. Given.
//!
//! `PROGRAM job BOARD NUMBER TURN TURN …`, where a turn is steps with a `+` between them.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::process::{self, Command};
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use std::{env, hint, io, thread};

use nix::libc;
use nix::sched::{CpuSet, sched_getaffinity};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::waitpid;
use nix::time::ClockId;
use nix::unistd::{Pid, getpgrp, getpid, getppid};
use testkit::procfs::{process_state, status_field, thread_ids, thread_stat};
use testkit::quiescence::{Quiescence, await_quiescence, interrupt};

use crate::board::{Amiss, Board, Place};

/// More CPU time than any turn has. A net: a right scheduler stops a job long before.
const FAR_TOO_MUCH: Duration = Duration::from_secs(2);

/// A time on the clock that is far longer than any slice of the scenes.
const NAP: Duration = Duration::from_millis(120);

/// More CPU time than a slice that is to be used up, and two ticks of a slow clock.
const MORE_THAN_A_SLICE: Duration = Duration::from_millis(60);

/// The name of a process that is no job.
pub const NO_JOB: &CStr = c"no-job";

/// So much is `work`.
const WORK: Duration = Duration::from_millis(1);

/// The command for a job.
pub fn command(board: i32, number: usize, turns: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("job").arg(board.to_string()).arg(number.to_string());
    command.args(turns.split_whitespace());
    Ok(command)
}

/// Whether this process has been started as a job.
pub fn is_wanted() -> bool {
    env::args().nth(1).is_some_and(|arg| arg == "job")
}

/// Does the job that the arguments name.
pub fn run() -> ! {
    let args: Vec<String> = env::args().skip(2).collect();
    let board = Board::open(number(&args[0])).expect("the board is inherited");
    let job = Job { board, number: number(&args[1]) as usize };
    job.begin();
    for (turn, steps) in (1..).zip(&args[2..]) {
        job.place().await_turn(turn);
        job.look_around(false);
        for step in steps.split('+') {
            job.step(turn, step);
        }
    }
    process::exit(0)
}

fn number(text: &str) -> i32 {
    text.parse().unwrap_or_else(|_| panic!("no number: {text}"))
}

struct Job {
    board: &'static Board,
    number: usize,
}

impl Job {
    fn place(&self) -> &'static Place {
        &self.board.places[self.number]
    }

    fn begin(&self) {
        let place = self.place();
        let blocked = status_field(getpid().as_raw(), "SigBlk:").unwrap_or_default();
        place.mask.store(u64::from_str_radix(&blocked, 16).unwrap_or(u64::MAX), SeqCst);
        place.parent.store(getppid().as_raw(), SeqCst);
        place.group.store(getpgrp().as_raw(), SeqCst);
        self.board.find_jobs(getppid().as_raw());
        self.look_around(true);
    }

    /// Nobody else runs.
    fn look_around(&self, at_start: bool) {
        if !at_start {
            let cpus = sched_getaffinity(Pid::from_raw(0)).expect("a process may look at its own");
            let mine = || (0..CpuSet::count()).filter(|cpu| cpus.is_set(*cpu) == Ok(true));
            let first = mine().next().unwrap_or_default() as u64;
            self.place().cpus.store((mine().count() as u64) << 32 | first, SeqCst);
        }
        for other in self.board.not_stopped().filter(|other| *other != self.number) {
            self.board.report(Amiss::Beside { job: self.number, other, at_start });
        }
    }

    fn step(&self, turn: u32, step: &str) {
        let (name, argument) = step.split_once('=').unwrap_or((step, ""));
        let (place, job) = (self.place(), self.number);
        match name {
            // Uses its slice up, and goes on until it is stopped.
            "expire" => self.burn_until(turn + 1),
            // Uses its slice up, and sleeps then: a tracer holds back a signal to it until it does.
            "use-up" => self.use_up(turn),
            // Uses it up by a second thread, while the first sleeps.
            "expire-by-a-thread" => {
                let me = Job { board: self.board, number: job };
                thread::spawn(move || me.burn_until(turn + 1)).join().expect("it ends well");
            }
            "work" => {
                let before = cpu_time();
                burn_while(WORK, || true);
                place.worked.store((cpu_time() - before).as_nanos() as u64, SeqCst);
            }
            "nap" => {
                thread::sleep(NAP);
                if place.turn.load(SeqCst) != turn {
                    self.board.report(Amiss::CutShort { job });
                }
            }
            "block" => {
                raise(Signal::SIGSTOP).expect("a process may stop itself");
                if place.turn.load(SeqCst) == turn {
                    self.board.report(Amiss::NoTurn { job });
                }
            }
            "block-by" => {
                let signal = Signal::try_from(number(argument)).expect("a stop signal");
                raise(signal).expect("a process may stop itself");
            }
            "exit" => process::exit(number(argument)),
            "die" => die_of(number(argument)),
            "kill" => self.kill(number(argument) as usize),
            "interrupt" => {
                for _ in 0..3 {
                    interrupt(getppid().as_raw()).expect("the parent is of the same user");
                }
            }
            "term" => {
                kill(getppid(), Signal::SIGTERM).expect("the parent is of the same user");
                place.await_turn(u32::MAX);
            }
            "watch" => {
                if await_quiescence(getppid().as_raw()) == Quiescence::Spinning {
                    self.board.report(Amiss::Spins { job });
                }
            }
            "leave-a-child" => self.leave_a_child(),
            "reap" => {
                waitpid(None, None).expect("it has a child");
            }
            "await-the-child" => self.await_the_child(),
            "stop-late" => self.stop_late(turn, false),
            "stop-never-and-term" => self.stop_late(turn, true),
            "sleep-watched" => self.sleep_watched(),
            _ => panic!("no step {step}"),
        }
    }

    /// Uses the slice up, and sleeps then until another turn has begun.
    fn use_up(&self, turn: u32) {
        burn_while(MORE_THAN_A_SLICE, || self.place().turn.load(SeqCst) == turn);
        self.place().await_turn(turn + 1);
    }

    /// Burns CPU time until it has been stopped and another turn has begun.
    fn burn_until(&self, turn: u32) {
        burn_while(FAR_TOO_MUCH, || self.place().turn.load(SeqCst) < turn);
        if self.place().turn.load(SeqCst) < turn {
            self.board.report(Amiss::NeverStopped { job: self.number });
            process::exit(99);
        }
    }

    fn kill(&self, other: usize) {
        let pid = self.board.places[other].pid.load(SeqCst);
        kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it is of the same user");
        while !matches!(process_state(pid), None | Some('Z' | 'X')) {
            thread::yield_now();
        }
    }

    /// A process that is no job: it runs while its parent is stopped, and ends.
    fn leave_a_child(&self) {
        let parent = getpid().as_raw();
        fork_child(0, || {
            while process_state(parent) != Some('T') {
                thread::yield_now();
            }
            self.board.child_ran.store(1, SeqCst);
        });
    }

    /// Sleeps until a child of its own has looked whether `run` sleeps, too.
    fn sleep_watched(&self) {
        let parent = getppid().as_raw();
        let child = fork_child(0, || {
            if await_quiescence(parent) == Quiescence::Spinning {
                self.board.report(Amiss::Spins { job: self.number });
            }
        });
        waitpid(child, None).expect("it is a child");
    }

    fn await_the_child(&self) {
        let before = std::time::Instant::now();
        while self.board.child_ran.load(SeqCst) == 0 {
            // A net: it runs at the same time.
            if before.elapsed() > Duration::from_secs(5) {
                self.board.report(Amiss::ChildStopped { job: 0 });
                return;
            }
            thread::yield_now();
        }
    }

    /// Uses its slice up by a second thread, while the first sleeps so that no signal but SIGKILL wakes it: its
    /// child has not exec'd yet (vfork(2)). So the stop takes as long as the child likes: until whoever has sent it
    /// has come to rest, or has gone on too early. Or until the job is killed, after a SIGTERM to its parent.
    fn stop_late(&self, turn: u32, rings: bool) {
        let me = Job { board: self.board, number: self.number };
        let burner = thread::spawn(move || match rings {
            // It need not have heard of the stop, which waits for the first thread: so it ends by itself in no case.
            true => me.use_up(turn),
            false => me.burn_until(turn + 1),
        });
        let (own, parent) = (getpid().as_raw(), getppid().as_raw());
        let child = fork_child(libc::CLONE_VFORK, || {
            let is_on = || self.place().turn.load(SeqCst) == turn && !self.board.has_reports();
            while !is_asked_to_stop(own) && is_on() {
                thread::yield_now();
            }
            await_quiescence(parent);
            if rings {
                let _ = kill(Pid::from_raw(parent), Signal::SIGTERM);
                // So the job can be killed, and not stopped.
                while getppid().as_raw() == own {
                    thread::yield_now();
                }
            }
        });
        burner.join().expect("it ends well");
        waitpid(child, None).expect("it is a child");
    }
}

/// Whether a SIGSTOP is under way to this process, or has reached one of its threads.
fn is_asked_to_stop(pid: i32) -> bool {
    const STOP: u64 = 1 << (libc::SIGSTOP - 1);
    let pending = status_field(pid, "ShdPnd:").unwrap_or_default();
    let is_under_way = u64::from_str_radix(&pending, 16).unwrap_or(0) & STOP != 0;
    let has_stopped = |tid| thread_stat(pid, tid).is_some_and(|thread| thread.state == 'T');
    is_under_way || thread_ids(pid).into_iter().any(has_stopped)
}

/// A child that runs this and ends; with CLONE_VFORK its parent is suspended until then.
fn fork_child(flags: i32, body: impl FnOnce()) -> Pid {
    let (flags, zero) = (libc::c_long::from(flags | libc::SIGCHLD), 0 as libc::c_long);
    // SAFETY: without CLONE_VM it is a fork (clone(2)). The other thread, if there is one, only computes, so it
    // holds no lock that the child might want.
    let child = unsafe { libc::syscall(libc::SYS_clone, flags, zero, zero, zero, zero) };
    if child == 0 {
        let _ = prctl::set_name(NO_JOB);
        body();
        // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
        unsafe { libc::_exit(0) }
    }
    Pid::from_raw(child as i32)
}

/// By number: real-time signals have no name.
fn die_of(signal: i32) {
    // SAFETY: SIG_DFL is a disposition, not a function that would have to be sound (signal(2)).
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    // SAFETY: kill(2) takes two integers and touches no memory of ours.
    unsafe { libc::kill(Pid::this().as_raw(), signal) };
}

/// Uses so much CPU time, or less if this does not hold any more.
fn burn_while(time: Duration, holds: impl Fn() -> bool) {
    let before = cpu_time();
    while cpu_time() - before < time && holds() {
        hint::spin_loop();
    }
}

fn cpu_time() -> Duration {
    let now = ClockId::CLOCK_PROCESS_CPUTIME_ID.now();
    now.expect("a process has a clock").into()
}
