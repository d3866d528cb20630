//! Trials: a program that gets it wrong is seen to, one that gets it right is not.

use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::{Pid, pipe, read};
use testkit::on_trial;
use tracer::Program;
use tracer::trials::Trial;

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
    let child = std::process::Command::new("/bin/true").spawn().expect("a child can be started");
    let child = Pid::from_raw(child.id().cast_signed());
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    while waitid(Id::Pid(child), look) == Err(Errno::EINTR) {}
    format!("{:?}", waitpid(child, None).is_ok())
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
