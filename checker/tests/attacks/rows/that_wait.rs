//! Attacks that end by a deadline only.

use crate::attack::Source::Body;
use crate::attack::{ALWAYS, Attack};

pub const THAT_WAIT: &[Attack] = &[
    Attack {
        name: "sleeps, and ignores every signal",
        rows: &[29],
        hands_in: Body(
            "// SIG_IGN
             for number in 1..32 { signal(number, 1); }
             loop { thread::sleep(Duration::from_secs(1000)) }",
        ),
        verdict: "timed_out",
        needs: ALWAYS,
    },
    Attack {
        name: "locks twice",
        rows: &[29],
        hands_in: Body(
            "static LOCK: Mutex<u32> = Mutex::new(42);
             let one = LOCK.lock().unwrap();
             let two = LOCK.lock().unwrap();
             *one + *two",
        ),
        verdict: "timed_out",
        needs: ALWAYS,
    },
    Attack {
        name: "stops itself",
        rows: &[23, 29],
        hands_in: Body("kill(getpid(), 19); 42"),
        verdict: "timed_out",
        needs: ALWAYS,
    },
    Attack {
        name: "forks without end",
        rows: &[26],
        hands_in: Body("loop { if fork() < 0 { pause(); } }"),
        verdict: "timed_out",
        needs: &["user-ns"],
    },
];
