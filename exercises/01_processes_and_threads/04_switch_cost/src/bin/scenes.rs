//! Scenes for the tests: each prints what it saw, and then what is left of it.
#![allow(unsafe_code)]

#[path = "scenes/board.rs"]
mod board;
#[path = "scenes/clock.rs"]
mod clock;

use std::cell::Cell;
use std::env;
use std::fs;
use std::io::{self, Read};
use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use nix::libc;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::signal::SigHandler::{self, SigIgn};
use nix::sys::signal::{SaFlags, SigAction, SigSet, Signal, kill, sigaction, signal};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, getpid, gettid};
use switch_cost::sides::{Between, Cost, Side};
use switch_cost::{median, nanoseconds_a_turn, ping_pong, pinned, tasks};
use testkit::affinity::allow_all_cpus;
use testkit::on_trial;
use testkit::other_children::beside_other_children;
use testkit::procfs::{Activity, Syscall, child_ids, thread_activity, thread_ids, thread_stat};
use testkit::quiescence::{Quiescence, await_quiescence_of_thread, let_others_look};
use testkit::survey::Survey;

use board::{Turn, allowed, allowed_of, board, switches, switches_of_all};

fn main() -> io::Result<()> {
    let_others_look();
    board();
    allow_all_cpus();
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    // A neighbour is there before and after.
    let neighbour = (args[0] == "both-kinds").then(neighbour);
    let (before, allowed_before) = (Survey::now(), allowed());
    match args[..] {
        ["median", ..] => medians(&numbers(&args[1..])),
        ["pinned"] => a_pinned_body(),
        ["pinned", "last"] => on_the_last_cpu_only(a_pinned_body),
        ["pinned", "panic"] => a_pinned_body_panics(),
        ["pinned", "within"] => pinned_within_pinned(),
        ["pinned", "moves"] => a_pinned_body_moves(),
        ["pinned", "thread"] => a_pinned_thread_that_is_not_the_first(),
        ["pinned", "refused"] => pinned_where_it_is_refused(),
        ["game", of, rounds] => game(between(of), number(rounds)),
        ["game", of, rounds, "blocked"] => {
            game_with_all_signals_blocked(between(of), number(rounds))
        }
        ["sides", of] => sides(between(of)),
        ["sleep", of] => sleep(between(of)),
        ["cpu", of] => cpu(between(of)),
        ["cpu", of, "last"] => on_the_last_cpu_only(|| cpu(between(of))),
        ["cpu", of, "thread"] => game_of_a_thread_that_is_not_the_first(between(of)),
        ["count", of] => count(between(of)),
        ["both-kinds", of] => both_kinds(between(of), neighbour),
        ["others-switch", of] => others_switch(between(of)),
        ["no-status"] => no_status(),
        ["clock", of, seconds, nanoseconds] => {
            time(between(of), (number(seconds), number(nanoseconds)))
        }
        ["panic", of, at] => a_turn_panics(between(of), number(at)),
        ["panic", of, at, "handled"] => {
            with_a_handler_for_all(|| a_turn_panics(between(of), number(at)));
        }
        ["death", how, at] => a_child_ends_in_its_turn(how, number(at)),
        ["death", how, at, "no-status"] => {
            without_status(|| a_child_ends_in_its_turn(how, number(at)));
        }
        ["survivor"] => a_child_leaves_a_program_behind(),
        ["lives-on"] => return io::stdin().read(&mut [0]).map(drop),
        ["locals"] => locals_are_dropped(),
        ["killed", at] => killed_while_it_waits(number(at)),
        ["way-out", how] => way_out(how),
        ["no-thread", most] => no_thread(number(most)),
        ["no-cpu", of] => no_cpu(between(of)),
        ["signals", of] => signals(between(of)),
        ["tokens"] => tokens(),
        ["within", of, inner] => a_game_within_a_turn(between(of), between(inner)),
        ["at-once", of] => at_once(between(of)),
        ["again", of] => again(between(of)),
        ["others"] => other_children(),
        ["on-trial", of] => game_on_trial(between(of)),
        ["batches", of, rounds, ..] => batches(between(of), number(rounds), &numbers(&args[3..])),
        ["batches-fail", of] => batches_fail(between(of)),
        _ => panic!("no scene {args:?}"),
    }
    let mut changes = before.changes();
    if allowed() != allowed_before {
        changes.push(format!("CPUs: {allowed_before:?} → {:?}", allowed()));
    }
    println!("changed: {}", changes.join(", "));
    if let Some(neighbour) = neighbour {
        kill(neighbour, Signal::SIGKILL).expect("it has not been waited for");
        waitpid(neighbour, None).expect("it is a child of this process");
    }
    Ok(())
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number")
}

