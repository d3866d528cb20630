//! Timelines of real programs.

use std::fs;
use std::time::Duration;

use tracer::{
    Answer, Asked, Birth, Disposition, End, Error, Event, Program, Reaped, Timeline, Waits,
};

fn shell(script: &str) -> Program {
    Program::new("/bin/sh").args(["-c", script])
}

fn timeline(script: &str) -> Timeline {
    shell(script).run().expect("this machine allows tracing")
}

/// The timeline of an ignored test of this program.
fn timeline_of(test: &str) -> Timeline {
    Program::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", test, "--test-threads=1"])
        .run()
        .unwrap()
}

fn events<'a>(timeline: &'a Timeline, name: &str) -> &'a [Event] {
    &timeline.process(name).unwrap_or_else(|| panic!("no {name} in\n{timeline}")).events
}

fn what_is_open(timeline: &Timeline, name: &str) -> Vec<String> {
    let open = timeline.process(name).unwrap().descriptors_at_exec().unwrap();
    open.iter().map(ToString::to_string).collect()
}

#[test]
fn an_exit_code_and_both_outputs_are_seen() {
    let timeline = timeline("echo out; echo err >&2; exit 3");
    assert_eq!(timeline.root().end, End::Exited(3));
    assert_eq!(timeline.root().reaped, Reaped::ByTracer);
    assert_eq!((timeline.stdout.as_str(), timeline.stderr.as_str()), ("out\n", "err\n"));
    assert!(timeline.stuck.is_none() && timeline.too_much.is_none());
}

#[test]
fn a_child_is_forked_becomes_a_program_and_is_reaped() {
    let timeline = timeline("/bin/true; exit 0");
    let root = events(&timeline, "P1");
    assert!(
        root.contains(&Event::Birth { by: Birth::Fork, child: "P1.1".into() })
            || root.contains(&Event::Birth { by: Birth::Vfork, child: "P1.1".into() }),
        "{timeline}"
    );
    assert_eq!(timeline.process("P1.1").unwrap().program(), Some("true"));
    assert_eq!(timeline.process("P1.1").unwrap().reaped, Reaped::By("P1".into()));
    assert!(timeline.unreaped().is_empty());
}

#[test]
fn what_is_open_at_an_exec_is_listed_by_name() {
    let timeline = timeline("cat | cat >/dev/null");
    assert_eq!(what_is_open(&timeline, "P1.1"), ["0=/dev/null", "1=pipe1.w", "2=stderr"]);
    assert_eq!(what_is_open(&timeline, "P1.2"), ["0=pipe1.r", "1=/dev/null", "2=stderr"]);
}

#[test]
fn a_signal_that_ends_a_process_is_its_end() {
    let timeline = timeline("sh -c 'kill -TERM $$'; exit 0");
    assert_eq!(timeline.process("P1.1").unwrap().end, End::Signalled(libc::SIGTERM));
}

#[test]
fn input_is_given_and_without_it_there_is_none() {
    assert_eq!(shell("cat").stdin("abc").run().unwrap().stdout, "abc");
    assert_eq!(timeline("cat").stdout, "");
    let much = vec![b'.'; 300_000];
    assert_eq!(shell("cat").stdin(much).run().unwrap().stdout.len(), 300_000);
}

#[test]
fn a_program_that_does_not_exist_is_an_error_that_names_it() {
    let error = Program::new("/no/such/program").run().unwrap_err();
    assert!(matches!(error, Error::Start { .. }), "{error}");
    assert!(error.to_string().contains("/no/such/program"), "{error}");
}

#[test]
fn a_stuck_pipeline_says_who_waits_for_what_and_who_holds_the_other_end() {
    // `sleep` has inherited the write end, and the shell waits for the reader.
    let timeline = shell("{ sh -c 'kill -STOP $$' & } | cat").run().unwrap();
    let stuck = timeline.stuck.as_ref().unwrap_or_else(|| panic!("not stuck:\n{timeline}"));
    assert!(stuck.for_ever, "{stuck}");
    let text = stuck.to_string();
    let wanted = "P1.2 waits in read(pipe1.r): its write end is still open in P1.1.1 (fd 1)";
    assert!(text.contains(wanted), "{text}");
    assert!(text.contains("P1.1.1 is stopped by SIGSTOP"), "{text}");
    assert_eq!(timeline.left_running().len(), 3, "{timeline}");
}

