//! Scenes for the tests: a caller of `spawn`, and what it is left with.
//!
//! They are a program because what `spawn` does to descriptors, signals and children it does to a
//! whole process.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::env;
use std::ffi::{CStr, OsStr, c_char};
use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc;
use std::thread;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::libc::{self, c_int};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction, signal};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, close, dup2_stdout, getpid, getppid, pipe};
use spawn::{Stdio, spawn};
use testkit::on_trial;
use testkit::procfs::open_descriptors;
use testkit::quiescence::{Quiescence, await_quiescence, interrupt, let_others_look};
use testkit::survey::Survey;

fn main() -> io::Result<()> {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["guest", ..] => run(&words[1..], Stdio::default()),
        ["refused", program] => refused(program, &[]),
        ["refused", program, arg] => refused(program, &[arg]),
        // More than an argument may be, 32 pages, however large a page is (execve(2)).
        ["too-long"] => refused(&guest(), &["x".repeat(8 << 20).as_str()]),
        ["text"] => text(),
        ["no-zombies"] => without_zombies(),
        ["nul", "argument"] => unless_it_panics(|| refused(&guest(), &["exit", "7\0"])),
        ["nul", "program"] => unless_it_panics(|| refused(&(guest() + "\0"), &["exit", "7"])),
        ["odd-variable"] => odd_variable(),
        ["environment", which] => environment(which),
        ["directory"] => directory(),
        ["three-streams"] => three_streams(),
        ["mapped", stdin, stdout, stderr] => mapped([stdin, stdout, stderr]),
        ["while-it-runs"] => while_it_runs(),
        ["leaky"] => leaky(),
        ["none", how] => with_none(how),
        ["few"] => with_few_descriptors(),
        ["pending"] => pending(),
        ["meanwhile", what] => meanwhile(what),
        ["killed-early"] => killed_early(),
        ["slow-child"] => slow_child(),
        ["signals"] => signals(),
        ["way-out"] => way_out(),
        ["siblings"] => siblings(),
        ["interrupted", program] => interrupted(program),
        ["locks", ..] => with_locks_held(&words[1..]),
        ["allocations", ..] => without_allocations(&words[1..]),
        ["holes", program] => with_holes(program),
        ["on-trial", program] => alone_on_trial(program),
        _ => panic!("no scene {words:?}"),
    }?;
    // If there is one, it has ended or is about to: the answer is the same.
    let children = if waitpid(None, None) == Err(Errno::ECHILD) { "none" } else { "a zombie" };
    println!("children left: {children}");
    Ok(())
}

/// The program beside this one.
fn guest() -> String {
    let own = env::current_exe().expect("/proc is there");
    own.with_file_name("guest").to_str().expect("a path of UTF-8").to_owned()
}

/// `spawn`, and a line on standard error if the child comes out of it.
fn checked(program: &str, args: &[&str], stdio: Stdio<'_>) -> io::Result<Pid> {
    let caller = getpid();
    // A panic is a way out, too.
    let result = panic::catch_unwind(AssertUnwindSafe(|| spawn(program, args, stdio)));
    if getpid() != caller {
        say("the child came back out of spawn\n");
        // SAFETY: _exit(2) takes an integer, uses no memory of ours, and does not return.
        unsafe { libc::_exit(99) }
    }
    result.unwrap_or_else(|panic| panic::resume_unwind(panic))
}

fn run(args: &[&str], stdio: Stdio<'_>) -> io::Result<()> {
    tell(checked(&guest(), args, stdio));
    Ok(())
}

/// Waits for the child, if there is one, and tells how it ended or why it is not there.
fn tell(started: io::Result<Pid>) {
    match started.map(|child| waitpid(child, None)) {
        Ok(Ok(WaitStatus::Exited(_, code))) => println!("exited {code}"),
        Ok(Ok(WaitStatus::Signaled(_, signal, _))) => println!("killed by {signal}"),
        Ok(other) => println!("no end: {other:?}"),
        Err(error) => match error.raw_os_error() {
            Some(raw) => println!("error {:?}", Errno::from_raw(raw)),
            None => println!("error {:?}", error.kind()),
        },
    }
}

/// `spawn` on trial: what comes of it, and what it has changed in the caller.
fn alone_on_trial(program: &str) -> io::Result<()> {
    let program = if program == "guest" { guest() } else { program.to_owned() };
    let before = Survey::now();
    let (reader, writer) = io::pipe()?;
    let stdio = Stdio { stdin: Some(reader.as_fd()), stdout: Some(writer.as_fd()), stderr: None };
    let started = on_trial(|| checked(&program, &["exit", "7"], stdio));
    drop((reader, writer));
    tell(started);
    println!("changed: {}", before.changes().join(", "));
    Ok(())
}

