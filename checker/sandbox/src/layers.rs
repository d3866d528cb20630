//! The layers that stand between a program and its host, and which of them held.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that keeps a program from its host. The order is that of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Layer {
    /// Its rights end at a user namespace: user_namespaces(7).
    #[serde(rename = "user-ns")]
    UserNamespace,
    /// It sees and signals its own processes only, and none outlives the first: pid_namespaces(7).
    #[serde(rename = "pid-ns")]
    PidNamespace,
    /// System V IPC and POSIX message queues of its own: ipc_namespaces(7).
    #[serde(rename = "ipc-ns")]
    IpcNamespace,
    /// A network of its own, which consists of loopback: network_namespaces(7).
    #[serde(rename = "net-ns")]
    NetworkNamespace,
    /// A file system of its own: mount_namespaces(7), pivot_root(2). A host name and a cgroup root
    /// of its own come with it: uts_namespaces(7), cgroup_namespaces(7).
    #[serde(rename = "private-root")]
    PrivateRoot,
    /// The kernel checks each path against a list: landlock(7).
    #[serde(rename = "landlock")]
    Landlock,
    /// System calls that have no business in an exercise are refused: seccomp(2).
    #[serde(rename = "seccomp")]
    Seccomp,
    /// No exec gives it more rights than it has: PR_SET_NO_NEW_PRIVS(2const).
    #[serde(rename = "no-new-privs")]
    NoNewPrivileges,
    /// Limits on what it uses: getrlimit(2).
    #[serde(rename = "rlimits")]
    ResourceLimits,
    /// A session of its own, and a supervisor that inherits its orphans and ends them:
    /// PR_SET_CHILD_SUBREAPER(2const).
    #[serde(rename = "subreaper")]
    Subreaper,
}

impl Layer {
    /// Every layer.
    pub const ALL: [Self; 10] = [
        Self::UserNamespace,
        Self::PidNamespace,
        Self::IpcNamespace,
        Self::NetworkNamespace,
        Self::PrivateRoot,
        Self::Landlock,
        Self::Seccomp,
        Self::NoNewPrivileges,
        Self::ResourceLimits,
        Self::Subreaper,
    ];

    /// The layers that are namespaces.
    pub const NAMESPACES: [Self; 5] = [
        Self::UserNamespace,
        Self::PidNamespace,
        Self::IpcNamespace,
        Self::NetworkNamespace,
        Self::PrivateRoot,
    ];

    /// Its name in reports; it does not change.
    pub fn name(self) -> &'static str {
        match self {
            Self::UserNamespace => "user-ns",
            Self::PidNamespace => "pid-ns",
            Self::IpcNamespace => "ipc-ns",
            Self::NetworkNamespace => "net-ns",
            Self::PrivateRoot => "private-root",
            Self::Landlock => "landlock",
            Self::Seccomp => "seccomp",
            Self::NoNewPrivileges => "no-new-privs",
            Self::ResourceLimits => "rlimits",
            Self::Subreaper => "subreaper",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which layers held in a run, and why others did not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layers {
    /// Those that held.
    pub held: BTreeSet<Layer>,
    /// Those that were wanted and are not there, each with what the system said.
    pub missing: BTreeMap<Layer, String>,
}

impl Layers {
    /// What every run has, confined or not.
    pub(crate) fn unconfined() -> Self {
        let held = [Layer::ResourceLimits, Layer::Subreaper].into();
        Self { held, missing: BTreeMap::new() }
    }

    /// Whether this one held.
    pub fn hold(&self, layer: Layer) -> bool {
        self.held.contains(&layer)
    }

    /// Those that held: `net-ns, landlock`.
    pub fn held_in_words(&self) -> String {
        let held: Vec<&str> = self.held.iter().map(|layer| layer.name()).collect();
        held.join(", ")
    }

    /// Those that are missing, each with its reason: `net-ns (EPERM), landlock (switched off)`.
    pub fn missing_in_words(&self) -> String {
        let missing: Vec<String> =
            self.missing.iter().map(|(layer, why)| format!("{layer} ({why})")).collect();
        missing.join(", ")
    }

    /// Takes a layer that cannot be had, and those that need it, from the ones that hold.
    pub(crate) fn give_up(&mut self, layer: Layer, why: impl Into<String>) {
        if self.held.remove(&layer) {
            self.missing.insert(layer, why.into());
        }
        for dependent in dependents(layer) {
            self.give_up(*dependent, format!("needs {layer}"));
        }
    }
}

fn dependents(layer: Layer) -> &'static [Layer] {
    match layer {
        // The supervisor finds the processes of a PID namespace in a /proc that was mounted in it.
        Layer::PrivateRoot => &[Layer::PidNamespace],
        // Both set it, and without it only root may use them.
        Layer::NoNewPrivileges => &[Layer::Landlock, Layer::Seccomp],
        _ => &[],
    }
}

impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held: Vec<&str> = self.held.iter().map(|layer| layer.name()).collect();
        f.write_str(&held.join(", "))?;
        if !self.missing.is_empty() {
            let missing: Vec<String> =
                self.missing.iter().map(|(layer, why)| format!("{layer}: {why}")).collect();
            write!(f, " (missing: {})", missing.join("; "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_written_by_its_name() {
        for layer in Layer::ALL {
            assert_eq!(serde_json::to_string(&layer).unwrap(), format!("\"{layer}\""));
        }
    }

    #[test]
    fn what_needs_a_missing_layer_is_missing_too() {
        let mut layers = Layers { held: Layer::ALL.into(), missing: BTreeMap::new() };
        layers.give_up(Layer::PrivateRoot, "EPERM");
        assert!(!layers.hold(Layer::PidNamespace));
        assert_eq!(layers.missing[&Layer::PidNamespace], "needs private-root");
        let text = layers.to_string();
        assert!(text.starts_with("user-ns, ipc-ns, net-ns, landlock"), "{text}");
        assert!(text.ends_with("private-root: EPERM)"), "{text}");
    }

    #[test]
    fn layers_survive_the_way_from_the_supervisor() {
        let mut layers = Layers { held: Layer::ALL.into(), missing: BTreeMap::new() };
        layers.give_up(Layer::Seccomp, "switched off");
        let text = serde_json::to_string(&layers).unwrap();
        assert_eq!(serde_json::from_str::<Layers>(&text).unwrap(), layers);
    }
}