fn numbers(texts: &[&str]) -> Vec<u64> {
    texts.iter().map(|text| number(text)).collect()
}

fn between(name: &str) -> Between {
    match name {
        "threads" => Between::Threads,
        "processes" => Between::Processes,
        "tasks" => Between::Tasks,
        _ => panic!("nothing is between {name}"),
    }
}

fn in_words(side: Side) -> &'static str {
    match side {
        Side::Ping => "Ping",
        Side::Pong => "Pong",
    }
}

/// A game, and what `turn` adds to each turn.
fn play(between: Between, rounds: u64, turn: impl Fn(&Turn, Side) + Sync) -> io::Result<Cost> {
    ping_pong(between, rounds, |side| {
        let now = board().begin(side);
        turn(&now, side);
    })
}

fn tell(cost: io::Result<Cost>) {
    match cost {
        Ok(_) => println!("a cost, turns: {}", board().told()),
        Err(_) => println!("an error, turns: {}", board().told()),
    }
}

/// Another game: is it as if nothing had been before?
fn tell_of_another(between: Between) {
    board().forget();
    tell(play(between, 2, |_, _| ()));
}

fn exit_now(code: i32) -> ! {
    // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
    unsafe { libc::_exit(code) }
}

fn medians(samples: &[u64]) {
    println!("the median: {:?}, and of 7 alone: {:?}", median(samples), median(&[7]));
}

// The CPU.

/// The one on which this thread is pinned, which is one of these.
fn pin_among(before: &[usize]) -> String {
    match allowed()[..] {
        [cpu] if before.contains(&cpu) => "one CPU, an allowed one".to_owned(),
        [_] => "one CPU, not an allowed one".to_owned(),
        ref cpus => format!("{} CPUs", cpus.len()),
    }
}

fn allow(cpus: &[usize]) {
    let mut set = CpuSet::new();
    for cpu in cpus {
        set.set(*cpu).expect("there is such a CPU");
    }
    sched_setaffinity(Pid::from_raw(0), &set).expect("this thread was allowed to run there");
}

/// The scene prints what is left of it: so it is all as before.
fn on_the_last_cpu_only(scene: impl FnOnce()) {
    let before = allowed();
    let last = *before.last().expect("there is a CPU");
    allow(&[last]);
    scene();
    println!("afterwards the last CPU only: {}", allowed() == [last]);
    allow(&before);
}

fn a_pinned_body() {
    let before = allowed();
    let body = || (vec![pin_among(&before)], "returned");
    match pinned(body) {
        Ok((pin, result)) => println!("the body: {}, {result}", pin.join("")),
        Err(_) => println!("an error"),
    }
}

fn a_pinned_body_panics() {
    let before = allowed();
    let pin = Cell::new(String::new());
    let body = AssertUnwindSafe(|| {
        pinned(|| {
            pin.set(pin_among(&before));
            panic::resume_unwind(Box::new("on purpose"))
        })
    });
    let ended: thread::Result<io::Result<()>> = panic::catch_unwind(body);
    println!("the body: {}, then {}", pin.take(), if ended.is_err() { "a panic" } else { "none" });
    println!("afterwards as before: {}", allowed() == before);
    allow(&before);
}

fn pinned_within_pinned() {
    let before = allowed();
    let pins = pinned(|| {
        let (outer, cpus) = (pin_among(&before), allowed());
        let inner = pinned(|| pin_among(&cpus)).unwrap_or_default();
        [outer, inner, if allowed() == cpus { "as before" } else { "changed" }.to_owned()]
    });
    println!("outside, within, and outside again: {}", pins.unwrap_or_default().join("; "));
}

