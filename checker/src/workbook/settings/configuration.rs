//! The configuration files that cargo obeys: those above the workbook, and the one in its home.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Where crates come from, and how the network is reached. Which crates these are, the lock file decides.
const SUPPLY: [&str; 7] =
    ["source", "registry", "registries", "net", "http", "credential-alias", "cache"];

/// Keys in [`SUPPLY`] whose value may be a path, which cargo takes from the directory of the file.
const PATHS: [&str; 4] = ["directory", "local-registry", "cainfo", "proxy-cainfo"];

/// Settings of a profile that change what a program does.
const DECIDING: [&str; 4] = ["opt-level", "overflow-checks", "debug-assertions", "codegen-backend"];

/// The files in cargo's order: the nearest to the workbook first, the one in cargo's home last.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    /// What the paths in it are relative to.
    base: PathBuf,
    text: String,
    /// Empty if the text is no TOML: cargo will say so, if it reads the file.
    table: Table,
}

impl Configuration {
    /// What cargo reads when it is started in `directory` and has this home.
    pub(super) fn read(directory: &Path, home: Option<&Path>) -> Self {
        let places = directory.ancestors().map(|above| above.join(".cargo"));
        let mut configuration = Self::default();
        let mut read = BTreeSet::new();
        for place in places.chain(home.map(Path::to_owned)) {
            // cargo's order, if there are both.
            let file = ["config", "config.toml"].map(|name| place.join(name));
            if let Some(file) = file.iter().find(|file| file.is_file()) {
                configuration.add(file, &mut read);
            }
        }
        configuration
    }

    /// Adds a file and, behind it, those that it includes; each once.
    fn add(&mut self, path: &Path, read: &mut BTreeSet<PathBuf>) {
        let Ok(bytes) = fs::read(path) else { return };
        if !read.insert(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())) {
            return;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let table: Table = text.parse().unwrap_or_default();
        let directory = path.parent().unwrap_or(Path::new("/")).to_owned();
        let included = included(&table);
        // `.cargo/config.toml` speaks of paths as seen from beside `.cargo`.
        let base = directory.parent().unwrap_or(&directory).to_owned();
        self.files.push(File { base, text, table });
        for path in included {
            self.add(&directory.join(path), read);
        }
    }

    /// All of it, to be remembered under.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.text.as_str())
    }

    /// What can be kept without changing a verdict, as the text of one file: where crates come from, and
    /// the linkers.
    pub(super) fn harmless(&self) -> String {
        let mut all = Table::new();
        for file in &self.files {
            let mut kept = Table::new();
            for (key, value) in &file.table {
                if SUPPLY.contains(&key.as_str()) {
                    kept.insert(key.clone(), absolute(key, value.clone(), &file.base));
                }
            }
            merge(&mut all, kept);
        }
        all.insert("target".to_owned(), self.linkers().into());
        // A home of ours does not know what else the user's crates are used for.
        let cache = Table::from_iter([("auto-clean-frequency".to_owned(), "never".into())]);
        all.insert("cache".to_owned(), cache.into());
        toml::to_string(&all).expect("tables that were read can be written")
    }

    /// The linker of each target.
    pub(super) fn linkers(&self) -> Table {
        let mut all = Table::new();
        for file in &self.files {
            merge(&mut all, linkers(&file.table, &file.base));
        }
        all
    }

    /// Whether a file names a target to build for.
    pub(super) fn names_target(&self) -> bool {
        self.build("target").next().is_some()
    }

    /// Whether a file names a wrapper of the compiler.
    pub(super) fn wraps_compiler(&self) -> bool {
        self.build("rustc-wrapper").next().is_some()
    }

    /// Whether a file names a wrapper of the compiler for the crates of a workspace.
    pub(super) fn wraps_workspace(&self) -> bool {
        self.build("rustc-workspace-wrapper").next().is_some()
    }

    fn build(&self, key: &'static str) -> impl Iterator<Item = &Value> {
        self.files.iter().filter_map(move |file| file.table.get("build")?.get(key))
    }

    /// The flags for the compiler, of whatever target.
    pub(super) fn rustflags(&self) -> Vec<String> {
        let targets = self.files.iter().filter_map(|file| file.table.get("target")?.as_table());
        let of_targets = targets.flat_map(Table::values).filter_map(|it| it.get("rustflags"));
        of_targets.chain(self.build("rustflags")).flat_map(words).collect()
    }

    /// Arguments for cargo that take back what the files say about deciding settings of the profiles:
    /// the manifest's word counts, or else cargo's default.
    pub(super) fn profile_overrides(&self, manifest: &Table) -> BTreeSet<String> {
        let mut overrides = BTreeSet::new();
        for profile in ["dev", "test"] {
            for file in &self.files {
                let table = file.table.get("profile").and_then(|all| all.get(profile));
                let Some(table) = table.and_then(Value::as_table) else { continue };
                let own = table.keys().map(|key| (None, key.as_str()));
                let packages = table.get("package").and_then(Value::as_table);
                let of_packages = packages.into_iter().flatten().flat_map(|(package, settings)| {
                    let keys = settings.as_table().into_iter().flat_map(Table::keys);
                    keys.map(move |key| (Some(package.as_str()), key.as_str()))
                });
                for (package, key) in own.chain(of_packages) {
                    if DECIDING.contains(&key) {
                        overrides.insert(override_of(manifest, profile, package, key));
                    }
                }
            }
        }
        overrides
    }
}

