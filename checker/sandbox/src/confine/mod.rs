//! Confinement: namespaces for the supervisor, further restrictions for the program.
//!
//! ```text
//! checker ── run() ──> guard ── clone ──> supervisor ── fork, exec ──> program ──> …
//!                      the host's         first process of the          no capability, Landlock,
//!                      namespaces         new namespaces                seccomp
//! ```
//!
//! The *guard* is the supervisor of an unconfined run. It makes the namespaces, with the supervisor
//! as their first process, and waits for it: standard input and output are the supervisor's. When
//! the first process of a PID namespace ends, the kernel kills the rest of it; and it ends when the
//! guard does, or when the guard finds it overdue.
//!
//! Which layers a host allows is found out by trying. A layer that fails is given up, with the
//! reason kept, and the next attempt is made without it.

mod capabilities;
mod guard;
mod hostname;
mod identity;
mod jail;
mod landlock;
mod loopback;
mod mounts;
mod namespaces;
mod restrictions;
mod rootfs;
mod seccomp;
mod trial;
mod view;

use std::io;
use std::time::Duration;

pub(crate) use self::jail::Jail;
pub(crate) use self::restrictions::Restrictions;

use self::guard::Attempt;
use self::jail::Failure;
use crate::Confinement;

/// Does the supervisor's `work` in the namespaces that can be had: in a process of theirs, or in
/// this one if there are none.
///
/// Returns when the work is done and everything of it has ended. Fails if the confinement asks for
/// what cannot be, with words for the person who asked.
pub(crate) fn run_confined(
    confinement: &Confinement,
    wall: Duration,
    work: impl Fn(&Jail) -> io::Result<()>,
) -> io::Result<()> {
    let mut jail = Jail::new(confinement);
    jail.identity.give(&confinement.writable)?;
    trial::give_up_what_a_process_lacks(&mut jail.layers);
    while namespaces::flags(&jail.layers) != 0 {
        match guard::attempt(&jail, wall, &work)? {
            Attempt::Done => return Ok(()),
            Attempt::Refused => trial::give_up_refused_namespaces(&mut jail.layers),
            Attempt::Failed(Failure::Layer(layer, why)) => jail.layers.give_up(layer, why),
            Attempt::Failed(Failure::Request(why)) => return Err(io::Error::other(why)),
        }
    }
    jail.check()?;
    work(&jail)
}
