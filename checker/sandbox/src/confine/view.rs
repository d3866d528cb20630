//! Which paths of the host are to be seen, found before the host's root is left.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::mounts::Attributes;
use crate::Confinement;

/// What every program needs to start and to know its surroundings. What a host lacks is left out.
pub(crate) const SYSTEM: [&str; 20] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc/alternatives",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/protocols",
    "/etc/services",
    "/etc/timezone",
];

/// Devices that lead to nothing of the host. `tty` is the opener's own terminal, and the program
/// has none of the host's.
pub(crate) const DEVICES: [&str; 6] =
    ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"];

/// The host's paths in the private root.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// Real paths, without a link on the way, each with what it does not do.
    binds: BTreeMap<PathBuf, Attributes>,
    /// Links on the way to them, with their targets.
    links: BTreeMap<PathBuf, PathBuf>,
}

impl View {
    /// The system, and what the confinement adds. An error names its path.
    pub(crate) fn new(confinement: &Confinement) -> io::Result<Self> {
        let mut view = Self::default();
        for path in SYSTEM.map(Path::new) {
            if path.exists() {
                view.show(path, Attributes::READ_ONLY)?;
            }
        }
        for path in &confinement.read_only {
            view.show(path, Attributes::READ_ONLY)?;
        }
        for path in &confinement.writable {
            view.show(path, Attributes::WRITABLE)?;
        }
        Ok(view)
    }

    /// The directories and files to bind, what contains others first.
    pub(crate) fn binds(&self) -> impl Iterator<Item = (&Path, Attributes)> {
        // A path sorts after those that it begins with.
        self.binds.iter().map(|(path, attributes)| (path.as_path(), *attributes))
    }

    /// The links to make: those that no bound directory contains already.
    pub(crate) fn links(&self) -> impl Iterator<Item = (&Path, &Path)> {
        let links = self.links.iter().filter(|(link, _)| !self.is_inside_a_bind(link));
        links.map(|(link, target)| (link.as_path(), target.as_path()))
    }

    /// Whether a bound directory above shows this path.
    pub(crate) fn is_inside_a_bind(&self, path: &Path) -> bool {
        path.ancestors().skip(1).any(|above| self.binds.contains_key(above))
    }

    fn show(&mut self, path: &Path, attributes: Attributes) -> io::Result<()> {
        let real = self.resolve(path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?;
        self.binds.insert(real, attributes);
        Ok(())
    }

    /// The real path, with each link on the way noted: path_resolution(7), by hand.
    fn resolve(&mut self, path: &Path) -> io::Result<PathBuf> {
        /// As many as the kernel follows.
        const LINKS: usize = 40;
        let mut real = PathBuf::from("/");
        let mut rest: VecDeque<OsString> = names(path).map(OsStr::to_owned).collect();
        let mut followed = 0;
        while let Some(name) = rest.pop_front() {
            if name == ".." {
                real.pop();
                continue;
            }
            let next = real.join(&name);
            if !next.symlink_metadata()?.is_symlink() {
                real = next;
                continue;
            }
            followed += 1;
            if followed > LINKS {
                return Err(io::Error::other("too many links"));
            }
            let target = next.read_link()?;
            if target.is_absolute() {
                real = PathBuf::from("/");
            }
            for name in names(&target).collect::<Vec<_>>().into_iter().rev() {
                rest.push_front(name.to_owned());
            }
            self.links.insert(next, target);
        }
        Ok(real)
    }
}

/// The components that lead somewhere.
fn names(path: &Path) -> impl Iterator<Item = &OsStr> {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name),
        Component::ParentDir => Some(OsStr::new("..")),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_on_the_way_are_kept() {
        let mut view = View::default();
        view.show(Path::new("/proc/self/cwd"), Attributes::READ_ONLY).unwrap();
        let here = std::env::current_dir().unwrap();
        assert_eq!(view.binds().next().unwrap().0, here.canonicalize().unwrap());
        let links: Vec<&Path> = view.links().map(|(link, _)| link).collect();
        assert!(links.contains(&Path::new("/proc/self")), "{links:?}");
    }

    #[test]
    fn a_directory_comes_before_what_it_contains() {
        let confinement = Confinement {
            read_only: vec!["/usr/bin".into()],
            writable: vec!["/usr".into()],
            ..Confinement::default()
        };
        let view = View::new(&confinement).unwrap();
        let shown: Vec<&Path> = view.binds().map(|(path, _)| path).collect();
        let place = |path: &str| shown.iter().position(|shown| *shown == Path::new(path));
        assert!(place("/usr") < place("/usr/bin"), "{shown:?}");
        assert!(view.is_inside_a_bind(Path::new("/usr/bin")));
        assert!(!view.is_inside_a_bind(Path::new("/usr")));
    }

    #[test]
    fn what_is_missing_is_named() {
        let confinement =
            Confinement { read_only: vec!["/no/such".into()], ..Confinement::default() };
        assert!(View::new(&confinement).unwrap_err().to_string().starts_with("/no/such: "));
    }
}