fn a_pinned_body_moves() {
    let before = allowed();
    let pin = pinned(|| {
        let pin = pin_among(&before);
        allow(&before);
        pin
    });
    println!("the body: {}", pin.unwrap_or_default());
}

fn a_pinned_thread_that_is_not_the_first() {
    let (before, first) = (allowed(), gettid());
    let body = || (pin_among(&before), allowed_of(first) == before);
    let pin = thread::scope(|scope| {
        let pin = || (pinned(body).unwrap_or_default(), allowed() == before);
        scope.spawn(pin).join().expect("nothing panics there")
    });
    let ((pin, first_is_left_alone), is_restored) = pin;
    println!("the body: {pin}; the first thread as before: {first_is_left_alone}");
    println!("the pinned thread afterwards as before: {is_restored}");
}

fn pinned_where_it_is_refused() {
    clock::refuse_affinity();
    let is_called = Cell::new(false);
    let result = pinned(|| is_called.set(true));
    let result = if result.is_err() { "an error" } else { "no error" };
    println!("{result}, the body is called: {}", is_called.get());
}

// The game.

fn game(between: Between, rounds: u64) {
    let cost = play(between, rounds, |_, _| ());
    match &cost {
        Ok(Cost { address_spaces, .. }) if rounds > 0 => {
            println!("address spaces: {address_spaces}")
        }
        Ok(Cost { switches, address_spaces, nanoseconds }) => {
            println!("the cost of nothing: {switches}, {address_spaces}, {nanoseconds}");
            tell(cost);
            return tell_of_another(between);
        }
        Err(error) => println!("{error}"),
    }
    tell(cost);
}

fn game_with_all_signals_blocked(between: Between, rounds: u64) {
    let before = SigSet::all().thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_SETMASK);
    game(between, rounds);
    before.and_then(|before| before.thread_set_mask()).expect("a mask can be set");
}

/// Who takes the turns, and whether what Ping writes into its memory is there for Pong.
fn sides(between: Between) {
    static WORD: AtomicU64 = AtomicU64::new(0);
    let caller = gettid();
    let cost = play(between, 3, |_, side| {
        let task = tasks::current();
        let task = task.map_or(0, |task| 1 + task as u64);
        board().marks[usize::from(side == Side::Pong)].store(task, SeqCst);
        board().marks[2].store(u64::from(gettid() == caller), SeqCst);
        match side {
            Side::Ping => WORD.store(1, SeqCst),
            Side::Pong => board().marks[3].store(WORD.load(SeqCst), SeqCst),
        }
    });
    let ids = |side| {
        let side = board().side(side);
        (side.pid.load(SeqCst), side.tid.load(SeqCst))
    };
    let marks = board().marks.each_ref().map(|mark| mark.load(SeqCst));
    let (ping, pong) = (ids(Side::Ping), ids(Side::Pong));
    println!(
        "{}",
        match (ping.0 == pong.0, ping.1 == pong.1) {
            (true, true) => "one thread",
            (true, false) => "two threads",
            (false, _) => "two processes",
        }
    );
    println!("the same in each turn: {}", board().moved.load(SeqCst) == 0);
    match marks {
        [0, 0, ..] => {}
        [1, 2, 1, _] => println!("two tasks on the calling thread"),
        [1, 2, ..] => println!("two tasks on another thread"),
        _ => println!("one task"),
    }
    println!("memory: {}", if marks[3] == 1 { "in common" } else { "each its own" });
    tell(cost);
}

/// All threads of the caller and of its children, but for this one: the other side among them.
fn others(caller: i32) -> Vec<(i32, i32)> {
    let pids = [caller].into_iter().chain(child_ids(caller));
    let threads = pids.flat_map(|pid| thread_ids(pid).into_iter().map(move |tid| (pid, tid)));
    threads.filter(|(_, tid)| *tid != gettid().as_raw()).collect()
}

