//! Runs the program that standard input describes and prints what was seen, both as JSON.
//!
//! With the argument `layers` it prints which layers this host allows. With `on-a-host-that-refuses`
//! and the name of something, it first has itself refused that, as a container's profile does.

use std::collections::BTreeMap;

use sandbox::{Observation, Stop};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

fn main() {
    sandbox::supervise_if_asked();
    let args: Vec<String> = std::env::args().collect();
    if let [_, argument, what] = args.as_slice()
        && argument == "on-a-host-that-refuses"
    {
        refuse(what);
    }
    if std::env::args().nth(1).is_some_and(|argument| argument == "layers") {
        let layers = sandbox::available_layers().expect("the layers can be found out");
        return println!("{}", serde_json::to_string(&layers).expect("layers are JSON"));
    }
    let program = serde_json::from_reader(std::io::stdin().lock()).expect("a program as JSON");
    let stop = Stop::on_signals().expect("a pipe can be made");
    let seen: Result<Observation, String> =
        sandbox::run(&program, &stop).map_err(|error| error.to_string());
    println!("{}", serde_json::to_string(&seen).expect("an observation is JSON"));
}

/// Refuses a system call with the errno that hosts refuse it with.
fn refuse(what: &str) {
    let namespace = |flag: libc::c_int| {
        let flag = flag as u64;
        let is_set = SeccompCmpOp::MaskedEq(flag);
        let condition = SeccompCondition::new(0, SeccompCmpArgLen::Dword, is_set, flag)?;
        Ok::<_, seccompiler::BackendError>(vec![SeccompRule::new(vec![condition])?])
    };
    let (call, rules, errno) = match what {
        "user namespaces" => (libc::SYS_clone, namespace(libc::CLONE_NEWUSER), libc::EPERM),
        "PID namespaces" => (libc::SYS_clone, namespace(libc::CLONE_NEWPID), libc::EPERM),
        "mounts" => (libc::SYS_mount, Ok(Vec::new()), libc::EACCES),
        "mount attributes" => (libc::SYS_mount_setattr, Ok(Vec::new()), libc::ENOSYS),
        "interfaces" => (libc::SYS_ioctl, Ok(Vec::new()), libc::EPERM),
        "Landlock" => (libc::SYS_landlock_create_ruleset, Ok(Vec::new()), libc::ENOSYS),
        _ => panic!("no host refuses {what}"),
    };
    let rules = BTreeMap::from([(call, rules.expect("the rule is valid"))]);
    let action = SeccompAction::Errno(errno as u32);
    let architecture = std::env::consts::ARCH.try_into().expect("seccomp knows it");
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, architecture);
    let filter: BpfProgram = filter.and_then(TryInto::try_into).expect("the filter is valid");
    seccompiler::apply_filter(&filter).expect("this host has seccomp");
}
