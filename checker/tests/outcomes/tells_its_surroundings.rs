//! Says what its process has inherited.

/// The answer.
pub fn answer() -> u32 {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/self/{file}")).unwrap();
    // Of this thread: the first one blocks signals while it starts another.
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let of_signals = ["Umask", "SigBlk", "SigIgn"];
    let mut told: Vec<String> = status
        .lines()
        .filter(|line| of_signals.iter().any(|name| line.starts_with(name)))
        .map(str::to_owned)
        .collect();
    // The limit of processes depends on how many there are.
    let limits = read("limits");
    told.extend(limits.lines().filter(|line| !line.contains("processes")).map(str::to_owned));
    told.push(format!("personality {}", read("personality").trim()));
    let stat = read("stat");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    told.push(format!("terminal {}, policy {}", fields[4], fields[38]));
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap();
    // libtest's log, and this directory.
    told.push(format!("{} descriptors", descriptors.count()));
    told.push(format!("stdin {}", std::fs::read_link("/proc/self/fd/0").unwrap().display()));
    panic!("{}", told.join("\n"));
}