fn unless_it_panics(scene: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    panic::catch_unwind(AssertUnwindSafe(scene)).unwrap_or_else(|_| {
        println!("a panic");
        Ok(())
    })
}

/// The environment is bytes, too: a variable whose value is not UTF-8.
fn odd_variable() -> io::Result<()> {
    // SAFETY: this process has one thread, so nobody reads the environment meanwhile.
    unsafe { env::set_var("SHOPFLOOR_ODD", OsStr::from_bytes(b"bo\xfflt")) };
    unless_it_panics(|| run(&["variable", "SHOPFLOOR_ODD"], Stdio::default()))
}

unsafe extern "C" {
    /// environ(7): the strings, and null behind the last.
    static mut environ: *const *const c_char;
}

/// The strings that a program may be started with are any (execve(2)); NAME=VALUE is a custom (environ(7)).
const ODD: &[&CStr] = &[
    c"SHOPFLOOR=bolt",
    c"no_equals_sign",
    c"=no_name",
    c"=",
    c"",
    c"TWICE=first",
    c"TWICE=second",
    c"EMPTY=",
    c"MANY=a=b=",
    c"  SPACES = and\ttabs\n",
    c"VALUE_NO_UTF_8=bo\xfflt",
    c"NAME_\xc3\x28_NO_UTF_8=bolt",
    c"SHOPFLOOR_LAST=nut",
];

/// The caller's environment is made of these, or there is none.
fn environment(which: &str) -> io::Result<()> {
    let guest = guest();
    let strings = if which == "odd" { ODD } else { &[] };
    for string in strings {
        println!("own entry {}", string.to_bytes_with_nul().escape_ascii());
    }
    let ends = strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]);
    let array: &'static [*const c_char] = Vec::leak(ends.collect());
    let array = if which == "cleared" { ptr::null() } else { array.as_ptr() };
    // SAFETY: this process has one thread, and the array and the strings live to its end. (Null is what
    // clearenv(3) leaves.)
    unsafe { environ = array };
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        checked(&guest, &["environment"], Stdio::default())
    }));
    match result {
        Ok(started) => tell(started),
        Err(_) => println!("a panic"),
    }
    Ok(())
}

/// The guest is in the caller's directory, which is not that of the test; its path begins there, too.
fn directory() -> io::Result<()> {
    let guest = PathBuf::from(guest());
    let directory = guest.parent().expect("it is in a directory");
    env::set_current_dir(directory)?;
    println!("own {}", env::current_dir()?.display());
    tell(checked("./guest", &["directory"], Stdio::default()));
    Ok(())
}

/// What this process has open, but for the listing itself, and the flags of each: close-on-exec.
fn own_descriptors() -> BTreeMap<i32, (String, c_int)> {
    let open = open_descriptors(getpid().as_raw()).expect("/proc is there");
    let with_flags = |(number, target)| {
        // SAFETY: borrowed for one call on a number; EBADF is an answer.
        let fd = unsafe { BorrowedFd::borrow_raw(number) };
        Some((number, (target, fcntl(fd, FcntlArg::F_GETFD).ok()?)))
    };
    open.into_iter().filter_map(with_flags).collect()
}

/// A descriptor that is not close-on-exec; it stays open.
fn leak() -> io::Result<()> {
    fcntl(ours()[2], FcntlArg::F_DUPFD(50))?;
    Ok(())
}

fn refused(program: &str, args: &[&str]) -> io::Result<()> {
    leak()?;
    let before = own_descriptors();
    tell(checked(program, args, Stdio::default()));
    println!("descriptors as before: {}", own_descriptors() == before);
    Ok(())
}

/// A file that may be executed and is no program: a text without `#!`.
fn text() -> io::Result<()> {
    let (name, flags) = ("text", MFdFlags::MFD_CLOEXEC);
    // The flag is for machines where files in memory are not executable, and older than others.
    let executable = MFdFlags::from_bits_retain(libc::MFD_EXEC);
    let file = memfd_create(name, flags | executable).or_else(|_| memfd_create(name, flags))?;
    let mut file = File::from(file);
    file.write_all(b"exit 7\n")?;
    // As long as somebody has it open to write, exec fails with ETXTBSY.
    let path = |file: &File| format!("/proc/{}/fd/{}", getpid(), file.as_raw_fd());
    let file = File::open(path(&file))?;
    refused(&path(&file), &[])
}

