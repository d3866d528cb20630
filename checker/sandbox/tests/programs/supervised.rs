//! Runs the program that standard input describes and prints what was seen, both as JSON.
//!
//! With the argument `layers` it prints which layers this host allows.

use sandbox::{Observation, Stop};

fn main() {
    sandbox::supervise_if_asked();
    if std::env::args().nth(1).is_some_and(|argument| argument == "layers") {
        let layers = sandbox::available_layers().expect("the layers can be found out");
        return println!("{}", serde_json::to_string(&layers).expect("layers are JSON"));
    }
    let program = serde_json::from_reader(std::io::stdin().lock()).expect("a program as JSON");
    let stop = Stop::never().expect("a pipe can be made");
    let seen: Result<Observation, String> =
        sandbox::run(&program, &stop).map_err(|error| error.to_string());
    println!("{}", serde_json::to_string(&seen).expect("an observation is JSON"));
}
