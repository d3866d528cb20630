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

mod calls;
mod guard;
mod identity;
mod mounts;
mod names;
mod paths;
mod privileges;
mod restrictions;
mod root;
mod trial;
mod view;

use std::io;
use std::path::Path;
use std::time::Duration;

use nix::unistd::AccessFlags;
use serde::{Deserialize, Serialize};

pub(crate) use self::restrictions::Restrictions;

use self::guard::Attempt;
use self::identity::Identity;
use self::view::View;
use crate::{Confinement, Layer, Layers};

/// Where the supervisor is, and what is left to do for the program's own process.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The layers of the run.
    pub(crate) layers: Layers,
    identity: Identity,
    confinement: Confinement,
}

/// Does the supervisor's `work` in the namespaces that can be had: in a process of theirs, or in
/// this one if there are none.
///
/// Returns when the work is done and everything of it has ended. Fails if the confinement asks for
/// what cannot be, with words for the person who asked.
pub(crate) fn confined(
    confinement: &Confinement,
    wall: Duration,
    work: impl Fn(&Place) -> io::Result<()>,
) -> io::Result<()> {
    let mut place = Place::wanted(confinement);
    place.identity.give(&confinement.writable)?;
    trial::give_up_what_a_process_lacks(&mut place.layers);
    while guard::asks_for_namespaces(&place.layers) {
        match guard::attempt(&place, wall, &work)? {
            Attempt::Done => return Ok(()),
            Attempt::Refused => trial::give_up_refused_namespaces(&mut place.layers),
            Attempt::Failed(Failure::Layer(layer, why)) => place.layers.give_up(layer, why),
            Attempt::Failed(Failure::Request(why)) => return Err(io::Error::other(why)),
        }
    }
    place.check()?;
    work(&place)
}

/// Why the supervisor did not get as far as its work.
#[derive(Debug, Serialize, Deserialize)]
enum Failure {
    /// This layer cannot be had.
    Layer(Layer, String),
    /// What was asked for cannot be.
    Request(String),
}

impl Place {
    fn wanted(confinement: &Confinement) -> Self {
        let mut layers = Layers { held: Layer::ALL.into(), ..Layers::default() };
        for layer in &confinement.without {
            if !Layers::of_any_run().hold(*layer) {
                layers.give_up(*layer, "switched off");
            }
        }
        Self { layers, identity: Identity::of_this_user(), confinement: confinement.clone() }
    }

    /// Sets up what new namespaces lack.
    fn furnish(&self) -> Result<(), Failure> {
        let lack = |layer: Layer| move |error: io::Error| Failure::Layer(layer, error.to_string());
        if self.layers.hold(Layer::NetworkNamespace) {
            names::bring_up_loopback().map_err(lack(Layer::NetworkNamespace))?;
        }
        if self.layers.hold(Layer::PrivateRoot) {
            names::hide_host_name().map_err(lack(Layer::PrivateRoot))?;
            let view = View::of(&self.confinement).map_err(|e| Failure::Request(e.to_string()))?;
            let kinds = root::Kinds {
                new_proc: self.layers.hold(Layer::PidNamespace),
                new_mqueue: self.layers.hold(Layer::IpcNamespace),
            };
            root::enter(&view, kinds).map_err(|trouble| match trouble {
                root::Trouble::Proc(error) => lack(Layer::PidNamespace)(error),
                root::Trouble::Root(error) => lack(Layer::PrivateRoot)(error),
            })?;
        }
        self.check().map_err(|error| Failure::Request(error.to_string()))
    }

    /// Whether the program's user can use what is shown to it.
    fn check(&self) -> io::Result<()> {
        let Some(user) = self.identity.become_user else { return Ok(()) };
        trial::in_a_fork(|| {
            privileges::become_user(user)?;
            let read_only = identity::unusable(&self.confinement.read_only, AccessFlags::R_OK);
            let writable = identity::unusable(&self.confinement.writable, AccessFlags::W_OK);
            match read_only.or(writable) {
                None => Ok(()),
                Some(path) => Err(io::Error::other(unusable(path, user.0.as_raw()))),
            }
        })
        .map_err(io::Error::other)
    }
}

fn unusable(path: &Path, uid: u32) -> String {
    format!(
        "{} cannot be used by uid {uid}, which root's confined programs run as: \
         make it and the directories that lead to it accessible for everybody",
        path.display()
    )
}
