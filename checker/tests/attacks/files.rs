//! Rows 32 to 34: what is in the files themselves.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use tar::{EntryType, Header};

use crate::archives::{gzip, tar_of, zip_of};
use crate::attack::RIGHT;
use crate::class::judged;
use crate::graded::{Graded, honest_have_all_points, nothing_is_left};
use crate::miniature::ANSWER;

/// Makes a submission for a grading.
type Make = fn(&Graded) -> HandedIn;

/// Submissions by name, row and verdict.
pub const FILES: &[(&str, u8, &str, Make)] = &[
    ("climbs out of a zip", 32, "unjudged", |_| {
        archive(".zip", zip_of("../../canary/evil.rs", RIGHT))
    }),
    ("climbs out of a tar", 32, "unjudged", |_| {
        archive(".tar", tar_of("../../canary/evil.rs", RIGHT))
    }),
    ("has an absolute path in a tar", 32, "unjudged", |graded| {
        let path = graded.filled_in("@CANARY@/evil.rs");
        archive(".tar", tar_of(&path, RIGHT))
    }),
    ("climbs out below an exercise", 32, "unjudged", |_| {
        let path = "exercises/01_part/01_answer/src/../../../../../../canary/evil.rs";
        archive(".tar.gz", gzip(&tar_of(path, RIGHT)))
    }),
    ("writes through a link in a tar", 33, "unjudged", |graded| {
        let directory = Path::new(ANSWER).parent().unwrap();
        let canary = graded.filled_in("@CANARY@");
        let link = entry(directory.to_str().unwrap(), EntryType::Symlink, &canary);
        archive(".tar", link.into_iter().chain(tar_of(ANSWER, RIGHT)).collect())
    }),
    ("is a hard link in a tar", 33, "unjudged", |_| {
        archive(".tar", ended(entry(ANSWER, EntryType::Link, "/etc/passwd")))
    }),
    ("is a device in a tar", 34, "unjudged", |_| {
        archive(".tar", ended(entry(ANSWER, EntryType::Block, "")))
    }),
    ("is a FIFO in a tar", 34, "unjudged", |_| {
        archive(".tar", ended(entry(ANSWER, EntryType::Fifo, "")))
    }),
    ("links to another submission", 33, "unjudged", |graded| {
        let secret = graded.filled_in("@SECRET@");
        directory(move |root| symlink(&secret, root.join("lib.rs")).unwrap())
    }),
    ("links to another submission's directory", 33, "unjudged", |graded| {
        let secret = graded.filled_in("@SECRET@");
        directory(move |root| {
            fs::remove_dir(root).unwrap();
            symlink(Path::new(&secret).parent().unwrap(), root).unwrap();
        })
    }),
    ("is a FIFO", 34, "unjudged", |_| {
        directory(|root| {
            nix::unistd::mkfifo(&root.join("lib.rs"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        })
    }),
    ("is a socket", 34, "unjudged", |_| {
        directory(|root| {
            // The path of a socket is short: bound from its own directory.
            let link = format!("/proc/self/fd/{}", open(root));
            std::os::unix::net::UnixListener::bind(format!("{link}/lib.rs")).unwrap();
        })
    }),
    ("has names that are not UTF-8", 34, "unjudged", |_| {
        directory(|root| {
            fs::write(root.join("lib.rs"), RIGHT).unwrap();
            fs::write(root.join(OsStr::from_bytes(b"\xff\n.rs")), "no rust").unwrap();
        })
    }),
    ("is a bomb in a zip", 34, "unjudged", |_| {
        archive(".zip", zip_of(ANSWER, &" ".repeat(64 << 20)))
    }),
    ("is too large a file", 34, "unjudged", |_| {
        directory(|root| fs::write(root.join("lib.rs"), " ".repeat(1 << 20)).unwrap())
    }),
];

/// What is put among the submissions.
pub enum HandedIn {
    /// An archive: what its name ends in, and its bytes.
    Archive(&'static str, Vec<u8>),
    /// What is done in the exercise's `src`, which is empty.
    Directory(Box<dyn Fn(&Path)>),
}

fn archive(extension: &'static str, bytes: Vec<u8>) -> HandedIn {
    HandedIn::Archive(extension, bytes)
}

fn directory(make: impl Fn(&Path) + 'static) -> HandedIn {
    HandedIn::Directory(Box::new(make))
}

/// A descriptor of this directory, which stays open as long as the process.
fn open(directory: &Path) -> i32 {
    std::os::fd::IntoRawFd::into_raw_fd(fs::File::open(directory).unwrap())
}

/// One entry of a tar, without content.
fn entry(path: &str, kind: EntryType, link: &str) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_path(path).unwrap();
    header.set_entry_type(kind);
    header.as_gnu_mut().unwrap().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_size(0);
    header.set_mode(0o777);
    header.set_cksum();
    header.as_bytes().to_vec()
}

/// With the two empty blocks that a tar ends in.
fn ended(mut entries: Vec<u8>) -> Vec<u8> {
    entries.extend([0; 1024]);
    entries
}

#[test]
fn nothing_climbs_out_blocks_or_blows_up() {
    let graded = Graded::within(crate::AMPLE);
    let mut expected = vec!["000 honest answer passed".to_owned()];
    for (number, (_, _, verdict, make)) in FILES.iter().enumerate() {
        let students = ["files", "honest"].map(|part| format!("{:03} {part}", number + 1));
        let place = graded.class.submissions().join(&students[0]);
        match make(&graded) {
            HandedIn::Archive(extension, bytes) => {
                fs::write(format!("{}{extension}", place.display()), bytes).unwrap();
            }
            HandedIn::Directory(make) => {
                let source = place.join(ANSWER);
                fs::create_dir_all(source.parent().unwrap()).unwrap();
                make(source.parent().unwrap());
            }
        }
        graded.class.file(&students[1], ANSWER, RIGHT);
        expected.push(format!("{} answer {verdict}", students[0]));
        expected.push(format!("{} answer passed", students[1]));
    }
    let finished = graded.grade();
    assert_eq!(judged(&finished), expected, "{}", finished.stderr);
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    nothing_is_left(&graded);
    honest_have_all_points(&graded.class);
}
