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
        rows: &[2],
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
        verdict: "exited_early",
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
];
