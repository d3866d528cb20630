//! What the compiler read, by its own word: the dep-info files that it leaves beside its outputs.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use crate::judge::candidate::Candidate;
use crate::judge::inputs::Inputs;

/// Whether the inputs cover every file and every variable that `outputs` were made from.
pub(super) fn covers(candidate: &Candidate<'_>, inputs: &Inputs, outputs: &[PathBuf]) -> bool {
    let is_known = |dep_info: &PathBuf| {
        let text = fs::read_to_string(dep_info).unwrap_or_default();
        let read = files_read(&text);
        !read.is_empty()
            && variables(&text).all(is_of_cargo)
            && read.iter().all(|path| inputs.cover(&plain(&candidate.workspace.join(path))))
    };
    outputs.iter().all(|output| {
        let dep_infos = dep_infos(output);
        !dep_infos.is_empty() && dep_infos.iter().all(is_known)
    })
}

/// Whether the compiler read one of these files for `output`; true as well if it left no list.
pub(super) fn reads_one_of(
    candidate: &Candidate<'_>,
    output: &Path,
    files: impl Iterator<Item = PathBuf>,
) -> bool {
    let list = fs::read_to_string(dep_info_path(output)).unwrap_or_default();
    let read: Vec<PathBuf> =
        files_read(&list).iter().map(|path| plain(&candidate.workspace.join(path))).collect();
    let mut files = files.map(|file| plain(&file));
    read.is_empty() || files.any(|file| read.contains(&file))
}

/// The lists of what an output was made from: `libx-1.rlib` has `x-1.d` beside it.
///
/// A program that cargo has moved up, out of `deps`, has left its list there: `deps/x-1.d`, perhaps
/// among lists of older builds of `x`. cargo moves by a hard link where it can, so that `deps/x-1` is the same
/// file; where it cannot, all of these lists count. `x.d` beside the program may be of an older build: `cargo
/// test` does not write it again.
fn dep_infos(output: &Path) -> Vec<PathBuf> {
    let beside = dep_info_path(output);
    let name = beside.file_stem().unwrap_or_default().to_string_lossy().replace('-', "_");
    let prefix = format!("{name}-");
    let entries = fs::read_dir(output.with_file_name("deps")).into_iter().flatten().flatten();
    let all: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "d"))
        .filter(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(&prefix)))
        .collect();
    let inode = |path: &Path| Some(fs::metadata(path).ok()?.ino());
    let is_of_output = |list: &&PathBuf| {
        let program = inode(&list.with_extension(""));
        program.is_some() && program == inode(output)
    };
    match all.iter().find(is_of_output) {
        Some(list) => vec![list.clone()],
        None if beside.is_file() => vec![beside],
        None => all,
    }
}

fn dep_info_path(output: &Path) -> PathBuf {
    let stem = output.file_stem().unwrap_or_default().to_string_lossy();
    let is_library = output.extension().is_some();
    let stem = if is_library { stem.strip_prefix("lib").unwrap_or(&stem) } else { &stem };
    output.with_file_name(format!("{stem}.d"))
}

/// The files behind the first `output: ` of a dep-info file; a space in a name is written `\ `.
fn files_read(dep_info: &str) -> Vec<PathBuf> {
    let line = dep_info.lines().next().and_then(|line| line.split_once(": "));
    let line = line.map_or("", |(_, inputs)| inputs).replace("\\ ", "\0");
    line.split_whitespace().map(|path| path.replace('\0', " ").into()).collect()
}

/// The programs whose paths a test was compiled with, from the dep-info of the test.
pub(super) fn programs_named(dep_info: &str) -> Vec<&str> {
    variables(dep_info).filter_map(|name| name.strip_prefix("CARGO_BIN_EXE_")).collect()
}

/// The variables that were read by `env!` and `option_env!`.
fn variables(dep_info: &str) -> impl Iterator<Item = &str> {
    let variables = dep_info.lines().filter_map(|line| line.strip_prefix("# env-dep:"));
    variables.filter_map(|variable| variable.split('=').next())
}

/// A variable that cargo sets for a package, from what is in the hash.
fn is_of_cargo(name: &str) -> bool {
    name.starts_with("CARGO") || name == "OUT_DIR"
}

/// The path without `..`, by its text alone: a link stays what it is.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            component => plain.push(component),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_with_their_spaces() {
        let text = "/t/x-1.d: tests/../src/a.rs /my\\ w/b.rs\n\ntests/../src/a.rs:\n";
        assert_eq!(files_read(text), [Path::new("tests/../src/a.rs"), Path::new("/my w/b.rs")]);
        assert_eq!(plain(Path::new("/w/tests/../src/a.rs")), Path::new("/w/src/a.rs"));
    }

    #[test]
    fn the_programs_that_a_test_runs_are_named() {
        let text =
            "/t/x-1.d: a.rs\n\n# env-dep:CARGO_BIN_EXE_house=/t/house\n# env-dep:HOME=/root\n";
        assert_eq!(programs_named(text), ["house"]);
    }

    #[test]
    fn a_library_drops_its_prefix_and_a_program_keeps_its_name() {
        assert_eq!(dep_info_path(Path::new("/d/liba-1.rlib")), Path::new("/d/a-1.d"));
        assert_eq!(dep_info_path(Path::new("/d/library-1")), Path::new("/d/library-1.d"));
    }

    #[test]
    fn of_several_lists_the_one_of_the_same_file_counts() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir(path("deps")).unwrap();
        for name in ["deps/x-1", "deps/x-1.d", "deps/x-2", "deps/x-2.d"] {
            fs::write(path(name), name).unwrap();
        }
        fs::hard_link(path("deps/x-2"), path("x")).unwrap();
        fs::write(path("x.d"), "of an older build").unwrap();
        assert_eq!(dep_infos(&path("x")), [path("deps/x-2.d")]);
        fs::remove_file(path("x")).unwrap();
        fs::remove_file(path("x.d")).unwrap();
        fs::write(path("x"), "a copy").unwrap();
        assert_eq!(dep_infos(&path("x")).len(), 2);
    }
}