/// Whether a variable of the environment sets what [`Configuration::profile_overrides`] takes back.
pub(super) fn is_deciding_variable(name: &str) -> bool {
    let setting = |key: &str| format!("_{}", key.to_uppercase().replace('-', "_"));
    name.starts_with("CARGO_PROFILE_") && DECIDING.iter().any(|key| name.ends_with(&setting(key)))
}

/// `profile.dev.overflow-checks=true`, as the manifest has it.
fn override_of(manifest: &Table, profile: &str, package: Option<&str>, key: &str) -> String {
    let said = |profile: &str, package: Option<&str>| {
        let profile = manifest.get("profile")?.get(profile)?;
        package.map_or(Some(profile), |package| profile.get("package")?.get(package))?.get(key)
    };
    // The profile for tests takes from the one for development what it does not say itself.
    let given = [profile, "dev"].into_iter().find_map(|profile| said(profile, package));
    let of_all = || [profile, "dev"].into_iter().find_map(|profile| said(profile, None));
    let default = match key {
        "opt-level" => "0",
        "codegen-backend" => "\"llvm\"",
        _ => "true",
    };
    let value = given.or_else(of_all).map_or_else(|| default.to_owned(), Value::to_string);
    let package = package.map(|name| format!(".package.{}", Value::from(name)));
    format!("profile.{profile}{}.{key}={value}", package.unwrap_or_default())
}