/// Waits until the others have come to rest; whether they are asleep, or have ended.
fn others_sleep(caller: i32) -> bool {
    // Once is enough: who has found a spinner waits for it no more.
    static IS_SPINNING: AtomicBool = AtomicBool::new(false);
    let at_rest = || {
        others(caller).into_iter().all(|(pid, tid)| {
            let rest = await_quiescence_of_thread(pid, tid);
            matches!(rest, Quiescence::Asleep | Quiescence::Ended) && !looks_again(pid, tid)
        })
    };
    let sleep = !IS_SPINNING.load(SeqCst) && at_rest();
    IS_SPINNING.fetch_or(!sleep, SeqCst);
    sleep
}

/// Whether it sleeps until a descriptor is ready, or some time has passed: who waits so looks again and again.
fn looks_again(pid: i32, tid: i32) -> bool {
    let Ok(Activity::InCall(Syscall { number, arguments })) = thread_activity(pid, tid) else {
        return false;
    };
    match number {
        libc::SYS_ppoll => arguments[2] != 0,
        libc::SYS_epoll_pwait => arguments[3] as i32 != -1,
        libc::SYS_epoll_pwait2 => arguments[3] != 0,
        libc::SYS_pselect6 => arguments[4] != 0,
        libc::SYS_rt_sigtimedwait => arguments[2] != 0,
        _ => false,
    }
}

fn sleep(between: Between) {
    let caller = getpid().as_raw();
    let cost = play(between, 3, |_, side| {
        let mark = &board().marks[usize::from(side == Side::Pong)];
        mark.fetch_add(u64::from(others_sleep(caller)), SeqCst);
    });
    for side in [Side::Ping, Side::Pong] {
        let turns = board().marks[usize::from(side == Side::Pong)].load(SeqCst);
        println!("the other side slept in {turns} of 3 turns of {}", in_words(side));
    }
    tell(cost);
}

fn cpu(between: Between) {
    let before = allowed();
    let cost = play(between, 3, |_, _| {
        let is_allowed = pin_among(&before) == "one CPU, an allowed one";
        board().marks[0].fetch_add(u64::from(is_allowed), SeqCst);
    });
    println!("turns on one CPU, an allowed one: {}", board().marks[0].load(SeqCst));
    let cpu = |side| board().side(side).cpu.load(SeqCst);
    let same = cpu(Side::Ping) == cpu(Side::Pong) && cpu(Side::Ping) != 0;
    println!("both sides on the same one, in every turn: {same}");
    tell(cost);
}

fn game_of_a_thread_that_is_not_the_first(between: Between) {
    let (before, first) = (allowed(), gettid());
    let game = || {
        let cost = play(between, 3, |_, _| {
            let is_left_alone = allowed_of(first) == before;
            board().marks[0].fetch_add(u64::from(is_left_alone), SeqCst);
        });
        (cost, allowed() == before)
    };
    let (cost, is_restored) =
        thread::scope(|scope| scope.spawn(game).join().expect("nothing panics there"));
    let (ping, pong) = (board().side(Side::Ping), board().side(Side::Pong));
    let cpus = [ping, pong].map(|side| side.cpu.load(SeqCst));
    println!("both sides on the same CPU: {}", cpus[0] == cpus[1] && cpus[0] != 0);
    println!("turns in which the first thread was left alone: {}", board().marks[0].load(SeqCst));
    println!("the caller afterwards as before: {is_restored}");
    tell(cost);
}

// The switches.

/// Of all that may be a side, and of no more than that where only this thread may be.
fn switches_in_all(between: Between) -> u64 {
    match between {
        Between::Tasks => switches().iter().sum(),
        _ => switches_of_all(),
    }
}

/// What the cost says, between what the sides have seen in their turns and what there has been in all.
fn compare(cost: &io::Result<Cost>, in_all: Option<u64>) {
    let switches = cost.as_ref().map_or(0, |cost| cost.switches);
    let seen = board().seen();
    match in_all {
        _ if switches < seen => println!("switches: {switches}, and the sides have had {seen}"),
        Some(in_all) if switches > in_all => {
            println!("switches: {switches}, and the sides have had {in_all} at most")
        }
        _ => println!("switches: as many as the sides have had"),
    }
}

