//! What a hostile program may not do, with every layer that this host allows, and with fewer.
//!
//! The tests run as root and as an ordinary user. Where the host lacks the layer that a test is
//! about, the test says that it is skipped and why.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Once, OnceLock};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, Uid};
use sandbox::{Confinement, End, Layer, Layers, Limits, Observation, Program};
use tempfile::TempDir;

const SUBJECT: &str = env!("CARGO_BIN_EXE_subject");
const SUPERVISED: &str = env!("CARGO_BIN_EXE_supervised");

/// The subject, which root's confined programs read as another user: what was built under a strict umask is
/// opened for everybody.
fn subject() -> &'static str {
    static OPENED: Once = Once::new();
    OPENED.call_once(|| {
        if !Uid::effective().is_root() {
            return;
        }
        for place in Path::new(SUBJECT).ancestors() {
            let mode = fs::metadata(place).unwrap().permissions().mode();
            if mode & 0o005 != 0o005 {
                fs::set_permissions(place, Permissions::from_mode(mode | 0o055)).unwrap();
            }
        }
    });
    SUBJECT
}

/// A net for what never ends; no test concludes anything from it.
const WALL: Duration = Duration::from_secs(120);

/// One act of the subject, and what it may see.
struct Act {
    program: Program,
    host: Vec<&'static str>,
}

impl Act {
    fn new(act: &str) -> Self {
        let confinement = Confinement { read_only: vec![subject().into()], ..Default::default() };
        Self {
            program: Program {
                path: subject().into(),
                args: vec![act.into()],
                env: vec![("NAME".into(), "value".into())],
                directory: "/".into(),
                limits: Limits::wall(WALL),
                copy_of_stderr: None,
                confinement: Some(confinement),
            },
            host: Vec::new(),
        }
    }

    fn arg(mut self, arg: impl AsRef<Path>) -> Self {
        self.program.args.push(arg.as_ref().into());
        self
    }

    fn limits(mut self, adjust: impl FnOnce(&mut Limits)) -> Self {
        adjust(&mut self.program.limits);
        self
    }

    fn read_only(mut self, path: impl Into<PathBuf>) -> Self {
        self.confinement().read_only.push(path.into());
        self
    }

    fn writable(mut self, path: impl Into<PathBuf>) -> Self {
        self.confinement().writable.push(path.into());
        self
    }

    fn without(mut self, layers: &[Layer]) -> Self {
        self.confinement().without.extend(layers);
        self
    }

    fn on_a_host_that_refuses(mut self, what: &'static str) -> Self {
        self.host = vec!["on-a-host-that-refuses", what];
        self
    }

    fn confinement(&mut self) -> &mut Confinement {
        self.program.confinement.as_mut().expect("it is confined")
    }

    fn unconfined(mut self) -> Self {
        self.program.confinement = None;
        self
    }

    fn start(self) -> Child {
        let mut supervised = Command::new(SUPERVISED)
            .args(&self.host)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program that calls `run` starts");
        let request = serde_json::to_vec(&self.program).unwrap();
        supervised.stdin.take().unwrap().write_all(&request).unwrap();
        supervised
    }

    fn try_run(self) -> Result<Observation, String> {
        seen_by(self.start())
    }

    fn run(self) -> Observation {
        self.try_run().expect("the program can be run")
    }

    /// What it printed.
    fn says(self) -> String {
        let seen = self.run();
        assert_eq!(seen.end, End::Exited(0), "{seen:#?}");
        seen.stdout.text
    }
}

fn seen_by(supervised: Child) -> Result<Observation, String> {
    let output = supervised.wait_with_output().unwrap();
    serde_json::from_slice(&output.stdout).expect("an observation or an error")
}

fn available() -> &'static Layers {
    static LAYERS: OnceLock<Layers> = OnceLock::new();
    LAYERS.get_or_init(|| {
        let output = Command::new(SUPERVISED).arg("layers").output().unwrap();
        serde_json::from_slice(&output.stdout).expect("layers as JSON")
    })
}

/// Whether the host has these layers; says so if it has not.
fn host_has(layers: &[Layer]) -> bool {
    let missing = layers.iter().find(|layer| !available().hold(**layer));
    if let Some(layer) = missing {
        eprintln!("skipped: this host has no {layer}: {}", available().missing[layer]);
    }
    missing.is_none()
}