/// The caller ignores SIGCHLD: a child that ends leaves nothing to wait for.
fn without_zombies() -> io::Result<()> {
    // SAFETY: SIG_IGN and SIG_DFL are no functions of ours that could be called at a bad moment.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }?;
    let before = own_signals()?;
    let result = checked("/no/such/program", &[], Stdio::default());
    let after = own_signals()?;
    // SAFETY: as above.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigDfl) }?;
    tell(result);
    println!("the caller's signals are as before: {}", after == before);
    Ok(())
}

fn memory_file(name: &str) -> io::Result<File> {
    Ok(File::from(memfd_create(name, MFdFlags::MFD_CLOEXEC)?))
}

/// Three files, close-on-exec as all of Rust's: one to read, one to write, one for errors.
fn three_streams() -> io::Result<()> {
    let [mut input, mut output, errors] =
        [memory_file("input")?, memory_file("output")?, memory_file("errors")?];
    input.write_all(b"bolt")?;
    input.rewind()?;
    leak()?;
    let before = own_descriptors();
    let stdio = Stdio {
        stdin: Some(input.as_fd()),
        stdout: Some(output.as_fd()),
        stderr: Some(errors.as_fd()),
    };
    run(&["copy"], stdio)?;
    if own_descriptors() != before {
        println!("descriptors as before: false");
        // Perhaps these are closed: then they are not to be closed again.
        mem::forget((input, output, errors));
        return Ok(());
    }
    println!("descriptors as before: true");
    output.rewind()?;
    println!("in the output: {}", io::read_to_string(output)?);
    Ok(())
}

/// The guest's 0, 1 and 2 are to be: `-` what they are here, `0` to `2` this one of ours, `f` a file.
/// All of them are close-on-exec. It reports on its 2.
fn mapped(sources: [&str; 3]) -> io::Result<()> {
    let mut file = memory_file("f")?;
    for fd in ours() {
        fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    for (number, name) in ["0", "1", "2"].into_iter().enumerate() {
        println!("own {name} {}", own_descriptors()[&(number as i32)].0);
    }
    println!("own f {}", own_descriptors()[&file.as_raw_fd()].0);
    let [stdin, stdout, stderr] = sources.map(|source| match source {
        "-" => None,
        "f" => Some(file.as_fd()),
        number => Some(ours()[number.parse::<usize>().expect("0, 1 or 2")]),
    });
    // Only what `spawn` is given has to be close-on-exec: the others are kept by exec itself.
    for (fd, source) in ours().into_iter().zip(sources) {
        if source == "-" {
            fcntl(fd, FcntlArg::F_SETFD(FdFlag::empty()))?;
        }
    }
    run(&["descriptors"], Stdio { stdin, stdout, stderr })?;
    file.rewind()?;
    print!("{}", io::read_to_string(file)?);
    Ok(())
}

/// This process's own 0, 1 and 2, which Rust's runtime keeps open.
fn ours() -> [BorrowedFd<'static>; 3] {
    [0, 1, 2].map(|number| {
        // SAFETY: the runtime has opened these. A scene that closes one uses it no more.
        unsafe { BorrowedFd::borrow_raw(number) }
    })
}

/// The guest lives until this process closes a pipe: `spawn` must return before.
fn while_it_runs() -> io::Result<()> {
    let (reader, writer) = io::pipe()?;
    let child =
        checked(&guest(), &["copy"], Stdio { stdin: Some(reader.as_fd()), ..Stdio::default() })?;
    println!("spawn has returned");
    let name = fs::read_to_string(format!("/proc/{child}/comm"))?;
    println!("the child is: {}", name.trim());
    drop(writer);
    tell(Ok(child));
    Ok(())
}

/// The caller has descriptors that are not close-on-exec, as code in C makes them: one with a number
/// as high as can be (or 2047), hundreds of others, and all but 0, 1 and 2 above the limit, for that was lowered
/// later.
fn leaky() -> io::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let (reader, _writer) = pipe()?;
    for _ in 0..most.min(1_000) / 2 {
        fcntl(&reader, FcntlArg::F_DUPFD(200))?;
    }
    fcntl(&reader, FcntlArg::F_DUPFD(most.min(2048) as c_int - 1))?;
    setrlimit(Resource::RLIMIT_NOFILE, 64, most)?;
    run(&["descriptors"], Stdio::default())
}

