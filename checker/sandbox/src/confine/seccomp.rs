//! seccomp: system calls that no exercise needs, and that kernels have been attacked through.
//!
//! It is a list of what is refused: a list of what is allowed would fail right programs whenever a
//! library learns a new call. The rights behind most of these are gone with the capabilities; here
//! goes the code of the kernel that would find that out. `ptrace` stays: exercises are about it,
//! and it reaches no further than the program's own processes.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule,
};

/// Refused with EPERM, whatever their arguments.
const REFUSED: &[libc::c_long] = &[
    // Mounts and roots.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_quotactl,
    libc::SYS_acct,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_fanotify_init,
    // Other namespaces than the given ones; see also `NEW_NAMESPACES`.
    libc::SYS_setns,
    // The kernel and its clock.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    libc::SYS_vhangup,
    // Keys outlive processes, and no namespace but the user's own keeps them apart.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // Means of many attacks on the kernel. io_uring also does what other calls are refused for.
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// Each flag of clone(2) and unshare(2) that asks for a namespace. CLONE_NEWTIME is one of unshare
/// only; for clone that bit belongs to the signal's number.
const NEW_NAMESPACES: &[libc::c_int] = &[
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];

/// The filters of a confined program, in the order in which to install them.
pub(crate) fn filters() -> Result<Vec<BpfProgram>, BackendError> {
    Ok(vec![
        filter(refused()?, libc::EPERM)?,
        // clone3 has its flags behind a pointer, which a filter cannot follow. Where it is unknown
        // to the kernel, libraries use clone instead.
        filter([(libc::SYS_clone3, vec![])].into(), libc::ENOSYS)?,
        #[cfg(target_arch = "x86_64")]
        no_x32(),
    ])
}

/// Installs the filters for this process; for finding out whether they can be.
pub(crate) fn try_on_this_process() -> std::io::Result<()> {
    for filter in filters().map_err(std::io::Error::other)? {
        seccompiler::apply_filter(&filter).map_err(std::io::Error::other)?;
    }
    Ok(())
}

fn refused() -> Result<BTreeMap<i64, Vec<SeccompRule>>, BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    let mut namespaces = asks_for_any(NEW_NAMESPACES)?;
    rules.insert(libc::SYS_clone, namespaces.clone());
    namespaces.append(&mut asks_for_any(&[libc::CLONE_NEWTIME])?);
    rules.insert(libc::SYS_unshare, namespaces);
    rules.insert(libc::SYS_socket, vec![other_family()?]);
    rules.insert(libc::SYS_socketpair, vec![other_family()?]);
    rules.insert(libc::SYS_prlimit64, vec![limits_of_another_process()?]);
    Ok(rules)
}

/// One rule for each flag: any of them is enough.
fn asks_for_any(flags: &[libc::c_int]) -> Result<Vec<SeccompRule>, BackendError> {
    let rule = |flag: &libc::c_int| {
        let flag = *flag as u64;
        SeccompRule::new(vec![argument(0, SeccompCmpOp::MaskedEq(flag), flag)?])
    };
    flags.iter().map(rule).collect()
}

/// What the exercises talk through. AF_VSOCK, for one, leads out of every network namespace.
fn other_family() -> Result<SeccompRule, BackendError> {
    let families = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6];
    let conditions = families.map(|family| argument(0, SeccompCmpOp::Ne, family as u64));
    SeccompRule::new(conditions.into_iter().collect::<Result<_, _>>()?)
}

/// The supervisor may have the program's own user, who could take its descriptors or its CPU time.
fn limits_of_another_process() -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![
        argument(0, SeccompCmpOp::Ne, 0)?,
        SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?,
    ])
}

fn argument(
    number: u8,
    operator: SeccompCmpOp,
    value: u64,
) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(number, SeccompCmpArgLen::Dword, operator, value)
}

fn filter(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    errno: libc::c_int,
) -> Result<BpfProgram, BackendError> {
    let refuse = SeccompAction::Errno(errno as u32);
    let architecture = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::Allow, refuse, architecture)?.try_into()
}

/// The x32 calls have the numbers of the others with one bit set, and would pass every rule.
#[cfg(target_arch = "x86_64")]
fn no_x32() -> BpfProgram {
    /// `__X32_SYSCALL_BIT` of the kernel's `asm/unistd.h`.
    const X32: u32 = 0x4000_0000;
    let instruction = |code: u32, jt: u8, jf: u8, k: u32| seccompiler::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    vec![
        // `nr` is the first field of `struct seccomp_data`: seccomp(2).
        instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        instruction(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 0, 1, X32),
        instruction(
            libc::BPF_RET | libc::BPF_K,
            0,
            0,
            libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32,
        ),
        instruction(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}
