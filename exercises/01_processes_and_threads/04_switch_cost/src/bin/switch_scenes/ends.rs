//! Games in which a child ends in the middle, and what a child runs of its caller's on its way out.

use std::sync::atomic::Ordering::SeqCst;
use std::{env, io, panic, process};

use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getpid};
use switch_cost::sides::{Between, Side};
use testkit::procfs::{child_ids, process_state};
use testkit::quiescence::await_quiescence_of_thread;

use super::board::{allowed, board, stop_on_the_way_out};
use super::play::{exit_now, play, tell, tell_of_another};

/// The child ends in its own turn of this number: which side it is, is the solution's affair.
pub fn a_child_ends_in_its_turn(how: &str, at: u64) {
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
pub fn killed_while_it_waits(at: u64) {
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

/// After its turn the child is stopped, and goes on when the caller sleeps.
pub fn a_child_stops_on_its_way_out() {
    let caller = getpid();
    let stop = stop_on_the_way_out();
    let game = || {
        play(Between::Processes, 1, |_, _| {
            if getpid() != caller {
                stop.is_to_come();
            }
        })
    };
    tell(stop.beside_one_who_continues(game));
    let child = stop.who.load(SeqCst) as i32;
    println!("on return the child is there: {}", process_state(child).is_some());
}

/// The linker takes this one instead of the C library's, in this program only.
#[unsafe(no_mangle)]
extern "C" fn _exit(code: libc::c_int) -> ! {
    stop_on_the_way_out().exit(code)
}

/// In its turn the child starts a program, which lives on when the child has ended.
pub fn a_child_leaves_a_program_behind() {
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
pub fn way_out(how: &str) {
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
