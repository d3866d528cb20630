//! Scenes for the tests: each prints what it saw, and then what is left of it.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::env;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use nix::libc;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::resource::{Resource as Limit, getrlimit, setrlimit};
use nix::sys::signal::SigHandler::SigIgn;
use nix::sys::signal::{SigSet, Signal, kill, raise, signal};
use nix::sys::stat::{Mode, umask};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpid, getppid, gettid};
use shared_and_private::resource::{Probe, Resource};
use shared_and_private::{Boundary, across, inventory, is_seen};
use testkit::inherited::inherited;
use testkit::on_trial;
use testkit::other_children::beside_other_children;
use testkit::procfs::{child_ids, own_status_field, process_state, thread_ids, thread_stat};
use testkit::quiescence::{await_quiescence_of_thread, let_others_look};
use testkit::survey::Survey;
use testkit::way_out::StopOnTheWayOut;

fn main() -> io::Result<()> {
    let_others_look();
    board();
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let inherited = if let ["inherits", _] = args[..] { odd_state() } else { Vec::new() };
    let before = Survey::now();
    match args[..] {
        ["answer", of, number] => answers(boundary(of), number),
        ["sides", of] => sides(boundary(of)),
        ["order", of] => order(boundary(of)),
        ["before", of] => other_side_is_there(boundary(of)),
        ["inherits", of] => inherits(boundary(of), &inherited),
        ["last-act", then] => last_act(then),
        ["again", of] => again(boundary(of)),
        ["nested", of, within] => nested(boundary(of), boundary(within)),
        ["panic", of] => change_panics(boundary(of)),
        ["survivor", of, then] => survivor(boundary(of), then),
        ["look-panics", of] => look_panics(boundary(of)),
        ["look-ends", how] => look_ends(how),
        ["stops-on-its-way-out"] => stops_on_its_way_out(),
        ["others"] => others(),
        ["no-status"] => no_status(),
        ["at-once"] => at_once(),
        ["killed-before-the-look"] => killed_before_the_look(),
        ["short"] => short(),
        ["short-cell", number, of] => short_cell(number, boundary(of)),
        ["no-thread"] => no_thread(),
        ["no-thread-for-a-cell"] => no_thread_for_a_cell(),
        ["cell", number] => cell(number),
        ["inventory"] => whole_inventory(),
        ["inventory", "of-an-odd-caller"] => inventory_of_an_odd_caller(),
        ["no-probe"] => no_probe(),
        ["leaves"] => leaves(),
        _ => panic!("no scene {args:?}"),
    }
    println!("changed: {}", before.changes().join(", "));
    Ok(())
}

fn boundary(name: &str) -> Boundary {
    match name {
        "thread" => Boundary::Thread,
        "process" => Boundary::Process,
        _ => panic!("no boundary {name}"),
    }
}

/// Numbers that a child shares with its parent (MAP_SHARED in mmap(2)).
fn board() -> &'static [AtomicU64; 10] {
    static BOARD: OnceLock<&[AtomicU64; 10]> = OnceLock::new();
    BOARD.get_or_init(|| {
        let length = NonZeroUsize::new(size_of::<[AtomicU64; 10]>()).expect("ten numbers are some");
        let (access, flags) = (ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED);
        // SAFETY: a new mapping at an address of the kernel's choice changes no memory that is in use.
        let memory = unsafe { mmap_anonymous(None, length, access, flags) };
        let memory = memory.expect("there is room for ten numbers").cast();
        // SAFETY: the mapping is aligned to a page, all zeros, large enough, and never unmapped.
        unsafe { memory.as_ref() }
    })
}

fn tell(answer: io::Result<u64>) {
    match answer {
        Ok(answer) => println!("answer {answer}"),
        Err(_) => println!("error"),
    }
}

/// The thread that is the other side, with its process.
fn other_side(boundary: Boundary) -> Option<(i32, i32)> {
    let own = getpid().as_raw();
    match boundary {
        Boundary::Thread => {
            let tid = thread_ids(own).into_iter().find(|tid| *tid != gettid().as_raw());
            tid.map(|tid| (own, tid))
        }
        Boundary::Process => child_ids(own).last().map(|pid| (*pid, *pid)),
    }
}

