//! The experiment: what a parent and a child share after a fork, and what they do not.

use std::cell::Cell;
use std::env;
use std::fs::File;
use std::io::{self, Read, Seek, Write};

use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{getpid, getppid};
use two_returns::{First, fork_child, in_order, wait_for};

fn main() -> io::Result<()> {
    if env::args().nth(1).as_deref() == Some("evidence") {
        return evidence();
    }
    one_call_returns_twice()?;
    memory_is_copied()?;
    an_open_file_is_shared()?;
    order_is_what_is_agreed()?;
    a_status_comes_back()?;
    println!("no child is left to wait for: {}", wait() == Err(Errno::ECHILD));
    Ok(())
}

fn one_call_returns_twice() -> io::Result<()> {
    let caller = getpid();
    let (mut answer, mut question) = io::pipe()?;
    let child = fork_child(move || {
        let pids = [getpid(), getppid()].map(|pid| pid.as_raw().to_ne_bytes());
        question.write_all(pids.as_flattened()).map_or(1, |()| 0)
    })?;
    let [mut own, mut parents] = [[0; 4]; 2];
    answer.read_exact(&mut own)?;
    answer.read_exact(&mut parents)?;
    wait_for(child)?;
    println!("one call, two returns");
    println!(
        "  the parent was given the child's pid: {}",
        i32::from_ne_bytes(own) == child.as_raw()
    );
    println!(
        "  the child's parent is the caller: {}",
        i32::from_ne_bytes(parents) == caller.as_raw()
    );
    Ok(())
}

fn memory_is_copied() -> io::Result<()> {
    // The borrow checker sees two closures and one number. At run time there are two numbers.
    let number = Cell::new(1);
    println!("memory is copied");
    let parents_turn = |_| println!("  then the parent sees {}", number.get());
    let childs_turn = || {
        number.set(2);
        println!("  the child writes 2 and sees {}", number.get());
        0
    };
    in_order(First::Child, parents_turn, childs_turn)?;

    let parents_turn = |_| {
        number.set(3);
        println!("  the parent writes 3 and sees {}", number.get());
    };
    let childs_turn = || {
        println!("  then the child sees {}", number.get());
        0
    };
    in_order(First::Parent, parents_turn, childs_turn)?;
    Ok(())
}

fn an_open_file_is_shared() -> io::Result<()> {
    let mut file = File::from(memfd_create("shared", MFdFlags::MFD_CLOEXEC)?);
    let child = fork_child(|| file.write_all(b"child").map_or(1, |()| 0))?;
    wait_for(child)?;
    println!("an open file is shared");
    println!("  the child wrote 5 bytes; the parent's offset is {}", file.stream_position()?);
    file.write_all(b", parent")?;
    file.rewind()?;
    println!("  in the file: {}", io::read_to_string(file)?);
    Ok(())
}

fn order_is_what_is_agreed() -> io::Result<()> {
    println!("order is what is agreed");
    for (name, first) in [("Child", First::Child), ("Parent", First::Parent)] {
        println!("  first: {name}");
        let parents_turn = |_| println!("    the parent's turn");
        let childs_turn = || {
            println!("    the child's turn");
            0
        };
        in_order(first, parents_turn, childs_turn)?;
    }
    Ok(())
}

fn a_status_comes_back() -> io::Result<()> {
    let children = [0, 7, 255].map(|code| fork_child(move || code));
    println!("a status comes back");
    for child in children {
        if let WaitStatus::Exited(_, code) = wait_for(child?)? {
            println!("  exited with {code}");
        }
    }
    Ok(())
}

/// Who is first where nothing is agreed, here and now: `checker claims` shows it.
fn evidence() -> io::Result<()> {
    const TRIES: usize = 200;
    let mut parent_first = 0;
    for _ in 0..TRIES {
        let (mut reader, writer) = io::pipe()?;
        let child = fork_child(|| (&writer).write_all(b"c").map_or(1, |()| 0))?;
        (&writer).write_all(b"p")?;
        wait_for(child)?;
        let mut first = [0];
        reader.read_exact(&mut first)?;
        parent_first += usize::from(first == *b"p");
    }
    println!("C13: parent first {parent_first}, child first {}", TRIES - parent_first);
    Ok(())
}
