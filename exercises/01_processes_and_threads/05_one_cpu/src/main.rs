//! TODO: the experiment, in a sentence. What it prints is the same on every run.

use std::io;

use one_cpu::run;

fn main() -> io::Result<()> {
    for program in ["true", "false"] {
        println!("{program} ends well: {}", run(program)?);
    }
    Ok(())
}
