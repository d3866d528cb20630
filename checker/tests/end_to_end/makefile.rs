//! The workbook's Makefile, with a tiny checker in place of the real one.

use std::fs;
use std::path::Path;
use std::process::Command;

use rstest::rstest;

const MAKEFILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../Makefile");

/// A workbook with the Makefile, and a checker that takes a moment to build and says what it is asked.
fn workbook(configuration: &str) -> tempfile::TempDir {
    let above = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let file = above.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    write(".cargo/config.toml", configuration);
    fs::create_dir_all(above.path().join("workbook")).unwrap();
    fs::copy(MAKEFILE, above.path().join("workbook/Makefile")).unwrap();
    write("workbook/Cargo.toml", "[workspace]\nmembers = [\"checker\"]\nresolver = \"3\"\n");
    write(
        "workbook/Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"checker\"\nversion = \"0.1.0\"\n",
    );
    let package = "[package]\nname = \"checker\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    write("workbook/checker/Cargo.toml", &format!("{package}[features]\ngrade = []\n"));
    write("workbook/checker/src/main.rs", &program("first"));
    for exercise in ["02_part/01_later", "01_part/01_first"] {
        write(&format!("workbook/exercises/{exercise}/README.md"), "# A task\n");
    }
    above
}

fn program(name: &str) -> String {
    format!(
        "fn main() {{\n    println!(\"{name} was asked for {{:?}}\", std::env::args().nth(1));\n}}\n"
    )
}

fn make(above: &Path, variables: &[(&str, &str)]) -> String {
    let mut make = Command::new("make");
    make.arg("list").current_dir(above.join("workbook")).env("CARGO_NET_OFFLINE", "true");
    let output = make.envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[rstest]
#[case::a_target(&[("CARGO_BUILD_TARGET", "host-tuple")], "")]
#[case::a_target_that_is_not_there(&[("CARGO_BUILD_TARGET", "no-such-target")], "")]
#[case::other_directories(&[("CARGO_TARGET_DIR", "a"), ("CARGO_BUILD_TARGET_DIR", "b"), ("CARGO_BUILD_BUILD_DIR", "c")], "")]
#[case::profiles(&[("CARGO_PROFILE_DEV_OPT_LEVEL", "1"), ("CARGO_PROFILE_DEV_DEBUG", "false")], "")]
#[case::a_target_in_a_configuration(&[], "[build]\ntarget = \"host-tuple\"\n")]
#[case::directories_in_a_configuration(&[], "[build]\ntarget-dir = \"a\"\nbuild-dir = \"b\"\n")]
fn make_builds_and_finds_the_checker(
    #[case] variables: &[(&str, &str)],
    #[case] configuration: &str,
) {
    let host = crate::edits::host();
    let of_host = |text: &str| text.replace("host-tuple", &host);
    let above = workbook(&of_host(configuration));
    let values: Vec<String> = variables.iter().map(|(_, value)| of_host(value)).collect();
    let variables: Vec<(&str, &str)> =
        variables.iter().zip(&values).map(|((name, _), value)| (*name, value.as_str())).collect();
    let said = make(above.path(), &variables);
    assert!(said.contains("first was asked for Some(\"list\")"), "{said}");
    let meanwhile = "meanwhile:\n  exercises/01_part/01_first/README.md\n";
    assert!(said.contains(meanwhile), "{said}");
    let source = above.path().join("workbook/checker/src/main.rs");
    fs::write(&source, program("second")).unwrap();
    // Newer than what was built, whatever the clock's steps are.
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    fs::File::options().write(true).open(&source).unwrap().set_modified(later).unwrap();
    let said = make(above.path(), &variables);
    assert!(said.contains("second was asked for") && !said.contains(meanwhile), "{said}");
    // And without them.
    assert!(make(above.path(), &[]).contains("second was asked for"));
}