/// The guest is to have what the caller has as 0 and 1, and the caller has nothing there to pass on.
fn with_none(how: &str) -> io::Result<()> {
    let kept = kept_stdout()?;
    for number in [0, 1] {
        match how {
            "closed" => close(number)?,
            "close-on-exec" => {
                fcntl(ours()[number as usize], FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
            }
            _ => panic!("no way to have nothing there: {how}"),
        }
    }
    let result = checked(&guest(), &["descriptors"], Stdio::default());
    // For what is printed from here on; its 0 this program does without.
    dup2_stdout(&kept)?;
    tell(result);
    Ok(())
}

/// Again and again: the number of descriptors that are left is 1, 2, 3, … and in the end enough. The
/// guest's 1 is to be our 2, and its 2, on which it reports, our 1.
fn with_few_descriptors() -> io::Result<()> {
    let guest = guest();
    let [stdin, stderr, stdout] = ours().map(Some);
    for (number, (target, _)) in own_descriptors().range(..3) {
        println!("own {number} {target}");
    }
    for room in (1..=8).chain([50]) {
        println!("room for {room}");
        let before = own_descriptors();
        let free = (3..).filter(|number| !before.contains_key(number)).take(room);
        let limit = free.last().expect("there is room") + 1;
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
        setrlimit(Resource::RLIMIT_NOFILE, limit as u64, hard)?;
        let result = checked(&guest, &["descriptors"], Stdio { stdin, stdout, stderr });
        setrlimit(Resource::RLIMIT_NOFILE, soft, hard)?;
        tell(result);
        println!("descriptors as before: {}", own_descriptors() == before);
    }
    Ok(())
}

extern "C" fn nothing(_: c_int) {}

/// The caller blocks three signals, ignores five, handles one.
fn signals() -> io::Result<()> {
    let mut mask = SigSet::empty();
    for blocked in [Signal::SIGTERM, Signal::SIGUSR1, Signal::SIGCHLD] {
        mask.add(blocked);
    }
    mask.thread_set_mask()?;
    for ignored in [Signal::SIGINT, Signal::SIGPIPE, Signal::SIGUSR2] {
        // SAFETY: SIG_IGN is no function of ours that could be called at a bad moment.
        unsafe { signal(ignored, SigHandler::SigIgn) }?;
    }
    // Of the real-time signals the first and the last. `nix` has no names for them.
    for ignored in [libc::SIGRTMIN(), libc::SIGRTMAX()] {
        // SAFETY: as above.
        unsafe { libc::signal(ignored, libc::SIG_IGN) };
    }
    // SAFETY: the handler does nothing at all, so it does nothing that a handler may not do.
    unsafe { signal(Signal::SIGALRM, SigHandler::Handler(nothing)) }?;
    let before = own_signals()?;
    run(&["signals"], Stdio::default())?;
    println!("the caller's signals are as before: {}", own_signals()? == before);
    Ok(())
}

/// SigBlk, SigIgn and SigCgt of proc_pid_status(5).
fn own_signals() -> io::Result<Vec<String>> {
    let status = fs::read_to_string("/proc/thread-self/status")?;
    let lines = status
        .lines()
        .filter(|line| ["SigBlk", "SigIgn", "SigCgt"].iter().any(|label| line.starts_with(label)));
    Ok(lines.map(str::to_owned).collect())
}

extern "C" fn say_signal(_: c_int) {
    say("a handler of the parent ran in the child\n");
}

/// In the child, before fork returns there. The signal is blocked, so it waits.
extern "C" fn signal_the_child() {
    // SAFETY: raise(3) takes an integer and touches no memory of ours.
    unsafe { libc::raise(libc::SIGURG) };
}

/// The caller has blocked a signal that it handles, and one comes to the child before it can exec.
/// By default this one does nothing, so it is gone when the child sets it to that (sigaction(2)).
fn pending() -> io::Result<()> {
    SigSet::from(Signal::SIGURG).thread_block()?;
    // SAFETY: the handler calls write(2) only.
    unsafe { signal(Signal::SIGURG, SigHandler::Handler(say_signal)) }?;
    // SAFETY: the handler lives as long as the program, and calls raise(3) only.
    unsafe { libc::pthread_atfork(None, None, Some(signal_the_child)) };
    run(&["exit", "7"], Stdio::default())
}

/// In the caller, at the last moment before the fork: what another thread may do just then. Two descriptors, a
/// low and a high one, and a signal that is ignored.
extern "C" fn be_another_thread() {
    for least in [3, 200] {
        // SAFETY: fcntl takes integers here; 2 stays open.
        unsafe { libc::fcntl(2, libc::F_DUPFD, least) };
    }
    for ignored in [libc::SIGUSR2, libc::SIGRTMAX()] {
        // SAFETY: SIG_IGN is no function of ours that could be called at a bad moment.
        unsafe { libc::signal(ignored, libc::SIG_IGN) };
    }
}

/// Something changes in the caller while `spawn` is at work: another thread does it. (It is a handler of
/// pthread_atfork(3), so that it comes at the worst moment. A fork by clone(2) has none, and the guest has nothing
/// to lose then.)
fn meanwhile(what: &str) -> io::Result<()> {
    // SAFETY: the handler lives as long as the program, and makes system calls only.
    unsafe { libc::pthread_atfork(Some(be_another_thread), None, None) };
    run(&[what], Stdio::default())
}

/// In the child, before fork returns there: the parent waits for news, for as long as this takes.
extern "C" fn look_at_the_parent() {
    let how = match await_quiescence(getppid().as_raw()) {
        Quiescence::Spinning => "spins",
        Quiescence::AsleepByTheClock => "sleeps by the clock",
        _ => "sleeps",
    };
    say(&format!("the caller {how}\n"));
}

/// The child takes its time before it can exec.
fn slow_child() -> io::Result<()> {
    let_others_look();
    // SAFETY: the handler lives as long as the program; this process has one thread.
    unsafe { libc::pthread_atfork(None, None, Some(look_at_the_parent)) };
    run(&["exit", "7"], Stdio::default())
}

/// In the child, before fork returns there.
extern "C" fn kill_the_child() {
    // SAFETY: raise(3) takes an integer and touches no memory of ours.
    unsafe { libc::raise(libc::SIGKILL) };
}

/// Somebody kills the child before it can exec.
fn killed_early() -> io::Result<()> {
    // SAFETY: the handler lives as long as the program, and calls raise(3) only.
    unsafe { libc::pthread_atfork(None, None, Some(kill_the_child)) };
    run(&["exit", "7"], Stdio::default())
}

extern "C" fn say_handler() {
    say("an exit handler ran\n");
}

struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        say("a destructor ran\n");
    }
}

