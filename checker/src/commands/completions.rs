//! `checker completions`: what a shell reads to complete commands, options and the names of exercises.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command};
use clap_complete::Shell;

use crate::report::Reporter;
use crate::{Error, Exit};

use super::Session;

/// The arguments that are names of exercises.
const NAMES: [&str; 2] = ["exercise", "exercises"];

/// Prints the script for a shell. The names are those of this workbook, as it is now.
pub fn completions(
    session: &Session,
    command: Command,
    shell: Shell,
    reporter: &mut dyn Reporter,
) -> Result<Exit, Error> {
    let exercises = &session.workbook.curriculum.exercises;
    let names: Vec<String> = exercises.iter().map(|it| it.name.clone()).collect();
    let mut command = command.mut_subcommands(|command| {
        command.mut_args(|argument| match is_name(&argument) {
            true => argument.value_parser(PossibleValuesParser::new(names.clone())),
            false => argument,
        })
    });
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if shell == Shell::Fish {
        // For fish clap_complete knows options only.
        let commands = command.get_subcommands().filter(|it| takes_names(it));
        for command in commands.map(Command::get_name) {
            let (seen, names) = (format!("__fish_seen_subcommand_from {command}"), names.join(" "));
            script.push_str(&format!("complete -c checker -n \"{seen}\" -f -a \"{names}\"\n"));
        }
    }
    reporter.document(&script);
    Ok(Exit::Passed)
}

fn takes_names(command: &Command) -> bool {
    command.get_arguments().any(is_name)
}

fn is_name(argument: &Arg) -> bool {
    NAMES.contains(&argument.get_id().as_str())
}
