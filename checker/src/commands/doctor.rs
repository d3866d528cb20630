//! `checker doctor`: what the machine has, what is lost without it, what to do.

use std::path::Path;
use std::process::Command;

use crate::findings::{Finding, Shortfall};
use crate::judge::run_tests::ROOM_TO_RUN;
use crate::report::{Report, Reporter};
use crate::system::files;
use crate::system::scratch::temporary;
use crate::system::worker_pool;
use crate::workbook::Workbook;
use crate::workbook::capability::Capability;
use crate::workbook::curriculum::Exercise;
use crate::{Error, Exit};

use super::Session;

/// The disk space that a build of all exercises may take, in MiB.
const DISK_MIB: u64 = 2048;

/// Looks at everything; exit 3 if something is missing without which nothing works.
pub fn doctor(session: &Session, reporter: &mut dyn Reporter) -> Result<Exit, Error> {
    let findings = [
        kernel(),
        toolchain(&session.workbook),
        linker(),
        #[cfg(feature = "grade")]
        isolation(),
        ptrace(&session.workbook),
        cores(),
        limits(),
        disk(&session.workbook),
        temporary_files(),
    ];
    reporter.report(Report::Machine(&findings));
    let fatal =
        findings.iter().any(|finding| finding.shortfall.as_ref().is_some_and(|short| short.fatal));
    Ok(if fatal { Exit::Fault } else { Exit::Passed })
}

fn finding(name: &'static str, found: impl Into<String>, shortfall: Option<Shortfall>) -> Finding {
    Finding { name, found: found.into(), shortfall }
}

fn short(fatal: bool, lost: &str, remedy: &str) -> Option<Shortfall> {
    Some(Shortfall { fatal, lost: lost.to_owned(), remedy: remedy.to_owned() })
}

fn kernel() -> Finding {
    let release = nix::sys::utsname::uname()
        .map(|name| name.release().to_string_lossy().into_owned())
        .unwrap_or_default();
    let shortfall = match version(&release) {
        Some(version) if version >= (5, 4) => None,
        _ => short(
            true,
            "the checker waits on pidfds, which Linux has since 5.4",
            "use a newer kernel, or the dev container on a newer host",
        ),
    };
    finding("kernel", format!("Linux {release}"), shortfall)
}

fn toolchain(workbook: &Workbook) -> Finding {
    let needed = std::fs::read_to_string(workbook.root.join("Cargo.toml"))
        .ok()
        .and_then(|text| text.parse::<toml::Table>().ok())
        .and_then(|manifest| {
            let package = manifest.get("workspace")?.get("package")?;
            Some(package.get("rust-version")?.as_str()?.to_owned())
        });
    let Some(found) = first_line_of("rustc", "--version") else {
        return finding(
            "toolchain",
            "no rustc",
            short(
                true,
                "nothing can be compiled",
                "install Rust: https://rustup.rs, or the packages rustc and cargo of your system",
            ),
        );
    };
    let number = found.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let shortfall = match (version(&number), needed.as_deref().and_then(version)) {
        (Some(found), Some(needed)) if found < needed => {
            short(true, "the workbook needs a newer Rust to compile", "rustup update stable")
        }
        _ => None,
    };
    let needed = needed.map(|needed| format!(" (needed: {needed})")).unwrap_or_default();
    finding("toolchain", format!("{found}{needed}"), shortfall)
}

fn linker() -> Finding {
    match first_line_of("cc", "--version") {
        Some(found) => finding("linker", found, None),
        None => finding(
            "linker",
            "no cc",
            short(
                true,
                "programs cannot be linked",
                "install a C compiler: apt-get install gcc, dnf install gcc, pacman -S gcc",
            ),
        ),
    }
}