/// How many there are, for a game of so many rounds.
fn tell_how_many(cost: io::Result<Cost>, rounds: u64) {
    let switches = cost.as_ref().map_or(0, |cost| cost.switches);
    match switches {
        _ if switches < rounds / 2 => println!("next to none"),
        _ if switches < 2 * (rounds - 1) => println!("less than one for every turn"),
        _ => println!("one for every turn"),
    }
    tell(cost);
}

fn count(between: Between) {
    let before = switches_in_all(between);
    let cost = play(between, 100, |_, _| ());
    compare(&cost, Some(switches_in_all(between) - before));
    tell_how_many(cost, 100);
}

/// A child that runs whenever somebody else lets it.
fn neighbour() -> Pid {
    // SAFETY: this process has one thread, so the child may call any function.
    match unsafe { fork() }.expect("a child can be made") {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).expect("a signal is one");
            loop {
                thread::yield_now();
            }
        }
    }
}

/// In each turn the side is switched from both ways: it waits, and it is preempted.
fn both_kinds(between: Between, neighbour: Option<Pid>) {
    let neighbour = neighbour.expect("there is one in this scene");
    let before = switches_in_all(between);
    let cost = play(between, 3, |turn, _| {
        if turn.number <= 2 {
            let mut own = CpuSet::new();
            allowed().into_iter().for_each(|cpu| own.set(cpu).expect("there is such a CPU"));
            sched_setaffinity(neighbour, &own).expect("a child of this user");
        }
        let [voluntary, involuntary] = switches();
        while switches()[0] == voluntary {
            // To wait for a moment is a voluntary switch, however long it is.
            thread::park_timeout(Duration::from_micros(10));
        }
        while switches()[1] == involuntary {
            thread::yield_now();
        }
    });
    compare(&cost, Some(switches_in_all(between) - before));
    tell(cost);
}

/// So many switches of a thread or a process that has no turn.
fn make_noise() {
    while switches()[0] < 300 {
        thread::park_timeout(Duration::from_micros(10));
    }
    board().noise.fetch_add(switches().iter().sum(), SeqCst);
}

/// In each second turn of a side somebody else makes switches: another thread, or a child that is waited for.
fn others_switch(between: Between) {
    let before = switches_in_all(between);
    let cost = play(between, 3, |turn, _| match (turn.number, between) {
        (3 | 4, Between::Processes) => {
            // SAFETY: the turns of processes are taken by processes with one thread.
            match unsafe { fork() }.expect("a child can be made") {
                ForkResult::Parent { child } => _ = waitpid(child, None),
                ForkResult::Child => {
                    make_noise();
                    exit_now(0)
                }
            }
        }
        (3 | 4, _) => _ = thread::spawn(make_noise).join(),
        _ => {}
    });
    let (in_all, noise) = (switches_in_all(between) - before, board().noise.load(SeqCst));
    println!("others have made six hundred: {}", noise >= 600);
    // After they have told them, the others make a few more.
    let most = match between {
        Between::Tasks => in_all,
        _ => in_all.saturating_sub(noise) + 50,
    };
    compare(&cost, Some(most));
    tell(cost);
}

fn no_status() {
    without_status(|| {
        let cost = play(Between::Processes, 100, |_, _| ());
        compare(&cost, None);
        tell_how_many(cost, 100);
    });
}

/// The kernel keeps no status of children that have ended.
fn without_status(scene: impl FnOnce()) {
    // SAFETY: SIG_IGN is no function that would have to be sound (signal(2)).
    let before = unsafe { signal(Signal::SIGCHLD, SigIgn) }.expect("SIGCHLD may be ignored");
    scene();
    // SAFETY: this is what it was.
    unsafe { signal(Signal::SIGCHLD, before) }.expect("as it was");
}

// The time.

fn time(between: Between, takes: (u64, u64)) {
    clock::begin();
    let cost = play(between, 2, |_, _| clock::takes(takes));
    if let Ok(Cost { nanoseconds, .. }) = cost {
        println!("nanoseconds: {nanoseconds}");
    }
    tell(cost);
}