/// What a child that cannot exec leaves alone: its parent's handlers, destructors, buffers.
fn way_out() -> io::Result<()> {
    let _guard = Guard;
    // SAFETY: the handler lives as long as the program (atexit(3)).
    unsafe { libc::atexit(say_handler) };
    print!("[unfinished]");
    let result = checked("/no/such/program", &[], Stdio::default());
    println!();
    tell(result);
    Ok(())
}

/// Another child has ended before, and nobody has waited for it yet.
fn siblings() -> io::Result<()> {
    let elder = checked(&guest(), &["exit", "3"], Stdio::default())?;
    waitid(Id::Pid(elder), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    tell(checked("/no/such/program", &[], Stdio::default()));
    tell(Ok(elder));
    Ok(())
}

/// In the child, before fork returns there: the parent waits for news. If it is gone, nobody is
/// interrupted.
extern "C" fn interrupt_the_parent() {
    let _ = interrupt(getppid().as_raw());
}

/// Whether a child interrupts its parent when it ends by `_exit`.
static INTERRUPTS_AT_THE_END: AtomicBool = AtomicBool::new(false);

/// _exit(2): a program may bring its own. The descriptors go first, as they do when a process ends, so
/// that the parent can wait for nothing but the end.
// SAFETY: the name and the type of _exit(2).
#[unsafe(no_mangle)]
extern "C" fn _exit(code: c_int) -> ! {
    if INTERRUPTS_AT_THE_END.load(Ordering::Relaxed) {
        // SAFETY: it takes three integers; this process uses none of these descriptors any more.
        unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
        interrupt_the_parent();
    }
    loop {
        // SAFETY: it takes an integer and does not return.
        unsafe { libc::syscall(libc::SYS_exit_group, code) };
    }
}

/// A signal interrupts `spawn` while it waits for news from the child, or for the end of one that
/// cannot exec.
fn interrupted(program: &str) -> io::Result<()> {
    let_others_look();
    // No SA_RESTART: the interrupted call fails with EINTR (signal(7)).
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing at all, so it does nothing that a handler may not do.
    unsafe { sigaction(Signal::SIGUSR1, &action) }?;
    if program == "guest" {
        // SAFETY: the handler lives as long as the program; this process has one thread.
        unsafe { libc::pthread_atfork(None, None, Some(interrupt_the_parent)) };
        return run(&["exit", "7"], Stdio::default());
    }
    INTERRUPTS_AT_THE_END.store(true, Ordering::Relaxed);
    tell(checked(program, &[], Stdio::default()));
    Ok(())
}

/// Another thread is in the middle of a print: it holds the locks of standard output and error.
fn with_locks_held(words: &[&str]) -> io::Result<()> {
    let (held, is_held) = mpsc::channel();
    let (stop, stopped) = mpsc::channel::<()>();
    let printer = thread::spawn(move || {
        let _locks = (io::stdout().lock(), io::stderr().lock());
        held.send(()).expect("the other thread waits for it");
        stopped.recv()
    });
    is_held.recv().expect("the other thread says it");
    let result = start(&guest(), words);
    drop(stop);
    assert!(printer.join().is_ok());
    tell(result);
    Ok(())
}

fn start(guest: &str, words: &[&str]) -> io::Result<Pid> {
    match words {
        ["missing"] => checked("/no/such/program", &["argument"], Stdio::default()),
        words => checked(guest, words, Stdio::default()),
    }
}

/// An allocator that says so if it is used in another process than the one that armed it.
struct Watched;

/// The process that may allocate; 0: any.
static OWNER: AtomicI32 = AtomicI32::new(0);

impl Watched {
    fn look() {
        let owner = OWNER.load(Ordering::Relaxed);
        if owner != 0 && getpid().as_raw() != owner {
            OWNER.store(0, Ordering::Relaxed);
            say("the child uses the allocator\n");
        }
    }
}

// SAFETY: it is the system's allocator; looking at a number changes nothing about that.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::look();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        Self::look();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// The allocator of the C library, which its own functions use, opendir(3) among them: a program may
/// bring its own malloc, and this one says so in the same way. To free is not watched here.
#[cfg(all(target_env = "gnu", not(target_feature = "crt-static")))]
mod watched_too {
    use std::ffi::c_void;

    use super::Watched;

    unsafe extern "C" {
        fn __libc_malloc(size: usize) -> *mut c_void;
        fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
        fn __libc_realloc(pointer: *mut c_void, size: usize) -> *mut c_void;
    }

    // SAFETY: the name and the type of malloc(3), and the C library's own behind it.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
        Watched::look();
        // SAFETY: the caller's promise, passed on.
        unsafe { __libc_malloc(size) }
    }

    // SAFETY: as above, calloc(3).
    #[unsafe(no_mangle)]
    unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
        Watched::look();
        // SAFETY: the caller's promise, passed on.
        unsafe { __libc_calloc(count, size) }
    }

    // SAFETY: as above, realloc(3).
    #[unsafe(no_mangle)]
    unsafe extern "C" fn realloc(pointer: *mut c_void, size: usize) -> *mut c_void {
        Watched::look();
        // SAFETY: the caller's promise, passed on.
        unsafe { __libc_realloc(pointer, size) }
    }
}

