//! What the compiler obeys besides the sources: the toolchain, the environment, cargo's configuration.
//!
//! None of it decides a verdict unseen. What is laid in a build directory or a work directory is built from an empty
//! environment, with settings of ours, and by a cargo that reads no configuration of the user's. The
//! learner's own files are built with the learner's settings, so that `cargo test` finds them built; those
//! that change what a program does are taken back, and all of them go into the content hash.

mod cargo_home;
mod configuration;

pub(crate) use cargo_home::user as user_cargo_home;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use toml::Table;

use crate::Error;
use crate::system::files;
use configuration::{Configuration, is_deciding_variable};

/// Variables by name.
pub(crate) type Environment = BTreeMap<OsString, OsString>;

/// The settings of a workbook's builds, each looked up once and only if it is needed.
#[derive(Debug)]
pub struct Settings {
    root: PathBuf,
    version: OnceLock<String>,
    sysroot: OnceLock<PathBuf>,
    configuration: OnceLock<Configuration>,
    laid: Mutex<Option<Cargo>>,
}

/// How cargo is started.
#[derive(Debug, Clone)]
pub(crate) struct Cargo {
    /// The file to execute.
    pub(crate) path: PathBuf,
    /// Its whole environment, but for where it builds.
    pub(crate) environment: Environment,
    /// Arguments for any of its commands.
    pub(crate) arguments: Vec<OsString>,
    /// Where it is started: cargo reads the configuration of this directory and of those above.
    pub(crate) directory: PathBuf,
}

/// Variables that cargo sets for what it starts, and `make`.
const OF_CALLERS: [&str; 8] = [
    "MAKEFLAGS",
    "MFLAGS",
    "CARGO",
    "CARGO_MAKEFLAGS",
    "CARGO_CRATE_NAME",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_TARGET_TMPDIR",
    "RUST_RECURSION_COUNT",
];
const KINDS_OF_CALLERS: [&str; 3] = ["CARGO_PKG_", "CARGO_BIN_", "CARGO_MANIFEST_"];

/// Variables of cargo and rustc that decide nothing that is built.
const DECIDE_NOTHING: [&str; 11] = [
    "CARGO_BUILD_BUILD_DIR",
    "CARGO_BUILD_JOBS",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_CACHE_RUSTC_INFO",
    "CARGO_HOME",
    "CARGO_INCREMENTAL",
    "CARGO_LOG",
    "CARGO_TARGET_DIR",
    "RUST_BACKTRACE",
    "RUST_LIB_BACKTRACE",
    "RUST_LOG",
];
const KINDS_THAT_DECIDE_NOTHING: [&str; 4] = ["CARGO_TERM_", "RUST_TEST_", "RUSTDOC", "RUSTUP_"];

/// Variables by which cargo reaches the crates. Which crates these are, the lock file decides.
const SUPPLY: [&str; 7] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "SSH_AUTH_SOCK",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSL_CAINFO",
];
const KINDS_OF_SUPPLY: [&str; 4] =
    ["CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR", "CARGO_CREDENTIAL"];

/// Variables by which the toolchain, the linker and their libraries are found.
const TOOLS: [&str; 10] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "COMPILER_PATH",
];