/// Waits until the other side has come to rest, and says how it is.
fn rest_of_the_other(boundary: Boundary) -> String {
    match other_side(boundary) {
        Some((pid, tid)) => format!("{:?}", await_quiescence_of_thread(pid, tid)),
        None => "not there".to_owned(),
    }
}

fn answers(boundary: Boundary, number: &str) {
    let number: u64 = number.parse().expect("a number");
    let [changes, looks, ..] = board();
    let count = |calls: &AtomicU64| _ = calls.fetch_add(1, SeqCst);
    let look = || {
        count(looks);
        number
    };
    tell(across(boundary, || count(changes), look));
    println!("changes: {changes:?}, looks: {looks:?}");
}

/// Who makes the change, and who looks.
fn sides(boundary: Boundary) {
    let [changes, looks, pid, parent, tid, ..] = board();
    let own_tid = gettid();
    let is_here = Cell::new(false);
    let answer = across(
        boundary,
        || {
            changes.fetch_add(1, SeqCst);
            is_here.set(gettid() == own_tid);
        },
        || {
            looks.fetch_add(1, SeqCst);
            pid.store(getpid().as_raw() as u64, SeqCst);
            parent.store(getppid().as_raw() as u64, SeqCst);
            tid.store(gettid().as_raw() as u64, SeqCst);
            5
        },
    );
    let own = getpid().as_raw() as u64;
    let there = match (pid.load(SeqCst), parent.load(SeqCst), tid.load(SeqCst)) {
        (pid, _, tid) if pid == own && tid == own_tid.as_raw() as u64 => "the calling thread",
        (pid, _, _) if pid == own => "another thread",
        (_, parent, _) if parent == own => "a child",
        _ => "nobody",
    };
    let here = if is_here.get() { "the calling thread" } else { "another" };
    println!("change: {here}, {} time(s)", changes.load(SeqCst));
    println!("look: {there}, {} time(s)", looks.load(SeqCst));
    tell(answer);
}

/// The change lasts until the other side has come to rest, or has gone ahead and ended; the look, until the caller
/// has.
fn order(boundary: Boundary) {
    let caller = getpid().as_raw();
    let mut other = String::new();
    let sides = || {
        across(
            boundary,
            || {
                other = rest_of_the_other(boundary);
                board()[0].store(7, SeqCst);
            },
            || {
                let seen = board()[0].load(SeqCst);
                let rest = await_quiescence_of_thread(caller, caller);
                board()[1].store(rest as u64 + 1, SeqCst);
                seen
            },
        )
    };
    let answer = on_trial(sides);
    println!("during the change the other side: {other}");
    let rest = ["not looked at", "Asleep", "AsleepByTheClock", "Stopped", "Ended", "Spinning"];
    println!("during the look the caller: {}", rest[board()[1].load(SeqCst) as usize]);
    tell(answer);
}

/// What a new thread or a new process has from its maker tells when it was made.
fn other_side_is_there(boundary: Boundary) {
    let word = AtomicU64::new(0);
    let blocked = SigSet::from(Signal::SIGURG);
    let answer = across(
        boundary,
        || {
            word.store(1, SeqCst);
            blocked.thread_block().expect("a signal can be blocked");
        },
        || {
            let mask = SigSet::thread_get_mask().expect("a thread has a mask");
            4 + word.load(SeqCst) * 2 + u64::from(mask.contains(Signal::SIGURG))
        },
    );
    blocked.thread_unblock().expect("a signal can be unblocked");
    match answer {
        Ok(4) => println!("the word: 0, the signal: free"),
        Ok(5) => println!("the word: 0, the signal: blocked"),
        Ok(6) => println!("the word: 1, the signal: free"),
        Ok(7) => println!("the word: 1, the signal: blocked"),
        answer => tell(answer),
    }
}

