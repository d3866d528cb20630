//! What the reference solutions' experiments print, as insta snapshots in `exercises/*/*/snapshots`.
//!
//! The checker reads these files itself: `checker verify` compares the reference solutions with them,
//! `checker check` the learner's. This test is how they are written, by `make accept-snapshots` and
//! never as a side effect: of all, or of the one that the variable `EXERCISE` names.

use std::path::Path;
use std::process::Command;

use checker::solutions::{references, write_solved};
use checker::workbook::Workbook;
use checker::workbook::curriculum::Exercise;

#[test]
#[ignore = "builds every solution once more; `checker verify` compares, this writes"]
fn every_experiment_prints_its_snapshot() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let workbook = Workbook::open(root).unwrap();
    let solved = root.join("target/solved");
    write_solved(&workbook, &solved, &references(&workbook).unwrap()).unwrap();
    let asked = std::env::var("EXERCISE").ok().filter(|name| !name.is_empty());
    let asked = asked.map(|name| workbook.curriculum.find(&name).unwrap());
    let is_asked = |it: &&Exercise| asked.is_none_or(|asked| asked.name == it.name);
    for exercise in workbook.curriculum.exercises.iter().filter(is_asked) {
        let output = Command::new("cargo")
            .args(["run", "--quiet", "--package", &exercise.name])
            .current_dir(&solved)
            .env("CARGO_TARGET_DIR", solved.join("target"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}: {output:?}", exercise.name);
        let output = String::from_utf8(output.stdout).unwrap();
        insta::with_settings!({
            snapshot_path => exercise.path(root).join("snapshots"),
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!("experiment", output);
        });
    }
}