/// The games take so many nanoseconds each, one after the other: the first turn of each takes them all.
fn batches(between: Between, rounds: u64, takes: &[u64]) {
    clock::begin();
    let turn = |side| {
        let turn = board().begin(side);
        let turns = 2 * rounds;
        if turn.number % turns == 1 % turns {
            let game = (turn.number - 1) / turns;
            clock::takes((0, takes.get(game as usize).copied().unwrap_or(0)));
        }
    };
    let result = nanoseconds_a_turn((between, rounds, takes.len()), turn);
    match result {
        Ok(nanoseconds) => println!("a turn takes: {nanoseconds:?}"),
        Err(error) => println!("an error: {error}"),
    }
    println!("turns: {}", board().told());
    let one_more = nanoseconds_a_turn((between, 1, 1), |_| clock::takes((0, 50)));
    println!("one more game: {:?}", one_more.unwrap_or_default());
}

/// In the second of three games a turn panics.
fn batches_fail(between: Between) {
    let result = nanoseconds_a_turn((between, 2, 3), |side| {
        let turn = board().begin(side);
        if turn.number == 6 {
            panic::resume_unwind(Box::new("on purpose"));
        }
    });
    println!("{}", if result.is_err() { "an error" } else { "no error" });
    println!("turns: {}", board().told());
}

// Bad days.

fn a_turn_panics(between: Between, at: u64) {
    let before = allowed();
    tell(play(between, 3, |turn, _| {
        if turn.number == at {
            panic::resume_unwind(Box::new("on purpose"));
        }
    }));
    println!("the caller's CPUs as before: {}", allowed() == before);
    tell_of_another(between);
}

/// No signal ends the caller any more, or a child of its, but for the two that cannot be handled.
fn with_a_handler_for_all(scene: impl FnOnce()) {
    const FATAL: [Signal; 6] = [
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGALRM,
    ];
    FATAL.into_iter().for_each(handle);
    scene();
    for signal_number in FATAL {
        // SAFETY: this is what it was.
        unsafe { signal(signal_number, SigHandler::SigDfl) }.expect("as it was");
    }
}

/// The child ends in its own turn of this number: which side it is, is the solution's affair.
fn a_child_ends_in_its_turn(how: &str, at: u64) {
    let (caller, before) = (getpid(), allowed());
    let cost = play(Between::Processes, 3, |turn, side| {
        let own = turn.number.div_ceil(2);
        if getpid() == caller || own != at {
            return;
        }
        board().marks[0].store(turn.number, SeqCst);
        board().marks[1].store(1 + u64::from(side == Side::Pong), SeqCst);
        match how {
            "exit" => process::exit(0),
            "_exit" => exit_now(0),
            "killed" => {
                kill(getpid(), Signal::SIGKILL).expect("a process may kill itself");
            }
            "real-time" => {
                // SAFETY: kill(2) takes two integers and touches no memory of ours.
                unsafe { libc::kill(getpid().as_raw(), libc::SIGRTMIN()) };
            }
            _ => panic!("no end {how}"),
        }
    });
    let ended_in = board().marks[0].load(SeqCst);
    println!("a child ended in its turn: {}", ended_in > 0);
    println!("turns after that: {}", board().turns() - ended_in);
    println!("{}", if cost.is_err() { "an error" } else { "a cost" });
    println!("the caller's CPUs as before: {}", allowed() == before);
    tell_of_another(Between::Processes);
}

/// The other side is a child that sleeps, and is killed there.
fn killed_while_it_waits(at: u64) {
    let (caller, before) = (getpid().as_raw(), allowed());
    let cost = play(Between::Processes, 3, |turn, _| {
        let other = child_ids(caller).into_iter().find(|pid| *pid != getpid().as_raw());
        let Some(other) = other else { return };
        if board().marks[0].load(SeqCst) > 0 || turn.number < at {
            return;
        }
        await_quiescence_of_thread(other, other);
        // Before the deed: whoever watches the two may end this side, too, in the midst of its turn.
        board().marks[0].store(turn.number, SeqCst);
        kill(Pid::from_raw(other), Signal::SIGKILL).expect("a child of this user");
        await_quiescence_of_thread(other, other);
    });
    let killed_in = board().marks[0].load(SeqCst);
    println!("a child was killed while it waited: {}", killed_in > 0);
    println!("turns after that: {}", board().turns() - killed_in);
    println!("{}", if cost.is_err() { "an error" } else { "a cost" });
    println!("the caller's CPUs as before: {}", allowed() == before);
    tell_of_another(Between::Processes);
}

