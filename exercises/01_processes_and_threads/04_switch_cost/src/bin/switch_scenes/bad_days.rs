//! Games on a bad day: a turn that panics, threads that cannot be made, signals for those who sleep.

use std::cell::Cell;
use std::sync::atomic::Ordering::SeqCst;
use std::{panic, thread};

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction, signal};
use nix::unistd::{getpid, gettid};
use switch_cost::sides::Between;
use testkit::on_trial;
use testkit::other_children::beside_other_children;
use testkit::procfs::thread_stat;

use super::board::{allowed, board};
use super::clock;
use super::others::{others, others_sleep};
use super::play::{play, tell, tell_of_another};

pub fn a_turn_panics(between: Between, at: u64) {
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
pub fn with_a_handler_for_all(scene: impl FnOnce()) {
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

/// What a turn has left in its thread is dropped there, when the caller waits for the end of the thread: also if a turn
/// panics.
pub fn locals_are_dropped(panics: bool) {
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
    let cost = play(Between::Threads, if panics { 2 } else { 1 }, |turn, _| {
        if turn.number == 3 {
            panic::resume_unwind(Box::new("on purpose"));
        }
        if turn.number <= 2 && gettid().as_raw() != caller {
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

/// So many threads can be made, and no more.
pub fn no_thread(most: u64) {
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

pub fn no_cpu(between: Between) {
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
pub fn signals(between: Between) {
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
pub fn tokens() {
    let caller = getpid().as_raw();
    let cost = play(Between::Threads, 3, |_, _| {
        others_sleep(caller);
        thread::current().unpark();
    });
    tell(cost);
}

pub fn other_children() {
    beside_other_children(|| tell(play(Between::Processes, 2, |_, _| ())));
}

pub fn game_on_trial(between: Between) {
    let before = allowed();
    tell(on_trial(|| play(between, 2, |_, _| ())));
    println!("the caller's CPUs as before: {}", allowed() == before);
}