/// A caller of which nothing is as it usually is: each resource is changed.
fn odd_state() -> Vec<(Resource, Probe, u64)> {
    // All probes are there first: none gets the number of a descriptor that another has closed.
    let probes = Resource::ALL.map(|resource| (resource, Probe::new(resource).expect("a probe")));
    let changed = probes.map(|(resource, probe)| {
        let made = probe.change();
        (resource, probe, made)
    });
    changed.into()
}

/// What the other side has of all that was changed before it was made, and how its signals are.
fn inherits(boundary: Boundary, state: &[(Resource, Probe, u64)]) {
    for (resource, probe, made) in state {
        let is_ones_own = match boundary {
            // Any call may change errno (errno(3)).
            _ if matches!(resource, Resource::Errno) => true,
            Boundary::Thread => matches!(resource, Resource::ThreadLocal),
            Boundary::Process => false,
        };
        match across(boundary, || (), || probe.look()) {
            Ok(there) if there == *made || is_ones_own => {}
            Ok(_) => println!("{}: another", resource.name()),
            Err(_) => println!("{}: error", resource.name()),
        }
    }
    let here = inherited();
    let is_another = |(index, (name, value)): (usize, &(&'static str, String))| {
        // A thread may be given a name.
        let may_differ = matches!(boundary, Boundary::Thread) && *name == "the name";
        let there = across(boundary, || (), || number_of(&inherited()[index].1));
        let is_the_same = there.is_ok_and(|there| there == number_of(value)) || may_differ;
        (!is_the_same).then_some(*name)
    };
    let others: Vec<&str> = here.iter().enumerate().filter_map(is_another).collect();
    println!("of {} properties are not as the caller's: {}", here.len(), others.join(", "));
}

/// Another text has another number.
fn number_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

thread_local! {
    static LAST_ACT: LastAct = const { LastAct };
}

/// Its destructor is the last that a thread does. It lasts until the caller of `across` sleeps, or goes on.
struct LastAct;

impl LastAct {
    /// From now on this thread has a last act, if it is not the caller's.
    fn is_to_come() {
        if gettid() != getpid() {
            LAST_ACT.with(|_| board()[4].fetch_add(1, SeqCst));
        }
    }
}

impl Drop for LastAct {
    fn drop(&mut self) {
        let caller = getpid().as_raw();
        let goes_on = || board()[6].load(SeqCst) != 0;
        let sleeps = || thread_stat(caller, caller).is_some_and(|stat| stat.state == 'S');
        // So many looks: a caller that neither sleeps nor returns is for others to tell.
        for _ in 0..100_000 {
            if goes_on() || sleeps() {
                break;
            }
            thread::yield_now();
        }
        board()[5].fetch_add(1, SeqCst);
    }
}

/// A thread in which it is dropped has a last act.
struct Owned;

impl Drop for Owned {
    fn drop(&mut self) {
        LastAct::is_to_come();
    }
}

/// Whether a thread is at its very end when `across` returns, or when a panic comes out of it.
fn last_act(then: &str) {
    let owned = Owned;
    let call = AssertUnwindSafe(|| {
        across(
            Boundary::Thread,
            || {
                if then == "the-change-panics" {
                    panic::resume_unwind(Box::new("on purpose"));
                }
            },
            || {
                drop(owned);
                if then == "the-look-panics" {
                    panic::resume_unwind(Box::new("on purpose"));
                }
                5
            },
        )
    });
    let answer = panic::catch_unwind(call);
    let [_, _, _, _, acts, ended, goes_on, ..] = board();
    let (acts, ended) = (acts.load(SeqCst), ended.load(SeqCst));
    goes_on.store(1, SeqCst);
    match answer {
        Ok(answer) => tell(answer),
        Err(_) => println!("the panic"),
    }
    // A look that does not run need not be dropped over there.
    let may_be_none = then == "the-change-panics";
    let how = match (acts, ended) {
        (0, _) if !may_be_none => "has not begun",
        (acts, ended) if acts == ended => "is over",
        _ => "goes on",
    };
    println!("the last act of the thread {how}");
}

fn again(boundary: Boundary) {
    let answer = |round: u64| across(boundary, || (), move || round).ok();
    let right = (0..300).filter(|round| answer(*round) == Some(*round)).count();
    println!("{right} of 300 answers");
}

/// One inside of the look of another, and one inside of its change.
fn nested(boundary: Boundary, within: Boundary) {
    let inner = Cell::new(0);
    let answer = across(
        boundary,
        || inner.set(across(boundary, || (), || 1).unwrap_or(0)),
        || across(within, || (), || 41).unwrap_or(0) + 1,
    );
    println!("in the change: {}", inner.get());
    tell(answer);
}

fn change_panics(boundary: Boundary) {
    let mut other = String::new();
    let call = AssertUnwindSafe(|| {
        across(
            boundary,
            || {
                other = rest_of_the_other(boundary);
                panic::resume_unwind(Box::new("on purpose"))
            },
            || board()[0].fetch_add(1, SeqCst),
        )
    });
    let ended = panic::catch_unwind(call);
    println!("during the change the other side: {other}");
    match ended {
        Ok(answer) => tell(answer),
        Err(payload) if payload.downcast_ref() == Some(&"on purpose") => println!("the panic"),
        Err(_) => println!("another panic"),
    }
    println!("looks: {}", board()[0].load(SeqCst));
    tell(across(boundary, || (), || 6));
}

/// The change leaves a process behind, with copies of all that the caller has open.
fn survivor(boundary: Boundary, then: &str) {
    let (survivors_end, leave) = io::pipe().expect("a pipe");
    let leave = Cell::new(Some(leave));
    let survivor = Cell::new(None);
    let call = AssertUnwindSafe(|| {
        across(
            boundary,
            || {
                // SAFETY: the child calls read(2), close(2) and _exit(2) only, which are async-signal-safe.
                match unsafe { fork() }.expect("a child can be made") {
                    ForkResult::Child => {
                        drop(leave.take());
                        let _ = (&survivors_end).read(&mut [0]);
                        exit_now(0)
                    }
                    ForkResult::Parent { child } => survivor.set(Some(child)),
                }
                if then == "panic" {
                    panic::resume_unwind(Box::new("on purpose"));
                }
            },
            || if then == "death" { exit_now(0) } else { 5 },
        )
    });
    match panic::catch_unwind(call) {
        Ok(answer) => tell(answer),
        Err(_) => println!("the panic"),
    }
    drop(leave);
    match survivor.get().map(|child| waitpid(child, None)) {
        Some(Ok(WaitStatus::Exited(_, 0))) => println!("the survivor has lived on"),
        other => println!("the survivor: {other:?}"),
    }
}

fn exit_now(code: i32) -> ! {
    // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
    unsafe { libc::_exit(code) }
}

/// Lives in a frame of the caller.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        board()[2].fetch_add(1, SeqCst);
    }
}