#[test]
fn a_full_pipe_that_nobody_reads_is_explained() {
    let timeline = shell("{ head -c 1000000 /dev/zero; } | sh -c 'kill -STOP $$'").run().unwrap();
    let stuck = timeline.stuck.as_ref().unwrap_or_else(|| panic!("not stuck:\n{timeline}"));
    let writer = stuck.waiting.iter().find(|waiting| match &waiting.waits {
        Waits::Pipes { call, .. } => call == "write",
        _ => false,
    });
    let text = writer.unwrap_or_else(|| panic!("no writer: {stuck}")).to_string();
    assert!(text.contains("it is full, and its read end is open in P1.2 (fd 0)"), "{text}");
}

#[test]
fn a_sleeper_is_not_stuck_for_ever_but_meets_the_deadline() {
    let timeline = shell("sleep 1000").deadline(Duration::from_millis(100)).run().unwrap();
    let stuck = timeline.stuck.as_ref().unwrap();
    assert!(!stuck.for_ever);
    assert!(stuck.to_string().contains("waits in sleep"), "{stuck}");
}

#[test]
fn a_busy_program_is_cut_at_the_deadline_and_is_not_called_waiting() {
    let timeline = shell("while :; do :; done").deadline(Duration::from_millis(100)).run().unwrap();
    assert_eq!(timeline.root().end, End::Cut);
    assert_eq!(timeline.stuck.unwrap().to_string(), "P1 is not waiting: it runs and runs");
}

#[test]
fn what_is_left_behind_asleep_is_cut_without_waiting_for_the_deadline() {
    let timeline = timeline("sleep 1000 & exit 0");
    assert_eq!(timeline.root().end, End::Exited(0));
    let left: Vec<&str> = timeline.left_running().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(left, ["P1.1"]);
    assert_eq!(timeline.unreaped().len(), 1);
    // The tracer's deadline is 10 s; `sleep` would have taken much longer than the test may.
    assert!(timeline.stuck.unwrap().to_string().contains("P1.1 waits in sleep"));
}

#[test]
fn waits_for_any_child_come_in_the_order_of_the_children() {
    let timeline = timeline("(exit 1) & (exit 2) & (exit 3) & wait");
    let reaped: Vec<&str> = events(&timeline, "P1")
        .iter()
        .filter_map(|event| match event {
            Event::Wait { asked: Asked::Any, answer: Answer::Reaped { child, .. } } => {
                Some(child.as_str())
            }
            _ => None,
        })
        .collect();
    assert_eq!(reaped, ["P1.1", "P1.2", "P1.3"]);
}

#[test]
fn a_zombie_that_nobody_waits_for_is_named() {
    // The shell becomes a program that knows nothing of its child.
    let timeline = timeline("true & exec sh -c ': ; exit 0' ");
    let unreaped: Vec<&str> = timeline.unreaped().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(unreaped, ["P1.1"], "{timeline}");
}

#[test]
fn a_signal_tells_its_sender_and_comes_when_the_other_is_at_rest() {
    let script = "sh -c 'read line' <&0 & kill -TERM $!; wait $!; exit 0";
    let one = shell(script).stdin("").run().unwrap();
    let child = one.process("P1.1").unwrap();
    // It had read to the end of its input by the time of the signal, always.
    assert_eq!(child.end, End::Exited(1), "{one}");
    let script = "sleep 1000 & kill -TERM $!; wait $!; exit 0";
    let other = timeline(script);
    let child = other.process("P1.1").unwrap();
    let signal = Event::Signal { signal: libc::SIGTERM, from: Some("P1".into()) };
    assert_eq!(child.events[child.events.len() - 2..][0], signal, "{other}");
    assert_eq!(child.program(), Some("sleep"));
}

