//! The experiment: what do two threads share, and what two processes?

use std::io;

use shared_and_private::inventory;

fn main() -> io::Result<()> {
    println!("a change of                 another thread  a child process");
    for row in inventory()? {
        let name = row.resource.name();
        println!("{name:<28}{:<16}{}", in_words(row.thread_sees), in_words(row.process_sees));
    }
    Ok(())
}

fn in_words(is_seen: bool) -> &'static str {
    if is_seen { "sees it" } else { "does not" }
}
