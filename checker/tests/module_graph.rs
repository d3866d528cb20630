//! The modules of each crate form no circle: what a file uses lies below it.
//!
//! A circle of files can only be understood as a whole. An item counts where it is defined, not where it is
//! passed on by a `pub use`; `mod` lines and unit tests do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rstest::rstest;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, UseTree};

/// A module by its path in the crate: `judge::compile`; the root is empty.
type Module = Vec<String>;

/// The modules of a crate, and what each uses.
#[derive(Default)]
struct Crate {
    /// What a module passes on under a name: `report::pages` is `report::page::pages`.
    passed_on: BTreeMap<Module, Vec<String>>,
    /// The paths that occur in each module, from the root.
    uses: BTreeMap<Module, BTreeSet<Vec<String>>>,
}

impl Crate {
    fn read(source: &Path) -> Self {
        let mut read = Self::default();
        read.file(&source.join("lib.rs"), source, Vec::new());
        read
    }

    /// Reads a module's file, and then those of the modules that it declares.
    fn file(&mut self, file: &Path, children: &Path, module: Module) {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file:?}: {error}"));
        let mut declared = Vec::new();
        for item in &parsed.items {
            match item {
                Item::Mod(ItemMod { content: None, ident, attrs, .. }) if !is_of_tests(attrs) => {
                    declared.push((ident.to_string(), path_attribute(attrs)));
                }
                Item::Use(item) => {
                    let is_passed_on = !matches!(item.vis, syn::Visibility::Inherited);
                    self.tree(&item.tree, &mut Vec::new(), &module, &declared, is_passed_on);
                }
                _ => {}
            }
        }
        let mut paths = Paths { found: Vec::new() };
        parsed.items.iter().for_each(|item| paths.visit_item(item));
        for path in paths.found {
            self.note(path, &module, &declared);
        }
        for (name, elsewhere) in declared {
            let below = [module.clone(), vec![name.clone()]].concat();
            let directory = children.join(&name);
            let candidates = match elsewhere {
                Some(path) => vec![file.parent().unwrap().join(path)],
                None => vec![children.join(format!("{name}.rs")), directory.join("mod.rs")],
            };
            let file = candidates.into_iter().find(|file| file.is_file()).expect("a module's file");
            let is_mod_rs = file.ends_with("mod.rs");
            let directory = if is_mod_rs { file.parent().unwrap().to_owned() } else { directory };
            self.file(&file, &directory, below);
        }
    }

    fn tree(
        &mut self,
        tree: &UseTree,
        prefix: &mut Vec<String>,
        module: &Module,
        declared: &[(String, Option<PathBuf>)],
        is_passed_on: bool,
    ) {
        let (last, name) = match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.tree(&path.tree, prefix, module, declared, is_passed_on);
                prefix.pop();
                return;
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.tree(tree, prefix, module, declared, is_passed_on);
                }
                return;
            }
            UseTree::Name(name) if name.ident == "self" => (None, prefix.last().cloned()),
            UseTree::Name(name) => (Some(name.ident.to_string()), Some(name.ident.to_string())),
            UseTree::Rename(name) => (Some(name.ident.to_string()), Some(name.rename.to_string())),
            UseTree::Glob(_) => (None, None),
        };
        let path: Vec<String> = prefix.iter().cloned().chain(last).collect();
        if let (true, Some(name), Some(path)) =
            (is_passed_on, name, absolute(&path, module, declared))
        {
            self.passed_on.insert([module.clone(), vec![name]].concat(), path);
        } else {
            self.note(path, module, declared);
        }
    }

    fn note(&mut self, path: Vec<String>, module: &Module, declared: &[(String, Option<PathBuf>)]) {
        let path = absolute(&path, module, declared);
        self.uses.entry(module.clone()).or_default().extend(path);
    }

    /// The module that defines what a path leads to.
    fn definer(&self, path: &[String]) -> Module {
        let mut path = path.to_vec();
        // Passed on, perhaps more than once.
        'again: for _ in 0..8 {
            for length in (1..=path.len()).rev() {
                if let Some(origin) = self.passed_on.get(&path[..length]) {
                    path = [origin.clone(), path[length..].to_vec()].concat();
                    continue 'again;
                }
            }
            break;
        }
        let is_module = |length: &usize| self.uses.contains_key(&path[..*length]);
        let length = (0..=path.len()).rev().find(is_module).unwrap_or(0);
        path[..length].to_vec()
    }

    fn edges(&self) -> BTreeMap<&Module, BTreeSet<Module>> {
        let below = |(module, paths): (_, &BTreeSet<Vec<String>>)| {
            let used = paths.iter().map(|path| self.definer(path));
            (module, used.filter(|used| used != module && !used.is_empty()).collect())
        };
        self.uses.iter().map(below).collect()
    }

    /// The arrows that lie on a circle: from a module to one from which a way leads back.
    fn circles(&self) -> Vec<String> {
        let edges = self.edges();
        let leads_to = |start: &Module| {
            let (mut reached, mut next) = (BTreeSet::new(), vec![start]);
            while let Some(module) = next.pop() {
                let used = edges.get(module).into_iter().flatten();
                next.extend(used.filter(|used| reached.insert((*used).clone())));
            }
            reached
        };
        let name = |module: &Module| module.join("::");
        let arrows = edges.iter().flat_map(|(from, used)| used.iter().map(move |to| (*from, to)));
        let is_on_a_circle = |(from, to): &(&Module, &Module)| leads_to(to).contains(*from);
        arrows
            .filter(is_on_a_circle)
            .map(|(from, to)| format!("{} -> {}", name(from), name(to)))
            .collect()
    }
}

