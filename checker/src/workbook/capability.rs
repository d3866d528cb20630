//! What the machine must allow for some tests. Where it does not, they are skipped, and never passed.

use std::str::FromStr;
use std::sync::OnceLock;

/// Something that not every machine allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// Tracing a child (ptrace(2)). Some containers refuse it.
    Ptrace,
}

impl Capability {
    /// Why this machine lacks it; `None` if it is there. Tried once.
    pub fn lack(self) -> Option<&'static str> {
        static PTRACE: OnceLock<Option<String>> = OnceLock::new();
        let lack = match self {
            Self::Ptrace => PTRACE.get_or_init(|| {
                let error = sandbox::probe::ptrace().err()?;
                Some(format!(
                    "this machine does not allow tracing (ptrace: {error}). In a container: run it \
                     with --cap-add=SYS_PTRACE."
                ))
            }),
        };
        lack.as_deref()
    }
}

impl FromStr for Capability {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "ptrace" => Ok(Self::Ptrace),
            _ => Err(()),
        }
    }
}