extern "C" fn at_exit() {
    board()[3].fetch_add(1, SeqCst);
}

/// What runs of the caller's on the way out of the other side, whichever way that is, and what of its output is
/// written there?
fn look_panics(boundary: Boundary) {
    // SAFETY: the handler is a function of this program, which is never unloaded (atexit(3)).
    unsafe { libc::atexit(at_exit) };
    // Whoever sets another hook drops this one.
    let of_the_hook = Guard;
    panic::set_hook(Box::new(move |_| _ = &of_the_hook));
    print!("[printed before]");
    let answer = {
        let _guard = Guard;
        let good = across(boundary, || (), || 5);
        let change = || panic::resume_unwind(Box::new("on purpose"));
        let without_a_look = AssertUnwindSafe(|| across(boundary, change, || 5));
        panic::catch_unwind(without_a_look).expect_err("the panic goes on");
        let answer = across(boundary, || (), || panic::resume_unwind(Box::new("on purpose")));
        println!(
            " destructors: {}, handlers: {}",
            board()[2].load(SeqCst),
            board()[3].load(SeqCst)
        );
        tell(good);
        answer
    };
    tell(answer);
    tell(across(boundary, || (), || 6));
}

fn look_ends(how: &str) {
    let look = || match how {
        "exit" => process::exit(0),
        "exit-3" => process::exit(3),
        "_exit" => exit_now(0),
        "killed" => raise(Signal::SIGKILL).map_or(1, |()| 2),
        "real-time" => {
            // SAFETY: kill(2) takes two integers and touches no memory of ours.
            unsafe { libc::kill(getpid().as_raw(), libc::SIGRTMIN()) };
            1
        }
        _ => panic!("no end {how}"),
    };
    tell(on_trial(|| across(Boundary::Process, || (), look)));
    tell(across(Boundary::Process, || (), || 6));
}

