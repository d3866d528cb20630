//! Jobs: processes that end in as many ways as there are.
//!
//! A program that has this module can run itself as a job: `PROGRAM job exit 3`.
#![allow(unsafe_code)]

use std::fs;
use std::io::{self, BufRead, Read, Write};
use std::num::NonZeroUsize;
use std::process::{self, Command};
use std::{env, ptr, thread};

use nix::libc;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, kill, raise};
use nix::unistd::{Pid, getpgid, getpid, getppid, getsid};
use testkit::procfs::{descriptor, process_state, status_field};
use testkit::quiescence::{
    Quiescence, await_quiescence, await_quiescence_of_all_threads, interrupt,
};

/// The command for a job, for instance `exit 3`.
pub fn command(job: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("job").args(job.split_whitespace());
    Ok(command)
}

/// Whether this process has been started as a job.
pub fn is_wanted() -> bool {
    env::args().nth(1).is_some_and(|arg| arg == "job")
}

/// Does the job that the arguments name. Some jobs return.
pub fn run() {
    leave_no_core().expect("a limit can always be lowered");
    let args: Vec<String> = env::args().skip(2).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["exit", code] => process::exit(number(code)),
        ["signal", signal] => die_of(number(signal)),
        ["abort"] => process::abort(),
        ["segfault"] => segfault(),
        ["divide"] => divide_by_zero(),
        ["panic"] => panic!("the main thread panics (on purpose)"),
        ["thread-returns"] => in_a_thread(|| ()),
        ["thread-panics"] => in_a_thread(|| panic!("a thread panics (on purpose)")),
        ["thread-exits"] => in_a_thread(|| process::exit(7)),
        ["thread-segfaults"] => in_a_thread(segfault),
        ["main-returns"] => leave_a_thread_behind(),
        ["stop"] => stop_and_be_continued(),
        ["continue"] => continue_the_parent(),
        ["interrupt"] => interrupt_the_supervisor(),
        ["watch"] => watch_the_supervisor(),
        ["speak"] => println!("{}", process::id()),
        ["listen"] => outlive_the_speaker(),
        ["listen-to-the-end"] => listen_to_the_end(),
        ["speak-and-listen"] => {
            println!("{}", process::id());
            listen_to_the_end()
        }
        ["pour"] => pour(io::stdout().lock()),
        ["pour-errors"] => pour(io::stderr().lock()),
        ["speak-of-its-input"] => {
            let input = descriptor(getpid().as_raw(), 0).expect("it has a standard input");
            println!("{} {input}", process::id())
        }
        ["like-its-parent", what] => process::exit(i32::from(!is_like_its_parent(what))),
        ["as-its-command-says", what] => process::exit(i32::from(!is_as_its_command_says(what))),
        _ => panic!("no job {args:?}"),
    }
}

fn number(text: &str) -> i32 {
    text.parse().expect("a code or a signal is a number")
}

/// No core file. A system that pipes core dumps to a program dumps core all the same: the limit does not
/// count there (core(5)). The job stays dumpable: a process that is not can be traced by root only
/// (ptrace(2)).
fn leave_no_core() -> nix::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)
}

/// Runs `body` in a second thread. The first lives on, unless the whole process dies.
fn in_a_thread(body: impl FnOnce() + Send + 'static) {
    let outcome = thread::spawn(body).join();
    eprintln!("the main thread lives on; the other returned: {}", outcome.is_ok());
}

/// By number: real-time signals have no name.
fn die_of(signal: i32) {
    // A process inherits which signals are ignored (nohup ignores SIGHUP), and Rust has a handler
    // for SIGSEGV. SIGKILL cannot be set, and need not be.
    // SAFETY: SIG_DFL is a disposition, not a function that would have to be sound (signal(2)).
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    // SAFETY: kill(2) takes two integers and touches no memory of ours.
    unsafe { libc::kill(Pid::this().as_raw(), signal) };
}

/// Writes where nothing may be written.
fn segfault() {
    let length = NonZeroUsize::MIN;
    // SAFETY: a new mapping at an address of the kernel's choice changes no memory that is in use.
    let page = unsafe { mmap_anonymous(None, length, ProtFlags::PROT_NONE, MapFlags::MAP_PRIVATE) };
    let page = page.expect("there is room for a page").cast::<u8>();
    // SAFETY: the address is aligned and lies in no object of this program, so the volatile write
    // does what the machine does: it faults, for the page allows no access (mmap(2), PROT_NONE).
    unsafe { ptr::write_volatile(page.as_ptr(), 1) };
}

/// In Rust, `1 / 0` panics: the compiler puts a check before the instruction. Here is none.
#[cfg(target_arch = "x86_64")]
fn divide_by_zero() {
    // SAFETY: it uses the registers named and no memory, and its fault ends the process.
    unsafe {
        std::arch::asm!("div {zero:e}", zero = in(reg) 0, inout("eax") 1 => _, inout("edx") 0 => _);
    }
}

