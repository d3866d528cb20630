//! Landlock: what a path may be used for, whatever the file system's own permissions say.
//!
//! In a private root it is a second lock on the same door. Without one it is what hides the host:
//! a file that is on no list can be neither opened nor listed. That it exists, and its size, can
//! still be seen (landlock(7), "Limitations").

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, BitFlags, LandlockStatus, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::view::{DEVICES, SYSTEM};
use crate::{Confinement, Layer, Layers};

/// The newest version whose rights this code has been tried with. What an older kernel does not
/// know of them it does not check: scopes of signals and abstract sockets since Linux 6.12.
const VERSION: ABI = ABI::V6;

/// The rules for a program, as a descriptor that its process restricts itself by.
pub(crate) fn rules(
    confinement: &Confinement,
    layers: &Layers,
) -> Result<RulesetCreated, RulesetError> {
    let read = AccessFs::from_read(VERSION);
    let all = AccessFs::from_all(VERSION);
    let device = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
    let rules = Ruleset::default()
        .handle_access(all)?
        .scope(Scope::from_all(VERSION))?
        .create()?
        .add_rules(beneath(&confinement.read_only, read))?
        .add_rules(beneath(&confinement.writable, all))?
        .add_rules(beneath(&DEVICES, device))?
        // Names of shared memory. Where no private root gives the program its own directory, right
        // programs need the host's.
        .add_rules(beneath(&["/dev/shm"], all))?;
    if !layers.hold(Layer::PrivateRoot) {
        return rules.add_rules(beneath(&SYSTEM, read))?.add_rules(beneath(&["/proc"], read));
    }
    // A thread's name is written to /proc. With processes of others in it nobody writes there.
    let proc = if layers.hold(Layer::PidNamespace) {
        read | AccessFs::WriteFile | AccessFs::Truncate
    } else {
        read
    };
    rules
        // Whatever else is in the private root has been put there to be read.
        .add_rules(beneath(&["/"], read))?
        .add_rules(beneath(&["/proc"], proc))?
        .add_rules(beneath(&["/dev/pts"], device))?
        .add_rules(beneath(&["/tmp", "/dev/mqueue"], all))
}

/// Restricts this process as the layer does; for finding out whether it can be.
pub(crate) fn try_on_this_process() -> std::io::Result<()> {
    let rules = rules(&Confinement::default(), &Layers::default());
    let status = rules.and_then(RulesetCreated::restrict_self).map_err(std::io::Error::other)?;
    let why = match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, LandlockStatus::NotImplemented) => "the kernel has none",
        (RulesetStatus::NotEnforced, LandlockStatus::NotEnabled) => {
            "not enabled when Linux started"
        }
        (RulesetStatus::NotEnforced, _) => "not enforced",
        _ => return Ok(()),
    };
    Err(std::io::Error::other(why))
}

/// Paths that do not exist are left out; files get those rights only that files have.
fn beneath<P: AsRef<Path>>(
    paths: &[P],
    rights: impl Into<BitFlags<AccessFs>>,
) -> impl Iterator<Item = Result<landlock::PathBeneath<landlock::PathFd>, RulesetError>> {
    path_beneath_rules(paths, rights)
}
