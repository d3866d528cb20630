//! What the screen shows, at three sizes and while its size changes.

use rstest::rstest;

use crate::miniature::Miniature;
use crate::terminal::Terminal;

/// What the screen shows of a failing exercise.
fn snapshot(name: &str, terminal: &Terminal) {
    insta::with_settings!({
        snapshot_path => "snapshots",
        prepend_module_to_snapshot => false,
    }, { insta::assert_snapshot!(name, terminal.contents()) });
}

#[rstest]
#[case::small(60, 15)]
#[case::usual(80, 24)]
#[case::large(120, 40)]
fn it_fits_the_screen(#[case] columns: u16, #[case] rows: u16) {
    let miniature = Miniature::with_answer("wrong_answer");
    let mut terminal = Terminal::watch(&miniature, (columns, rows), &[]);
    terminal.wait_for("the answer is 42");
    terminal.wait_until_idle();
    let size = format!("{columns}x{rows}");
    snapshot(&format!("page_{size}"), &terminal);
    terminal.press("l");
    terminal.wait_for_drawing("shown: all");
    snapshot(&format!("list_{size}"), &terminal);
    terminal.press("\x1b");
    terminal.wait_until_gone("shown: all");
    terminal.press("h");
    terminal.wait_for_drawing("The first hint.");
    snapshot(&format!("hint_{size}"), &terminal);
    terminal.press("?");
    terminal.wait_for_drawing("── help");
    snapshot(&format!("help_{size}"), &terminal);
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn it_is_drawn_anew_when_the_size_changes() {
    let miniature = Miniature::with_answer("wrong_answer");
    let mut terminal = Terminal::watch(&miniature, (120, 40), &[]);
    terminal.wait_for("the answer is 42");
    terminal.wait_until_idle();
    for (columns, rows) in [(100, 30), (30, 5), (10, 2), (80, 24)] {
        terminal.resize(columns, rows);
    }
    terminal.wait_for("q quit");
    terminal.wait_for("the answer is 42");
    terminal.wait_until_idle();
    snapshot("page_80x24", &terminal);
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}
