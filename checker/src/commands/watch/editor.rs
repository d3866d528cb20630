//! The learner's editor, at a line.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::verdict::Place;

/// An editor, and how it is told a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Editor {
    /// The command as the user has it, with options: `code --wait`.
    command: String,
    kind: Kind,
}

/// How an editor is told a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `vi +LINE FILE`
    Plus,
    /// `hx FILE:LINE`
    Colon,
    /// `zed FILE:LINE`, in a window
    ColonInWindow,
    /// `code --goto FILE:LINE`, in a window
    Goto,
    /// `kate --line LINE FILE`, in a window
    Line,
    /// `gedit +LINE FILE`, in a window
    PlusInWindow,
    /// Nobody knows.
    FileOnly,
}

/// The editors that are known by their names.
const KNOWN: [(&str, Kind); 36] = [
    ("vi", Kind::Plus),
    ("vim", Kind::Plus),
    ("nvim", Kind::Plus),
    ("ex", Kind::Plus),
    ("nano", Kind::Plus),
    ("pico", Kind::Plus),
    ("emacs", Kind::Plus),
    ("emacsclient", Kind::Plus),
    ("mg", Kind::Plus),
    ("jed", Kind::Plus),
    ("joe", Kind::Plus),
    ("jmacs", Kind::Plus),
    ("ne", Kind::Plus),
    ("kak", Kind::Plus),
    ("micro", Kind::Plus),
    ("mcedit", Kind::Plus),
    ("hx", Kind::Colon),
    ("helix", Kind::Colon),
    ("subl", Kind::ColonInWindow),
    ("zed", Kind::ColonInWindow),
    ("zeditor", Kind::ColonInWindow),
    ("code", Kind::Goto),
    ("code-insiders", Kind::Goto),
    ("codium", Kind::Goto),
    ("cursor", Kind::Goto),
    ("windsurf", Kind::Goto),
    ("kate", Kind::Line),
    ("idea", Kind::Line),
    ("clion", Kind::Line),
    ("rustrover", Kind::Line),
    ("gedit", Kind::PlusInWindow),
    ("gvim", Kind::PlusInWindow),
    ("gnome-text-editor", Kind::PlusInWindow),
    ("mousepad", Kind::PlusInWindow),
    ("pluma", Kind::PlusInWindow),
    ("xed", Kind::PlusInWindow),
];

impl Editor {
    /// The one that the user wants: `$VISUAL`, else `$EDITOR`, else VS Code in its own terminal, else `vi`.
    pub(super) fn of_user() -> Self {
        let wanted = |name| env::var(name).ok().filter(|value| !value.trim().is_empty());
        let in_vs_code = env::var_os("TERM_PROGRAM").is_some_and(|it| it == "vscode");
        let fallback = if in_vs_code { "code" } else { "vi" };
        let command = wanted("VISUAL").or_else(|| wanted("EDITOR"));
        Self::new(&command.unwrap_or_else(|| fallback.to_owned()))
    }

    fn new(command: &str) -> Self {
        let program = command.split_whitespace().next().unwrap_or_default();
        let name = Path::new(program).file_name().and_then(|name| name.to_str());
        let known = KNOWN.iter().find(|(known, _)| Some(*known) == name);
        Self { command: command.to_owned(), kind: known.map_or(Kind::FileOnly, |(_, kind)| *kind) }
    }

    /// Whether it has a window of its own, so that the terminal stays ours.
    pub(super) fn has_window(&self) -> bool {
        matches!(self.kind, Kind::Goto | Kind::ColonInWindow | Kind::Line | Kind::PlusInWindow)
    }

    /// The command that opens a place, a file from the root and its line. A shell takes it apart, as it does for
    /// git: it may have options.
    pub(super) fn opens(&self, root: &Path, place: &Place) -> Command {
        let mut command = Command::new("sh");
        // What the learner saves has the learner's mask, not ours.
        let umask = sandbox::callers_umask();
        let script = format!("umask {umask:03o}; {} \"$@\"", self.command);
        command.arg("-c").arg(script).arg(&self.command);
        command.args(self.arguments(root, place)).current_dir(root);
        if self.has_window() {
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        }
        command
    }

    fn arguments(&self, root: &Path, place: &Place) -> Vec<String> {
        let file = root.join(&place.file).display().to_string();
        let line = place.line;
        match self.kind {
            Kind::Plus | Kind::PlusInWindow => vec![format!("+{line}"), file],
            Kind::Colon | Kind::ColonInWindow => vec![format!("{file}:{line}")],
            Kind::Goto => vec!["--goto".to_owned(), format!("{file}:{line}")],
            Kind::Line => vec!["--line".to_owned(), line.to_string(), file],
            Kind::FileOnly => vec![file],
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::vi("vi", &["+7", "/w/a b.rs"], false)]
    #[case::by_its_path("/usr/bin/nvim -p", &["+7", "/w/a b.rs"], false)]
    #[case::helix("hx", &["/w/a b.rs:7"], false)]
    #[case::vs_code("code --wait", &["--goto", "/w/a b.rs:7"], true)]
    #[case::kate("kate", &["--line", "7", "/w/a b.rs"], true)]
    #[case::unknown("my-editor", &["/w/a b.rs"], false)]
    fn an_editor_is_told_the_line(
        #[case] command: &str,
        #[case] arguments: &[&str],
        #[case] has_window: bool,
    ) {
        let editor = Editor::new(command);
        let place = Place { file: "a b.rs".into(), line: 7, column: None };
        assert_eq!(editor.arguments(Path::new("/w"), &place), arguments);
        assert_eq!(editor.has_window(), has_window);
    }
}
