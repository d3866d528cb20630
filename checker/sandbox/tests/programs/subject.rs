//! What a hostile program tries, one act for each run; it prints what came of it.
#![allow(unsafe_code)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::process::Command;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, getppid, pause, pipe, setsid};

fn main() {
    let mut args = std::env::args().skip(1);
    let act = args.next().unwrap_or_default();
    let args: Vec<String> = args.collect();
    match act.as_str() {
        "exit" => std::process::exit(args[0].parse().unwrap_or(0)),
        "abort" => std::process::abort(),
        "who" => who(),
        "processes" => processes(),
        "kill" => kill_others(),
        "attack-supervisor" => attack_supervisor(),
        "read" => args.iter().for_each(|path| say(path, fs::read(path).map(drop))),
        "list" => args.iter().for_each(|path| list(path)),
        "write" => args.iter().for_each(|path| say(path, fs::write(path, "written"))),
        "fill" => say("fill", fill(&args[0])),
        "make-names" => make_names(args[0].parse().unwrap_or(0)),
        "find-names" => find_names(args[0].parse().unwrap_or(0)),
        "connect" => args.iter().for_each(|address| say(address, connect(address))),
        "abstract" => say("abstract", abstract_socket(&args[0])),
        "loopback" => say("loopback", loopback()),
        "forbidden" => forbidden(),
        "ordinary" => ordinary(),
        "daemon" => daemon(&args[0]),
        "wait-forever" => wait_forever(&args[0]),
        "fork-bomb" => fork_bomb(),
        "hang" => hang(),
        "spin" => spin(),
        "memory" => memory(),
        "status" => print!("{}", fs::read_to_string("/proc/self/status").unwrap_or_default()),
        _ => eprintln!("no act {act}"),
    }
}

fn say<T>(what: &str, result: io::Result<T>) {
    match result {
        Ok(_) => println!("{what}: done"),
        Err(error) => match error.raw_os_error() {
            Some(number) => println!("{what}: {:?}", Errno::from_raw(number)),
            None => println!("{what}: {error}"),
        },
    }
}

fn who() {
    println!("uid {} gid {}", nix::unistd::getuid(), nix::unistd::getgid());
    println!("directory {}", std::env::current_dir().unwrap_or_default().display());
    println!("args {:?}", std::env::args().skip(2).collect::<Vec<_>>());
    println!("env {:?}", std::env::vars().collect::<Vec<_>>());
    eprintln!("to standard error");
}

fn processes() {
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        if let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() {
            println!("{pid}");
        }
    }
}

fn kill_others() {
    let parent = getppid();
    for signal in [Signal::SIGTERM, Signal::SIGSTOP, Signal::SIGKILL] {
        say("kill parent", kill(parent, signal).map_err(Into::into));
    }
    println!("alive");
}

fn attack_supervisor() {
    // Of all processes: only where there are none of others.
    say("kill all", kill(Pid::from_raw(-1), Signal::SIGKILL).map_err(Into::into));
    let parent = getppid();
    say("trace", nix::sys::ptrace::attach(parent).map_err(Into::into));
    say("memory", File::open(format!("/proc/{parent}/mem")));
    say("environment", fs::read(format!("/proc/{parent}/environ")));
    say("descriptor", File::open(format!("/proc/{parent}/fd/1")));
    let limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the new limit is read and no old one is written (prlimit(2)).
    let result = unsafe {
        libc::prlimit(parent.as_raw(), libc::RLIMIT_NOFILE, &raw const limit, std::ptr::null_mut())
    };
    say("limits", Errno::result(result).map_err(Into::into));
}

fn list(path: &str) {
    say(path, fs::read_dir(path));
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        println!("  {}", entry.file_name().to_string_lossy());
    }
}

/// Writes until the file system is full, at most a gigabyte.
fn fill(path: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    for _ in 0..1024 {
        file.write_all(&[0; 1 << 20])?;
    }
    Ok(())
}

fn name(key: i32) -> String {
    format!("/sandbox-test-{key}")
}