/// In its turn the child starts a program, which lives on when the child has ended.
fn a_child_leaves_a_program_behind() {
    // What nobody is left to wait for, is this process's.
    nix::sys::prctl::set_child_subreaper(true).expect("a process may reap");
    let (stays, leave) = io::pipe().expect("a pipe");
    let caller = getpid();
    let cost = play(Between::Processes, 3, |turn, _| {
        if getpid() != caller {
            let own = env::current_exe().expect("this program has a file");
            let stays = stays.try_clone().expect("a descriptor");
            let mut program = process::Command::new(own);
            let started =
                program.arg("lives-on").stdin(stays).stdout(process::Stdio::null()).spawn();
            board().marks[1].store(u64::from(started.is_ok()), SeqCst);
            board().marks[0].store(turn.number, SeqCst);
            exit_now(0);
        }
    });
    println!("a program lives on: {}", board().marks[1].load(SeqCst) == 1);
    println!("turns after that: {}", board().turns() - board().marks[0].load(SeqCst));
    println!("{}", if cost.is_err() { "an error" } else { "a cost" });
    drop(leave);
    while waitpid(None, None).is_ok() {}
}

/// What a turn has left in its thread is dropped there, when the caller waits for the end of the thread.
fn locals_are_dropped() {
    struct Local(i32);
    impl Drop for Local {
        fn drop(&mut self) {
            // The caller sleeps in its wait for the end of this thread; or else it is back from the game already.
            let sleeps = || thread_stat(self.0, self.0).is_some_and(|stat| stat.state == 'S');
            while board().marks[2].load(SeqCst) == 0 && !sleeps() {
                thread::yield_now();
            }
            board().marks[0].fetch_add(1 - board().marks[2].load(SeqCst), SeqCst);
        }
    }
    thread_local! {
        static LOCAL: Cell<Option<Local>> = const { Cell::new(None) };
    }
    let caller = getpid().as_raw();
    let cost = play(Between::Threads, 1, |_, _| {
        if gettid().as_raw() != caller {
            LOCAL.set(Some(Local(caller)));
            board().marks[1].fetch_add(1, SeqCst);
        }
    });
    board().marks[2].store(1, SeqCst);
    let [dropped, made, ..] = board().marks.each_ref().map(|mark| mark.load(SeqCst));
    println!("a side is a new thread: {}", made > 0);
    println!("of its locals are left: {}", made - dropped);
    tell(cost);
}

/// Lives in a frame of the caller.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        board().marks[2].fetch_add(1, SeqCst);
    }
}

extern "C" fn at_exit() {
    board().marks[3].fetch_add(1, SeqCst);
}

/// What runs of the caller's on the way out of a child, and what of its output is written there?
fn way_out(how: &str) {
    // SAFETY: the handler is a function of this program, which is never unloaded (atexit(3)).
    unsafe { libc::atexit(at_exit) };
    print!("[printed before]");
    let caller = getpid();
    let _guard = Guard;
    let cost = play(Between::Processes, 2, |_, _| {
        if getpid() != caller {
            board().marks[0].store(1, SeqCst);
            if how == "panic" {
                panic::resume_unwind(Box::new("on purpose"));
            }
        }
    });
    let marks = board().marks.each_ref().map(|mark| mark.load(SeqCst));
    println!(" destructors: {}, handlers: {}", marks[2], marks[3]);
    println!("a child had a turn: {}", marks[0] == 1);
    println!("{}", if cost.is_err() { "an error" } else { "a cost" });
}

/// So many threads can be made, and no more.
fn no_thread(most: u64) {
    let before = allowed();
    clock::allow_threads(most);
    let cost = play(Between::Threads, 2, |_, _| ());
    clock::allow_all_threads();
    let is_all_or_nothing = board().turns() == if cost.is_ok() { 4 } else { 0 };
    println!("all turns and a cost, or no turn and an error: {is_all_or_nothing}");
    if most == 0 {
        tell(cost);
    }
    println!("the caller's CPUs as before: {}", allowed() == before);
    tell_of_another(Between::Threads);
}

