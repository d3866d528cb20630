//! A home for cargo with a configuration of ours.
//!
//! cargo obeys the configuration in its home wherever it is started. So what is laid is built with another
//! home, in which the crates and the locks are the user's own, by links, and the configuration holds only
//! what decides no verdict.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::configuration::Configuration;
use crate::Error;
use crate::system::files;

/// What is shared with the user's home: the crates, and what cargo keeps them in order with.
const SHARED: [&str; 7] = [
    "registry",
    "git",
    ".package-cache",
    ".package-cache-mutate",
    ".global-cache",
    "credentials",
    "credentials.toml",
];

/// The user's home of cargo.
pub(crate) fn user() -> Option<PathBuf> {
    let home = match std::env::var_os("CARGO_HOME").filter(|home| !home.is_empty()) {
        Some(home) => PathBuf::from(home),
        None => std::env::home_dir()?.join(".cargo"),
    };
    std::path::absolute(home).ok()
}

/// Prepares ours, in `directory`.
pub(super) fn prepare(directory: &Path, configuration: &Configuration) -> Result<(), Error> {
    fs::create_dir_all(directory).map_err(Error::writing(directory))?;
    files::write_if_different(&directory.join("config.toml"), configuration.harmless())?;
    let Some(user) = user() else { return Ok(()) };
    // cargo makes these where they are missing, but not at the other end of a link. Where nothing can
    // be written, cargo says so if it needs to.
    for name in ["registry", "git"] {
        let _ = fs::create_dir_all(user.join(name));
    }
    for name in SHARED {
        let (link, target) = (directory.join(name), user.join(name));
        if fs::read_link(&link).ok().as_ref() == Some(&target) {
            continue;
        }
        // A link to a home of before, or what a cargo put here.
        match fs::symlink_metadata(&link) {
            Ok(metadata) if metadata.is_dir() => files::remove_directory(&link)?,
            Ok(_) => fs::remove_file(&link).map_err(Error::writing(&link))?,
            Err(_) => {}
        }
        symlink(&target, &link).map_err(Error::writing(&link))?;
    }
    Ok(())
}
