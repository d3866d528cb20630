//! A container of the strict kind: no new namespaces, and root has no capability. Grading goes on with what
//! is left.
#![allow(unsafe_code)]

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::class::{Class, judged};
use crate::miniature::Finished;
use crate::refusals::{NUMBER, instruction, refuse};

/// Where a filter finds the lower half of the call's first argument: `seccomp_data`, seccomp(2).
const FIRST_ARGUMENT: u32 = 16;

const NAMESPACES: libc::c_int = libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP;

fn refuse_namespaces(command: &mut Command) {
    let load = |what| instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, what);
    let is = |call: libc::c_long, jt, jf| {
        instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, jt, jf, call as u32)
    };
    let end = |how| instruction(libc::BPF_RET, 0, 0, how);
    refuse(
        command,
        &[
            load(NUMBER),
            // Its flags lie behind a pointer. Where it is unknown, libraries use clone(2).
            is(libc::SYS_clone3, 4, 0),
            is(libc::SYS_clone, 1, 0),
            is(libc::SYS_unshare, 0, 3),
            load(FIRST_ARGUMENT),
            instruction(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, 2, 1, NAMESPACES as u32),
            end(libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32),
            end(libc::SECCOMP_RET_ALLOW),
            end(libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        ],
    );
}

/// Takes from root what its next exec would give it: a program that it starts has no capability
/// (capabilities(7)). An ordinary user has none to lose.
fn drop_bounding_set(command: &mut Command) {
    let drop_all = || {
        for capability in 0..64 {
            // SAFETY: this prctl takes numbers only (PR_CAPBSET_DROP(2const)). It fails for who has no right to
            // drop any, and for numbers that no capability has.
            unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        }
        Ok(())
    };
    // SAFETY: prctl(2) is a system call that allocates nothing, as is allowed between fork and exec
    // (signal-safety(7)).
    unsafe { command.pre_exec(drop_all) };
}

fn grade(class: &Class, more: &[&str]) -> Finished {
    let arguments = class.arguments(more);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut command = class.workbook.command(&arguments);
    drop_bounding_set(&mut command);
    refuse_namespaces(&mut command);
    Finished::of(command.output().unwrap())
}

#[test]
fn without_namespaces_everybody_is_judged_and_the_layers_that_are_left_are_said() {
    let class = Class::new();
    class.student("ada", "right", None);
    class.student("bob", "wrong_answer", None);
    class.student("eve", "compile_error", None);
    let finished = grade(&class, &["--format", "json", "--only", "answer"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(
        judged(&finished),
        ["ada answer passed", "bob answer failed", "eve answer does_not_compile"]
    );
    let warning = finished.event("warning");
    let text = warning["message"].as_str().unwrap();
    assert!(text.contains("user-ns") && text.contains("private-root"), "{text}");
}

#[test]
fn without_namespaces_nothing_is_run_if_isolation_is_required() {
    let class = Class::new();
    class.student("ada", "right", None);
    let finished = grade(&class, &["--format", "json", "--require-isolation"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert_eq!(judged(&finished), Vec::<String>::new());
}