/// What of them a stranger's sources are compiled with: `option_env!` would read the rest.
const TOOLS_OF_STRANGERS: [&str; 4] = ["PATH", "HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];

/// Variables with flags for the compiler.
const FLAGS: [&str; 3] = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"];

/// Options of the compiler that choose a linker or a CPU. A program does the same with any of them.
const HARMLESS_OPTIONS: [&str; 7] = [
    "linker",
    "linker-flavor",
    "link-arg",
    "link-args",
    "link-self-contained",
    "target-cpu",
    "target-feature",
];

impl Settings {
    /// The settings for the workbook with this root.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            version: OnceLock::new(),
            sysroot: OnceLock::new(),
            configuration: OnceLock::new(),
            laid: Mutex::new(None),
        }
    }

    /// All that decides what sources are compiled to, in words to be hashed.
    pub(crate) fn in_words(&self, in_place: bool) -> String {
        let mut words = format!("{}{:?}", self.version(), std::env::var_os("RUSTC"));
        if in_place {
            for (name, value) in std::env::vars_os().filter(|(name, _)| decides(name)) {
                let _ = write!(words, "\n{name:?}={value:?}");
            }
            words.extend(self.configuration().texts());
        } else {
            let linkers =
                std::env::vars_os().filter(|(name, _)| is_linker(&name.to_string_lossy()));
            let _ = write!(words, "{:?}", linkers.collect::<Environment>());
            words.push_str(&self.configuration().linkers().to_string());
            words.extend(Configuration::read(Path::new("/"), None).texts());
        }
        words
    }

    /// Where the compiler and its libraries are.
    pub(crate) fn sysroot(&self) -> &Path {
        self.sysroot.get_or_init(|| self.ask_compiler(&["--print", "sysroot"]).trim_end().into())
    }

    /// The linkers that are named by their paths, wherever they are named.
    #[cfg(feature = "grade")]
    pub(crate) fn linkers(&self) -> Vec<PathBuf> {
        let configured = self.configuration().linkers();
        let configured =
            configured.values().filter_map(|it| Some(it.get("linker")?.as_str()?.into()));
        let variables = std::env::vars_os().filter(|(name, _)| is_linker(&name.to_string_lossy()));
        let all = configured.chain(variables.map(|(_, linker)| PathBuf::from(linker)));
        all.filter(|linker| linker.is_absolute() && linker.is_file()).collect()
    }

    /// The target to name to cargo: this machine's, if the learner's settings name any.
    pub(crate) fn target(&self, in_place: bool) -> Option<&str> {
        let is_named = std::env::var_os("CARGO_BUILD_TARGET").is_some_and(|name| !name.is_empty())
            || self.configuration().names_target();
        let host = || self.version().lines().find_map(|line| line.strip_prefix("host: "));
        (in_place && is_named).then(host).flatten()
    }

    /// cargo for the learner's own files.
    pub(crate) fn cargo_in_place(&self) -> Cargo {
        let mut arguments = Vec::new();
        let manifest = files::read_if_there(&self.root.join("Cargo.toml")).ok().flatten();
        let manifest = manifest.and_then(|text| text.parse().ok()).unwrap_or_default();
        for setting in self.configuration().profile_overrides(&manifest) {
            arguments.extend(["--config".into(), setting.into()]);
        }
        if let Some(host) = self.target(true) {
            arguments.extend(["--target".into(), host.into()]);
        }
        Cargo {
            path: files::which("cargo"),
            environment: self.environment_in_place(),
            arguments,
            directory: self.root.clone(),
        }
    }

    /// Whether the learner has a program called in the compiler's place, a cache for example.
    pub(crate) fn wraps_compiler(&self) -> bool {
        let is_set = |name| std::env::var_os(name).is_some_and(|wrapper| !wrapper.is_empty());
        is_set("RUSTC_WRAPPER")
            || is_set("CARGO_BUILD_RUSTC_WRAPPER")
            || self.configuration().wraps_compiler()
    }

    /// The learner's environment, as far as cargo and the compiler may have it.
    pub(crate) fn environment_in_place(&self) -> Environment {
        let mut environment: Environment = std::env::vars_os()
            .filter(|(name, _)| !is_taken_back(&name.to_string_lossy()))
            .collect();
        if !self.flags().all(|flags| are_harmless(&flags)) {
            // The first of all places that cargo looks for flags at; it looks at no other one then.
            environment.retain(|name, _| !is_of_flags(&name.to_string_lossy()));
            environment.insert("CARGO_ENCODED_RUSTFLAGS".into(), "".into());
        }
        if self.configuration().wraps_workspace() {
            environment.insert("RUSTC_WORKSPACE_WRAPPER".into(), "".into());
        }
        environment
    }

    /// The flags in each place that cargo may take them from.
    fn flags(&self) -> impl Iterator<Item = Vec<String>> {
        let variables =
            std::env::vars_os().filter(|(name, _)| is_of_flags(&name.to_string_lossy()));
        let of_variables = variables.map(|(_, value)| {
            let value = value.to_string_lossy().replace('\x1f', " ");
            value.split_whitespace().map(str::to_owned).collect()
        });
        of_variables.chain([self.configuration().rustflags()])
    }

    /// cargo for what is laid.
    pub(crate) fn cargo_for_laid(&self) -> Result<Cargo, Error> {
        // Held meanwhile: several exercises are built at a time, and the home is prepared once.
        let mut laid = self.laid.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cargo) = &*laid {
            return Ok(cargo.clone());
        }
        let home = self.root.join("target/judge/cargo-home");
        cargo_home::prepare(&home, self.configuration())?;
        // Where this cargo is started, rustup would choose by another directory: both files are named.
        let path = self.tool("cargo");
        let mut environment = self.environment_for_laid();
        environment.insert("CARGO_HOME".into(), home.into());
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| self.tool("rustc").into());
        environment.insert("RUSTC".into(), rustc);
        // Above this directory there is no other one. What an administrator wrote here takes no effect
        // either, and is part of the hash.
        let directory = PathBuf::from("/");
        let overrides = Configuration::read(&directory, None).profile_overrides(&Table::new());
        let arguments =
            overrides.into_iter().flat_map(|setting| ["--config".into(), setting.into()]);
        let cargo = Cargo { path, environment, arguments: arguments.collect(), directory };
        Ok(laid.insert(cargo).clone())
    }

    /// For the compiler of what is laid: nothing of the caller's but what finds crates and tools.
    pub(crate) fn environment_for_laid(&self) -> Environment {
        let mut environment = passed_on(|name| {
            TOOLS.contains(&name)
                || SUPPLY.contains(&name)
                || KINDS_OF_SUPPLY.iter().any(|kind| name.starts_with(kind))
                || name.to_lowercase().ends_with("_proxy")
                || is_linker(name)
        });
        environment.insert("LC_ALL".into(), "C.UTF-8".into());
        environment.insert("CARGO_ENCODED_RUSTFLAGS".into(), "".into());
        // Nobody debugs these, and the next text in the same place is another one altogether.
        environment.insert("CARGO_PROFILE_DEV_DEBUG".into(), "false".into());
        environment.insert("CARGO_INCREMENTAL".into(), "0".into());
        environment
    }

    /// For the compiler of a stranger's sources.
    pub(crate) fn environment_for_strangers(&self) -> Environment {
        let mut environment = passed_on(|name| TOOLS_OF_STRANGERS.contains(&name));
        environment.insert("LC_ALL".into(), "C.UTF-8".into());
        environment
    }

    fn configuration(&self) -> &Configuration {
        self.configuration
            .get_or_init(|| Configuration::read(&self.root, cargo_home::user().as_deref()))
    }

    fn version(&self) -> &str {
        self.version.get_or_init(|| self.ask_compiler(&["-vV"]))
    }

    /// A program of the toolchain: beside its libraries, or as the shell finds it.
    fn tool(&self, name: &str) -> PathBuf {
        let beside = self.sysroot().join("bin").join(name);
        if beside.is_absolute() && beside.is_file() { beside } else { files::which(name) }
    }

    /// rustup chooses the toolchain by the directory: the compiler is asked in the workbook.
    fn ask_compiler(&self, arguments: &[&str]) -> String {
        let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output = Command::new(compiler).args(arguments).current_dir(&self.root).output();
        output
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .unwrap_or_default()
    }
}

