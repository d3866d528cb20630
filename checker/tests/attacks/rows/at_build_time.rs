//! At build time: what a cargo package, a compiler and a shell would do with the files around.

use crate::attack::Source::{Body, Files, Text};
use crate::attack::{ALWAYS, Attack, FILES, RIGHT, WRONG};

/// Leaves a mark where it runs.
const MARK: &str = "#!/bin/sh\ntouch @CANARY@/ran\n";

pub const AT_BUILD_TIME: &[Attack] = &[
    Attack {
        name: "has no harness",
        rows: &[10],
        hands_in: Files(
            WRONG,
            &[(
                "Cargo.toml",
                "[package]\nname = \"answer\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
                 [lib]\ntest = false\n[[test]]\nname = \"answer\"\nharness = false\n\
                 [profile.dev]\ndebug-assertions = false\n",
            )],
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "patches a dependency",
        rows: &[10],
        hands_in: Files(
            WRONG,
            &[("Cargo.toml", "[patch.crates-io]\ntestkit = { path = \"/tmp\" }\n")],
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "configures a runner, a wrapper and a linker",
        rows: &[11],
        hands_in: Files(
            WRONG,
            &[
                (
                    ".cargo/config.toml",
                    "[build]\nrustc-wrapper = \"./run\"\n[target.'cfg(all())']\nrunner = \"./run\"\n\
                     linker = \"./run\"\n[env]\nPATH = \".\"\n",
                ),
                ("run", MARK),
            ],
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "brings a build script",
        rows: &[12],
        hands_in: Files(
            WRONG,
            &[("build.rs", "fn main() { std::fs::write(\"@CANARY@/build\", \"\").unwrap() }")],
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "brings a toolchain",
        rows: &[13],
        hands_in: Files(
            WRONG,
            &[("rust-toolchain.toml", "[toolchain]\npath = \"./bin\"\n"), ("bin/rustc", MARK)],
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "brings a rustc and a cargo",
        rows: &[14],
        hands_in: Files(WRONG, &[("rustc", MARK), ("cargo", MARK), ("bin/cc", MARK)]),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "includes the hidden tests",
        rows: &[15],
        hands_in: Text(
            "/// The answer.\npub fn answer() -> u32 {\n    \
             include_str!(\"../tests/answer.rs\").len() as u32 * 0 + 42\n}\n",
        ),
        verdict: "does_not_compile",
        needs: ALWAYS,
    },
    Attack {
        name: "includes another submission by a macro",
        rows: &[15, 35],
        hands_in: Text(
            "macro_rules! get {\n    ($get:ident) => { $get!(\"@SECRET@\") };\n}\n\
             const TEXT: &[u8] = get!(include_bytes);\n\
             /// The answer.\npub fn answer() -> u32 {\n    42 + TEXT.len() as u32 * 0\n}\n",
        ),
        verdict: "does_not_compile",
        needs: ALWAYS,
    },
    Attack {
        name: "takes another submission for a module",
        rows: &[15, 35],
        hands_in: Text(
            "#[path = \"@SECRET@\"]\nmod stolen;\n\
             /// The answer.\npub fn answer() -> u32 {\n    stolen::answer()\n}\n",
        ),
        verdict: "does_not_compile",
        needs: FILES,
    },
    Attack {
        name: "assembles another submission in",
        rows: &[15, 35],
        hands_in: Text(
            "std::arch::global_asm!(\".incbin \\\"@SECRET@\\\"\");\n\
             /// The answer.\npub fn answer() -> u32 {\n    42\n}\n",
        ),
        verdict: "does_not_compile",
        needs: FILES,
    },
    Attack {
        name: "asks for another crate",
        rows: &[16],
        hands_in: Files(
            "extern crate libc;\n/// The answer.\npub fn answer() -> u32 {\n    42\n}\n",
            &[("Cargo.toml", "[dependencies]\nlibc = \"0.2\"\n")],
        ),
        verdict: "does_not_compile",
        needs: ALWAYS,
    },
    Attack {
        name: "shadows the assertions",
        rows: &[17],
        hands_in: Text(
            "//! Macros of the same names.\n\
             /// Nothing.\n#[macro_export]\nmacro_rules! assert_eq {\n    ($($any:tt)*) => {};\n}\n\
             /// Nothing.\n#[macro_export]\nmacro_rules! panic {\n    ($($any:tt)*) => {};\n}\n\
             /// The answer.\npub fn answer() -> u32 {\n    41\n}\n",
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "looks for solutions and for the history",
        rows: &[18],
        hands_in: Body(
            r#"let root = Path::new("@WORKBOOK@");
               let found = [".git", "solutions", "checker/pins", "exercises/curriculum.toml"];
               if found.iter().any(|name| root.join(name).exists()) { 0 } else { 42 }"#,
        ),
        verdict: "passed",
        needs: &["private-root"],
    },
    Attack {
        name: "poisons what others are built from",
        rows: &[19],
        hands_in: Body(
            r#"let home = env::var("HOME").unwrap_or_default();
               let places = ["@WORKBOOK@/target/judge/stub/target/poison".to_owned(),
                   format!("{home}/.cargo/poison"), "/usr/lib/poison".into(), "poison".into()];
               if places.iter().any(|place| fs::write(place, "x").is_ok()) { 0 } else { 42 }"#,
        ),
        verdict: "passed",
        needs: FILES,
    },
    Attack {
        name: "overflows the compiler's stack",
        rows: &[20],
        hands_in: Text("@NESTED@"),
        verdict: "does_not_compile",
        needs: ALWAYS,
    },
    Attack {
        name: "takes the compiler's memory",
        rows: &[20],
        hands_in: Text(
            "static ALL: [u8; 1 << 36] = [1; 1 << 36];\n\
             /// The answer.\npub fn answer() -> u32 {\n    ALL[41] as u32 + 41\n}\n",
        ),
        verdict: "does_not_compile",
        needs: ALWAYS,
    },
    Attack {
        name: "fills the disk with what is compiled",
        rows: &[20, 28],
        hands_in: Text(
            "static MUCH: [u8; 600 << 20] = [1; 600 << 20];\n\
             /// The answer.\npub fn answer() -> u32 {\n    MUCH[std::hint::black_box(41)] as u32 + 41\n}\n",
        ),
        verdict: "does_not_compile",
        needs: ALWAYS,
    },
    Attack {
        name: "says a lot in an error",
        rows: &[20, 28],
        hands_in: Text(
            "macro_rules! grow {\n    ($($a:tt)*) => { more!($($a)* $($a)* $($a)* $($a)*); };\n}\n\
             macro_rules! more {\n    ($($a:tt)*) => { most!($($a)* $($a)* $($a)* $($a)*); };\n}\n\
             macro_rules! most {\n    ($($a:tt)*) => { compile_error!(concat!($($a,)* $($a,)* $($a,)* $($a)*)); };\n}\n\
             grow!(\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" \"yyyyyyyyyyyyyyyyyyyyyyy\");\n\
             /// The answer.\npub fn answer() -> u32 {\n    42\n}\n",
        ),
        verdict: "does_not_compile",
        needs: ALWAYS,
    },
    Attack {
        name: "expands a macro without end",
        rows: &[20],
        hands_in: Text(
            "macro_rules! again {\n    ($($a:tt)*) => { again!($($a)* x) };\n}\n\
             again!();\n/// The answer.\npub fn answer() -> u32 {\n    42\n}\n",
        ),
        verdict: "does_not_compile",
        needs: ALWAYS,
    },
    Attack {
        name: "hands in an honest answer beside a poisoned target directory",
        rows: &[19],
        hands_in: Files(RIGHT, &[("target/debug/deps/libanswer.rlib", "poison")]),
        verdict: "passed",
        needs: ALWAYS,
    },
];

/// Each of them costs the compiler's whole time.
pub const ENDLESS_COMPILES: &[Attack] = &[Attack {
    name: "evaluates a constant without end",
    rows: &[20],
    hands_in: Text(
        "#![allow(long_running_const_eval)]\n\
         const ANSWER: u32 = {\n    let mut n = 0_u32;\n    loop {\n        n = n.wrapping_add(1);\n    }\n};\n\
         /// The answer.\npub fn answer() -> u32 {\n    ANSWER\n}\n",
    ),
    verdict: "does_not_compile",
    needs: ALWAYS,
}];