fn without_allocations(words: &[&str]) -> io::Result<()> {
    let program = guest();
    OWNER.store(getpid().as_raw(), Ordering::Relaxed);
    let result = start(&program, words);
    OWNER.store(0, Ordering::Relaxed);
    tell(result);
    Ok(())
}

/// A copy of this process's 1, out of the way.
fn kept_stdout() -> io::Result<OwnedFd> {
    let kept = fcntl(ours()[1], FcntlArg::F_DUPFD_CLOEXEC(100))?;
    // SAFETY: fcntl has just made it, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(kept) })
}

/// The caller has closed its 0 and its 1: the next descriptors that are made get these numbers.
fn with_holes(program: &str) -> io::Result<()> {
    let mut file = memory_file("f")?;
    let kept = kept_stdout()?;
    close(0)?;
    close(1)?;
    let fd = Some(file.as_fd());
    let program = if program == "guest" { guest() } else { program.to_owned() };
    let result = checked(&program, &["say", "bolt"], Stdio { stdin: fd, stdout: fd, stderr: None });
    // 1 first, for what is printed from here on; its 0 this program does without.
    dup2_stdout(&kept)?;
    tell(result);
    file.rewind()?;
    println!("in the file: {}", io::read_to_string(file)?);
    Ok(())
}

/// Writes without a buffer: in a child that is not meant to run this, it shows all the same.
fn say(text: &str) {
    // SAFETY: the buffer lives and is as long as said (write(2)).
    unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
}
