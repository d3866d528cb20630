//! Stands in for `confine` in a build without that feature: whoever asks for confinement is refused.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use crate::{Confinement, Layers};

/// There is none.
pub(crate) struct Jail {
    /// The layers of the run.
    pub(crate) layers: Layers,
    never: Infallible,
}

/// There are none.
pub(crate) struct Restrictions(Infallible);

pub(crate) fn run_confined(
    _: &Confinement,
    _: Duration,
    _: impl Fn(&Jail) -> io::Result<()>,
) -> io::Result<()> {
    Err(io::Error::other(
        "it is to be confined, and this program was built without that (`confine`)",
    ))
}

impl Jail {
    pub(crate) fn restrictions(&self) -> io::Result<Restrictions> {
        match self.never {}
    }
}

impl Restrictions {
    pub(crate) fn drop_privileges(&self) -> io::Result<()> {
        match self.0 {}
    }

    pub(crate) fn apply(&mut self) -> io::Result<()> {
        match self.0 {}
    }
}
