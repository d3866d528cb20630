//! Runs one program under ptrace(2) and tells what the kernel saw its processes do.
//!
//! ```no_run
//! let timeline = tracer::Program::new("/bin/sh").args(["-c", "cat | wc -c"]).run()?;
//! for process in &timeline.processes {
//!     println!("{}: {}", process.name, process.end);
//! }
//! # Ok::<(), tracer::Error>(())
//! ```
//!
//! A [`Timeline`] has one list of [`Event`]s for each process and each thread. Everything that
//! varies from run to run is named anew or left out: processes are `P1`, `P1.1`, `P1.2` in the order in
//! which their parent made them, threads `P1/t1`, pipes `pipe1.r` and `pipe1.w`. So the timeline of
//! a program whose processes do not race is the same in each run. What races is not told: who came
//! first of two processes, SIGCHLD, a wait that found nothing yet, a look at the children that neither
//! sleeps nor reaps, how many pieces a pipe delivers.
//!
//! # Who is the tracer
//!
//! A tracer is a thread (ptrace(2)), and each run has one of its own: it forks the program, seizes
//! it and waits with `__WNOTHREAD`, so it sees its own child and tracees and takes no child away from
//! the other threads of a test program. A process of its own would need a program that every user of
//! this crate has to build and find. When the thread ends, in whatever way, the kernel kills
//! all that it traces (`PTRACE_O_EXITKILL`). What a signal has stopped is not traced until the next
//! signal for it comes, because a stopped tracee does not look stopped in `/proc`; who kills the
//! tracer in such a moment leaves a stopped process to the supervisor.
//!
//! The calling thread meanwhile collects the output and watches for quiescence: a program whose tasks all
//! sleep in calls that only one of them could end is [`Stuck`], and that is known at once, from
//! `/proc` and not by the clock.
//!
//! # What it costs
//!
//! The program runs with a seccomp filter (seccomp(2)) that stops it at the watched calls only. Where
//! the kernel refuses the filter, it is stopped at every call: slower, with the same timeline.

mod command;
mod requirements;
mod session;

mod fork_exec;
mod signals;
mod stops;
mod tracees;

mod syscall_entry;
mod syscall_exit;

mod changes;
mod descriptors;
mod filter;
mod memory;
mod probe;
mod probing;
mod recording;
mod registers;
mod watched;

mod streams;
mod survey;
mod task_state;
mod waits;

mod normalise;

mod display;
mod error;
mod event;
mod stuck;
mod timeline;

pub mod trials;

pub use command::Program;
pub use error::Error;
pub use event::{Answer, Asked, Birth, Descriptor, Disposition, End, Event, SocketCall};
pub use stuck::{Holder, Need, Stuck, Waiting, Waits};
pub use timeline::{Process, Reaped, Suspension, Thread, Timeline, order};