/// Where the instruction does not trap, the signal is sent by hand.
#[cfg(not(target_arch = "x86_64"))]
fn divide_by_zero() {
    die_of(libc::SIGFPE);
}

/// The main thread returns while another waits for ever.
fn leave_a_thread_behind() {
    thread::spawn(|| {
        loop {
            thread::park();
        }
    });
}

/// Stops, is continued by a process of its own, and exits with 6.
fn stop_and_be_continued() {
    let mut helper = command("continue").and_then(|mut command| command.spawn()).expect("a helper");
    raise(Signal::SIGSTOP).expect("a process may stop itself");
    helper.wait().expect("the helper is ours to wait for");
    process::exit(6)
}

fn continue_the_parent() {
    let parent = getppid();
    // Only a stop is of interest; asleep or running, it is on its way there.
    while !matches!(await_quiescence(parent.as_raw()), Quiescence::Stopped | Quiescence::Ended) {
        thread::yield_now();
    }
    let _ = kill(parent, Signal::SIGCONT);
}

/// Interrupts the supervisor's wait by a signal, and ends (with 3) only after it waits again.
fn interrupt_the_supervisor() {
    interrupt(getppid().as_raw()).expect("the supervisor is of the same user");
    process::exit(3)
}

/// Exits with 0 if the supervisor sleeps until a child ends, and with 1 if it asks again and again.
fn watch_the_supervisor() {
    process::exit(i32::from(await_quiescence(getppid().as_raw()) != Quiescence::Asleep))
}

/// Hears the pid of another job, and ends (with 4) only after that one has.
fn outlive_the_speaker() {
    await_the_end_of_the_speaker();
    process::exit(4)
}

/// Hears the pid of another job and perhaps a word, and returns when that one has ended: whether it is reaped,
/// too, by a parent that sleeps; and the word.
pub fn await_the_end_of_the_speaker() -> (bool, String) {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).expect("standard input is a pipe");
    let (speaker, word) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    let speaker = number(speaker);
    // Gone, or a zombie although the supervisor has had the time to reap it and sleeps again, with all its threads.
    let ended = || match process_state(speaker) {
        None => true,
        Some('Z') => {
            await_quiescence_of_all_threads(getppid().as_raw());
            process_state(speaker) == Some('Z')
        }
        Some(_) => false,
    };
    while !(ended() && ended()) {
        thread::yield_now();
    }
    (process_state(speaker).is_none(), word.to_owned())
}

/// Reads to the end of its input, and exits with 4.
fn listen_to_the_end() {
    io::copy(&mut io::stdin().lock(), &mut io::sink()).expect("standard input can be read");
    process::exit(4)
}

/// Writes more than a pipe holds, and exits with 5 when nobody reads any more.
fn pour(mut into: impl Write) {
    let poured = io::copy(&mut io::repeat(b'.').take(10_000_000), &mut into);
    process::exit(if poured.is_err() { 5 } else { 0 })
}

/// Whether a job has this of its parent.
fn is_like_its_parent(what: &str) -> bool {
    let (own, parent) = (getpid(), getppid());
    match what {
        "group" => getpgid(Some(own)) == getpgid(Some(parent)),
        "session" => getsid(Some(own)) == getsid(Some(parent)),
        "directory" => {
            let directory = |pid: Pid| fs::read_link(format!("/proc/{pid}/cwd")).ok();
            directory(own) == directory(parent)
        }
        "umask" => {
            let umask = |pid: Pid| status_field(pid.as_raw(), "Umask:");
            umask(own) == umask(parent)
        }
        "nice" => {
            // SAFETY: getpriority(2) takes two integers and touches no memory of ours.
            let nice =
                |pid: Pid| unsafe { libc::getpriority(libc::PRIO_PROCESS, pid.as_raw() as u32) };
            nice(own) == nice(parent)
        }
        "environment" => {
            let environment = |pid: Pid| {
                let all = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                let mut entries: Vec<_> =
                    all.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
                entries.sort();
                entries
            };
            environment(own) == environment(parent)
        }
        "signal" => {
            let mut signal = 0;
            // SAFETY: PR_GET_PDEATHSIG writes to an integer, which lives (prctl(2)).
            unsafe { libc::prctl(libc::PR_GET_PDEATHSIG, &mut signal) };
            signal == 0
        }
        _ => panic!("a job has no {what}"),
    }
}

/// Whether a job has this as the supervisor of the tests has said in its command.
fn is_as_its_command_says(what: &str) -> bool {
    match what {
        "group" => getpgid(None) == Ok(getpid()),
        "directory" => env::current_dir().is_ok_and(|directory| directory.as_os_str() == "/"),
        "variable" => env::var_os("SHIFT").is_some_and(|shift| shift == "night"),
        "no-path" => env::var_os("PATH").is_none(),
        _ => panic!("no command says {what}"),
    }
}
