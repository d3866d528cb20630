//! `docs/security.md` names every attack in the row that it belongs to, and no row is forgotten.

use std::fs;
use std::path::Path;

use crate::files::FILES;
use crate::rows::{AT_BUILD_TIME, AT_RUN_TIME, ENDLESS_COMPILES, ON_THE_VERDICT, THAT_WAIT};
use crate::undefended::UNDEFENDED;

/// Every attack by row and name.
fn attacks() -> Vec<(u8, &'static str)> {
    let lists =
        [ON_THE_VERDICT, AT_BUILD_TIME, ENDLESS_COMPILES, AT_RUN_TIME, THAT_WAIT, UNDEFENDED];
    let of_list = lists.into_iter().flatten();
    let named = of_list.flat_map(|attack| attack.rows.iter().map(|row| (*row, attack.name)));
    named.chain(FILES.iter().map(|(name, row, _, _)| (*row, *name))).collect()
}

#[test]
fn every_row_names_its_attacks() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/security.md");
    let text = fs::read_to_string(path).unwrap();
    let attacks = attacks();
    for row in 1..=41 {
        let line = text.lines().find(|line| line.starts_with(&format!("| {row} |")));
        let line = line.unwrap_or_else(|| panic!("docs/security.md has no row {row}"));
        let names: Vec<&str> =
            attacks.iter().filter(|(of, _)| *of == row).map(|(_, name)| *name).collect();
        assert!(!names.is_empty(), "no attack is of row {row}");
        for name in names {
            assert!(line.contains(&format!("*{name}*")), "row {row} does not name *{name}*");
        }
    }
}

#[test]
fn every_name_in_the_document_is_an_attack() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/security.md");
    let text = fs::read_to_string(path).unwrap();
    let attacks = attacks();
    // The last cell of a row that begins with a number.
    let is_row =
        |line: &&str| line.trim_start_matches("| ").starts_with(|c: char| c.is_ascii_digit());
    let cells = text.lines().filter(is_row).filter_map(|row| row.rsplit('|').nth(1));
    for name in cells.flat_map(|cell| cell.split('*').skip(1).step_by(2)) {
        assert!(attacks.iter().any(|(_, known)| *known == name), "there is no attack *{name}*");
    }
}