/// The files that `include` names: a path, or a list of paths and of tables with one.
fn included(table: &Table) -> Vec<PathBuf> {
    let path = |value: &Value| {
        let path = value.as_str().or_else(|| value.get("path")?.as_str());
        path.map(PathBuf::from)
    };
    match table.get("include") {
        Some(Value::Array(several)) => several.iter().filter_map(path).collect(),
        Some(one) => path(one).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Flags, which may be written as a list or as words in one string.
fn words(flags: &Value) -> Vec<String> {
    match flags {
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        Value::Array(list) => list.iter().filter_map(|it| Some(it.as_str()?.to_owned())).collect(),
        _ => Vec::new(),
    }
}

/// The linker of each target.
fn linkers(table: &Table, base: &Path) -> Table {
    let targets = table.get("target").and_then(Value::as_table).into_iter().flatten();
    let linker = |(target, settings): (&String, &Value)| {
        let linker = settings.get("linker")?.as_str()?;
        // A name without a slash is looked up in PATH.
        let linker = if linker.contains('/') {
            base.join(linker).to_str()?.to_owned()
        } else {
            linker.to_owned()
        };
        Some((target.clone(), Table::from_iter([("linker".to_owned(), linker.into())]).into()))
    };
    targets.filter_map(linker).collect()
}

/// The same value with its paths made absolute.
fn absolute(key: &str, value: Value, base: &Path) -> Value {
    match value {
        Value::Table(table) => {
            let each = |(key, value): (String, Value)| {
                let value = absolute(&key, value, base);
                (key, value)
            };
            Value::Table(table.into_iter().map(each).collect())
        }
        Value::String(path) if PATHS.contains(&key) => {
            base.join(path).to_string_lossy().into_owned().into()
        }
        other => other,
    }
}

/// Adds what `nearer` does not say; lists are joined, the nearest last.
fn merge(nearer: &mut Table, farther: Table) {
    for (key, value) in farther {
        match (nearer.get_mut(&key), value) {
            (None, value) => drop(nearer.insert(key, value)),
            (Some(Value::Table(nearer)), Value::Table(farther)) => merge(nearer, farther),
            (Some(Value::Array(nearer)), Value::Array(farther)) => {
                nearer.splice(0..0, farther);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(texts: &[(&str, &str)]) -> Configuration {
        let file = |(base, text): &(&str, &str)| File {
            base: base.into(),
            text: (*text).to_owned(),
            table: text.parse().unwrap(),
        };
        Configuration { files: texts.iter().map(file).collect() }
    }

    #[test]
    fn a_mirror_and_a_linker_are_kept_and_nothing_that_decides() {
        let near = "[source.crates-io]\nreplace-with = 'ours'\n[source.ours]\ndirectory = 'vendor'\n\
                    [build]\nrustflags = ['-Dwarnings']\n[profile.dev]\nopt-level = 3\n[env]\nA = '1'\n";
        let far = "[net]\noffline = true\n[source.ours]\ndirectory = 'other'\n\
                   [target.x]\nlinker = 'bin/ld'\nrunner = 'true'\nrustflags = '-Dwarnings'\n";
        let kept: Table =
            configuration(&[("/near", near), ("/far", far)]).harmless().parse().unwrap();
        let expected = "[source.crates-io]\nreplace-with = 'ours'\n[source.ours]\ndirectory = '/near/vendor'\n\
                        [net]\noffline = true\n[target.x]\nlinker = '/far/bin/ld'\n\
                        [cache]\nauto-clean-frequency = 'never'\n";
        assert_eq!(kept, expected.parse().unwrap());
    }

    #[test]
    fn flags_are_found_wherever_they_are_written() {
        let text = "[build]\nrustflags = '-C a'\n[target.'cfg(unix)']\nrustflags = ['-Cb']\n";
        assert_eq!(configuration(&[("/", text)]).rustflags(), ["-Cb", "-C", "a"]);
    }

    #[test]
    fn profiles_go_back_to_what_the_manifest_says() {
        let text = "[profile.dev]\nopt-level = 3\ndebug = 0\n\
                    [profile.test.package.answer]\noverflow-checks = false\nopt-level = 2\n";
        let manifest =
            "[profile.dev]\nopt-level = 1\n[profile.dev.package.answer]\nopt-level = 's'\n";
        let overrides = configuration(&[("/", text)]).profile_overrides(&manifest.parse().unwrap());
        let expected = [
            "profile.dev.opt-level=1",
            "profile.test.package.\"answer\".opt-level=\"s\"",
            "profile.test.package.\"answer\".overflow-checks=true",
        ];
        assert_eq!(overrides.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_variable_that_decides_is_told_from_one_that_does_not() {
        assert!(is_deciding_variable("CARGO_PROFILE_DEV_OVERFLOW_CHECKS"));
        assert!(!is_deciding_variable("CARGO_PROFILE_DEV_DEBUG"));
    }

    #[test]
    fn includes_are_followed_once() {
        let directory = tempfile::tempdir().unwrap();
        let cargo = directory.path().join(".cargo");
        fs::create_dir(&cargo).unwrap();
        fs::write(cargo.join("config.toml"), "include = ['a.toml']\n").unwrap();
        let a = "include = [{ path = 'config.toml' }]\n[build]\ntarget = 'x'\n";
        fs::write(cargo.join("a.toml"), a).unwrap();
        let configuration = Configuration::read(directory.path(), None);
        assert!(configuration.names_target());
        assert_eq!(configuration.texts().filter(|text| text.contains("include")).count(), 2);
    }
}