/// Root's program runs as somebody else, if there is anybody else: a user namespace can have root
/// alone.
fn program_is_another_user() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap();
    let ids = map.split_whitespace().nth(2).and_then(|count| count.parse::<u32>().ok());
    Uid::effective().is_root() && ids.is_some_and(|ids| ids > 1)
}

/// Whether this process has CAP_SYS_ADMIN: root in a container often has not.
fn is_administrator() -> bool {
    const CAP_SYS_ADMIN: u64 = 21;
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let set = status.lines().find_map(|line| line.strip_prefix("CapEff:\t")).unwrap();
    u64::from_str_radix(set, 16).unwrap() & (1 << CAP_SYS_ADMIN) != 0
}

/// A directory of this test's own, not in the private `/tmp`'s place only by chance.
fn scratch() -> TempDir {
    tempfile::Builder::new().prefix("sandbox-test-").tempdir().unwrap()
}

/// A directory below a scratch directory, which everybody may enter.
fn directory(scratch: &TempDir, name: &str) -> PathBuf {
    fs::set_permissions(scratch.path(), Permissions::from_mode(0o755)).unwrap();
    let directory = scratch.path().join(name);
    fs::create_dir(&directory).unwrap();
    // Whatever this test's umask is.
    fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
    directory
}

/// A file in such a directory, which everybody may read.
fn given(directory: &Path) -> PathBuf {
    let file = directory.join("file");
    fs::write(&file, "given").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    file
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[test]
fn every_available_layer_holds_in_a_run() {
    let layers = Act::new("exit").arg("0").run().layers;
    assert_eq!(&layers, available());
    eprintln!("layers as uid {}: {layers}", Uid::effective());
}

#[test]
fn an_unconfined_program_runs_as_before() {
    let seen = Act::new("who").unconfined().run();
    assert_eq!(seen.end, End::Exited(0));
    assert!(seen.stdout.text.starts_with(&format!("uid {} ", Uid::effective())));
    assert_eq!(seen.layers.to_string(), "rlimits, subreaper");
}

#[test]
fn a_normal_program_is_seen_as_without_confinement() {
    let scratch = scratch();
    let own = directory(&scratch, "own");
    let mut act = Act::new("who").arg("an argument").writable(&own);
    act.program.directory = own.clone();
    let seen = act.run();
    let uid = if Uid::effective().is_root() { 65533 } else { Uid::effective().as_raw() };
    assert_eq!(seen.end, End::Exited(0));
    assert!(seen.stdout.text.starts_with(&format!("uid {uid} gid ")), "{}", seen.stdout.text);
    let rest: Vec<&str> = seen.stdout.text.lines().skip(1).collect();
    let directory = format!("directory {}", own.display());
    assert_eq!(rest, [&directory, "args [\"an argument\"]", "env [(\"NAME\", \"value\")]"]);
    assert_eq!(seen.stderr.text, "to standard error\n");
    assert!(seen.strays.is_empty());
}

#[test]
fn what_libraries_do_is_not_refused() {
    let said = Act::new("ordinary").says();
    let mut expected = vec!["thread: done", "command: done", "traced: done", "null: done"];
    expected.push("random: done");
    if host_has(&[Layer::PidNamespace]) {
        expected.extend(["name: done", "terminal: done"]);
        assert_eq!(lines(&said), expected);
    } else {
        assert_eq!(lines(&said)[..5], expected);
    }
}

#[test]
fn exit_codes_and_signals_are_told() {
    assert_eq!(Act::new("exit").arg("42").run().end, End::Exited(42));
    let aborted = Act::new("abort").run().end;
    assert_eq!(aborted, End::Signalled { signal: 6, core: false });
}

#[test]
fn a_hang_is_diagnosed_by_thread_and_system_call() {
    let seen = Act::new("hang").limits(|limits| limits.wall = Duration::from_secs(2)).run();
    let End::TimedOut(threads) = seen.end else { panic!("{:?}", seen.end) };
    let stuck = threads.iter().find(|thread| thread.name == "stuck").expect("the thread is named");
    assert_eq!(stuck.call.as_ref().map(|call| call.name.as_str()), Some("read"), "{threads:?}");
    assert!(stuck.to_string().contains("pipe:"), "{stuck}");
}

#[test]
fn cpu_time_is_limited_and_told() {
    let limit = Duration::from_secs(1);
    let seen = Act::new("spin").limits(|limits| limits.cpu_time = Some(limit)).run();
    assert_eq!(seen.end, End::Signalled { signal: 24, core: false });
    // The limit is checked by a coarser clock than the one that is read afterwards.
    assert!(seen.cpu >= limit / 2, "{:?}", seen.cpu);
}

#[test]
fn peak_memory_is_told() {
    let seen = Act::new("memory").run();
    assert!(seen.peak_memory >= 64 << 20, "{} bytes", seen.peak_memory);
}

#[test]
fn processes_of_the_host_are_invisible() {
    if !host_has(&[Layer::PidNamespace]) {
        return;
    }
    let said = Act::new("processes").says();
    // The supervisor and the program.
    assert_eq!((lines(&said).len(), lines(&said)[0]), (2, "1"), "{said}");
}

#[test]
fn killing_the_supervisor_does_not_hurt() {
    if !host_has(&[Layer::PidNamespace]) {
        return;
    }
    // Without Landlock the signals are sent; the first process of a PID namespace ignores them.
    for without in [&[][..], &[Layer::Landlock]] {
        let said = Act::new("kill").without(without).says();
        assert!(said.ends_with("alive\n"), "{said}");
    }
}

#[test]
fn a_killed_supervisor_is_reported_where_nothing_prevents_it() {
    let mut without = Layer::NAMESPACES.to_vec();
    without.push(Layer::Landlock);
    if program_is_another_user() {
        // It may not signal this one's supervisor.
        let said = Act::new("kill").without(&without).says();
        assert!(said.starts_with("kill parent: EPERM"), "{said}");
    } else {
        let seen = Act::new("kill").without(&without).run();
        assert_eq!(seen.end, End::AttackedSupervisor);
    }
    assert_eq!(Act::new("kill").unconfined().run().end, End::AttackedSupervisor);
}

#[test]
fn the_supervisor_cannot_be_traced_read_or_limited() {
    if !host_has(&[Layer::PidNamespace, Layer::Seccomp]) {
        return;
    }
    for without in [&[][..], &[Layer::Landlock]] {
        let said = Act::new("attack-supervisor").without(without).says();
        let refused = |what: &str| {
            let answers = ["EPERM", "EACCES"].map(|errno| format!("{what}: {errno}"));
            said.lines().any(|line| answers.iter().any(|answer| line == answer))
        };
        for what in ["trace", "memory", "environment", "descriptor", "limits"] {
            assert!(refused(what), "{what} in {said}");
        }
    }
}

#[test]
fn files_in_tmp_and_shm_are_gone_after_the_run() {
    if !host_has(&[Layer::PrivateRoot]) {
        return;
    }
    let name = format!("sandbox-test-{}", std::process::id());
    let places = ["/tmp", "/dev/shm"].map(|directory| Path::new(directory).join(&name));
    let said = Act::new("write").arg(&places[0]).arg(&places[1]).says();
    assert!(said.lines().all(|line| line.ends_with(": done")), "{said}");
    assert!(places.iter().all(|place| !place.exists()));
}

#[test]
fn tmp_and_shm_have_a_size() {
    if !host_has(&[Layer::PrivateRoot]) {
        return;
    }
    assert_eq!(Act::new("fill").arg("/dev/shm/file").says(), "fill: ENOSPC\n");
    assert_eq!(Act::new("fill").arg("/tmp/file").says(), "fill: ENOSPC\n");
}

#[test]
fn no_ipc_name_outlives_the_run() {
    if !host_has(&[Layer::IpcNamespace, Layer::PrivateRoot]) {
        return;
    }
    let key = std::process::id().to_string();
    let made = Act::new("make-names").arg(&key).says();
    let all = ["shmget", "msgget", "shm_open", "mq_open"];
    assert_eq!(lines(&made), all.map(|name| format!("{name}: done")));
    let found = Act::new("find-names").arg(&key).unconfined().says();
    assert_eq!(lines(&found), all.map(|name| format!("{name}: ENOENT")));
    let found = Act::new("find-names").arg(&key).says();
    assert_eq!(lines(&found), all.map(|name| format!("{name}: ENOENT")));
}

#[test]
fn the_network_is_out_of_reach_and_loopback_works() {
    let said = Act::new("loopback").says();
    assert_eq!(said, "loopback: done\n");
    if !host_has(&[Layer::NetworkNamespace]) {
        return;
    }
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let service = service.local_addr().unwrap().to_string();
    let said = Act::new("connect").arg(&service).arg("192.0.2.1:80").says();
    assert_eq!(said, format!("{service}: ECONNREFUSED\n192.0.2.1:80: ENETUNREACH\n"));
}

#[test]
fn abstract_sockets_are_not_shared() {
    if !host_has(&[Layer::NetworkNamespace]) {
        return;
    }
    let name = format!("sandbox-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _listener = UnixListener::bind_addr(&address).unwrap();
    assert_eq!(Act::new("abstract").arg(&name).unconfined().says(), "abstract: done\n");
    let said = Act::new("abstract").arg(&name).without(&[Layer::Landlock]).says();
    assert_eq!(said, "abstract: ECONNREFUSED\n");
}

#[test]
fn other_directories_are_not_there() {
    if !host_has(&[Layer::PrivateRoot]) {
        return;
    }
    let scratch = scratch();
    let (own, other) = (directory(&scratch, "own"), directory(&scratch, "other"));
    fs::write(other.join("answer"), "42").unwrap();
    let act = || Act::new("list").writable(&own).arg(&other).arg("/root").arg("/home").arg("/var");
    let said = act().says();
    assert!(said.lines().all(|line| line.ends_with(": ENOENT")), "{said}");
    let said = act().without(&[Layer::Landlock]).says();
    assert!(said.lines().all(|line| line.ends_with(": ENOENT")), "{said}");
    let said = Act::new("list").arg("/").says();
    assert!(said.contains("  usr\n") && !said.contains("  home\n"), "{said}");
}

#[test]
fn read_only_is_read_and_not_written() {
    let scratch = scratch();
    let library = directory(&scratch, "library");
    let file = library.join("file");
    fs::write(&file, "given").unwrap();
    fs::set_permissions(&library, Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
    for without in without_all_but_one_of(&[Layer::PrivateRoot, Layer::Landlock]) {
        let said = Act::new("read").without(&without).read_only(&library).arg(&file).says();
        assert_eq!(said, format!("{}: done\n", file.display()));
        let new = library.join("new");
        let write = Act::new("write").without(&without).read_only(&library);
        let said = write.arg(&file).arg(&new).arg("/usr/new").says();
        for line in said.lines() {
            let refused = line.ends_with(": EROFS") || line.ends_with(": EACCES");
            assert!(refused, "{said} without {without:?}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "given");
        assert!(!new.exists());
    }
}

/// Nothing left out, then all of these but one, for each that the host has.
fn without_all_but_one_of(layers: &[Layer]) -> Vec<Vec<Layer>> {
    let alone = |kept: &&Layer| host_has(&[**kept]);
    let others = |kept: &Layer| layers.iter().copied().filter(|layer| layer != kept).collect();
    let mut sets = vec![Vec::new()];
    sets.extend(layers.iter().filter(alone).map(others));
    sets
}

#[test]
fn writable_is_written_and_stays() {
    let scratch = scratch();
    let own = directory(&scratch, "own");
    // As a grader has it: closed to others, with files of its own in it.
    fs::set_permissions(&own, Permissions::from_mode(0o700)).unwrap();
    let (old, new) = (own.join("old"), own.join("new"));
    fs::write(&old, "given").unwrap();
    let said = Act::new("write").writable(&own).arg(&old).arg(&new).says();
    assert!(said.lines().all(|line| line.ends_with(": done")), "{said}");
    assert_eq!(fs::read_to_string(&old).unwrap(), "written");
    assert_eq!(fs::read_to_string(&new).unwrap(), "written");
}

#[test]
fn as_root_a_shared_file_and_a_link_are_not_given_away() {
    if !program_is_another_user() {
        return eprintln!("skipped: only root gives files to another user");
    }
    let scratch = scratch();
    let (own, other) = (directory(&scratch, "own"), directory(&scratch, "other"));
    let file = other.join("file");
    fs::write(&file, "given").unwrap();
    fs::hard_link(&file, own.join("shared")).unwrap();
    std::os::unix::fs::symlink(&other, own.join("link")).unwrap();
    Act::new("exit").arg("0").writable(&own).run();
    assert_eq!(fs::metadata(&own).unwrap().uid(), 65533);
    assert_eq!(fs::metadata(&file).unwrap().uid(), 0);
    assert_eq!(fs::metadata(&other).unwrap().uid(), 0);
}

#[test]
fn as_root_what_is_closed_to_others_is_named() {
    if !program_is_another_user() {
        return eprintln!("skipped: only root's programs run as another user");
    }
    let scratch = scratch();
    let closed = directory(&scratch, "closed");
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    for without in [&[][..], &Layer::NAMESPACES] {
        let act = Act::new("exit").arg("0").read_only(&closed).without(without);
        let error = act.try_run().unwrap_err();
        assert!(error.contains(&format!("{} cannot be used", closed.display())), "{error}");
    }
}

#[test]
fn a_directory_is_shown_where_the_way_to_it_is_closed() {
    if !host_has(&[Layer::PrivateRoot]) {
        return;
    }
    let scratch = scratch();
    let library = directory(&scratch, "library");
    let file = given(&library);
    // tempfile's own mode, as for a scratch directory of a grader.
    fs::set_permissions(scratch.path(), Permissions::from_mode(0o700)).unwrap();
    let said = Act::new("read").read_only(&library).arg(&file).says();
    assert_eq!(said, format!("{}: done\n", file.display()));
}

#[test]
fn links_on_the_way_lead_where_they_lead_on_the_host() {
    let scratch = scratch();
    let real = directory(&scratch, "real");
    let link = scratch.path().join("link");
    std::os::unix::fs::symlink("real", &link).unwrap();
    let (by_link, by_name) = (link.join("file"), given(&real));
    let said = Act::new("read").read_only(&link).arg(&by_link).arg(&by_name).says();
    assert_eq!(said, format!("{}: done\n{}: done\n", by_link.display(), by_name.display()));
}

#[test]
fn a_read_only_directory_in_a_writable_one_stays_read_only() {
    if !host_has(&[Layer::PrivateRoot]) {
        return;
    }
    let scratch = scratch();
    let own = directory(&scratch, "own");
    let tests = own.join("tests");
    fs::create_dir(&tests).unwrap();
    let (allowed, refused) = (own.join("new"), tests.join("new"));
    let act = Act::new("write").writable(&own).read_only(&tests).arg(&allowed).arg(&refused);
    let said = act.says();
    assert_eq!(said, format!("{}: done\n{}: EROFS\n", allowed.display(), refused.display()));
}

#[test]
fn calls_that_change_the_system_are_refused() {
    if !host_has(&[Layer::Seccomp]) {
        return;
    }
    for without in [&[][..], &Layer::NAMESPACES] {
        let said = Act::new("forbidden").without(without).says();
        assert!(said.lines().count() >= 17, "{said}");
        for line in said.lines() {
            let errno = if line.starts_with("x32") { "ENOSYS" } else { "EPERM" };
            assert!(line.ends_with(&format!(": {errno}")), "{line}");
        }
    }
}

#[test]
fn the_program_has_no_capability_and_gains_none() {
    let said = Act::new("status").says();
    let field = |name: &str| {
        let line = said.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).unwrap_or_default().to_owned()
    };
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(field(set), "0000000000000000", "{set}");
    }
    // Dropping it takes a capability, which a security module may deny in a user namespace.
    if Uid::effective().is_root() || host_has(&[Layer::PrivateRoot]) {
        assert_eq!(field("CapBnd"), "0000000000000000");
    }
    if host_has(&[Layer::NoNewPrivileges, Layer::Seccomp]) {
        assert_eq!((field("NoNewPrivs"), field("Seccomp")), ("1".into(), "2".into()));
    }
    assert_ne!(field("Uid"), "0");
}

/// A FIFO in a directory that the program may write, with this test as its reader.
struct Fifo {
    path: PathBuf,
    reader: File,
}

impl Fifo {
    fn new(directory: &Path) -> Self {
        let path = directory.join("fifo");
        nix::unistd::mkfifo(&path, Mode::from_bits_truncate(0o600)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        // Not blocking: there is no writer yet.
        let reader =
            OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
        Self { path, reader }
    }

    /// The next byte, or `None` when nobody has it open for writing any more.
    fn next(&mut self) -> Option<u8> {
        let mut polled = [PollFd::new(self.reader.as_fd(), PollFlags::POLLIN)];
        let patience = PollTimeout::try_from(WALL).unwrap();
        assert_eq!(poll(&mut polled, patience), Ok(1), "somebody still has the FIFO open");
        let mut byte = [0];
        (self.reader.read(&mut byte).unwrap() == 1).then_some(byte[0])
    }
}

#[test]
fn a_daemon_dies_with_the_run() {
    for without in [&[][..], &Layer::NAMESPACES] {
        let scratch = scratch();
        let own = directory(&scratch, "own");
        let mut fifo = Fifo::new(&own);
        let seen = Act::new("daemon").arg(&fifo.path).writable(&own).without(without).run();
        assert_eq!((&seen.end, seen.stdout.text.as_str()), (&End::Exited(0), "left\n"));
        assert_eq!(seen.strays.len(), 1, "{:?}", seen.strays);
        assert!(seen.strays[0].copy_of_program);
        assert_eq!((fifo.next(), fifo.next()), (Some(b'd'), None));
    }
}

#[test]
fn everything_ends_when_the_checker_is_killed() {
    for without in [&[][..], &Layer::NAMESPACES] {
        let scratch = scratch();
        let own = directory(&scratch, "own");
        let mut fifo = Fifo::new(&own);
        let act = Act::new("wait-forever").arg(&fifo.path).writable(&own).without(without);
        let mut checker = act.start();
        assert_eq!(fifo.next(), Some(b'w'));
        checker.kill().unwrap();
        checker.wait().unwrap();
        assert_eq!(fifo.next(), None);
    }
}

#[test]
fn a_stop_ends_the_run_and_is_told() {
    let scratch = scratch();
    let own = directory(&scratch, "own");
    let mut fifo = Fifo::new(&own);
    let checker = Act::new("wait-forever").arg(&fifo.path).writable(&own).start();
    assert_eq!(fifo.next(), Some(b'w'));
    kill(Pid::from_raw(checker.id() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(seen_by(checker).unwrap().end, End::Stopped);
    assert_eq!(fifo.next(), None);
}

#[test]
fn a_fork_bomb_is_bounded() {
    // Otherwise all tasks of this user count, and there may be more than that already.
    if !program_is_another_user() && !host_has(&[Layer::UserNamespace]) {
        return;
    }
    let seen = Act::new("fork-bomb").limits(|limits| limits.tasks = Some(30)).run();
    let text = &seen.stdout.text;
    let (count, why) = text.trim().split_once(' ').unwrap_or_default();
    assert_eq!(why, "EAGAIN", "{text}");
    let count: u32 = count.parse().unwrap();
    assert!((1..30).contains(&count), "{text}");
    assert!(!seen.strays.is_empty());
}

#[test]
fn nothing_is_mounted_after_a_run() {
    let scratch = scratch();
    let own = directory(&scratch, "own");
    Act::new("exit").arg("0").writable(&own).run();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(&own.display().to_string()), "{mounts}");
    // A directory on which something is mounted cannot be removed.
    fs::remove_dir(&own).unwrap();
}

#[test]
fn without_namespaces_landlock_hides_the_host() {
    if !host_has(&[Layer::Landlock]) {
        return;
    }
    let scratch = scratch();
    let (own, other) = (directory(&scratch, "own"), directory(&scratch, "other"));
    fs::set_permissions(&other, Permissions::from_mode(0o777)).unwrap();
    let answer = other.join("answer");
    fs::write(&answer, "42").unwrap();
    let fallback = |act: &str| Act::new(act).without(&Layer::NAMESPACES).writable(&own);

    let seen = fallback("list").arg(&other).arg("/home").arg("/tmp").arg("/").run();
    assert!(seen.stdout.text.lines().all(|line| line.ends_with(": EACCES")), "{seen:#?}");
    assert!(Layer::NAMESPACES.iter().all(|layer| seen.layers.missing[layer] == "switched off"));
    assert!(seen.layers.hold(Layer::Landlock));

    let said = fallback("read").arg(&answer).arg("/etc/shadow").arg("/etc/passwd").says();
    let expected =
        format!("{}: EACCES\n/etc/shadow: EACCES\n/etc/passwd: done\n", answer.display());
    assert_eq!(said, expected);
    let said = fallback("write").arg(&answer).arg(own.join("new")).says();
    let expected = format!("{}: EACCES\n{}: done\n", answer.display(), own.join("new").display());
    assert_eq!(said, expected);
}

#[test]
fn without_namespaces_landlock_keeps_signals_and_abstract_sockets_in() {
    if !host_has(&[Layer::Landlock]) {
        return;
    }
    if !landlock_has_scopes() {
        return eprintln!("skipped: the Landlock of this kernel has no scopes (Linux 6.12)");
    }
    let fallback = |act: &str| Act::new(act).without(&Layer::NAMESPACES);
    let said = fallback("kill").says();
    assert_eq!(said, "kill parent: EPERM\n".repeat(3) + "alive\n");
    let name = format!("sandbox-test-fallback-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _listener = UnixListener::bind_addr(&address).unwrap();
    assert_eq!(fallback("abstract").arg(&name).says(), "abstract: EPERM\n");
}

fn landlock_has_scopes() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(6), Some(12))
}

#[test]
fn each_layer_can_be_left_out_alone() {
    for layer in Layer::ALL {
        let seen = Act::new("exit").arg("7").without(&[layer]).run();
        assert_eq!(seen.end, End::Exited(7), "without {layer}");
        let always = [Layer::ResourceLimits, Layer::Subreaper].contains(&layer);
        assert_eq!(seen.layers.hold(layer), always, "without {layer}: {}", seen.layers);
    }
}

#[test]
fn a_host_that_refuses_a_layer_runs_the_program_without_it() {
    if !host_has(&Layer::ALL) {
        return;
    }
    use Layer::{Landlock, NetworkNamespace, PidNamespace, PrivateRoot, UserNamespace};
    // Only an administrator may have the other namespaces without a user namespace.
    let no_user = if is_administrator() { vec![UserNamespace] } else { Layer::NAMESPACES.to_vec() };
    for (what, missing) in [
        ("user namespaces", no_user),
        ("PID namespaces", vec![PidNamespace]),
        ("mounts", vec![PidNamespace, PrivateRoot]),
        ("mount attributes", vec![PidNamespace, PrivateRoot]),
        ("interfaces", vec![NetworkNamespace]),
        ("Landlock", vec![Landlock]),
    ] {
        let seen = Act::new("list").arg("/home").on_a_host_that_refuses(what).run();
        let layers = &seen.layers;
        assert_eq!(layers.missing.keys().copied().collect::<Vec<_>>(), missing, "{what}: {layers}");
        assert_eq!(seen.end, End::Exited(0), "{what}");
        let hidden = if layers.hold(PrivateRoot) { "/home: ENOENT\n" } else { "/home: EACCES\n" };
        assert_eq!(seen.stdout.text, hidden, "{what}");
        eprintln!("a host that refuses {what}: {layers}");
    }
}

#[test]
fn a_path_that_does_not_exist_is_named() {
    let error = Act::new("exit").arg("0").read_only("/no/such/directory").try_run().unwrap_err();
    assert!(error.contains("the path /no/such/directory cannot be shown"), "{error}");
    assert!(error.contains("No such file or directory"), "{error}");
}

#[test]
fn a_program_that_is_not_shown_cannot_be_started() {
    let mut act = Act::new("exit").arg("0");
    act.confinement().read_only.clear();
    let error = act.try_run().unwrap_err();
    assert!(error.contains("cannot start"), "{error}");
}