fn passed_on(is_passed_on: impl Fn(&str) -> bool) -> Environment {
    std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(&is_passed_on)).collect()
}

/// Whether this variable may decide what cargo and rustc build: all of theirs, but for those that are
/// known not to.
fn decides(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_theirs = ["CARGO", "RUST", "__CARGO"].iter().any(|kind| name.starts_with(kind));
    is_theirs
        && !is_of_caller(&name)
        && !DECIDE_NOTHING.contains(&&*name)
        && !KINDS_THAT_DECIDE_NOTHING.iter().any(|kind| name.starts_with(kind))
        && !KINDS_OF_SUPPLY.iter().any(|kind| name.starts_with(kind))
}

fn is_of_caller(name: &str) -> bool {
    OF_CALLERS.contains(&name) || KINDS_OF_CALLERS.iter().any(|kind| name.starts_with(kind))
}

/// Whether the learner's own files are built without this variable.
fn is_taken_back(name: &str) -> bool {
    const OTHERS: [&str; 5] = [
        "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
        "CARGO_BUILD_TARGET",
        "RUSTC_BOOTSTRAP",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUST_MIN_STACK",
    ];
    is_of_caller(name)
        || OTHERS.contains(&name)
        || is_deciding_variable(name)
        || (name.starts_with("CARGO_TARGET_") && name.ends_with("_RUNNER"))
}

fn is_of_flags(name: &str) -> bool {
    FLAGS.contains(&name) || (name.starts_with("CARGO_TARGET_") && name.ends_with("_RUSTFLAGS"))
}

fn is_linker(name: &str) -> bool {
    name.starts_with("CARGO_TARGET_") && name.ends_with("_LINKER")
}

/// Whether these flags say no more than how to link, and for which CPU.
fn are_harmless(flags: &[String]) -> bool {
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        let option = match flag.as_str() {
            "-C" | "--codegen" => flags.next().map(String::as_str),
            "-L" => {
                flags.next();
                continue;
            }
            flag if flag.starts_with("-L") => continue,
            flag => flag.strip_prefix("-C").or_else(|| flag.strip_prefix("--codegen=")),
        };
        let name = option.map(|option| option.split('=').next().unwrap_or_default());
        if !name.is_some_and(|name| HARMLESS_OPTIONS.contains(&name)) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_only_link_are_told_from_flags_that_decide() {
        let harmless = |flags: &str| {
            are_harmless(&flags.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        };
        assert!(harmless(
            "-C link-arg=-fuse-ld=mold -Clinker=clang --codegen=target-cpu=native -L /x"
        ));
        assert!(harmless(""));
        for flags in [
            "-D warnings",
            "-Dwarnings",
            "-C overflow-checks=off",
            "-Copt-level=3",
            "--cfg x",
            "-C",
        ] {
            assert!(!harmless(flags), "{flags}");
        }
    }

    #[test]
    fn every_variable_of_cargo_and_rustc_decides_but_for_those_that_are_known() {
        for name in [
            "RUSTFLAGS",
            "CARGO_PROFILE_DEV_LTO",
            "CARGO_BUILD_RUSTC",
            "RUSTC_WRAPPER",
            "__CARGO_X",
        ] {
            assert!(decides(OsStr::new(name)), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_PKG_NAME", "CARGO_NET_OFFLINE", "RUST_BACKTRACE", "PATH"]
        {
            assert!(!decides(OsStr::new(name)), "{name}");
        }
    }
}
