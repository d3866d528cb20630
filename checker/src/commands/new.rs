//! `checker new`: a new exercise that compiles, with everything that one needs.

mod destination;
mod template;

use crate::report::Reporter;
use crate::system::files;
use crate::workbook::Workbook;
use crate::workbook::curriculum::{Curriculum, FILE, Number, PLACEHOLDER};
use crate::{Error, Exit};

use super::Session;
use destination::Destination;
pub use template::Kind;
use template::{NO_TITLE, Values};

/// What is asked for.
#[derive(Debug, clap::Args)]
pub struct NewArguments {
    /// Its number, PART.PLACE: holes in the numbers are free
    number: String,
    /// Its name, which is its crate's: lower case, words joined by `_`
    name: String,
    /// What its tests look at; by default what those of the exercise before it in its part do
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Its title
    #[arg(long, default_value = NO_TITLE, hide_default_value = true)]
    title: String,
    /// A claim of the lecture notes that it puts to the test, such as C7; may be repeated
    #[arg(long = "claim", value_name = "CLAIM", default_value = PLACEHOLDER, hide_default_value = true)]
    claims: Vec<String>,
}

/// Writes the files of a new exercise and says what to do next. On an error nothing is left.
pub fn new(
    session: &Session,
    arguments: &NewArguments,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let workbook = &session.workbook;
    let place = Destination::new(workbook, &arguments.number, &arguments.name)?;
    let kind = arguments.kind.unwrap_or_else(|| kind_before(workbook, place.number));
    let values = Values {
        number: place.number.to_string(),
        name: &arguments.name,
        title: &arguments.title,
        claims: &arguments.claims,
        directory: &place.directory,
    };
    let written = write(workbook, &place, &values, kind);
    if written.is_err() {
        // Neither was there before.
        let _ = files::remove_directory(&place.exercise);
        let _ = files::remove_directory(&place.solutions);
    }
    written?;
    reporter.note(&next_steps(&arguments.name, &place.directory));
    Ok(Exit::Passed)
}

/// Writes everything, the curriculum last: without its entry there is no exercise.
fn write(
    workbook: &Workbook,
    place: &Destination,
    values: &Values<'_>,
    kind: Kind,
) -> Result<(), Error> {
    let exercise = values.exercise(kind).into_iter().map(|file| (&place.exercise, file));
    let solutions = values.solutions(kind).into_iter().map(|file| (&place.solutions, file));
    for (directory, (path, text)) in exercise.chain(solutions) {
        files::write_atomically(&directory.join(path), &text)?;
    }
    files::create_directory(&place.solutions.join("alternatives"))?;
    let file = workbook.root.join(FILE);
    let text = with_entry(&files::read(&file)?, place.number, &values.entry(kind));
    files::write_atomically(&file, &text)
}

/// What the tests of the exercise before it look at, or of the one after it.
fn kind_before(workbook: &Workbook, number: Number) -> Kind {
    let Curriculum { exercises, .. } = &workbook.curriculum;
    let of_part = || exercises.iter().filter(|it| it.number.part == number.part);
    let before = of_part().rfind(|it| it.number < number).or_else(|| of_part().next());
    let has = |target: &str| {
        let tests = before.map(|it| workbook.exercise_path(it).join("tests"));
        tests.is_some_and(|tests| tests.join(format!("{target}.rs")).is_file())
    };
    match () {
        () if has("protocol") => Kind::Lock,
        () if has("timeline") => Kind::Processes,
        () => Kind::Plain,
    }
}

/// The curriculum with one more entry, before the first one with a higher number.
fn with_entry(text: &str, number: Number, entry: &str) -> String {
    const HEAD: &str = "[[exercise]]\n";
    let number_of = |at: usize| {
        let line = text[at..].lines().find_map(|line| line.strip_prefix("number = "));
        line.and_then(|line| line.trim_matches('"').parse::<Number>().ok())
    };
    let heads = text.match_indices(HEAD).map(|(at, _)| at);
    let after = heads.filter(|at| *at == 0 || text[..*at].ends_with('\n'));
    match after.into_iter().find(|at| number_of(*at).is_some_and(|other| other > number)) {
        Some(at) => format!("{}{entry}\n{}", &text[..at], &text[at..]),
        None => format!("{}\n\n{entry}", text.trim_end()),
    }
}

fn next_steps(name: &str, directory: &str) -> String {
    format!(
        "wrote exercises/{directory}/\n\
         wrote solutions/{directory}/\n\
         wrote its entry in {FILE}\n\n\
         It compiles, its stub fails and its reference passes. What you write stands there as TODO:\n\
         1. README.md, the stub, the tests and src/main.rs in exercises/{directory}\n\
         2. the reference in solutions/{directory}\n\
         3. `make accept-snapshots E={name}`: what the reference prints, and the pins\n\
         4. hints.md, three alternatives, and wrong solutions in place of wrong/example.patch: `checker wrong {name} NAME FILE`\n\
         At any time `checker verify {name}` names what is missing, in this order. CONTRIBUTING.md has the \
         rest."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_comes_before_the_first_with_a_higher_number() {
        let entry = |number: &str| format!("[[exercise]]\nnumber = \"{number}\"\n");
        let both = format!("title = \"t\"\n\n{}\n{}", entry("2.3"), entry("3.1"));
        let with = |number: &str| with_entry(&both, number.parse().unwrap(), &entry(number));
        let order = |text: &str| -> Vec<String> {
            text.lines()
                .filter_map(|line| line.strip_prefix("number = "))
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(order(&with("2.10")), ["\"2.3\"", "\"2.10\"", "\"3.1\""]);
        assert_eq!(order(&with("1.1")), ["\"1.1\"", "\"2.3\"", "\"3.1\""]);
        assert_eq!(order(&with("3.2")), ["\"2.3\"", "\"3.1\"", "\"3.2\""]);
        assert!(with("3.2").ends_with("\n\n[[exercise]]\nnumber = \"3.2\"\n"));
        assert_eq!(
            with_entry("title = \"t\"\n", "1.1".parse().unwrap(), "e\n"),
            "title = \"t\"\n\ne\n"
        );
    }
}
