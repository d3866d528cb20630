//! The experiment: two workshops, one address, two numbers.

use std::process::ExitCode;
use std::{env, io, process};

use address_space::workshop::{self, ADDRESS, Workshop};
use address_space::{find, peek, regions_of, user_bits};

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let result = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        // The experiment starts this program again, as a workshop.
        ["workshop", number] => workshop::run(number.parse().expect("a number")),
        ["evidence"] => evidence(),
        _ => experiment(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("address_space: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How much memory this machine gives a process: `checker claims` shows it.
fn evidence() -> io::Result<()> {
    // With four levels of page tables a program has 47 bits, with five 56; other machines have other numbers.
    let _ = (33..=57).rev().find(|bits| workshop::has_room_at(1 << (bits - 1)));
    let bits = user_bits(&regions_of(process::id())?);
    println!("C1: addresses of {bits} bits: 2^{bits} bytes");
    Ok(())
}

fn experiment() -> io::Result<()> {
    let this_program = env::current_exe()?;
    let first = Workshop::open(&this_program, 1111)?;
    let second = Workshop::open(&this_program, 2222)?;
    println!("at the same address,");
    println!("  the first workshop has {}", peek(first.pid(), ADDRESS)?);
    println!("  the second workshop has {}", peek(second.pid(), ADDRESS)?);
    println!("  the first workshop still has {}", peek(first.pid(), ADDRESS)?);

    let own = regions_of(process::id())?;
    let room = find(&own, ADDRESS).is_some();
    println!("  this process has anything at all: {room}");

    println!("this address is beyond 2^32: {}", ADDRESS > u64::from(u32::MAX));
    println!("32 bits are enough for the addresses of this process: {}", user_bits(&own) <= 32);
    Ok(())
}
