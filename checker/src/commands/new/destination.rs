//! Where a new exercise may lie, and what it may be called.

use std::path::PathBuf;

use crate::Error;
use crate::system::files;
use crate::workbook::Workbook;
use crate::workbook::curriculum::{FILE, Number, Part};

/// A place that is free.
#[derive(Debug)]
pub(super) struct Destination {
    pub number: Number,
    /// Below `exercises/`.
    pub directory: String,
    /// The exercise's directory, which is not there yet.
    pub exercise: PathBuf,
    /// Its solutions' directory, which is not there yet.
    pub solutions: PathBuf,
}

/// What Rust keeps for itself, and what an exercise's own tests and cargo are called.
const KEPT: &str = " abstract as async await become box break const continue crate do dyn else enum \
    extern false final fn for gen if impl in let loop macro match mod move mut override priv pub ref \
    return self static struct super trait true try type typeof union unsafe unsized use virtual where \
    while yield alloc core proc_macro std test build deps examples incremental sync protocol orderings \
    timeline main lib ";

impl Destination {
    /// The place of this number and name, or why an exercise cannot lie there.
    pub(super) fn new(workbook: &Workbook, number: &str, name: &str) -> Result<Self, Error> {
        let refused = |why: String| Err(Error::Refused(why));
        let Ok(number) = number.parse::<Number>() else {
            return refused(format!(
                "`{number}` is no number of an exercise; write PART.PLACE, such as 2.9"
            ));
        };
        let curriculum = &workbook.curriculum;
        let Some(part) = curriculum.parts.iter().find(|part| part.number == number.part) else {
            return refused(no_part(number, &curriculum.parts));
        };
        if let Some(other) = curriculum.exercises.iter().find(|other| other.number == number) {
            let free = (1..).map(|place| Number { place, ..number });
            let free = free
                .skip(number.place as usize)
                .find(|free| curriculum.exercises.iter().all(|other| other.number != *free));
            let free = free.expect("there are more numbers than exercises");
            return refused(format!("`{}` has the number {number}; {free} is free", other.name));
        }
        check_name(workbook, name)?;
        let directory = format!("{}/{:02}_{name}", part.directory, number.place);
        let exercise = workbook.root.join("exercises").join(&directory);
        let solutions = workbook.root.join("solutions").join(&directory);
        let pins = workbook.root.join("checker/pins").join(format!("{directory}.toml"));
        for path in [&exercise, &solutions, &pins] {
            if path.symlink_metadata().is_ok() {
                let path = path.display();
                return refused(format!(
                    "{path} is there already; remove it, or take another number or name"
                ));
            }
        }
        Ok(Self { number, directory, exercise, solutions })
    }
}

fn no_part(number: Number, parts: &[Part]) -> String {
    let numbers: Vec<String> = parts.iter().map(|part| part.number.to_string()).collect();
    format!(
        "{number}: there is no part {}; the parts are {}. A new one is three lines of {FILE}:\n\
         [[part]]\nnumber = {0}\ndirectory = \"{0:02}_name\"\ntitle = \"…\"",
        number.part,
        numbers.join(", ")
    )
}

/// The name is that of a package, of a crate and of a test.
fn check_name(workbook: &Workbook, name: &str) -> Result<(), Error> {
    let refused = |why: &str| Err(Error::Refused(format!("`{name}` {why}")));
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(is_word) {
        return refused(
            "is no name of a crate; write a letter, then letters, digits and `_`, all lower case",
        );
    }
    if KEPT.contains(&format!(" {name} ")) {
        return refused("has a meaning for Rust, cargo or the tests already; take another name");
    }
    if let Some(other) = workbook.curriculum.exercises.iter().find(|other| other.name == name) {
        return refused(&format!("is exercise {} already; take another name", other.number));
    }
    let lock = files::read_if_there(&workbook.root.join("Cargo.lock"))?.unwrap_or_default();
    let package = format!("name = \"{}\"", name.replace('_', "-"));
    if lock.lines().any(|line| line.replace('_', "-") == package) {
        return refused("is a crate that the workbook uses; take another name");
    }
    Ok(())
}
