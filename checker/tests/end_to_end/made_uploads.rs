//! Uploads as students make them, and what a grading should make of each.

use std::fs;
use std::path::Path;

use crate::archives::{Files, encrypted, gzip, tar_with, zip_with};
use crate::miniature::{ANSWER, Miniature, outcome};

/// What becomes of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Becomes {
    /// The first exercise passes, the other one is as it was given.
    Right,
    /// Both are as they were given.
    Untouched,
    /// A person has to look at it.
    Open,
}

/// What a student hands in.
pub struct Handed {
    /// The file's or directory's name.
    pub name: String,
    /// An archive, or the files of a directory.
    pub content: Content,
    pub becomes: Becomes,
    /// Words in the remarks, or in the reason why it is open.
    pub said: &'static str,
}

#[derive(Clone)]
pub enum Content {
    File(Vec<u8>),
    Directory(Files),
}

/// A workbook as it was given: its files below this directory.
pub fn given(directory: &str) -> Files {
    let workbook = Miniature::new();
    let mut files = Files::new();
    for exercise in ["01_answer", "02_next"] {
        let name = &exercise[3..];
        for file in ["Cargo.toml", "src/lib.rs", "src/main.rs", &format!("tests/{name}.rs")] {
            let path = format!("exercises/01_part/{exercise}/{file}");
            files.push((format!("{directory}/{path}"), workbook.read(&path).into_bytes()));
        }
    }
    files
}

/// A workbook in which the first exercise is solved, with what tools leave behind.
pub fn solved(directory: &str) -> Files {
    let mut files = given(directory);
    replace(&mut files, ANSWER, &outcome("right"));
    for litter in ["target/debug/build.rs", ".git/config", "exercises/01_part/01_answer/._lib.rs"] {
        files.push((format!("{directory}/{litter}"), b"litter".to_vec()));
    }
    let mac = format!("__MACOSX/{directory}/{}", ANSWER.replace("lib.rs", "._lib.rs"));
    files.push((mac, b"\0\x05\x16\x07".to_vec()));
    files
}

/// A workbook with another solution of the first exercise.
pub fn otherwise(directory: &str) -> Files {
    let mut files = given(directory);
    replace(&mut files, ANSWER, &outcome("wrong_answer"));
    files
}

pub fn replace(files: &mut Files, ending: &str, text: &str) {
    let (_, bytes) = files.iter_mut().find(|(path, _)| path.ends_with(ending)).unwrap();
    *bytes = text.as_bytes().to_vec();
}

/// The same files at other paths.
pub fn renamed(files: Files, from: &str, to: &str) -> Files {
    files.into_iter().map(|(path, bytes)| (path.replace(from, to), bytes)).collect()
}

pub fn together(parts: [Files; 2]) -> Files {
    parts.into_iter().flatten().collect()
}

pub fn fixture(name: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/archives");
    fs::read(directory.join(name)).unwrap()
}

/// A tar in which the solution is a hard link to another file, as `tar` writes a file with two names.
fn linked() -> Vec<u8> {
    let directory = "w/exercises/01_part/01_answer";
    let mut archive = tar::Builder::new(Vec::new());
    let copy = format!("{directory}/copy.rs");
    let mut header = tar::Header::new_gnu();
    let text = outcome("right");
    header.set_size(text.len() as u64);
    archive.append_data(&mut header, &copy, text.as_bytes()).unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Link);
    header.set_size(0);
    archive.append_link(&mut header, format!("{directory}/src/lib.rs"), copy).unwrap();
    archive.into_inner().unwrap()
}

