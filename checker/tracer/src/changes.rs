//! Calls that change what all threads of a process share.

use std::collections::BTreeSet;

use nix::sys::signal::Signal;

/// The calls to look at.
pub(crate) const CALLS: &[&str] = &[
    "rt_sigaction",
    "chdir",
    "fchdir",
    "chroot",
    "umask",
    "close",
    "close_range",
    "dup2",
    "dup3",
    "fcntl",
    "setrlimit",
    "prlimit64",
    "setpgid",
    "setsid",
    "alarm",
    "setitimer",
];

/// The C library's own signals (nptl(7)), which it sets up with the first thread.
const OF_THE_LIBRARY: [i32; 3] = [32, 33, 34];

/// In words, what this call changes of a process that had the descriptors `given` before; `None` if it is nothing.
pub(crate) fn told(call: &str, args: &[u64; 6], given: &BTreeSet<i32>) -> Option<String> {
    let number = |index: usize| args[index] as i32;
    let is_given = |index: usize| given.contains(&number(index));
    let what = match call {
        // Without an action it only asks.
        "rt_sigaction" if args[1] == 0 || OF_THE_LIBRARY.contains(&number(0)) => return None,
        "rt_sigaction" => format!("sets the disposition of {}", signal(number(0))),
        "chdir" | "fchdir" => "changes the directory".to_owned(),
        "umask" => "sets the umask".to_owned(),
        "close" if is_given(0) => format!("closes the caller's descriptor {}", number(0)),
        "dup2" | "dup3" if is_given(1) && args[0] != args[1] => {
            format!("replaces the caller's descriptor {}", number(1))
        }
        "fcntl" if is_given(0) && [libc::F_SETFD, libc::F_SETFL].contains(&number(1)) => {
            format!("sets flags of the caller's descriptor {}", number(0))
        }
        "close_range" if given.iter().any(|fd| args[0] <= *fd as u64 && *fd as u64 <= args[1]) => {
            "closes or marks the caller's descriptors".to_owned()
        }
        "prlimit64" if args[2] == 0 => return None,
        "close" | "dup2" | "dup3" | "fcntl" | "close_range" => return None,
        other => format!("calls {other}"),
    };
    Some(what)
}

fn signal(number: i32) -> String {
    Signal::try_from(number).map_or(format!("signal {number}"), |signal| signal.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_asks_and_what_is_the_callers_own_is_no_change() {
        let given = BTreeSet::from([0, 1, 2]);
        let pipe = libc::SIGPIPE as u64;
        assert_eq!(told("rt_sigaction", &[pipe, 0, 1, 8, 0, 0], &given), None);
        assert_eq!(told("close", &[3, 0, 0, 0, 0, 0], &given), None);
        assert_eq!(told("dup3", &[3, 4, 0, 0, 0, 0], &given), None);
        let sets = told("rt_sigaction", &[pipe, 1, 0, 8, 0, 0], &given);
        assert_eq!(sets.as_deref(), Some("sets the disposition of SIGPIPE"));
        let closes = told("close", &[2, 0, 0, 0, 0, 0], &given);
        assert_eq!(closes.as_deref(), Some("closes the caller's descriptor 2"));
        assert_eq!(told("umask", &[0; 6], &given).as_deref(), Some("sets the umask"));
    }
}
