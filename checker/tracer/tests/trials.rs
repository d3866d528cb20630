//! Trials: a program that gets it wrong is seen to, one that gets it right is not.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::{Pid, pipe, read};
use testkit::on_trial;
use tracer::Program;
use tracer::trials::{ShortTransfers, Trial};

const HOW: &str = "TRACER_SCENE";

/// This test program, as the program on trial.
fn scene(how: &str) -> Program {
    let test = std::env::current_exe().expect("/proc is there");
    let args = ["--ignored", "--exact", "the_program_on_trial", "--nocapture", "--test-threads=1"];
    Program::new(test).args(args).env(HOW, how)
}

fn ends_as_undisturbed(trial: &Trial) -> Vec<String> {
    let said =
        |output: &str| output.lines().find(|line| line.starts_with("seen")).map(str::to_owned);
    let undisturbed = said(&trial.undisturbed.stdout);
    assert!(undisturbed.is_some(), "{}", trial.undisturbed.stdout);
    let disturbed = trial.disturbed.iter();
    disturbed
        .filter(|disturbed| said(&disturbed.timeline.stdout) != undisturbed)
        .map(ToString::to_string)
        .collect()
}

#[test]
#[ignore = "not a test by itself: it is the program on trial"]
fn the_program_on_trial() {
    let (reader, writer) = pipe().expect("a pipe can be made");
    nix::unistd::write(&writer, b"ab").expect("a pipe holds two bytes");
    // Before the part on trial: nobody disturbs this read.
    read(&reader, &mut [0]).expect("a byte is there");
    drop(writer);
    let seen = on_trial(|| match std::env::var(HOW).as_deref() {
        Ok("retries") => retries(reader),
        Ok("gives up") => format!("{:?}", read(&reader, &mut [0; 8])),
        Ok("blocks") => {
            let all = nix::sys::signal::SigSet::all();
            all.thread_block().expect("signals can be blocked");
            format!("{:?}", read(&reader, &mut [0; 8]))
        }
        Ok("looks first") => looks_first(),
        Ok("copies") => format!("{:?}", reader.as_fd().try_clone_to_owned().map(drop).is_ok()),
        Ok("makes do") => {
            let copy = reader.as_fd().try_clone_to_owned();
            retries(copy.unwrap_or(reader))
        }
        Ok("feeds in one write") => feeds(|mut end, bytes| end.write(bytes).is_ok()),
        Ok("feeds all") => feeds(|mut end, bytes| end.write_all(bytes).is_ok()),
        Ok("takes one read") => takes(|mut end, bytes| end.read(bytes).expect("it can be read")),
        Ok("takes all") => takes(|mut end, bytes| {
            let mut count = 0;
            while let Ok(more @ 1..) = end.read(&mut bytes[count..]) {
                count += more;
            }
            count
        }),
        Ok("has a message") => has_a_message(),
        Ok("sets and sets back") => sets_and_sets_back(),
        other => panic!("no scene {other:?}"),
    });
    println!("\nseen {seen}");
}

fn retries(reader: OwnedFd) -> String {
    let mut bytes = Vec::new();
    // `read_to_end` goes on after EINTR.
    let result = std::fs::File::from(reader).read_to_end(&mut bytes);
    format!("{:?}", result.map_err(|error| error.raw_os_error().map(Errno::from_raw)))
}

/// A child that has ended is seen to (WNOWAIT), again if that is interrupted; then it is reaped, in a wait that
/// cannot sleep.
#[allow(clippy::zombie_processes)] // it is waited for by its number
fn looks_first() -> String {
    let child = Command::new("/bin/true").spawn().expect("a child can be started");
    let child = Pid::from_raw(child.id().cast_signed());
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    while waitid(Id::Pid(child), look) == Err(Errno::EINTR) {}
    format!("{:?}", waitpid(child, None).is_ok())
}

/// Writes more than PIPE_BUF bytes into a pipe that has room for them.
fn feeds(feed: impl FnOnce(File, &[u8]) -> bool) -> String {
    let (reader, writer) = pipe().expect("a pipe can be made");
    let is_fed = feed(File::from(writer), &[b'.'; 10_000]);
    let mut bytes = Vec::new();
    // Of what is read here nothing is lost if a read is short.
    File::from(reader).read_to_end(&mut bytes).expect("it can be read");
    format!("{is_fed} {}", bytes.len())
}

/// Reads what another program has written.
fn takes(take: impl FnOnce(File, &mut [u8]) -> usize) -> String {
    let mut echo = Command::new("/bin/echo");
    let mut echo = echo.arg("bolt").stdout(Stdio::piped()).spawn().expect("echo can be started");
    let output = echo.stdout.take().expect("it has a pipe");
    echo.wait().expect("it can be waited for");
    let mut bytes = [0; 64];
    let count = take(File::from(OwnedFd::from(output)), &mut bytes);
    String::from_utf8_lossy(&bytes[..count]).trim().to_owned()
}

