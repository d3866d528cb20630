//! A program that a guest becomes. Given.

use std::env;
use std::fs::File;
use std::io::Read;
use std::process::ExitCode;

use nix::sys::signal::{SigSet, Signal};

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        [_, "exits", code] => ExitCode::from(code.parse::<u8>().unwrap()),
        [_, "tells", ..] => {
            println!("args: {}", args.join(" "));
            let env: Vec<String> =
                env::vars().map(|(name, value)| format!("{name}={value}")).collect();
            println!("env: {}", env.join(" "));
            ExitCode::SUCCESS
        }
        [_, "signals"] => {
            let blocked = SigSet::thread_get_mask().unwrap();
            let [one, other] = [Signal::SIGUSR1, Signal::SIGTERM].map(|it| blocked.contains(it));
            println!("blocked: SIGUSR1 {one}, SIGTERM {other}");
            ExitCode::SUCCESS
        }
        // The descriptor is inherited: it has no close-on-exec flag.
        [_, "waits", descriptor] => {
            let mut pipe = File::open(format!("/proc/self/fd/{descriptor}")).unwrap();
            pipe.read_exact(&mut [0]).unwrap();
            ExitCode::SUCCESS
        }
        _ => panic!("no such errand: {args:?}"),
    }
}
