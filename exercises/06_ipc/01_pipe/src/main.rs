//! The experiment: workshops that are joined by tubes.

use std::ffi::CString;
use std::{env, io};

use nix::fcntl::{FcntlArg, fcntl};
use pipe::{Ending, Outcome, run};

fn main() -> io::Result<()> {
    if env::args().nth(1).as_deref() == Some("evidence") {
        return evidence();
    }
    println!("press | paint, three parts go in:");
    let press = shell("while read part; do echo pressed $part; done");
    let paint = shell("while read part; do echo painted $part; done; exit 3");
    show(run(&[press, paint], b"bolt\nnut\nwasher\n")?, Printed::Whole);

    println!("a stage that never stops | a stage that takes one part and leaves:");
    let endless = shell("while :; do echo bolt; done");
    let takes_one = shell("read part; echo took one $part");
    show(run(&[endless, takes_one], b"")?, Printed::Whole);

    println!("cat | cat, eight million bytes go in, more than the tubes hold:");
    let cat = shell("exec cat");
    show(run(&[cat.clone(), cat.clone()], &vec![b'.'; 8_000_000])?, Printed::Length);

    println!("cat | a program that does not exist:");
    let missing = vec![CString::from(c"/no/such/workshop")];
    match run(&[cat, missing], b"") {
        Ok(_) => println!("  it ran"),
        Err(error) => println!("  {:?}", error.kind()),
    }
    Ok(())
}

/// What a pipe of this machine holds, and how much goes through it all the same: `checker claims` shows it.
fn evidence() -> io::Result<()> {
    let (_reader, writer) = io::pipe()?;
    println!("C20: a pipe holds {} bytes", fcntl(&writer, FcntlArg::F_GETPIPE_SZ)?);
    let cat = shell("exec cat");
    let outcome = run(&[cat.clone(), cat], &vec![b'.'; 8_000_000])?;
    println!("C20: of 8000000 bytes, {} came through", outcome.output.len());
    Ok(())
}

enum Printed {
    Whole,
    Length,
}

fn shell(script: &str) -> Vec<CString> {
    let script = CString::new(script).expect("a script without NUL");
    vec![c"/bin/sh".into(), c"-c".into(), script]
}

fn show(outcome: Outcome, printed: Printed) {
    match printed {
        Printed::Whole => {
            for line in String::from_utf8_lossy(&outcome.output).lines() {
                println!("  {line}");
            }
        }
        Printed::Length => println!("  {} bytes came out", outcome.output.len()),
    }
    for (i, ending) in outcome.endings.iter().enumerate() {
        match ending {
            Ending::Exited(code) => println!("  stage {i} exited with {code}"),
            Ending::Signalled(signal) => println!("  stage {i} was ended by {signal}"),
        }
    }
}