/// The path from the root of the crate; `None` if it leads out of it.
fn absolute(
    path: &[String],
    module: &Module,
    declared: &[(String, Option<PathBuf>)],
) -> Option<Vec<String>> {
    let mut base = module.clone();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => {
            base.clear();
            rest = &path[1..];
        }
        "self" => rest = &path[1..],
        "super" => {
            while rest.first().is_some_and(|part| part == "super") {
                base.pop();
                rest = &rest[1..];
            }
        }
        first if declared.iter().any(|(name, _)| name == first) => {}
        _ => return None,
    }
    Some(base.into_iter().chain(rest.iter().cloned()).collect())
}

fn is_of_tests(attributes: &[Attribute]) -> bool {
    let is = |attribute: &Attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
    };
    attributes.iter().any(is)
}

fn path_attribute(attributes: &[Attribute]) -> Option<PathBuf> {
    let path = attributes.iter().find(|attribute| attribute.path().is_ident("path"))?;
    match &path.meta.require_name_value().ok()?.value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) => Some(path.value().into()),
        _ => None,
    }
}

/// Collects the paths in code; imports are read elsewhere, unit tests not at all.
struct Paths {
    found: Vec<Vec<String>>,
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, _: &'ast syn::ItemUse) {}

    /// `pub(super)` names a module and uses nothing of it.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_of_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.found.push(path.segments.iter().map(|part| part.ident.to_string()).collect());
        visit::visit_path(self, path);
    }
}

#[rstest]
#[case::checker("checker/src")]
#[case::evidence("checker/evidence/src")]
#[case::procfs("checker/procfs/src")]
#[case::sandbox("checker/sandbox/src")]
#[case::schedules("checker/schedules/src")]
#[case::testkit("checker/testkit/src")]
#[case::tracer("checker/tracer/src")]
fn the_modules_of_a_crate_form_no_circle(#[case] source: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let read = Crate::read(&root.join(source));
    let edges: usize = read.edges().values().map(BTreeSet::len).sum();
    assert!(edges > 0, "{source}: no module uses another; is that so?");
    let circles = read.circles();
    assert!(circles.is_empty(), "{source}: circles of modules:\n{}", circles.join("\n"));
}

/// The folders of the checker are layers: each uses those that `lib.rs` declares below it.
#[test]
fn the_folders_of_the_checker_use_those_below_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = syn::parse_file(&fs::read_to_string(root.join("lib.rs")).unwrap()).unwrap();
    let declared = lib.items.iter().filter_map(|item| match item {
        Item::Mod(item) => Some(item.ident.to_string()),
        _ => None,
    });
    let layers: Vec<String> = declared.collect();
    let layer = |module: &Module| layers.iter().position(|layer| *layer == module[0]).unwrap();
    let read = Crate::read(&root);
    let mut upwards = Vec::new();
    for (from, used) in read.edges().into_iter().filter(|(from, _)| !from.is_empty()) {
        let above = used.iter().filter(|to| layer(to) < layer(from));
        upwards.extend(above.map(|to| format!("{} -> {}", from.join("::"), to.join("::"))));
    }
    assert!(upwards.is_empty(), "what lies above is used:\n{}", upwards.join("\n"));
}
