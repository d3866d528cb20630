//! The reports for graders and CI, each read by a reader that is not the checker's own.

#[cfg(feature = "grade")]
mod classroom;
mod fixture;
mod github;
#[cfg(feature = "grade")]
mod gradescope;
#[cfg(feature = "grade")]
mod json_report;
#[cfg(feature = "junit")]
mod junit;
#[cfg(feature = "grade")]
mod tables;

/// What an open result becomes, and for whom the format is.
#[cfg(feature = "grade")]
#[test]
fn the_manual_has_two_rows_on_each_format() {
    use checker::report::{ci, formats};
    let manual = include_str!("../../../docs/reports.md");
    let rows = |name: &str| {
        let is_about = |line: &&str| line.starts_with('|') && line.contains(&format!("`{name}`"));
        manual.lines().filter(is_about).count()
    };
    let names = formats::FORMATS.iter().map(|format| format.name);
    for name in names.chain(ci::FORMATS.iter().map(|format| format.name)) {
        // What a person reads says itself what is open.
        let needed = if name == "human" { 1 } else { 2 };
        assert!(rows(name) >= needed, "docs/reports.md says too little on `{name}`");
    }
}