#[test]
fn a_stopped_process_is_seen_to_be_stopped_and_can_be_continued() {
    // Field 3 of its stat file is `T`, as without a tracer.
    let script = "sh -c 'kill -STOP $$; exit 5' & \
        while read _ _ state _ < /proc/$!/stat; do case $state in T) break; esac; done; \
        kill -CONT $!; wait $!; exit $?";
    let timeline = timeline(script);
    assert_eq!(timeline.root().end, End::Exited(5), "{timeline}");
    let signals: Vec<String> = events(&timeline, "P1.1")
        .iter()
        .filter(|event| matches!(event, Event::Signal { .. }))
        .map(ToString::to_string)
        .collect();
    assert_eq!(signals, ["SIGSTOP from itself", "SIGCONT from P1"]);
}

#[test]
fn a_disposition_of_sigchld_is_told() {
    let timeline = timeline("trap '' CHLD; true & sleep 0; exit 0");
    let ignored = Event::Sigchld { to: Disposition::Ignored };
    // Some shells keep a handler whatever `trap` says: then nothing is claimed.
    if events(&timeline, "P1").contains(&ignored) {
        assert_eq!(timeline.process("P1.1").unwrap().reaped, Reaped::Ignored);
    }
}

#[test]
fn a_flood_of_output_is_cut() {
    let timeline = timeline("cat /dev/zero");
    assert!(timeline.too_much.unwrap().contains("output"));
    assert!(timeline.stdout.len() <= 1 << 20);
}

#[test]
fn a_flood_of_processes_is_cut_and_nothing_is_left() {
    let timeline = shell("f() { f & f & wait; }; f").run().unwrap();
    assert!(timeline.too_much.as_ref().is_some_and(|what| what.contains("processes")));
    let marker = fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let cmdline = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&cmdline).contains("f() { f & f & wait; }; f")
    });
    assert_eq!(marker.count(), 0);
}

#[test]
fn with_and_without_the_filter_the_timeline_is_the_same() {
    for script in ["cat </dev/null | wc -c", "sleep 0 & wait; exit 4", "sh -c 'kill -ABRT $$'"] {
        let filtered = shell(script).run().unwrap();
        let every_call = shell(script).every_call().run().unwrap();
        assert_eq!(filtered.to_string(), every_call.to_string(), "{script}");
        assert_eq!(filtered, every_call);
    }
}

#[test]
fn runs_at_the_same_time_do_not_disturb_each_other() {
    let alone = timeline("cat </dev/null | wc -c");
    std::thread::scope(|scope| {
        let runs: Vec<_> =
            (0..4).map(|_| scope.spawn(|| timeline("cat </dev/null | wc -c"))).collect();
        for run in runs {
            assert_eq!(run.join().unwrap(), alone);
        }
    });
}

#[test]
fn other_children_of_the_caller_keep_their_status() {
    let mut other = std::process::Command::new("/bin/sh").args(["-c", "exit 9"]).spawn().unwrap();
    timeline("true");
    assert_eq!(other.wait().unwrap().code(), Some(9));
}

#[test]
fn a_suspended_parent_is_told_with_what_its_child_did() {
    // Rust's Command calls posix_spawn, which calls vfork or its like.
    let timeline = timeline_of("spawns_a_program");
    let suspensions = timeline.suspended();
    let [suspension] = suspensions.as_slice() else { panic!("{timeline}") };
    assert!(matches!(suspension.until, Some(Event::Exec { program, .. }) if program == "true"));
    assert!(!suspension.meanwhile.iter().any(|event| matches!(event, Event::Write { .. })));
}

#[test]
#[ignore = "not a test: the program of another one"]
fn spawns_a_program() {
    assert!(std::process::Command::new("/bin/true").status().unwrap().success());
}

#[test]
fn a_look_in_passing_is_not_told_whatever_it_finds() {
    let timeline = timeline_of("looks_at_its_child_again_and_again");
    let is_look = |event: &&Event| matches!(event, Event::Wait { answer: Answer::Seen { .. }, .. });
    // libtest runs a test in a thread of its own.
    let [thread] = timeline.root().threads.as_slice() else { panic!("{timeline}") };
    assert_eq!(thread.events.iter().filter(is_look).count(), 1, "{timeline}");
    assert!(timeline.unreaped().is_empty(), "{timeline}");
}

