//! Prints the timeline of a program: `cargo run -p tracer --example tracing -- PROGRAM ARGS`.

fn main() -> Result<(), tracer::Error> {
    let mut words = std::env::args_os().skip(1);
    let path = words.next().expect("the path of a program");
    let timeline = tracer::Program::new(path).args(words).run()?;
    print!("{timeline}");
    Ok(())
}
