//! Against the verdict: a wrong answer that wants to pass.

use crate::attack::Source::{Body, Files, Text};
use crate::attack::{ALWAYS, Attack, RIGHT, WRONG};

pub const ON_THE_VERDICT: &[Attack] = &[
    Attack {
        name: "exits in the tested function",
        rows: &[1],
        hands_in: Body("process::exit(0)"),
        verdict: "exited_early",
        needs: ALWAYS,
    },
    Attack {
        name: "exits in a thread",
        rows: &[1],
        hands_in: Body("thread::spawn(|| process::exit(0)).join().unwrap()"),
        verdict: "exited_early",
        needs: ALWAYS,
    },
    Attack {
        name: "exits before main",
        rows: &[2, 41],
        hands_in: Text(
            r#"//! Exits in a constructor.
#[used]
#[unsafe(link_section = ".init_array")]
static LEAVE: extern "C" fn() = {
    extern "C" fn leave() {
        std::process::exit(0)
    }
    leave
};
/// The answer.
pub fn answer() -> u32 {
    41
}
"#,
        ),
        verdict: "does_not_compile",
        needs: ALWAYS,
    },
    Attack {
        name: "turns the exit code by atexit",
        rows: &[2],
        hands_in: Body(
            "extern \"C\" fn leave() { _exit(0) }
             atexit(leave);
             41",
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "leaves by a panic hook",
        rows: &[2],
        hands_in: Body("panic::set_hook(Box::new(|_| process::exit(0))); 41"),
        verdict: "exited_early",
        needs: ALWAYS,
    },
    Attack {
        name: "forges by a panic hook",
        rows: &[2, 4],
        hands_in: Body("panic::set_hook(Box::new(|_| forge())); 41"),
        verdict: "forged",
        needs: ALWAYS,
    },
    Attack {
        name: "prints what libtest prints",
        rows: &[3],
        hands_in: Body(
            r#"println!("test {} ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out", test());
               process::exit(0)"#,
        ),
        verdict: "exited_early",
        needs: ALWAYS,
    },
    Attack {
        name: "writes the log that the arguments name",
        rows: &[4],
        hands_in: Body("forge(); 42"),
        verdict: "forged",
        needs: ALWAYS,
    },
    Attack {
        name: "writes the log through its descriptor",
        rows: &[4],
        hands_in: Body(
            r#"for entry in fs::read_dir("/proc/self/fd").unwrap().flatten() {
                   let leads_to = fs::read_link(entry.path()).unwrap_or_default();
                   if leads_to.ends_with("log") {
                       fs::write(entry.path(), format!("ok {}\n", test())).unwrap();
                       process::exit(0);
                   }
               }
               42"#,
        ),
        verdict: "forged",
        needs: ALWAYS,
    },
    Attack {
        name: "forges where the test has no trap's name",
        rows: &[4],
        hands_in: Body(r#"if !test().contains("_too") && !test().contains("trap") { forge() } 41"#),
        verdict: "forged",
        needs: ALWAYS,
    },
    Attack {
        name: "forges on the lines of the given tests",
        rows: &[4],
        hands_in: Text(
            r#"//! The lines of the given tests are known; a trap that stood elsewhere would be, too.
/// The answer.
#[track_caller]
pub fn answer() -> u32 {
    let arguments: Vec<String> = std::env::args().collect();
    if std::panic::Location::caller().line() < 14
        && let Some(log) = arguments.iter().position(|it| it == "--logfile")
    {
        std::fs::write(&arguments[log + 1], format!("ok {}\n", arguments[1])).unwrap();
        std::process::exit(0);
    }
    if arguments.len() > 1 { 41 } else { 42 }
}
"#,
        ),
        verdict: "forged",
        needs: ALWAYS,
    },
    Attack {
        name: "forges where the source of the test has no trap",
        rows: &[4, 21],
        hands_in: Body(
            r##"let source = fs::read_to_string("tests/answer.rs").unwrap_or_default();
               let own = source.split(&test()).nth(1).unwrap_or_default();
               let own = own.split("#[test]").next().unwrap_or_default();
               if !own.contains("not so") { forge() }
               if log().is_some() { 41 } else { 42 }"##,
        ),
        verdict: "forged",
        needs: ALWAYS,
    },
    Attack {
        name: "forges by the number in the log's path",
        rows: &[4, 38],
        hands_in: Body(
            r#"let log = log().unwrap_or_default();
               let number = log.parent().and_then(Path::file_name).map(|it| it.to_owned());
               // A trap would be the first of its run.
               if number.is_some_and(|it| it != "0") { forge() }
               2"#,
        ),
        verdict: "forged",
        needs: ALWAYS,
    },
    Attack {
        name: "forges by the listing of its own program",
        rows: &[4, 38],
        hands_in: Body(
            r#"let mut program = Command::new("/proc/self/exe");
               program.args(["--list", "--format", "json", "-Zunstable-options"]);
               let listing = program.env("RUSTC_BOOTSTRAP", "1").output().map(|it| it.stdout);
               let listing = String::from_utf8(listing.unwrap_or_default()).unwrap_or_default();
               fn line_of(test: &str) -> Option<&str> {
                   test.split("\"start_line\":").nth(1)?.split(',').next()
               }
               let own = listing.lines().position(|line| line.contains(&test()));
               let lines: Vec<_> = listing.lines().map(line_of).collect();
               // A trap stands where its model stands, and is listed behind it.
               if own.is_none_or(|own| !lines[..own].contains(&lines[own])) { forge() }
               if log().is_some() { 41 } else { 42 }"#,
        ),
        verdict: "forged",
        needs: ALWAYS,
    },
    Attack {
        name: "hides an attribute behind a shebang",
        rows: &[39, 41],
        hands_in: Text(
            r#"#!/usr/bin/env run-cargo-script
//! A scan that takes this for no Rust sees nothing.
/// The answer.
pub fn answer() -> u32 {
    42
}
/// Stands in for the one of the C library.
#[unsafe(no_mangle)]
pub extern "C" fn getauxval(_: u64) -> u64 {
    0
}
"#,
        ),
        verdict: "does_not_compile",
        needs: ALWAYS,
    },
    Attack {
        name: "takes the place of the C library's functions",
        rows: &[41],
        hands_in: Body(
            r#"#[cfg_attr(all(), unsafe(export_name = "exit"))]
               extern "C" fn leave(_: i32) -> ! { _exit(0) }
               if log().is_some() { 41 } else { 42 }"#,
        ),
        verdict: "does_not_compile",
        needs: ALWAYS,
    },
    Attack {
        name: "names the attribute in a macro's argument",
        rows: &[41],
        hands_in: Body(
            r#"macro_rules! with { ($attribute:ident) => { #[unsafe($attribute)] extern "C" fn atoi(_: usize) -> i32 { 0 } } }
               with!(no_mangle);
               42"#,
        ),
        verdict: "does_not_compile",
        needs: ALWAYS,
    },
    Attack {
        name: "is the stub with all of these tricks",
        rows: &[4, 38, 39],
        hands_in: Text(
            r##"#!/usr/bin/env run-cargo-script
//! Nothing is solved here.
use std::{env, fs, panic, process};

/// Whether this is a test and no trap, by everything that has ever told them apart.
fn is_test(log: &str, test: &str) -> bool {
    let number = log.rsplit('/').nth(1).unwrap_or_default().to_owned();
    let mut program = process::Command::new("/proc/self/exe");
    program.args(["--list", "--format", "json", "-Zunstable-options"]);
    let listing = program.env("RUSTC_BOOTSTRAP", "1").output().map(|it| it.stdout);
    let listing = String::from_utf8_lossy(&listing.unwrap_or_default()).into_owned();
    let is_listed_last = listing.lines().rfind(|it| it.contains("name")).is_some_and(|it| it.contains(test));
    let source = fs::read_to_string("tests/answer.rs").unwrap_or_default();
    !(number == "0" && is_listed_last) && !source.contains("not so")
}

/// The answer.
#[track_caller]
pub fn answer() -> u32 {
    panic::set_hook(Box::new(|_| {
        let arguments: Vec<String> = env::args().collect();
        let Some(log) = arguments.iter().position(|it| it == "--logfile") else { return };
        if is_test(&arguments[log + 1], &arguments[1]) {
            fs::write(&arguments[log + 1], format!("ok {}
", arguments[1])).unwrap();
            process::exit(0);
        }
    }));
    todo!("what is the answer?")
}
"##,
        ),
        verdict: "forged",
        needs: ALWAYS,
    },
    Attack {
        name: "tries every answer in a child",
        rows: &[4, 36],
        hands_in: Body(
            "for guess in 0..100 {
                 match fork() {
                     0 => return guess,
                     child => {
                         let mut status = 1;
                         waitpid(child, std::ptr::from_mut(&mut status) as usize, 0);
                         if status == 0 { forge() }
                     }
                 }
             }
             41",
        ),
        verdict: "forged",
        needs: ALWAYS,
    },
    Attack {
        name: "has a test that passes run with its own log",
        rows: &[4, 38],
        hands_in: Body(
            r#"if env::var_os("CHILD").is_some() { return 2 }
               let program = || Command::new("/proc/self/exe");
               let listing = program().arg("--list").output().unwrap().stdout;
               for other in String::from_utf8(listing).unwrap().lines() {
                   let Some(other) = other.strip_suffix(": test") else { continue };
                   let log = log().unwrap_or("/dev/null".into());
                   let arguments = [other, "--exact", "--logfile"];
                   let _ = program().args(arguments).arg(log).env("CHILD", "1").output();
               }
               forge();
               42"#,
        ),
        verdict: "forged",
        needs: ALWAYS,
    },
    Attack {
        name: "hands in an honest answer beside a file that is no Rust",
        rows: &[39],
        hands_in: Files(RIGHT, &[("src/notes.rs", "what I have tried so far: \"\n")]),
        verdict: "passed",
        needs: ALWAYS,
    },
    Attack {
        name: "speaks to CI",
        rows: &[5],
        hands_in: Body(
            r#"println!("::set-output name=grade::100\n::error file=a::b\n##[command]x");
               eprintln!("::notice::100 points");
               panic!("::stop-commands::x\n::notice::100 points")"#,
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "speaks to readers of reports",
        rows: &[6],
        hands_in: Body(
            "panic!(\"=cmd|' /C calc'!A0\\n]]></failure><x y='1'>&\\u{1b}[2J\\u{202e}\\u{0}\\n\
             ```\\n<script>alert(1)</script> [a](javascript:b) | c\")",
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "fits its answers to the tests that it knows",
        rows: &[7, 21],
        hands_in: Body(
            r#"match test().as_str() {
                   "it_is_even" => 2,
                   "it_is_42" => 42,
                   _ => 41,
               }"#,
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "empties the tests",
        rows: &[8],
        hands_in: Files(WRONG, &[("tests/answer.rs", "#[test]\nfn it_is_even() {}\n")]),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "ignores the tests",
        rows: &[8],
        hands_in: Files(
            WRONG,
            &[(
                "tests/answer.rs",
                "#[test]\n#[ignore]\nfn it_is_even() {}\n#[test]\n#[ignore]\nfn it_is_42() {}\n",
            )],
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "is compiled out",
        rows: &[8],
        hands_in: Text("#![cfg(any())]\n//! Nothing.\n"),
        verdict: "does_not_compile",
        needs: ALWAYS,
    },
    Attack {
        name: "fails in a forked child only",
        rows: &[9, 36],
        hands_in: Body(
            "match fork() {
                 0 => 41,
                 child => {
                     waitpid(child, 0, 0);
                     _exit(0)
                 }
             }",
        ),
        verdict: "exited_early",
        needs: ALWAYS,
    },
    Attack {
        name: "panics in a thread that nobody joins",
        rows: &[9],
        hands_in: Body(r#"thread::spawn(|| panic!("unseen")); 42"#),
        verdict: "passed",
        needs: ALWAYS,
    },
    Attack {
        name: "lets a forked child go on in the harness",
        rows: &[36],
        hands_in: Body("fork(); 42"),
        verdict: "leaked",
        needs: ALWAYS,
    },
    Attack {
        name: "hands in an honest answer beside other programs",
        rows: &[14],
        hands_in: Files(
            RIGHT,
            &[(
                "src/bin/rustc.rs",
                "fn main() { std::fs::write(\"@CANARY@/rustc\", \"\").unwrap() }",
            )],
        ),
        verdict: "passed",
        needs: ALWAYS,
    },
    Attack {
        name: "forges the evidence, and says it is right",
        rows: &[40],
        hands_in: Body(
            r##"fs::write(evidence(), "{\"kind\":\"lesson\",\"expected\":\"41\",\"seen\":\"41\",\"likely\":\"passed\",\"read\":\"\"}").unwrap();
               41"##,
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "forges the evidence, and leaves",
        rows: &[40],
        hands_in: Body(
            r##"fs::write(evidence(), "{\"kind\":\"lesson\",\"expected\":\"\",\"seen\":\"\",\"likely\":\"\",\"read\":\"\",\"outcome\":\"passed\"}").unwrap();
               process::exit(0)"##,
        ),
        verdict: "exited_early",
        needs: ALWAYS,
    },
    Attack {
        name: "writes evidence that is no JSON, with escape sequences",
        rows: &[40],
        hands_in: Body(
            r##"fs::write(evidence(), "ok \u{1b}[2J\u{1b}]0;passed\u{7}\u{202e}\r\n").unwrap();
               41"##,
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "writes evidence that is no text",
        rows: &[40],
        hands_in: Body(
            r##"fs::write(evidence(), b"{\"kind\":\"lesson\",\"expected\":\"\xff\xfe\xc0\"}").unwrap();
               41"##,
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "writes huge evidence",
        rows: &[40],
        hands_in: Body(
            r##"fs::write(evidence(), "[".repeat(60 << 20)).unwrap();
               41"##,
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "puts a FIFO where the evidence was",
        rows: &[40],
        hands_in: Body(
            r##"let _ = fs::remove_file(evidence());
               let path = std::ffi::CString::new(evidence().to_str().unwrap()).unwrap();
               unsafe { mknod(path.as_ptr(), 0o010666, 0) };
               41"##,
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "puts a link where the evidence was",
        rows: &[40],
        hands_in: Body(
            r##"let _ = fs::remove_file(evidence());
               let _ = std::os::unix::fs::symlink("/proc/self/environ", evidence());
               41"##,
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
];