/// Four bytes written in one call can be read in one call (pipe(7)).
fn has_a_message() -> String {
    let (reader, writer) = pipe().expect("a pipe can be made");
    nix::unistd::write(&writer, b"bolt").expect("there is room");
    format!("{:?}", read(&reader, &mut [0; 4]))
}

/// Both are as before afterwards.
#[allow(unsafe_code)]
fn sets_and_sets_back() -> String {
    // SAFETY: SIG_DFL and SIG_IGN are no functions that could be called at a bad moment.
    let before = unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.expect("it can be set");
    // SAFETY: what it was before.
    unsafe { signal(Signal::SIGPIPE, before) }.expect("it can be set");
    let mask = nix::sys::stat::umask(nix::sys::stat::Mode::empty());
    nix::sys::stat::umask(mask);
    "as before".to_owned()
}

fn shortened(how: &str) -> (ShortTransfers, Vec<String>) {
    let trial = scene(how).short_transfers().expect("this machine allows tracing");
    let said =
        |output: &str| output.lines().find(|line| line.starts_with("seen")).map(str::to_owned);
    let undisturbed = said(&trial.undisturbed.stdout);
    assert!(undisturbed.is_some(), "{}", trial.undisturbed.stdout);
    let others = trial.shortened.iter().filter(|it| said(&it.timeline.stdout) != undisturbed);
    let others = others.map(|it| it.site.to_string()).collect();
    (trial, others)
}

#[test]
fn who_takes_a_part_for_the_whole_is_seen() {
    assert_eq!(shortened("feeds in one write").1, ["write number 1 of P1"]);
    assert_eq!(shortened("takes one read").1, ["read number 1 of P1"]);
}

#[test]
fn who_goes_on_after_a_part_comes_to_the_same() {
    for how in ["feeds all", "takes all"] {
        let (trial, others) = shortened(how);
        assert!(!trial.shortened.is_empty(), "{how}: there is something to shorten");
        assert_eq!(others, [""; 0], "{how}");
    }
}

#[test]
fn a_message_comes_in_one_piece() {
    assert!(shortened("has a message").0.shortened.is_empty());
}

#[test]
fn what_is_changed_and_set_back_is_told() {
    let seen = scene("sets and sets back").meanwhile().expect("this machine allows tracing");
    assert!(seen.timeline.stdout.contains("seen as before"), "{}", seen.timeline.stdout);
    let sets = "sets the disposition of SIGPIPE";
    // The end that the scene does not use is dropped at its end.
    let closes = "closes the caller's descriptor 3";
    assert_eq!(seen.changes, [sets, sets, "sets the umask", "sets the umask", closes]);
    let seen = scene("looks first").meanwhile().expect("this machine allows tracing");
    assert!(seen.timeline.stdout.contains("seen true"), "{}", seen.timeline.stdout);
    assert_eq!(seen.changes, [closes]);
}

#[test]
fn a_small_pipe_has_one_page() {
    let how = "feeds all";
    let timeline = scene(how).small_pipes().run().expect("this machine allows tracing");
    // Nobody reads before all is written: the pipe is full, and its only user waits for room.
    assert!(timeline.stuck.is_some(), "{timeline}");
}

#[test]
fn a_wait_that_cannot_sleep_is_not_interrupted() {
    let trial = scene("looks first").interrupted().expect("this machine allows tracing");
    assert!(trial.disturbed.iter().any(|it| it.site.call == "waitid"), "{:?}", trial.disturbed);
    assert_eq!(ends_as_undisturbed(&trial), [""; 0]);
}

#[test]
fn an_interrupted_read_that_is_not_made_again_is_seen() {
    let trial = scene("gives up").interrupted().expect("this machine allows tracing");
    assert_eq!(ends_as_undisturbed(&trial), ["read number 1 of P1 fails with EINTR"]);
}

#[test]
fn who_makes_an_interrupted_read_again_comes_to_the_same() {
    let trial = scene("retries").interrupted().expect("this machine allows tracing");
    assert!(!trial.disturbed.is_empty(), "there is a read to interrupt");
    assert_eq!(ends_as_undisturbed(&trial), [""; 0]);
}

#[test]
fn a_thread_that_blocks_all_signals_is_not_interrupted() {
    let trial = scene("blocks").interrupted().expect("this machine allows tracing");
    assert!(trial.disturbed.is_empty(), "{:?}", trial.disturbed);
}

#[test]
fn a_call_that_fails_returns_its_error() {
    let trial = scene("copies").short_of_everything().expect("this machine allows tracing");
    assert_eq!(ends_as_undisturbed(&trial), ["fcntl number 1 of P1 fails with EMFILE"]);
    let trial = scene("makes do").short_of_everything().expect("this machine allows tracing");
    assert_eq!(ends_as_undisturbed(&trial), [""; 0]);
}

#[test]
fn only_the_marked_part_is_disturbed() {
    let trial = scene("gives up").interrupted().expect("this machine allows tracing");
    // The scene has read before, and so has the loader.
    assert_eq!(trial.disturbed.len(), 1);
}
