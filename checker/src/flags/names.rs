//! The names that are of interest, and what each may mean.

use super::kind::Kind;

/// Names that mean this wherever they stand.
const ALONE: [(&str, Kind); 32] = [
    ("_exit", Kind::Exit),
    ("_Exit", Kind::Exit),
    ("quick_exit", Kind::Exit),
    ("exit_group", Kind::Exit),
    ("SYS_exit", Kind::Exit),
    ("SYS_exit_group", Kind::Exit),
    ("atexit", Kind::ExitHandler),
    ("at_quick_exit", Kind::ExitHandler),
    ("__cxa_atexit", Kind::ExitHandler),
    ("set_hook", Kind::Hook),
    ("take_hook", Kind::Hook),
    ("update_hook", Kind::Hook),
    ("catch_unwind", Kind::Hook),
    ("global_allocator", Kind::Linkage),
    ("panic_handler", Kind::Linkage),
    ("no_mangle", Kind::Linkage),
    ("link_section", Kind::Linkage),
    ("export_name", Kind::Linkage),
    // As a macro's argument they stand without a `!`.
    ("asm", Kind::Assembly),
    ("global_asm", Kind::Assembly),
    ("naked_asm", Kind::Assembly),
    ("include_str", Kind::Embedding),
    ("include_bytes", Kind::Embedding),
    ("dlopen", Kind::Foreign),
    ("dlsym", Kind::Foreign),
    ("args_os", Kind::Surroundings),
    ("vars_os", Kind::Surroundings),
    ("current_exe", Kind::Surroundings),
    ("getppid", Kind::Parent),
    ("usleep", Kind::Sleep),
    ("nanosleep", Kind::Sleep),
    ("clock_nanosleep", Kind::Sleep),
];

/// Names that mean this behind another one: `process::exit`.
const BEHIND: [(&str, &str, Kind); 17] = [
    ("process", "exit", Kind::Exit),
    ("process", "abort", Kind::Exit),
    ("intrinsics", "abort", Kind::Exit),
    ("libc", "exit", Kind::Exit),
    ("libc", "abort", Kind::Exit),
    ("libc", "on_exit", Kind::ExitHandler),
    ("env", "args", Kind::Surroundings),
    ("env", "vars", Kind::Surroundings),
    ("env", "var", Kind::Surroundings),
    ("env", "var_os", Kind::Surroundings),
    ("unix", "parent_id", Kind::Parent),
    ("process", "parent_id", Kind::Parent),
    ("thread", "sleep", Kind::Sleep),
    ("thread", "sleep_ms", Kind::Sleep),
    ("thread", "sleep_until", Kind::Sleep),
    ("time", "sleep", Kind::Sleep),
    ("libc", "sleep", Kind::Sleep),
];

/// Macros that mean this; `env` is a module as well.
const MACROS: [(&str, Kind); 3] =
    [("include", Kind::Embedding), ("env", Kind::Surroundings), ("option_env", Kind::Surroundings)];

/// Macros of std that say that something is wrong. Others, such as `write`, have the names of functions
/// that are imported every day.
const STD_MACROS: [&str; 10] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "panic",
    "unreachable",
    "todo",
    "unimplemented",
];

const SHELLS: [&str; 7] = ["sh", "bash", "dash", "zsh", "ksh", "ash", "busybox"];

/// What a name means wherever it stands.
pub(super) fn alone(name: &str) -> Option<Kind> {
    ALONE.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
}

/// What a name means behind another one.
pub(super) fn behind(qualifier: &str, name: &str) -> Option<Kind> {
    let is = |(first, second, _): &&(&str, &str, Kind)| *first == qualifier && *second == name;
    BEHIND.iter().find(is).map(|(_, _, kind)| *kind)
}

/// The same text, if names behind it mean something.
pub(super) fn qualifier(name: &str) -> Option<&'static str> {
    let known = BEHIND.iter().map(|(first, ..)| *first).chain(["Command"]);
    known.into_iter().find(|known| *known == name)
}

/// What a macro's name means.
pub(super) fn of_macro(name: &str) -> Option<Kind> {
    MACROS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
}

/// Whether a macro of std that fails has this name.
pub(super) fn is_failing_macro(name: &str) -> bool {
    STD_MACROS.contains(&name)
}

/// Whether a program of this name or path is a shell.
pub(super) fn is_shell(program: &str) -> bool {
    SHELLS.contains(&program.rsplit('/').next().unwrap_or_default())
}
