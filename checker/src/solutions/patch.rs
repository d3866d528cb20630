//! Known-wrong solutions as differences: unified diffs below the lines of a declaration.

use diffy::{DiffOptions, Line, Patch};

use super::Declaration;

/// How many unchanged lines stand around a change.
const CONTEXT: usize = 2;

/// The base with the difference in it; an error says why it does not apply.
pub(super) fn applied(base: &str, text: &str) -> Result<String, String> {
    let patch = parsed(text)?;
    if patch.hunks().is_empty() {
        return Err("it changes nothing: there is no line that begins with @@".to_owned());
    }
    diffy::apply(base, &patch).map_err(|error| {
        format!(
            "it does not apply any more: {error}\n`checker wrong --rebase` carries over what it can"
        )
    })
}

/// The text of a patch: what it declares, and the difference between two texts of a file.
pub fn patch_text(declaration: &Declaration, file: &str, base: &str, changed: &str) -> String {
    format!("{}\n{}", declaration.as_lines(), difference(file, base, changed))
}

fn difference(file: &str, base: &str, changed: &str) -> String {
    DiffOptions::new()
        .set_context_len(CONTEXT)
        .set_original_filename(file.to_owned())
        .set_modified_filename(file.to_owned())
        .create_patch(base, changed)
        .to_string()
}

/// Where a patch changes nothing but formatting: the first lines of such hunks in the base.
pub fn lines_of_formatting(text: &str) -> Vec<usize> {
    let Ok(patch) = parsed(text) else { return Vec::new() };
    let hunks = patch.hunks().iter().filter(|hunk| {
        let (mut old, mut new) = (String::new(), String::new());
        for line in hunk.lines() {
            match line {
                Line::Delete(line) => old.push_str(line),
                Line::Insert(line) => new.push_str(line),
                Line::Context(line) => {
                    old.push_str(line);
                    new.push_str(line);
                }
            }
        }
        without_layout(&old) == without_layout(&new)
    });
    hunks.map(|hunk| hunk.old_range().start()).collect()
}

/// The text without what a formatter decides: space, and commas before a closing bracket.
fn without_layout(text: &str) -> String {
    let dense: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    [",)", ",]", ",}"].iter().fold(dense, |text, ending| text.replace(ending, &ending[1..]))
}

fn parsed(text: &str) -> Result<Patch<'_, str>, String> {
    Patch::from_str(text).map_err(|error| format!("it is no unified diff: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "fn f() {\n    a();\n    b();\n}\n";

    #[test]
    fn a_difference_applies_to_what_it_was_made_from() {
        let changed = BASE.replace("b();", "c();");
        let text = format!("Misconception: x\n\n{}", difference("f.rs", BASE, &changed));
        assert_eq!(applied(BASE, &text).unwrap(), changed);
    }

    #[test]
    fn a_difference_from_another_text_does_not_apply() {
        let text = difference("f.rs", BASE, &BASE.replace("b();", "c();"));
        let problem = applied(&BASE.replace("b();", "d();"), &text).unwrap_err();
        assert!(problem.contains("does not apply"), "{problem}");
        assert!(applied(BASE, "Misconception: x\n").is_err());
    }

    #[test]
    fn a_hunk_of_nothing_but_formatting_is_named() {
        let formatted = BASE.replace("    a();\n", "    a(\n    );\n");
        assert_eq!(lines_of_formatting(&difference("f.rs", BASE, &formatted)), [1]);
        let fewer = BASE.replace("    a();\n", "");
        let moved = BASE.replace("    a();\n    b();\n", "    b();\n    a();\n");
        for changed in [fewer, moved] {
            let text = difference("f.rs", BASE, &changed);
            assert_eq!(lines_of_formatting(&text), Vec::<usize>::new(), "{text}");
        }
    }
}
