//! The checker from outside: miniature workbooks, one for each thing that can happen.

#[cfg(feature = "grade")]
mod archives;
mod build_settings;
mod ci;
mod claims;
#[cfg(feature = "grade")]
mod class;
#[cfg(feature = "grade")]
mod clusters;
mod commands;
#[cfg(feature = "grade")]
mod conditions;
mod edits;
mod evidence;
#[cfg(feature = "grade")]
mod grade;
#[cfg(feature = "grade")]
mod groups;
mod interrupts;
mod line_ends;
#[cfg(feature = "grade")]
mod made_class;
#[cfg(feature = "grade")]
mod made_uploads;
mod makefile;
#[cfg(feature = "grade")]
mod merge;
mod miniature;
mod new;
mod next;
#[cfg(feature = "grade")]
mod no_namespaces;
mod no_ptrace;
mod outcomes;
mod outputs;
#[cfg(feature = "grade")]
mod page;
mod play;
#[cfg(feature = "tui")]
mod play_screen;
mod readme;
mod rebuild;
mod refusals;
mod renumbered;
#[cfg(feature = "grade")]
mod report;
#[cfg(feature = "grade")]
mod rosters;
#[cfg(feature = "grade")]
mod score;
mod screen;
mod solutions;
mod soundness;
mod surroundings;
mod trace;
#[cfg(feature = "grade")]
mod unjudged;
#[cfg(feature = "grade")]
mod uploads;
mod workbooks;