/// Names that no process keeps alive: System V and POSIX.
fn make_names(key: i32) {
    // SAFETY: shmget takes numbers only (shmget(2)).
    let result = unsafe { libc::shmget(key, 4096, libc::IPC_CREAT | 0o600) };
    say("shmget", Errno::result(result).map_err(Into::into));
    // SAFETY: msgget takes numbers only (msgget(2)).
    let result = unsafe { libc::msgget(key, libc::IPC_CREAT | 0o600) };
    say("msgget", Errno::result(result).map_err(Into::into));
    use nix::fcntl::OFlag;
    use nix::sys::stat::Mode;
    let flags = OFlag::O_CREAT | OFlag::O_RDWR;
    let made = nix::sys::mman::shm_open(name(key).as_str(), flags, Mode::S_IRUSR);
    say("shm_open", made.map_err(Into::into));
    let path = c"/sandbox-test";
    // SAFETY: the name is a C string; null asks for default attributes (mq_open(3)).
    let result = unsafe {
        libc::mq_open(
            path.as_ptr(),
            libc::O_CREAT | libc::O_RDWR,
            0o600,
            std::ptr::null::<libc::mq_attr>(),
        )
    };
    say("mq_open", Errno::result(result).map_err(Into::into));
}

fn find_names(key: i32) {
    // SAFETY: shmget takes numbers only (shmget(2)).
    say("shmget", Errno::result(unsafe { libc::shmget(key, 0, 0) }).map_err(Into::into));
    // SAFETY: msgget takes numbers only (msgget(2)).
    say("msgget", Errno::result(unsafe { libc::msgget(key, 0) }).map_err(Into::into));
    say("shm_open", fs::metadata(format!("/dev/shm{}", name(key))));
    let path = c"/sandbox-test";
    // SAFETY: the name is a C string (mq_open(3)).
    let result = unsafe { libc::mq_open(path.as_ptr(), libc::O_RDONLY) };
    say("mq_open", Errno::result(result).map_err(Into::into));
}

fn connect(address: &str) -> io::Result<()> {
    let address = address.parse().map_err(io::Error::other)?;
    TcpStream::connect_timeout(&address, Duration::from_secs(60)).map(drop)
}

fn abstract_socket(name: &str) -> io::Result<()> {
    UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?).map(drop)
}

fn loopback() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    client.write_all(b"x")?;
    server.read_exact(&mut [0])
}

fn forbidden() {
    let call = |name: &str, number: libc::c_long, first: libc::c_long, second: libc::c_long| {
        // SAFETY: all these are refused before an argument is looked at; were one not, it fails
        // for its null pointers or makes something that ends with this process.
        let result = unsafe { libc::syscall(number, first, second, 0, 0, 0) };
        if result == 0 && number == libc::SYS_clone {
            // SAFETY: a child that should not be; _exit only ends it (_exit(2)).
            unsafe { libc::_exit(0) };
        }
        say(name, Errno::result(result).map_err(Into::into));
    };
    call("mount", libc::SYS_mount, 0, 0);
    call("umount2", libc::SYS_umount2, 0, 0);
    call("pivot_root", libc::SYS_pivot_root, 0, 0);
    call("fsopen", libc::SYS_fsopen, 0, 0);
    call("unshare user", libc::SYS_unshare, libc::CLONE_NEWUSER.into(), 0);
    call("unshare net", libc::SYS_unshare, libc::CLONE_NEWNET.into(), 0);
    call("clone user", libc::SYS_clone, (libc::CLONE_NEWUSER | libc::SIGCHLD).into(), 0);
    call("setns", libc::SYS_setns, 0, 0);
    call("bpf", libc::SYS_bpf, 0, 0);
    call("keyctl", libc::SYS_keyctl, 0, 0);
    call("add_key", libc::SYS_add_key, 0, 0);
    call("perf_event_open", libc::SYS_perf_event_open, 0, 0);
    call("userfaultfd", libc::SYS_userfaultfd, 0, 0);
    call("io_uring_setup", libc::SYS_io_uring_setup, 1, 0);
    call("init_module", libc::SYS_init_module, 0, 0);
    call("socket vsock", libc::SYS_socket, libc::AF_VSOCK.into(), libc::SOCK_STREAM.into());
    call("socket netlink", libc::SYS_socket, libc::AF_NETLINK.into(), libc::SOCK_RAW.into());
    #[cfg(target_arch = "x86_64")]
    call("x32 mount", 0x4000_0000 | libc::SYS_mount, 0, 0);
}

