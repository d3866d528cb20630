//! How this program was called: a command in a text can be typed as the reader typed the last one.

/// Set by the Makefile.
pub const BY_MAKE: &str = "SHOPFLOOR_BY_MAKE";

/// The commands that the Makefile has for learners.
const OF_MAKE: [&str; 9] =
    ["check", "doctor", "hint", "list", "reset", "run", "solution", "trace", "watch"];

/// The options that it hands on, each by a variable.
const VARIABLES: [(&str, &str); 4] =
    [("--force", "FORCE=1"), ("--full", "FULL=1"), ("--given", "GIVEN=1"), ("--plain", "PLAIN=1")];

/// How this program was called.
#[derive(Debug, Clone)]
pub struct Caller {
    /// By this name.
    program: String,
    /// Whether make called it for the reader.
    by_make: bool,
}

impl Caller {
    /// As the environment has it.
    pub fn from_environment() -> Self {
        let program = std::env::args().next().unwrap_or_else(|| "checker".to_owned());
        Self { program, by_make: std::env::var_os(BY_MAKE).is_some() }
    }

    /// Whether make called it, which says something below an exit code that is not 0.
    pub fn is_make(&self) -> bool {
        self.by_make
    }

    /// A command of this program, `hint semaphore`, as the reader types it.
    pub fn command(&self, arguments: &str) -> String {
        let by_make = self.by_make.then(|| by_make(arguments)).flatten();
        by_make.unwrap_or_else(|| format!("{} {arguments}", self.program))
    }

    /// A text with each of its `` `checker …` `` as the reader types it.
    pub fn with_commands(&self, text: &str) -> String {
        const MARK: &str = "`checker ";
        let mut written = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(MARK) {
            let Some((arguments, behind)) = after.split_once('`') else { break };
            written.push_str(&format!("{before}`{}`", self.command(arguments)));
            rest = behind;
        }
        written + rest
    }
}

/// `make hint E=semaphore`; nothing if the Makefile has no such command.
fn by_make(arguments: &str) -> Option<String> {
    let mut words = arguments.split_whitespace();
    let command = words.next().filter(|command| OF_MAKE.contains(command))?;
    let (mut exercises, mut variables) = (Vec::new(), Vec::new());
    for word in words {
        match VARIABLES.iter().find(|(option, _)| *option == word) {
            Some((_, variable)) => variables.push(*variable),
            None if word.starts_with('-') => return None,
            None => exercises.push(word),
        }
    }
    let exercises = match exercises.as_slice() {
        [] => None,
        [one] => Some(format!("E={one}")),
        several => Some(format!("E=\"{}\"", several.join(" "))),
    };
    let words = exercises.iter().map(String::as_str).chain(variables);
    Some(["make", command].into_iter().chain(words).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(by_make: bool) -> Caller {
        Caller { program: "target/debug/checker".into(), by_make }
    }

    #[test]
    fn a_command_is_written_as_the_reader_typed_the_last_one() {
        assert_eq!(caller(false).command("hint semaphore"), "target/debug/checker hint semaphore");
        for (arguments, typed) in [
            ("list", "make list"),
            ("hint semaphore", "make hint E=semaphore"),
            ("check 2.3 2.4", "make check E=\"2.3 2.4\""),
            ("solution pipe --force", "make solution E=pipe FORCE=1"),
            ("trace pipe --svg a.svg", "target/debug/checker trace pipe --svg a.svg"),
            ("wrong pipe polls", "target/debug/checker wrong pipe polls"),
        ] {
            assert_eq!(caller(true).command(arguments), typed);
        }
    }

    #[test]
    fn commands_in_a_text_are_written_so_too() {
        let text = "one: `checker hint a`, or `checker list`; `other`";
        let by_make = caller(true).with_commands(text);
        assert_eq!(by_make, "one: `make hint E=a`, or `make list`; `other`");
        assert_eq!(caller(true).with_commands("an open `checker hint"), "an open `checker hint");
    }
}
