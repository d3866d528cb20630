//! What the program's own process takes upon itself between fork and exec.

use std::io;

use landlock::RulesetCreated;
use seccompiler::BpfProgram;

use super::identity::Identity;
use super::{Place, calls, paths, privileges};
use crate::Layer;

/// Prepared before the fork.
pub(crate) struct Restrictions {
    identity: Identity,
    no_new_privileges: bool,
    rules: Option<RulesetCreated>,
    filters: Vec<BpfProgram>,
}

impl Place {
    /// Prepares the restrictions of a program that is started here.
    pub(crate) fn restrictions(&self) -> io::Result<Restrictions> {
        let rules = || paths::rules(&self.confinement, &self.layers).map_err(io::Error::other);
        let filters = match self.layers.hold(Layer::Seccomp) {
            true => calls::filters().map_err(io::Error::other)?,
            false => Vec::new(),
        };
        Ok(Restrictions {
            identity: self.identity,
            no_new_privileges: self.layers.hold(Layer::NoNewPrivileges),
            rules: self.layers.hold(Layer::Landlock).then(rules).transpose()?,
            filters,
        })
    }
}

impl Restrictions {
    /// Becomes the program's user and gives up all capabilities.
    pub(crate) fn give_up_rights(&self) -> io::Result<()> {
        privileges::drop_bounding_set()?;
        if let Some(user) = self.identity.become_user {
            privileges::become_user(user)?;
        }
        privileges::drop_capabilities()?;
        if self.no_new_privileges {
            nix::sys::prctl::set_no_new_privs()?;
        }
        Ok(())
    }

    /// The last step: after it, preparations would be refused too.
    pub(crate) fn lay_on(&mut self) -> io::Result<()> {
        if let Some(rules) = self.rules.take() {
            rules.restrict_self().map_err(io::Error::other)?;
        }
        for filter in &self.filters {
            seccompiler::apply_filter(filter).map_err(io::Error::other)?;
        }
        Ok(())
    }
}