/// What right programs do, and a filter could break.
fn ordinary() {
    say("thread", std::thread::Builder::new().spawn(|| ()).map(|thread| thread.join()));
    say("command", Command::new("/bin/sh").args(["-c", "exit 0"]).status());
    say("traced", traced());
    say("null", OpenOptions::new().write(true).open("/dev/null"));
    say("random", File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut [0; 8])));
    say("name", fs::write("/proc/self/comm", "renamed"));
    say("terminal", OpenOptions::new().read(true).write(true).open("/dev/ptmx"));
}

fn traced() -> io::Result<()> {
    // SAFETY: this program has one thread (fork(2)).
    match unsafe { fork() }? {
        ForkResult::Child => {
            let code = match nix::sys::ptrace::traceme() {
                Ok(()) => 0,
                Err(_) => 1,
            };
            std::process::exit(code);
        }
        ForkResult::Parent { child } => match waitpid(child, None)? {
            nix::sys::wait::WaitStatus::Exited(_, 0) => Ok(()),
            other => Err(io::Error::other(format!("{other:?}"))),
        },
    }
}

/// Leaves a process of a session of its own, whose parent has ended, with the FIFO open.
fn daemon(fifo: &str) {
    let (ready, tell_ready) = pipe().expect("a pipe can be made");
    // SAFETY: this program has one thread (fork(2)).
    if let ForkResult::Parent { child } = unsafe { fork() }.expect("a process can be forked") {
        drop(tell_ready);
        let _ = waitpid(child, None);
        let _ = File::from(ready).read(&mut [0]);
        return println!("left");
    }
    setsid().expect("a child leads no group");
    // SAFETY: this program has one thread (fork(2)).
    if let ForkResult::Parent { .. } = unsafe { fork() }.expect("a process can be forked") {
        std::process::exit(0);
    }
    for stream in 0..3 {
        // SAFETY: nothing here uses the standard streams any more (close(2)).
        unsafe { libc::close(stream) };
    }
    let mut fifo = OpenOptions::new().write(true).open(fifo).expect("the FIFO has a reader");
    fifo.write_all(b"d").expect("the FIFO has room");
    let _ = File::from(tell_ready).write_all(b"r");
    loop {
        pause();
    }
}

fn wait_forever(fifo: &str) {
    let mut fifo = OpenOptions::new().write(true).open(fifo).expect("the FIFO has a reader");
    fifo.write_all(b"w").expect("the FIFO has room");
    loop {
        pause();
    }
}

fn fork_bomb() {
    for count in 0..500 {
        // SAFETY: this program has one thread (fork(2)).
        match unsafe { fork() } {
            Ok(ForkResult::Child) => loop {
                pause();
            },
            Ok(ForkResult::Parent { .. }) => {}
            Err(errno) => return println!("{count} {errno:?}"),
        }
    }
    println!("500 no end");
}

/// Reads from a pipe that it holds the other end of, in the second of two threads.
fn hang() {
    let (reader, _writer) = pipe().expect("a pipe can be made");
    let thread = std::thread::Builder::new().name("stuck".into()).spawn(move || {
        let _ = nix::unistd::read(&reader, &mut [0]);
        reader.as_raw_fd()
    });
    let _ = thread.map(|thread| thread.join());
}

fn spin() {
    loop {
        std::hint::spin_loop();
    }
}

fn memory() {
    let block = vec![1_u8; 64 << 20];
    println!("{}", block.iter().map(|byte| u64::from(*byte)).sum::<u64>());
}
