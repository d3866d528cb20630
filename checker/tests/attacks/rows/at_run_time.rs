//! At run time: right answers that reach for the grader, the host and the other submissions.
//!
//! A body gives the wrong answer where it had success. So `passed` says that it had none.

use crate::attack::Source::Body;
use crate::attack::{ALWAYS, Attack, FILES};

/// What only a PID namespace stops; without one these would hit the host.
const PROCESSES: &[&str] = &["pid-ns"];

pub const AT_RUN_TIME: &[Attack] = &[
    Attack {
        name: "looks for secrets in /proc",
        rows: &[21],
        hands_in: Body(
            r#"let parent = getppid();
               let secret = ["environ", "mem", "maps", "fd/0", "root/@SECRET@", "cwd/Cargo.toml"];
               let read = |name: &&str| {
                   let mut byte = [0];
                   let file = File::open(format!("/proc/{parent}/{name}"));
                   file.is_ok_and(|mut file| file.read(&mut byte).is_ok_and(|count| count > 0))
               };
               if secret.iter().any(|name| read(name)) { 0 } else { 42 }"#,
        ),
        verdict: "passed",
        needs: PROCESSES,
    },
    Attack {
        name: "looks for a secret in the environment",
        rows: &[21],
        hands_in: Body(
            r#"let at_build_time = [option_env!("GRADER_SECRET"), option_env!("CARGO_REGISTRY_TOKEN")];
               let has_secret = env::vars_os().any(|(_, value)| value == "42");
               if has_secret || at_build_time != [None, None] { 0 } else { 42 }"#,
        ),
        verdict: "passed",
        needs: ALWAYS,
    },
    Attack {
        name: "executes itself with LD_PRELOAD",
        rows: &[22],
        hands_in: Body(
            r#"use std::os::unix::process::CommandExt;
               let _ = fs::write("/etc/ld.so.preload", "/tmp/evil.so");
               if env::var_os("LD_PRELOAD").is_none() {
                   Command::new(env::current_exe().unwrap())
                       .args(env::args().skip(1))
                       .env("LD_PRELOAD", "/tmp/evil.so")
                       .exec();
               }
               42"#,
        ),
        verdict: "passed",
        needs: ALWAYS,
    },
    Attack {
        name: "kills its parent",
        rows: &[23],
        hands_in: Body("kill(getppid(), 9); 42"),
        verdict: "passed",
        needs: PROCESSES,
    },
    Attack {
        name: "stops its parent",
        rows: &[23],
        hands_in: Body("kill(getppid(), 19); 42"),
        verdict: "passed",
        needs: PROCESSES,
    },
    Attack {
        name: "kills everyone",
        rows: &[23],
        hands_in: Body("kill(-1, 9); 42"),
        verdict: "passed",
        needs: PROCESSES,
    },
    Attack {
        name: "kills its group",
        rows: &[23],
        hands_in: Body("kill(0, 9); 42"),
        verdict: "crashed",
        needs: ALWAYS,
    },
    Attack {
        name: "traces its parent",
        rows: &[23],
        // PTRACE_ATTACH, and PTRACE_SEIZE
        hands_in: Body(
            "if ptrace(16, getppid(), 0, 0) == 0 || ptrace(0x4206, getppid(), 0, 0) == 0 { 0 } else { 42 }",
        ),
        verdict: "passed",
        needs: PROCESSES,
    },
    Attack {
        name: "looks for descriptors that it was given",
        rows: &[24],
        hands_in: Body(
            r#"let mut own = 0;
               for entry in fs::read_dir("/proc/self/fd").unwrap().flatten() {
                   let number: u32 = entry.file_name().to_str().unwrap().parse().unwrap();
                   let leads_to = fs::read_link(entry.path()).unwrap_or_default();
                   // The log, and the directory that is being listed.
                   let is_known = leads_to.ends_with("log") || leads_to.ends_with("fd");
                   own += u32::from(number > 2 && !is_known);
               }
               42 + own"#,
        ),
        verdict: "passed",
        needs: ALWAYS,
    },
    Attack {
        name: "writes to every descriptor",
        rows: &[24],
        hands_in: Body(
            r#"for number in 1..64 {
                   let _ = OpenOptions::new().write(true).open(format!("/proc/self/fd/{number}"))
                       .map(|mut file| file.write_all(b"ok it_is_even\nok it_is_42\n"));
               }
               41"#,
        ),
        verdict: "failed",
        needs: ALWAYS,
    },
    Attack {
        name: "leaves a daemon that holds its output",
        rows: &[25],
        hands_in: Body(
            r#"Command::new("sleep").arg("31415").spawn().unwrap(); 42"#,
        ),
        verdict: "leaked",
        needs: ALWAYS,
    },
    Attack {
        name: "leaves a daemon in a session of its own",
        rows: &[25],
        hands_in: Body(
            r#"if fork() == 0 {
                   setsid();
                   if fork() == 0 {
                       for number in 0..64 { close(number); }
                       loop { pause(); }
                   }
                   _exit(0);
               }
               waitpid(-1, 0, 0);
               42"#,
        ),
        verdict: "leaked",
        needs: ALWAYS,
    },
    Attack {
        name: "starts threads without end",
        rows: &[26],
        hands_in: Body(
            "while thread::Builder::new().stack_size(16 << 10).spawn(|| loop { thread::park() }).is_ok() {}
             42",
        ),
        verdict: "passed",
        needs: ALWAYS,
    },
    Attack {
        name: "takes memory",
        rows: &[27],
        hands_in: Body("hint::black_box(vec![1_u8; 8 << 30]).len() as u32"),
        verdict: "crashed",
        needs: ALWAYS,
    },
    Attack {
        name: "takes memory in many processes",
        rows: &[27],
        hands_in: Body(
            "for _ in 0..4 {
                 if fork() == 0 {
                     let all = vec![1_u8; 20 << 20];
                     _exit(i32::from(all[1 << 20]));
                 }
             }
             for _ in 0..4 { waitpid(-1, 0, 0); }
             42",
        ),
        verdict: "passed",
        needs: ALWAYS,
    },
    Attack {
        name: "is what the kernel ends first when memory is out",
        rows: &[27],
        hands_in: Body(
            r#"match fs::read_to_string("/proc/self/oom_score_adj").unwrap().trim() {
                   "1000" => 42,
                   _ => 0,
               }"#,
        ),
        verdict: "passed",
        needs: ALWAYS,
    },
    Attack {
        name: "fills the disk",
        rows: &[28],
        hands_in: Body(
            r#"let block = vec![1_u8; 1 << 20];
               let mut written = 0;
               let places = [Some(env::temp_dir()), log().and_then(|it| it.parent().map(Path::to_owned)),
                   Some("/dev/shm".into()), Some(".".into())];
               for place in places.into_iter().flatten() {
                   for number in 0..16 {
                       let Ok(mut file) = File::create(place.join(format!("fill{number}"))) else { break };
                       for _ in 0..60 {
                           match file.write_all(&block) { Ok(()) => written += 1, Err(_) => break }
                       }
                   }
               }
               if written > 400 { 0 } else { 42 }"#,
        ),
        verdict: "passed",
        needs: &["private-root"],
    },
    Attack {
        name: "fills the table of inodes",
        rows: &[28],
        hands_in: Body(
            r#"let places = [Some(env::temp_dir()), log().and_then(|it| it.parent().map(Path::to_owned))];
               let mut made = 0;
               for place in places.into_iter().flatten() {
                   while made < 50_000 && File::create(place.join(format!("i{made}"))).is_ok() { made += 1 }
               }
               if made >= 50_000 { 0 } else { 42 }"#,
        ),
        verdict: "passed",
        needs: &["private-root"],
    },
    Attack {
        name: "writes a file without end",
        rows: &[28],
        hands_in: Body(
            "let mut file = File::create(env::temp_dir().join(\"big\")).unwrap();
             let block = vec![1_u8; 1 << 20];
             loop { file.write_all(&block).unwrap() }",
        ),
        verdict: "crashed",
        needs: ALWAYS,
    },
    Attack {
        name: "fills the log",
        rows: &[28],
        hands_in: Body(
            r#"let mut file = File::create(log().unwrap_or("/dev/null".into())).unwrap();
               let _ = file.write_all(&vec![b'x'; 1 << 20]);
               42"#,
        ),
        verdict: "exited_early",
        needs: ALWAYS,
    },
    Attack {
        name: "prints without end",
        rows: &[28],
        hands_in: Body("loop { print!(\"{}\", \"x\".repeat(1 << 16)) }"),
        verdict: "too_much_output",
        needs: ALWAYS,
    },
    Attack {
        name: "dumps core",
        rows: &[28],
        hands_in: Body("let _ = env::set_current_dir(env::temp_dir()); process::abort()"),
        verdict: "crashed",
        needs: ALWAYS,
    },
    Attack {
        name: "calls the host and the world",
        rows: &[30],
        hands_in: Body(
            r#"let reached = TcpStream::connect_timeout(
                   &"127.0.0.1:@PORT@".parse().unwrap(), Duration::from_millis(300)).is_ok()
                   || TcpStream::connect_timeout(
                       &"192.0.2.1:80".parse().unwrap(), Duration::from_millis(300)).is_ok();
               let udp = UdpSocket::bind("0.0.0.0:0").unwrap();
               let sent = udp.send_to(b"x", "192.0.2.1:53").is_ok();
               let named = "example.com:80".to_socket_addrs().is_ok();
               if reached || sent || named { 0 } else { 42 }"#,
        ),
        verdict: "passed",
        needs: &["net-ns"],
    },
    Attack {
        name: "leaves names of IPC behind",
        rows: &[31],
        hands_in: Body(
            r#"fs::write("/dev/shm/@MARK@", "x").unwrap();
               let create = 0o1666;
               assert!(shmget(@KEY@, 4096, create) >= 0);
               assert!(msgget(@KEY@, create) >= 0);
               assert!(semget(@KEY@, 1, create) >= 0);
               unsafe { mq_open(c"/@MARK@".as_ptr(), 0o102, 0o666, 0) };
               unsafe { sem_open(c"/@MARK@".as_ptr(), 0o102, 0o666, 1) };
               42"#,
        ),
        verdict: "passed",
        needs: &["ipc-ns"],
    },
    Attack {
        name: "finds what the one before has left",
        rows: &[31],
        hands_in: Body(
            r#"let names = fs::read_dir("/dev/shm").into_iter().flatten().flatten();
               let is_ours = |name: std::ffi::OsString| name.to_string_lossy().contains("@MARK@");
               let left = names.into_iter().any(|entry| is_ours(entry.file_name()));
               if left || shmget(@KEY@, 0, 0) >= 0 || msgget(@KEY@, 0) >= 0 { 0 } else { 42 }"#,
        ),
        verdict: "passed",
        needs: &["ipc-ns"],
    },
    Attack {
        name: "listens on an abstract socket and locks a file of the host",
        rows: &[31],
        hands_in: Body(
            r#"use std::os::linux::net::SocketAddrExt;
               let name = std::os::unix::net::SocketAddr::from_abstract_name("@MARK@").unwrap();
               let _kept = Box::leak(Box::new(std::os::unix::net::UnixListener::bind_addr(&name).unwrap()));
               let lock = File::open("/dev/null").and_then(|file| Ok(file.try_lock()));
               let taken = File::open("@CANARY@/lock").is_ok();
               let _ = lock;
               if taken { 0 } else { 42 }"#,
        ),
        verdict: "passed",
        needs: FILES,
    },
    Attack {
        name: "reads another submission",
        rows: &[35],
        hands_in: Body(r#"if fs::read("@SECRET@").is_ok() { 0 } else { 42 }"#),
        verdict: "passed",
        needs: FILES,
    },
    Attack {
        name: "writes to the host",
        rows: &[35],
        hands_in: Body(
            r#"let _ = fs::write("@CANARY@/mark", "x");
               let _ = fs::write("@WORKBOOK@/mark", "x");
               42"#,
        ),
        verdict: "passed",
        needs: FILES,
    },
    Attack {
        name: "takes a fixed port",
        rows: &[37],
        hands_in: Body(
            r#"match TcpListener::bind("127.0.0.1:@PORT@") { Ok(_) => 42, Err(_) => 0 }"#,
        ),
        verdict: "passed",
        needs: &["net-ns"],
    },
    Attack {
        name: "waits for standard input",
        rows: &[37],
        hands_in: Body(
            "let mut line = String::new(); std::io::stdin().read_line(&mut line).unwrap() as u32 + 42",
        ),
        verdict: "passed",
        needs: ALWAYS,
    },
    Attack {
        name: "closes its standard streams",
        rows: &[24],
        hands_in: Body("if log().is_some() { for number in 0..3 { close(number); } } 42"),
        verdict: "passed",
        needs: ALWAYS,
    },
    Attack {
        name: "raises its limits",
        rows: &[26, 27, 28],
        hands_in: Body(
            "// RLIMIT_FSIZE, RLIMIT_CORE, RLIMIT_AS: each as high as it can be named.
             let all = [u64::MAX; 2];
             let raised = [1, 4, 9].iter().any(|it| unsafe { setrlimit(*it, &all) } == 0);
             if raised { 0 } else { 42 }",
        ),
        verdict: "passed",
        needs: ALWAYS,
    },
    Attack {
        name: "closes its directories to everybody",
        rows: &[19, 28],
        hands_in: Body(
            r#"use std::os::unix::fs::PermissionsExt;
               let none = || fs::Permissions::from_mode(0);
               let places = [Some(env::temp_dir()), log().and_then(|it| it.parent().map(Path::to_owned))];
               for place in places.into_iter().flatten() {
                   let inner = place.join("closed");
                   if fs::create_dir(&inner).is_ok() {
                       fs::write(inner.join("file"), "x").unwrap();
                       fs::set_permissions(&inner, none()).unwrap();
                   }
                   let _ = fs::set_permissions(&place, none());
               }
               42"#,
        ),
        verdict: "passed",
        needs: &["private-root"],
    },
    Attack {
        name: "makes devices, FIFOs and links",
        rows: &[33, 34],
        hands_in: Body(
            r#"let place = log().and_then(|it| it.parent().map(Path::to_owned)).unwrap_or(env::temp_dir());
               let _ = std::os::unix::fs::symlink("@SECRET@", place.join("link"));
               // A FIFO, and a disk.
               unsafe { mknod(c"/tmp/fifo".as_ptr(), 0o010666, 0) };
               let made = unsafe { mknod(c"/tmp/disk".as_ptr(), 0o060666, 0x0800) };
               if made == 0 { 0 } else { 42 }"#,
        ),
        verdict: "passed",
        needs: ALWAYS,
    },
    Attack {
        name: "puts a link where the log was",
        rows: &[4, 33],
        hands_in: Body(
            r#"let Some(log) = log() else { return 42 };
               let _ = fs::remove_file(&log);
               let _ = std::os::unix::fs::symlink("/dev/zero", &log);
               42"#,
        ),
        verdict: "passed",
        needs: &["private-root"],
    },
    Attack {
        name: "changes its directory and its mask",
        rows: &[37],
        hands_in: Body(r#"umask(0o777); env::set_current_dir("/").unwrap(); 42"#),
        verdict: "passed",
        needs: ALWAYS,
    },
];