fn no_cpu(between: Between) {
    clock::refuse_affinity();
    tell(play(between, 2, |_, _| ()));
}

fn handle(signal: Signal) {
    extern "C" fn nothing(_: libc::c_int) {}
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing, so it is async-signal-safe (signal-safety(7)).
    unsafe { sigaction(signal, &action) }.expect("the signal may be handled");
}

/// In each turn a signal comes for everybody who sleeps: it has a handler, and calls are not restarted.
fn signals(between: Between) {
    handle(Signal::SIGUSR1);
    let caller = getpid().as_raw();
    let cost = play(between, 3, |_, _| {
        if !others_sleep(caller) {
            return;
        }
        for (pid, tid) in others(caller) {
            // SAFETY: tgkill(2) takes three integers and touches no memory of ours.
            let sent = unsafe {
                libc::syscall(libc::SYS_tgkill, pid, tid, Signal::SIGUSR1 as libc::c_int)
            };
            board().marks[0].fetch_add(u64::from(sent == 0), SeqCst);
        }
        board().marks[1].fetch_add(u64::from(others_sleep(caller)), SeqCst);
    });
    // In the last turn there may be nobody else any more.
    println!("a signal in each turn: {}", board().marks[0].load(SeqCst) >= 5);
    println!("turns in which the others slept on: {}", board().marks[1].load(SeqCst));
    tell(cost);
    // SAFETY: this is what it was.
    unsafe { signal(Signal::SIGUSR1, SigHandler::SigDfl) }.expect("as it was");
}

/// Each turn leaves a token with its thread: a park that comes later returns at once.
fn tokens() {
    let caller = getpid().as_raw();
    let cost = play(Between::Threads, 3, |_, _| {
        others_sleep(caller);
        thread::current().unpark();
    });
    tell(cost);
}

fn a_game_within_a_turn(between: Between, inner: Between) {
    let cost = play(between, 2, |_, _| {
        let turns = AtomicU64::new(0);
        let cost = ping_pong(inner, 2, |_| _ = turns.fetch_add(1, SeqCst));
        let in_sight = if let Between::Processes = inner { 4 } else { turns.load(SeqCst) };
        board().marks[0].fetch_add(u64::from(cost.is_ok() && in_sight == 4), SeqCst);
    });
    println!("games within the turns: {}", board().marks[0].load(SeqCst));
    tell(cost);
}

/// Eight threads, each with games of its own.
fn at_once(between: Between) {
    let games = || {
        let before = allowed();
        let right = (0..10).filter(|_| {
            let (turns, not_by_turns) = (AtomicU64::new(0), AtomicU64::new(0));
            let cost = ping_pong(between, 20, |side| {
                let turn = turns.fetch_add(1, SeqCst);
                let is_next = (turn % 2 == 1) == (side == Side::Pong);
                not_by_turns.fetch_add(u64::from(!is_next), SeqCst);
            });
            let counts = (turns.load(SeqCst), not_by_turns.load(SeqCst));
            cost.is_ok() && counts == (40, 0) && allowed() == before
        });
        right.count()
    };
    let right: usize = thread::scope(|scope| {
        let callers: Vec<_> = (0..8).map(|_| scope.spawn(games)).collect();
        callers.into_iter().map(|caller| caller.join().unwrap_or(0)).sum()
    });
    println!("{right} of 80 games");
}

fn mappings() -> usize {
    fs::read_to_string("/proc/self/maps").map_or(0, |maps| maps.lines().count())
}

fn again(between: Between) {
    let games = |count| {
        let right = (0..count).filter(|_| {
            board().forget();
            play(between, 1, |_, _| ()).is_ok() && board().turns() == 2
        });
        right.count()
    };
    let (few, before) = (games(10), mappings());
    println!("{} of 200 games", few + games(190));
    println!("mappings left: {}", mappings().saturating_sub(before) > 50);
}

fn other_children() {
    beside_other_children(|| tell(play(Between::Processes, 2, |_, _| ())));
}

fn game_on_trial(between: Between) {
    let before = allowed();
    tell(on_trial(|| play(between, 2, |_, _| ())));
    println!("the caller's CPUs as before: {}", allowed() == before);
}
