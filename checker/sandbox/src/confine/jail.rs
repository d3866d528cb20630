//! The jail of a run: which layers it has, and who the program is in it.

use std::io;
use std::path::Path;

use nix::unistd::AccessFlags;
use serde::{Deserialize, Serialize};

use super::identity::{self, Identity};
use super::view::View;
use super::{hostname, loopback, rootfs, trial};
use crate::{Confinement, Layer, Layers};

/// The namespaces that the supervisor is in, and what is left to do for the program's own process.
#[derive(Debug, Clone)]
pub(crate) struct Jail {
    /// The layers of the run.
    pub(crate) layers: Layers,
    pub(super) identity: Identity,
    pub(super) confinement: Confinement,
}

/// Why the supervisor did not get as far as its work.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Failure {
    /// This layer cannot be had.
    Layer(Layer, String),
    /// What was asked for cannot be.
    Request(String),
}

impl Jail {
    /// The jail that is asked for, before anything has been tried.
    pub(super) fn new(confinement: &Confinement) -> Self {
        let mut layers = Layers { held: Layer::ALL.into(), ..Layers::default() };
        for layer in &confinement.without {
            if !Layers::unconfined().hold(*layer) {
                layers.give_up(*layer, "switched off");
            }
        }
        Self { layers, identity: Identity::new(), confinement: confinement.clone() }
    }

    /// Sets up what new namespaces lack.
    pub(super) fn set_up(&self) -> Result<(), Failure> {
        let lack = |layer: Layer| move |error: io::Error| Failure::Layer(layer, error.to_string());
        if self.layers.hold(Layer::NetworkNamespace) {
            loopback::bring_up().map_err(lack(Layer::NetworkNamespace))?;
        }
        if self.layers.hold(Layer::PrivateRoot) {
            hostname::hide().map_err(lack(Layer::PrivateRoot))?;
            let view = View::new(&self.confinement).map_err(|e| Failure::Request(e.to_string()))?;
            let options = rootfs::Options {
                new_proc: self.layers.hold(Layer::PidNamespace),
                new_mqueue: self.layers.hold(Layer::IpcNamespace),
            };
            rootfs::enter(&view, options).map_err(|error| match error {
                rootfs::Error::Proc(error) => lack(Layer::PidNamespace)(error),
                rootfs::Error::Root(error) => lack(Layer::PrivateRoot)(error),
            })?;
        }
        self.check().map_err(|error| Failure::Request(error.to_string()))
    }

    /// Whether the program's user can use what is shown to it.
    pub(super) fn check(&self) -> io::Result<()> {
        let Some(user) = self.identity.become_user else { return Ok(()) };
        trial::in_a_fork(|| {
            identity::become_user(user)?;
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