/// Everything that students hand in, each with what becomes of it.
pub fn everything() -> Vec<Handed> {
    use Becomes::{Open, Right, Untouched};
    let zip = |files: Files| Content::File(zip_with(&files));
    let inner = zip_with(&solved("workbook"));
    let version = |mut files: Files| {
        replace(&mut files, "01_answer/tests/answer.rs", "#[test] fn of_last_year() {}");
        replace(&mut files, "02_next/tests/next.rs", "#[test] fn of_last_year() {}");
        files
    };
    let handed = |name: &str, content, becomes, said| Handed {
        name: name.to_owned(),
        content,
        becomes,
        said,
    };
    vec![
        handed("work.zip", zip(solved("workbook")), Right, ""),
        handed("work.tar", Content::File(tar_with(&solved("workbook"))), Right, ""),
        handed("work.tar.gz", Content::File(gzip(&tar_with(&solved("w")))), Right, ""),
        handed("work.tar.xz", Content::File(fixture("right.tar.xz")), Right, ""),
        handed("linked.tar", Content::File(linked()), Right, ""),
        handed("work.7z", Content::File(fixture("right.7z")), Right, ""),
        handed("workbook", Content::Directory(solved("workbook")), Right, ""),
        handed("again.zip", zip(vec![("work.zip".to_owned(), inner)]), Right, ""),
        handed("windows.zip", zip(renamed(solved("workbook"), "/", "\\")), Right, ""),
        handed("sol.zip", zip(renamed(solved("w"), "w/exercises", "solutions")), Right, ""),
        handed(
            "locked.zip",
            Content::File(encrypted(zip_with(&solved("w")), "target/debug/build.rs")),
            Right,
            "",
        ),
        handed("untouched.zip", zip(given("workbook")), Untouched, ""),
        handed(
            "two.zip",
            zip(together([given("Workbook alt"), solved("workbook")])),
            Right,
            "Workbook alt/exercises has no work in it",
        ),
        handed(
            "same.zip",
            zip(together([solved("workbook (1)"), solved("workbook")])),
            Right,
            "has the same work in it",
        ),
        handed(
            "differ.zip",
            zip(together([solved("workbook"), otherwise("workbook-old")])),
            Open,
            "several copies of the workbook with different work",
        ),
        handed(
            "renamed.zip",
            zip(renamed(solved("w"), "01_answer", "01_my_answer")),
            Open,
            "exercises/01_part/01_my_answer looks like `answer`",
        ),
        handed(
            "alone.zip",
            zip(vec![("answer/src/lib.rs".to_owned(), outcome("right").into_bytes())]),
            Open,
            "answer/src/lib.rs looks like `answer`",
        ),
        handed("version.zip", zip(version(solved("w"))), Open, "another version of the workbook"),
        handed("thesis.zip", zip(vec![("a.txt".to_owned(), b"x".to_vec())]), Open, "no exercise"),
        handed("work.rar", Content::File(b"Rar!\x1a\x07\x01\x00".to_vec()), Open, "RAR"),
        handed(
            "secret.zip",
            Content::File(encrypted(zip_with(&solved("w")), "01_answer/src/lib.rs")),
            Open,
            "cannot be taken out of its archive",
        ),
        handed("noise.zip", Content::File(b"no archive".to_vec()), Open, "none of zip"),
    ]
}

/// Writes what was handed in to a place.
pub fn put(place: &Path, content: &Content) {
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    match content {
        Content::File(bytes) => fs::write(place, bytes).unwrap(),
        Content::Directory(files) => {
            for (path, bytes) in files {
                // The directory itself has the name that the paths begin with.
                let file = place.parent().unwrap().join(path);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, bytes).unwrap();
            }
        }
    }
}

/// The files of what was handed in, below a directory of an archive; empty for one of the archive itself.
pub fn files_of(prefix: &str, handed: &Handed) -> Files {
    match &handed.content {
        Content::File(bytes) => vec![(format!("{prefix}{}", handed.name), bytes.clone())],
        Content::Directory(files) => {
            let below =
                |(path, bytes): &(String, Vec<u8>)| (format!("{prefix}{path}"), bytes.clone());
            files.iter().map(below).collect()
        }
    }
}
