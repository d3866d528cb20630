//! A part of the class, for one of several machines.
//!
//! The hash of the student's name decides, and nothing else: not the order of the arguments, and not who
//! else handed something in. So a submission that comes late moves no other one to another machine. To
//! sort the students and deal them out would give parts of equal size, but every newcomer would move all
//! who come after them. With a few hundred students the parts differ by about the root of their size.
//!
//! A submission stays whole: it is read once, and a part's gradebook is right for its students.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// The `K`th of `N` parts, written `K/N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition {
    of: u64,
    /// From 1 to `of`.
    number: u64,
}

/// The parts that are missing beside these. None is, if one of the splits is complete.
pub fn missing(parts: &BTreeSet<Partition>) -> Vec<Partition> {
    let mut splits: BTreeMap<u64, Vec<Partition>> = BTreeMap::new();
    for Partition { of, .. } in parts {
        let all = (1..=*of).map(|number| Partition { of: *of, number });
        splits.entry(*of).or_insert_with(|| all.filter(|part| !parts.contains(part)).collect());
    }
    if splits.values().any(Vec::is_empty) {
        Vec::new()
    } else {
        splits.into_values().flatten().collect()
    }
}

impl Partition {
    /// The class, undivided.
    pub const WHOLE: Self = Self { of: 1, number: 1 };

    /// Whether this student's submission is in it. Each student is in exactly one of the parts.
    pub fn holds(self, student: &str) -> bool {
        let hash = Sha256::digest(student.as_bytes());
        let first = hash.first_chunk().expect("SHA-256 has 32 bytes");
        u64::from_be_bytes(*first) % self.of + 1 == self.number
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            "expected K/N, the Kth of N parts, K from 1 to N, such as 2/3; an engine that counts from 0 \
             needs K = its number + 1"
                .to_owned()
        };
        let (number, of) = text.split_once('/').ok_or_else(expected)?;
        // `parse` would take a sign.
        let parsed = |digits: &str| {
            if digits.bytes().all(|byte| byte.is_ascii_digit()) {
                digits.parse().map_err(|_| expected())
            } else {
                Err(expected())
            }
        };
        let (number, of) = (parsed(number)?, parsed(of)?);
        if (1..=of).contains(&number) { Ok(Self { number, of }) } else { Err(expected()) }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(of: u64) -> impl Iterator<Item = Partition> {
        (1..=of).map(move |number| Partition { number, of })
    }

    #[test]
    fn each_student_is_in_one_part_and_the_parts_are_balanced() {
        let mut sizes = [0; 4];
        for nth in 0..1000 {
            let student = format!("student-{nth}");
            let holders: Vec<usize> =
                parts(4).enumerate().filter(|(_, it)| it.holds(&student)).map(|it| it.0).collect();
            assert_eq!(holders.len(), 1, "{student}");
            sizes[holders[0]] += 1;
        }
        assert!(sizes.iter().all(|size| (200..300).contains(size)), "{sizes:?}");
    }

    /// Another version of the checker must find a student in the same part: `sha256sum` says where.
    #[test]
    fn the_split_is_the_same_forever() {
        let part_of =
            |student: &str| parts(3).find(|part| part.holds(student)).map(|part| part.to_string());
        assert_eq!(part_of("ada").as_deref(), Some("3/3"));
        assert_eq!(part_of("José Núñez").as_deref(), Some("2/3"));
    }

    #[test]
    fn a_part_that_is_missing_is_known_by_the_others() {
        let missing = |known: &[&str]| {
            let parts = known.iter().map(|part| part.parse().unwrap()).collect();
            super::missing(&parts).iter().map(Partition::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(missing(&["1/3", "3/3"]), "2/3");
        assert_eq!(missing(&["1/3", "2/3", "3/3"]), "");
        assert_eq!(missing(&["1/3", "1/1"]), "", "the whole class lacks nobody");
        assert_eq!(missing(&["1/2", "2/3"]), "2/2 1/3 3/3", "no split is complete");
        assert_eq!(missing(&[]), "", "of results without parts nothing is known");
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for text in ["", "1", "0/3", "4/3", "1/0", "a/b", "1/3/5", "-1/3", "+1/3", "/", "1/"] {
            let complaint = text.parse::<Partition>().unwrap_err();
            assert!(complaint.contains("K from 1 to N"), "{text}");
        }
        assert_eq!("3/3".parse::<Partition>().unwrap().to_string(), "3/3");
    }
}
