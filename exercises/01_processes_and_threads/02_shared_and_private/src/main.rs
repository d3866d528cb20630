//! The experiment: what do two threads share, and what two processes?

use std::{env, io};

use shared_and_private::inventory;

fn main() -> io::Result<()> {
    if env::args().nth(1).as_deref() == Some("evidence") {
        return evidence();
    }
    println!("a change of                 another thread  a child process");
    for row in inventory()? {
        let name = row.resource.name();
        println!("{name:<28}{:<16}{}", in_words(row.thread_sees), in_words(row.process_sees));
    }
    Ok(())
}

/// How much is shared: `checker claims` shows it.
fn evidence() -> io::Result<()> {
    let rows = inventory()?;
    let thread = rows.iter().filter(|row| row.thread_sees).count();
    let child = rows.iter().filter(|row| row.process_sees).count();
    println!("C2: of {}, a thread sees {thread}, a child {child}", rows.len());
    for row in rows.iter().filter(|row| !row.thread_sees) {
        println!("C2: another thread does not see {}", row.resource.name());
    }
    Ok(())
}

fn in_words(is_seen: bool) -> &'static str {
    if is_seen { "sees it" } else { "does not" }
}
