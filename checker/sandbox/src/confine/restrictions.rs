//! What the program's own process takes upon itself between fork and exec.

use std::io;

use ::landlock::RulesetCreated;
use seccompiler::BpfProgram;

use super::identity::{Identity, become_user};
use super::jail::Jail;
use super::{capabilities, landlock, seccomp};
use crate::Layer;

/// Prepared before the fork.
pub(crate) struct Restrictions {
    identity: Identity,
    no_new_privileges: bool,
    rules: Option<RulesetCreated>,
    filters: Vec<BpfProgram>,
}

impl Jail {
    /// Prepares the restrictions of a program that is started here.
    pub(crate) fn restrictions(&self) -> io::Result<Restrictions> {
        let rules = || landlock::rules(&self.confinement, &self.layers).map_err(io::Error::other);
        let filters = if self.layers.hold(Layer::Seccomp) {
            seccomp::filters().map_err(io::Error::other)?
        } else {
            Vec::new()
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
    pub(crate) fn drop_privileges(&self) -> io::Result<()> {
        capabilities::drop_bounding_set()?;
        if let Some(user) = self.identity.become_user {
            become_user(user)?;
        }
        capabilities::drop_all()?;
        if self.no_new_privileges {
            nix::sys::prctl::set_no_new_privs()?;
        }
        Ok(())
    }

    /// The last step: after it, preparations would be refused too.
    pub(crate) fn apply(&mut self) -> io::Result<()> {
        if let Some(rules) = self.rules.take() {
            rules.restrict_self().map_err(io::Error::other)?;
        }
        for filter in &self.filters {
            seccompiler::apply_filter(filter).map_err(io::Error::other)?;
        }
        Ok(())
    }
}