/// What would hold a stranger's program.
#[cfg(feature = "grade")]
fn isolation() -> Finding {
    let layers = match sandbox::available_layers() {
        Ok(layers) => layers,
        Err(error) => {
            let lost = "what would hold a stranger's program is not known";
            return finding("isolation", format!("unknown: {error}"), short(false, lost, "-"));
        }
    };
    let shortfall = if layers.missing.is_empty() {
        None
    } else {
        short(
            false,
            &format!(
                "for programs of strangers: {}. Your own are supervised, limited and cleaned up \
                 without it",
                layers.missing_in_words()
            ),
            "ask the administrator for user.max_user_namespaces > 0 (namespaces(7)); \
             in a container, its security profile decides",
        )
    };
    finding("isolation", layers.held_in_words(), shortfall)
}

fn ptrace(workbook: &Workbook) -> Finding {
    let mut lost = "timelines of processes, and the system call in the report of a hang".to_owned();
    let needs_it =
        |exercise: &&Exercise| exercise.needs.values().any(|need| *need == Capability::Ptrace);
    let exercises: Vec<&str> = workbook
        .curriculum
        .exercises
        .iter()
        .filter(needs_it)
        .map(|exercise| exercise.name.as_str())
        .collect();
    if !exercises.is_empty() {
        lost.push_str(&format!("; tests of {} are skipped", exercises.join(", ")));
    }
    match sandbox::probe::ptrace() {
        Ok(()) => finding("ptrace", "a child can be traced", None),
        Err(error) => finding(
            "ptrace",
            format!("no tracing: {error}"),
            short(false, &lost, "in a container: run it with --cap-add=SYS_PTRACE"),
        ),
    }
}

fn cores() -> Finding {
    let count = worker_pool::cores();
    let shortfall = if count > 1 {
        None
    } else {
        short(false, "speed; threads still take turns, and the tests do not depend on more", "-")
    };
    finding("cores", count.to_string(), shortfall)
}

/// What this user may use: soft limits do not matter, the checker sets them.
fn limits() -> Finding {
    let lost = "programs would fail for want of it, so nothing is judged";
    match sandbox::lack() {
        Ok(None) => finding("limits", "as high as programs need", None),
        Ok(Some(lack)) => finding("limits", "too low", short(true, lost, &lack)),
        Err(error) => finding("limits", format!("unknown: {error}"), None),
    }
}

fn temporary_files() -> Finding {
    const NAME: &str = "temporary";
    let lost = "tests keep their logs there, so nothing is judged";
    let directory = match temporary() {
        Ok(directory) => directory,
        Err(error) => return finding(NAME, "no directory", short(true, lost, &error.to_string())),
    };
    let shown = directory.display().to_string();
    match files::room(&directory, ROOM_TO_RUN) {
        Ok(()) => finding(NAME, format!("{shown} can be written"), None),
        Err(error) => finding(NAME, shown, short(true, lost, &error.to_string())),
    }
}

fn disk(workbook: &Workbook) -> Finding {
    let free = nix::sys::statvfs::statvfs(&workbook.root)
        .map(|stat| stat.blocks_available() * stat.fragment_size() / (1 << 20));
    match free {
        Ok(free) if free >= DISK_MIB => finding("disk", format!("{free} MiB free"), None),
        Ok(free) => finding(
            "disk",
            format!("{free} MiB free"),
            short(
                free < DISK_MIB / 8,
                "a build of all exercises takes up to 2 GiB",
                "free some space, or remove target/ (it is built anew)",
            ),
        ),
        Err(error) => finding("disk", format!("unknown: {error}"), None),
    }
}

fn first_line_of(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(Path::new(program)).arg(argument).output().ok()?;
    if !output.status.success() {
        return None;
    }
    Some(String::from_utf8_lossy(&output.stdout).lines().next()?.to_owned())
}

/// Major and minor number of `6.1.0-x` or `1.89`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(version("5.10.0-arm64") > version("5.4"));
        assert_eq!(version("1.95.0-nightly"), Some((1, 95)));
        assert_eq!(version("x"), None);
    }
}