#[test]
#[ignore = "not a test: the program of another one"]
fn looks_at_its_child_again_and_again() {
    use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
    let mut child = std::process::Command::new("/bin/true").spawn().unwrap();
    let look =
        |flags| waitid(Id::All, flags | WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).unwrap();
    while look(WaitPidFlag::WNOHANG) == WaitStatus::StillAlive {}
    // The only look that sleeps until there is something to see.
    look(WaitPidFlag::empty());
    look(WaitPidFlag::WNOHANG);
    assert!(child.wait().unwrap().success());
}

/// What the thread of a test of this program did, as text.
fn steps_of(test: &str) -> Vec<String> {
    let timeline = timeline_of(test);
    assert_eq!(timeline.root().end, End::Exited(0), "{timeline}");
    let [thread] = timeline.root().threads.as_slice() else { panic!("{timeline}") };
    let steps = thread.events.iter().map(ToString::to_string);
    let steps = steps.skip_while(|step| step != "write eventfd").take_while(|step| step != "ends");
    // The numbers of descriptors depend on who starts the test.
    steps.filter(|step| !step.starts_with("close")).collect()
}

#[test]
fn an_event_loop_is_told_by_what_was_ready_and_what_it_did_then() {
    let steps = [
        "write eventfd",
        "epoll_wait: eventfd",
        "read eventfd",
        "sets a timer",
        "epoll_wait: timerfd",
        "read timerfd",
        "stops a timer",
        "epoll_wait: nothing",
        "write eventfd",
        "epoll_wait: eventfd, pipe1.r",
        "epoll_wait: eventfd, something",
    ];
    let told = steps_of("waits_for_this_and_that");
    assert_eq!(told[..steps.len()], steps, "{told:#?}");
}

#[test]
#[ignore = "not a test: the program of another one"]
fn waits_for_this_and_that() {
    use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
    use nix::sys::eventfd::EventFd;
    use nix::sys::time::TimeSpec;
    use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
    let epoll = Epoll::new(EpollCreateFlags::empty()).unwrap();
    let wait = |timeout: EpollTimeout| {
        epoll.wait(&mut [EpollEvent::empty(); 4], timeout).unwrap();
    };
    let (bell, (reader, writer)) = (EventFd::new().unwrap(), std::io::pipe().unwrap());
    let twin = reader.try_clone().unwrap();
    let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::empty()).unwrap();
    epoll.add(&bell, EpollEvent::new(EpollFlags::EPOLLIN, u64::MAX)).unwrap();
    epoll.add(&timer, EpollEvent::new(EpollFlags::EPOLLIN, 1 << 40)).unwrap();
    epoll.add(&reader, EpollEvent::new(EpollFlags::EPOLLIN, 0)).unwrap();
    bell.write(1).unwrap();
    wait(EpollTimeout::NONE);
    bell.read().unwrap();
    let soon = Expiration::OneShot(TimeSpec::new(0, 1_000_000));
    timer.set(soon, TimerSetTimeFlags::empty()).unwrap();
    wait(EpollTimeout::NONE);
    timer.wait().unwrap();
    timer.unset().unwrap();
    // Several looks in a row that find nothing are one.
    (0..3).for_each(|_| wait(EpollTimeout::ZERO));
    bell.write(1).unwrap();
    drop(writer);
    wait(EpollTimeout::NONE);
    // Two descriptors with the same data: which of them is ready, nobody can tell.
    epoll.add(&twin, EpollEvent::new(EpollFlags::EPOLLIN, 0)).unwrap();
    wait(EpollTimeout::NONE);
}

#[test]
fn connections_are_told() {
    let steps =
        ["listen socket1", "connect socket2", "accept socket3", "write socket2", "read socket3"];
    let told = steps_of("connects_to_itself");
    assert_eq!(told[1..=steps.len()], steps, "{told:#?}");
}

#[test]
#[ignore = "not a test: the program of another one"]
fn connects_to_itself() {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    nix::sys::eventfd::EventFd::new().unwrap().write(1).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(b"a").unwrap();
    server.read_exact(&mut [0]).unwrap();
}
