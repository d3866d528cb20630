//! Names of files, as archives and students write them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// What the name of an archive ends in that is read.
pub const EXTENSIONS: [&str; 9] =
    [".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst", ".tar.xz", ".txz", ".7z"];

/// What the name of an archive ends in that is not read: its student is named all the same.
const NOT_READ: [&str; 5] = [".rar", ".tar.bz2", ".tbz2", ".tar.lz", ".tar.lz4"];

/// The name without the extension of an archive; `None` if it has none.
pub(super) fn stem(name: &str) -> Option<&str> {
    let lower = name.to_ascii_lowercase();
    let extension =
        EXTENSIONS.iter().chain(&NOT_READ).find(|extension| lower.ends_with(**extension))?;
    // A name of another length in lower case is not ASCII, and neither is its end then.
    name.get(..name.len() - extension.len()).filter(|stem| !stem.is_empty())
}

/// Whether a file is called like an archive.
pub(super) fn is_archive(path: &Path) -> bool {
    path.file_name().is_some_and(|name| stem(&name.to_string_lossy()).is_some())
}

/// The path that an entry's name stands for: some tools of Windows write backslashes. A leading `./` is
/// dropped; a `..` stays, to be refused.
pub(super) fn path_of(name: &[u8]) -> PathBuf {
    let name: Vec<u8> = name.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect();
    let path = Path::new(OsStr::from_bytes(&name));
    path.components().filter(|component| *component != Component::CurDir).collect()
}

/// Whether a part of a path belongs to a tool, and not to the student: builds, version control, what
/// macOS puts into archives. Nobody counts what lies below it.
pub(super) fn is_passed_over(name: &OsStr) -> bool {
    let is_hidden = name.as_bytes().starts_with(b".") && name != "." && name != "..";
    is_hidden || name == "target" || name == "__MACOSX"
}

/// Whether any part of a path is passed over.
pub(super) fn is_below_passed_over(path: &Path) -> bool {
    path.components().any(|component| is_passed_over(component.as_os_str()))
}

/// Whether the components of `inner` stand in a row somewhere in `path`.
pub(super) fn contains(path: &Path, inner: &Path) -> bool {
    let mut rest = path.components();
    loop {
        if rest.as_path().starts_with(inner) {
            return true;
        }
        if rest.next().is_none() {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backslashes_and_leading_dots_are_separators_and_nothing_else_changes() {
        assert_eq!(path_of(br"work\exercises\lib.rs"), Path::new("work/exercises/lib.rs"));
        assert_eq!(path_of(b"./a/./b"), Path::new("a/b"));
        assert_eq!(path_of(br"..\..\etc"), Path::new("../../etc"));
        assert_eq!(path_of(b"/etc/passwd"), Path::new("/etc/passwd"));
    }

    #[test]
    fn what_tools_leave_is_passed_over() {
        for name in ["target", ".git", "._lib.rs", "__MACOSX", ".shopfloor"] {
            assert!(is_passed_over(OsStr::new(name)), "{name}");
        }
        for name in ["..", "src", "solutions", "targets"] {
            assert!(!is_passed_over(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn an_archive_is_known_by_its_name() {
        assert_eq!(stem("Ada L.TAR.gz"), Some("Ada L"));
        assert_eq!(stem("max.rar"), Some("max"));
        assert_eq!(stem("İ.zip"), Some("İ"));
        assert_eq!(stem(".zip"), None);
        assert_eq!(stem("notes.txt"), None);
    }
}