/// The child is stopped after its look, and goes on when the caller sleeps.
fn stops_on_its_way_out() {
    let stop = stop_on_the_way_out();
    let call = || {
        across(
            Boundary::Process,
            || (),
            || {
                stop.is_to_come();
                5
            },
        )
    };
    tell(stop.beside_one_who_continues(call));
    let child = stop.who.load(SeqCst) as i32;
    println!("on return the child is there: {}", process_state(child).is_some());
}

fn stop_on_the_way_out() -> StopOnTheWayOut {
    let [.., who, stopped] = board();
    StopOnTheWayOut { who, stopped }
}

/// The linker takes this one instead of the C library's, in this program only.
#[unsafe(no_mangle)]
extern "C" fn _exit(code: libc::c_int) -> ! {
    stop_on_the_way_out().exit(code)
}

fn others() {
    beside_other_children(|| tell(across(Boundary::Process, || (), || 5)));
}

fn no_status() {
    // SAFETY: SIG_IGN is no function that would have to be sound (signal(2)).
    let before = unsafe { signal(Signal::SIGCHLD, SigIgn) }.expect("SIGCHLD may be ignored");
    tell(across(Boundary::Process, || (), || 5));
    tell(across(Boundary::Process, || (), || exit_now(0)));
    // SAFETY: this is what it was.
    unsafe { signal(Signal::SIGCHLD, before) }.expect("as it was");
}

/// Forty threads, each with answers of its own.
fn at_once() {
    let rounds = |caller: u64| {
        (0..20).filter(move |round| {
            let word = AtomicU64::new(0);
            let own = caller * 1000 + round;
            let answer = across(Boundary::Thread, || word.store(own, SeqCst), || word.load(SeqCst));
            answer.ok() == Some(own)
        })
    };
    let right: usize = thread::scope(|scope| {
        let callers: Vec<_> =
            (1..=40).map(|caller| scope.spawn(move || rounds(caller).count())).collect();
        callers.into_iter().map(|caller| caller.join().unwrap_or(0)).sum()
    });
    println!("{right} of 800 answers");
}

/// The child is killed while it waits for the end of the change.
fn killed_before_the_look() {
    let kill_the_other = || {
        let other = other_side(Boundary::Process).map(|(pid, _)| Pid::from_raw(pid));
        let killed = other.map(|other| kill(other, Signal::SIGKILL));
        println!("the child is killed: {}", killed == Some(Ok(())));
        rest_of_the_other(Boundary::Process);
    };
    tell(across(Boundary::Process, kill_the_other, || 5));
    tell(across(Boundary::Process, || (), || 6));
}

fn short() {
    let mut changes = 0;
    let answer = on_trial(|| across(Boundary::Process, || changes += 1, || 7));
    tell(answer);
    println!("changes: {changes}");
}

fn short_cell(number: &str, boundary: Boundary) {
    let resource = Resource::ALL[number.parse::<usize>().expect("a number")];
    println!("{}", yes_or_no(on_trial(|| is_seen(resource, boundary))));
}

