//! Stands in for `confine` in a build without that feature: whoever asks for confinement is refused.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use crate::{Confinement, Layers};

/// Nobody is in one.
pub(crate) struct Place {
    /// The layers of the run.
    pub(crate) layers: Layers,
    never: Infallible,
}

/// Nobody has any.
pub(crate) struct Restrictions(Infallible);

pub(crate) fn confined(
    _: &Confinement,
    _: Duration,
    _: impl Fn(&Place) -> io::Result<()>,
) -> io::Result<()> {
    Err(io::Error::other(
        "it is to be confined, and this program was built without that (`confine`)",
    ))
}

impl Place {
    pub(crate) fn restrictions(&self) -> io::Result<Restrictions> {
        match self.never {}
    }
}

impl Restrictions {
    pub(crate) fn give_up_rights(&self) -> io::Result<()> {
        match self.0 {}
    }

    pub(crate) fn lay_on(&mut self) -> io::Result<()> {
        match self.0 {}
    }
}
