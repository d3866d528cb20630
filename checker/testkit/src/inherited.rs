//! What a new process or thread has from its maker, as the kernel tells it.

use std::fs;

use crate::procfs::status_field;

/// Fields of `/proc/thread-self/stat`, by their number in proc_pid_stat(5).
const STAT: [(&str, usize); 6] = [
    ("the process group", 5),
    ("the session", 6),
    ("the controlling terminal", 7),
    ("the nice value", 19),
    ("the real-time priority", 40),
    ("the scheduling policy", 41),
];

/// Lines of `/proc/thread-self/status` (proc_pid_status(5)).
const STATUS: [(&str, &str); 9] = [
    ("the umask", "Umask:"),
    ("the user", "Uid:"),
    ("the group", "Gid:"),
    ("the blocked signals", "SigBlk:"),
    ("the ignored signals", "SigIgn:"),
    ("the capabilities", "CapEff:"),
    ("no new privileges", "NoNewPrivs:"),
    ("the system-call filter", "Seccomp:"),
    ("the CPUs", "Cpus_allowed:"),
];

/// Files of `/proc/thread-self` (proc_pid_limits(5) and the pages beside it).
const FILES: [(&str, &str); 3] = [
    ("the resource limits", "limits"),
    ("the name", "comm"),
    ("the out-of-memory adjustment", "oom_score_adj"),
];

/// What the calling thread and its process have, each with its name. In a child or in a thread that has just been
/// made all of it is as in its maker (fork(2), pthread_create(3)).
pub fn inherited() -> Vec<(&'static str, String)> {
    let stat = fs::read_to_string("/proc/thread-self/stat").unwrap_or_default();
    // The second field is a name in parentheses, which may contain spaces.
    let (_, after_the_name) = stat.rsplit_once(") ").unwrap_or_default();
    let fields: Vec<&str> = after_the_name.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3).map(|it| (*it).to_owned());
    let thread = nix::unistd::gettid().as_raw();
    let of_stat = STAT.iter().map(|(name, number)| (*name, field(*number)));
    let of_status = STATUS.iter().map(|(name, line)| (*name, status_field(thread, line)));
    let of_files = FILES
        .iter()
        .map(|(name, file)| (*name, fs::read_to_string(format!("/proc/thread-self/{file}")).ok()));
    let all = of_stat.chain(of_status).chain(of_files);
    all.map(|(name, value)| (name, value.unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_thread_has_all_of_its_makers_and_a_change_is_seen() {
        let here = inherited();
        assert!(
            here.iter().all(|(name, value)| !value.is_empty() || *name == "the name"),
            "{here:?}"
        );
        let (there, renamed) = std::thread::scope(|scope| {
            let there = scope.spawn(inherited).join().unwrap();
            let renamed = std::thread::Builder::new().name("another".to_owned());
            (there, renamed.spawn_scoped(scope, inherited).unwrap().join().unwrap())
        });
        let differ = |other: &[(&str, String)]| -> Vec<&str> {
            let pairs = here.iter().zip(other);
            pairs.filter(|(a, b)| a != b).map(|(a, _)| a.0).collect()
        };
        assert_eq!(differ(&there), Vec::<&str>::new());
        assert_eq!(differ(&renamed), ["the name"]);
    }
}