/// The stack of a new thread has no room in the address space (RLIMIT_AS in setrlimit(2)).
fn without_threads<T>(body: impl FnOnce() -> T) -> T {
    let (soft, hard) = getrlimit(Limit::RLIMIT_AS).expect("a process has limits");
    let size = own_status_field("VmSize:").unwrap_or_default();
    let size: u64 = size.trim_end_matches("kB").trim().parse().expect("a size in kB");
    setrlimit(Limit::RLIMIT_AS, (size + 1024) * 1024, hard).expect("a limit can be lowered");
    let of_it = body();
    setrlimit(Limit::RLIMIT_AS, soft, hard).expect("a soft limit can be raised again");
    of_it
}

/// Of one resource a thread would see the change, of the other it would not.
fn no_thread_for_a_cell() {
    for resource in [Resource::Static, Resource::Mask] {
        let measure = || yes_or_no(is_seen(resource, Boundary::Thread));
        println!("{}, and then {}", without_threads(measure), measure());
    }
    let inventory = without_threads(inventory);
    println!("{}", if inventory.is_err() { "error" } else { "an inventory" });
}

fn no_thread() {
    let mut changes = 0;
    let answer = without_threads(|| across(Boundary::Thread, || changes += 1, || 7));
    tell(answer);
    println!("changes: {changes}");
    tell(across(Boundary::Thread, || (), || 6));
}

fn yes_or_no(is_seen: io::Result<bool>) -> &'static str {
    match is_seen {
        Ok(true) => "yes",
        Ok(false) => "no",
        Err(_) => "error",
    }
}

fn cell(number: &str) {
    let resource = Resource::ALL[number.parse::<usize>().expect("a number")];
    // Twice: the second call has the same answer. In between, what everybody sees.
    let both = |resource| {
        let seen =
            [Boundary::Thread, Boundary::Process].map(|boundary| is_seen(resource, boundary));
        seen.map(yes_or_no).join(" ")
    };
    println!("{}", both(resource));
    println!("the offset: {}", both(Resource::Offset));
    println!("again: {}", both(resource));
}

fn whole_inventory() {
    let rows = on_trial(inventory);
    let Ok(rows) = rows else { return println!("error") };
    for row in rows {
        let [thread, process] = [row.thread_sees, row.process_sees].map(|seen| yes_or_no(Ok(seen)));
        println!("{:<28}{thread} {process}", row.resource.name());
    }
}

/// Its state is not the usual one.
fn inventory_of_an_odd_caller() {
    env::set_current_dir("/").expect("there is a root");
    umask(Mode::from_bits_truncate(0o777));
    for ignored in [Signal::SIGCHLD, Signal::SIGURG] {
        // SAFETY: SIG_IGN is no function that would have to be sound (signal(2)).
        unsafe { signal(ignored, SigIgn) }.expect("the signal may be ignored");
    }
    SigSet::from(Signal::SIGURG).thread_block().expect("a signal can be blocked");
    whole_inventory();
}

/// A probe has a descriptor with a high number: here it is too high.
fn no_probe() {
    let (soft, hard) = getrlimit(Limit::RLIMIT_NOFILE).expect("a process has limits");
    setrlimit(Limit::RLIMIT_NOFILE, 50, hard).expect("a limit can be lowered");
    for boundary in [Boundary::Thread, Boundary::Process] {
        println!("{}", yes_or_no(is_seen(Resource::Umask, boundary)));
    }
    println!("{}", if inventory().is_err() { "error" } else { "an inventory" });
    setrlimit(Limit::RLIMIT_NOFILE, soft, hard).expect("a soft limit can be raised again");
}

/// Whether the caller is as it was, looked at by probes of its own.
fn leaves() {
    let probes = Resource::ALL.map(|resource| (resource, Probe::new(resource).expect("a probe")));
    // Any call may change errno (errno(3)).
    let looks = || {
        probes.each_ref().map(|(resource, probe)| match resource {
            Resource::Errno => 0,
            _ => probe.look(),
        })
    };
    let before = looks();
    let rows = inventory().map_or(0, |rows| rows.len());
    let after = looks();
    println!("{rows} rows");
    for ((resource, _), (before, after)) in probes.iter().zip(before.iter().zip(after)) {
        if *before != after {
            println!("{}: {before} before, {after} after", resource.name());
        }
    }
    let _ = io::stdout().flush();
}
