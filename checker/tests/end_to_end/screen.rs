//! What a learner sees on a terminal of a certain size, and what a page says of the last run.

use std::fs::{File, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use evidence::{Failure, Step, Told};
use nix::pty::{Winsize, openpty};

use crate::evidence::{schedule, tells};
use crate::miniature::{ANSWER, Finished, Miniature, NEXT, SOLUTION, outcome};

/// What a command shows on a terminal of this size.
fn on_a_terminal(mut command: Command, columns: u16, rows: u16) -> String {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(&size, None).unwrap();
    let slave = File::from(terminal.slave);
    command.stdout(slave.try_clone().unwrap()).stderr(Stdio::null()).env("TERM", "xterm");
    let mut child = command.spawn().unwrap();
    // The terminal ends when nobody has it open any more: the command has copies, too.
    drop((command, slave));
    let (mut shown, mut master) = (Vec::new(), File::from(terminal.master));
    // EIO is how it ends.
    let _ = master.read_to_end(&mut shown);
    child.wait().unwrap();
    String::from_utf8(shown).unwrap().replace("\r\n", "\n")
}

/// The lines that stay, without colours, on a terminal that is tall enough for all of them.
fn lines(shown: &str, columns: u16) -> Vec<String> {
    let mut terminal = vt100::Parser::new(400, columns, 0);
    terminal.process(shown.replace('\n', "\r\n").as_bytes());
    let contents = terminal.screen().contents();
    contents.lines().map(|line| line.trim_end().to_owned()).collect()
}

fn check_answer(miniature: &Miniature, columns: u16, rows: u16, more: &[&str]) -> Vec<String> {
    let mut command = miniature.command(&[&["check", "answer"], more].concat());
    command.env_remove("FORCE_HYPERLINK").env("NO_COLOR", "1");
    lines(&on_a_terminal(command, columns, rows), columns)
}

#[test]
fn the_first_failure_is_shown_at_once_and_taken_back_for_the_page() {
    let miniature = Miniature::with_answer("wrong_answer");
    let shown = on_a_terminal(miniature.command(&["check", "answer"]), 80, 24);
    let count = |text: &str| text.matches("the answer is 42").count();
    assert_eq!(count(&shown), 2, "{shown:?}");
    let page = lines(&shown, 80);
    assert_eq!(count(&page.join("\n")), 1, "{page:#?}");
    for phrase in ["testing answer: 2 of 2", " of 3: answer"] {
        assert!(shown.contains(phrase), "{shown:?}");
        assert!(!page.iter().any(|line| line.contains(phrase)), "{page:#?}");
    }
    // Where nothing can be taken back, it is said once.
    let finished = miniature.checker(&["check", "answer"]);
    assert_eq!(count(&finished.stdout), 1, "{finished:?}");
    assert!(!finished.stdout.contains("testing"), "{finished:?}");
}

#[test]
fn what_has_no_room_on_the_terminal_is_not_shown_before_the_page() {
    let miniature = Miniature::with_answer("wrong_answer");
    let shown = on_a_terminal(miniature.command(&["check", "answer"]), 80, 6);
    assert_eq!(shown.matches("1.1 answer: The answer").count(), 1, "{shown:?}");
}

#[test]
fn nothing_of_how_far_cargo_is_is_in_what_it_complains_of() {
    let miniature = Miniature::with_answer("right");
    // It compiles the library, and stops in the middle of the rest.
    let script = "#!/bin/sh\ncase \"$*\" in *--test*) exit 1;; esac\nexec \"$@\"\n";
    let wrapper = miniature.root().join("../wrapper");
    std::fs::write(&wrapper, script).unwrap();
    std::fs::set_permissions(&wrapper, Permissions::from_mode(0o755)).unwrap();
    let mut command = miniature.command(&["check", "answer"]);
    command.env("RUSTC_WRAPPER", &wrapper);
    let finished = Finished::of(command.output().unwrap());
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(!finished.stderr.contains("Building [") && !finished.stderr.contains('\r'));
}

#[test]
fn a_failure_that_is_taller_than_the_terminal_gives_way_to_what_is_to_be_done() {
    let miniature = Miniature::new();
    miniature.write(ANSWER, &tells(&Told::Schedule(schedule(60))));
    let page = check_answer(&miniature, 80, 24, &[]);
    assert!(page.len() < 24, "{page:#?}");
    for phrase in ["✗ 1.1 answer", "more lines: ", "✗ it_is_even", "expected: one", "edit  "] {
        assert!(page.iter().any(|line| line.contains(phrase)), "no `{phrase}` in {page:#?}");
    }
    assert!(page.iter().any(|line| line.ends_with("check answer --full")), "{page:#?}");
    let full = check_answer(&miniature, 80, 24, &["--full"]);
    assert!(full.iter().any(|line| line.contains(":59 │ lock")), "{full:#?}");
    let tall = check_answer(&miniature, 80, 100, &[]);
    assert!(tall.iter().any(|line| line.contains(":0  │ lock")), "{tall:#?}");
}

#[test]
fn four_threads_have_columns_on_a_wide_terminal_and_rows_on_a_narrow_one() {
    let miniature = Miniature::new();
    let mut wide = schedule(4);
    wide.threads = ["main", "T1", "T2", "T3"].map(str::to_owned).to_vec();
    let step = |(thread, step): (usize, Step)| Step { thread, ..step };
    wide.steps = wide.steps.into_iter().enumerate().map(step).collect();
    wide.failure = Failure::Deadlock;
    miniature.write(ANSWER, &tells(&Told::Schedule(wide)));
    let has_columns = |page: &[String]| page.iter().any(|line| line.contains("─┼─"));
    let page = check_answer(&miniature, 120, 40, &[]);
    assert!(has_columns(&page), "{page:#?}");
    let page = check_answer(&miniature, 80, 40, &[]);
    assert!(!has_columns(&page), "{page:#?}");
}

#[test]
fn a_place_is_a_link_where_the_terminal_knows_links() {
    let miniature = Miniature::with_answer("wrong_answer");
    let root = std::fs::canonicalize(miniature.root()).unwrap();
    let shown = |is_known: &str| {
        let mut command = miniature.command(&["check", "answer"]);
        command.env("FORCE_HYPERLINK", is_known);
        on_a_terminal(command, 80, 40)
    };
    let target = format!("{}/{ANSWER}#4\x1b\\{ANSWER}:4\x1b]8;;\x1b\\", root.display());
    let linked = shown("1");
    assert!(linked.contains("\x1b]8;;file://") && linked.contains(&target), "{linked:?}");
    assert!(!shown("0").contains("\x1b]8"), "this terminal does not know them");
    assert!(!miniature.checker(&["check", "answer"]).stdout.contains('\x1b'));
}

#[test]
fn the_tests_that_passed_the_last_time_are_counted_and_the_lost_ones_named() {
    let miniature = Miniature::with_answer("wrong_answer");
    let check = || miniature.checker(&["check", "answer"]).stdout;
    assert!(check().contains("1 of 2 tests pass. This is the only one that does not."));
    assert!(!check().contains("was"), "nothing has changed, and nothing was run");
    miniature.write(ANSWER, &outcome("compile_error"));
    check();
    miniature.write(ANSWER, &outcome("right").replace("42", "41"));
    let page = check();
    assert!(page.contains("0 of 2 tests pass (was 1). This is the first of 2"), "{page}");
    assert!(page.contains("Passed the last time, and does not now: it_is_even."), "{page}");
    miniature.write(ANSWER, &outcome("right").replace("42", "44"));
    let page = check();
    assert!(page.contains("1 of 2 tests pass (was 0)."), "{page}");
    assert!(!page.contains("the last time"), "{page}");
}

#[test]
fn warnings_about_the_learners_own_file_are_shown_beside_a_pass_and_remembered() {
    let miniature = Miniature::new();
    let warned = outcome("right").replace("    42", "    let unused = 1;\n    42");
    miniature.write(ANSWER, &warned);
    for _ in 0..2 {
        let page = miniature.checker(&["check", "answer"]).stdout;
        assert!(page.contains("✓ 1.1 answer passes (2 tests)\n\n  Claim M1: Holds.\n"), "{page}");
        assert!(page.contains("The compiler has 1 warning about your code:"), "{page}");
        assert!(page.contains("unused variable: `unused`"), "{page}");
        assert!(page.contains(&format!("{ANSWER}:5:9")), "{page}");
    }
}

#[test]
fn how_many_schedules_a_pass_says_to_have_explored_is_shown_and_changes_nothing() {
    let miniature = Miniature::new();
    let tells = |document: &str| {
        let write = format!(
            "if let Some(file) = std::env::var_os(\"SHOPFLOOR_EVIDENCE\") {{ std::fs::write(file, {document:?}).unwrap(); }}\n    42"
        );
        miniature.write(ANSWER, &outcome("right").replace("    42", &format!("    {write}")));
        let page = miniature.checker(&["check", "answer"]).stdout;
        page.lines().find(|line| line.contains("passes (")).map(str::to_owned)
    };
    let passes = "✓ 1.1 answer passes (2 tests";
    let explored = tells("{\"schedules\":12480}").unwrap();
    assert_eq!(explored, format!("{passes}, 24,960 schedules)"));
    for forged in ["{\"schedules\":-1}", "{\"schedules\":\"many\"}", "[]"] {
        assert_eq!(tells(forged).unwrap(), format!("{passes})"), "{forged}");
    }
}

#[test]
fn of_several_compiler_errors_the_first_is_whole_on_a_small_terminal() {
    let miniature = Miniature::new();
    let text = "//! Two.\n\n/// 42.\npub fn answer() -> u32 {\n    \"42\"\n}\n\n\
                /// More.\npub fn more() -> u32 {\n    'x'\n}\n";
    miniature.write(ANSWER, text);
    let page = check_answer(&miniature, 80, 24, &[]);
    assert!(page.len() < 24, "{page:#?}");
    for phrase in ["mismatched types", "expected `u32`, found `&str`", "… and more errors: "] {
        assert!(page.iter().any(|line| line.contains(phrase)), "no `{phrase}` in {page:#?}");
    }
    let full = check_answer(&miniature, 80, 24, &["--full"]);
    assert!(full.iter().any(|line| line.contains("found `char`")), "{full:#?}");
}

#[test]
fn a_panic_in_a_destructor_shows_its_own_line_and_words() {
    let miniature = Miniature::new();
    miniature.write(
        ANSWER,
        "struct Guard;\nimpl Drop for Guard {\n    fn drop(&mut self) {\n        panic!(\"in the drop\");\n    \
         }\n}\npub fn answer() -> u32 {\n    let _guard = Guard;\n    panic!(\"earlier\");\n}\n",
    );
    let page = miniature.checker(&["check", "answer"]).stdout;
    assert!(page.contains("    in the drop\n"), "{page}");
    assert!(page.contains("because of an earlier panic:\n    earlier\n"), "{page}");
    assert!(page.contains(&format!("edit  {ANSWER}:4\n")), "{page}");
}

#[test]
fn commands_are_written_for_make_if_make_calls_and_else_for_the_program() {
    let miniature = Miniature::with_answer("right");
    let by_make = |arguments: &[&str]| {
        let output = miniature.command(arguments).env("SHOPFLOOR_BY_MAKE", "1").output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8(text).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let page = by_make(&["check", "answer"]);
    assert!(page.contains("compare make solution E=answer "), "{page}");
    assert!(by_make(&["check"]).contains("hint make hint E=next "));
    assert!(by_make(&["hint", "answer"]).contains("One more: `make hint E=answer`"));
    let refused = by_make(&["solution", "next"]);
    assert!(refused.contains("`make solution E=next FORCE=1`") || refused.contains("no solution"));
    let page = miniature.checker(&["check"]).stdout;
    assert!(page.contains(&format!("{} hint next ", env!("CARGO_BIN_EXE_checker"))), "{page}");
}

#[test]
fn a_part_is_asked_for_by_its_number() {
    let miniature = Miniature::with_answer("wrong_answer");
    for part in ["1", "01_part", "exercises/01_part/"] {
        let finished = miniature.checker(&["check", part]);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        for phrase in ["✗ 1.1  answer", "· 1.2  next", "✗ 1.1 answer: The answer"] {
            assert!(finished.stdout.contains(phrase), "{part}: no `{phrase}` in {finished:?}");
        }
    }
    miniature.write(NEXT, &outcome("right").replace("answer()", "next()"));
    let page = miniature.checker(&["check", "1"]).stdout;
    assert!(page.contains("✓ 1.2 next passes (2 tests)"), "{page}");
    let unknown = miniature.checker(&["check", "7"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
}

#[test]
fn files_stand_side_by_side_on_a_wide_terminal_and_in_a_pager_on_a_small_one() {
    let miniature = Miniature::new();
    miniature.write(SOLUTION, "//! The reference's own words.\n");
    miniature.write(ANSWER, &outcome("right"));
    let show = |columns, rows, pager: &str| {
        let mut command = miniature.command(&["solution", "answer", "--force"]);
        command.env("PAGER", pager).env("NO_COLOR", "1");
        lines(&on_a_terminal(command, columns, rows), columns).join("\n")
    };
    let wide = show(120, 40, "false");
    assert!(wide.contains("//! The right answer.") && wide.contains(" │ //! The ref"), "{wide}");
    let narrow = show(80, 40, "sed s/^/paged:/");
    assert!(narrow.contains("\n+ //! The reference's own words."), "it fits: {narrow}");
    let small = show(80, 5, "sed s/^/paged:/");
    assert!(small.contains("\npaged:+ //! The reference's own words."), "{small}");
    let no_pager = show(80, 5, "no_such_program");
    assert!(no_pager.contains("\n+ //! The reference's own words."), "{no_pager}");
    let mut command = miniature.command(&["solution", "answer", "--force"]);
    let output = command.env("PAGER", "sed s/^/paged:/").output().unwrap();
    assert!(!String::from_utf8(output.stdout).unwrap().contains("paged:"), "no terminal");
}

#[test]
fn the_first_hint_is_about_the_stage_whose_test_fails() {
    let miniature = Miniature::with_answer("wrong_answer");
    let groups = "limits = { test_seconds = 10 }\n\
                  [[exercise.group]]\nname = \"evenness\"\nshare = 1\nheart = true\n\
                  tests = [\"answer::it_is_even\"]\n\
                  [[exercise.group]]\nname = \"the number\"\nshare = 1\ntests = [\"*\"]\n";
    miniature.replace("exercises/curriculum.toml", "limits = { test_seconds = 10 }\n", groups);
    miniature.replace("exercises/01_part/01_answer/hints.md", "## 2", "## 2 (stage 2)");
    miniature.checker(&["check", "answer"]);
    let given: Vec<String> = (0..3)
        .map(|_| miniature.checker(&["hint", "answer"]).stdout)
        .map(|hint| hint.lines().next().unwrap().to_owned())
        .collect();
    let stage = "answer: hint 2 of 3 (stage 2: the number)";
    assert_eq!(given, [stage, "answer: hint 1 of 3", "answer: hint 3 of 3"]);
    miniature.replace("exercises/01_part/01_answer/hints.md", "(stage 2)", "(stage 3)");
    let verified = miniature.checker(&["verify", "answer"]).stdout;
    assert!(verified.contains("hints.md: `## 2 (stage 3)`: there is no stage 3"), "{verified}");
}

#[test]
fn a_shell_completes_the_names_of_exercises() {
    let miniature = Miniature::new();
    let script = |shell: &str| miniature.checker(&["completions", shell]).stdout;
    for shell in ["bash", "fish", "zsh"] {
        assert!(script(shell).contains("answer next"), "{shell}");
    }
    let asks = format!(
        "{}\nCOMP_WORDS=(checker hint an); COMP_CWORD=2; _checker checker an hint; echo \"${{COMPREPLY[@]}}\"",
        script("bash")
    );
    let completed = Command::new("bash").args(["-c", &asks]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&completed.stdout), "answer\n", "{completed:?}");
    assert_eq!(miniature.checker(&["completions", "cmd"]).code, Some(2));
}
